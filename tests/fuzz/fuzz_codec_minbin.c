/*
 * fuzz_codec_minbin.c: whatever a client sends, what is taken is JSON in UTF-8 and within the limit; and written again it is read as
 * the same.
 */
#include "common/json_scan.h"
#include "worker/protocol/codec.h"
#include "worker/protocol/msgpack_read.h"
#include "worker/protocol/packet_scan.h"
#include "worker/ws/utf8.h"
#include "worker/ws/ws_frame.h"

#include <stdlib.h>

#define OUT_MAX 100000u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

static sc_str_t payload_of(const sc_buf_t *buf)
{
    sc_ws_frame_t frame;

    require(sc_ws_frame_parse(buf->bytes, buf->len, &frame) == SC_OK);
    require(frame.header_bytes + frame.payload_bytes == buf->len);
    return sc_str(buf->bytes + frame.header_bytes, (size_t)frame.payload_bytes);
}

/* The data of an event that carries a text, as our own reader takes it. @return false: it is nested too deep to be part of one */
static bool carry(sc_str_t json, sc_text_t *out)
{
    sc_buf_t *buf = sc_codec_minbin.write_event(SC_STR("e"), json, 1);
    sc_text_t scratch = {0};
    sc_packet_t packet;
    sc_str_t text;
    sc_status_t status =
        sc_codec_minbin.read(false, payload_of(buf), SIZE_MAX / 4, &scratch, &text);

    if (status == SC_OK) {
        require(sc_packet_scan(text, &packet) == SC_OK);
        require(packet.event.kind == SC_JSON_STRING && packet.cid.kind == SC_JSON_NUMBER);
        sc_text_add(out, packet.data.text);
    }
    sc_buf_unref(buf);
    sc_text_free(&scratch);
    return status == SC_OK;
}

/* Big integers become doubles the first time; from then on nothing changes. */
static void check_round_trip(sc_str_t json)
{
    sc_text_t wrapped = {0};
    sc_text_t once = {0};
    sc_text_t twice = {0};
    bool is_carried;

    sc_text_add(&wrapped, SC_STR("["));
    sc_text_add(&wrapped, json);
    sc_text_add(&wrapped, SC_STR("]"));
    is_carried = carry(json, &once);
    require(is_carried == (sc_json_check(sc_text_str(&wrapped)) != SC_JSON_NONE));
    if (is_carried) {
        require(sc_json_check(sc_text_str(&once)) == sc_json_check(json));
        require(carry(sc_text_str(&once), &twice));
        require(sc_str_equal(sc_text_str(&once), sc_text_str(&twice)));
    }
    sc_text_free(&wrapped);
    sc_text_free(&once);
    sc_text_free(&twice);
}

/* Whatever can be read can be passed by, and ends there. */
static void check_skip(const uint8_t *data, size_t size, bool is_readable)
{
    sc_msgpack_reader_t reader = {.at = data, .end = data + size};
    sc_status_t status = sc_msgpack_skip(&reader);

    require(reader.at <= reader.end);
    require(!is_readable || (status == SC_OK && reader.at == reader.end));
}

/* Packets that we send are the same in an array. */
static void check_array(sc_str_t json)
{
    sc_buf_t *single = sc_codec_minbin.write_answer(SC_STR("7"), SC_STR("1"), json);
    sc_str_t packets[2] = {payload_of(single), payload_of(single)};
    sc_buf_t *array = sc_codec_minbin.write_array(packets, 2);
    sc_text_t alone = {0};
    sc_text_t together = {0};
    sc_text_t expected = {0};
    sc_str_t text;
    sc_status_t status =
        sc_codec_minbin.read(false, payload_of(array), SIZE_MAX / 4, &together, &text);

    if (status == SC_OK) {
        require(sc_codec_minbin.read(false, packets[0], SIZE_MAX / 4, &alone, &text) == SC_OK);
        sc_text_addf(&expected, "[%.*s,%.*s]", SC_STR_ARG(text), SC_STR_ARG(text));
        require(sc_str_equal(sc_text_str(&expected), sc_text_str(&together)));
    }
    sc_buf_unref(single);
    sc_buf_unref(array);
    sc_text_free(&alone);
    sc_text_free(&together);
    sc_text_free(&expected);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sc_str_t message = sc_str(size > 0 ? (const char *)data : "", size);
    sc_text_t scratch = {0};
    sc_str_t text;
    sc_status_t status = sc_codec_minbin.read(false, message, OUT_MAX, &scratch, &text);

    require(scratch.len <= OUT_MAX);
    check_skip(data, size, status == SC_OK);
    if (status == SC_OK) {
        require(sc_json_check(text) != SC_JSON_NONE);
        require(sc_utf8_is_valid(text));
        check_round_trip(text);
        check_array(text);
    }
    if (size > 0 && status == SC_OK) {
        sc_text_clear(&scratch);
        require(sc_codec_minbin.read(false, sc_str(message.ptr, size - 1), OUT_MAX, &scratch,
                                     &text) == SC_ERR_INVALID);
    }
    sc_text_free(&scratch);
    return 0;
}
