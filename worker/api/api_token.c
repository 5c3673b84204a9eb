/*
 * api_token.c: what plugins do with tokens: the authentication of include/sc/socket.h.
 */
#include "worker/protocol/auth_state.h"
#include "worker/protocol/packet_error.h"
#include "worker/protocol/packet_write.h"
#include "worker/protocol/server_call.h"
#include "worker/worker.h"

bool sc_socket_is_authenticated(const sc_socket_t *socket)
{
    return socket->claims != NULL;
}

sc_str_t sc_socket_token(const sc_socket_t *socket)
{
    return socket->claims != NULL ? sc_buf_str(socket->claims) : sc_str_none();
}

static void tell_signed(sc_socket_t *socket)
{
    sc_event_t event = {
        .type = SC_EVENT_AUTH_TOKEN_SIGNED, .socket = socket, .token = sc_socket_token(socket)};

    sc_hooks_tell(&socket->worker->hooks, &event);
}

static uint64_t expect(sc_socket_t *socket, sc_answer_cb callback, void *arg)
{
    return callback != NULL ? sc_server_call_expect(socket, callback, arg, 0) : 0;
}

static void give_signed(sc_socket_t *socket, sc_str_t signed_text, sc_str_t claims,
                        double expires_s, sc_answer_cb callback, void *arg)
{
    sc_buf_t *old_claims;

    sc_packet_send_set_auth_token(socket, signed_text, expect(socket, callback, arg));
    old_claims = sc_auth_state_set(socket, claims, expires_s);
    tell_signed(socket);
    sc_auth_state_tell_given(socket, old_claims);
}

/** The options as this program knows them, of a plugin that may be older or newer. */
static sc_token_options_t known_options(const sc_token_options_t *given)
{
    sc_token_options_t known = {0};

    if (given != NULL)
        memcpy(&known, given, given->size < sizeof(known) ? given->size : sizeof(known));
    return known;
}

static void wipe(sc_text_t *text)
{
    if (text->len > 0)
        explicit_bzero(text->ptr, text->len);
    sc_text_free(text);
}

sc_status_t sc_socket_sign_auth_token(sc_socket_t *socket, sc_str_t claims,
                                      const sc_token_options_t *options, sc_answer_cb callback,
                                      void *arg)
{
    sc_token_options_t how = known_options(options);
    sc_text_t signed_text = {0};
    sc_text_t final_claims = {0};
    double expires_at_s;
    sc_status_t status;

    if (!sc_socket_is_open(socket))
        return SC_ERR_STATE;
    status = sc_auth_sign(socket->worker->auth, claims, &how, sc_worker_wall_ms() / 1000,
                          &signed_text, &final_claims, &expires_at_s);
    if (status == SC_OK)
        give_signed(socket, sc_text_str(&signed_text), sc_text_str(&final_claims), expires_at_s,
                    callback, arg);
    else
        sc_socket_end_quietly(socket, SC_CLOSE_SIGN_FAILED,
                              SC_STR("Could not sign the auth token"));
    wipe(&signed_text);
    sc_text_free(&final_claims);
    return status;
}

sc_status_t sc_socket_set_auth_token(sc_socket_t *socket, sc_str_t claims, uint32_t expires_s,
                                     sc_answer_cb callback, void *arg)
{
    sc_token_options_t options = {.size = sizeof(options), .expires_s = expires_s};

    return sc_socket_sign_auth_token(socket, claims, &options, callback, arg);
}

sc_status_t sc_socket_deauthenticate(sc_socket_t *socket, sc_answer_cb callback, void *arg)
{
    if (!sc_socket_is_open(socket))
        return SC_ERR_STATE;
    sc_packet_send_remove_auth_token(socket, expect(socket, callback, arg));
    sc_auth_state_take(socket, "server");
    return SC_OK;
}

/* ---- Without a client ------------------------------------------------------------------------------------ */

sc_status_t sc_worker_sign_token(sc_worker_t *worker, sc_str_t claims,
                                 const sc_token_options_t *options, sc_text_t *token)
{
    sc_token_options_t how = known_options(options);
    sc_text_t final_claims = {0};
    double expires_at_s;
    sc_status_t status = sc_auth_sign(worker->auth, claims, &how, sc_worker_wall_ms() / 1000, token,
                                      &final_claims, &expires_at_s);

    sc_text_free(&final_claims);
    return status;
}

sc_status_t sc_worker_verify_token(sc_worker_t *worker, sc_str_t token, sc_text_t *claims,
                                   sc_text_t *error)
{
    sc_token_t verified;
    sc_status_t status = SC_ERR_INVALID;

    sc_auth_verify(worker->auth, token, sc_worker_wall_ms() / 1000, &verified);
    if (verified.verdict == SC_TOKEN_GOOD) {
        sc_text_add(claims, sc_text_str(&verified.claims));
        status = SC_OK;
    } else {
        sc_error_write_token(error, &verified);
    }
    sc_token_deinit(&verified);
    return status;
}
