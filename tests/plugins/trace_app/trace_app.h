/*
 * trace_app.h: the application that ran behind the servers when the golden traces were recorded, as a plugin.
 */
#ifndef TRACE_APP_H
#define TRACE_APP_H

#include <sc/sc.h>

typedef struct trace_app {
    sc_worker_t *worker;
    bool
        is_echo_authed; /* option "echo":"authed": echo tells whether the socket is authenticated */
} trace_app_t;

/** Registers the application events of the traces, and `trace:...`, by which the replay acts on the server side. */
SC_MUST_CHECK sc_status_t trace_calls_attach(trace_app_t *app);
/** Puts the middleware that the option `middleware` names in place: "subscribe", "publishIn", "publishOut",
 *  "emit", "authenticate", "handshake14", "handshake20", "upgrade", "subscribeRoom". SC_ERR_INVALID: none of these. */
SC_MUST_CHECK sc_status_t trace_middleware_attach(trace_app_t *app, sc_str_t name);

#endif
