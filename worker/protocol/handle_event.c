/*
 * handle_event.c: events of the application: emit middleware, then the plugin that handles the event. Without a handler there is no
 * answer (docs/protocol.md, "Events and answers").
 */
#include "common/alloc.h"
#include "worker/protocol/handle.h"
#include "worker/protocol/packet_error.h"
#include "worker/protocol/packet_write.h"
#include "worker/worker.h"

/* Spans point into `text`, which holds the event's name, its data and its cid one after the other. */
struct sc_call {
    sc_socket_t *socket; /* a reference */
    sc_str_t event;
    sc_str_t data;
    sc_str_t cid;
    char text[];
};

static sc_str_t keep(char **at, sc_str_t span)
{
    sc_str_t kept = sc_str_is_none(span) ? span : sc_str(*at, span.len);

    if (span.len > 0)
        memcpy(*at, span.ptr, span.len);
    *at += span.len;
    return kept;
}

static sc_call_t *new_call(const sc_action_t *action)
{
    sc_call_t *call =
        sc_alloc_zeroed(1, sizeof(*call) + action->event.len + action->data.len + action->cid.len);
    char *at = call->text;

    call->socket = sc_socket_ref(action->socket);
    call->event = keep(&at, action->event);
    call->data = keep(&at, action->data);
    call->cid = keep(&at, action->cid);
    return call;
}

static void on_asked(sc_action_t *action, bool is_allowed)
{
    const sc_call_handler_t *handler;

    if (!is_allowed) {
        sc_packet_send_answer(action->socket, action->cid, sc_action_error(action), sc_str_none());
        return;
    }
    handler = sc_hooks_find_call(&action->worker->hooks, action->event);
    if (handler != NULL)
        handler->callback(new_call(action), handler->arg);
}

void sc_handle_event(sc_socket_t *socket, const sc_incoming_t *incoming)
{
    sc_action_t *action = sc_action_new(socket->worker, SC_ACTION_EMIT, socket, on_asked);

    action->event = incoming->event;
    action->data = incoming->packet->data.text;
    action->cid = incoming->cid;
    sc_action_run(action);
}

sc_socket_t *sc_call_socket(const sc_call_t *call)
{
    return call->socket;
}

sc_str_t sc_call_event(const sc_call_t *call)
{
    return call->event;
}

sc_str_t sc_call_data(const sc_call_t *call)
{
    return call->data;
}

bool sc_call_wants_answer(const sc_call_t *call)
{
    return !sc_str_is_none(call->cid);
}

void sc_call_drop(sc_call_t *call)
{
    sc_socket_unref(call->socket);
    free(call);
}

void sc_call_answer(sc_call_t *call, sc_str_t data)
{
    sc_packet_send_answer(call->socket, call->cid, sc_str_none(), data);
    sc_call_drop(call);
}

void sc_call_fail(sc_call_t *call, const sc_error_t *error, sc_str_t data)
{
    sc_text_t text = {0};

    sc_error_write(&text, error);
    sc_packet_send_answer(call->socket, call->cid, sc_text_str(&text), data);
    sc_text_free(&text);
    sc_call_drop(call);
}
