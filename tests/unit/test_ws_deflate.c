/*
 * test_ws_deflate.c: RFC 7692, 6 and 7.2: messages in and out, limits, and what is malformed. The other side is zlib itself.
 */
#include "worker/ws/ws_deflate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>

#include <cmocka.h>

#define PAYLOAD_MAX (4u * 1024 * 1024)
#define RATIO_MAX 200u

static sc_ws_deflate_t *zlib;

static sc_ws_deflate_setup_t default_setup(void)
{
    sc_ws_deflate_setup_t setup = {.window_bits = 15,
                                   .level = 1,
                                   .threshold_bytes = 0,
                                   .payload_bytes_max = PAYLOAD_MAX,
                                   .inflate_ratio_max = RATIO_MAX};

    return setup;
}

static void replace(const sc_ws_deflate_setup_t *setup)
{
    sc_ws_deflate_free(zlib);
    zlib = sc_ws_deflate_new(setup);
}

static int set_up(void **state)
{
    sc_ws_deflate_setup_t setup = default_setup();

    (void)state;
    replace(&setup);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    sc_ws_deflate_free(zlib);
    zlib = NULL;
    return 0;
}

/** A text like the JSON of a busy application. */
static sc_text_t json_text(size_t len)
{
    sc_text_t text = {0};
    uint32_t seed = 7;

    sc_text_add(&text, SC_STR("["));
    while (text.len < len) {
        seed = seed * 1103515245u + 12345u;
        sc_text_addf(&text, "{\"id\":%u,\"user\":\"user%u\",\"text\":\"hello\"},", seed,
                     (seed >> 16) % 100);
    }
    text.len = len;
    return text;
}

static sc_text_t random_bytes(size_t len)
{
    sc_text_t bytes = {0};
    uint32_t seed = 1;

    while (bytes.len < len) {
        char byte;

        seed = seed * 1103515245u + 12345u;
        byte = (char)(uint8_t)(seed >> 16);
        sc_text_add(&bytes, sc_str(&byte, 1));
    }
    return bytes;
}

/** What a peer sends: a message of zeros, compressed as well as can be. */
static sc_text_t bomb(size_t len)
{
    char *bytes = calloc(len, 1);
    sc_text_t payload = {.capacity = len / 500 + 100};
    z_stream stream = {0};

    assert_non_null(bytes);
    payload.ptr = malloc(payload.capacity);
    assert_non_null(payload.ptr);
    assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY), Z_OK);
    stream.next_in = (Bytef *)bytes;
    stream.avail_in = (uInt)len;
    stream.next_out = (Bytef *)payload.ptr;
    stream.avail_out = (uInt)payload.capacity;
    assert_int_equal(deflate(&stream, Z_SYNC_FLUSH), Z_OK);
    assert_int_not_equal(stream.avail_out, 0);
    payload.len = payload.capacity - stream.avail_out - 4;
    deflateEnd(&stream);
    free(bytes);
    return payload;
}

/** Inflates a copy that ends where it ends. */
static sc_status_t inflate_copy(sc_str_t payload, sc_text_t *message)
{
    char *copy = malloc(payload.len > 0 ? payload.len : 1);
    sc_status_t status;
    char *out;
    size_t len;

    assert_non_null(copy);
    if (payload.len > 0)
        memcpy(copy, payload.ptr, payload.len);
    status = sc_ws_inflate(zlib, sc_str(copy, payload.len), &out, &len);
    free(copy);
    sc_text_clear(message);
    if (status != SC_OK)
        return status;
    sc_text_add(message, sc_str(out, len));
    memset(out, '#', len); /* it is ours until the release */
    sc_ws_inflate_release(zlib);
    return SC_OK;
}

static void check_inflate(sc_str_t payload, sc_str_t expected)
{
    sc_text_t message = {0};

    assert_int_equal(inflate_copy(payload, &message), SC_OK);
    assert_true(sc_str_equal(sc_text_str(&message), expected));
    sc_text_free(&message);
}

static void check_refused(sc_str_t payload, sc_status_t expected)
{
    sc_text_t message = {0};
    uint64_t refused = sc_ws_deflate_get_counts(zlib).refused;

    assert_int_equal(inflate_copy(payload, &message), expected);
    assert_int_equal(sc_ws_deflate_get_counts(zlib).refused, refused + 1);
    /* What comes next is not harmed. */
    check_inflate(SC_STR("\xf2\x48\xcd\xc9\xc9\x07\x00"), SC_STR("Hello"));
    sc_text_free(&message);
}

/** Compresses a text in a frame. @return the frame; its payload is in `payload`. */
static sc_buf_t *deflate_text(uint8_t opcode, sc_str_t text, sc_ws_frame_t *header,
                              sc_str_t *payload)
{
    sc_buf_t *plain = sc_ws_frame_new(opcode, text);
    sc_buf_t *frame = sc_ws_deflate_frame(zlib, plain);

    sc_buf_unref(plain);
    assert_int_equal(sc_ws_frame_parse(frame->bytes, frame->len, header), SC_OK);
    *payload = sc_str(frame->bytes + header->header_bytes, (size_t)header->payload_bytes);
    assert_int_equal(frame->len, header->header_bytes + payload->len);
    return frame;
}

/** Whether a peer whose window is that small understands a payload. */
static bool is_understood(sc_str_t payload, int window_bits, sc_str_t expected)
{
    sc_text_t message = {0};
    sc_text_t with_tail = {0};
    z_stream stream = {0};
    bool is_equal;
    int result;

    sc_text_add(&with_tail, payload);
    sc_text_add(&with_tail, sc_str("\0\0\xff\xff", 4));
    assert_int_equal(inflateInit2(&stream, -window_bits), Z_OK);
    stream.next_in = (Bytef *)with_tail.ptr;
    stream.avail_in = (uInt)with_tail.len;
    do {
        char part[64]; /* less than any window: all that it points back to must be in the window */

        stream.next_out = (Bytef *)part;
        stream.avail_out = sizeof(part);
        result = inflate(&stream, Z_SYNC_FLUSH);
        sc_text_add(&message, sc_str(part, sizeof(part) - stream.avail_out));
    } while (result == Z_OK && stream.avail_out == 0);
    inflateEnd(&stream);
    is_equal = sc_str_equal(sc_text_str(&message), expected);
    sc_text_free(&message);
    sc_text_free(&with_tail);
    return is_equal;
}

/* ---- Receiving ----------------------------------------------------------------------------------------------- */

/* RFC 7692, 7.2.3 */
static void the_examples_of_the_rfc_are_read(void **state)
{
    (void)state;
    check_inflate(SC_STR("\xf2\x48\xcd\xc9\xc9\x07\x00"), SC_STR("Hello"));
    check_inflate(sc_str("\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00", 11), SC_STR("Hello"));
    check_inflate(SC_STR("\xf3\x48\xcd\xc9\xc9\x07\x00\x00"), SC_STR("Hello"));
    check_inflate(SC_STR("\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00"), SC_STR("Hello"));
    check_inflate(sc_str("\x00", 1), SC_STR(""));
}

static void an_empty_payload_is_an_empty_message(void **state)
{
    (void)state;
    check_inflate(SC_STR(""), SC_STR(""));
}

static void no_message_knows_the_one_before(void **state)
{
    (void)state;
    check_inflate(SC_STR("\xf2\x48\xcd\xc9\xc9\x07\x00"), SC_STR("Hello"));
    check_refused(sc_str("\xf2\x00\x11\x00\x00", 5), SC_ERR_PROTOCOL);
}

static void blocks_may_follow_a_final_one(void **state)
{
    sc_text_t many = {0};

    (void)state;
    check_inflate(SC_STR("\xf3\x48\xcd\xc9\xc9\x07\x00\xf2\x48\xcd\xc9\xc9\x07\x00"),
                  SC_STR("HelloHello"));
    check_inflate(SC_STR("\xf3\x48\xcd\xc9\xc9\x07\x00\xf3\x48\xcd\xc9\xc9\x07\x00\x00"),
                  SC_STR("HelloHello"));
    check_inflate(SC_STR("\xf3\x48\xcd\xc9\xc9\x07\x00"), SC_STR("Hello")); /* nothing behind it */
    check_inflate(SC_STR("\x01"), SC_STR("")); /* a final block whose rest is the tail */
    for (int i = 0; i < 10000; i++)
        sc_text_add(&many, sc_str("\x03\x00", 2));
    check_inflate(sc_text_str(&many), SC_STR(""));
    sc_text_free(&many);
}

static void what_is_malformed_is_refused(void **state)
{
    (void)state;
    check_refused(SC_STR("\x07"), SC_ERR_PROTOCOL);                    /* no such kind of block */
    check_refused(SC_STR("Hello"), SC_ERR_PROTOCOL);                   /* not compressed at all */
    check_refused(SC_STR("\xf2\x48\xcd\xc9\xc9"), SC_ERR_PROTOCOL);    /* cut off */
    check_refused(sc_str("\x00\x05\x00\xfa", 4), SC_ERR_PROTOCOL);     /* within a length */
    check_refused(sc_str("\x00\x05\x00\xfb\xff", 5), SC_ERR_PROTOCOL); /* which is wrong */
    check_refused(sc_str("\x00\xff\x00\x00\xff", 5), SC_ERR_PROTOCOL); /* more than there is */
    check_refused(SC_STR("\xff\xff\xff\xff"), SC_ERR_PROTOCOL);
}

static void a_message_cut_off_is_refused_wherever_that_is(void **state)
{
    sc_text_t text = json_text(3000);
    sc_ws_frame_t header;
    sc_str_t payload;
    sc_buf_t *frame = deflate_text(SC_WS_TEXT, sc_text_str(&text), &header, &payload);

    (void)state;
    check_inflate(payload, sc_text_str(&text));
    for (size_t len = 1; len < payload.len - 1; len++)
        check_refused(sc_str(payload.ptr, len), SC_ERR_PROTOCOL);
    sc_buf_unref(frame);
    sc_text_free(&text);
}

/* ---- Limits ---------------------------------------------------------------------------------------------------- */

static void a_message_may_inflate_to_the_largest_payload_and_no_more(void **state)
{
    sc_ws_deflate_setup_t setup = default_setup();
    sc_text_t fits = bomb(PAYLOAD_MAX);
    sc_text_t does_not = bomb(PAYLOAD_MAX + 1);
    sc_text_t message = {0};

    (void)state;
    setup.inflate_ratio_max = 0;
    replace(&setup);
    assert_int_equal(inflate_copy(sc_text_str(&fits), &message), SC_OK);
    assert_int_equal(message.len, PAYLOAD_MAX);
    check_refused(sc_text_str(&does_not), SC_ERR_LIMIT);
    sc_text_free(&message);
    sc_text_free(&fits);
    sc_text_free(&does_not);
}

static void a_small_largest_payload_is_kept_after_longer_messages_too(void **state)
{
    sc_ws_deflate_setup_t setup = default_setup();
    sc_text_t fits = bomb(300);
    sc_text_t does_not = bomb(301);
    sc_text_t message = {0};

    (void)state;
    setup.payload_bytes_max = 300;
    replace(&setup);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(inflate_copy(sc_text_str(&fits), &message), SC_OK);
        assert_int_equal(message.len, 300);
        check_refused(sc_text_str(&does_not), SC_ERR_LIMIT);
    }
    sc_text_free(&message);
    sc_text_free(&fits);
    sc_text_free(&does_not);
}

static void the_ratio_counts_from_a_certain_size_on(void **state)
{
    sc_text_t small = bomb(SC_WS_INFLATE_BYTES_FREE);
    sc_text_t large = bomb(SC_WS_INFLATE_BYTES_FREE + 1);
    sc_text_t huge = bomb(PAYLOAD_MAX);
    sc_text_t message = {0};

    (void)state;
    assert_true(small.len * RATIO_MAX < SC_WS_INFLATE_BYTES_FREE); /* it passes by its size */
    assert_int_equal(inflate_copy(sc_text_str(&small), &message), SC_OK);
    assert_int_equal(message.len, SC_WS_INFLATE_BYTES_FREE);
    check_refused(sc_text_str(&large), SC_ERR_LIMIT);
    check_refused(sc_text_str(&huge), SC_ERR_LIMIT);
    sc_text_free(&message);
    sc_text_free(&small);
    sc_text_free(&large);
    sc_text_free(&huge);
}

static void honest_json_is_far_from_the_ratio(void **state)
{
    sc_ws_deflate_setup_t setup = default_setup();
    sc_text_t text = json_text(PAYLOAD_MAX);
    sc_ws_frame_t header;
    sc_buf_t *frame;
    sc_str_t payload;

    (void)state;
    setup.level = 9;
    replace(&setup);
    frame = deflate_text(SC_WS_TEXT, sc_text_str(&text), &header, &payload);
    assert_true(payload.len * RATIO_MAX > 10 * text.len);
    check_inflate(payload, sc_text_str(&text));
    sc_buf_unref(frame);
    sc_text_free(&text);
}

static void what_a_long_message_has_taken_is_given_back(void **state)
{
    sc_text_t text = json_text(PAYLOAD_MAX);
    sc_ws_frame_t header;
    sc_str_t payload;
    sc_buf_t *frame = deflate_text(SC_WS_TEXT, sc_text_str(&text), &header, &payload);
    sc_text_t large = bomb(PAYLOAD_MAX);
    char *out;
    size_t len;

    (void)state;
    assert_int_equal(sc_ws_inflate(zlib, payload, &out, &len), SC_OK);
    assert_true(sc_ws_deflate_get_counts(zlib).buffer_bytes >= PAYLOAD_MAX);
    sc_ws_inflate_release(zlib);
    assert_true(sc_ws_deflate_get_counts(zlib).buffer_bytes <= 128 * 1024);
    check_refused(sc_text_str(&large), SC_ERR_LIMIT);
    assert_true(sc_ws_deflate_get_counts(zlib).buffer_bytes <= 128 * 1024);
    sc_buf_unref(frame);
    sc_text_free(&text);
    sc_text_free(&large);
}

/* ---- Sending --------------------------------------------------------------------------------------------------- */

static void a_message_comes_back_as_it_went(void **state)
{
    static const size_t lengths[] = {40, 100, 125, 126, 500, 1024, 65535, 65536, 70000, 1000000};

    (void)state;
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        sc_text_t text = json_text(lengths[i]);
        sc_ws_frame_t header;
        sc_str_t payload;
        sc_buf_t *frame = deflate_text(SC_WS_TEXT, sc_text_str(&text), &header, &payload);

        if (header.reserved != 0)
            check_inflate(payload, sc_text_str(&text));
        assert_true(lengths[i] < 500 || header.reserved == SC_WS_RSV1);
        assert_true(header.is_final && !header.is_masked);
        sc_buf_unref(frame);
        sc_text_free(&text);
    }
}

static void the_kind_of_message_stays(void **state)
{
    sc_text_t text = json_text(2000);
    sc_ws_frame_t header;
    sc_str_t payload;
    sc_buf_t *frame = deflate_text(SC_WS_BINARY, sc_text_str(&text), &header, &payload);

    (void)state;
    assert_int_equal(header.opcode, SC_WS_BINARY);
    assert_int_equal(header.reserved, SC_WS_RSV1);
    sc_buf_unref(frame);
    sc_text_free(&text);
}

static void check_stays_plain(uint8_t opcode, sc_str_t text)
{
    sc_buf_t *plain = sc_ws_frame_new(opcode, text);
    sc_buf_t *frame = sc_ws_deflate_frame(zlib, plain);

    assert_ptr_equal(frame, plain);
    sc_buf_unref(frame);
    sc_buf_unref(plain);
}

static void what_would_not_become_smaller_stays_plain(void **state)
{
    sc_text_t noise = random_bytes(5000);

    (void)state;
    check_stays_plain(SC_WS_TEXT, SC_STR("Hello"));
    check_stays_plain(SC_WS_BINARY, sc_text_str(&noise));
    assert_int_equal(sc_ws_deflate_get_counts(zlib).not_smaller, 2);
    check_stays_plain(SC_WS_TEXT, SC_STR(""));
    assert_int_equal(sc_ws_deflate_get_counts(zlib).not_smaller, 2);
    assert_int_equal(sc_ws_deflate_get_counts(zlib).deflated, 0);
    sc_text_free(&noise);
}

static void messages_below_the_threshold_stay_plain(void **state)
{
    sc_ws_deflate_setup_t setup = default_setup();
    sc_text_t text = json_text(1024);
    sc_ws_frame_t header;
    sc_str_t payload;

    (void)state;
    setup.threshold_bytes = 1024;
    replace(&setup);
    check_stays_plain(SC_WS_TEXT, sc_str(text.ptr, 1023));
    assert_int_equal(sc_ws_deflate_get_counts(zlib).not_smaller, 0);
    sc_buf_unref(deflate_text(SC_WS_TEXT, sc_text_str(&text), &header, &payload));
    assert_int_equal(header.reserved, SC_WS_RSV1);
    sc_text_free(&text);
}

static void the_same_message_once_more_is_not_compressed_again(void **state)
{
    sc_text_t text = json_text(2000);
    sc_ws_frame_t header;
    sc_str_t payload;
    sc_buf_t *first = deflate_text(SC_WS_TEXT, sc_text_str(&text), &header, &payload);
    sc_buf_t *again = deflate_text(SC_WS_TEXT, sc_text_str(&text), &header, &payload);
    sc_buf_t *other_kind = deflate_text(SC_WS_BINARY, sc_text_str(&text), &header, &payload);
    sc_buf_t *changed;

    (void)state;
    text.ptr[1000] = '#';
    changed = deflate_text(SC_WS_BINARY, sc_text_str(&text), &header, &payload);
    assert_ptr_equal(again, first);
    assert_int_equal(sc_ws_deflate_get_counts(zlib).deflated, 3);
    assert_int_equal(header.opcode, SC_WS_BINARY);
    check_inflate(payload, sc_text_str(&text));
    sc_buf_unref(first);
    sc_buf_unref(again);
    sc_buf_unref(other_kind);
    sc_buf_unref(changed);
    sc_text_free(&text);
}

static void control_frames_stay_plain(void **state)
{
    sc_text_t text = json_text(100);

    (void)state;
    memset(text.ptr, 'a', text.len);
    check_stays_plain(SC_WS_PONG, sc_text_str(&text));
    check_stays_plain(SC_WS_PING, sc_text_str(&text));
    check_stays_plain(SC_WS_CLOSE, sc_text_str(&text));
    sc_text_free(&text);
}

static void a_small_window_is_kept_to(void **state)
{
    sc_text_t text = json_text(20000);

    (void)state;
    for (int bits = 9; bits <= 15; bits++) {
        sc_ws_deflate_setup_t setup = default_setup();
        sc_ws_frame_t header;
        sc_buf_t *frame;
        sc_str_t payload;

        setup.window_bits = (uint8_t)bits;
        replace(&setup);
        frame = deflate_text(SC_WS_TEXT, sc_text_str(&text), &header, &payload);
        assert_int_equal(header.reserved, SC_WS_RSV1);
        assert_true(is_understood(payload, bits, sc_text_str(&text)));
        sc_buf_unref(frame);
    }
    sc_text_free(&text);
}

/* What ws_deflate.h says about clients with smaller windows than ours. */
static void a_message_no_longer_than_a_window_is_understood_by_who_has_that_window(void **state)
{
    (void)state;
    for (unsigned bits = 8; bits <= 15; bits++) {
        sc_ws_deflate_terms_t terms = {.window_bits = (uint8_t)bits};
        uint32_t frame_bytes = sc_ws_deflate_bytes_max(zlib, &terms);
        sc_text_t text;
        sc_ws_frame_t header;
        sc_str_t payload;
        sc_buf_t *frame;

        if (bits == 15) {
            assert_int_equal(frame_bytes, UINT32_MAX);
            break;
        }
        assert_int_equal(frame_bytes, 1u << bits);
        text = json_text(frame_bytes);
        frame = deflate_text(SC_WS_TEXT, sc_text_str(&text), &header, &payload);
        assert_int_equal(header.reserved, SC_WS_RSV1);
        assert_true(is_understood(payload, (int)bits, sc_text_str(&text)));
        sc_buf_unref(frame);
        sc_text_free(&text);
    }
}

static void who_has_agreed_on_nothing_takes_nothing(void **state)
{
    sc_ws_deflate_terms_t terms = {0};

    (void)state;
    assert_int_equal(sc_ws_deflate_bytes_max(zlib, &terms), 0);
}

static void what_is_done_is_counted(void **state)
{
    sc_text_t text = json_text(2000);
    sc_ws_deflate_counts_t counts;
    sc_ws_frame_t header;
    sc_str_t payload;
    sc_buf_t *frame = deflate_text(SC_WS_TEXT, sc_text_str(&text), &header, &payload);

    (void)state;
    check_inflate(payload, sc_text_str(&text));
    counts = sc_ws_deflate_get_counts(zlib);
    assert_int_equal(counts.deflated, 1);
    assert_int_equal(counts.deflated_from_bytes, 2000);
    assert_int_equal(counts.deflated_to_bytes, payload.len);
    assert_int_equal(counts.inflated, 1);
    assert_int_equal(counts.inflated_from_bytes, payload.len);
    assert_int_equal(counts.inflated_to_bytes, 2000);
    assert_int_equal(counts.refused, 0);
    sc_buf_unref(frame);
    sc_text_free(&text);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_examples_of_the_rfc_are_read),
        TEST(an_empty_payload_is_an_empty_message),
        TEST(no_message_knows_the_one_before),
        TEST(blocks_may_follow_a_final_one),
        TEST(what_is_malformed_is_refused),
        TEST(a_message_cut_off_is_refused_wherever_that_is),
        TEST(a_message_may_inflate_to_the_largest_payload_and_no_more),
        TEST(a_small_largest_payload_is_kept_after_longer_messages_too),
        TEST(the_ratio_counts_from_a_certain_size_on),
        TEST(honest_json_is_far_from_the_ratio),
        TEST(what_a_long_message_has_taken_is_given_back),
        TEST(a_message_comes_back_as_it_went),
        TEST(the_kind_of_message_stays),
        TEST(what_would_not_become_smaller_stays_plain),
        TEST(messages_below_the_threshold_stay_plain),
        TEST(the_same_message_once_more_is_not_compressed_again),
        TEST(control_frames_stay_plain),
        TEST(a_small_window_is_kept_to),
        TEST(a_message_no_longer_than_a_window_is_understood_by_who_has_that_window),
        TEST(who_has_agreed_on_nothing_takes_nothing),
        TEST(what_is_done_is_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
