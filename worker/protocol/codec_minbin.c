/*
 * codec_minbin.c: packets as MessagePack in binary frames, in the shortened form of sc-codec-min-bin (docs/protocol.md, "Binary
 * codec"):
 *
 *     {"e": [event, data]}          {"e": [event, data, cid]}
 *     {"p": [channel, data]}        {"p": [channel, data, cid]}     a #publish
 *     {"r": [rid, error, data]}                                     an answer
 *
 * What is missing becomes nil, and null again. In an array from a client each packet may have this form or not; in one to
 * a client none has.
 */
#include "common/alloc.h"
#include "common/json_scan.h"
#include "common/log.h"
#include "worker/protocol/codec.h"
#include "worker/protocol/msgpack_read.h"
#include "worker/protocol/msgpack_write.h"
#include "worker/ws/ws_frame.h"

/* What a packet is longer than its parts, at most, if they are text. */
#define FRAMING_BYTES 24u
/* What its names take where it is not in its short form. */
#define LONG_FORM_BYTES 32u

/** A short form: the names of what its array holds, in order. */
typedef struct short_form {
    const char *names[3];
    bool is_left_out[3]; /* where it is nil: it was missing */
} short_form_t;

static const short_form_t event_form = {{"event", "data", "cid"}, {false, false, true}};
static const short_form_t answer_form = {{"rid", "error", "data"}, {false, true, false}};
static const short_form_t publish_form = {{"channel", "data", "cid"}, {false, false, true}};

/* ---- To clients ------------------------------------------------------------------------------------------------ */

/** A frame in the making: where its payload begins is guessed, and is right unless the length crosses 126 or 65536. */
typedef struct frame {
    sc_msgpack_writer_t writer;
    size_t header_bytes;
} frame_t;

static void begin_frame(frame_t *frame, size_t guess_bytes)
{
    char header[SC_WS_HEADER_BYTES_MAX];

    frame->header_bytes = sc_ws_frame_write_header(header, SC_WS_BINARY, 0, guess_bytes);
    sc_msgpack_begin(&frame->writer, guess_bytes, frame->header_bytes);
}

static sc_buf_t *end_frame(frame_t *frame)
{
    char header[SC_WS_HEADER_BYTES_MAX];
    sc_buf_t *buf = sc_msgpack_finish(&frame->writer);
    size_t payload_bytes = buf->len - frame->header_bytes;
    size_t header_bytes = sc_ws_frame_write_header(header, SC_WS_BINARY, 0, payload_bytes);

    if (header_bytes > frame->header_bytes)
        buf = sc_buf_resize(buf, header_bytes + payload_bytes);
    if (header_bytes != frame->header_bytes)
        memmove(buf->bytes + header_bytes, buf->bytes + frame->header_bytes, payload_bytes);
    memcpy(buf->bytes, header, header_bytes);
    buf->len = (uint32_t)(header_bytes + payload_bytes);
    return buf;
}

/* What plugins send is passed on as it is, so it may be anything; a client's decoder must not see that. */
static void put_json(frame_t *frame, sc_str_t json)
{
    sc_status_t status = sc_msgpack_put_json(&frame->writer, json);

    if (status != SC_OK)
        sc_log(SC_LOG_WARN,
               "data that is no JSON (%s) became null for a client with a binary codec",
               sc_status_name(status));
}

static sc_buf_t *write_event(sc_str_t event, sc_str_t data, uint64_t cid)
{
    frame_t frame;

    begin_frame(&frame, FRAMING_BYTES + event.len + data.len);
    sc_msgpack_put_bytes(&frame.writer, SC_STR("\x81\xa1"
                                               "e"));
    sc_msgpack_put_array(&frame.writer, cid != 0 ? 3 : 2);
    sc_msgpack_put_string(&frame.writer, event);
    put_json(&frame, data);
    if (cid != 0)
        sc_msgpack_put_number(&frame.writer, (double)cid);
    return end_frame(&frame);
}

static sc_buf_t *write_answer(sc_str_t rid, sc_str_t error, sc_str_t data)
{
    frame_t frame;

    begin_frame(&frame, FRAMING_BYTES + rid.len + error.len + data.len);
    sc_msgpack_put_bytes(&frame.writer, SC_STR("\x81\xa1"
                                               "r\x93"));
    put_json(&frame, rid);
    put_json(&frame, error);
    put_json(&frame, data);
    return end_frame(&frame);
}

/* The channel's part is a copy of its name behind five bytes: nothing that would be worth keeping. */
static sc_buf_t *write_publish(sc_channel_t *channel, sc_str_t data)
{
    frame_t frame;

    begin_frame(&frame, FRAMING_BYTES + channel->name_len + data.len);
    sc_msgpack_put_bytes(&frame.writer, SC_STR("\x81\xa1"
                                               "p\x92"));
    sc_msgpack_put_string(&frame.writer, sc_channel_name(channel));
    put_json(&frame, data);
    return end_frame(&frame);
}

/* A string by itself: the client's decoder takes it, and as it is no packet it becomes a `raw` event. */
static sc_buf_t *write_raw(sc_str_t text)
{
    frame_t frame;

    begin_frame(&frame, FRAMING_BYTES + text.len);
    sc_msgpack_put_string(&frame.writer, text);
    return end_frame(&frame);
}

/** A name and the next element of a packet's short form, as it is; the element is there: the packet is ours. */
static void put_member(frame_t *frame, const char *name, sc_msgpack_reader_t *elements)
{
    const char *begin = (const char *)elements->at;
    sc_status_t status = sc_msgpack_skip(elements);

    sc_assert(status == SC_OK);
    sc_msgpack_put_string(&frame->writer, sc_str_from(name));
    sc_msgpack_put_bytes(&frame->writer,
                         sc_str(begin, (size_t)((const char *)elements->at - begin)));
}

/* Version 2.0.0 of the codec knows no short forms in arrays, and no version needs them there. */
static void put_long_form(frame_t *frame, sc_str_t packet)
{
    sc_msgpack_reader_t elements = {.at = (const uint8_t *)packet.ptr + 4,
                                    .end = (const uint8_t *)packet.ptr + packet.len};
    uint8_t count = packet.ptr[3] & 0x0f;
    const char *const *names = packet.ptr[2] == 'r' ? answer_form.names : event_form.names;

    sc_msgpack_put_map(&frame->writer, count);
    if (packet.ptr[2] == 'p') {
        sc_msgpack_put_string(&frame->writer, SC_STR("event"));
        sc_msgpack_put_string(&frame->writer, SC_STR("#publish"));
        sc_msgpack_put_string(&frame->writer, SC_STR("data"));
        sc_msgpack_put_map(&frame->writer, 2);
        names = publish_form.names;
    }
    for (uint8_t i = 0; i < count; i++)
        put_member(frame, names[i], &elements);
}

static sc_buf_t *write_array(const sc_str_t *packets, uint32_t count)
{
    size_t packet_bytes = 0;
    frame_t frame;

    for (uint32_t i = 0; i < count; i++)
        packet_bytes += packets[i].len + LONG_FORM_BYTES;
    begin_frame(&frame, FRAMING_BYTES + packet_bytes);
    sc_msgpack_put_array(&frame.writer, count);
    for (uint32_t i = 0; i < count; i++)
        put_long_form(&frame, packets[i]);
    return end_frame(&frame);
}

static sc_buf_t *write_ping_v1(void)
{
    return write_raw(SC_STR("#1"));
}

/* ---- From clients ------------------------------------------------------------------------------------------------ */

static bool is_pong_v1(sc_str_t message)
{
    return sc_str_equal(message, SC_STR("\xa2#2"));
}

static sc_status_t open_container(sc_msgpack_reader_t *reader, sc_str_t bracket)
{
    if (reader->depth >= SC_JSON_DEPTH_MAX)
        return SC_ERR_INVALID;
    reader->depth++;
    return sc_msgpack_add(reader, bracket);
}

static sc_status_t close_container(sc_msgpack_reader_t *reader, sc_str_t bracket)
{
    reader->depth--;
    return sc_msgpack_add(reader, bracket);
}

static sc_status_t skip_value(sc_msgpack_reader_t *reader)
{
    size_t len_before = reader->out->len;
    sc_status_t status = sc_msgpack_read_value(reader);

    reader->out->len = len_before;
    return status;
}

/** Adds a member's name, behind a comma unless it is the object's first. */
static sc_status_t add_name(sc_msgpack_reader_t *reader, sc_str_t name)
{
    bool is_first = reader->out->ptr[reader->out->len - 1] == '{';
    sc_status_t status = is_first ? SC_OK : sc_msgpack_add(reader, SC_STR(","));

    if (status == SC_OK)
        status = sc_msgpack_add_quoted(reader, name);
    return status == SC_OK ? sc_msgpack_add(reader, SC_STR(":")) : status;
}

/** The elements `from` to `to` of a short form's array; fewer if there are no more than `count`. */
static sc_status_t read_members(sc_msgpack_reader_t *reader, const short_form_t *form,
                                uint32_t from, uint32_t to, uint32_t count)
{
    sc_status_t status = SC_OK;

    for (uint32_t i = from; i < to && i < count && status == SC_OK; i++) {
        if (form->is_left_out[i] && sc_msgpack_peek(reader) == SC_MSGPACK_KIND_NULL) {
            status = skip_value(reader);
            continue;
        }
        status = add_name(reader, sc_str_from(form->names[i]));
        if (status == SC_OK)
            status = sc_msgpack_read_value(reader);
    }
    return status;
}

static sc_status_t read_publish(sc_msgpack_reader_t *reader, uint32_t count)
{
    sc_status_t status = add_name(reader, SC_STR("event"));

    if (status == SC_OK)
        status = sc_msgpack_add(reader, SC_STR("\"#publish\",\"data\":"));
    if (status == SC_OK)
        status = open_container(reader, SC_STR("{"));
    if (status == SC_OK)
        status = read_members(reader, &publish_form, 0, 2, count);
    if (status == SC_OK)
        status = close_container(reader, SC_STR("}"));
    return status == SC_OK ? read_members(reader, &publish_form, 2, 3, count) : status;
}

/** A short form, on whose array the reader stands. What is beyond its three elements means nothing. */
static sc_status_t read_short(sc_msgpack_reader_t *reader, char form)
{
    uint32_t count;
    sc_status_t status = sc_msgpack_read_head(reader, &count);

    if (status != SC_OK)
        return status;
    if (form == 'p')
        status = read_publish(reader, count);
    else
        status = read_members(reader, form == 'e' ? &event_form : &answer_form, 0, 3, count);
    for (uint32_t i = 3; i < count && status == SC_OK; i++)
        status = skip_value(reader);
    return status;
}

static bool is_short(const sc_msgpack_reader_t *reader, sc_str_t name)
{
    return name.len == 1 && (name.ptr[0] == 'e' || name.ptr[0] == 'p' || name.ptr[0] == 'r') &&
           sc_msgpack_peek(reader) == SC_MSGPACK_KIND_ARRAY;
}

static sc_status_t read_member(sc_msgpack_reader_t *reader)
{
    sc_str_t name;
    sc_status_t status = sc_msgpack_read_string(reader, &name);

    if (status != SC_OK)
        return status;
    if (is_short(reader, name))
        return read_short(reader, name.ptr[0]);
    status = add_name(reader, name);
    return status == SC_OK ? sc_msgpack_read_value(reader) : status;
}

static sc_status_t read_packet(sc_msgpack_reader_t *reader)
{
    uint32_t count;
    sc_status_t status = sc_msgpack_read_head(reader, &count);

    if (status == SC_OK)
        status = open_container(reader, SC_STR("{"));
    for (uint32_t i = 0; i < count && status == SC_OK; i++)
        status = read_member(reader);
    return status == SC_OK ? close_container(reader, SC_STR("}")) : status;
}

static sc_status_t read_packets(sc_msgpack_reader_t *reader)
{
    uint32_t count;
    sc_status_t status = sc_msgpack_read_head(reader, &count);

    if (status == SC_OK)
        status = open_container(reader, SC_STR("["));
    for (uint32_t i = 0; i < count && status == SC_OK; i++) {
        if (i > 0)
            status = sc_msgpack_add(reader, SC_STR(","));
        if (status == SC_OK)
            status = sc_msgpack_peek(reader) == SC_MSGPACK_KIND_MAP ? read_packet(reader)
                                                                    : sc_msgpack_read_value(reader);
    }
    return status == SC_OK ? close_container(reader, SC_STR("]")) : status;
}

static sc_status_t read_message(bool is_text, sc_str_t message, size_t bytes_max,
                                sc_text_t *scratch, sc_str_t *text)
{
    sc_msgpack_reader_t reader = {.at = (const uint8_t *)message.ptr, .out = scratch};
    sc_status_t status;

    if (is_text || message.len == 0)
        return SC_ERR_INVALID;
    reader.end = reader.at + message.len;
    reader.out_max = bytes_max;
    switch (sc_msgpack_peek(&reader)) {
    case SC_MSGPACK_KIND_MAP:
        status = read_packet(&reader);
        break;
    case SC_MSGPACK_KIND_ARRAY:
        status = read_packets(&reader);
        break;
    default:
        status = sc_msgpack_read_value(&reader);
        break;
    }
    if (status == SC_OK && reader.at != reader.end)
        status = SC_ERR_INVALID;
    *text = sc_text_str(scratch);
    return status;
}

const sc_codec_t sc_codec_minbin = {
    .name = "min-bin",
    .index = 1,
    .write_event = write_event,
    .write_answer = write_answer,
    .write_publish = write_publish,
    .write_raw = write_raw,
    .write_array = write_array,
    .write_ping_v1 = write_ping_v1,
    .is_pong_v1 = is_pong_v1,
    .read = read_message,
};
