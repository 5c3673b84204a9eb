/*
 * handle_handshake.c: #handshake: middleware, the token that came with it, the answer, and the connection's first events
 * (docs/protocol.md, "The handshake").
 */
#include "common/alloc.h"
#include "worker/protocol/auth_state.h"
#include "worker/protocol/batch.h"
#include "worker/protocol/handle.h"
#include "worker/protocol/packet_error.h"
#include "worker/protocol/packet_write.h"
#include "worker/worker.h"

static void tell_connection(sc_socket_t *socket)
{
    sc_event_t event = {.type = SC_EVENT_CONNECTION, .socket = socket};

    sc_hooks_tell(&socket->worker->hooks, &event);
}

/* The socket is open: the answer first, so that it comes before whatever listeners send. */
static void complete(sc_socket_t *socket, sc_str_t cid, sc_str_t auth_error)
{
    const sc_options_t *options = socket->worker->options;

    socket->state = SC_SOCKET_OPEN;
    sc_conn_admit(socket->conn);
    socket->worker->open_count++;
    sc_packet_send_handshake(socket, cid, auth_error);
    sc_ping_start(socket);
    if (options->batch_on_handshake)
        sc_batch_open(socket, options->batch_on_handshake_duration_ms, options->batch_interval_ms);
    tell_connection(socket);
    if (socket->claims != NULL)
        sc_auth_state_tell_given(socket, NULL);
}

/* A refused token refuses only itself: the socket opens without one. */
static void complete_without_token(sc_socket_t *socket, sc_str_t cid, const sc_token_t *token)
{
    sc_text_t error = {0};

    sc_error_write_token(&error, token);
    if (token->verdict != SC_TOKEN_NOT_BEFORE)
        sc_packet_send_remove_auth_token(socket, 0);
    complete(socket, cid, sc_text_str(&error));
    sc_auth_state_tell_bad(socket, sc_text_str(&error));
    sc_text_free(&error);
}

static void free_token(void *context)
{
    sc_token_deinit(context);
    free(context);
}

static void on_token_asked(sc_action_t *action, bool is_allowed)
{
    sc_socket_t *socket = action->socket;
    const sc_token_t *token = action->context;

    if (is_allowed) {
        sc_buf_unref(sc_auth_state_set(socket, sc_text_str(&token->claims), token->expires_s));
        complete(socket, action->cid, sc_str_none());
        return;
    }
    if (action->is_bad_token)
        sc_packet_send_remove_auth_token(socket, 0);
    complete(socket, action->cid, sc_action_error(action));
    if (action->is_bad_token)
        sc_auth_state_tell_bad(socket, sc_action_error(action));
}

/* docs/protocol.md, "The handshake": what JavaScript takes for false means anonymous. */
static bool is_anonymous(sc_str_t value)
{
    static const char *const falsy[] = {"null", "\"\"", "0", "-0", "false"};

    if (sc_str_is_none(value))
        return true;
    for (size_t i = 0; i < sizeof(falsy) / sizeof(falsy[0]); i++) {
        if (sc_str_equal(value, sc_str_from(falsy[i])))
            return true;
    }
    return false;
}

static void check_token(sc_socket_t *socket, sc_str_t value, sc_str_t cid)
{
    sc_token_t *token = sc_new(sc_token_t);
    sc_action_t *action;

    sc_auth_state_verify(socket, value, token);
    if (token->verdict != SC_TOKEN_GOOD) {
        complete_without_token(socket, cid, token);
        free_token(token);
        return;
    }
    action = sc_action_new(socket->worker, SC_ACTION_AUTHENTICATE, socket, on_token_asked);
    action->cid = cid;
    action->token = sc_text_str(&token->claims);
    action->context = token;
    action->context_free = free_token;
    sc_action_run(action);
}

static void refuse(sc_socket_t *socket, sc_action_t *action)
{
    int code = action->status_code;

    if (!sc_ws_close_code_is_valid(code))
        code = SC_CLOSE_HANDSHAKE_REFUSED;
    sc_packet_send_handshake_refusal(socket, action->cid, sc_action_error(action), code);
    sc_socket_end(socket, code, SC_STR(""));
}

static void on_asked(sc_action_t *action, bool is_allowed)
{
    sc_str_t value = sc_str_none();

    if (!is_allowed) {
        refuse(action->socket, action);
        return;
    }
    if (!sc_str_is_none(action->data))
        value = sc_json_member(action->data, "authToken");
    if (is_anonymous(value))
        complete(action->socket, action->cid, sc_str_none());
    else
        check_token(action->socket, value, action->cid);
}

void sc_handle_handshake(sc_socket_t *socket, const sc_incoming_t *incoming)
{
    sc_action_t *action;

    if (socket->state != SC_SOCKET_NEW)
        return; /* a second one is ignored */
    if (sc_str_is_none(incoming->cid)) {
        sc_socket_fail(socket, SC_CLOSE_HANDSHAKE_REFUSED, "handshake without a cid");
        return;
    }
    socket->state = SC_SOCKET_SHAKING;
    sc_ping_stop(socket); /* it has come in time; what middleware takes is not the client's fault */
    action = sc_action_new(socket->worker, SC_ACTION_HANDSHAKE, socket, on_asked);
    action->cid = incoming->cid;
    if (incoming->packet->data.kind == SC_JSON_OBJECT)
        action->data = incoming->packet->data.text;
    sc_action_run(action);
}
