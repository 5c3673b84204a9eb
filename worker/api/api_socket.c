/*
 * api_socket.c: what plugins do with a client: include/sc/socket.h; its token: api_token.c.
 */
#include "common/alloc.h"
#include "worker/protocol/packet_error.h"
#include "worker/protocol/packet_write.h"
#include "worker/protocol/server_call.h"
#include "worker/protocol/subscription.h"
#include "worker/worker.h"

sc_worker_t *sc_socket_worker(const sc_socket_t *socket)
{
    return socket->worker;
}

sc_str_t sc_socket_id(const sc_socket_t *socket)
{
    return sc_str(socket->id, SC_SOCKET_ID_CHARS);
}

bool sc_socket_is_open(const sc_socket_t *socket)
{
    return socket->state == SC_SOCKET_OPEN;
}

sc_socket_phase_t sc_socket_phase(const sc_socket_t *socket)
{
    switch ((sc_socket_state_t)socket->state) {
    case SC_SOCKET_NEW:
    case SC_SOCKET_SHAKING:
        return SC_SOCKET_PHASE_CONNECTING;
    case SC_SOCKET_OPEN:
        return SC_SOCKET_PHASE_OPEN;
    case SC_SOCKET_ENDED:
        break;
    }
    return SC_SOCKET_PHASE_CLOSED;
}

int sc_socket_protocol_version(const sc_socket_t *socket)
{
    return socket->version;
}

uint64_t sc_socket_age_ms(const sc_socket_t *socket)
{
    return sc_loop_now_ms(&socket->worker->loop) - socket->opened_ms;
}

void sc_socket_traffic(const sc_socket_t *socket, sc_socket_traffic_t *traffic, size_t traffic_size)
{
    const sc_socket_traffic_t known = {
        .received_messages = socket->received_messages,
        .received_bytes = socket->received_bytes,
        .sent_frames = socket->sent_frames,
        .sent_bytes = socket->sent_bytes,
        .backlog_bytes = socket->conn != NULL ? sc_conn_backlog(socket->conn) : 0,
    };

    memset(traffic, 0, traffic_size);
    memcpy(traffic, &known, traffic_size < sizeof(known) ? traffic_size : sizeof(known));
}

uint16_t sc_socket_remote_port(const sc_socket_t *socket)
{
    return socket->remote_port;
}

sc_str_t sc_socket_header(const sc_socket_t *socket, const char *name)
{
    return sc_hooks_find_header(&socket->worker->hooks, socket->headers, name);
}

sc_str_t sc_socket_remote_address(const sc_socket_t *socket)
{
    return sc_str_from(socket->address);
}

sc_str_t sc_socket_query(const sc_socket_t *socket)
{
    return sc_str_from(socket->query);
}

sc_socket_t *sc_worker_find_socket(sc_worker_t *worker, sc_str_t id)
{
    return sc_map_get(&worker->sockets_by_id, id);
}

void sc_worker_each_socket(sc_worker_t *worker, sc_socket_cb callback, void *arg)
{
    /* Sockets leave the list at the end of the turn only, so the callback may close any of them. */
    sc_list_each(node, &worker->sockets)
    {
        sc_socket_t *socket = sc_list_entry(node, sc_socket_t, node);

        if (socket->state == SC_SOCKET_OPEN)
            callback(socket, arg);
    }
}

static uint64_t expect(sc_socket_t *socket, sc_answer_cb callback, void *arg, uint32_t timeout_ms)
{
    return callback != NULL ? sc_server_call_expect(socket, callback, arg, timeout_ms) : 0;
}

/* ---- Sending ---------------------------------------------------------------------------------------------- */

sc_status_t sc_socket_emit(sc_socket_t *socket, sc_str_t event, sc_str_t data,
                           sc_answer_cb callback, void *arg, uint32_t timeout_ms)
{
    if (!sc_socket_is_open(socket))
        return SC_ERR_STATE;
    sc_packet_send_event(socket, event, data, expect(socket, callback, arg, timeout_ms));
    return SC_OK;
}

sc_status_t sc_socket_publish(sc_socket_t *socket, sc_str_t name, sc_str_t data)
{
    sc_channel_t *channel;

    if (!sc_socket_is_open(socket))
        return SC_ERR_STATE;
    channel = sc_exchange_hold(socket->worker->exchange, name);
    if (channel == NULL)
        return SC_ERR_INVALID;
    sc_socket_send_new_frame(socket, socket->codec->write_publish(channel, data));
    sc_channel_release(channel);
    return SC_OK;
}

sc_status_t sc_socket_send_raw(sc_socket_t *socket, sc_str_t text)
{
    sc_buf_t *frame;

    if (!sc_socket_is_open(socket))
        return SC_ERR_STATE;
    frame = socket->codec->write_raw(text);
    sc_socket_send_apart(socket, frame);
    sc_buf_unref(frame);
    return SC_OK;
}

/* ---- Channels --------------------------------------------------------------------------------------------- */

bool sc_socket_is_subscribing(const sc_socket_t *socket, sc_str_t channel)
{
    const sc_subscription_t *subscription = sc_subscription_find(socket, channel);

    return subscription != NULL && !subscription->stands;
}

bool sc_socket_is_subscribed(const sc_socket_t *socket, sc_str_t channel)
{
    const sc_subscription_t *subscription = sc_subscription_find(socket, channel);

    return subscription != NULL && subscription->stands;
}

uint32_t sc_socket_channel_count(const sc_socket_t *socket)
{
    return socket->subscriptions.count;
}

void sc_socket_each_channel(const sc_socket_t *socket, sc_channel_cb callback, void *arg)
{
    const sc_subscription_t *subscription;
    uint32_t cursor = 0;

    while ((subscription = sc_map_next(&socket->subscriptions, &cursor)) != NULL) {
        if (subscription->stands)
            callback(sc_channel_name(subscription->channel), arg);
    }
}

static void kick_out_of_all(sc_socket_t *socket, sc_str_t message)
{
    sc_subscription_t *subscription;
    uint32_t cursor = 0;

    while ((subscription = sc_map_next(&socket->subscriptions, &cursor)) != NULL) {
        sc_subscription_kick_out(subscription, message);
        cursor = 0; /* the map has changed */
    }
}

sc_status_t sc_socket_kick_out(sc_socket_t *socket, sc_str_t channel, sc_str_t message)
{
    sc_subscription_t *subscription;

    if (!sc_socket_is_open(socket))
        return SC_ERR_STATE;
    if (sc_str_is_none(channel)) {
        kick_out_of_all(socket, message);
        return SC_OK;
    }
    subscription = sc_subscription_find(socket, channel);
    /* The packet goes out in any case: the client may be about to subscribe. */
    if (subscription != NULL)
        sc_subscription_kick_out(subscription, message);
    else
        sc_packet_send_kick_out(socket, channel, message);
    return SC_OK;
}

/* ---- The end ------------------------------------------------------------------------------------------------ */

void sc_socket_disconnect(sc_socket_t *socket, int code, sc_str_t reason)
{
    sc_socket_end(socket, sc_ws_close_code_is_valid(code) ? code : SC_WS_CLOSE_NORMAL, reason);
}

void sc_socket_terminate(sc_socket_t *socket)
{
    sc_socket_cut(socket);
}

/* ---- A plugin's own data of a socket -------------------------------------------------------------------------- */

void *sc_socket_get(const sc_socket_t *socket, uint32_t slot)
{
    sc_assert(slot < socket->worker->hooks.slot_count);
    return socket->slots != NULL ? socket->slots[slot] : NULL;
}

void sc_socket_set(sc_socket_t *socket, uint32_t slot, void *value)
{
    sc_assert(slot < socket->worker->hooks.slot_count);
    if (socket->slots == NULL)
        socket->slots = sc_alloc_zeroed(socket->worker->hooks.slot_count, sizeof(socket->slots[0]));
    socket->slots[slot] = value;
}
