#include "broker/api_broker.h"

#include "broker/broker.h"
#include "common/alloc.h"
#include "common/timer.h"

/* ---- The process --------------------------------------------------------------------------- */

uint32_t sc_broker_id(const sc_broker_t *broker)
{
    return broker->id;
}

uint32_t sc_broker_count(const sc_broker_t *broker)
{
    return broker->broker_count;
}

uint32_t sc_broker_worker_count(const sc_broker_t *broker)
{
    return broker->worker_count;
}

uint64_t sc_broker_now_ms(const sc_broker_t *broker)
{
    return sc_loop_now_ms(&broker->loop);
}

sc_status_t sc_broker_option(const sc_broker_t *broker, const char *name, sc_text_t *out)
{
    const sc_option_t *option = sc_option_by_json_name(sc_str_from(name));

    return option != NULL ? sc_option_to_json(broker->options, option, out) : SC_ERR_NOT_FOUND;
}

sc_messenger_t *sc_broker_messenger(sc_broker_t *broker)
{
    return &broker->messenger;
}

/* ---- Events -------------------------------------------------------------------------------- */

sc_status_t sc_broker_on(sc_broker_t *broker, const char *plugin, sc_broker_event_type_t type,
                         sc_broker_event_cb callback, void *arg)
{
    uint32_t count;
    sc_broker_listener_t *items;

    if ((unsigned)type >= SC_BROKER_EVENT_TYPES)
        return SC_ERR_INVALID;
    count = broker->hooks.by_type[type].count;
    items = sc_realloc(broker->hooks.by_type[type].items, (count + 1) * sizeof(*items));
    items[count] = (sc_broker_listener_t){sc_strdup(sc_str_from(plugin)), callback, arg};
    broker->hooks.by_type[type].items = items;
    broker->hooks.by_type[type].count = count + 1;
    return SC_OK;
}

void sc_broker_hooks_deinit(sc_broker_hooks_t *hooks)
{
    for (unsigned type = 0; type < SC_BROKER_EVENT_TYPES; type++) {
        for (uint32_t i = 0; i < hooks->by_type[type].count; i++)
            free(hooks->by_type[type].items[i].plugin);
        free(hooks->by_type[type].items);
    }
    memset(hooks, 0, sizeof(*hooks));
}

void sc_broker_hooks_tell(const sc_broker_hooks_t *hooks, const sc_broker_event_t *event)
{
    for (uint32_t i = 0; i < hooks->by_type[event->type].count; i++) {
        sc_broker_listener_t listener = hooks->by_type[event->type].items[i];

        listener.callback(event, listener.arg);
    }
}

void sc_broker_hooks_tell_plugin(const sc_broker_hooks_t *hooks, const sc_broker_event_t *event,
                                 sc_str_t plugin)
{
    for (uint32_t i = 0; i < hooks->by_type[event->type].count; i++) {
        sc_broker_listener_t listener = hooks->by_type[event->type].items[i];

        if (sc_str_equal(sc_str_from(listener.plugin), plugin))
            listener.callback(event, listener.arg);
    }
}

/* ---- Messages ------------------------------------------------------------------------------ */

bool sc_broker_carries(const sc_broker_t *broker, sc_str_t channel)
{
    return sc_bus_broker_of(channel, broker->broker_count) == broker->id;
}

sc_status_t sc_broker_publish(sc_broker_t *broker, sc_str_t channel, sc_str_t data)
{
    if (channel.len > SC_CHANNEL_BYTES_MAX || data.len > SC_BUS_DATA_BYTES_MAX ||
        !sc_broker_carries(broker, channel))
        return SC_ERR_INVALID;
    sc_deliver_publish_own(&broker->deliver, channel, data);
    return SC_OK;
}

sc_status_t sc_broker_send(sc_broker_t *broker, uint32_t worker, const char *plugin,
                           sc_str_t payload)
{
    sc_bus_record_t record = {.type = SC_BUS_PLUGIN, .name = sc_str_from(plugin), .data = payload};

    if (worker >= broker->worker_count || payload.len > SC_BUS_DATA_BYTES_MAX ||
        record.name.len == 0 || record.name.len > SC_PLUGIN_NAME_BYTES_MAX)
        return SC_ERR_INVALID;
    if (broker->peers == NULL)
        return SC_ERR_STATE; /* no links while plugins are checked */
    return sc_bus_link_add(&broker->peers[worker].bus, &record) != 0 ? SC_OK : SC_ERR_STATE;
}

/* ---- Timers -------------------------------------------------------------------------------- */

sc_timer_t *sc_broker_timer(sc_broker_t *broker, uint32_t first_ms, uint32_t every_ms,
                            sc_broker_timer_cb callback, void *arg)
{
    return sc_timer_start(&broker->loop, &broker->timers, first_ms, every_ms, callback, arg);
}
