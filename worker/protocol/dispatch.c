#include "worker/protocol/dispatch.h"

#include "common/alloc.h"
#include "worker/protocol/auth_state.h"
#include "worker/protocol/handle.h"
#include "worker/protocol/packet_error.h"
#include "worker/protocol/server_call.h"
#include "worker/worker.h"

typedef void (*handler_t)(sc_socket_t *socket, const sc_incoming_t *incoming);

/* The events of the protocol; #handshake is looked at first. Most frequent first. */
static const struct {
    sc_str_t event;
    handler_t handle;
} handlers[] = {
    {{"#publish", 8}, sc_handle_publish},
    {{"#subscribe", 10}, sc_handle_subscribe},
    {{"#unsubscribe", 12}, sc_handle_unsubscribe},
    {{"#authenticate", 13}, sc_handle_authenticate},
    {{"#removeAuthToken", 16}, sc_handle_remove_auth_token},
    {{"#disconnect", 11}, sc_handle_disconnect},
    {{"#handshake", 10}, sc_handle_handshake},
};

sc_str_t sc_dispatch_string(const sc_json_value_t *value, sc_text_t *scratch)
{
    if (!value->is_escaped)
        return sc_json_raw_string(value);
    sc_text_clear(scratch);
    /* It was scanned as a string, so it can be unescaped; an empty text would be a safe answer all the same. */
    if (sc_text_add_unquoted(scratch, value->text) != SC_OK)
        sc_text_clear(scratch);
    return sc_text_str(scratch);
}

/* An array as it is shown so far. */
typedef struct shown_array {
    sc_text_t *text;
    bool has_elements;
} shown_array_t;

static void show_element(sc_str_t element, sc_json_kind_t kind, void *arg)
{
    shown_array_t *shown = arg;
    sc_json_value_t value = {kind, true, element};

    if (shown->has_elements)
        sc_text_add(shown->text, SC_STR(","));
    shown->has_elements = true;
    /* An array in an array stays as it came: looking into each level anew would cost a hostile packet's depth times its
     * length. */
    if (kind == SC_JSON_ARRAY)
        sc_text_add(shown->text, element);
    else if (kind != SC_JSON_NULL)
        sc_dispatch_show(shown->text, &value);
}

void sc_dispatch_show(sc_text_t *text, const sc_json_value_t *value)
{
    shown_array_t shown = {text, false};

    switch (value->kind) {
    case SC_JSON_NONE:
        sc_text_add(text, SC_STR("undefined"));
        break;
    case SC_JSON_STRING:
        if (sc_text_add_unquoted(text, value->text) != SC_OK)
            sc_text_add(text, value->text);
        break;
    case SC_JSON_OBJECT:
        sc_text_add(text, SC_STR("[object Object]"));
        break;
    case SC_JSON_ARRAY:
        if (sc_packet_scan_array(value->text, show_element, &shown) != SC_OK)
            sc_text_add(text, value->text);
        break;
    default:
        sc_text_add(text, value->text);
        break;
    }
}

void sc_dispatch_raw(sc_socket_t *socket, sc_str_t text)
{
    sc_event_t event = {.type = SC_EVENT_RAW, .socket = socket, .data = text};

    if (socket->state == SC_SOCKET_NEW && socket->worker->options->strict_handshake) {
        sc_socket_fail(socket, SC_CLOSE_BEFORE_HANDSHAKE, "message before the handshake");
        return;
    }
    sc_hooks_tell(&socket->worker->hooks, &event);
}

/* ---- Packets that wait ------------------------------------------------------------------------------- */

static bool is_held(const sc_socket_t *socket)
{
    return socket->hold_count > 0 || (socket->held != NULL && !socket->is_emptying);
}

/* Past the limits reading stops, and the client feels it: nothing is lost, and nothing grows. */
static bool is_over_limit(const sc_socket_t *socket)
{
    const sc_options_t *options = socket->worker->options;

    return socket->held != NULL && (socket->held->count >= options->max_pending_packets ||
                                    socket->held->bytes >= options->max_payload_bytes);
}

static void hold(sc_socket_t *socket, sc_str_t text)
{
    sc_held_packet_t *packet = sc_try_alloc(sizeof(*packet) + text.len);

    if (packet == NULL) {
        sc_socket_fail(socket, SC_WS_CLOSE_INTERNAL, "no memory for a packet that waits");
        return;
    }
    if (socket->held == NULL)
        socket->held = sc_new(sc_held_packets_t);
    packet->next = NULL;
    packet->len = text.len;
    memcpy(packet->text, text.ptr, text.len);
    if (socket->held->last != NULL)
        socket->held->last->next = packet;
    else
        socket->held->first = packet;
    socket->held->last = packet;
    socket->held->count++;
    socket->held->bytes += text.len;
    if (is_over_limit(socket) && !socket->is_reading_paused) {
        socket->is_reading_paused = true;
        sc_ws_reader_stop(&socket->reader);
        sc_conn_pause(socket->conn);
    }
}

static sc_held_packet_t *pop_held(sc_socket_t *socket)
{
    sc_held_packets_t *held = socket->held;
    sc_held_packet_t *packet = held != NULL ? held->first : NULL;

    if (packet == NULL)
        return NULL;
    held->first = packet->next;
    if (held->first == NULL)
        held->last = NULL;
    held->count--;
    held->bytes -= packet->len;
    if (held->first == NULL) {
        free(held);
        socket->held = NULL;
    }
    return packet;
}

void sc_dispatch_drop_held(sc_socket_t *socket)
{
    sc_held_packet_t *packet;

    while ((packet = pop_held(socket)) != NULL)
        free(packet);
}

static void resume_reading(sc_socket_t *socket)
{
    if (!socket->is_reading_paused || is_over_limit(socket) || !sc_socket_is_alive(socket))
        return;
    socket->is_reading_paused = false;
    sc_ws_reader_go(&socket->reader);
    sc_conn_resume(socket->conn);
}

void sc_dispatch_held(sc_socket_t *socket)
{
    sc_held_packet_t *packet;

    if (socket->is_emptying)
        return;
    socket->is_emptying = true;
    while (socket->hold_count == 0 && sc_socket_is_alive(socket) &&
           (packet = pop_held(socket)) != NULL) {
        sc_dispatch_message(socket, sc_str(packet->text, packet->len));
        free(packet);
    }
    socket->is_emptying = false;
    resume_reading(socket);
}

/* ---- One packet ---------------------------------------------------------------------------------------- */

/* Before the handshake nothing else is taken, unless strictHandshake is off. @return false: it was refused. */
static bool is_in_time(sc_socket_t *socket, sc_str_t event)
{
    if (socket->state != SC_SOCKET_NEW || sc_str_equal(event, SC_STR("#handshake")))
        return true;
    if (!socket->worker->options->strict_handshake)
        return true;
    sc_socket_fail(socket, SC_CLOSE_BEFORE_HANDSHAKE, "packet before the handshake");
    return false;
}

static void handle_packet(sc_socket_t *socket, sc_incoming_t *incoming)
{
    if (!is_in_time(socket, incoming->event))
        return;
    incoming->has_token_expired = sc_auth_state_expire(socket, &incoming->expired_s);
    if (incoming->event.len > 0 && incoming->event.ptr[0] != '#') {
        sc_handle_event(socket, incoming);
        return;
    }
    for (size_t i = 0; i < sizeof(handlers) / sizeof(handlers[0]); i++) {
        if (sc_str_equal(incoming->event, handlers[i].event)) {
            handlers[i].handle(socket, incoming);
            return;
        }
    }
}

static void take_packet(sc_socket_t *socket, sc_str_t text, const sc_packet_t *packet)
{
    sc_incoming_t incoming = {.packet = packet, .cid = sc_str_none()};
    sc_text_t scratch = {0};

    if (packet->event.kind != SC_JSON_STRING && packet->rid.kind != SC_JSON_NONE &&
        socket->state != SC_SOCKET_NEW) {
        /* An answer does not wait: the middleware that holds the others may be waiting for it. */
        sc_server_call_answer(socket, packet);
        return;
    }
    if (is_held(socket)) {
        hold(socket, text);
        return;
    }
    if (packet->event.kind != SC_JSON_STRING || packet->event.text.len == strlen("\"\"")) {
        sc_dispatch_raw(socket, text);
        return;
    }
    incoming.event = sc_dispatch_string(&packet->event, &scratch);
    if (packet->cid.kind == SC_JSON_NUMBER)
        incoming.cid = packet->cid.text;
    handle_packet(socket, &incoming);
    sc_text_free(&scratch);
}

static void take_element(sc_str_t text, sc_json_kind_t kind, void *arg)
{
    sc_socket_t *socket = arg;
    sc_packet_t packet;

    socket->has_sent_array = true;
    if (kind == SC_JSON_OBJECT && sc_socket_is_alive(socket) &&
        sc_packet_scan(text, &packet) == SC_OK)
        take_packet(socket, text, &packet);
}

void sc_dispatch_message(sc_socket_t *socket, sc_str_t text)
{
    sc_packet_t packet;
    sc_status_t status = sc_packet_scan(text, &packet);

    if (status == SC_OK) {
        take_packet(socket, text, &packet);
        return;
    }
    if (status == SC_AGAIN)
        status = sc_packet_scan_array(text, take_element, socket);
    if (status == SC_ERR_LIMIT)
        sc_log(SC_LOG_WARN, "socket %s: JSON nested deeper than %u", socket->id, SC_JSON_DEPTH_MAX);
    if (status == SC_OK)
        return;
    if (is_held(socket))
        hold(socket, text);
    else
        sc_dispatch_raw(socket, text);
}
