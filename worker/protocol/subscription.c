#include "worker/protocol/subscription.h"

#include "common/alloc.h"
#include "worker/protocol/packet_write.h"
#include "worker/worker.h"

sc_subscription_t *sc_subscription_find(const sc_socket_t *socket, sc_str_t channel)
{
    return sc_map_get(&socket->subscriptions, channel);
}

/* ---- A channel's subscribers: an array, so that fan-out reads memory in order -------------------------------- */

static void add_subscriber(sc_channel_t *channel, sc_subscription_t *subscription)
{
    if (channel->subscriber_count == channel->subscriber_capacity) {
        channel->subscriber_capacity =
            channel->subscriber_capacity == 0 ? 2 : channel->subscriber_capacity * 2;
        channel->subscribers = sc_realloc(
            channel->subscribers, channel->subscriber_capacity * sizeof(channel->subscribers[0]));
    }
    subscription->index = channel->subscriber_count;
    channel->subscribers[channel->subscriber_count++] = subscription;
}

static void remove_subscriber(sc_channel_t *channel, sc_subscription_t *subscription)
{
    sc_subscription_t *last = channel->subscribers[--channel->subscriber_count];

    channel->subscribers[subscription->index] = last;
    last->index = subscription->index;
    if (channel->subscriber_count == 0) {
        free(channel->subscribers);
        channel->subscribers = NULL;
        channel->subscriber_capacity = 0;
    }
}

/* ---- Waiting for the broker ------------------------------------------------------------------------------------ */

static void add_wait(sc_subscription_t *subscription, sc_str_t cid, sc_str_t data)
{
    sc_subscribe_wait_t *wait = sc_new(sc_subscribe_wait_t);
    sc_subscribe_wait_t **end = &subscription->waits;

    sc_text_add(&wait->cid, cid);
    wait->has_data = !sc_str_is_none(data);
    sc_text_add(&wait->data, data);
    while (*end != NULL)
        end = &(*end)->next;
    *end = wait;
}

static void free_wait(sc_subscribe_wait_t *wait)
{
    sc_text_free(&wait->cid);
    sc_text_free(&wait->data);
    free(wait);
}

static void tell_standing(sc_subscription_t *subscription, sc_str_t data)
{
    sc_event_t event = {.type = SC_EVENT_SUBSCRIPTION,
                        .socket = subscription->socket,
                        .channel = sc_channel_name(subscription->channel),
                        .data = data};

    if (subscription->stands)
        return;
    subscription->stands = true;
    sc_hooks_tell(&subscription->socket->worker->hooks, &event);
}

static void answer_wait(sc_socket_t *socket, const sc_subscribe_wait_t *wait)
{
    sc_packet_send_ok(socket, wait->cid.len > 0 ? sc_text_str(&wait->cid) : sc_str_none());
}

/* Answers all that wait, then tells listeners, who may end the subscription. */
static void become_standing(sc_subscription_t *subscription)
{
    sc_subscribe_wait_t *first = subscription->waits;

    subscription->waits = NULL;
    for (sc_subscribe_wait_t *wait = first; wait != NULL; wait = wait->next)
        answer_wait(subscription->socket, wait);
    tell_standing(subscription, first->has_data ? sc_text_str(&first->data) : sc_str_none());
    while (first != NULL) {
        sc_subscribe_wait_t *next = first->next;

        free_wait(first);
        first = next;
    }
}

void sc_subscription_on_standing(sc_channel_t *channel)
{
    uint32_t i = 0;

    /* Listeners may end subscriptions, which moves the array's last one to their place: look again from the front until
     * none waits. Each is looked at with its waits only once. */
    while (i < channel->subscriber_count) {
        sc_subscription_t *subscription = channel->subscribers[i];

        if (subscription->waits != NULL && sc_socket_is_alive(subscription->socket)) {
            become_standing(subscription);
            if (i < channel->subscriber_count && channel->subscribers[i] == subscription)
                i++;
            else
                i = 0;
        } else {
            i++;
        }
    }
}

/* ---- Begin and end ------------------------------------------------------------------------------------------- */

static sc_subscription_t *make(sc_socket_t *socket, sc_channel_t *channel)
{
    sc_subscription_t *subscription = sc_new(sc_subscription_t);

    subscription->socket = socket;
    subscription->channel = channel;
    subscription->is_by_token = true;
    sc_map_put(&socket->subscriptions, sc_channel_name(channel), subscription);
    add_subscriber(channel, subscription);
    sc_channel_join(channel);
    return subscription;
}

sc_status_t sc_subscription_begin(sc_socket_t *socket, sc_str_t name, sc_str_t cid, sc_str_t data)
{
    sc_subscription_t *subscription = sc_subscription_find(socket, name);

    if (subscription == NULL) {
        sc_channel_t *channel = sc_exchange_hold(socket->worker->exchange, name);

        if (channel == NULL)
            return SC_ERR_INVALID;
        subscription = make(socket, channel);
    }
    if (socket->claims == NULL)
        subscription->is_by_token = false;
    if (subscription->waits != NULL || subscription->channel->state != SC_CHANNEL_STANDING) {
        add_wait(subscription, cid, data);
        return SC_OK;
    }
    sc_packet_send_ok(socket, cid);
    tell_standing(subscription, data);
    return SC_OK;
}

static void drop_waits(sc_subscription_t *subscription)
{
    while (subscription->waits != NULL) {
        sc_subscribe_wait_t *wait = subscription->waits;

        subscription->waits = wait->next;
        /* Clients set no timeout on a #subscribe: it is always answered. */
        answer_wait(subscription->socket, wait);
        free_wait(wait);
    }
}

void sc_subscription_kick_out(sc_subscription_t *subscription, sc_str_t message)
{
    /* First what waits: behind the packet an answer would look like one to a new subscription. */
    drop_waits(subscription);
    sc_packet_send_kick_out(subscription->socket, sc_channel_name(subscription->channel), message);
    sc_subscription_end(subscription);
}

void sc_subscription_end(sc_subscription_t *subscription)
{
    sc_channel_t *channel = subscription->channel;
    sc_socket_t *socket = subscription->socket;
    sc_event_t event = {.type = SC_EVENT_UNSUBSCRIPTION,
                        .socket = socket,
                        .channel = sc_channel_name(channel),
                        .code = sc_socket_is_alive(socket) ? 0 : socket->end_code};
    bool stood = subscription->stands;

    drop_waits(subscription);
    sc_map_remove(&socket->subscriptions, sc_channel_name(channel));
    remove_subscriber(channel, subscription);
    free(subscription);
    if (stood)
        sc_hooks_tell(&socket->worker->hooks, &event);
    /* Last: the event's name is the channel's. */
    sc_channel_part(channel);
    sc_channel_release(channel);
}
