/*
 * message_route.h: messages between plugins (sc/message.h) on their way through the master: to whom, and, of those whose
 * senders wait for an answer, from whom it has to come.
 */
#ifndef SC_MASTER_MESSAGE_ROUTE_H
#define SC_MASTER_MESSAGE_ROUTE_H

#include "common/messenger.h"
#include "master/child.h"

/** Answers that one process may owe to all others together. */
#define SC_MESSAGE_ROUTES_MAX 8192u

typedef struct sc_message_routes {
    sc_loop_t *loop;
    sc_child_t *workers;
    uint32_t worker_count;
    sc_child_t *brokers;
    uint32_t broker_count;
    sc_messenger_t *own; /* the master's plugins */
    uint64_t next_id;
    sc_map_t by_id;   /* routes that wait for an answer */
    sc_list_t routes; /* the same, oldest first */
    uint32_t master_owes;
} sc_message_routes_t;

/** The children, and `own`, are borrowed. */
void sc_message_routes_init(sc_message_routes_t *routes, sc_loop_t *loop, sc_messenger_t *own);
void sc_message_routes_deinit(sc_message_routes_t *routes);

/**
 * A `message` on its way.
 *
 * @param from  the child that sent it; NULL: the master
 * @return SC_OK; what sc_messenger_send says of SC_ERR_INVALID, SC_ERR_STATE and SC_ERR_LIMIT. A child that waits for an answer
 *         has been told; the master has not
 */
sc_status_t sc_message_routes_send(sc_message_routes_t *routes, sc_child_t *from,
                                   const json_t *message);
/** A `messageAnswer` of a child; NULL: the master. One that nobody waits for any more is dropped. */
void sc_message_routes_answer(sc_message_routes_t *routes, sc_child_t *by, const json_t *message);
/** A child's process has ended: who waits for its answers is told SC_ERR_STATE, and nobody waits for answers to it. */
void sc_message_routes_on_exit(sc_message_routes_t *routes, sc_child_t *child);

#endif
