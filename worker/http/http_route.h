/*
 * http_route.h: what happens to a connection while it speaks HTTP: requests that plugins serve, keep-alive, refusals,
 * and the moment at which it becomes a WebSocket.
 */
#ifndef SC_HTTP_ROUTE_H
#define SC_HTTP_ROUTE_H

#include "worker/http/http_upgrade.h"
#include "worker/net/conn.h"

typedef struct sc_http sc_http_t;

/**
 * A WebSocket opening has passed all checks. The callee answers it, then or later, with sc_http_upgrade_finish or
 * sc_http_upgrade_refuse; until then the connection is paused. `request` is valid until then, even if
 * the connection has gone meanwhile.
 */
typedef void (*sc_http_websocket_cb)(sc_http_request_t *request, void *arg);

typedef struct sc_http_setup {
    sc_worker_t *worker;
    sc_net_t *net;
    const sc_options_t *options;
    sc_http_websocket_cb on_websocket;
    void *arg;
} sc_http_setup_t;

/** @return NULL: an option is malformed, said in the log. */
sc_http_t *sc_http_new(const sc_http_setup_t *setup);
void sc_http_free(sc_http_t *http);

/** See sc_worker_serve (sc/http.h). */
SC_MUST_CHECK sc_status_t sc_http_serve(sc_http_t *http, const char *method, const char *path,
                                        sc_http_cb callback, void *arg);
/** Takes a descriptor from sc_accept: opens a connection that speaks HTTP. */
void sc_http_open(sc_http_t *http, int fd);
/** No more keep-alive: idle connections are closed, others after their answer. */
void sc_http_drain(sc_http_t *http);

/**
 * Answers 101 and lets go of the connection and the request.
 *
 * @param address  set to the client's address, INET6_ADDRSTRLEN bytes at least
 * @param deflate  set to what was agreed about compression; zero: nothing
 * @return the connection, open, paused, with the 101 queued, for the caller to sc_conn_set_handler and
 *         sc_conn_resume; NULL: it has gone meanwhile
 */
sc_conn_t *sc_http_upgrade_finish(sc_http_request_t *request, char *address, size_t address_size,
                                  sc_ws_deflate_terms_t *deflate);
/** Answers an opening with another status (401 ...); the body is the message, text/html; closes. */
void sc_http_upgrade_refuse(sc_http_request_t *request, int status, sc_str_t body);

/** Counters: requests answered, by class; connections that are open and speak HTTP. */
typedef struct sc_http_counts {
    uint64_t requests;
    uint64_t refused; /* 4xx, 5xx of ours */
    uint32_t open;
} sc_http_counts_t;
sc_http_counts_t sc_http_get_counts(const sc_http_t *http);

#endif
