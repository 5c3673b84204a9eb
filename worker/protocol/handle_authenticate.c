/*
 * handle_authenticate.c: #authenticate: a client presents a token on an open socket (docs/protocol.md, "Authentication").
 * Whatever fails, the socket loses the token that it had.
 */
#include "common/alloc.h"
#include "worker/protocol/auth_state.h"
#include "worker/protocol/handle.h"
#include "worker/protocol/packet_error.h"
#include "worker/protocol/packet_write.h"
#include "worker/worker.h"

static void refuse(sc_socket_t *socket, sc_str_t cid, sc_str_t error, bool is_bad_token)
{
    if (is_bad_token)
        sc_packet_send_remove_auth_token(socket, 0);
    sc_packet_send_authenticate_refusal(socket, cid, error, is_bad_token);
    sc_auth_state_take(socket, "refused");
}

static void free_token(void *context)
{
    sc_token_deinit(context);
    free(context);
}

static void on_asked(sc_action_t *action, bool is_allowed)
{
    sc_socket_t *socket = action->socket;
    const sc_token_t *token = action->context;

    if (!is_allowed) {
        refuse(socket, action->cid, sc_action_error(action), action->is_bad_token);
        if (action->is_bad_token)
            sc_auth_state_tell_bad(socket, sc_action_error(action));
        return;
    }
    /* The answer first: what listeners send comes after it. */
    sc_packet_send_authenticated(socket, action->cid);
    sc_auth_state_give(socket, sc_text_str(&token->claims), token->expires_s);
}

static void refuse_token(sc_socket_t *socket, sc_str_t cid, const sc_token_t *token)
{
    sc_text_t error = {0};

    sc_error_write_token(&error, token);
    refuse(socket, cid, sc_text_str(&error), token->verdict != SC_TOKEN_NOT_BEFORE);
    sc_auth_state_tell_bad(socket, sc_text_str(&error));
    sc_text_free(&error);
}

void sc_handle_authenticate(sc_socket_t *socket, const sc_incoming_t *incoming)
{
    sc_token_t *token = sc_new(sc_token_t);
    sc_action_t *action;

    sc_auth_state_verify(socket, incoming->packet->data.text, token);
    if (token->verdict != SC_TOKEN_GOOD) {
        refuse_token(socket, incoming->cid, token);
        free_token(token);
        return;
    }
    action = sc_action_new(socket->worker, SC_ACTION_AUTHENTICATE, socket, on_asked);
    action->cid = incoming->cid;
    action->token = sc_text_str(&token->claims);
    action->context = token;
    action->context_free = free_token;
    sc_action_run(action);
}
