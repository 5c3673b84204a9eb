/*
 * peer.h: a worker as a broker sees it: its link, what it has yet to confirm, and the acks that wait for the end
 * of the turn.
 */
#ifndef SC_BROKER_PEER_H
#define SC_BROKER_PEER_H

#include "common/bus_link.h"

#include <sc/broker.h>

/** Bytes that may wait for a worker which doesn't read; beyond, it is replaced. */
#define SC_PEER_QUEUE_BYTES_MAX (64u << 20)

struct sc_pending; /* deliver.h: a publication that is not acknowledged */

/** A publication waits for the confirmation of a batch. */
typedef struct sc_peer_wait {
    uint64_t batch_seq;
    struct sc_pending *pending;
} sc_peer_wait_t;

/** Publications `seq` to `seq` + `count` - 1 are acknowledged. */
typedef struct sc_peer_ack {
    uint64_t seq;
    uint32_t count;
} sc_peer_ack_t;

typedef struct sc_peer {
    sc_broker_t *broker;
    uint32_t worker;
    bool is_known;   /* a process of this worker has a link with us */
    bool is_up;      /* and has sent all its subscriptions */
    bool is_settled; /* is up, or known to be down */
    sc_bus_link_t bus;
    sc_peer_wait_t *waits; /* ring, in the order of batches */
    uint32_t wait_capacity; /* 0 or a power of two */
    uint32_t wait_first;
    uint32_t wait_count;
    sc_peer_ack_t *acks; /* of this turn */
    uint32_t ack_capacity;
    uint32_t ack_count;
} sc_peer_t;

/** @return SC_OK; SC_ERR_IO: nanomsg refused (logged). */
SC_MUST_CHECK sc_status_t sc_peer_open(sc_peer_t *peer, sc_broker_t *broker, uint32_t worker);
/** Closes a peer, opened or zero. */
void sc_peer_close(sc_peer_t *peer);
/** `pending` waits until the worker has confirmed the batch, or is gone: sc_deliver_on_confirmed. */
void sc_peer_wait_for(sc_peer_t *peer, uint64_t batch_seq, struct sc_pending *pending);
/** Acknowledges a publication, behind all messages of this turn. */
void sc_peer_acknowledge(sc_peer_t *peer, uint64_t seq);
/** The process that the worker had, started with that restart count, has ended; UINT32_MAX: whichever it has. */
void sc_peer_on_worker_down(sc_peer_t *peer, uint32_t restart_count);

#endif
