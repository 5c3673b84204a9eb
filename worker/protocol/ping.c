#include "worker/protocol/ping.h"

#include "worker/protocol/auth_state.h"
#include "worker/protocol/packet_error.h"
#include "worker/worker.h"

void sc_ping_frames_init(sc_ping_frames_t *frames)
{
    for (uint32_t i = 0; i < SC_CODEC_COUNT; i++)
        frames->v1[i] = sc_codecs[i]->write_ping_v1();
    frames->v2 = sc_ws_frame_new(SC_WS_TEXT, SC_STR(""));
    frames->websocket = sc_ws_frame_new(SC_WS_PING, SC_STR("?"));
}

void sc_ping_frames_deinit(sc_ping_frames_t *frames)
{
    for (uint32_t i = 0; i < SC_CODEC_COUNT; i++)
        sc_buf_unref(frames->v1[i]);
    sc_buf_unref(frames->v2);
    sc_buf_unref(frames->websocket);
}

/* A client of protocol 1 with a binary codec throws on the empty text. It may just be slow to answer its own ping, so a ping of
 * WebSocket was sent behind that: its pong shows that the client has read both, and is of protocol 2 if it was silent. Where
 * something on the way keeps such pongs back, the last moment must do. */
static bool may_try_v2(const sc_socket_t *socket)
{
    uint64_t next_ms =
        sc_loop_now_ms(&socket->worker->loop) + socket->worker->options->ping_interval_ms;

    return socket->codec->takes_text || socket->has_sent_pong || next_ms >= socket->ping_by_ms;
}

static void send_ping(sc_socket_t *socket)
{
    const sc_ping_frames_t *frames = &socket->worker->ping_frames;
    /* While the generation is unknown the two take turns: together they would break old binary clients. */
    bool is_v1 = socket->version == 1 ||
                 (socket->version == 0 && (!socket->sent_ping_v1_last || !may_try_v2(socket)));

    socket->sent_ping_v1_last = is_v1;
    sc_socket_send_apart(socket, is_v1 ? frames->v1[socket->codec->index] : frames->v2);
}

/* Sleeps until the next ping is due or the last sign of life is too long ago. */
static void schedule(sc_socket_t *socket)
{
    uint64_t now_ms = sc_loop_now_ms(&socket->worker->loop);
    uint64_t dead_ms = socket->alive_ms + socket->worker->options->ping_timeout_ms;
    uint64_t due_ms = socket->next_ping_ms < dead_ms ? socket->next_ping_ms : dead_ms;

    sc_wheel_start(&socket->worker->loop.wheel, &socket->timer,
                   due_ms > now_ms ? due_ms - now_ms : 0);
}

static void on_tick(sc_wheel_timer_t *timer)
{
    sc_socket_t *socket = sc_list_entry(timer, sc_socket_t, timer);
    const sc_options_t *options = socket->worker->options;
    uint64_t now_ms = sc_loop_now_ms(&socket->worker->loop);

    /* A client whose packets we hold can't be heard: it is not it that is silent. */
    if (socket->is_reading_paused)
        socket->alive_ms = now_ms;
    if (now_ms >= socket->alive_ms + options->ping_timeout_ms) {
        sc_socket_fail(socket, SC_CLOSE_PING_TIMEOUT, "no pong in time");
        return;
    }
    if (now_ms >= socket->next_ping_ms) {
        send_ping(socket);
        socket->next_ping_ms = now_ms + options->ping_interval_ms;
    }
    schedule(socket);
}

static void on_handshake_timeout(sc_wheel_timer_t *timer)
{
    sc_socket_t *socket = sc_list_entry(timer, sc_socket_t, timer);

    sc_log(SC_LOG_INFO, "socket %s: no handshake in time", socket->id);
    sc_socket_end(socket, SC_CLOSE_HANDSHAKE_TIMEOUT, SC_STR("No handshake in time"));
}

void sc_ping_await_handshake(sc_socket_t *socket)
{
    sc_wheel_timer_init(&socket->timer, on_handshake_timeout);
    sc_wheel_start(&socket->worker->loop.wheel, &socket->timer,
                   socket->worker->options->handshake_timeout_ms);
}

void sc_ping_start(sc_socket_t *socket)
{
    const sc_options_t *options = socket->worker->options;

    sc_wheel_stop(&socket->worker->loop.wheel, &socket->timer);
    sc_wheel_timer_init(&socket->timer, on_tick);
    if (options->ping_timeout_disabled)
        return;
    socket->next_ping_ms = sc_loop_now_ms(&socket->worker->loop) + options->ping_interval_ms;
    socket->ping_by_ms = sc_loop_now_ms(&socket->worker->loop) + options->ping_timeout_ms;
    if (socket->version == 0) {
        send_ping(socket);
        if (!socket->codec->takes_text)
            sc_socket_send_apart(socket, socket->worker->ping_frames.websocket);
    }
    schedule(socket);
}

void sc_ping_stop(sc_socket_t *socket)
{
    sc_wheel_stop(&socket->worker->loop.wheel, &socket->timer);
}

bool sc_ping_take_pong(sc_socket_t *socket, bool is_text, sc_str_t message)
{
    double expired_s;
    uint8_t version;

    if (message.len == 0 && is_text)
        version = 2;
    else if (socket->codec->is_pong_v1(message))
        version = 1;
    else
        return false;
    if (socket->state == SC_SOCKET_OPEN) {
        sc_socket_learn_version(socket, version);
        (void)sc_auth_state_expire(socket, &expired_s);
    }
    return true;
}
