/*
 * presence_world_api.c: as much of the plugin interface as stateless_presence uses. See presence_world.h.
 */
#include "presence_world_private.h"

#include "common/alloc.h"
#include "common/timer.h"

/* ---- The plugin interface: worker --------------------------------------------------------------------------------- */

uint32_t sc_worker_broker_count(const sc_worker_t *worker)
{
    (void)worker;
    return 1;
}

uint64_t sc_worker_now_ms(const sc_worker_t *worker)
{
    return worker->process.world->now_ms;
}

sc_status_t sc_worker_on(sc_worker_t *worker, sc_event_type_t type, sc_event_cb callback, void *arg)
{
    worker->listeners[type] = callback;
    worker->arg = arg;
    return SC_OK;
}

sc_status_t sc_worker_use(sc_worker_t *worker, sc_action_type_t type, sc_middleware_cb callback,
                          void *arg)
{
    if (type == SC_ACTION_PUBLISH_IN) {
        worker->publish_in = callback;
        worker->publish_in_arg = arg;
    }
    return SC_OK;
}

sc_timer_t *sc_worker_timer(sc_worker_t *worker, uint32_t first_ms, uint32_t every_ms,
                            sc_timer_cb callback, void *arg)
{
    return sc_timer_start(&worker->process.loop, &worker->process.timers, first_ms, every_ms,
                          callback, arg);
}

sc_counter_t *sc_worker_counter(sc_worker_t *worker, const char *name, const char *help)
{
    (void)name;
    (void)help;
    return &worker->process.world->counter;
}

void sc_counter_add(sc_counter_t *counter, int64_t amount)
{
    counter->value += amount;
}

uint32_t sc_worker_socket_slot(sc_worker_t *worker)
{
    (void)worker;
    return 0;
}

void sc_worker_each_socket(sc_worker_t *worker, sc_socket_cb callback, void *arg)
{
    (void)worker;
    (void)callback;
    (void)arg;
}

uint32_t sc_exchange_broker_of(const sc_worker_t *worker, sc_str_t channel)
{
    (void)worker;
    (void)channel;
    return 0;
}

sc_status_t sc_exchange_send(sc_worker_t *worker, uint32_t broker, const char *plugin,
                             sc_str_t payload)
{
    (void)broker;
    (void)plugin;
    world_push(&worker->to_broker, NOTE, payload, 0);
    return SC_OK;
}

sc_status_t sc_exchange_on_broker(sc_worker_t *worker, const char *plugin,
                                  sc_broker_message_cb on_message, sc_link_cb on_link, void *arg)
{
    (void)plugin;
    worker->on_message = on_message;
    worker->on_link = on_link;
    worker->arg = arg;
    return SC_OK;
}

sc_status_t sc_exchange_deliver(sc_worker_t *worker, sc_str_t channel, sc_str_t data)
{
    world_t *world = worker->process.world;

    (void)channel;
    for (unsigned i = 0; i < WORLD_SOCKETS; i++) {
        if (world->sockets[i].is_open && world->sockets[i].worker == worker &&
            world->sockets[i].tracks)
            world_hear(&world->sockets[i], data);
    }
    return SC_OK;
}

sc_status_t sc_exchange_deliver_to(sc_worker_t *worker, sc_str_t channel, sc_str_t data,
                                   sc_socket_t *const *sockets, size_t count)
{
    (void)worker;
    (void)channel;
    for (size_t i = 0; i < count; i++) {
        if (sockets[i]->is_open && sockets[i]->tracks)
            world_hear(sockets[i], data);
    }
    return SC_OK;
}

/* ---- The plugin interface: socket, action -------------------------------------------------------------------------- */

sc_socket_t *sc_socket_ref(sc_socket_t *socket)
{
    socket->refs++;
    return socket;
}

void sc_socket_unref(sc_socket_t *socket)
{
    sc_assert(socket->refs > 0);
    socket->refs--;
}

sc_str_t sc_socket_id(const sc_socket_t *socket)
{
    return sc_str_from(socket->id);
}

void *sc_socket_get(const sc_socket_t *socket, uint32_t slot)
{
    (void)slot;
    return socket->slot;
}

void sc_socket_set(sc_socket_t *socket, uint32_t slot, void *value)
{
    (void)slot;
    socket->slot = value;
}

bool sc_socket_is_subscribing(const sc_socket_t *socket, sc_str_t channel)
{
    (void)socket;
    (void)channel;
    return false;
}

bool sc_socket_is_subscribed(const sc_socket_t *socket, sc_str_t channel)
{
    return sc_str_equal(channel, SC_STR(ROOM)) && socket->is_in;
}

void sc_socket_each_channel(const sc_socket_t *socket, sc_channel_cb callback, void *arg)
{
    if (socket->is_in)
        callback(SC_STR(ROOM), arg);
    if (socket->is_tracker)
        callback(SC_STR(TRACKING), arg);
}

sc_socket_t *sc_action_socket(const sc_action_t *action)
{
    return action->socket;
}

sc_str_t sc_action_channel(const sc_action_t *action)
{
    return action->channel;
}

sc_str_t sc_action_data(const sc_action_t *action)
{
    return action->data;
}

sc_str_t sc_action_token(const sc_action_t *action)
{
    return action->socket->user >= 0 ? sc_str_from(action->socket->token) : sc_str_none();
}

void sc_action_set_data(sc_action_t *action, sc_str_t data)
{
    sc_text_clear(&action->changed);
    sc_text_add(&action->changed, data);
}

void sc_action_set_error(sc_action_t *action, const sc_error_t *error)
{
    (void)action;
    (void)error;
}

/* ---- The plugin interface: broker ----------------------------------------------------------------------------------- */

uint32_t sc_broker_worker_count(const sc_broker_t *broker)
{
    (void)broker;
    return WORLD_WORKERS;
}

uint64_t sc_broker_now_ms(const sc_broker_t *broker)
{
    return broker->process.world->now_ms;
}

sc_status_t sc_broker_on(sc_broker_t *broker, const char *plugin, sc_broker_event_type_t type,
                         sc_broker_event_cb callback, void *arg)
{
    (void)plugin;
    broker->listeners[type] = callback;
    broker->arg = arg;
    return SC_OK;
}

sc_timer_t *sc_broker_timer(sc_broker_t *broker, uint32_t first_ms, uint32_t every_ms,
                            sc_broker_timer_cb callback, void *arg)
{
    return sc_timer_start(&broker->process.loop, &broker->process.timers, first_ms, every_ms,
                          callback, arg);
}

sc_status_t sc_broker_send(sc_broker_t *broker, uint32_t worker, const char *plugin,
                           sc_str_t payload)
{
    (void)plugin;
    world_push(&broker->process.world->workers[worker].from_broker, NOTE, payload, 0);
    return SC_OK;
}
