/*
 * test_ws_reader.c: RFC 6455, 5.4 to 5.6, 7 and 8. Each stream is fed whole, byte by byte and cut at each position: what
 * is told must be the same.
 */
#include "worker/ws/ws_reader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define PAYLOAD_MAX 1000u

/* Shared by all readers of a test that was told to inflate; NULL: compressed messages were not agreed on. */
static sc_ws_deflate_t *zlib;

/* A reader and the list of what it has told: "text(abc) ping() fail(1002:why)". */
typedef struct fixture {
    sc_ws_reader_t reader;
    sc_text_t told;
    unsigned stop_after; /* stops the reader in the callback of this number, from 1 */
    unsigned call_count;
} fixture_t;

static void tell(sc_ws_reader_t *reader, const char *what, sc_str_t payload)
{
    fixture_t *fixture = (fixture_t *)(void *)reader;

    if (fixture->told.len > 0)
        sc_text_add(&fixture->told, SC_STR(" "));
    sc_text_addf(&fixture->told, "%s(", what);
    if (payload.len <= 100)
        sc_text_add(&fixture->told, payload);
    else
        sc_text_addf(&fixture->told, "%zu bytes of %c", payload.len, payload.ptr[payload.len - 1]);
    sc_text_add(&fixture->told, SC_STR(")"));
    if (++fixture->call_count == fixture->stop_after)
        sc_ws_reader_stop(reader);
}

static void on_message(sc_ws_reader_t *reader, bool is_text, char *bytes, size_t len)
{
    tell(reader, is_text ? "text" : "binary", sc_str(bytes, len));
    memset(bytes, '#', len); /* it is ours now */
}

static void on_ping(sc_ws_reader_t *reader, sc_str_t payload)
{
    tell(reader, "ping", payload);
}

static void on_pong(sc_ws_reader_t *reader, sc_str_t payload)
{
    tell(reader, "pong", payload);
}

static void on_close(sc_ws_reader_t *reader, int code, sc_str_t reason)
{
    char text[200];
    int len = snprintf(text, sizeof(text), "%d:%.*s", code, SC_STR_ARG(reason));

    tell(reader, "close", sc_str(text, (size_t)len));
}

static void on_fail(sc_ws_reader_t *reader, int code, const char *reason)
{
    char text[200];
    int len = snprintf(text, sizeof(text), "%d:%s", code, reason);

    tell(reader, "fail", sc_str(text, (size_t)len));
}

static const sc_ws_reader_handler_t handler = {
    .on_message = on_message,
    .on_ping = on_ping,
    .on_pong = on_pong,
    .on_close = on_close,
    .on_fail = on_fail,
};

/* ---- Streams ----------------------------------------------------------------------------------------------- */

/** Adds a masked frame. */
static void add_frame(sc_text_t *stream, int first_byte, sc_str_t payload)
{
    static const uint8_t mask[4] = {0xa1, 0x00, 0x7f, 0xc3};
    char header[SC_WS_HEADER_BYTES_MAX];
    size_t header_bytes = sc_ws_frame_write_header(header, 0, 0, payload.len);
    size_t start;

    header[0] = (char)first_byte;
    header[1] = (char)((uint8_t)header[1] | 0x80);
    sc_text_add(stream, sc_str(header, header_bytes));
    sc_text_add(stream, sc_str((const char *)mask, 4));
    start = stream->len;
    sc_text_add(stream, payload);
    sc_ws_frame_mask(stream->ptr + start, payload.len, mask, 0);
}

/** Feeds a copy of the bytes that end where they end, in front of them what was left. @return what is left. */
static size_t feed(fixture_t *fixture, sc_text_t *rest, sc_str_t bytes)
{
    size_t len;
    size_t used;
    char *copy;

    sc_text_add(rest, bytes);
    len = rest->len;
    copy = malloc(len > 0 ? len : 1);
    assert_non_null(copy);
    memcpy(copy, rest->ptr, len);
    used = sc_ws_reader_feed(&fixture->reader, copy, len);
    assert_true(used <= len);
    rest->len = 0;
    sc_text_add(rest, sc_str(copy + used, len - used));
    free(copy);
    return rest->len;
}

static void start(fixture_t *fixture, unsigned stop_after)
{
    memset(fixture, 0, sizeof(*fixture));
    sc_ws_reader_init(&fixture->reader, &handler, PAYLOAD_MAX);
    if (zlib != NULL)
        sc_ws_reader_allow_deflate(&fixture->reader, zlib);
    fixture->stop_after = stop_after;
}

static void finish(fixture_t *fixture)
{
    sc_ws_reader_deinit(&fixture->reader);
    sc_text_free(&fixture->told);
}

/** Feeds a stream in two parts, the second one `step` bytes at a time. */
static void check_cut(sc_str_t stream, size_t cut, size_t step, const char *expected)
{
    fixture_t fixture;
    sc_text_t rest = {0};

    start(&fixture, 0);
    (void)feed(&fixture, &rest, sc_str(stream.ptr, cut));
    while (cut < stream.len) {
        size_t part = step < stream.len - cut ? step : stream.len - cut;

        (void)feed(&fixture, &rest, sc_str(stream.ptr + cut, part));
        cut += part;
    }
    sc_text_add(&fixture.told, sc_str("", 1));
    assert_string_equal(fixture.told.ptr, expected);
    sc_text_free(&rest);
    finish(&fixture);
}

/** Checks what a stream leads to, however it is cut; frees the stream. */
static void check(sc_text_t *stream, const char *expected)
{
    sc_str_t bytes = sc_text_str(stream);

    check_cut(bytes, 0, 1, expected);
    check_cut(bytes, 0, 3, expected);
    for (size_t cut = 0; cut <= bytes.len; cut++)
        check_cut(bytes, cut, bytes.len, expected);
    sc_text_free(stream);
}

/** One frame and what it leads to. */
static void check_frame(int first_byte, sc_str_t payload, const char *expected)
{
    sc_text_t stream = {0};

    add_frame(&stream, first_byte, payload);
    check(&stream, expected);
}

/* ---- Messages ---------------------------------------------------------------------------------------------- */

static void messages_are_told_in_order(void **state)
{
    sc_text_t stream = {0};

    (void)state;
    add_frame(&stream, 0x81, SC_STR("abc"));
    add_frame(&stream, 0x82, SC_STR("\x01\xff"));
    add_frame(&stream, 0x81, SC_STR(""));
    add_frame(&stream, 0x82, SC_STR(""));
    add_frame(&stream, 0x81, SC_STR("last"));
    check(&stream, "text(abc) binary(\x01\xff) text() binary() text(last)");
}

static void a_long_message_is_told_whole(void **state)
{
    char payload[PAYLOAD_MAX];

    (void)state;
    memset(payload, 'x', sizeof(payload));
    check_frame(0x81, sc_str(payload, 126), "text(126 bytes of x)");
    check_frame(0x82, sc_str(payload, sizeof(payload)), "binary(1000 bytes of x)");
}

static void fragments_become_one_message(void **state)
{
    sc_text_t stream = {0};

    (void)state;
    add_frame(&stream, 0x01, SC_STR("a"));
    add_frame(&stream, 0x00, SC_STR(""));
    add_frame(&stream, 0x00, SC_STR("bc"));
    add_frame(&stream, 0x80, SC_STR("d"));
    add_frame(&stream, 0x02, SC_STR(""));
    add_frame(&stream, 0x80, SC_STR(""));
    add_frame(&stream, 0x81, SC_STR("e"));
    check(&stream, "text(abcd) binary() text(e)");
}

static void control_frames_may_come_between_fragments(void **state)
{
    sc_text_t stream = {0};

    (void)state;
    add_frame(&stream, 0x01, SC_STR("a"));
    add_frame(&stream, 0x89, SC_STR("p"));
    add_frame(&stream, 0x8a, SC_STR(""));
    add_frame(&stream, 0x80, SC_STR("b"));
    add_frame(&stream, 0x89, SC_STR(""));
    check(&stream, "ping(p) pong() text(ab) ping()");
}

static void an_unfragmented_message_is_handed_over_where_it_lies(void **state)
{
    sc_text_t stream = {0};
    fixture_t fixture;

    (void)state;
    start(&fixture, 0);
    add_frame(&stream, 0x81, SC_STR("abc"));
    assert_int_equal(sc_ws_reader_feed(&fixture.reader, stream.ptr, stream.len), stream.len);
    assert_memory_equal(stream.ptr + 6, "###", 3);
    sc_text_free(&stream);
    finish(&fixture);
}

static void no_memory_is_kept_between_messages(void **state)
{
    sc_text_t stream = {0};
    fixture_t fixture;

    (void)state;
    start(&fixture, 0);
    add_frame(&stream, 0x01, SC_STR("abc"));
    add_frame(&stream, 0x80, SC_STR("def"));
    (void)sc_ws_reader_feed(&fixture.reader, stream.ptr, stream.len);
    assert_null(fixture.reader.fragments.ptr);
    sc_text_free(&stream);
    finish(&fixture);
}

/* ---- Broken rules ------------------------------------------------------------------------------------------ */

static void a_frame_without_mask_fails(void **state)
{
    sc_text_t stream = {0};

    (void)state;
    sc_text_add(&stream, sc_str("\x81\x03"
                                "abc",
                                5));
    check(&stream, "fail(1002:frame without mask)");
}

static void a_reserved_bit_fails(void **state)
{
    (void)state;
    check_frame(0x81 | 0x40, SC_STR("a"), "fail(1002:reserved bit set)");
    check_frame(0x81 | 0x20, SC_STR("a"), "fail(1002:reserved bit set)");
    check_frame(0x89 | 0x10, SC_STR("a"), "fail(1002:reserved bit set)");
}

static void an_unknown_opcode_fails(void **state)
{
    (void)state;
    for (int opcode = 0; opcode < 16; opcode++) {
        if ((opcode > 2 && opcode < 8) || opcode > 10)
            check_frame(0x80 | opcode, SC_STR(""), "fail(1002:unknown opcode)");
    }
}

static void a_length_not_in_its_shortest_form_fails(void **state)
{
    sc_text_t stream = {0};

    (void)state;
    sc_text_add(&stream, sc_str("\x81\xfe\x00\x01\0\0\0\0a", 9));
    check(&stream, "fail(1002:length not in its shortest form)");
}

static void control_frames_are_short_and_whole(void **state)
{
    char payload[126];

    (void)state;
    memset(payload, 'x', sizeof(payload));
    check_frame(0x89, sc_str(payload, 125), "ping(125 bytes of x)");
    check_frame(0x89, sc_str(payload, 126), "fail(1002:control frame over 125 bytes)");
    check_frame(0x88, sc_str(payload, 126), "fail(1002:control frame over 125 bytes)");
    check_frame(0x09, SC_STR("a"), "fail(1002:control frame in fragments)");
    check_frame(0x08, SC_STR(""), "fail(1002:control frame in fragments)");
}

static void fragments_come_in_order(void **state)
{
    sc_text_t stream = {0};

    (void)state;
    check_frame(0x80, SC_STR("a"), "fail(1002:continuation of nothing)");
    check_frame(0x00, SC_STR("a"), "fail(1002:continuation of nothing)");
    add_frame(&stream, 0x01, SC_STR("a"));
    add_frame(&stream, 0x81, SC_STR("b"));
    check(&stream, "fail(1002:new message before the last one was complete)");
    add_frame(&stream, 0x01, SC_STR("a"));
    add_frame(&stream, 0x80, SC_STR("b"));
    add_frame(&stream, 0x80, SC_STR("c"));
    check(&stream, "text(ab) fail(1002:continuation of nothing)");
}

static void text_that_is_not_utf_8_fails(void **state)
{
    sc_text_t stream = {0};

    (void)state;
    check_frame(0x81, SC_STR("a\xff"), "fail(1007:text is not UTF-8)");
    check_frame(0x81, SC_STR("a\xe2\x82"), "fail(1007:text is not UTF-8)");
    check_frame(0x82, SC_STR("a\xff"), "binary(a\xff)");
    add_frame(&stream, 0x01, SC_STR("a\xe2\x82"));
    add_frame(&stream, 0x80, SC_STR("b"));
    check(&stream, "fail(1007:text is not UTF-8)");
    add_frame(&stream, 0x01, SC_STR("a"));
    add_frame(&stream, 0x80, SC_STR("\xe2\x82"));
    check(&stream, "fail(1007:text is not UTF-8)");
}

static void a_bad_fragment_fails_before_the_message_is_complete(void **state)
{
    (void)state;
    check_frame(0x01, SC_STR("a\xff"), "fail(1007:text is not UTF-8)");
}

static void a_character_may_lie_across_fragments(void **state)
{
    sc_text_t stream = {0};

    (void)state;
    add_frame(&stream, 0x01, SC_STR("a\xe2"));
    add_frame(&stream, 0x00, SC_STR("\x82"));
    add_frame(&stream, 0x80, SC_STR("\xac"));
    check(&stream, "text(a\xe2\x82\xac)");
}

static void a_message_over_the_limit_fails_by_its_header(void **state)
{
    char payload[PAYLOAD_MAX + 1];
    sc_text_t stream = {0};

    (void)state;
    memset(payload, 'x', sizeof(payload));
    add_frame(&stream, 0x81, sc_str(payload, sizeof(payload)));
    stream.len = 8; /* nothing but the header */
    check(&stream, "fail(1009:message over maxPayload)");
    add_frame(&stream, 0x01, sc_str(payload, PAYLOAD_MAX));
    add_frame(&stream, 0x80, SC_STR(""));
    check(&stream, "text(1000 bytes of x)");
    add_frame(&stream, 0x01, sc_str(payload, PAYLOAD_MAX));
    add_frame(&stream, 0x80, SC_STR("y"));
    check(&stream, "fail(1009:message over maxPayload)");
    sc_text_add(&stream, sc_str("\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff\0\0\0\0", 14));
    check(&stream, "fail(1009:message over maxPayload)");
}

/* ---- The end ----------------------------------------------------------------------------------------------- */

static void a_close_frame_is_told_with_code_and_reason(void **state)
{
    (void)state;
    check_frame(0x88, SC_STR(""), "close(0:)");
    check_frame(0x88, SC_STR("\x03\xe8"), "close(1000:)");
    check_frame(0x88,
                SC_STR("\x0f\xa1"
                       "bye"),
                "close(4001:bye)");
}

static void a_bad_close_frame_fails(void **state)
{
    (void)state;
    check_frame(0x88, SC_STR("\x03"), "fail(1002:close frame with 1 byte)");
    check_frame(0x88, SC_STR("\x03\xed"), "fail(1002:forbidden close code)");
    check_frame(0x88, SC_STR("\x00\x00"), "fail(1002:forbidden close code)");
    check_frame(0x88, SC_STR("\x03\xe8\xff"), "fail(1007:close reason is not UTF-8)");
}

static void nothing_is_told_after_the_end(void **state)
{
    sc_text_t stream = {0};

    (void)state;
    add_frame(&stream, 0x88, SC_STR(""));
    add_frame(&stream, 0x81, SC_STR("a"));
    check(&stream, "close(0:)");
    add_frame(&stream, 0x83, SC_STR(""));
    add_frame(&stream, 0x81, SC_STR("a"));
    check(&stream, "fail(1002:unknown opcode)");
}

static void what_comes_after_the_end_is_used_up(void **state)
{
    sc_text_t stream = {0};
    sc_text_t rest = {0};
    fixture_t fixture;

    (void)state;
    start(&fixture, 0);
    add_frame(&stream, 0x88, SC_STR(""));
    sc_text_add(&stream, SC_STR("junk"));
    assert_int_equal(feed(&fixture, &rest, sc_text_str(&stream)), 0);
    sc_ws_reader_go(&fixture.reader);
    assert_int_equal(feed(&fixture, &rest, SC_STR("more")), 0);
    assert_int_equal(fixture.call_count, 1);
    sc_text_free(&stream);
    sc_text_free(&rest);
    finish(&fixture);
}

static void a_stopped_reader_leaves_what_follows(void **state)
{
    sc_text_t stream = {0};
    sc_text_t rest = {0};
    fixture_t fixture;

    (void)state;
    add_frame(&stream, 0x81, SC_STR("a"));
    add_frame(&stream, 0x81, SC_STR("b"));
    add_frame(&stream, 0x81, SC_STR("c"));
    start(&fixture, 2);
    assert_int_equal(feed(&fixture, &rest, sc_text_str(&stream)), 7);
    assert_int_equal(feed(&fixture, &rest, SC_STR("")), 7);
    assert_int_equal(fixture.call_count, 2);
    sc_ws_reader_go(&fixture.reader);
    assert_int_equal(feed(&fixture, &rest, SC_STR("")), 0);
    assert_true(sc_str_equal(sc_text_str(&fixture.told), SC_STR("text(a) text(b) text(c)")));
    sc_text_free(&stream);
    sc_text_free(&rest);
    finish(&fixture);
}

static void a_frame_that_has_begun_says_how_much_it_takes(void **state)
{
    char payload[PAYLOAD_MAX];
    sc_text_t stream = {0};
    fixture_t fixture;

    (void)state;
    start(&fixture, 0);
    memset(payload, 'x', sizeof(payload));
    add_frame(&stream, 0x81, sc_str(payload, sizeof(payload)));
    for (size_t len = 0; len <= stream.len; len++)
        assert_int_equal(sc_ws_reader_wanted(stream.ptr, len, &fixture.reader),
                         len < 8 ? 0 : stream.len);
    sc_text_clear(&stream);
    sc_text_add(&stream, sc_str("\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff\0\0\0\0", 14));
    assert_int_equal(sc_ws_reader_wanted(stream.ptr, stream.len, &fixture.reader), 0);
    sc_text_free(&stream);
    finish(&fixture);
}

/* ---- Compressed messages (RFC 7692) ---------------------------------------------------------------------------- */

#define HELLO "\xf2\x48\xcd\xc9\xc9\x07\x00"

static int allow_deflate(void **state)
{
    sc_ws_deflate_setup_t setup = {.window_bits = 15, .level = 1, .payload_bytes_max = PAYLOAD_MAX};

    (void)state;
    zlib = sc_ws_deflate_new(&setup);
    return 0;
}

static int forbid_deflate(void **state)
{
    (void)state;
    sc_ws_deflate_free(zlib);
    zlib = NULL;
    return 0;
}

static void compressed_messages_are_told_inflated(void **state)
{
    sc_text_t stream = {0};

    (void)state;
    add_frame(&stream, 0xc1, SC_STR(HELLO));
    add_frame(&stream, 0x81, SC_STR("plain"));
    add_frame(&stream, 0xc2, SC_STR(HELLO));
    add_frame(&stream, 0xc1, sc_str("\0", 1)); /* the pong of protocol 2, as some clients send it */
    add_frame(&stream, 0xc1, SC_STR(""));
    check(&stream, "text(Hello) text(plain) binary(Hello) text() text()");
}

static void fragments_of_a_compressed_message_are_inflated_together(void **state)
{
    sc_text_t stream = {0};

    (void)state;
    add_frame(&stream, 0x41, SC_STR("\xf2\x48\xcd"));
    add_frame(&stream, 0x89, SC_STR("p"));
    add_frame(&stream, 0x00, SC_STR(""));
    add_frame(&stream, 0x00, SC_STR("\xc9\xc9"));
    add_frame(&stream, 0x80, sc_str("\x07\x00", 2));
    add_frame(&stream, 0x01, SC_STR("pl"));
    add_frame(&stream, 0x80, SC_STR("ain"));
    check(&stream, "ping(p) text(Hello) text(plain)");
}

static void the_mark_of_compression_has_one_place(void **state)
{
    sc_text_t stream = {0};

    (void)state;
    add_frame(&stream, 0x41, SC_STR("\xf2\x48\xcd"));
    add_frame(&stream, 0xc0, sc_str("\xc9\xc9\x07\x00", 4));
    check(&stream, "fail(1002:reserved bit set)");
    check_frame(0xc8, SC_STR(""), "fail(1002:reserved bit set)");
    check_frame(0xc9, SC_STR(""), "fail(1002:reserved bit set)");
    check_frame(0xca, SC_STR(""), "fail(1002:reserved bit set)");
    check_frame(0xe1, SC_STR(HELLO), "fail(1002:reserved bit set)");
    check_frame(0xd1, SC_STR(HELLO), "fail(1002:reserved bit set)");
    check_frame(0xa1, SC_STR("plain"), "fail(1002:reserved bit set)");
    check_frame(0xc3, SC_STR(HELLO), "fail(1002:reserved bit set)");
}

static void a_malformed_compressed_message_fails(void **state)
{
    sc_text_t stream = {0};

    (void)state;
    check_frame(0xc1, SC_STR("Hello"), "fail(1007:compressed message is malformed)");
    check_frame(0xc2, SC_STR("\xf2\x48\xcd"), "fail(1007:compressed message is malformed)");
    add_frame(&stream, 0x41, SC_STR("\xf2\x48\xcd"));
    add_frame(&stream, 0x80, SC_STR("\xff\xff"));
    check(&stream, "fail(1007:compressed message is malformed)");
}

static void text_is_checked_once_it_is_inflated(void **state)
{
    /* A block that is stored: 0xff. */
    const sc_str_t not_utf8 = sc_str("\x00\x01\x00\xfe\xff\xff\x00", 7);

    (void)state;
    check_frame(0xc1, not_utf8, "fail(1007:text is not UTF-8)");
    check_frame(0xc2, not_utf8, "binary(\xff)");
}

static void a_message_that_inflates_over_the_limit_fails(void **state)
{
    char zeros[PAYLOAD_MAX + 1] = {0};
    sc_buf_t *plain = sc_ws_frame_new(SC_WS_BINARY, sc_str(zeros, sizeof(zeros)));
    sc_buf_t *frame = sc_ws_deflate_frame(zlib, plain);
    sc_text_t stream = {0};

    (void)state;
    assert_ptr_not_equal(frame, plain);
    add_frame(&stream, 0xc2, sc_str(frame->bytes + 2, frame->len - 2));
    check(&stream, "fail(1009:message inflates over maxPayload or maxInflateRatio)");
    sc_buf_unref(frame);
    sc_buf_unref(plain);
}

#define DEFLATE_TEST(function)                                                                     \
    cmocka_unit_test_setup_teardown(function, allow_deflate, forbid_deflate)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_are_told_in_order),
        cmocka_unit_test(a_long_message_is_told_whole),
        cmocka_unit_test(fragments_become_one_message),
        cmocka_unit_test(control_frames_may_come_between_fragments),
        cmocka_unit_test(an_unfragmented_message_is_handed_over_where_it_lies),
        cmocka_unit_test(no_memory_is_kept_between_messages),
        cmocka_unit_test(a_frame_without_mask_fails),
        cmocka_unit_test(a_reserved_bit_fails),
        cmocka_unit_test(an_unknown_opcode_fails),
        cmocka_unit_test(a_length_not_in_its_shortest_form_fails),
        cmocka_unit_test(control_frames_are_short_and_whole),
        cmocka_unit_test(fragments_come_in_order),
        cmocka_unit_test(text_that_is_not_utf_8_fails),
        cmocka_unit_test(a_bad_fragment_fails_before_the_message_is_complete),
        cmocka_unit_test(a_character_may_lie_across_fragments),
        cmocka_unit_test(a_message_over_the_limit_fails_by_its_header),
        cmocka_unit_test(a_close_frame_is_told_with_code_and_reason),
        cmocka_unit_test(a_bad_close_frame_fails),
        cmocka_unit_test(nothing_is_told_after_the_end),
        cmocka_unit_test(what_comes_after_the_end_is_used_up),
        cmocka_unit_test(a_stopped_reader_leaves_what_follows),
        cmocka_unit_test(a_frame_that_has_begun_says_how_much_it_takes),
        DEFLATE_TEST(compressed_messages_are_told_inflated),
        DEFLATE_TEST(fragments_of_a_compressed_message_are_inflated_together),
        DEFLATE_TEST(the_mark_of_compression_has_one_place),
        DEFLATE_TEST(a_malformed_compressed_message_fails),
        DEFLATE_TEST(text_is_checked_once_it_is_inflated),
        DEFLATE_TEST(a_message_that_inflates_over_the_limit_fails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
