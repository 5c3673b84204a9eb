/*
 * http.h: HTTP requests on the port of the WebSocket connections, served by plugins.
 */
#ifndef SC_HTTP_H
#define SC_HTTP_H

#include <sc/types.h>

SC_EXTERN_C_BEGIN

/**
 * A request for a path that the plugin serves. The callback must answer it once, then or later, with
 * sc_http_respond. The request stays valid until then, even if the client has gone meanwhile. The connection
 * takes no further request before that.
 */
typedef void (*sc_http_cb)(sc_http_request_t *request, void *arg);

/**
 * Serves a path. HEAD is served by what serves GET, without the body. Other methods get 405.
 *
 * @param method  upper case: "GET", "POST", ...; copied
 * @param path    exact and beginning with '/', or ending in a '*' that stands for any rest; the longest match
 *                wins; compared before percent decoding; copied
 * @return SC_OK; SC_ERR_INVALID: method or path; SC_ERR_STATE: served already, by the plugin's own or another
 * Thread: the worker's only. Since ABI 1.
 */
SC_API SC_MUST_CHECK sc_status_t sc_worker_serve(sc_worker_t *worker, const char *method,
                                                 const char *path, sc_http_cb callback, void *arg);

SC_API sc_worker_t *sc_http_worker(const sc_http_request_t *request);
SC_API sc_str_t sc_http_method(const sc_http_request_t *request);
/** The path as sent, without the query. */
SC_API sc_str_t sc_http_path(const sc_http_request_t *request);
/** Without the '?'; none if there was none. */
SC_API sc_str_t sc_http_query(const sc_http_request_t *request);
/** The value of a header, whose name is compared without case; none if not there. */
SC_API sc_str_t sc_http_header(const sc_http_request_t *request, const char *name);
/** The body, at most maxHttpBody bytes; empty if there was none. */
SC_API sc_str_t sc_http_body(const sc_http_request_t *request);
/** As sc_socket_remote_address. */
SC_API sc_str_t sc_http_remote_address(const sc_http_request_t *request);

/** What a request is answered with. Start from zero: fields may be added. All borrowed until the call returns. */
typedef struct sc_http_response {
    int status;          /* 200 to 599 */
    const char *type;    /* Content-Type; NULL: text/plain; charset=utf-8 */
    const char *headers; /* further lines, each ending in "\r\n"; NULL: none */
    sc_str_t body;
} sc_http_response_t;

/** Answers and ends the request. Content-Length, Date and Connection are added. */
SC_API void sc_http_respond(sc_http_request_t *request, const sc_http_response_t *response);

SC_EXTERN_C_END

#endif
