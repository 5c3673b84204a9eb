/*
 * handle_subscribe.c: #subscribe (docs/protocol.md, "#subscribe").
 */
#include "worker/protocol/batch.h"
#include "worker/protocol/dispatch.h"
#include "worker/protocol/handle.h"
#include "worker/protocol/packet_error.h"
#include "worker/protocol/packet_write.h"
#include "worker/protocol/subscription.h"
#include "worker/worker.h"

static void refuse(sc_socket_t *socket, sc_str_t cid, sc_refusal_t refusal, sc_str_t channel)
{
    sc_text_t error = {0};

    sc_error_write_refusal(&error, refusal, sc_socket_id(socket), channel,
                           socket->worker->options->socket_channel_limit);
    sc_packet_send_answer(socket, cid, sc_text_str(&error), sc_str_none());
    sc_text_free(&error);
}

/* Looked at first, for a channel that the socket has as well, and again after a middleware took its time. */
static bool is_at_limit(const sc_socket_t *socket)
{
    uint64_t limit = socket->worker->options->socket_channel_limit;

    return limit > 0 && socket->subscriptions.count >= limit;
}

static void refuse_expired(sc_socket_t *socket, sc_str_t cid, double expired_s)
{
    sc_text_t error = {0};

    sc_error_write_expired(&error, expired_s);
    sc_packet_send_answer(socket, cid, sc_text_str(&error), sc_str_none());
    sc_text_free(&error);
}

/* Its token has run out while middleware took its time: what it was granted for has ended, if that is asked for. */
static bool has_expired_meanwhile(const sc_action_t *action)
{
    return action->token_expires_s != 0 && action->socket->claims == NULL &&
           (double)sc_worker_wall_ms() > action->token_expires_s * 1000 &&
           action->worker->options->end_subscriptions_on_expiry;
}

static void on_asked(sc_action_t *action, bool is_allowed)
{
    sc_socket_t *socket = action->socket;

    if (!is_allowed)
        sc_packet_send_answer(socket, action->cid, sc_action_error(action), sc_str_none());
    else if (has_expired_meanwhile(action))
        refuse_expired(socket, action->cid, action->token_expires_s);
    else if (is_at_limit(socket))
        refuse(socket, action->cid, SC_REFUSE_CHANNEL_LIMIT, action->channel);
    else if (sc_subscription_begin(socket, action->channel, action->cid, action->data) != SC_OK)
        refuse(socket, action->cid, SC_REFUSE_SUBSCRIBE_NAME, action->channel);
}

static void ask(sc_socket_t *socket, const sc_incoming_t *incoming, sc_str_t channel, sc_str_t data)
{
    sc_action_t *action;

    if (is_at_limit(socket)) {
        refuse(socket, incoming->cid, SC_REFUSE_CHANNEL_LIMIT, channel);
        return;
    }
    action = sc_action_new(socket->worker, SC_ACTION_SUBSCRIBE, socket, on_asked);
    action->cid = incoming->cid;
    action->channel = channel;
    action->data = data;
    action->token_expires_s = socket->expires_s;
    sc_action_run(action);
}

static void refuse_name(sc_socket_t *socket, const sc_incoming_t *incoming,
                        const sc_json_value_t *name)
{
    sc_text_t shown = {0};

    sc_dispatch_show(&shown, name);
    refuse(socket, incoming->cid, SC_REFUSE_SUBSCRIBE_NAME, sc_text_str(&shown));
    sc_text_free(&shown);
}

/* What the packet asks for besides the channel, when its data is an object. */
static bool has_flag(const sc_packet_t *packet, const char *name)
{
    return packet->data.kind == SC_JSON_OBJECT &&
           sc_str_equal(sc_json_member(packet->data.text, name), SC_STR("true"));
}

/* Clients 8 to 14 collect subscriptions, and their servers the answers. */
static void take_batch_flag(sc_socket_t *socket)
{
    uint64_t duration_ms = socket->worker->options->pub_sub_batch_duration_ms;

    sc_socket_learn_version(socket, 1);
    socket->has_sent_array = true;
    if (duration_ms > 0)
        sc_batch_open(socket, duration_ms, duration_ms);
}

void sc_handle_subscribe(sc_socket_t *socket, const sc_incoming_t *incoming)
{
    const sc_packet_t *packet = incoming->packet;
    /* A plain string stands for the channel before anything else looks at it. */
    const sc_json_value_t *name =
        packet->data.kind == SC_JSON_STRING ? &packet->data : &packet->channel;
    sc_text_t scratch = {0};

    if (socket->state != SC_SOCKET_OPEN) {
        refuse(socket, incoming->cid, SC_REFUSE_SUBSCRIBE_TOO_EARLY, sc_str_none());
        return;
    }
    if (has_flag(packet, "batch"))
        take_batch_flag(socket);
    if (name->kind != SC_JSON_STRING)
        refuse_name(socket, incoming, name);
    else if (incoming->has_token_expired && has_flag(packet, "waitForAuth"))
        refuse_expired(socket, incoming->cid, incoming->expired_s);
    else
        ask(socket, incoming, sc_dispatch_string(name, &scratch), packet->inner_data.text);
    sc_text_free(&scratch);
}
