#include "worker/exchange/channel.h"

#include "common/alloc.h"
#include "worker/exchange/exchange_private.h"

/* ---- Names and holds ----------------------------------------------------------------------- */

sc_channel_t *sc_exchange_find(const sc_exchange_t *exchange, sc_str_t name)
{
    return sc_map_get(&exchange->channels, name);
}

void sc_exchange_visit(const sc_exchange_t *exchange, sc_exchange_channel_cb callback, void *arg)
{
    const sc_channel_t *channel;
    uint32_t cursor = 0;

    while ((channel = sc_map_next(&exchange->channels, &cursor)) != NULL) {
        if (channel->interest_count > 0)
            callback(sc_channel_name(channel), channel->subscriber_count, channel->own_count > 0,
                     arg);
    }
}

static sc_channel_t *new_channel(sc_exchange_t *exchange, sc_str_t name)
{
    sc_channel_t *channel = sc_alloc_zeroed(1, sizeof(*channel) + name.len + 1);

    channel->exchange = exchange;
    channel->broker = sc_exchange_broker_for(exchange, name);
    channel->name_len = (uint32_t)name.len;
    if (name.len > 0)
        memcpy(channel->name, name.ptr, name.len);
    sc_list_init(&channel->watches);
    sc_map_put(&exchange->channels, sc_channel_name(channel), channel);
    return channel;
}

sc_channel_t *sc_exchange_hold(sc_exchange_t *exchange, sc_str_t name)
{
    sc_channel_t *channel;

    if (name.len > SC_CHANNEL_BYTES_MAX)
        return NULL;
    channel = sc_exchange_find(exchange, name);
    if (channel == NULL)
        channel = new_channel(exchange, name);
    channel->hold_count++;
    return channel;
}

static void free_channel(sc_channel_t *channel)
{
    sc_watch_free_all(channel);
    sc_text_free(&channel->packet_head);
    free(channel->subscribers);
    free(channel);
}

void sc_channel_release(sc_channel_t *channel)
{
    sc_assert(channel->hold_count > 0);
    if (--channel->hold_count > 0)
        return;
    sc_map_remove(&channel->exchange->channels, sc_channel_name(channel));
    free_channel(channel);
}

void sc_channel_free_all(sc_exchange_t *exchange)
{
    uint32_t cursor = 0;
    sc_channel_t *channel;

    while ((channel = sc_map_next(&exchange->channels, &cursor)) != NULL)
        free_channel(channel);
    sc_map_deinit(&exchange->channels);
}

/* ---- Interest ------------------------------------------------------------------------------ */

static uint64_t tell_broker(sc_channel_t *channel, sc_bus_type_t type)
{
    sc_bus_record_t record = {.type = type, .name = sc_channel_name(channel)};

    return sc_bus_link_add(&channel->exchange->links[channel->broker].bus, &record);
}

/* A broker that is not there will be asked once it is. */
static void ask(sc_channel_t *channel)
{
    channel->state = SC_CHANNEL_ASKED;
    if (tell_broker(channel, SC_BUS_SUBSCRIBE) == 0)
        return;
    channel->unanswered_count++;
    channel->hold_count++;
}

void sc_channel_join(sc_channel_t *channel)
{
    if (channel->interest_count++ == 0)
        ask(channel);
}

void sc_channel_part(sc_channel_t *channel)
{
    sc_assert(channel->interest_count > 0);
    if (--channel->interest_count > 0)
        return;
    channel->state = SC_CHANNEL_IDLE;
    tell_broker(channel, SC_BUS_UNSUBSCRIBE);
}

void sc_channel_on_subscribed(sc_exchange_t *exchange, sc_str_t name)
{
    sc_channel_t *channel = sc_exchange_find(exchange, name);

    if (channel == NULL || channel->unanswered_count == 0)
        return;
    channel->unanswered_count--;
    if (channel->unanswered_count == 0 && channel->state == SC_CHANNEL_ASKED) {
        channel->state = SC_CHANNEL_STANDING;
        exchange->setup.handler->on_standing(channel, exchange->setup.arg);
    }
    sc_channel_release(channel);
}

/* ---- A new broker -------------------------------------------------------------------------- */

/* Nobody answers what the former broker was asked. */
static void ask_anew(sc_channel_t *channel)
{
    uint32_t holds = channel->unanswered_count;

    channel->unanswered_count = 0;
    if (channel->interest_count > 0)
        ask(channel);
    while (holds-- > 0)
        sc_channel_release(channel);
}

void sc_channel_ask_again(sc_exchange_t *exchange, uint32_t broker)
{
    /* Asking may free channels, so the map can't be walked meanwhile. */
    sc_channel_t **channels = sc_alloc_zeroed(exchange->channels.count + 1u, sizeof(*channels));
    uint32_t count = 0;
    uint32_t cursor = 0;
    sc_channel_t *channel;

    while ((channel = sc_map_next(&exchange->channels, &cursor)) != NULL) {
        if (channel->broker == broker)
            channels[count++] = channel;
    }
    for (uint32_t i = 0; i < count; i++)
        ask_anew(channels[i]);
    free(channels);
}
