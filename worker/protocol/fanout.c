#include "worker/protocol/fanout.h"

#include "common/alloc.h"
#include "worker/protocol/packet_write.h"
#include "worker/protocol/subscription.h"

/* A codec's frames of one message; NULL: nobody has asked for it yet. */
typedef struct encoding {
    sc_buf_t *plain;
    sc_buf_t *deflated; /* the plain one once more, if compressing it does not pay */
} encoding_t;

/* One message's frames, made as subscribers ask for them. */
typedef struct frames {
    sc_ws_deflate_t *deflate; /* NULL: nobody takes compressed frames */
    sc_channel_t *channel;
    sc_str_t data;
    encoding_t by_codec[SC_CODEC_COUNT];
} frames_t;

static sc_buf_t *frame_for(frames_t *frames, const sc_socket_t *socket)
{
    const sc_codec_t *codec = socket->codec;
    encoding_t *encoding = &frames->by_codec[codec->index];

    if (encoding->plain == NULL)
        encoding->plain = codec->write_publish(frames->channel, frames->data);
    if (!sc_socket_takes_deflated(socket, encoding->plain))
        return encoding->plain;
    if (encoding->deflated == NULL)
        encoding->deflated = sc_ws_deflate_frame(frames->deflate, encoding->plain);
    return encoding->deflated;
}

static void release_frames(frames_t *frames)
{
    for (uint32_t i = 0; i < SC_CODEC_COUNT; i++) {
        sc_buf_unref(frames->by_codec[i].plain);
        sc_buf_unref(frames->by_codec[i].deflated);
    }
}

/* The hot path: per subscriber one reference, nothing else. A full queue ends its connection at the end of the turn, so the
 * array stays as it is. */
static void send_to_all(frames_t *frames)
{
    const sc_channel_t *channel = frames->channel;

    for (uint32_t i = 0; i < channel->subscriber_count; i++) {
        sc_socket_t *socket = channel->subscribers[i]->socket;

        sc_socket_send_frame(socket, frame_for(frames, socket));
    }
}

static void on_asked(sc_action_t *action, bool is_allowed)
{
    sc_channel_t *channel = action->context;
    sc_socket_t *socket = action->socket;

    if (is_allowed && sc_socket_is_alive(socket) &&
        sc_subscription_find(socket, sc_channel_name(channel)) != NULL)
        sc_socket_send_new_frame(socket, socket->codec->write_publish(channel, action->data));
}

static void release_channel(void *context)
{
    sc_channel_release(context);
}

static void ask_for(sc_worker_t *worker, sc_socket_t *socket, sc_channel_t *channel, sc_str_t data)
{
    sc_action_t *action = sc_action_new(worker, SC_ACTION_PUBLISH_OUT, socket, on_asked);

    action->channel = sc_channel_name(channel);
    action->data = data;
    action->context = sc_exchange_hold(worker->exchange, sc_channel_name(channel));
    action->context_free = release_channel;
    sc_action_run(action);
}

/* With middleware each subscriber gets a frame of its own. Middleware may end subscriptions, so this walks a copy. */
static void ask_for_all(sc_worker_t *worker, sc_channel_t *channel, sc_str_t data)
{
    uint32_t count = channel->subscriber_count;
    sc_socket_t **sockets = sc_alloc_zeroed(count, sizeof(sockets[0]));

    for (uint32_t i = 0; i < count; i++)
        sockets[i] = sc_socket_ref(channel->subscribers[i]->socket);
    for (uint32_t i = 0; i < count; i++) {
        if (sc_socket_is_alive(sockets[i]))
            ask_for(worker, sockets[i], channel, data);
        sc_socket_unref(sockets[i]);
    }
    free(sockets);
}

void sc_fanout_message(sc_worker_t *worker, sc_channel_t *channel, sc_str_t data)
{
    frames_t frames = {.deflate = worker->deflate, .channel = channel, .data = data};

    if (channel->subscriber_count == 0)
        return;
    if (worker->hooks.middleware[SC_ACTION_PUBLISH_OUT].count > 0) {
        ask_for_all(worker, channel, data);
        return;
    }
    send_to_all(&frames);
    release_frames(&frames);
}

/* Middleware may end the last subscription, and the channel with it: it is held. */
void sc_fanout_to(sc_worker_t *worker, sc_channel_t *channel, sc_str_t data,
                  sc_socket_t *const *sockets, size_t count)
{
    bool is_asked = worker->hooks.middleware[SC_ACTION_PUBLISH_OUT].count > 0;
    frames_t frames = {.deflate = worker->deflate, .channel = channel, .data = data};

    channel->hold_count++;
    for (size_t i = 0; i < count; i++) {
        sc_socket_t *socket = sockets[i];

        if (!sc_socket_is_open(socket) ||
            sc_subscription_find(socket, sc_channel_name(channel)) == NULL)
            continue;
        if (is_asked)
            ask_for(worker, socket, channel, data);
        else
            sc_socket_send_frame(socket, frame_for(&frames, socket));
    }
    release_frames(&frames);
    sc_channel_release(channel);
}
