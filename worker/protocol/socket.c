#include "worker/protocol/socket.h"

#include "common/alloc.h"
#include "worker/protocol/auth_expiry.h"
#include "worker/protocol/batch.h"
#include "worker/protocol/dispatch.h"
#include "worker/protocol/packet_error.h"
#include "worker/protocol/packet_write.h"
#include "worker/protocol/server_call.h"
#include "worker/protocol/subscription.h"
#include "worker/worker.h"
#include "worker/ws/ws_farewell.h"

#include <openssl/evp.h>
#include <openssl/rand.h>

#define ID_RANDOM_BYTES 11u
#define ID_BYTES 15u
/* As much of a translated message is kept for the next one. */
#define TRANSLATED_BYTES_KEPT 65536u

/* ---- Birth --------------------------------------------------------------------------------------------- */

/* docs/protocol.md, "The handshake": 11 random bytes and a counter, in base64 with - and _. */
static void draw_id(sc_socket_t *socket)
{
    unsigned char bytes[ID_BYTES];
    uint32_t count = socket->worker->id_count++;

    if (RAND_bytes(bytes, ID_RANDOM_BYTES) != 1)
        sc_die("no random numbers for socket ids");
    for (unsigned i = 0; i < 4; i++)
        bytes[ID_RANDOM_BYTES + i] = (unsigned char)(count >> (24 - 8 * i));
    EVP_EncodeBlock((unsigned char *)socket->id, bytes, ID_BYTES);
    for (char *c = socket->id; *c != '\0'; c++) {
        if (*c == '+')
            *c = '-';
        else if (*c == '/')
            *c = '_';
    }
}

static uint8_t version_of_option(const char *option)
{
    if (strcmp(option, "1") == 0)
        return 1;
    return strcmp(option, "2") == 0 ? 2 : 0;
}

static void set_codec(sc_socket_t *socket, const sc_codec_t *codec)
{
    socket->codec = codec;
    socket->is_codec_known = true;
    socket->worker->codec_socket_count[codec->index]++;
}

/* The option's, or, with `auto`, that of the first message (docs/protocol.md, "Binary codec"). */
static void begin_codec(sc_socket_t *socket)
{
    socket->codec = &sc_codec_json;
    for (uint32_t i = 0; i < SC_CODEC_COUNT; i++) {
        if (strcmp(socket->worker->options->codec, sc_codecs[i]->name) == 0)
            set_codec(socket, sc_codecs[i]);
    }
}

static const sc_conn_handler_t conn_handler;
static const sc_conn_handler_t ended_conn_handler;
static const sc_ws_reader_handler_t reader_handler;
static void on_end_task(sc_turn_task_t *task);

static void agree_on_deflate(sc_socket_t *socket, const sc_ws_deflate_terms_t *terms)
{
    sc_worker_t *worker = socket->worker;

    if (worker->deflate == NULL || terms->window_bits == 0)
        return;
    socket->deflate_bytes_max = sc_ws_deflate_bytes_max(worker->deflate, terms);
    sc_ws_reader_allow_deflate(&socket->reader, worker->deflate);
    worker->deflate_socket_count++;
}

sc_socket_t *sc_socket_open(sc_worker_t *worker, sc_conn_t *conn, const char *address,
                            sc_str_t query, const sc_ws_deflate_terms_t *deflate)
{
    sc_socket_t *socket = sc_new(sc_socket_t);

    socket->worker = worker;
    socket->conn = conn;
    socket->refs = 1;
    socket->version = version_of_option(worker->options->protocol_version);
    begin_codec(socket);
    socket->address = sc_strdup(sc_str_from(address));
    if (!sc_str_is_none(query))
        socket->query = sc_strdup(query);
    socket->remote_port = sc_conn_peer_port(conn);
    socket->opened_ms = sc_loop_now_ms(&worker->loop);
    socket->alive_ms = socket->opened_ms;
    draw_id(socket);
    sc_ws_reader_init(&socket->reader, &reader_handler, worker->options->max_payload_bytes);
    agree_on_deflate(socket, deflate);
    sc_list_init(&socket->calls);
    sc_list_init(&socket->node);
    sc_turn_task_init(&socket->end_task, on_end_task);
    sc_list_append(&worker->sockets, &socket->node);
    sc_map_put(&worker->sockets_by_id, sc_socket_id(socket), socket);
    worker->socket_count++;
    sc_ping_await_handshake(socket);
    sc_conn_set_handler(conn, &conn_handler, socket);
    sc_conn_resume(conn);
    return socket;
}

/* ---- What the client sends --------------------------------------------------------------------------------- */

static size_t on_bytes(sc_conn_t *conn, char *bytes, size_t len)
{
    sc_socket_t *socket = conn->owner;

    return sc_ws_reader_feed(&socket->reader, bytes, len);
}

static size_t wanted(const sc_conn_t *conn)
{
    const sc_socket_t *socket = conn->owner;

    return sc_ws_reader_wanted(conn->rest, conn->rest_len, &socket->reader);
}

static sc_socket_t *socket_of(sc_ws_reader_t *reader)
{
    return sc_list_entry(reader, sc_socket_t, reader);
}

/* What can't be read is passed over, as the originals do it; before the handshake it ends the session. */
static void refuse_message(sc_socket_t *socket, sc_status_t status)
{
    socket->worker->unreadable_count++;
    if (status == SC_ERR_LIMIT) {
        sc_socket_fail(socket, SC_WS_CLOSE_TOO_BIG, "message over maxPayload as JSON text");
    } else if (status == SC_ERR_NOMEM) {
        sc_socket_fail(socket, SC_WS_CLOSE_INTERNAL, "no memory for a message as JSON text");
    } else if (socket->state == SC_SOCKET_NEW && socket->worker->options->strict_handshake) {
        sc_socket_fail(socket, SC_CLOSE_BEFORE_HANDSHAKE,
                       "unreadable message before the handshake");
    } else {
        sc_log(SC_LOG_INFO, "socket %s: a message that is no %s", socket->id, socket->codec->name);
    }
}

/* What a codec has translated into lies in memory of the worker's, unless that is in use or was a lot. */
static void give_back(sc_worker_t *worker, sc_text_t *translated)
{
    if (worker->translated.ptr != NULL || translated->capacity > TRANSLATED_BYTES_KEPT) {
        sc_text_free(translated);
        return;
    }
    worker->translated = *translated;
    sc_text_clear(&worker->translated);
}

static void on_message(sc_ws_reader_t *reader, bool is_text, char *bytes, size_t len)
{
    sc_socket_t *socket = socket_of(reader);
    sc_worker_t *worker = socket->worker;
    sc_str_t message = sc_str(bytes, len);
    sc_text_t translated = worker->translated;
    sc_status_t status;
    sc_str_t text;

    socket->alive_ms = sc_loop_now_ms(&worker->loop);
    if (!socket->is_codec_known && len > 0)
        set_codec(socket, sc_codec_of_first(is_text, message));
    socket->received_messages++;
    socket->received_bytes += len;
    worker->received_messages++;
    if (sc_ping_take_pong(socket, is_text, message))
        return;
    memset(&worker->translated, 0, sizeof(worker->translated));
    status = socket->codec->read(is_text, message, worker->options->max_payload_bytes, &translated,
                                 &text);
    if (status == SC_OK)
        sc_dispatch_message(socket, text);
    else
        refuse_message(socket, status);
    give_back(worker, &translated);
}

static void on_ping(sc_ws_reader_t *reader, sc_str_t payload)
{
    sc_socket_t *socket = socket_of(reader);
    sc_buf_t *pong = sc_ws_frame_new(SC_WS_PONG, payload);

    socket->alive_ms = sc_loop_now_ms(&socket->worker->loop);
    sc_socket_send_apart(socket, pong);
    sc_buf_unref(pong);
}

static void on_pong(sc_ws_reader_t *reader, sc_str_t payload)
{
    sc_socket_t *socket = socket_of(reader);

    (void)payload;
    socket->has_sent_pong = true;
    socket->alive_ms = sc_loop_now_ms(&socket->worker->loop);
}

/* ---- The end --------------------------------------------------------------------------------------------- */

/* From here on the socket takes nothing and sends nothing; what has to be told is told at the end of the turn. */
static void mark_ended(sc_socket_t *socket, int code, sc_str_t reason)
{
    sc_batch_drop(socket);
    sc_conn_set_handler(socket->conn, &ended_conn_handler, NULL);
    socket->conn = NULL;
    socket->was_open = socket->state == SC_SOCKET_OPEN;
    socket->worker->open_count -= socket->was_open;
    socket->state = SC_SOCKET_ENDED;
    socket->end_code = (uint16_t)code;
    if (reason.len > 0)
        socket->end_reason = sc_strdup(reason);
    sc_ws_reader_stop(&socket->reader);
    sc_ping_stop(socket);
    sc_auth_expiry_stop(socket);
    sc_loop_defer(&socket->worker->loop, SC_TURN_WORK, &socket->end_task);
}

static void close_with(sc_socket_t *socket, sc_buf_t *close_frame, int code, sc_str_t reason)
{
    sc_conn_t *conn = socket->conn;

    sc_socket_send_apart(socket, close_frame);
    sc_buf_unref(close_frame);
    mark_ended(socket, code, reason);
    if (socket->reader.is_over) /* by the client's close frame, or by what can't be read on */
        sc_conn_close(conn);
    else
        sc_ws_farewell_start(conn);
}

void sc_socket_end_quietly(sc_socket_t *socket, int code, sc_str_t reason)
{
    if (!sc_socket_is_alive(socket))
        return;
    close_with(socket, sc_ws_frame_new_close(code, reason), code, reason);
}

void sc_socket_end(sc_socket_t *socket, int code, sc_str_t reason)
{
    if (!sc_socket_is_alive(socket))
        return;
    /* Before its first message it may be one with a binary codec, on which a text would throw. */
    if (socket->version != 2 && socket->is_codec_known)
        sc_packet_send_disconnect(socket, code, reason);
    sc_socket_end_quietly(socket, code, reason);
}

static void tell_warning(sc_socket_t *socket, int code, const char *reason)
{
    sc_event_t event = {
        .type = SC_EVENT_WARNING, .socket = socket, .reason = sc_str_from(reason), .code = code};

    sc_hooks_tell(&socket->worker->hooks, &event);
}

void sc_socket_fail(sc_socket_t *socket, int code, const char *reason)
{
    if (!sc_socket_is_alive(socket))
        return;
    sc_log(SC_LOG_INFO, "socket %s from %s closed with %d: %s", socket->id, socket->address, code,
           reason);
    sc_socket_end_quietly(socket, code, sc_str_from(reason));
    tell_warning(socket, code, reason);
}

void sc_socket_cut(sc_socket_t *socket)
{
    sc_conn_t *conn = socket->conn;

    if (!sc_socket_is_alive(socket))
        return;
    mark_ended(socket, SC_WS_CLOSE_ABNORMAL, sc_str_none());
    sc_conn_abort(conn);
}

/* A close frame is answered with one of the same code, an empty one with an empty one (RFC 6455, 5.5.1). */
static void on_close(sc_ws_reader_t *reader, int code, sc_str_t reason)
{
    sc_socket_t *socket = socket_of(reader);

    if (!sc_socket_is_alive(socket))
        return;
    close_with(socket, sc_ws_frame_new_close(code, SC_STR("")),
               code != 0 ? code : SC_WS_CLOSE_NO_STATUS, reason);
}

static void on_fail(sc_ws_reader_t *reader, int code, const char *reason)
{
    sc_socket_fail(socket_of(reader), code, reason);
}

static void on_conn_end(sc_conn_t *conn, sc_conn_end_t why)
{
    sc_socket_t *socket = conn->owner;

    if (why == SC_CONN_END_BACKLOG)
        sc_log(SC_LOG_WARN, "socket %s from %s closed: it does not read, over maxSocketBacklog",
               socket->id, socket->address);
    mark_ended(socket, SC_WS_CLOSE_ABNORMAL, sc_str_none());
}

static void end_subscriptions(sc_socket_t *socket)
{
    sc_subscription_t *subscription;
    uint32_t cursor = 0;

    while ((subscription = sc_map_next(&socket->subscriptions, &cursor)) != NULL) {
        sc_subscription_end(subscription);
        cursor = 0; /* the map has changed */
    }
}

static void tell_end(sc_socket_t *socket)
{
    sc_event_t event = {
        .type = socket->was_open ? SC_EVENT_DISCONNECTION : SC_EVENT_CONNECTION_ABORT,
        .socket = socket,
        .code = socket->end_code,
        .reason = sc_str_from(socket->end_reason != NULL ? socket->end_reason : "")};

    sc_hooks_tell(&socket->worker->hooks, &event);
    event.type = SC_EVENT_CLOSURE;
    sc_hooks_tell(&socket->worker->hooks, &event);
}

static void finish(sc_socket_t *socket)
{
    sc_worker_t *worker = socket->worker;

    sc_turn_task_cancel(&socket->end_task);
    end_subscriptions(socket);
    sc_server_call_end_all(socket);
    sc_dispatch_drop_held(socket);
    tell_end(socket);
    sc_list_remove(&socket->node);
    sc_map_remove(&worker->sockets_by_id, sc_socket_id(socket));
    worker->socket_count--;
    worker->deflate_socket_count -= socket->deflate_bytes_max != 0 ? 1 : 0;
    if (socket->is_codec_known)
        worker->codec_socket_count[socket->codec->index]--;
    sc_socket_unref(socket);
}

static void on_end_task(sc_turn_task_t *task)
{
    finish(sc_list_entry(task, sc_socket_t, end_task));
}

void sc_socket_finish_all(sc_worker_t *worker)
{
    while (!sc_list_is_empty(&worker->sockets))
        finish(sc_list_entry(worker->sockets.next, sc_socket_t, node));
}

sc_socket_t *sc_socket_ref(sc_socket_t *socket)
{
    socket->refs++;
    return socket;
}

void sc_socket_unref(sc_socket_t *socket)
{
    sc_assert(socket->refs > 0);
    if (--socket->refs > 0)
        return;
    sc_ws_reader_deinit(&socket->reader);
    sc_map_deinit(&socket->subscriptions);
    sc_buf_unref(socket->claims);
    free(socket->address);
    free(socket->query);
    free(socket->headers);
    free(socket->end_reason);
    free(socket->slots);
    free(socket);
}

/* What comes after the end is read by nobody. */
static size_t ignore_bytes(sc_conn_t *conn, char *bytes, size_t len)
{
    (void)conn;
    (void)bytes;
    return len;
}

static void ignore_end(sc_conn_t *conn, sc_conn_end_t why)
{
    (void)conn;
    (void)why;
}

static const sc_conn_handler_t conn_handler = {
    .on_bytes = on_bytes, .wanted = wanted, .on_end = on_conn_end};
static const sc_conn_handler_t ended_conn_handler = {.on_bytes = ignore_bytes,
                                                     .on_end = ignore_end};
static const sc_ws_reader_handler_t reader_handler = {
    .on_message = on_message,
    .on_ping = on_ping,
    .on_pong = on_pong,
    .on_close = on_close,
    .on_fail = on_fail,
};

/* ---- For the layers above ------------------------------------------------------------------------------ */

void sc_socket_write_frame(sc_socket_t *socket, sc_buf_t *frame)
{
    socket->sent_frames++;
    socket->sent_bytes += frame->len;
    sc_conn_send(socket->conn, frame);
}

void sc_socket_send_frame(sc_socket_t *socket, sc_buf_t *frame)
{
    if (socket->conn == NULL || (socket->batch != NULL && sc_batch_take(socket, frame)))
        return;
    sc_socket_write_frame(socket, frame);
}

void sc_socket_send_apart(sc_socket_t *socket, sc_buf_t *frame)
{
    if (socket->conn == NULL)
        return;
    sc_batch_flush(socket);
    sc_socket_write_frame(socket, frame);
}

sc_buf_t *sc_socket_deflate_frame(sc_socket_t *socket, sc_buf_t *frame)
{
    if (frame->len > socket->deflate_bytes_max)
        return sc_buf_ref(frame);
    return sc_ws_deflate_frame(socket->worker->deflate, frame);
}

void sc_socket_send_new_frame(sc_socket_t *socket, sc_buf_t *frame)
{
    if (socket->conn != NULL && sc_socket_takes_deflated(socket, frame)) {
        sc_buf_t *plain = frame;

        frame = sc_socket_deflate_frame(socket, plain);
        sc_buf_unref(plain);
    }
    sc_socket_send_frame(socket, frame);
    sc_buf_unref(frame);
}

void sc_socket_hold_packets(sc_socket_t *socket)
{
    socket->hold_count++;
}

void sc_socket_release_packets(sc_socket_t *socket)
{
    sc_assert(socket->hold_count > 0);
    if (--socket->hold_count == 0)
        sc_dispatch_held(socket);
}

void sc_socket_learn_version(sc_socket_t *socket, uint8_t version)
{
    if (socket->version == 0)
        socket->version = version;
}
