#include "worker/exchange/exchange.h"

#include "common/alloc.h"
#include "common/log.h"
#include "worker/exchange/exchange_private.h"

/* ---- Start and end ------------------------------------------------------------------------- */

static void run_free(sc_turn_task_t *task)
{
    sc_watch_free_ended(sc_list_entry(task, sc_exchange_t, free_task));
}

static bool is_up(const sc_exchange_t *exchange)
{
    for (uint32_t i = 0; i < exchange->broker_count; i++) {
        if (!exchange->links[i].was_up)
            return false;
    }
    return true;
}

static void run_up(sc_turn_task_t *task)
{
    sc_exchange_t *exchange = sc_list_entry(task, sc_exchange_t, up_task);
    void (*on_up)(void *arg) = exchange->on_up;

    if (on_up == NULL || !is_up(exchange))
        return;
    exchange->on_up = NULL;
    on_up(exchange->on_up_arg);
}

void sc_exchange_on_up(sc_exchange_t *exchange, void (*on_up)(void *arg), void *arg)
{
    exchange->on_up = on_up;
    exchange->on_up_arg = arg;
    sc_loop_defer(exchange->setup.loop, SC_TURN_WORK, &exchange->up_task);
}

sc_exchange_t *sc_exchange_new(const sc_exchange_setup_t *setup)
{
    sc_exchange_t *exchange = sc_new(sc_exchange_t);

    exchange->setup = *setup;
    exchange->instance = sc_bus_worker_instance(setup->worker_id, setup->restart_count);
    exchange->broker_count = (uint32_t)setup->options->brokers;
    exchange->links = sc_alloc_zeroed(exchange->broker_count, sizeof(*exchange->links));
    sc_map_init(&exchange->channels);
    sc_list_init(&exchange->listeners);
    sc_list_init(&exchange->ended_watches);
    sc_turn_task_init(&exchange->free_task, run_free);
    sc_turn_task_init(&exchange->up_task, run_up);
    for (uint32_t i = 0; i < exchange->broker_count; i++) {
        if (sc_broker_link_open(&exchange->links[i], exchange, i) != SC_OK) {
            exchange->broker_count = i + 1; /* those that must be closed */
            sc_exchange_free(exchange);
            return NULL;
        }
    }
    return exchange;
}

void sc_exchange_free(sc_exchange_t *exchange)
{
    if (exchange == NULL)
        return;
    for (uint32_t i = 0; i < exchange->broker_count; i++)
        sc_broker_link_close(&exchange->links[i]);
    sc_watch_free_ended(exchange);
    sc_channel_free_all(exchange);
    while (!sc_list_is_empty(&exchange->listeners))
        free(sc_list_entry(sc_list_pop(&exchange->listeners), sc_plugin_listener_t, node));
    sc_turn_task_cancel(&exchange->free_task);
    sc_turn_task_cancel(&exchange->up_task);
    free(exchange->links);
    free(exchange);
}

/* ---- Publish ------------------------------------------------------------------------------- */

uint32_t sc_exchange_broker_for(const sc_exchange_t *exchange, sc_str_t channel)
{
    return sc_bus_broker_of(channel, exchange->broker_count);
}

static uint64_t backlog_bytes(const sc_exchange_t *exchange)
{
    uint64_t bytes = 0;

    for (uint32_t i = 0; i < exchange->broker_count; i++)
        bytes += exchange->links[i].backlog.bytes;
    return bytes;
}

sc_status_t sc_exchange_submit(sc_exchange_t *exchange, sc_str_t channel, sc_str_t data,
                               sc_publish_done_cb done, void *arg, uint64_t *seq)
{
    uint64_t cost = sc_backlog_cost(channel, data);
    sc_broker_link_t *link;
    const sc_backlog_entry_t *entry;

    if (channel.len > SC_CHANNEL_BYTES_MAX)
        return SC_ERR_INVALID;
    if (data.len > SC_BUS_DATA_BYTES_MAX ||
        backlog_bytes(exchange) + cost > exchange->setup.options->publish_backlog_bytes)
        return SC_ERR_LIMIT;
    link = &exchange->links[sc_exchange_broker_for(exchange, channel)];
    entry = sc_backlog_add(&link->backlog, channel, data, done, arg);
    if (entry == NULL)
        return SC_ERR_LIMIT;
    exchange->counts.published++;
    if (seq != NULL)
        *seq = entry->seq;
    sc_broker_link_publish(link, entry);
    return SC_OK;
}

bool sc_exchange_after(sc_exchange_t *exchange, sc_str_t channel, uint64_t seq,
                       void (*after)(void *arg), void *arg)
{
    sc_broker_link_t *link = &exchange->links[sc_exchange_broker_for(exchange, channel)];
    sc_backlog_entry_t *entry = sc_backlog_get(&link->backlog, seq);

    if (entry == NULL)
        return false;
    sc_assert(entry->after == NULL);
    entry->after = after;
    entry->after_arg = arg;
    return true;
}

static void abandon_link(sc_broker_link_t *link)
{
    uint64_t end_seq = link->backlog.next_seq;

    /* Whoever is told may publish again: that is dropped with the rest, without a word. */
    for (uint64_t seq = link->backlog.first_seq; seq < end_seq; seq++) {
        sc_backlog_entry_t *entry = sc_backlog_take(&link->backlog, seq);

        if (entry == NULL)
            continue;
        if (entry->done != NULL)
            entry->done(SC_ERR_STATE, entry->arg);
        if (entry->after != NULL)
            entry->after(entry->after_arg);
        free(entry);
    }
}

void sc_exchange_abandon(sc_exchange_t *exchange)
{
    for (uint32_t i = 0; exchange != NULL && i < exchange->broker_count; i++)
        abandon_link(&exchange->links[i]);
}

sc_exchange_counts_t sc_exchange_get_counts(const sc_exchange_t *exchange)
{
    sc_exchange_counts_t counts = exchange->counts;

    counts.channels = exchange->channels.count;
    counts.backlog_bytes = backlog_bytes(exchange);
    for (uint32_t i = 0; i < exchange->broker_count; i++) {
        counts.batches_sent += exchange->links[i].bus.batches_sent;
        counts.batches_received += exchange->links[i].bus.batches_received;
    }
    return counts;
}

/* ---- Plugins and their broker halves ------------------------------------------------------- */

sc_status_t sc_exchange_send_plugin(sc_exchange_t *exchange, uint32_t broker, sc_str_t plugin,
                                    sc_str_t payload)
{
    sc_bus_record_t record = {.type = SC_BUS_PLUGIN, .name = plugin, .data = payload};

    if (broker >= exchange->broker_count || payload.len > SC_BUS_DATA_BYTES_MAX)
        return SC_ERR_INVALID;
    if (plugin.len == 0 || plugin.len > SC_PLUGIN_NAME_BYTES_MAX)
        return SC_ERR_INVALID;
    return sc_bus_link_add(&exchange->links[broker].bus, &record) != 0 ? SC_OK : SC_ERR_STATE;
}

static bool has_listener(const sc_exchange_t *exchange, const char *plugin)
{
    sc_list_each(node, &exchange->listeners)
    {
        if (strcmp(sc_list_entry(node, sc_plugin_listener_t, node)->name, plugin) == 0)
            return true;
    }
    return false;
}

sc_status_t sc_exchange_listen_plugin(sc_exchange_t *exchange, const char *plugin,
                                      sc_broker_message_cb on_message, sc_link_cb on_link,
                                      void *arg)
{
    sc_plugin_listener_t *listener;

    if (strlen(plugin) > SC_PLUGIN_NAME_BYTES_MAX || has_listener(exchange, plugin))
        return SC_ERR_STATE;
    listener = sc_new(sc_plugin_listener_t);
    memcpy(listener->name, plugin, strlen(plugin));
    listener->on_message = on_message;
    listener->on_link = on_link;
    listener->arg = arg;
    sc_list_init(&listener->node);
    sc_list_append(&exchange->listeners, &listener->node);
    return SC_OK;
}
