#include "worker/net/outq.h"

#include "common/alloc.h"

/* What a burst needed is kept for the next one, but not more than half a megabyte of it. */
#define POOL_BLOCKS_MAX 4096u

static sc_outq_block_t *take_block(sc_outq_pool_t *pool)
{
    sc_outq_block_t *block = pool->free;

    if (block == NULL)
        return sc_new(sc_outq_block_t);
    pool->free = block->next;
    pool->free_count--;
    block->next = NULL;
    return block;
}

static void give_block(sc_outq_pool_t *pool, sc_outq_block_t *block)
{
    if (pool->free_count >= POOL_BLOCKS_MAX) {
        free(block);
        return;
    }
    block->next = pool->free;
    pool->free = block;
    pool->free_count++;
}

void sc_outq_pool_deinit(sc_outq_pool_t *pool)
{
    while (pool->free != NULL) {
        sc_outq_block_t *block = pool->free;

        pool->free = block->next;
        free(block);
    }
    pool->free_count = 0;
}

void sc_outq_push(sc_outq_t *outq, sc_outq_pool_t *pool, sc_buf_t *frame)
{
    if (frame->len == 0)
        return; /* "empty" means no bytes: a frame without any would never leave */
    if (outq->tail == NULL) {
        outq->head = outq->tail = take_block(pool);
        outq->head_at = outq->tail_at = 0;
    } else if (outq->tail_at == SC_OUTQ_BLOCK_FRAMES) {
        outq->tail->next = take_block(pool);
        outq->tail = outq->tail->next;
        outq->tail_at = 0;
    }
    outq->tail->frames[outq->tail_at++] = sc_buf_ref(frame);
    outq->bytes += frame->len;
}

uint32_t sc_outq_peek(const sc_outq_t *outq, struct iovec *vectors, uint32_t max)
{
    const sc_outq_block_t *block = outq->head;
    uint32_t at = outq->head_at;
    uint32_t skip = outq->written_bytes;
    uint32_t count = 0;

    while (block != NULL && count < max) {
        uint32_t end = block == outq->tail ? outq->tail_at : SC_OUTQ_BLOCK_FRAMES;

        for (; at < end && count < max; at++) {
            vectors[count].iov_base = block->frames[at]->bytes + skip;
            vectors[count].iov_len = block->frames[at]->len - skip;
            skip = 0;
            count++;
        }
        block = block->next;
        at = 0;
    }
    return count;
}

/** Takes the first frame out, and its block if that was the last one in it. */
static void drop_first(sc_outq_t *outq, sc_outq_pool_t *pool)
{
    sc_outq_block_t *block = outq->head;
    uint32_t end = block == outq->tail ? outq->tail_at : SC_OUTQ_BLOCK_FRAMES;

    sc_buf_unref(block->frames[outq->head_at++]);
    outq->written_bytes = 0;
    if (outq->head_at < end)
        return;
    outq->head = block->next;
    outq->head_at = 0;
    if (outq->head == NULL) {
        outq->tail = NULL;
        outq->tail_at = 0;
    }
    give_block(pool, block);
}

void sc_outq_consume(sc_outq_t *outq, sc_outq_pool_t *pool, size_t bytes)
{
    sc_assert(bytes <= outq->bytes);
    outq->bytes -= bytes;
    while (bytes > 0) {
        size_t left = outq->head->frames[outq->head_at]->len - outq->written_bytes;

        if (bytes < left) {
            outq->written_bytes += (uint32_t)bytes;
            return;
        }
        bytes -= left;
        drop_first(outq, pool);
    }
}

void sc_outq_clear(sc_outq_t *outq, sc_outq_pool_t *pool)
{
    while (outq->head != NULL)
        drop_first(outq, pool);
    outq->bytes = 0;
}
