/*
 * deliver.h: a publication comes in, messages go out, and its publisher gets an ack once every worker that got one
 * has confirmed it.
 *
 * The publisher's own worker needs no confirmation: the ack follows the message on the same link, so a worker that
 * has the ack has the message, and one that dies takes both along.
 */
#ifndef SC_BROKER_DELIVER_H
#define SC_BROKER_DELIVER_H

#include "common/bus_format.h"
#include "common/loop.h"

#include <sc/broker.h>

struct sc_peer;

/** A publication that some workers have yet to confirm. */
typedef struct sc_pending {
    struct sc_peer *from;
    uint64_t origin; /* instance of the publisher: if it is replaced, nobody wants the ack */
    uint64_t seq;
    uint32_t waiting_count;  /* workers */
    struct sc_pending *next; /* in the list of free ones */
} sc_pending_t;

typedef struct sc_deliver {
    sc_broker_t *broker;
    sc_pending_t *free_list; /* kept for the next publications */
    uint32_t pending_count;
    uint64_t own_seq;   /* of the last message that a plugin of this broker published */
    sc_list_t own;      /* what plugins have published in this turn */
    sc_turn_task_t own_task;
} sc_deliver_t;

void sc_deliver_init(sc_deliver_t *deliver, sc_broker_t *broker);
/** All waits must be over: peers are closed first. */
void sc_deliver_deinit(sc_deliver_t *deliver);
/** A worker's PUBLISH: to all workers that want the channel. */
void sc_deliver_publish(sc_deliver_t *deliver, struct sc_peer *from, const sc_bus_record_t *publish);
/** A plugin's message, in a later part of the turn or once the broker is READY; copied. */
void sc_deliver_publish_own(sc_deliver_t *deliver, sc_str_t channel, sc_str_t data);
/** What plugins have published goes out now: ahead of what a worker publishes next. Not from within a callback. */
void sc_deliver_flush_own(sc_deliver_t *deliver);
/** The broker is READY: what plugins have published goes out. */
void sc_deliver_on_ready(sc_deliver_t *deliver);
/** One of the workers has confirmed a publication, or is gone. */
void sc_deliver_on_confirmed(sc_deliver_t *deliver, sc_pending_t *pending);

#endif
