/*
 * handle_unsubscribe.c: #unsubscribe (docs/protocol.md, "#unsubscribe"): performed at once, answered only if asked for.
 */
#include "worker/protocol/dispatch.h"
#include "worker/protocol/handle.h"
#include "worker/protocol/packet_error.h"
#include "worker/protocol/packet_write.h"
#include "worker/protocol/subscription.h"

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
    sc_subscription_end(subscription);
    sc_packet_send_ok(socket, incoming->cid);
}
