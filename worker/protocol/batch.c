#include "worker/protocol/batch.h"

#include "common/alloc.h"
#include "worker/worker.h"

/* Clients 5 to 7 lose what comes in an array, so only those get one that have shown that they know arrays, and all of
 * protocol 2, which do. */
static bool knows_arrays(const sc_socket_t *socket)
{
    return socket->has_sent_array || socket->version == 2;
}

/** The packet in a frame of ours. @return none: the frame holds something else, or is compressed */
static sc_str_t packet_in(const sc_buf_t *buf)
{
    sc_ws_frame_t frame;

    if (sc_ws_frame_parse(buf->bytes, buf->len, &frame) != SC_OK || frame.reserved != 0 ||
        (frame.opcode != SC_WS_TEXT && frame.opcode != SC_WS_BINARY) || frame.payload_bytes == 0)
        return sc_str_none();
    return sc_str(buf->bytes + frame.header_bytes, (size_t)frame.payload_bytes);
}

static void end_batch(sc_batch_t *batch)
{
    sc_wheel_stop(&batch->socket->worker->loop.wheel, &batch->timer);
    batch->socket->batch = NULL;
    free(batch);
}

/** Sleeps until what waits must go, or until the end. */
static void schedule(sc_batch_t *batch)
{
    sc_loop_t *loop = &batch->socket->worker->loop;
    uint64_t now_ms = sc_loop_now_ms(loop);
    uint64_t left_ms = batch->until_ms > now_ms ? batch->until_ms - now_ms : 0;

    if (batch->count > 0 && batch->interval_ms < left_ms)
        left_ms = batch->interval_ms;
    sc_wheel_start(&loop->wheel, &batch->timer, left_ms);
}

static void on_tick(sc_wheel_timer_t *timer)
{
    sc_batch_t *batch = sc_list_entry(timer, sc_batch_t, timer);

    sc_batch_flush(batch->socket);
    if (sc_loop_now_ms(&batch->socket->worker->loop) >= batch->until_ms)
        end_batch(batch);
    else
        schedule(batch);
}

void sc_batch_open(sc_socket_t *socket, uint64_t duration_ms, uint64_t interval_ms)
{
    sc_batch_t *batch;

    if (socket->batch != NULL || !sc_socket_is_alive(socket))
        return;
    batch = sc_new(sc_batch_t);
    batch->socket = socket;
    batch->until_ms = sc_loop_now_ms(&socket->worker->loop) + duration_ms;
    batch->interval_ms = interval_ms;
    sc_wheel_timer_init(&batch->timer, on_tick);
    socket->batch = batch;
    schedule(batch);
}

bool sc_batch_take(sc_socket_t *socket, sc_buf_t *frame)
{
    sc_batch_t *batch = socket->batch;

    if (!knows_arrays(socket))
        return false;
    /* What can't be part of an array goes by itself, but not before what came earlier; so does what is too long to wait. */
    if (frame->len > SC_BATCH_BYTES_MAX || sc_str_is_none(packet_in(frame))) {
        sc_batch_flush(socket);
        return false;
    }
    if (batch->bytes + frame->len > SC_BATCH_BYTES_MAX || batch->count == SC_BATCH_FRAMES_MAX)
        sc_batch_flush(socket);
    batch->frames[batch->count++] = sc_buf_ref(frame);
    batch->bytes += frame->len;
    if (batch->count == 1)
        schedule(batch);
    return true;
}

static sc_buf_t *frame_of_all(const sc_batch_t *batch)
{
    sc_str_t packets[SC_BATCH_FRAMES_MAX];

    if (batch->count == 1)
        return sc_buf_ref(batch->frames[0]); /* needs no array */
    for (uint32_t i = 0; i < batch->count; i++)
        packets[i] = packet_in(batch->frames[i]);
    batch->socket->worker->array_count++;
    return batch->socket->codec->write_array(packets, batch->count);
}

static void forget(sc_batch_t *batch)
{
    for (uint32_t i = 0; i < batch->count; i++)
        sc_buf_unref(batch->frames[i]);
    batch->count = 0;
    batch->bytes = 0;
}

void sc_batch_flush(sc_socket_t *socket)
{
    sc_batch_t *batch = socket->batch;
    sc_buf_t *plain;
    sc_buf_t *frame;

    if (batch == NULL || batch->count == 0)
        return;
    plain = frame_of_all(batch);
    forget(batch);
    frame = sc_socket_deflate_frame(socket, plain);
    sc_socket_write_frame(socket, frame);
    sc_buf_unref(plain);
    sc_buf_unref(frame);
}

void sc_batch_drop(sc_socket_t *socket)
{
    if (socket->batch == NULL)
        return;
    forget(socket->batch);
    end_batch(socket->batch);
}
