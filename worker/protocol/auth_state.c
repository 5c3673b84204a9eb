#include "worker/protocol/auth_state.h"

#include "worker/protocol/auth_expiry.h"
#include "worker/protocol/packet_scan.h"
#include "worker/protocol/packet_write.h"
#include "worker/worker.h"

sc_buf_t *sc_auth_state_set(sc_socket_t *socket, sc_str_t claims, double expires_s)
{
    sc_buf_t *old_claims = socket->claims;

    socket->claims = sc_buf_copy(claims);
    socket->expires_s = expires_s;
    sc_auth_expiry_set(socket);
    return old_claims;
}

void sc_auth_state_tell_given(sc_socket_t *socket, sc_buf_t *old_claims)
{
    /* A listener may change the token again: these claims live until all have heard of them. */
    sc_buf_t *claims = sc_buf_ref(socket->claims);
    sc_event_t event = {
        .type = SC_EVENT_AUTHENTICATION, .socket = socket, .token = sc_buf_str(claims)};

    if (old_claims != NULL)
        event.old_token = sc_buf_str(old_claims);
    sc_hooks_tell(&socket->worker->hooks, &event);
    sc_buf_unref(claims);
    sc_buf_unref(old_claims);
}

void sc_auth_state_give(sc_socket_t *socket, sc_str_t claims, double expires_s)
{
    sc_auth_state_tell_given(socket, sc_auth_state_set(socket, claims, expires_s));
}

void sc_auth_state_take(sc_socket_t *socket, const char *reason)
{
    sc_event_t event = {
        .type = SC_EVENT_DEAUTHENTICATION, .socket = socket, .reason = sc_str_from(reason)};
    sc_buf_t *old_claims = socket->claims;

    if (old_claims == NULL)
        return;
    socket->claims = NULL;
    socket->expires_s = 0;
    sc_auth_expiry_set(socket);
    event.old_token = sc_buf_str(old_claims);
    sc_hooks_tell(&socket->worker->hooks, &event);
    sc_buf_unref(old_claims);
}

bool sc_auth_state_expire(sc_socket_t *socket, double *expired_s)
{
    sc_buf_t *claims;

    if (socket->expires_s == 0 || (double)sc_worker_wall_ms() <= socket->expires_s * 1000)
        return false;
    *expired_s = socket->expires_s;
    claims = sc_buf_ref(socket->claims);
    /* Before the client hears that it is out of channels: what it then asks for again waits for the next login. */
    sc_packet_send_remove_auth_token(socket, 0);
    /* While the token is still there, for listeners who must know whose subscriptions they were. */
    if (socket->worker->options->end_subscriptions_on_expiry)
        sc_auth_expiry_end_subscriptions(socket);
    if (socket->claims == claims) /* no listener has given another one */
        sc_auth_state_take(socket, "expired");
    sc_buf_unref(claims);
    return true;
}

void sc_auth_state_tell_bad(sc_socket_t *socket, sc_str_t error)
{
    sc_str_t message = sc_json_member(error, "message");
    sc_event_t event = {.type = SC_EVENT_BAD_AUTH_TOKEN, .socket = socket, .data = error};
    sc_text_t reason = {0};

    if (sc_text_add_unquoted(&reason, sc_str_is_none(message) ? error : message) != SC_OK)
        sc_text_clear(&reason);
    event.reason = reason.len > 0 ? sc_text_str(&reason) : SC_STR("");
    sc_hooks_tell(&socket->worker->hooks, &event);
    sc_text_free(&reason);
}

void sc_auth_state_verify(sc_socket_t *socket, sc_str_t json_value, sc_token_t *token)
{
    sc_text_t text = {0};
    bool is_string = json_value.len >= 2 && json_value.ptr[0] == '"';

    if (is_string && sc_text_add_unquoted(&text, json_value) == SC_OK)
        sc_auth_verify(socket->worker->auth, sc_text_str(&text), sc_worker_wall_ms() / 1000, token);
    else
        sc_token_refuse_value(token, sc_str_is_none(json_value) ||
                                         sc_str_equal(json_value, SC_STR("null")));
    if (text.len > 0)
        explicit_bzero(text.ptr, text.len);
    sc_text_free(&text);
}
