/*
 * watch.c: plugins that listen to a channel. A watch may be ended while a message is handed out, by its own
 * callback or another's, so it is only marked then and freed at the end of the turn.
 */
#include "common/alloc.h"
#include "worker/exchange/exchange_private.h"

struct sc_watch {
    sc_list_t node;       /* in the channel's watches */
    sc_list_t ended_node; /* in the exchange's ended_watches */
    sc_channel_t *channel;
    sc_message_cb callback; /* NULL: ended */
    void *arg;
};

sc_watch_t *sc_exchange_add_watch(sc_exchange_t *exchange, sc_str_t channel, sc_message_cb callback,
                                  void *arg)
{
    sc_channel_t *held = sc_exchange_hold(exchange, channel);
    sc_watch_t *watch;

    if (held == NULL)
        return NULL;
    watch = sc_new(sc_watch_t);
    watch->channel = held;
    watch->callback = callback;
    watch->arg = arg;
    sc_list_init(&watch->node);
    sc_list_init(&watch->ended_node);
    sc_list_append(&held->watches, &watch->node);
    return watch;
}

void sc_watch_deliver(sc_channel_t *channel, sc_str_t data)
{
    sc_list_each(node, &channel->watches)
    {
        sc_watch_t *watch = sc_list_entry(node, sc_watch_t, node);

        if (watch->callback != NULL)
            watch->callback(sc_channel_name(channel), data, watch->arg);
    }
}

void sc_exchange_unwatch(sc_watch_t *watch)
{
    sc_exchange_t *exchange;

    if (watch == NULL || watch->callback == NULL)
        return;
    exchange = watch->channel->exchange;
    watch->callback = NULL;
    sc_list_append(&exchange->ended_watches, &watch->ended_node);
    sc_loop_defer(exchange->setup.loop, SC_TURN_FREE, &exchange->free_task);
}

static void free_watch(sc_watch_t *watch)
{
    sc_list_remove(&watch->node);
    sc_list_remove(&watch->ended_node);
    free(watch);
}

void sc_watch_free_ended(sc_exchange_t *exchange)
{
    while (!sc_list_is_empty(&exchange->ended_watches)) {
        sc_watch_t *watch = sc_list_entry(exchange->ended_watches.next, sc_watch_t, ended_node);
        sc_channel_t *channel = watch->channel;

        free_watch(watch);
        sc_channel_release(channel);
    }
}

void sc_watch_free_all(sc_channel_t *channel)
{
    while (!sc_list_is_empty(&channel->watches))
        free_watch(sc_list_entry(channel->watches.next, sc_watch_t, node));
}
