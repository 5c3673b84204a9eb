#include "worker/protocol/hooks.h"

#include "common/alloc.h"
#include "worker/worker.h"

void sc_hooks_init(sc_hooks_t *hooks)
{
    memset(hooks, 0, sizeof(*hooks));
}

void sc_hooks_deinit(sc_hooks_t *hooks)
{
    sc_call_handler_t *handler;
    uint32_t cursor = 0;

    for (int i = 0; i < SC_EVENT_TYPES; i++)
        free(hooks->listeners[i].items);
    for (int i = 0; i < SC_ACTION_TYPES; i++)
        free(hooks->middleware[i].items);
    while ((handler = sc_map_next(&hooks->call_handlers, &cursor)) != NULL)
        free(handler);
    sc_map_deinit(&hooks->call_handlers);
}

sc_status_t sc_worker_on(sc_worker_t *worker, sc_event_type_t type, sc_event_cb callback, void *arg)
{
    sc_hooks_t *hooks = &worker->hooks;
    sc_listener_t listener = {callback, arg};
    uint32_t count;

    if ((unsigned)type >= SC_EVENT_TYPES || callback == NULL)
        return SC_ERR_INVALID;
    count = hooks->listeners[type].count + 1;
    hooks->listeners[type].items =
        sc_realloc(hooks->listeners[type].items, count * sizeof(listener));
    hooks->listeners[type].items[count - 1] = listener;
    hooks->listeners[type].count = count;
    return SC_OK;
}

sc_status_t sc_worker_use(sc_worker_t *worker, sc_action_type_t type, sc_middleware_cb callback,
                          void *arg)
{
    sc_hooks_t *hooks = &worker->hooks;
    sc_middleware_t middleware = {callback, arg};
    uint32_t count;

    if ((unsigned)type >= SC_ACTION_TYPES || callback == NULL)
        return SC_ERR_INVALID;
    count = hooks->middleware[type].count + 1;
    hooks->middleware[type].items =
        sc_realloc(hooks->middleware[type].items, count * sizeof(middleware));
    hooks->middleware[type].items[count - 1] = middleware;
    hooks->middleware[type].count = count;
    return SC_OK;
}

sc_status_t sc_worker_on_call(sc_worker_t *worker, const char *name, sc_call_cb callback, void *arg)
{
    sc_str_t key = sc_str_from(name);
    sc_call_handler_t *handler;

    if (key.len == 0 || name[0] == '#' || callback == NULL)
        return SC_ERR_INVALID;
    if (sc_map_get(&worker->hooks.call_handlers, key) != NULL)
        return SC_ERR_STATE;
    handler = sc_alloc_zeroed(1, sizeof(*handler) + key.len);
    handler->callback = callback;
    handler->arg = arg;
    handler->name_len = key.len;
    memcpy(handler->name, key.ptr, key.len);
    sc_map_put(&worker->hooks.call_handlers, sc_str(handler->name, key.len), handler);
    return SC_OK;
}

uint32_t sc_worker_socket_slot(sc_worker_t *worker)
{
    return worker->hooks.slot_count++;
}

void sc_hooks_tell(const sc_hooks_t *hooks, const sc_event_t *event)
{
    for (uint32_t i = 0; i < hooks->listeners[event->type].count; i++) {
        const sc_listener_t *listener = &hooks->listeners[event->type].items[i];

        listener->callback(event, listener->arg);
    }
}

const sc_call_handler_t *sc_hooks_find_call(const sc_hooks_t *hooks, sc_str_t event)
{
    return sc_map_get(&hooks->call_handlers, event);
}
