/*
 * test_codec_minbin.c: frames as sc-codec-min-bin's clients take them, and what such clients send as the JSON text of ordinary
 * packets (docs/protocol.md, "Binary codec").
 */
#include "common/alloc.h"
#include "common/json_scan.h"
#include "worker/protocol/codec.h"
#include "worker/protocol/packet_scan.h"
#include "worker/ws/ws_frame.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#define OUT_MAX 1000000u

/* The payload of a frame that is binary, final, unmasked and of its length. */
static sc_str_t payload_of(const sc_buf_t *buf)
{
    sc_ws_frame_t frame;

    assert_int_equal(sc_ws_frame_parse(buf->bytes, buf->len, &frame), SC_OK);
    assert_true(frame.is_final && !frame.is_masked);
    assert_int_equal(frame.opcode, SC_WS_BINARY);
    assert_int_equal(frame.reserved, 0);
    assert_int_equal(frame.header_bytes + frame.payload_bytes, buf->len);
    return sc_str(buf->bytes + frame.header_bytes, (size_t)frame.payload_bytes);
}

static void assert_frame(sc_buf_t *buf, const char *expected)
{
    sc_str_t payload = payload_of(buf);
    char *hex = sc_alloc_zeroed(payload.len + 1, 2);

    for (size_t i = 0; i < payload.len; i++)
        snprintf(hex + 2 * i, 3, "%02x", (unsigned char)payload.ptr[i]);
    assert_string_equal(hex, expected);
    free(hex);
    sc_buf_unref(buf);
}

static sc_channel_t *new_channel(sc_str_t name)
{
    sc_channel_t *channel = sc_alloc_zeroed(1, sizeof(*channel) + name.len + 1);

    channel->name_len = (uint32_t)name.len;
    memcpy(channel->name, name.ptr, name.len);
    return channel;
}

static size_t from_hex(const char *hex, char *bytes)
{
    size_t len = strlen(hex) / 2;

    for (size_t i = 0; i < len; i++) {
        unsigned byte;

        assert_int_equal(sscanf(hex + 2 * i, "%2x", &byte), 1);
        bytes[i] = (char)byte;
    }
    return len;
}

static sc_status_t read_hex(const char *hex, size_t bytes_max, sc_text_t *scratch, sc_str_t *text)
{
    char bytes[2000];
    size_t len = from_hex(hex, bytes);

    return sc_codec_minbin.read(false, sc_str(bytes, len), bytes_max, scratch, text);
}

static void assert_read(const char *hex, const char *expected)
{
    sc_text_t scratch = {0};
    sc_str_t text;

    assert_int_equal(read_hex(hex, OUT_MAX, &scratch, &text), SC_OK);
    sc_text_add(&scratch, sc_str("", 1));
    assert_string_equal(scratch.ptr, expected);
    sc_text_free(&scratch);
}

static void assert_refused(const char *hex)
{
    sc_text_t scratch = {0};
    sc_str_t text;

    assert_int_equal(read_hex(hex, OUT_MAX, &scratch, &text), SC_ERR_INVALID);
    sc_text_free(&scratch);
}

/* ---- To clients -------------------------------------------------------------------------------------------------- */

static void answers_have_three_parts_always(void **state)
{
    (void)state;
    assert_frame(sc_codec_minbin.write_answer(SC_STR("3"), sc_str_none(), sc_str_none()),
                 "81a1729303c0c0");
    assert_frame(sc_codec_minbin.write_answer(SC_STR("3"), sc_str_none(), SC_STR("{\"x\":1}")),
                 "81a1729303c081a17801");
    assert_frame(sc_codec_minbin.write_answer(
                     SC_STR("3"), SC_STR("{\"message\":\"m\",\"name\":\"N\"}"), sc_str_none()),
                 "81a172930382a76d657373616765a16da46e616d65a14ec0");
    assert_frame(sc_codec_minbin.write_answer(SC_STR("1.50"), sc_str_none(), SC_STR("null")),
                 "81a17293cb3ff8000000000000c0c0");
}

static void events_are_short(void **state)
{
    (void)state;
    assert_frame(sc_codec_minbin.write_event(SC_STR("#removeAuthToken"), SC_STR("null"), 0),
                 "81a16592b02372656d6f766541757468546f6b656ec0");
    assert_frame(sc_codec_minbin.write_event(SC_STR("a"), sc_str_none(), 0), "81a16592a161c0");
    assert_frame(sc_codec_minbin.write_event(SC_STR("a"), SC_STR("[1]"), 7), "81a16593a161910107");
    assert_frame(sc_codec_minbin.write_event(SC_STR("a"), SC_STR("0"), 2147483648u),
                 "81a16593a16100cb41e0000000000000");
}

static void messages_are_short(void **state)
{
    sc_channel_t *channel = new_channel(SC_STR("room"));

    (void)state;
    assert_frame(sc_codec_minbin.write_publish(channel, SC_STR("\"hi\"")),
                 "81a17092a4726f6f6da26869");
    assert_frame(sc_codec_minbin.write_publish(channel, sc_str_none()), "81a17092a4726f6f6dc0");
    assert_frame(
        sc_codec_minbin.write_publish(
            channel, SC_STR("{\"n\":1,\"big\":1000000000000,\"f\":1.5,\"u\":\"\xc3\xa9\"}")),
        "81a17092a4726f6f6d84a16e01a3626967cb426d1a94a2000000a166cb3ff8000000000000a175a2c3a9");
    free(channel);
}

static void what_a_plugin_sends_that_is_no_json_is_nil(void **state)
{
    (void)state;
    assert_frame(sc_codec_minbin.write_event(SC_STR("a"), SC_STR("{oops"), 1), "81a16593a161c001");
}

static void a_frame_of_every_length_has_its_header(void **state)
{
    char *name = sc_alloc_zeroed(1, 70000);
    sc_text_t data = {0};
    sc_channel_t *channel = new_channel(SC_STR("c"));

    (void)state;
    memset(name, 'x', 70000);
    for (size_t len = 60; len < 70000; len += len < 300 || len > 65500 ? 1 : 997) {
        sc_buf_t *buf;
        sc_str_t payload;

        data.len = 0;
        sc_text_add(&data, SC_STR("[\""));
        sc_text_add(&data, sc_str(name, len));
        sc_text_add(&data, SC_STR("\"]"));
        buf = sc_codec_minbin.write_publish(channel, sc_text_str(&data));
        payload = payload_of(buf);
        assert_memory_equal(payload.ptr,
                            "\x81\xa1p\x92\xa1"
                            "c\x91",
                            7);
        assert_int_equal(payload.ptr[payload.len - 1], 'x');
        assert_int_equal(payload.len, 7 + len + (len < 256 ? 2 : len < 65536 ? 3 : 5));
        sc_buf_unref(buf);
    }
    sc_text_free(&data);
    free(channel);
    free(name);
}

/* Numbers are longer than their text, so the guess was short. */
static void a_frame_that_is_longer_than_its_text_has_its_header(void **state)
{
    sc_channel_t *channel = new_channel(SC_STR("c"));
    sc_text_t data = {0};

    (void)state;
    for (int count = 1; count < 200; count++) {
        sc_str_t payload;
        sc_buf_t *buf;

        sc_text_add(&data, count == 1 ? SC_STR("[") : SC_STR(","));
        sc_text_add(&data, SC_STR("1.5"));
        sc_text_add(&data, SC_STR("]"));
        buf = sc_codec_minbin.write_publish(channel, sc_text_str(&data));
        payload = payload_of(buf);
        assert_int_equal(payload.len, 6 + (count < 16 ? 1 : 3) + 9 * count);
        assert_memory_equal(payload.ptr + payload.len - 9, "\xcb\x3f\xf8\0\0\0\0\0\0", 9);
        sc_buf_unref(buf);
        data.len--;
    }
    sc_text_free(&data);
    free(channel);
}

static void the_ping_is_a_string_and_so_is_a_raw_text(void **state)
{
    (void)state;
    assert_frame(sc_codec_minbin.write_ping_v1(), "a22331");
    assert_frame(sc_codec_minbin.write_raw(SC_STR("null")), "a46e756c6c");
    assert_frame(sc_codec_minbin.write_raw(SC_STR("")), "a0");
}

/* The array of one packet, from the frame that it would have alone; takes it. */
static sc_buf_t *array_of(sc_buf_t *single)
{
    sc_str_t packet = payload_of(single);
    sc_buf_t *array = sc_codec_minbin.write_array(&packet, 1);

    sc_buf_unref(single);
    return array;
}

/* Version 2.0.0 reads no short forms in an array. */
static void packets_in_an_array_are_not_short(void **state)
{
    sc_channel_t *channel = new_channel(SC_STR("c"));
    sc_text_t scratch = {0};
    sc_buf_t *array;
    sc_str_t text;

    (void)state;
    assert_frame(array_of(sc_codec_minbin.write_answer(SC_STR("2"), sc_str_none(), SC_STR("true"))),
                 "9183a372696402a56572726f72c0a464617461c3");
    assert_frame(array_of(sc_codec_minbin.write_event(SC_STR("a"), SC_STR("1"), 0)),
                 "9182a56576656e74a161a46461746101");
    assert_frame(array_of(sc_codec_minbin.write_event(SC_STR("a"), SC_STR("1"), 2)),
                 "9183a56576656e74a161a46461746101a363696402");
    array = array_of(sc_codec_minbin.write_publish(
        channel, SC_STR("{\"s\":\"x\",\"n\":[1.5,-3,70000,null,false,[{}]]}")));
    assert_int_equal(sc_codec_minbin.read(false, payload_of(array), OUT_MAX, &scratch, &text),
                     SC_OK);
    sc_text_add(&scratch, sc_str("", 1));
    assert_string_equal(scratch.ptr,
                        "[{\"event\":\"#publish\",\"data\":{\"channel\":\"c\",\"data\":"
                        "{\"s\":\"x\",\"n\":[1.5,-3,70000,null,false,[{}]]}}}]");
    sc_buf_unref(array);
    sc_text_free(&scratch);
    free(channel);
}

static void several_packets_are_an_array(void **state)
{
    sc_str_t packets[20];

    (void)state;
    for (size_t i = 0; i < 20; i++)
        packets[i] = SC_STR("\x81\xa1r\x93\x02\xc0\xc0");
    assert_frame(sc_codec_minbin.write_array(packets, 2),
                 "9283a372696402a56572726f72c0a464617461c083a372696402a56572726f72c0a464617461c0");
    {
        sc_buf_t *buf = sc_codec_minbin.write_array(packets, 20);

        assert_memory_equal(payload_of(buf).ptr, "\xdc\x00\x14\x83", 4);
        sc_buf_unref(buf);
    }
}

/* ---- From clients -------------------------------------------------------------------------------------------------- */

static void short_forms_become_the_ordinary_packets(void **state)
{
    (void)state;
    assert_read("81a16593aa2368616e647368616b6581a961757468546f6b656ec001",
                "{\"event\":\"#handshake\",\"data\":{\"authToken\":null},\"cid\":1}");
    assert_read("81a16592ac23756e737562736372696265a4726f6f6d",
                "{\"event\":\"#unsubscribe\",\"data\":\"room\"}");
    assert_read("81a17092a4726f6f6da26869",
                "{\"event\":\"#publish\",\"data\":{\"channel\":\"room\",\"data\":\"hi\"}}");
    assert_read(
        "81a17093a4726f6f6da2686909",
        "{\"event\":\"#publish\",\"data\":{\"channel\":\"room\",\"data\":\"hi\"},\"cid\":9}");
    assert_read("81a1729303c0c0", "{\"rid\":3,\"data\":null}");
    assert_read("81a1729303a16501", "{\"rid\":3,\"error\":\"e\",\"data\":1}");
}

static void a_cid_that_is_nil_is_none(void **state)
{
    (void)state;
    assert_read("81a16593a165c0c0", "{\"event\":\"e\",\"data\":null}");
    assert_read("81a17093a163c0c0",
                "{\"event\":\"#publish\",\"data\":{\"channel\":\"c\",\"data\":null}}");
    assert_read("81a16593a165c000", "{\"event\":\"e\",\"data\":null,\"cid\":0}");
}

static void what_a_short_form_lacks_is_missing_and_what_it_has_too_much_means_nothing(void **state)
{
    (void)state;
    assert_read("81a16590", "{}");
    assert_read("81a16591a165", "{\"event\":\"e\"}");
    assert_read("81a17090", "{\"event\":\"#publish\",\"data\":{}}");
    assert_read("81a17091a163", "{\"event\":\"#publish\",\"data\":{\"channel\":\"c\"}}");
    assert_read("81a1729101", "{\"rid\":1}");
    assert_read("81a16596a1650102039190a3616263", "{\"event\":\"e\",\"data\":1,\"cid\":2}");
}

static void packets_that_are_not_short_are_taken_as_they_are(void **state)
{
    (void)state;
    assert_read("83a56576656e74a161a4646174610aa363696402",
                "{\"event\":\"a\",\"data\":10,\"cid\":2}");
    assert_read("80", "{}");
    assert_read("81a165c0", "{\"e\":null}");
}

static void only_the_packet_itself_has_a_short_form(void **state)
{
    (void)state;
    assert_read("81a16592a16581a1659101", "{\"event\":\"e\",\"data\":{\"e\":[1]}}");
    assert_read("9181a16592a16501", "[{\"event\":\"e\",\"data\":1}]");
    assert_read("919181a1659101", "[[{\"e\":[1]}]]");
}

static void arrays_hold_packets_in_either_form(void **state)
{
    (void)state;
    assert_read("9281a16593a161010281a1729303c0c0",
                "[{\"event\":\"a\",\"data\":1,\"cid\":2},{\"rid\":3,\"data\":null}]");
    assert_read("9283a56576656e74a161a46461746101a36369640281a372696403",
                "[{\"event\":\"a\",\"data\":1,\"cid\":2},{\"rid\":3}]");
    assert_read("90", "[]");
    assert_read("92c001", "[null,1]");
}

static void of_several_forms_the_last_counts(void **state)
{
    sc_text_t scratch = {0};
    sc_packet_t packet;
    sc_str_t text;

    (void)state;
    assert_int_equal(read_hex("82a16592a16501a17092a16302", OUT_MAX, &scratch, &text), SC_OK);
    assert_int_equal(sc_packet_scan(text, &packet), SC_OK);
    assert_true(sc_json_string_is(&packet.event, SC_STR("#publish")));
    assert_true(sc_json_string_is(&packet.channel, SC_STR("c")));
    sc_text_free(&scratch);
}

static void what_is_no_packet_is_read_all_the_same(void **state)
{
    (void)state;
    assert_read("01", "1");
    assert_read("c0", "null");
    assert_read("a3616263", "\"abc\"");
}

static void text_and_what_is_malformed_are_refused(void **state)
{
    sc_text_t scratch = {0};
    sc_str_t text;

    (void)state;
    assert_int_equal(sc_codec_minbin.read(true, SC_STR("{}"), OUT_MAX, &scratch, &text),
                     SC_ERR_INVALID);
    assert_refused("");
    assert_refused("c1");
    assert_refused("92");
    assert_refused("81a16592a16501ff"); /* more behind it */
    assert_refused("8101a165");
    assert_refused("81a165ddffffffff");
    assert_refused("dfffffffff");
    assert_refused("81a16593a1650103c1");
    sc_text_free(&scratch);
}

static void a_message_cut_anywhere_is_refused(void **state)
{
    static const char whole[] =
        "9283a56576656e74a161a46461746101a36369640281a17093a4726f6f6da2686909";
    char cut[sizeof(whole)];

    (void)state;
    for (size_t len = 0; len < sizeof(whole) - 1; len += 2) {
        memcpy(cut, whole, len);
        cut[len] = '\0';
        assert_refused(cut);
    }
}

static void a_text_over_the_limit_is_told_apart(void **state)
{
    static const char hex[] = "81a16592a165a900000000000000000a";
    sc_text_t scratch = {0};
    sc_str_t text;
    size_t needed;

    (void)state;
    assert_int_equal(read_hex(hex, OUT_MAX, &scratch, &text), SC_OK);
    needed = text.len;
    for (size_t bytes_max = 0; bytes_max < needed; bytes_max++) {
        scratch.len = 0;
        assert_int_equal(read_hex(hex, bytes_max, &scratch, &text), SC_ERR_LIMIT);
        assert_true(scratch.len <= bytes_max);
    }
    sc_text_free(&scratch);
}

/* What is taken must pass the scanner behind it: the packet's own levels count. */
static void nesting_ends_where_that_of_json_does(void **state)
{
    bool was_taken = false;
    bool was_refused = false;

    (void)state;
    for (size_t depth = SC_JSON_DEPTH_MAX - 4; depth < SC_JSON_DEPTH_MAX + 2; depth++) {
        char bytes[SC_JSON_DEPTH_MAX + 16] = "\x81\xa1p\x92\xa1"
                                             "c";
        sc_text_t scratch = {0};
        sc_str_t text;
        sc_status_t status;

        memset(bytes + 6, 0x91, depth);
        bytes[6 + depth] = '\0';
        status = sc_codec_minbin.read(false, sc_str(bytes, 7 + depth), OUT_MAX, &scratch, &text);
        if (status == SC_OK) {
            assert_int_equal(sc_json_check(text), SC_JSON_OBJECT);
            was_taken = true;
        } else {
            was_refused = true;
        }
        assert_int_equal(status, depth <= SC_JSON_DEPTH_MAX - 2 ? SC_OK : SC_ERR_INVALID);
        sc_text_free(&scratch);
    }
    assert_true(was_taken && was_refused);
}

static void the_pong_is_a_string(void **state)
{
    (void)state;
    assert_true(sc_codec_minbin.is_pong_v1(SC_STR("\xa2#2")));
    assert_false(sc_codec_minbin.is_pong_v1(SC_STR("#2")));
    assert_false(sc_codec_minbin.is_pong_v1(SC_STR("\xa2#1")));
    assert_false(sc_codec_json.is_pong_v1(SC_STR("\xa2#2")));
}

/* ---- Which one ------------------------------------------------------------------------------------------------------- */

static void the_first_message_tells_the_codec(void **state)
{
    (void)state;
    assert_ptr_equal(sc_codec_of_first(false, SC_STR("\x81\xa1"
                                                     "e")),
                     &sc_codec_minbin);
    assert_ptr_equal(sc_codec_of_first(true, SC_STR("text")), &sc_codec_json);
    assert_ptr_equal(sc_codec_of_first(false, SC_STR("{\"event\":1}")), &sc_codec_json);
    assert_ptr_equal(sc_codec_of_first(false, SC_STR("[]")), &sc_codec_json);
    assert_ptr_equal(sc_codec_of_first(false, SC_STR("\r\n\t {}")), &sc_codec_json);
    assert_ptr_equal(sc_codec_of_first(false, SC_STR("")), &sc_codec_json);
    for (uint32_t i = 0; i < SC_CODEC_COUNT; i++)
        assert_int_equal(sc_codecs[i]->index, i);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_have_three_parts_always),
        cmocka_unit_test(events_are_short),
        cmocka_unit_test(messages_are_short),
        cmocka_unit_test(what_a_plugin_sends_that_is_no_json_is_nil),
        cmocka_unit_test(a_frame_of_every_length_has_its_header),
        cmocka_unit_test(a_frame_that_is_longer_than_its_text_has_its_header),
        cmocka_unit_test(the_ping_is_a_string_and_so_is_a_raw_text),
        cmocka_unit_test(packets_in_an_array_are_not_short),
        cmocka_unit_test(several_packets_are_an_array),
        cmocka_unit_test(short_forms_become_the_ordinary_packets),
        cmocka_unit_test(a_cid_that_is_nil_is_none),
        cmocka_unit_test(what_a_short_form_lacks_is_missing_and_what_it_has_too_much_means_nothing),
        cmocka_unit_test(packets_that_are_not_short_are_taken_as_they_are),
        cmocka_unit_test(only_the_packet_itself_has_a_short_form),
        cmocka_unit_test(arrays_hold_packets_in_either_form),
        cmocka_unit_test(of_several_forms_the_last_counts),
        cmocka_unit_test(what_is_no_packet_is_read_all_the_same),
        cmocka_unit_test(text_and_what_is_malformed_are_refused),
        cmocka_unit_test(a_message_cut_anywhere_is_refused),
        cmocka_unit_test(a_text_over_the_limit_is_told_apart),
        cmocka_unit_test(nesting_ends_where_that_of_json_does),
        cmocka_unit_test(the_pong_is_a_string),
        cmocka_unit_test(the_first_message_tells_the_codec),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
