#include "broker/peer.h"

#include "broker/broker.h"
#include "common/alloc.h"

#define RING_CAPACITY_MIN 16u

static sc_peer_t *peer_of(sc_bus_link_t *bus)
{
    return sc_list_entry(bus, sc_peer_t, bus);
}

static void tell_plugins(const sc_peer_t *peer, sc_broker_event_type_t type, sc_str_t channel)
{
    sc_broker_event_t event = {.type = type, .worker = peer->worker, .channel = channel};

    sc_broker_hooks_tell(&peer->broker->hooks, &event);
}

/* ---- Confirmations ------------------------------------------------------------------------- */

static void grow_waits(sc_peer_t *peer)
{
    uint32_t capacity =
        peer->wait_capacity == 0 ? RING_CAPACITY_MIN : peer->wait_capacity * 2;
    sc_peer_wait_t *waits = sc_alloc_zeroed(capacity, sizeof(*waits));

    for (uint32_t i = 0; i < peer->wait_count; i++)
        waits[i] = peer->waits[(peer->wait_first + i) & (peer->wait_capacity - 1)];
    free(peer->waits);
    peer->waits = waits;
    peer->wait_first = 0;
    peer->wait_capacity = capacity;
}

void sc_peer_wait_for(sc_peer_t *peer, uint64_t batch_seq, sc_pending_t *pending)
{
    sc_peer_wait_t wait = {batch_seq, pending};

    if (peer->wait_count == peer->wait_capacity)
        grow_waits(peer);
    peer->waits[(peer->wait_first + peer->wait_count) & (peer->wait_capacity - 1)] = wait;
    peer->wait_count++;
}

/* All batches up to `seq` are confirmed. */
static void end_waits(sc_peer_t *peer, uint64_t seq)
{
    while (peer->wait_count > 0) {
        sc_peer_wait_t wait = peer->waits[peer->wait_first];

        if (wait.batch_seq > seq)
            return;
        peer->wait_first = (peer->wait_first + 1) & (peer->wait_capacity - 1);
        peer->wait_count--;
        sc_deliver_on_confirmed(&peer->broker->deliver, wait.pending);
    }
}

static void on_confirm(sc_bus_link_t *bus, uint64_t seq)
{
    end_waits(peer_of(bus), seq);
}

/* ---- Acks ---------------------------------------------------------------------------------- */

void sc_peer_acknowledge(sc_peer_t *peer, uint64_t seq)
{
    sc_peer_ack_t *last = peer->ack_count > 0 ? &peer->acks[peer->ack_count - 1] : NULL;

    sc_bus_link_flush_later(&peer->bus);
    if (last != NULL && last->seq + last->count == seq && last->count < UINT32_MAX) {
        last->count++;
        return;
    }
    if (peer->ack_count == peer->ack_capacity) {
        peer->ack_capacity = peer->ack_capacity == 0 ? RING_CAPACITY_MIN : peer->ack_capacity * 2;
        peer->acks = sc_realloc(peer->acks, peer->ack_capacity * sizeof(*peer->acks));
    }
    peer->acks[peer->ack_count++] = (sc_peer_ack_t){seq, 1};
}

static void on_flush(sc_bus_link_t *bus)
{
    sc_peer_t *peer = peer_of(bus);

    for (uint32_t i = 0; i < peer->ack_count; i++) {
        sc_bus_record_t record = {
            .type = SC_BUS_ACK, .seq = peer->acks[i].seq, .count = peer->acks[i].count};

        sc_bus_link_add(bus, &record);
    }
    peer->ack_count = 0;
}

/* ---- Coming and going ---------------------------------------------------------------------- */

static void on_route_removed(sc_str_t channel, uint32_t worker, void *arg)
{
    const sc_peer_t *peer = arg;

    (void)worker;
    tell_plugins(peer, SC_BROKER_UNSUBSCRIBE, channel);
}

/* The worker's process has ended: nobody will confirm, or wants acks. */
static void end_process(sc_peer_t *peer)
{
    peer->is_known = false;
    peer->is_up = false;
    peer->ack_count = 0;
    sc_route_remove_worker(&peer->broker->routes, peer->worker, on_route_removed, peer);
    end_waits(peer, UINT64_MAX);
    tell_plugins(peer, SC_BROKER_WORKER_DOWN, sc_str_none());
}

/* A new process may come before the master's word that the old one has ended. */
static void on_instance(sc_bus_link_t *bus)
{
    sc_peer_t *peer = peer_of(bus);

    if (peer->is_known)
        end_process(peer);
    peer->is_known = true;
    peer->is_settled = false;
}

void sc_peer_on_worker_down(sc_peer_t *peer, uint32_t restart_count)
{
    if (peer->is_known && restart_count != UINT32_MAX &&
        sc_bus_instance_is_after(peer->bus.instance, restart_count))
        return; /* its successor is here already */
    sc_bus_link_forget(&peer->bus);
    end_process(peer);
    peer->is_settled = true;
    sc_broker_on_settled(peer->broker);
}

static void on_failed(sc_bus_link_t *bus)
{
    const sc_peer_t *peer = peer_of(bus);
    json_t *message;

    if (peer->broker->control == NULL)
        return;
    message = json_pack("{s:s, s:I}", "type", "stalled", "worker", (json_int_t)peer->worker);
    if (message == NULL)
        sc_die("out of memory: a message to the master");
    sc_control_send(peer->broker->control, message);
}

/* ---- Records ------------------------------------------------------------------------------- */

static void take_subscribe(sc_peer_t *peer, sc_str_t channel)
{
    sc_bus_record_t answer = {.type = SC_BUS_SUBSCRIBED, .name = channel};

    if (sc_route_add(&peer->broker->routes, channel, peer->worker))
        tell_plugins(peer, SC_BROKER_SUBSCRIBE, channel);
    sc_bus_link_add(&peer->bus, &answer);
}

static void take_unsubscribe(sc_peer_t *peer, sc_str_t channel)
{
    if (sc_route_remove(&peer->broker->routes, channel, peer->worker))
        tell_plugins(peer, SC_BROKER_UNSUBSCRIBE, channel);
}

static void take_synced(sc_peer_t *peer)
{
    if (peer->is_up)
        return;
    peer->is_up = true;
    peer->is_settled = true;
    tell_plugins(peer, SC_BROKER_WORKER_UP, sc_str_none());
    sc_broker_on_settled(peer->broker);
}

static void take_plugin_message(const sc_peer_t *peer, const sc_bus_record_t *record)
{
    sc_broker_event_t event = {
        .type = SC_BROKER_MESSAGE, .worker = peer->worker, .data = record->data};

    sc_broker_hooks_tell_plugin(&peer->broker->hooks, &event, record->name);
}

static bool on_record(sc_bus_link_t *bus, const sc_bus_record_t *record)
{
    sc_peer_t *peer = peer_of(bus);

    switch (record->type) {
    case SC_BUS_PUBLISH:
        if (!peer->broker->is_ready)
            return false;
        sc_deliver_flush_own(&peer->broker->deliver);
        sc_deliver_publish(&peer->broker->deliver, peer, record);
        break;
    case SC_BUS_SUBSCRIBE:
        take_subscribe(peer, record->name);
        break;
    case SC_BUS_UNSUBSCRIBE:
        take_unsubscribe(peer, record->name);
        break;
    case SC_BUS_SYNCED:
        take_synced(peer);
        break;
    case SC_BUS_PLUGIN:
        take_plugin_message(peer, record);
        break;
    default:
        sc_bus_link_fail(bus, "the worker sent a record that only brokers send");
    }
    return true;
}

/* ---- Open and close ------------------------------------------------------------------------ */

static const sc_bus_handler_t handler = {
    .on_instance = on_instance,
    .on_record = on_record,
    .on_confirm = on_confirm,
    .on_flush = on_flush,
    .on_failed = on_failed,
};

sc_status_t sc_peer_open(sc_peer_t *peer, sc_broker_t *broker, uint32_t worker)
{
    sc_bus_setup_t setup = {
        .loop = &broker->loop,
        .runtime_dir = broker->setup->runtime_dir,
        .broker_id = broker->id,
        .worker_id = worker,
        .is_broker = true,
        .instance = broker->instance,
        .queue_bytes_max = SC_PEER_QUEUE_BYTES_MAX,
        .handler = &handler,
    };

    peer->broker = broker;
    peer->worker = worker;
    return sc_bus_link_open(&peer->bus, &setup);
}

void sc_peer_close(sc_peer_t *peer)
{
    if (peer->broker == NULL)
        return;
    end_waits(peer, UINT64_MAX);
    sc_bus_link_close(&peer->bus);
    free(peer->waits);
    free(peer->acks);
    memset(peer, 0, sizeof(*peer));
}
