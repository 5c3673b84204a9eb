#include "worker/ws/ws_reader.h"

#include "common/alloc.h"

void sc_ws_reader_init(sc_ws_reader_t *reader, const sc_ws_reader_handler_t *handler,
                       uint64_t payload_bytes_max)
{
    memset(reader, 0, sizeof(*reader));
    reader->handler = handler;
    reader->payload_bytes_max = payload_bytes_max;
}

static void drop_fragments(sc_ws_reader_t *reader)
{
    free(reader->fragments.ptr);
    memset(&reader->fragments, 0, sizeof(reader->fragments));
}

void sc_ws_reader_allow_deflate(sc_ws_reader_t *reader, sc_ws_deflate_t *zlib)
{
    reader->zlib = zlib;
}

void sc_ws_reader_deinit(sc_ws_reader_t *reader)
{
    drop_fragments(reader);
}

void sc_ws_reader_stop(sc_ws_reader_t *reader)
{
    reader->is_stopped = true;
}

void sc_ws_reader_go(sc_ws_reader_t *reader)
{
    reader->is_stopped = reader->is_over;
}

static void end(sc_ws_reader_t *reader)
{
    reader->is_over = true;
    reader->is_stopped = true;
    drop_fragments(reader);
}

static void fail(sc_ws_reader_t *reader, int code, const char *reason)
{
    end(reader);
    reader->handler->on_fail(reader, code, reason);
}

/* ---- What a header may say (RFC 6455, 5.2 to 5.5) ---------------------------------------------------------- */

/** Over 125 bytes, or said as if it were. */
static bool has_long_length(const sc_ws_frame_t *frame)
{
    return frame->header_bytes > 2 + (frame->is_masked ? sizeof(frame->mask) : 0);
}

static const char *check_control(const sc_ws_frame_t *frame)
{
    if (frame->opcode > SC_WS_PONG)
        return "unknown opcode";
    if (!frame->is_final)
        return "control frame in fragments";
    if (has_long_length(frame))
        return "control frame over 125 bytes";
    return NULL;
}

static const char *check_data(const sc_ws_reader_t *reader, const sc_ws_frame_t *frame)
{
    if (frame->opcode > SC_WS_BINARY)
        return "unknown opcode";
    if (frame->opcode == SC_WS_CONTINUATION && reader->opcode == 0)
        return "continuation of nothing";
    if (frame->opcode != SC_WS_CONTINUATION && reader->opcode != 0)
        return "new message before the last one was complete";
    return NULL;
}

/** The first frame of a message may say that it is compressed, if that was agreed (RFC 7692, 6.1). */
static bool are_reserved_bits_right(const sc_ws_reader_t *reader, const sc_ws_frame_t *frame)
{
    if (frame->reserved == 0)
        return true;
    return frame->reserved == SC_WS_RSV1 && reader->zlib != NULL &&
           (frame->opcode == SC_WS_TEXT || frame->opcode == SC_WS_BINARY);
}

/** @return what is wrong with a frame, NULL: nothing. */
static const char *check_header(const sc_ws_reader_t *reader, const sc_ws_frame_t *frame)
{
    if (!are_reserved_bits_right(reader, frame))
        return "reserved bit set";
    if (sc_ws_frame_is_control(frame)) {
        const char *reason = check_control(frame);

        if (reason != NULL)
            return reason;
    } else {
        const char *reason = check_data(reader, frame);

        if (reason != NULL)
            return reason;
    }
    return frame->is_masked ? NULL : "frame without mask";
}

static bool is_too_big(const sc_ws_reader_t *reader, const sc_ws_frame_t *frame)
{
    if (sc_ws_frame_is_control(frame))
        return false; /* 125 bytes whatever the limit */
    return frame->payload_bytes > reader->payload_bytes_max ||
           reader->fragments.len > reader->payload_bytes_max - frame->payload_bytes;
}

/* ---- Control frames ---------------------------------------------------------------------------------------- */

static void handle_close(sc_ws_reader_t *reader, const char *payload, size_t len)
{
    sc_str_t reason = len > 2 ? sc_str(payload + 2, len - 2) : SC_STR("");
    int code = 0;

    if (len == 1) {
        fail(reader, SC_WS_CLOSE_PROTOCOL, "close frame with 1 byte");
        return;
    }
    if (len >= 2) {
        code = (uint8_t)payload[0] << 8 | (uint8_t)payload[1];
        if (!sc_ws_close_code_is_valid(code)) {
            fail(reader, SC_WS_CLOSE_PROTOCOL, "forbidden close code");
            return;
        }
    }
    if (!sc_utf8_is_valid(reason)) {
        fail(reader, SC_WS_CLOSE_INVALID_TEXT, "close reason is not UTF-8");
        return;
    }
    end(reader);
    reader->handler->on_close(reader, code, reason);
}

static void handle_control(sc_ws_reader_t *reader, uint8_t opcode, const char *payload, size_t len)
{
    if (opcode == SC_WS_PING)
        reader->handler->on_ping(reader, sc_str(payload, len));
    else if (opcode == SC_WS_PONG)
        reader->handler->on_pong(reader, sc_str(payload, len));
    else
        handle_close(reader, payload, len);
}

/* ---- Messages ---------------------------------------------------------------------------------------------- */

/** Hands a message over where it lies. */
static void tell_message(sc_ws_reader_t *reader, uint8_t opcode, char *payload, size_t len)
{
    if (opcode == SC_WS_TEXT && !sc_utf8_is_valid(sc_str(payload, len))) {
        fail(reader, SC_WS_CLOSE_INVALID_TEXT, "text is not UTF-8");
        return;
    }
    reader->handler->on_message(reader, opcode == SC_WS_TEXT, payload, len);
}

static void fail_inflate(sc_ws_reader_t *reader, sc_status_t status)
{
    if (status == SC_ERR_LIMIT)
        fail(reader, SC_WS_CLOSE_TOO_BIG, "message inflates over maxPayload or maxInflateRatio");
    else if (status == SC_ERR_NOMEM)
        fail(reader, SC_WS_CLOSE_INTERNAL, "no memory to inflate a message");
    else
        fail(reader, SC_WS_CLOSE_INVALID_TEXT, "compressed message is malformed");
}

static void tell_deflated(sc_ws_reader_t *reader, uint8_t opcode, sc_str_t payload)
{
    sc_ws_deflate_t *zlib = reader->zlib;
    size_t len;
    char *bytes;
    sc_status_t status = sc_ws_inflate(zlib, payload, &bytes, &len);

    if (status != SC_OK) {
        fail_inflate(reader, status);
        return;
    }
    tell_message(reader, opcode, bytes, len);
    sc_ws_inflate_release(zlib);
}

static void handle_whole(sc_ws_reader_t *reader, const sc_ws_frame_t *frame, char *payload,
                         size_t len)
{
    if (frame->reserved != 0)
        tell_deflated(reader, frame->opcode, sc_str(payload, len));
    else
        tell_message(reader, frame->opcode, payload, len);
}

/** Keeps a fragment. The size is the client's, and within the limit. @return false: no memory. */
static bool keep_fragment(sc_text_t *fragments, const char *payload, size_t len)
{
    if (len > fragments->capacity - fragments->len) {
        size_t capacity = 2 * fragments->capacity;
        char *ptr;

        if (capacity < fragments->len + len)
            capacity = fragments->len + len;
        ptr = realloc(fragments->ptr, capacity);
        if (ptr == NULL)
            return false;
        fragments->ptr = ptr;
        fragments->capacity = capacity;
    }
    if (len > 0)
        memcpy(fragments->ptr + fragments->len, payload, len);
    fragments->len += len;
    return true;
}

static void finish_message(sc_ws_reader_t *reader)
{
    sc_text_t message = reader->fragments;
    uint8_t opcode = reader->opcode;
    char none = '\0';
    char *bytes = message.ptr != NULL ? message.ptr : &none;

    memset(&reader->fragments, 0, sizeof(reader->fragments));
    reader->opcode = 0;
    if (reader->is_deflated)
        tell_deflated(reader, opcode, sc_str(bytes, message.len));
    else /* its text has been checked as it came */
        reader->handler->on_message(reader, opcode == SC_WS_TEXT, bytes, message.len);
    free(message.ptr);
}

static void handle_fragment(sc_ws_reader_t *reader, const sc_ws_frame_t *frame, const char *payload,
                            size_t len)
{
    if (frame->opcode != SC_WS_CONTINUATION) {
        reader->opcode = frame->opcode;
        reader->is_deflated = frame->reserved != 0;
    }
    if (reader->opcode == SC_WS_TEXT && !reader->is_deflated &&
        (!sc_utf8_feed(&reader->utf8, payload, len) ||
         (frame->is_final && !sc_utf8_is_complete(&reader->utf8)))) {
        fail(reader, SC_WS_CLOSE_INVALID_TEXT, "text is not UTF-8");
        return;
    }
    if (!keep_fragment(&reader->fragments, payload, len)) {
        fail(reader, SC_WS_CLOSE_INTERNAL, "no memory for a fragment");
        return;
    }
    if (frame->is_final)
        finish_message(reader);
}

static void handle_frame(sc_ws_reader_t *reader, const sc_ws_frame_t *frame, char *payload)
{
    size_t len = (size_t)frame->payload_bytes;

    sc_ws_frame_mask(payload, len, frame->mask, 0);
    if (sc_ws_frame_is_control(frame))
        handle_control(reader, frame->opcode, payload, len);
    else if (frame->is_final && frame->opcode != SC_WS_CONTINUATION)
        handle_whole(reader, frame, payload, len);
    else
        handle_fragment(reader, frame, payload, len);
}

/* ---- The stream -------------------------------------------------------------------------------------------- */

/** Parses and checks the header at the front. @return SC_OK, SC_AGAIN, or an error after on_fail. */
static sc_status_t read_header(sc_ws_reader_t *reader, const char *bytes, size_t len,
                               sc_ws_frame_t *frame)
{
    sc_status_t status = sc_ws_frame_parse(bytes, len, frame);
    /* Two bytes are enough to tell what may not be: nobody waits for the rest of it. */
    const char *reason = len >= 2 ? check_header(reader, frame) : NULL;

    if (reason == NULL && status == SC_ERR_PROTOCOL)
        reason = "length not in its shortest form";
    if (reason != NULL) {
        fail(reader, SC_WS_CLOSE_PROTOCOL, reason);
        return SC_ERR_PROTOCOL;
    }
    if (status != SC_OK)
        return status;
    if (is_too_big(reader, frame)) {
        fail(reader, SC_WS_CLOSE_TOO_BIG, "message over maxPayload");
        return SC_ERR_LIMIT;
    }
    return SC_OK;
}

size_t sc_ws_reader_feed(sc_ws_reader_t *reader, char *bytes, size_t len)
{
    size_t used = 0;

    while (!reader->is_stopped && used < len) {
        sc_ws_frame_t frame;
        char *front = bytes + used;
        size_t left = len - used;

        if (read_header(reader, front, left, &frame) != SC_OK)
            break;
        if (left - frame.header_bytes < frame.payload_bytes)
            break;
        used += frame.header_bytes + (size_t)frame.payload_bytes;
        handle_frame(reader, &frame, front + frame.header_bytes);
    }
    return reader->is_over ? len : used;
}

size_t sc_ws_reader_wanted(const char *rest, size_t len, const sc_ws_reader_t *reader)
{
    sc_ws_frame_t frame;

    if (sc_ws_frame_parse(rest, len, &frame) != SC_OK ||
        frame.payload_bytes > reader->payload_bytes_max)
        return 0;
    return frame.header_bytes + (size_t)frame.payload_bytes;
}
