/*
 * codec_json.c: packets as JSON in text frames, the default of every client.
 */
#include "common/str.h"
#include "worker/protocol/codec.h"
#include "worker/ws/utf8.h"
#include "worker/ws/ws_frame.h"

#include <stdio.h>

/* Writes the parts of a text frame one after the other into a buffer of exactly their length. */
static sc_buf_t *frame_of(const sc_str_t *parts, size_t count)
{
    char header[SC_WS_HEADER_BYTES_MAX];
    size_t header_bytes;
    size_t payload_bytes = 0;
    sc_buf_t *frame;
    char *at;

    for (size_t i = 0; i < count; i++)
        payload_bytes += parts[i].len;
    header_bytes = sc_ws_frame_write_header(header, SC_WS_TEXT, 0, payload_bytes);
    frame = sc_buf_new(header_bytes + payload_bytes);
    memcpy(frame->bytes, header, header_bytes);
    at = frame->bytes + header_bytes;
    for (size_t i = 0; i < count; i++) {
        if (parts[i].len > 0)
            memcpy(at, parts[i].ptr, parts[i].len);
        at += parts[i].len;
    }
    return frame;
}

static sc_buf_t *write_event(sc_str_t event, sc_str_t data, uint64_t cid)
{
    sc_text_t quoted = {0};
    char number[24];
    sc_buf_t *frame;
    sc_str_t parts[7];
    size_t count = 0;

    sc_text_add_quoted(&quoted, event);
    parts[count++] = SC_STR("{\"event\":");
    parts[count++] = sc_text_str(&quoted);
    if (!sc_str_is_none(data)) {
        parts[count++] = SC_STR(",\"data\":");
        parts[count++] = data;
    }
    if (cid != 0) {
        int len = snprintf(number, sizeof(number), "%llu", (unsigned long long)cid);

        parts[count++] = SC_STR(",\"cid\":");
        parts[count++] = sc_str(number, (size_t)len);
    }
    parts[count++] = SC_STR("}");
    frame = frame_of(parts, count);
    sc_text_free(&quoted);
    return frame;
}

static sc_buf_t *write_answer(sc_str_t rid, sc_str_t error, sc_str_t data)
{
    sc_str_t parts[7];
    size_t count = 0;

    parts[count++] = SC_STR("{\"rid\":");
    parts[count++] = rid;
    if (!sc_str_is_none(error)) {
        parts[count++] = SC_STR(",\"error\":");
        parts[count++] = error;
    }
    if (!sc_str_is_none(data)) {
        parts[count++] = SC_STR(",\"data\":");
        parts[count++] = data;
    }
    parts[count++] = SC_STR("}");
    return frame_of(parts, count);
}

static sc_buf_t *write_publish(sc_channel_t *channel, sc_str_t data)
{
    sc_str_t parts[3];
    size_t count = 0;

    if (channel->packet_head.len == 0) {
        sc_text_add(&channel->packet_head,
                    SC_STR("{\"event\":\"#publish\",\"data\":{\"channel\":"));
        sc_text_add_quoted(&channel->packet_head, sc_channel_name(channel));
        sc_text_add(&channel->packet_head, SC_STR(",\"data\":"));
    }
    parts[count++] = sc_text_str(&channel->packet_head);
    if (sc_str_is_none(data))
        parts[0].len -= strlen(",\"data\":"); /* undefined stays missing */
    else
        parts[count++] = data;
    parts[count++] = SC_STR("}}");
    return frame_of(parts, count);
}

static sc_buf_t *write_raw(sc_str_t text)
{
    return sc_ws_frame_new(SC_WS_TEXT, text);
}

static sc_buf_t *write_array(const sc_str_t *packets, uint32_t count)
{
    sc_text_t text = {0};
    sc_buf_t *frame;

    for (uint32_t i = 0; i < count; i++) {
        sc_text_add(&text, i == 0 ? SC_STR("[") : SC_STR(","));
        sc_text_add(&text, packets[i]);
    }
    sc_text_add(&text, SC_STR("]"));
    frame = sc_ws_frame_new(SC_WS_TEXT, sc_text_str(&text));
    sc_text_free(&text);
    return frame;
}

static sc_buf_t *write_ping_v1(void)
{
    return sc_ws_frame_new(SC_WS_TEXT, SC_STR("#1"));
}

static bool is_pong_v1(sc_str_t message)
{
    return sc_str_equal(message, SC_STR("#2"));
}

/* JSON in a binary frame is taken as well. It may become part of a text frame to others, so it must be UTF-8. */
static sc_status_t read_text(bool is_text, sc_str_t message, size_t bytes_max, sc_text_t *scratch,
                             sc_str_t *text)
{
    (void)bytes_max; /* the message's own limit */
    (void)scratch;
    if (!is_text && !sc_utf8_is_valid(message))
        return SC_ERR_INVALID;
    *text = message;
    return SC_OK;
}

const sc_codec_t sc_codec_json = {
    .name = "json",
    .index = 0,
    .takes_text = true,
    .write_event = write_event,
    .write_answer = write_answer,
    .write_publish = write_publish,
    .write_raw = write_raw,
    .write_array = write_array,
    .write_ping_v1 = write_ping_v1,
    .is_pong_v1 = is_pong_v1,
    .read = read_text,
};
