/*
 * handle_unsubscribe.c: #unsubscribe (docs/protocol.md, "#unsubscribe"): performed at once, answered only if asked for.
 */
#include "common/alloc.h"
#include "worker/protocol/dispatch.h"
#include "worker/protocol/handle.h"
#include "worker/protocol/packet_error.h"
#include "worker/protocol/packet_write.h"
#include "worker/protocol/subscription.h"
#include "worker/worker.h"

static void refuse(sc_socket_t *socket, sc_str_t cid, sc_refusal_t refusal,
                   const sc_json_value_t *name)
{
    sc_text_t shown = {0};
    sc_text_t error = {0};

    sc_dispatch_show(&shown, name);
    sc_error_write_refusal(&error, refusal, sc_socket_id(socket), sc_text_str(&shown), 0);
    sc_packet_send_answer(socket, cid, sc_text_str(&error), sc_str_none());
    sc_text_free(&error);
    sc_text_free(&shown);
}

/* An #unsubscribe that waits for the socket's own messages in the channel. */
typedef struct waiting {
    sc_socket_t *socket; /* a reference */
    sc_text_t channel;
    sc_text_t cid; /* empty: no answer is wanted */
} waiting_t;

static void end_waiting(void *arg)
{
    waiting_t *waiting = arg;
    sc_socket_t *socket = waiting->socket;
    sc_subscription_t *subscription = sc_subscription_find(socket, sc_text_str(&waiting->channel));

    /* It may have ended meanwhile: kicked out, or the socket's end. */
    if (subscription != NULL)
        sc_subscription_end(subscription);
    sc_packet_send_ok(socket, waiting->cid.len > 0 ? sc_text_str(&waiting->cid) : sc_str_none());
    sc_text_free(&waiting->channel);
    sc_text_free(&waiting->cid);
    free(waiting);
    sc_socket_release_packets(socket);
    sc_socket_unref(socket);
}

/* The publisher's own messages come before the answer that the subscription is over (docs/protocol.md, "#publish"). @return
 * whether they are still on their way: then later packets wait too. */
static bool wait_for_own(sc_socket_t *socket, const sc_subscription_t *subscription, sc_str_t cid)
{
    sc_str_t channel = sc_channel_name(subscription->channel);
    waiting_t *waiting;

    if (subscription->published_seq == 0)
        return false;
    waiting = sc_new(waiting_t);
    if (!sc_exchange_after(socket->worker->exchange, channel, subscription->published_seq,
                           end_waiting, waiting)) {
        free(waiting);
        return false;
    }
    waiting->socket = sc_socket_ref(socket);
    sc_text_add(&waiting->channel, channel);
    sc_text_add(&waiting->cid, cid);
    sc_socket_hold_packets(socket);
    return true;
}

void sc_handle_unsubscribe(sc_socket_t *socket, const sc_incoming_t *incoming)
{
    const sc_json_value_t *name = &incoming->packet->data;
    sc_subscription_t *subscription = NULL;
    sc_text_t scratch = {0};

    if (name->kind != SC_JSON_STRING) {
        refuse(socket, incoming->cid, SC_REFUSE_UNSUBSCRIBE_NAME, name);
        return;
    }
    subscription = sc_subscription_find(socket, sc_dispatch_string(name, &scratch));
    sc_text_free(&scratch);
    if (subscription == NULL) {
        refuse(socket, incoming->cid, SC_REFUSE_UNSUBSCRIBE_UNKNOWN, name);
        return;
    }
    if (wait_for_own(socket, subscription, incoming->cid))
        return;
    sc_subscription_end(subscription);
    sc_packet_send_ok(socket, incoming->cid);
}
