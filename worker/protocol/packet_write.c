#include "worker/protocol/packet_write.h"

#include "common/str.h"
#include "worker/worker.h"

#include <stdio.h>

/* The worker's scratch text, empty: what is put together here is copied into a frame before anything else uses it. */
static sc_text_t *fresh_scratch(sc_socket_t *socket)
{
    sc_text_clear(&socket->worker->scratch);
    return &socket->worker->scratch;
}

void sc_packet_send_answer(sc_socket_t *socket, sc_str_t cid, sc_str_t error, sc_str_t data)
{
    if (!sc_str_is_none(cid) && sc_socket_is_alive(socket))
        sc_socket_send_new_frame(socket, socket->codec->write_answer(cid, error, data));
}

void sc_packet_send_ok(sc_socket_t *socket, sc_str_t cid)
{
    sc_packet_send_answer(socket, cid, sc_str_none(), sc_str_none());
}

void sc_packet_send_event(sc_socket_t *socket, sc_str_t event, sc_str_t data, uint64_t cid)
{
    if (sc_socket_is_alive(socket))
        sc_socket_send_new_frame(socket, socket->codec->write_event(event, data, cid));
}

void sc_packet_send_handshake(sc_socket_t *socket, sc_str_t cid, sc_str_t auth_error)
{
    sc_text_t *data = fresh_scratch(socket);

    sc_text_addf(data, "{\"id\":\"%s\",\"pingTimeout\":%llu", socket->id,
                 (unsigned long long)socket->worker->options->ping_timeout_ms);
    if (!sc_str_is_none(auth_error)) {
        sc_text_add(data, SC_STR(",\"authError\":"));
        sc_text_add(data, auth_error);
    }
    sc_text_addf(data, ",\"isAuthenticated\":%s}", socket->claims != NULL ? "true" : "false");
    sc_packet_send_answer(socket, cid, sc_str_none(), sc_text_str(data));
}

void sc_packet_send_handshake_refusal(sc_socket_t *socket, sc_str_t cid, sc_str_t error, int code)
{
    /* Clients of protocol 2 look for the code in the error, those of protocol 1 in the data. */
    sc_text_t *with_code = fresh_scratch(socket);
    char data[32];
    int len = snprintf(data, sizeof(data), "{\"code\":%d}", code);

    sc_text_add(with_code, error);
    if (error.len >= 2 && error.ptr[error.len - 1] == '}') {
        with_code->len--;
        sc_text_addf(with_code, "%s\"statusCode\":%d}", error.len > 2 ? "," : "", code);
    }
    sc_packet_send_answer(socket, cid, sc_text_str(with_code), sc_str(data, (size_t)len));
}

void sc_packet_send_authenticated(sc_socket_t *socket, sc_str_t cid)
{
    sc_packet_send_answer(socket, cid, sc_str_none(),
                          SC_STR("{\"isAuthenticated\":true,\"authError\":null}"));
}

void sc_packet_send_authenticate_refusal(sc_socket_t *socket, sc_str_t cid, sc_str_t error,
                                         bool is_bad_token)
{
    sc_text_t *data = fresh_scratch(socket);

    sc_text_add(data, SC_STR("{\"isAuthenticated\":false,\"authError\":"));
    sc_text_add(data, error);
    sc_text_add(data, SC_STR("}"));
    sc_packet_send_answer(socket, cid, is_bad_token ? error : sc_str_none(), sc_text_str(data));
}

void sc_packet_send_set_auth_token(sc_socket_t *socket, sc_str_t token, uint64_t cid)
{
    sc_text_t *data = fresh_scratch(socket);

    sc_text_add(data, SC_STR("{\"token\":\""));
    sc_text_add(data, token); /* base64url and points: nothing to escape */
    sc_text_add(data, SC_STR("\"}"));
    sc_packet_send_event(socket, SC_STR("#setAuthToken"), sc_text_str(data), cid);
    /* A token is a secret: it does not lie about for longer than it must. */
    explicit_bzero(data->ptr, data->len);
}

void sc_packet_send_remove_auth_token(sc_socket_t *socket, uint64_t cid)
{
    sc_packet_send_event(socket, SC_STR("#removeAuthToken"), SC_STR("null"), cid);
}

void sc_packet_send_kick_out(sc_socket_t *socket, sc_str_t channel, sc_str_t message)
{
    sc_text_t *data = fresh_scratch(socket);

    sc_text_add(data, SC_STR("{"));
    if (!sc_str_is_none(message)) {
        sc_text_add(data, SC_STR("\"message\":"));
        sc_text_add_quoted(data, message);
        sc_text_add(data, SC_STR(","));
    }
    sc_text_add(data, SC_STR("\"channel\":"));
    sc_text_add_quoted(data, channel);
    sc_text_add(data, SC_STR("}"));
    sc_packet_send_event(socket, SC_STR("#kickOut"), sc_text_str(data), 0);
}

void sc_packet_send_disconnect(sc_socket_t *socket, int code, sc_str_t reason)
{
    sc_text_t *data = fresh_scratch(socket);

    sc_text_addf(data, "{\"code\":%d", code);
    if (reason.len > 0) {
        sc_text_add(data, SC_STR(",\"data\":"));
        sc_text_add_quoted(data, reason);
    }
    sc_text_add(data, SC_STR("}"));
    sc_packet_send_event(socket, SC_STR("#disconnect"), sc_text_str(data), 0);
}
