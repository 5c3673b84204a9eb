/*
 * api_broker.h: the listeners of broker plugins (sc/broker.h).
 */
#ifndef SC_BROKER_API_BROKER_H
#define SC_BROKER_API_BROKER_H

#include <sc/broker.h>

typedef struct sc_broker_listener {
    char *plugin;
    sc_broker_event_cb callback;
    void *arg;
} sc_broker_listener_t;

/** Listeners by the type of event, in the order of registration. Zero is none. */
typedef struct sc_broker_hooks {
    struct {
        sc_broker_listener_t *items;
        uint32_t count;
    } by_type[SC_BROKER_EVENT_TYPES];
} sc_broker_hooks_t;

void sc_broker_hooks_deinit(sc_broker_hooks_t *hooks);
/** Tells all listeners of the event's type. */
void sc_broker_hooks_tell(const sc_broker_hooks_t *hooks, const sc_broker_event_t *event);
/** Tells the listeners of one plugin only. */
void sc_broker_hooks_tell_plugin(const sc_broker_hooks_t *hooks, const sc_broker_event_t *event,
                                 sc_str_t plugin);

#endif
