/*
 * hooks.h: what plugins have registered with a worker: listeners, handlers of calls, middleware, slots in sockets.
 */
#ifndef SC_PROTOCOL_HOOKS_H
#define SC_PROTOCOL_HOOKS_H

#include "common/map.h"

#include <sc/http.h>
#include <sc/worker.h>

typedef struct sc_listener {
    sc_event_cb callback;
    void *arg;
} sc_listener_t;

typedef struct sc_middleware {
    sc_middleware_cb callback;
    void *arg;
} sc_middleware_t;

/** Handles the application event of its name. */
typedef struct sc_call_handler {
    sc_call_cb callback;
    void *arg;
    size_t name_len;
    char name[];
} sc_call_handler_t;

typedef struct sc_hooks {
    struct {
        sc_listener_t *items;
        uint32_t count;
    } listeners[SC_EVENT_TYPES];
    struct {
        sc_middleware_t *items;
        uint32_t count;
    } middleware[SC_ACTION_TYPES];
    sc_map_t call_handlers;
    uint32_t slot_count; /* of each socket */
    char **kept_headers; /* of opening requests: their names */
    uint32_t kept_header_count;
} sc_hooks_t;

void sc_hooks_init(sc_hooks_t *hooks);
void sc_hooks_deinit(sc_hooks_t *hooks);

/** Whether an event has listeners, for what is costly to put together. */
static inline bool sc_hooks_hears(const sc_hooks_t *hooks, sc_event_type_t type)
{
    return hooks->listeners[type].count > 0;
}

/** Calls the listeners of event->type in the order of registration. */
void sc_hooks_tell(const sc_hooks_t *hooks, const sc_event_t *event);
/**
 * What a socket keeps of the headers of its opening request: for each of kept_headers '+', its value and a NUL, or '-' and a NUL where
 * there was none. @return NULL: nothing is to be kept; else to be freed
 */
char *sc_hooks_take_headers(const sc_hooks_t *hooks, const sc_http_request_t *request);
/** A value of what sc_hooks_take_headers gave. */
sc_str_t sc_hooks_find_header(const sc_hooks_t *hooks, const char *taken, const char *name);
/** The handler of an application event, or NULL. */
const sc_call_handler_t *sc_hooks_find_call(const sc_hooks_t *hooks, sc_str_t event);

#endif
