/*
 * outq.h: frames that a connection has yet to write, as references to shared buffers. An empty queue owns no memory;
 * a full one takes blocks from a pool of the worker, so that queueing allocates nothing in the long run.
 */
#ifndef SC_NET_OUTQ_H
#define SC_NET_OUTQ_H

#include "common/buf.h"

#include <sys/uio.h>

#define SC_OUTQ_BLOCK_FRAMES 14u

typedef struct sc_outq_block {
    struct sc_outq_block *next;
    sc_buf_t *frames[SC_OUTQ_BLOCK_FRAMES];
} sc_outq_block_t;

/** Free blocks of a worker. Zero is empty. */
typedef struct sc_outq_pool {
    sc_outq_block_t *free;
    uint32_t free_count;
} sc_outq_pool_t;

void sc_outq_pool_deinit(sc_outq_pool_t *pool);

/** Zero is an empty queue. */
typedef struct sc_outq {
    sc_outq_block_t *head;
    sc_outq_block_t *tail;
    uint32_t head_at;       /* first frame of the head block */
    uint32_t tail_at;       /* one past the last frame of the tail block */
    uint32_t written_bytes; /* of the first frame */
    uint64_t bytes;         /* yet to write */
} sc_outq_t;

/** Adds a reference to a frame. */
void sc_outq_push(sc_outq_t *outq, sc_outq_pool_t *pool, sc_buf_t *frame);
/** Fills `vectors` with what comes first. @return how many were filled. */
uint32_t sc_outq_peek(const sc_outq_t *outq, struct iovec *vectors, uint32_t max);
/** Takes `bytes`, at most outq->bytes, off the front. */
void sc_outq_consume(sc_outq_t *outq, sc_outq_pool_t *pool, size_t bytes);
/** Drops everything. */
void sc_outq_clear(sc_outq_t *outq, sc_outq_pool_t *pool);

static inline bool sc_outq_is_empty(const sc_outq_t *outq)
{
    return outq->bytes == 0;
}

#endif
