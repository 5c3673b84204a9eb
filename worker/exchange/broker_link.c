/*
 * broker_link.c: one broker as a worker sees it: what it is told when it is new, and what comes from it.
 */
#include "common/log.h"
#include "worker/exchange/exchange_private.h"

#include <inttypes.h>
#include <stdlib.h>

static sc_broker_link_t *link_of(sc_bus_link_t *bus)
{
    return sc_list_entry(bus, sc_broker_link_t, bus);
}

/* ---- A new broker -------------------------------------------------------------------------- */

static void send_publication(sc_broker_link_t *link, const sc_backlog_entry_t *entry)
{
    sc_bus_record_t record = {
        .type = SC_BUS_PUBLISH,
        .seq = entry->seq,
        .name = sc_backlog_channel(entry),
        .data = sc_backlog_data(entry),
    };

    sc_bus_link_add(&link->bus, &record);
}

void sc_broker_link_publish(sc_broker_link_t *link, const sc_backlog_entry_t *entry)
{
    if (link->is_synced)
        send_publication(link, entry);
}

static void send_backlog(sc_broker_link_t *link)
{
    for (uint64_t seq = link->backlog.first_seq; seq != link->backlog.next_seq; seq++) {
        const sc_backlog_entry_t *entry = sc_backlog_get(&link->backlog, seq);

        if (entry == NULL)
            continue;
        send_publication(link, entry);
        if (link->was_up)
            link->exchange->counts.resent++;
    }
}

static void tell_plugins(sc_broker_link_t *link)
{
    sc_list_each(node, &link->exchange->listeners)
    {
        const sc_plugin_listener_t *listener = sc_list_entry(node, sc_plugin_listener_t, node);

        if (listener->on_link != NULL)
            listener->on_link(link->id, listener->arg);
    }
}

/* The order is a promise: subscriptions, what plugins send, SYNCED, then publications. What a plugin publishes
 * meanwhile only joins the backlog. */
static void on_instance(sc_bus_link_t *bus)
{
    sc_broker_link_t *link = link_of(bus);
    sc_exchange_t *exchange = link->exchange;
    sc_bus_record_t synced = {.type = SC_BUS_SYNCED};

    if (link->was_up) {
        exchange->counts.broker_restarts++;
        sc_log(SC_LOG_INFO, "broker %" PRIu32 " is a new process", link->id);
    }
    link->is_synced = false;
    sc_channel_ask_again(exchange, link->id);
    tell_plugins(link);
    sc_bus_link_add(bus, &synced);
    send_backlog(link);
    link->is_synced = true;
    link->was_up = true;
    sc_loop_defer(exchange->setup.loop, SC_TURN_WORK, &exchange->up_task);
}

/* ---- What comes from it -------------------------------------------------------------------- */

void sc_exchange_hand_up(sc_channel_t *channel, sc_str_t data)
{
    const sc_exchange_setup_t *setup = &channel->exchange->setup;

    if (channel->interest_count == 0)
        return;
    channel->hold_count++;
    setup->handler->on_message(channel, data, setup->arg);
    sc_watch_deliver(channel, data);
    sc_channel_release(channel);
}

static void take_message(sc_broker_link_t *link, const sc_bus_record_t *record)
{
    sc_exchange_t *exchange = link->exchange;
    sc_channel_t *channel;

    exchange->counts.received++;
    /* Nobody waits for us to confirm our own message: its ack comes behind it. */
    if (record->origin != exchange->instance)
        sc_bus_link_confirm_later(&link->bus);
    if (!sc_dedup_note(&link->dedup, record->origin, record->seq)) {
        exchange->counts.duplicates++;
        return;
    }
    channel = sc_exchange_find(exchange, record->name);
    if (channel != NULL)
        sc_exchange_hand_up(channel, record->data);
}

static void take_ack(sc_broker_link_t *link, uint64_t seq)
{
    sc_backlog_entry_t *entry = sc_backlog_take(&link->backlog, seq);

    if (entry == NULL)
        return;
    link->exchange->counts.acknowledged++;
    if (entry->done != NULL)
        entry->done(SC_OK, entry->arg);
    if (entry->after != NULL)
        entry->after(entry->after_arg);
    free(entry);
}

static void take_acks(sc_broker_link_t *link, const sc_bus_record_t *record)
{
    uint64_t end = record->seq + record->count;

    /* Numbers that were not given would only cost time. */
    if (end > link->backlog.next_seq)
        end = link->backlog.next_seq;
    for (uint64_t seq = record->seq; seq < end; seq++)
        take_ack(link, seq);
}

static void take_plugin_message(sc_broker_link_t *link, const sc_bus_record_t *record)
{
    sc_list_each(node, &link->exchange->listeners)
    {
        const sc_plugin_listener_t *listener = sc_list_entry(node, sc_plugin_listener_t, node);

        if (!sc_str_equal(sc_str_from(listener->name), record->name))
            continue;
        if (listener->on_message != NULL)
            listener->on_message(link->id, record->data, listener->arg);
        return;
    }
}

static bool on_record(sc_bus_link_t *bus, const sc_bus_record_t *record)
{
    sc_broker_link_t *link = link_of(bus);

    switch (record->type) {
    case SC_BUS_MESSAGE:
        take_message(link, record);
        break;
    case SC_BUS_ACK:
        take_acks(link, record);
        break;
    case SC_BUS_SUBSCRIBED:
        sc_channel_on_subscribed(link->exchange, record->name);
        break;
    case SC_BUS_PLUGIN:
        take_plugin_message(link, record);
        break;
    default:
        sc_bus_link_fail(bus, "the broker sent a record that only workers send");
    }
    return true;
}

/* The broker hears of it from the link itself, and has the master replace us. */
static void on_failed(sc_bus_link_t *bus)
{
    link_of(bus)->is_synced = false;
}

/* ---- Open and close ------------------------------------------------------------------------ */

static const sc_bus_handler_t handler = {
    .on_instance = on_instance,
    .on_record = on_record,
    .on_failed = on_failed,
};

sc_status_t sc_broker_link_open(sc_broker_link_t *link, sc_exchange_t *exchange, uint32_t id)
{
    sc_bus_setup_t setup = {
        .loop = exchange->setup.loop,
        .runtime_dir = exchange->setup.runtime_dir,
        .broker_id = id,
        .worker_id = exchange->setup.worker_id,
        .instance = exchange->instance,
        .handler = &handler, /* no queue limit: the backlog has one, and channels do */
    };

    link->exchange = exchange;
    link->id = id;
    sc_backlog_init(&link->backlog);
    sc_dedup_init(&link->dedup);
    if (setup.runtime_dir == NULL)
        return SC_OK;
    return sc_bus_link_open(&link->bus, &setup);
}

void sc_broker_link_close(sc_broker_link_t *link)
{
    sc_bus_link_close(&link->bus);
    sc_backlog_deinit(&link->backlog);
    sc_dedup_deinit(&link->dedup);
}
