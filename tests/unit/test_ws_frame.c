/*
 * test_ws_frame.c: headers and masks of RFC 6455, 5.2 and 5.3, with the examples of 5.7.
 */
#include "worker/ws/ws_frame.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static void assert_bytes(const sc_buf_t *buf, const char *bytes, size_t len)
{
    assert_int_equal(buf->len, len);
    assert_memory_equal(buf->bytes, bytes, len);
}

static void the_examples_of_the_rfc_are_understood(void **state)
{
    sc_ws_frame_t frame;
    char masked[] = "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58";

    (void)state;
    assert_int_equal(sc_ws_frame_parse("\x81\x05Hello", 7, &frame), SC_OK);
    assert_true(frame.is_final);
    assert_int_equal(frame.opcode, SC_WS_TEXT);
    assert_false(frame.is_masked);
    assert_int_equal(frame.header_bytes, 2);
    assert_int_equal(frame.payload_bytes, 5);

    assert_int_equal(sc_ws_frame_parse(masked, sizeof(masked) - 1, &frame), SC_OK);
    assert_true(frame.is_masked);
    assert_int_equal(frame.header_bytes, 6);
    sc_ws_frame_mask(masked + 6, 5, frame.mask, 0);
    assert_memory_equal(masked + 6, "Hello", 5);

    assert_int_equal(sc_ws_frame_parse("\x82\x7e\x01\x00", 4, &frame), SC_OK);
    assert_int_equal(frame.payload_bytes, 256);
    assert_int_equal(sc_ws_frame_parse("\x82\x7f\0\0\0\0\0\x01\0\0", 10, &frame), SC_OK);
    assert_int_equal(frame.payload_bytes, 65536);
    assert_int_equal(frame.header_bytes, 10);
    assert_int_equal(sc_ws_frame_parse("\x01\x03Hel", 5, &frame), SC_OK);
    assert_false(frame.is_final);
}

static void every_header_is_read_back_and_wants_all_its_bytes(void **state)
{
    static const uint64_t lengths[] = {0,   1,     124,   125,   126,        127,       255,
                                       256, 65534, 65535, 65536, UINT32_MAX, INT64_MAX, 1000};

    (void)state;
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        char header[SC_WS_HEADER_BYTES_MAX];
        size_t len = sc_ws_frame_write_header(header, SC_WS_BINARY, 0x40, lengths[i]);
        sc_ws_frame_t frame;

        for (size_t cut = 0; cut < len; cut++)
            assert_int_equal(sc_ws_frame_parse(header, cut, &frame), SC_AGAIN);
        assert_int_equal(sc_ws_frame_parse(header, len, &frame), SC_OK);
        assert_true(frame.payload_bytes == lengths[i]);
        assert_int_equal(frame.header_bytes, len);
        assert_int_equal(frame.opcode, SC_WS_BINARY);
        assert_int_equal(frame.reserved, 0x40);
        assert_true(frame.is_final);
    }
}

static void a_masked_header_wants_its_mask(void **state)
{
    static const char header[] = "\x82\xfe\x01\x00\x0a\x0b\x0c\x0d";
    sc_ws_frame_t frame;

    (void)state;
    for (size_t cut = 0; cut < 8; cut++)
        assert_int_equal(sc_ws_frame_parse(header, cut, &frame), SC_AGAIN);
    assert_int_equal(sc_ws_frame_parse(header, 8, &frame), SC_OK);
    assert_memory_equal(frame.mask, "\x0a\x0b\x0c\x0d", 4);
    assert_int_equal(frame.payload_bytes, 256);
}

static void a_length_not_in_its_shortest_form_is_refused(void **state)
{
    sc_ws_frame_t frame;

    (void)state;
    assert_int_equal(sc_ws_frame_parse("\x82\x7e\x00\x7d", 4, &frame), SC_ERR_PROTOCOL);
    assert_int_equal(sc_ws_frame_parse("\x82\x7e\x00\x7e", 4, &frame), SC_OK);
    assert_int_equal(sc_ws_frame_parse("\x82\x7f\0\0\0\0\0\0\xff\xff", 10, &frame),
                     SC_ERR_PROTOCOL);
    assert_int_equal(sc_ws_frame_parse("\x82\x7f\0\0\0\0\0\1\0\0", 10, &frame), SC_OK);
}

static void a_length_over_63_bits_is_refused(void **state)
{
    sc_ws_frame_t frame;

    (void)state;
    assert_int_equal(sc_ws_frame_parse("\x82\x7f\x80\0\0\0\0\0\0\0", 10, &frame), SC_ERR_PROTOCOL);
    assert_int_equal(sc_ws_frame_parse("\x82\x7f\x7f\xff\xff\xff\xff\xff\xff\xff", 10, &frame),
                     SC_OK);
}

static void a_mask_fits_at_every_offset_length_and_alignment(void **state)
{
    static const uint8_t mask[4] = {0x12, 0x34, 0x56, 0x78};
    char bytes[128];

    (void)state;
    for (size_t start = 0; start < 9; start++) {
        for (size_t len = 0; len < 100; len++) {
            for (size_t offset = 0; offset < 9; offset++) {
                memset(bytes, 0, sizeof(bytes));
                sc_ws_frame_mask(bytes + start, len, mask, offset);
                for (size_t i = 0; i < len; i++)
                    assert_int_equal((uint8_t)bytes[start + i], mask[(offset + i) % 4]);
                assert_int_equal(bytes[start + len], 0);
            }
        }
    }
}

static void a_new_frame_is_unmasked_and_whole(void **state)
{
    sc_buf_t *frame = sc_ws_frame_new(SC_WS_TEXT, SC_STR("Hello"));
    char long_text[200];

    (void)state;
    assert_bytes(frame, "\x81\x05Hello", 7);
    sc_buf_unref(frame);
    frame = sc_ws_frame_new(SC_WS_TEXT, SC_STR(""));
    assert_bytes(frame, "\x81\x00", 2);
    sc_buf_unref(frame);
    memset(long_text, 'x', sizeof(long_text));
    frame = sc_ws_frame_new(SC_WS_PONG, sc_str(long_text, sizeof(long_text)));
    assert_int_equal(frame->len, 204);
    assert_memory_equal(frame->bytes, "\x8a\x7e\x00\xc8xx", 6);
    sc_buf_unref(frame);
}

static void a_close_frame_has_code_and_reason(void **state)
{
    sc_buf_t *frame = sc_ws_frame_new_close(4001, SC_STR("bye"));

    (void)state;
    assert_bytes(frame,
                 "\x88\x05\x0f\xa1"
                 "bye",
                 7);
    sc_buf_unref(frame);
    frame = sc_ws_frame_new_close(1000, sc_str_none());
    assert_bytes(frame, "\x88\x02\x03\xe8", 4);
    sc_buf_unref(frame);
    frame = sc_ws_frame_new_close(0, SC_STR("not shown"));
    assert_bytes(frame, "\x88\x00", 2);
    sc_buf_unref(frame);
}

static void a_long_reason_is_cut_between_characters(void **state)
{
    char reason[200];

    (void)state;
    for (size_t before = 0; before < 8; before++) {
        sc_buf_t *frame;
        size_t len = before;

        memset(reason, 'x', before);
        for (; len + 4 <= sizeof(reason); len += 4)
            memcpy(reason + len, "\xf0\x9f\x98\x80", 4);
        frame = sc_ws_frame_new_close(1008, sc_str(reason, len));
        assert_int_equal(frame->len, 4 + before + (SC_WS_REASON_BYTES_MAX - before) / 4 * 4);
        assert_int_equal((uint8_t)frame->bytes[1], frame->len - 2);
        assert_memory_equal(frame->bytes + 4, reason, frame->len - 4);
        sc_buf_unref(frame);
    }
    memset(reason, 'x', sizeof(reason));
    for (size_t len = 122; len <= 124; len++) {
        sc_buf_t *frame = sc_ws_frame_new_close(1008, sc_str(reason, len));

        assert_int_equal(frame->len, 4 + (len < 123 ? len : 123));
        sc_buf_unref(frame);
    }
}

static void only_codes_that_may_be_sent_are_valid(void **state)
{
    (void)state;
    for (int code = -1; code < 70000; code++) {
        bool is_expected = (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
                           (code >= 3000 && code <= 4999);

        if (sc_ws_close_code_is_valid(code) != is_expected)
            fail_msg("%d", code);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_examples_of_the_rfc_are_understood),
        cmocka_unit_test(every_header_is_read_back_and_wants_all_its_bytes),
        cmocka_unit_test(a_masked_header_wants_its_mask),
        cmocka_unit_test(a_length_not_in_its_shortest_form_is_refused),
        cmocka_unit_test(a_length_over_63_bits_is_refused),
        cmocka_unit_test(a_mask_fits_at_every_offset_length_and_alignment),
        cmocka_unit_test(a_new_frame_is_unmasked_and_whole),
        cmocka_unit_test(a_close_frame_has_code_and_reason),
        cmocka_unit_test(a_long_reason_is_cut_between_characters),
        cmocka_unit_test(only_codes_that_may_be_sent_are_valid),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
