/*
 * handle_disconnect.c: #disconnect, with which clients of protocol 1 announce their close frame (docs/protocol.md,
 * "Disconnecting"). The session ends with it.
 */
#include "common/str.h"
#include "worker/protocol/dispatch.h"
#include "worker/protocol/handle.h"
#include "worker/worker.h"

/* A code that a close frame may not carry becomes 1000. */
static int code_of(sc_str_t data)
{
    sc_str_t text = sc_json_member(data, "code");
    uint64_t code;

    if (sc_str_is_none(text) || sc_str_to_uint(text, &code) != SC_OK || code > 4999 ||
        !sc_ws_close_code_is_valid((int)code))
        return SC_WS_CLOSE_NORMAL;
    return (int)code;
}

void sc_handle_disconnect(sc_socket_t *socket, const sc_incoming_t *incoming)
{
    const sc_json_value_t *data = &incoming->packet->data;
    int code = data->kind == SC_JSON_OBJECT ? code_of(data->text) : SC_WS_CLOSE_NORMAL;
    sc_text_t reason = {0};

    sc_socket_learn_version(socket, 1);
    /* Its own `data`, if it is a text, is the reason that listeners hear. */
    if (incoming->packet->inner_data.kind == SC_JSON_STRING &&
        sc_text_add_unquoted(&reason, incoming->packet->inner_data.text) != SC_OK)
        sc_text_clear(&reason);
    sc_socket_end_quietly(socket, code, sc_text_str(&reason));
    sc_text_free(&reason);
}
