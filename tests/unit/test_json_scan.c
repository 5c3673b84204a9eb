/*
 * test_json_scan.c: the scanner takes and refuses what JavaScript's JSON.parse does, and never leaves its text.
 */
#include "common/json_scan.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/** Checks a text in memory that ends where it ends: a sanitizer sees each byte read behind it. */
static sc_json_kind_t check_exactly(sc_str_t text)
{
    char *bytes = malloc(text.len > 0 ? text.len : 1);
    sc_json_kind_t kind;

    assert_non_null(bytes);
    if (text.len > 0)
        memcpy(bytes, text.ptr, text.len);
    kind = sc_json_check(sc_str(bytes, text.len));
    free(bytes);
    return kind;
}

static void valid_texts_have_their_kind(void **state)
{
    static const struct {
        const char *text;
        sc_json_kind_t kind;
    } cases[] = {
        {"null", SC_JSON_NULL},
        {" \t\r\n true \t\r\n ", SC_JSON_TRUE},
        {"false", SC_JSON_FALSE},
        {"0", SC_JSON_NUMBER},
        {"-0", SC_JSON_NUMBER},
        {"-0.0e-00", SC_JSON_NUMBER},
        {"123456789012345678901234567890", SC_JSON_NUMBER},
        {"1E+2", SC_JSON_NUMBER},
        {"1e9999", SC_JSON_NUMBER},
        {"0.00000001", SC_JSON_NUMBER},
        {"\"\"", SC_JSON_STRING},
        {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\uABcd\"", SC_JSON_STRING},
        {"\"\\u0000\"", SC_JSON_STRING},
        {"\"\\ud800\"", SC_JSON_STRING},
        {"\"\\udc00\\ud800\"", SC_JSON_STRING},
        {"\"\x7f\xc3\xa9\xf0\x9f\x98\x80\"", SC_JSON_STRING},
        {"[]", SC_JSON_ARRAY},
        {"[ ]", SC_JSON_ARRAY},
        {"[1 , \"a\" ,null,[],{ } ]", SC_JSON_ARRAY},
        {"{}", SC_JSON_OBJECT},
        {"{ \"\" : {\"a\":[{}]} , \"\" : 1 }", SC_JSON_OBJECT},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        if (check_exactly(sc_str_from(cases[i].text)) != cases[i].kind)
            fail_msg("wrong kind: %s", cases[i].text);
    }
}

static void invalid_texts_are_refused(void **state)
{
    /* clang-format off */
    static const char *const cases[] = {
        "", " ", "nul", "nulll", "null null", "True", "NaN", "Infinity", "-Infinity", "undefined",
        /* numbers */
        "-", "+1", "01", "-01", "00", ".5", "1.", "1.e5", "1e", "1e+", "1e-", "-.5", "0x1", "1_0", "1f",
        "- 1", "1 .5", "--1", "1.2.3", "1e5.5", "\xef\xbc\x91",
        /* strings */
        "\"", "\"a", "'a'", "\"\\\"", "\"\\", "\"\\a\"", "\"\\x41\"", "\"\\U0041\"", "\"\\u\"", "\"\\u1\"",
        "\"\\u12\"", "\"\\u123\"", "\"\\u123g\"", "\"\\u 123\"", "\"\\u-123\"", "\"\\u123", "\"\\'\"",
        "\"a\nb\"", "\"a\tb\"", "\"a\rb\"", "\"\x1f\"", "\"0123456789abcdef\x01\"", "\"a\"b\"", "\"a\" \"b\"",
        /* arrays */
        "[", "]", "[1", "[1,", "[,", "[,]", "[1,]", "[1,,2]", "[1 2]", "[1:2]", "[}", "[1}", "[[]", "[]]",
        "[\"a\"", "[1,]]", "[\v]", "[\f]", "[\xc2\xa0]", "[/**/]", "[1]//",
        /* objects */
        "{", "}", "{\"a\"", "{\"a\":", "{\"a\":}", "{\"a\":1", "{\"a\":1,", "{\"a\":1,}", "{,}", "{\"a\" 1}",
        "{\"a\",1}", "{a:1}", "{'a':1}", "{1:1}", "{null:1}", "{\"a\":1 \"b\":2}", "{\"a\":1,,\"b\":2}",
        "{\"a\"::1}", "{\"a\":1]", "{]", "{\"a\":1}}", "{\"a\":[}", "{[]:1}", "{\"a\":1:2}", "{\"a\\\":1}",
        "{\"a\x01\":1}",
        /* byte order mark */
        "\xef\xbb\xbf{}", "{}\xef\xbb\xbf",
    };
    /* clang-format on */

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        if (check_exactly(sc_str_from(cases[i])) != SC_JSON_NONE)
            fail_msg("taken: %s", cases[i]);
    }
    assert_int_equal(check_exactly(sc_str_none()), SC_JSON_NONE);
    assert_int_equal(check_exactly(sc_str("[]\0", 3)), SC_JSON_NONE);
    assert_int_equal(check_exactly(sc_str("\"a\0b\"", 5)), SC_JSON_NONE);
    assert_int_equal(check_exactly(sc_str("\0", 1)), SC_JSON_NONE);
}

static void each_beginning_of_a_value_is_refused(void **state)
{
    static const char text[] =
        "[{\"a\\u00e9\\n\":[1,-2.5e+10,\"0123456789abcdef0123456789\"],\"b\":{}},true,false,"
        "null,[[[]]],\"\\ud83d\\ude00\"]";

    (void)state;
    assert_int_equal(check_exactly(sc_str_from(text)), SC_JSON_ARRAY);
    for (size_t len = 0; len < sizeof(text) - 1; len++)
        assert_int_equal(check_exactly(sc_str(text, len)), SC_JSON_NONE);
}

/** [[[...]]] or {"":{"":...1}} of so many levels. */
static sc_json_kind_t check_nested(const char *open, const char *inside, char close, size_t levels)
{
    size_t open_len = strlen(open);
    size_t inside_len = strlen(inside);
    char *text = malloc(levels * (open_len + 1) + inside_len + 1);
    char *at = text;
    sc_json_kind_t kind;

    assert_non_null(text);
    for (size_t i = 0; i < levels; i++, at += open_len)
        memcpy(at, open, open_len);
    memcpy(at, inside, inside_len);
    at += inside_len;
    memset(at, close, levels);
    at += levels;
    kind = check_exactly(sc_str(text, (size_t)(at - text)));
    free(text);
    return kind;
}

static void depth_is_limited(void **state)
{
    (void)state;
    assert_int_equal(check_nested("[", "", ']', SC_JSON_DEPTH_MAX), SC_JSON_ARRAY);
    assert_int_equal(check_nested("[", "", ']', SC_JSON_DEPTH_MAX + 1), SC_JSON_NONE);
    assert_int_equal(check_nested("[", "1", ']', SC_JSON_DEPTH_MAX), SC_JSON_ARRAY);
    assert_int_equal(check_nested("{\"\":", "1", '}', SC_JSON_DEPTH_MAX), SC_JSON_OBJECT);
    assert_int_equal(check_nested("{\"\":", "1", '}', SC_JSON_DEPTH_MAX + 1), SC_JSON_NONE);
    assert_int_equal(check_nested("[", "", ']', 1000000), SC_JSON_NONE);
    assert_int_equal(check_nested("[", "", '}', 70), SC_JSON_NONE);
}

static void depth_counts_what_is_open_not_what_was(void **state)
{
    char text[4096] = "[";

    (void)state;
    for (size_t i = 0; i < 1000; i++)
        memcpy(text + 1 + i * 4, "[1],", 4);
    memcpy(text + 1 + 4000, "{}]", 3);
    assert_int_equal(check_exactly(sc_str(text, 4004)), SC_JSON_ARRAY);
}

static void both_ways_to_cross_a_string_stop_at_the_same_byte(void **state)
{
    char *bytes = malloc(64);

    (void)state;
    assert_non_null(bytes);
    for (size_t place = 0; place < 64; place++) {
        for (unsigned byte = 0; byte < 256; byte++) {
            bool is_plain = byte >= 0x20 && byte != '"' && byte != '\\';
            const char *end = bytes + (is_plain ? 64 : place);

            memset(bytes, byte % 2 == 0 ? 'x' : '\xff', 64);
            bytes[place] = (char)byte;
            assert_ptr_equal(sc_json_plain_end(bytes, bytes + 64), end);
            assert_ptr_equal(sc_json_plain_end_by_words(bytes, bytes + 64), end);
        }
    }
    free(bytes);
}

static void each_place_beside_a_quote_is_read_rightly(void **state)
{
    /* Bytes just beside those that end a run, before and behind one that does. */
    static const unsigned char beside[] = {0x20, 0x21, 0x23, 0x5b, 0x5d,
                                           0x7f, 0x80, 0xa2, 0xdc, 0xff};
    char bytes[24];

    (void)state;
    for (size_t i = 0; i < sizeof(beside); i++) {
        for (size_t place = 0; place < 16; place++) {
            memset(bytes, beside[i], sizeof(bytes));
            bytes[place] = '"';
            assert_ptr_equal(sc_json_plain_end(bytes, bytes + 24), bytes + place);
            assert_ptr_equal(sc_json_plain_end_by_words(bytes, bytes + 24), bytes + place);
        }
        memset(bytes, beside[i], sizeof(bytes));
        assert_ptr_equal(sc_json_plain_end_by_words(bytes, bytes + 24), bytes + 24);
    }
}

static bool says(const char *json_string, sc_str_t characters)
{
    sc_json_scan_t scan = sc_json_scan_start(sc_str_from(json_string));
    sc_json_value_t value;

    assert_int_equal(sc_json_scan_value(&scan, &value), SC_OK);
    return sc_json_string_is(&value, characters);
}

static void strings_are_compared_by_what_they_say(void **state)
{
    (void)state;
    assert_true(says("\"event\"", SC_STR("event")));
    assert_true(says("\"\\u0065v\\u0065nt\"", SC_STR("event")));
    assert_true(says("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", SC_STR("\"\\/\b\f\n\r\t")));
    assert_true(says("\"\\u00e9\\u20ac\\ud83d\\ude00\\u0000\"",
                     SC_STR("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\0")));
    assert_true(says("\"\"", SC_STR("")));
    assert_false(says("\"\\u0065ven\"", SC_STR("event")));
    assert_false(says("\"\\u0065vents\"", SC_STR("event")));
    assert_false(says("\"\\u0065\"", SC_STR("")));
    assert_false(says("\"\\ud83d\"", SC_STR("\xed\xa0\xbd")));
    assert_false(says("\"\\ude00\\ud83d\"", SC_STR("\xf0\x9f\x98\x80")));
    assert_false(says("\"\\ud83d\\ud83d\"", SC_STR("\xf0\x9f\x80\xbd")));
    assert_false(says("\"\\ud83dx\"", SC_STR("\xf0\x9f\x98\x80")));
    assert_false(says("\"\\ud83d\\n\"", SC_STR("\xf0\x9f\x98\x80")));
}

static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

/** jansson alone refuses half a surrogate pair, which no mutation here makes, and numbers beyond a double. */
static void mutations_are_judged_as_by_jansson(void **state)
{
    static const char *const seeds[] = {
        "{\"event\":\"#publish\",\"data\":{\"channel\":\"room\",\"data\":\"hi\"},\"cid\":3}",
        "[1,-2.5e3,\"a\\n\\u00e9\",{\"a\":[true,false,null]},[],{}]",
        " { \"a\" : [ 0 , 10 , 1.0 ] } ",
    };
    static const char bytes[] = "{}[]\",:\\/ \t\n0123456789.eE+-truefalsn\x01";
    uint32_t seed = 20240601;
    unsigned valid_count = 0;

    (void)state;
    for (unsigned round = 0; round < 60000; round++) {
        char text[128];
        size_t len = strlen(seeds[round % COUNT(seeds)]);
        json_error_t error;
        json_t *json;
        bool is_valid;

        memcpy(text, seeds[round % COUNT(seeds)], len);
        for (uint32_t change = next_random(&seed) % 3 + 1; change > 0; change--) {
            size_t place = next_random(&seed) % len;

            if (next_random(&seed) % 4 == 0) {
                memmove(text + place, text + place + 1, len - place - 1);
                len--;
            } else {
                text[place] = bytes[next_random(&seed) % (sizeof(bytes) - 1)];
            }
        }
        json = json_loadb(text, len, JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL, &error);
        is_valid = check_exactly(sc_str(text, len)) != SC_JSON_NONE;
        if (json == NULL && json_error_code(&error) == json_error_numeric_overflow)
            assert_true(is_valid);
        else if (is_valid != (json != NULL))
            fail_msg("judged %d: %.*s", is_valid, (int)len, text);
        valid_count += is_valid;
        json_decref(json);
    }
    assert_in_range(valid_count, 2000, 58000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(valid_texts_have_their_kind),
        cmocka_unit_test(invalid_texts_are_refused),
        cmocka_unit_test(each_beginning_of_a_value_is_refused),
        cmocka_unit_test(depth_is_limited),
        cmocka_unit_test(depth_counts_what_is_open_not_what_was),
        cmocka_unit_test(both_ways_to_cross_a_string_stop_at_the_same_byte),
        cmocka_unit_test(each_place_beside_a_quote_is_read_rightly),
        cmocka_unit_test(strings_are_compared_by_what_they_say),
        cmocka_unit_test(mutations_are_judged_as_by_jansson),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
