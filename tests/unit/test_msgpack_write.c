/*
 * test_msgpack_write.c: JSON text as MessagePack, byte for byte as sc-codec-min-bin writes it.
 */
#include "common/alloc.h"
#include "common/json_scan.h"
#include "worker/protocol/msgpack_write.h"

#include <sc/json.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

static sc_buf_t *write_json(sc_str_t json, sc_status_t expected)
{
    sc_msgpack_writer_t writer;

    sc_msgpack_begin(&writer, json.len, 0);
    assert_int_equal(sc_msgpack_put_json(&writer, json), expected);
    return sc_msgpack_finish(&writer);
}

static void assert_hex(sc_buf_t *buf, const char *expected)
{
    char *hex = sc_alloc_zeroed(buf->len + 1, 2);

    for (uint32_t i = 0; i < buf->len; i++)
        snprintf(hex + 2 * i, 3, "%02x", (unsigned char)buf->bytes[i]);
    assert_string_equal(hex, expected);
    free(hex);
    sc_buf_unref(buf);
}

static void assert_written(const char *json, const char *expected)
{
    assert_hex(write_json(sc_str_from(json), SC_OK), expected);
}

static void literals_have_a_byte_each(void **state)
{
    (void)state;
    assert_written("null", "c0");
    assert_written("false", "c2");
    assert_written("true", "c3");
    assert_written(" \n[ true , null ]\t", "92c3c0");
    assert_hex(write_json(sc_str_none(), SC_OK), "c0");
}

static void whole_numbers_within_32_bits_take_their_shortest_form(void **state)
{
    (void)state;
    assert_written("0", "00");
    assert_written("127", "7f");
    assert_written("128", "cc80");
    assert_written("255", "ccff");
    assert_written("256", "cd0100");
    assert_written("65535", "cdffff");
    assert_written("65536", "ce00010000");
    assert_written("2147483647", "ce7fffffff");
    assert_written("-1", "ff");
    assert_written("-32", "e0");
    assert_written("-33", "d0df");
    assert_written("-128", "d080");
    assert_written("-129", "d1ff7f");
    assert_written("-32768", "d18000");
    assert_written("-32769", "d2ffff7fff");
    assert_written("-2147483648", "d280000000");
}

static void whole_numbers_are_whole_however_they_are_written(void **state)
{
    (void)state;
    assert_written("-0", "00");
    assert_written("-0.0", "00");
    assert_written("1.0", "01");
    assert_written("1e2", "64");
    assert_written("12.5e1", "7d");
    assert_written("0.000", "00");
}

static void all_other_numbers_are_doubles(void **state)
{
    (void)state;
    assert_written("1.5", "cb3ff8000000000000");
    assert_written("2147483648", "cb41e0000000000000");
    assert_written("4294967295", "cb41efffffffe00000");
    assert_written("-2147483649", "cbc1e0000000200000");
    assert_written("1700000000000", "cb4278bcfe56800000");
    assert_written("1e21", "cb444b1ae4d6e2ef50");
    assert_written("9007199254740993", "cb4340000000000000");
    assert_written("18446744073709551616", "cb43f0000000000000");
    assert_written("1e999", "cb7ff0000000000000"); /* as JavaScript reads it */
    assert_written("5e-324", "cb0000000000000001");
}

static void a_number_of_very_many_digits_is_the_nearest_double(void **state)
{
    char digits[3001];

    (void)state;
    memset(digits, '0', sizeof(digits) - 1);
    digits[0] = '1';
    digits[1] = '.';
    digits[2998] = '1';
    digits[3000] = '\0';
    assert_written(digits, "01");
}

static void strings_are_unescaped(void **state)
{
    (void)state;
    assert_written("\"\"", "a0");
    assert_written("\"a\\nb\\u0000\\\"\\/\\\\\"", "a7610a6200222f5c");
    assert_written("\"\\u00e9\\ud83d\\ude00\"", "a6c3a9f09f9880");
    assert_written("\"\xc3\xa9\"", "a2c3a9");
    assert_written("{\"\\u0061\":1}", "81a16101");
}

static void half_a_surrogate_pair_becomes_the_replacement_character(void **state)
{
    (void)state;
    assert_written("\"\\ud800x\"", "a4efbfbd78");
    assert_written("\"a\\udc00\"", "a461efbfbd");
}

static void assert_string_head(size_t len, const char *head, size_t head_bytes)
{
    sc_text_t json = {0};
    sc_buf_t *buf;

    sc_text_add(&json, SC_STR("\""));
    for (size_t i = 0; i < len; i++)
        sc_text_add(&json, SC_STR("x"));
    sc_text_add(&json, SC_STR("\""));
    buf = write_json(sc_text_str(&json), SC_OK);
    assert_int_equal(buf->len, head_bytes + len);
    assert_memory_equal(buf->bytes, head, head_bytes);
    assert_int_equal(buf->bytes[buf->len - 1], 'x');
    sc_buf_unref(buf);
    sc_text_free(&json);
}

static void strings_take_the_shortest_head(void **state)
{
    (void)state;
    assert_string_head(31, "\xbf", 1);
    assert_string_head(32, "\xd9\x20", 2);
    assert_string_head(255, "\xd9\xff", 2);
    assert_string_head(256, "\xda\x01\x00", 3);
    assert_string_head(65535, "\xda\xff\xff", 3);
    assert_string_head(65536, "\xdb\x00\x01\x00\x00", 5);
}

/* [[0,0,...],...]: `outer` arrays of `inner` zeros. */
static void add_arrays(sc_text_t *json, uint32_t outer, uint32_t inner)
{
    for (uint32_t i = 0; i < outer; i++) {
        sc_text_add(json, i == 0 ? SC_STR("[[") : SC_STR(",["));
        for (uint32_t k = 0; k < inner; k++)
            sc_text_add(json, k == 0 ? SC_STR("0") : SC_STR(",0"));
        sc_text_add(json, SC_STR("]"));
    }
    sc_text_add(json, SC_STR("]"));
}

/* The head of an array at `at`; moves behind it. */
static uint32_t read_head(const sc_buf_t *buf, size_t *at)
{
    const uint8_t *bytes = (const uint8_t *)buf->bytes + *at;
    uint32_t count = 0;
    size_t extra = bytes[0] == 0xdc ? 2 : bytes[0] == 0xdd ? 4 : 0;

    *at += 1 + extra;
    if (extra == 0) {
        assert_int_equal(bytes[0] & 0xf0, 0x90);
        return bytes[0] & 0x0f;
    }
    for (size_t i = 1; i <= extra; i++)
        count = count << 8 | bytes[i];
    assert_true(extra == 2 ? count > 15 : count > 65535);
    return count;
}

static void assert_arrays(uint32_t outer, uint32_t inner)
{
    sc_text_t json = {0};
    sc_buf_t *buf;
    size_t at = 0;

    add_arrays(&json, outer, inner);
    buf = write_json(sc_text_str(&json), SC_OK);
    assert_int_equal(read_head(buf, &at), outer);
    for (uint32_t i = 0; i < outer; i++) {
        assert_int_equal(read_head(buf, &at), inner);
        for (uint32_t k = 0; k < inner; k++)
            assert_int_equal(buf->bytes[at++], 0);
    }
    assert_int_equal(at, buf->len);
    sc_buf_unref(buf);
    sc_text_free(&json);
}

static void containers_have_the_shortest_head_and_their_count(void **state)
{
    static const uint32_t counts[] = {1, 2, 15, 16, 17, 300};

    (void)state;
    assert_written("[]", "90");
    assert_written("{}", "80");
    assert_written("[[],{},[1]]", "9390809101");
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        for (size_t k = 0; k < sizeof(counts) / sizeof(counts[0]); k++)
            assert_arrays(counts[i], counts[k]);
    }
    assert_arrays(2, 65535);
    assert_arrays(2, 65536);
    assert_arrays(65536, 1);
}

static void a_map_of_many_members_has_a_long_head(void **state)
{
    sc_text_t json = {0};
    sc_buf_t *buf;

    (void)state;
    for (int i = 0; i < 16; i++)
        sc_text_addf(&json, "%s\"%x\":%d", i == 0 ? "{" : ",", (unsigned)i, i);
    sc_text_add(&json, SC_STR("}"));
    buf = write_json(sc_text_str(&json), SC_OK);
    assert_memory_equal(buf->bytes,
                        "\xde\x00\x10\xa1"
                        "0\x00\xa1"
                        "1\x01",
                        9);
    assert_int_equal(buf->len, 3 + 16 * 3);
    sc_buf_unref(buf);
    sc_text_free(&json);
}

static void what_was_written_before_and_after_stays(void **state)
{
    sc_text_t json = {0};
    sc_msgpack_writer_t writer;
    sc_buf_t *buf;

    (void)state;
    add_arrays(&json, 20, 20);
    sc_msgpack_begin(&writer, 1, 3);
    memcpy(writer.buf->bytes, "abc", 3);
    sc_msgpack_put_bytes(&writer, SC_STR("de"));
    for (int i = 0; i < 3; i++) {
        assert_int_equal(sc_msgpack_put_json(&writer, sc_text_str(&json)), SC_OK);
        sc_msgpack_put_string(&writer, SC_STR("-"));
    }
    buf = sc_msgpack_finish(&writer);
    assert_int_equal(buf->len, 5 + 3 * (3 + 20 * 23 + 2));
    assert_memory_equal(buf->bytes, "abcde\xdc\x00\x14\xdc\x00\x14", 11);
    assert_memory_equal(buf->bytes + buf->len - 2, "\xa1-", 2);
    sc_buf_unref(buf);
    sc_text_free(&json);
}

static void what_is_no_json_becomes_nil(void **state)
{
    static const char *const texts[] = {
        "",    "x",       "{",     "[1",   "[1,]",    "{\"a\":}",  "1 2",   "\"a", "[01]",
        "nul", "\"\\x\"", "{1:2}", "[[1]", "\"\\u12", "{\"a\" 1}", "[1 2]", "+1",  "\"\x01\""};

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        assert_hex(write_json(sc_str_from(texts[i]), SC_ERR_INVALID), "c0");
}

static void a_failure_within_takes_back_what_was_written(void **state)
{
    sc_text_t json = {0};
    sc_msgpack_writer_t writer;

    (void)state;
    add_arrays(&json, 20, 20);
    sc_text_add(&json, SC_STR("x"));
    sc_msgpack_begin(&writer, 8, 0);
    assert_int_equal(sc_msgpack_put_json(&writer, SC_STR("[1]")), SC_OK);
    assert_int_equal(sc_msgpack_put_json(&writer, sc_text_str(&json)), SC_ERR_INVALID);
    sc_msgpack_put_number(&writer, 2);
    assert_hex(sc_msgpack_finish(&writer), "9101c002");
    sc_text_free(&json);
}

static void nesting_has_a_limit(void **state)
{
    char json[2 * (SC_JSON_DEPTH_MAX + 1)];
    sc_buf_t *buf;

    (void)state;
    memset(json, '[', SC_JSON_DEPTH_MAX + 1);
    memset(json + SC_JSON_DEPTH_MAX + 1, ']', SC_JSON_DEPTH_MAX + 1);
    assert_hex(write_json(sc_str(json, sizeof(json)), SC_ERR_LIMIT), "c0");
    buf = write_json(sc_str(json + 1, sizeof(json) - 2), SC_OK);
    assert_int_equal(buf->len, SC_JSON_DEPTH_MAX);
    assert_int_equal((unsigned char)buf->bytes[SC_JSON_DEPTH_MAX - 1], 0x90);
    assert_int_equal((unsigned char)buf->bytes[0], 0x91);
    sc_buf_unref(buf);
}

static void arrays_of_known_length_have_their_head(void **state)
{
    sc_msgpack_writer_t writer;

    (void)state;
    sc_msgpack_begin(&writer, 0, 0);
    sc_msgpack_put_array(&writer, 15);
    sc_msgpack_put_array(&writer, 16);
    sc_msgpack_put_array(&writer, 65536);
    assert_hex(sc_msgpack_finish(&writer), "9fdc0010dd00010000");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(literals_have_a_byte_each),
        cmocka_unit_test(whole_numbers_within_32_bits_take_their_shortest_form),
        cmocka_unit_test(whole_numbers_are_whole_however_they_are_written),
        cmocka_unit_test(all_other_numbers_are_doubles),
        cmocka_unit_test(a_number_of_very_many_digits_is_the_nearest_double),
        cmocka_unit_test(strings_are_unescaped),
        cmocka_unit_test(half_a_surrogate_pair_becomes_the_replacement_character),
        cmocka_unit_test(strings_take_the_shortest_head),
        cmocka_unit_test(containers_have_the_shortest_head_and_their_count),
        cmocka_unit_test(a_map_of_many_members_has_a_long_head),
        cmocka_unit_test(what_was_written_before_and_after_stays),
        cmocka_unit_test(what_is_no_json_becomes_nil),
        cmocka_unit_test(a_failure_within_takes_back_what_was_written),
        cmocka_unit_test(nesting_has_a_limit),
        cmocka_unit_test(arrays_of_known_length_have_their_head),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
