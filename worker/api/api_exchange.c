/*
 * api_exchange.c: sc/exchange.h for plugins, but for the master's part (worker/master_link.c) and for
 * sc_exchange_unwatch (worker/exchange/watch.c).
 */
#include "worker/exchange/exchange.h"
#include "worker/protocol/fanout.h"
#include "worker/worker.h"

sc_status_t sc_exchange_publish(sc_worker_t *worker, sc_str_t channel, sc_str_t data,
                                sc_publish_done_cb done, void *arg)
{
    return sc_exchange_submit(worker->exchange, channel, data, done, arg, NULL);
}

sc_watch_t *sc_exchange_watch(sc_worker_t *worker, sc_str_t channel, sc_message_cb callback,
                              void *arg)
{
    return sc_exchange_add_watch(worker->exchange, channel, callback, arg);
}

sc_status_t sc_exchange_subscribe(sc_worker_t *worker, sc_str_t channel)
{
    sc_channel_t *held = sc_exchange_hold(worker->exchange, channel);

    if (held == NULL)
        return SC_ERR_INVALID;
    held->own_count++;
    sc_channel_join(held);
    return SC_OK;
}

sc_status_t sc_exchange_unsubscribe(sc_worker_t *worker, sc_str_t channel)
{
    sc_channel_t *held = sc_exchange_find(worker->exchange, channel);

    if (held == NULL || held->own_count == 0)
        return SC_ERR_STATE;
    held->own_count--;
    sc_channel_part(held);
    sc_channel_release(held);
    return SC_OK;
}

bool sc_exchange_is_subscribed(sc_worker_t *worker, sc_str_t channel)
{
    const sc_channel_t *known = sc_exchange_find(worker->exchange, channel);

    return known != NULL && known->own_count > 0 && known->state == SC_CHANNEL_STANDING;
}

void sc_exchange_each_channel(sc_worker_t *worker, sc_exchange_channel_cb callback, void *arg)
{
    sc_exchange_visit(worker->exchange, callback, arg);
}

uint32_t sc_exchange_subscriber_count(sc_worker_t *worker, sc_str_t channel)
{
    const sc_channel_t *known = sc_exchange_find(worker->exchange, channel);

    return known != NULL ? known->subscriber_count : 0;
}

sc_status_t sc_exchange_deliver(sc_worker_t *worker, sc_str_t channel, sc_str_t data)
{
    sc_channel_t *known;

    if (channel.len > SC_CHANNEL_BYTES_MAX)
        return SC_ERR_INVALID;
    known = sc_exchange_find(worker->exchange, channel);
    if (known != NULL)
        sc_exchange_hand_up(known, data);
    return SC_OK;
}

sc_status_t sc_exchange_deliver_to(sc_worker_t *worker, sc_str_t channel, sc_str_t data,
                                   sc_socket_t *const *sockets, size_t count)
{
    sc_channel_t *known;

    if (channel.len > SC_CHANNEL_BYTES_MAX)
        return SC_ERR_INVALID;
    known = sc_exchange_find(worker->exchange, channel);
    if (known != NULL)
        sc_fanout_to(worker, known, data, sockets, count);
    return SC_OK;
}

uint32_t sc_exchange_broker_of(const sc_worker_t *worker, sc_str_t channel)
{
    return sc_exchange_broker_for(worker->exchange, channel);
}

sc_status_t sc_exchange_send(sc_worker_t *worker, uint32_t broker, const char *plugin,
                             sc_str_t payload)
{
    return sc_exchange_send_plugin(worker->exchange, broker, sc_str_from(plugin), payload);
}

sc_status_t sc_exchange_on_broker(sc_worker_t *worker, const char *plugin,
                                  sc_broker_message_cb on_message, sc_link_cb on_link, void *arg)
{
    return sc_exchange_listen_plugin(worker->exchange, plugin, on_message, on_link, arg);
}
