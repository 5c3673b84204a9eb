/*
 * handle_publish.c: #publish from a client (docs/protocol.md, "#publish"): middleware, then the channel's broker. The acknowledgement
 * follows the broker's; the publisher's own message, if it is subscribed, comes before it.
 */
#include "common/alloc.h"
#include "worker/protocol/dispatch.h"
#include "worker/protocol/handle.h"
#include "worker/protocol/packet_error.h"
#include "worker/protocol/packet_write.h"
#include "worker/protocol/subscription.h"
#include "worker/worker.h"

/* What the broker's acknowledgement leads to. */
typedef struct publish_ack {
    sc_socket_t *socket; /* a reference */
    uint32_t cid_len;
    bool has_data;
    sc_text_t data;
    char cid[];
} publish_ack_t;

static void refuse(sc_socket_t *socket, sc_str_t cid, sc_refusal_t refusal, sc_str_t channel)
{
    sc_text_t error = {0};

    sc_error_write_refusal(&error, refusal, sc_socket_id(socket), channel, 0);
    sc_packet_send_answer(socket, cid, sc_text_str(&error), sc_str_none());
    sc_text_free(&error);
}

static publish_ack_t *new_ack(const sc_action_t *action)
{
    publish_ack_t *ack = sc_alloc_zeroed(1, sizeof(*ack) + action->cid.len);
    sc_str_t data = sc_action_ack_data(action);

    ack->socket = sc_socket_ref(action->socket);
    ack->cid_len = (uint32_t)action->cid.len;
    memcpy(ack->cid, action->cid.ptr, action->cid.len);
    ack->has_data = !sc_str_is_none(data);
    sc_text_add(&ack->data, data);
    return ack;
}

static void free_ack(publish_ack_t *ack)
{
    sc_socket_unref(ack->socket);
    sc_text_free(&ack->data);
    free(ack);
}

static void on_acknowledged(sc_status_t status, void *arg)
{
    publish_ack_t *ack = arg;

    if (status == SC_OK)
        sc_packet_send_answer(ack->socket, sc_str(ack->cid, ack->cid_len), sc_str_none(),
                              ack->has_data ? sc_text_str(&ack->data) : sc_str_none());
    free_ack(ack);
}

/* The publisher gets its own message, if it is subscribed: an #unsubscribe that follows waits for it. */
static void note_own(const sc_action_t *action, uint64_t seq)
{
    sc_subscription_t *subscription = sc_subscription_find(action->socket, action->channel);

    if (subscription != NULL)
        subscription->published_seq = seq;
}

static void publish(sc_action_t *action)
{
    publish_ack_t *ack = sc_str_is_none(action->cid) ? NULL : new_ack(action);
    uint64_t seq;
    sc_status_t status = sc_exchange_submit(action->worker->exchange, action->channel, action->data,
                                            ack != NULL ? on_acknowledged : NULL, ack, &seq);

    if (status == SC_OK) {
        note_own(action, seq);
        return;
    }
    if (ack != NULL)
        free_ack(ack);
    if (status == SC_ERR_LIMIT)
        sc_log(SC_LOG_WARN, "a publication was refused: publishBacklog is full");
    refuse(action->socket, action->cid,
           status == SC_ERR_LIMIT ? SC_REFUSE_PUBLISH_BACKLOG : SC_REFUSE_PUBLISH_NAME,
           action->channel);
}

static void on_asked(sc_action_t *action, bool is_allowed)
{
    if (is_allowed)
        publish(action);
    else
        sc_packet_send_answer(action->socket, action->cid, sc_action_error(action),
                              sc_action_ack_data(action));
}

static void refuse_name(sc_socket_t *socket, const sc_incoming_t *incoming)
{
    sc_text_t shown = {0};

    sc_dispatch_show(&shown, &incoming->packet->channel);
    refuse(socket, incoming->cid, SC_REFUSE_PUBLISH_NAME, sc_text_str(&shown));
    sc_text_free(&shown);
}

void sc_handle_publish(sc_socket_t *socket, const sc_incoming_t *incoming)
{
    const sc_packet_t *packet = incoming->packet;
    sc_text_t scratch = {0};
    sc_action_t *action;

    if (!socket->worker->options->allow_client_publish) {
        refuse(socket, incoming->cid, SC_REFUSE_PUBLISH_DISABLED, sc_str_none());
        return;
    }
    if (packet->channel.kind != SC_JSON_STRING) {
        refuse_name(socket, incoming);
        return;
    }
    action = sc_action_new(socket->worker, SC_ACTION_PUBLISH_IN, socket, on_asked);
    action->cid = incoming->cid;
    action->channel = sc_dispatch_string(&packet->channel, &scratch);
    action->data = packet->inner_data.text;
    sc_action_run(action);
    sc_text_free(&scratch);
}
