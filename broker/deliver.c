#include "broker/deliver.h"

#include "broker/broker.h"
#include "common/alloc.h"

/* ---- Publications that wait ---------------------------------------------------------------- */

static sc_pending_t *take_pending(sc_deliver_t *deliver)
{
    sc_pending_t *pending = deliver->free_list;

    deliver->pending_count++;
    if (pending == NULL)
        return sc_new(sc_pending_t);
    deliver->free_list = pending->next;
    return pending;
}

static void give_back(sc_deliver_t *deliver, sc_pending_t *pending)
{
    deliver->pending_count--;
    pending->next = deliver->free_list;
    deliver->free_list = pending;
    if (deliver->pending_count > 0)
        return;
    /* None is left: what a busy time needed is freed at its end, but for one. */
    while ((pending = deliver->free_list->next) != NULL) {
        deliver->free_list->next = pending->next;
        free(pending);
    }
}

void sc_deliver_on_confirmed(sc_deliver_t *deliver, sc_pending_t *pending)
{
    sc_assert(pending->waiting_count > 0);
    if (--pending->waiting_count > 0)
        return;
    if (pending->from->bus.instance == pending->origin)
        sc_peer_acknowledge(pending->from, pending->seq);
    give_back(deliver, pending);
}

/* ---- From publication to messages ---------------------------------------------------------- */

static void tell_plugins(const sc_broker_t *broker, uint32_t worker, sc_str_t channel,
                         sc_str_t data)
{
    sc_broker_event_t event = {
        .type = SC_BROKER_PUBLISH, .worker = worker, .channel = channel, .data = data};

    sc_broker_hooks_tell(&broker->hooks, &event);
}

/* Adds the message to the batch of each worker on the route. `pending`, if there is one, waits for all but the
 * publisher's own. */
static void send_to_route(sc_broker_t *broker, const sc_route_t *route,
                          const sc_bus_record_t *message, sc_pending_t *pending)
{
    for (uint32_t worker = sc_route_next(route, 0); worker != UINT32_MAX;
         worker = sc_route_next(route, worker + 1)) {
        sc_peer_t *peer = &broker->peers[worker];
        uint64_t batch_seq = sc_bus_link_add(&peer->bus, message);

        /* A link that takes nothing is one whose worker is about to be replaced. */
        if (batch_seq == 0 || pending == NULL || peer == pending->from)
            continue;
        pending->waiting_count++;
        sc_peer_wait_for(peer, batch_seq, pending);
    }
}

static bool has_others(const sc_route_t *route, const sc_peer_t *from)
{
    uint32_t worker = sc_route_next(route, 0);

    if (worker == from->worker)
        worker = sc_route_next(route, worker + 1);
    return worker != UINT32_MAX;
}

void sc_deliver_publish(sc_deliver_t *deliver, sc_peer_t *from, const sc_bus_record_t *publish)
{
    sc_broker_t *broker = deliver->broker;
    sc_bus_record_t message = *publish;
    const sc_route_t *route;
    sc_pending_t *pending = NULL;

    tell_plugins(broker, from->worker, publish->name, publish->data);
    message.type = SC_BUS_MESSAGE;
    message.origin = from->bus.instance;
    route = sc_route_find(&broker->routes, publish->name);
    if (route != NULL && has_others(route, from)) {
        pending = take_pending(deliver);
        pending->from = from;
        pending->origin = message.origin;
        pending->seq = publish->seq;
        pending->waiting_count = 1; /* this function's own, so that a worker that fails meanwhile can't end it */
    }
    if (route != NULL)
        send_to_route(broker, route, &message, pending);
    if (pending != NULL)
        sc_deliver_on_confirmed(deliver, pending);
    else
        sc_peer_acknowledge(from, publish->seq);
}

/* ---- What plugins publish ------------------------------------------------------------------ */

typedef struct own_message {
    sc_list_t node;
    size_t channel_len;
    size_t data_len;
    bool has_data;
    char bytes[];
} own_message_t;

void sc_deliver_publish_own(sc_deliver_t *deliver, sc_str_t channel, sc_str_t data)
{
    own_message_t *own = sc_alloc_zeroed(1, sizeof(*own) + channel.len + data.len);

    own->channel_len = channel.len;
    own->data_len = data.len;
    own->has_data = !sc_str_is_none(data);
    if (channel.len > 0)
        memcpy(own->bytes, channel.ptr, channel.len);
    if (data.len > 0)
        memcpy(own->bytes + channel.len, data.ptr, data.len);
    sc_list_init(&own->node);
    sc_list_append(&deliver->own, &own->node);
    sc_deliver_on_ready(deliver);
}

void sc_deliver_on_ready(sc_deliver_t *deliver)
{
    if (deliver->broker->is_ready && !sc_list_is_empty(&deliver->own))
        sc_loop_defer(&deliver->broker->loop, SC_TURN_WORK, &deliver->own_task);
}

static void send_own(sc_deliver_t *deliver, const own_message_t *own)
{
    sc_broker_t *broker = deliver->broker;
    sc_bus_record_t message = {
        .type = SC_BUS_MESSAGE,
        .seq = ++deliver->own_seq,
        .origin = broker->instance,
        .name = sc_str(own->bytes, own->channel_len),
        .data = own->has_data ? sc_str(own->bytes + own->channel_len, own->data_len)
                              : sc_str_none(),
    };
    const sc_route_t *route;

    tell_plugins(broker, UINT32_MAX, message.name, message.data);
    route = sc_route_find(&broker->routes, message.name);
    if (route != NULL)
        send_to_route(broker, route, &message, NULL);
}

/* Only what is there now: a plugin that publishes whenever something is published must not hold up the rest. */
static void run_own(sc_turn_task_t *task)
{
    sc_deliver_t *deliver = sc_list_entry(task, sc_deliver_t, own_task);
    sc_list_t messages;
    sc_list_t *node;

    sc_list_init(&messages);
    sc_list_move_all(&messages, &deliver->own);
    while ((node = sc_list_pop(&messages)) != NULL) {
        own_message_t *own = sc_list_entry(node, own_message_t, node);

        send_own(deliver, own);
        free(own);
    }
}

void sc_deliver_flush_own(sc_deliver_t *deliver)
{
    if (deliver->broker->is_ready && !sc_list_is_empty(&deliver->own))
        run_own(&deliver->own_task);
}

/* ---- Start and end ------------------------------------------------------------------------- */

void sc_deliver_init(sc_deliver_t *deliver, sc_broker_t *broker)
{
    memset(deliver, 0, sizeof(*deliver));
    deliver->broker = broker;
    sc_list_init(&deliver->own);
    sc_turn_task_init(&deliver->own_task, run_own);
}

void sc_deliver_deinit(sc_deliver_t *deliver)
{
    sc_list_t *node;
    sc_pending_t *pending;

    sc_turn_task_cancel(&deliver->own_task);
    while ((node = sc_list_pop(&deliver->own)) != NULL)
        free(sc_list_entry(node, own_message_t, node));
    while ((pending = deliver->free_list) != NULL) {
        deliver->free_list = pending->next;
        free(pending);
    }
}
