#include "worker/protocol/hooks.h"

#include "common/alloc.h"
#include "worker/worker.h"

#include <strings.h>

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
    for (uint32_t i = 0; i < hooks->kept_header_count; i++)
        free(hooks->kept_headers[i]);
    free(hooks->kept_headers);
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

/* ---- Headers of opening requests ------------------------------------------------------------------------------ */

static bool is_kept(const sc_hooks_t *hooks, const char *name)
{
    bool is_found = false;

    for (uint32_t i = 0; i < hooks->kept_header_count && !is_found; i++)
        is_found = strcasecmp(hooks->kept_headers[i], name) == 0;
    return is_found;
}

sc_status_t sc_worker_keep_header(sc_worker_t *worker, const char *name)
{
    sc_hooks_t *hooks = &worker->hooks;

    if (name == NULL || name[0] == '\0')
        return SC_ERR_INVALID;
    if (is_kept(hooks, name))
        return SC_OK;
    hooks->kept_headers =
        sc_realloc(hooks->kept_headers, (hooks->kept_header_count + 1) * sizeof(char *));
    hooks->kept_headers[hooks->kept_header_count++] = sc_strdup(sc_str_from(name));
    return SC_OK;
}

char *sc_hooks_take_headers(const sc_hooks_t *hooks, const sc_http_request_t *request)
{
    sc_text_t taken = {0};

    for (uint32_t i = 0; i < hooks->kept_header_count; i++) {
        sc_str_t value = sc_http_header(request, hooks->kept_headers[i]);

        sc_text_add(&taken, sc_str_is_none(value) ? SC_STR("-") : SC_STR("+"));
        sc_text_add(&taken, value);
        sc_text_add(&taken, sc_str("", 1));
    }
    return taken.ptr;
}

sc_str_t sc_hooks_find_header(const sc_hooks_t *hooks, const char *taken, const char *name)
{
    uint32_t i = 0;

    if (taken == NULL || !is_kept(hooks, name))
        return sc_str_none();
    for (; strcasecmp(hooks->kept_headers[i], name) != 0; i++)
        taken += strlen(taken) + 1;
    return taken[0] == '+' ? sc_str_from(taken + 1) : sc_str_none();
}

/* ---- Telling --------------------------------------------------------------------------------------------------- */

static void call_listeners(const sc_hooks_t *hooks, const sc_event_t *event)
{
    for (uint32_t i = 0; i < hooks->listeners[event->type].count; i++) {
        const sc_listener_t *listener = &hooks->listeners[event->type].items[i];

        listener->callback(event, listener->arg);
    }
}

/* Whether a socket has a token now and had none, or the other way round. */
static bool is_state_change(const sc_event_t *event)
{
    return event->type == SC_EVENT_DEAUTHENTICATION ||
           (event->type == SC_EVENT_AUTHENTICATION && sc_str_is_none(event->old_token));
}

void sc_hooks_tell(const sc_hooks_t *hooks, const sc_event_t *event)
{
    sc_event_t change;

    if (sc_hooks_hears(hooks, SC_EVENT_AUTH_STATE_CHANGE) && is_state_change(event)) {
        change = *event;
        change.type = SC_EVENT_AUTH_STATE_CHANGE;
        call_listeners(hooks, &change);
    }
    call_listeners(hooks, event);
}

const sc_call_handler_t *sc_hooks_find_call(const sc_hooks_t *hooks, sc_str_t event)
{
    return sc_map_get(&hooks->call_handlers, event);
}
