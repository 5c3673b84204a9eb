/*
 * http_request.h: one HTTP/1.1 request: head and body. The only file that knows the HTTP parser (llhttp).
 */
#ifndef SC_HTTP_REQUEST_H
#define SC_HTTP_REQUEST_H

#include <sc/http.h>
#include <sc/json.h>

typedef struct sc_http_head sc_http_head_t;

/** Limits of a request. */
typedef struct sc_http_limits {
    size_t head_bytes_max; /* maxHeaderSize: beyond, 431 */
    size_t body_bytes_max; /* maxHttpBody: beyond, 413 */
} sc_http_limits_t;

/** A parser, made when a connection's first bytes arrive, freed when it becomes a WebSocket. Never NULL. */
sc_http_head_t *sc_http_head_new(const sc_http_limits_t *limits);
void sc_http_head_free(sc_http_head_t *head);
/** Ready for the next request of a connection that is kept alive. */
void sc_http_head_reset(sc_http_head_t *head);

/**
 * Takes bytes of the stream. What it needs of them it copies.
 *
 * @param used  set to how many belong to this request; after an upgrade request those of the next protocol are left
 * @return SC_OK: the request is complete; SC_AGAIN: more is needed; SC_ERR_PROTOCOL, SC_ERR_LIMIT: answer with
 *         sc_http_head_error_status and close
 */
SC_MUST_CHECK sc_status_t sc_http_head_feed(sc_http_head_t *head, const char *bytes, size_t len,
                                            size_t *used);
/** 400, 413, 417, 431, 503 (no memory), 505: what feed refused. */
int sc_http_head_error_status(const sc_http_head_t *head);
/** Whether the client waits for "100 Continue" before it sends the body (RFC 9110, 10.1.1); true once. */
bool sc_http_head_take_expectation(sc_http_head_t *head);
/** Whether something of a request has arrived. */
bool sc_http_head_is_begun(const sc_http_head_t *head);

sc_str_t sc_http_head_method(const sc_http_head_t *head);
sc_str_t sc_http_head_path(const sc_http_head_t *head);
sc_str_t
sc_http_head_query(const sc_http_head_t *head); /* without the '?'; none if there was none */
/** Of several headers of one name the values joined with ", "; none if there is none. */
sc_str_t sc_http_head_header(const sc_http_head_t *head, sc_str_t name);
sc_str_t sc_http_head_body(const sc_http_head_t *head);
/** Connection: keep-alive, or HTTP/1.1 without close. */
bool sc_http_head_keeps_alive(const sc_http_head_t *head);
/** It has `Connection: upgrade` and `Upgrade: websocket`, each as a token of a list, without case. */
bool sc_http_head_wants_websocket(const sc_http_head_t *head);

#endif
