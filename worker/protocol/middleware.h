/*
 * middleware.h: an action on its way through middleware, which may answer now or later.
 *
 * Whoever starts an action takes one from the pool, sets what it is about, and runs it; `finish` is called once with the
 * verdict, in the same call unless a middleware answers later. Spans point into the packet until then; they are copied only
 * when a middleware makes the action wait.
 */
#ifndef SC_PROTOCOL_MIDDLEWARE_H
#define SC_PROTOCOL_MIDDLEWARE_H

#include "common/list.h"

#include <sc/http.h>
#include <sc/json.h>
#include <sc/worker.h>

typedef void (*sc_action_finish_cb)(sc_action_t *action, bool is_allowed);

struct sc_action {
    sc_list_t node; /* in the pool's `waiting` while a middleware thinks */
    sc_worker_t *worker;
    sc_socket_t *socket;     /* a reference; NULL for HANDSHAKE_WS */
    sc_http_request_t *http; /* of HANDSHAKE_WS */
    sc_action_finish_cb finish;
    sc_action_type_t type;
    uint32_t next; /* middleware that is asked next */
    bool is_waiting;
    sc_str_t channel;
    sc_str_t event;
    sc_str_t data;
    sc_str_t cid;                        /* JSON text; none: no answer is wanted */
    sc_str_t token;                      /* claims, of AUTHENTICATE */
    void *context;                       /* of whoever started the action */
    void (*context_free)(void *context); /* NULL: nothing to free */
    sc_text_t kept;                      /* what the spans point into once the action waits */
    sc_text_t changed;                   /* data that a middleware has set */
    sc_text_t ack_data;
    bool has_ack_data;
    sc_text_t error;      /* JSON text; empty: none was set */
    uint16_t status_code; /* of the error */
    bool is_bad_token;
    /* Of SUBSCRIBE: the end of the token with which it was asked for; 0: none. */
    double token_expires_s;
};

/** Actions of a worker that wait for reuse, and those that wait for a middleware. */
typedef struct sc_action_pool {
    sc_list_t free;
    uint32_t free_count;
    sc_list_t waiting;
} sc_action_pool_t;

void sc_action_pool_init(sc_action_pool_t *pool);
/** Frees all, those that wait too: their `finish` is not called. */
void sc_action_pool_deinit(sc_action_pool_t *pool);

/**
 * An action with nothing set but its type, socket and worker.
 *
 * @param socket  a reference is taken; NULL for HANDSHAKE_WS
 */
sc_action_t *sc_action_new(sc_worker_t *worker, sc_action_type_t type, sc_socket_t *socket,
                           sc_action_finish_cb finish);
/** Asks the middleware, then calls `finish`, now or later; the action is not the caller's any more. */
void sc_action_run(sc_action_t *action);
/** The error that a block is answered with, as JSON text; lives as long as the action. */
sc_str_t sc_action_error(sc_action_t *action);
/** Data for the answer, JSON text, or none. */
sc_str_t sc_action_ack_data(const sc_action_t *action);

#endif
