/*
 * api_master.h: the listeners of master plugins (sc/master.h).
 */
#ifndef SC_MASTER_API_MASTER_H
#define SC_MASTER_API_MASTER_H

#include "master/child.h"

#include <sc/master.h>

typedef struct sc_master_listener {
    sc_master_event_cb callback;
    void *arg;
} sc_master_listener_t;

/** Listeners by the type of event, in the order of registration. Zero is none. */
typedef struct sc_master_hooks {
    struct {
        sc_master_listener_t *items;
        uint32_t count;
    } by_type[SC_MASTER_EVENT_TYPES];
} sc_master_hooks_t;

void sc_master_hooks_deinit(sc_master_hooks_t *hooks);
/** Tells all listeners of an event. `child`: whom it is about; NULL: nobody. */
void sc_master_hooks_tell(const sc_master_hooks_t *hooks, sc_master_event_type_t type,
                          const sc_child_t *child, bool was_asked);

#endif
