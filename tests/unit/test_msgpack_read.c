/*
 * test_msgpack_read.c: MessagePack of any writer as JSON text; what is malformed is refused before anything is made room for.
 */
#include "common/json_scan.h"
#include "worker/protocol/msgpack_read.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define OUT_MAX 1000000u

/* Bytes from hexadecimal digits; memory of exactly their size, so that a sanitizer sees each byte read too many. */
static sc_str_t from_hex(const char *hex)
{
    size_t len = strlen(hex) / 2;
    char *bytes = malloc(len > 0 ? len : 1);

    assert_non_null(bytes);
    for (size_t i = 0; i < len; i++) {
        unsigned byte;

        assert_int_equal(sscanf(hex + 2 * i, "%2x", &byte), 1);
        bytes[i] = (char)byte;
    }
    return sc_str(bytes, len);
}

static sc_status_t read_bytes(sc_str_t bytes, size_t out_max, sc_text_t *out)
{
    sc_msgpack_reader_t reader = {.at = (const uint8_t *)bytes.ptr,
                                  .end = (const uint8_t *)bytes.ptr + bytes.len,
                                  .out = out,
                                  .out_max = out_max};
    sc_status_t status = sc_msgpack_read_value(&reader);

    if (status == SC_OK && reader.at != reader.end)
        return SC_AGAIN;
    return status;
}

static void assert_read(const char *hex, const char *expected)
{
    sc_str_t bytes = from_hex(hex);
    sc_text_t out = {0};

    assert_int_equal(read_bytes(bytes, OUT_MAX, &out), SC_OK);
    sc_text_add(&out, sc_str("", 1));
    assert_string_equal(out.ptr, expected);
    sc_text_free(&out);
    /* Cut anywhere, it is no value. */
    for (size_t len = 0; len < bytes.len; len++) {
        char *cut = malloc(len > 0 ? len : 1);

        assert_non_null(cut);
        memcpy(cut, bytes.ptr, len);
        assert_int_equal(read_bytes(sc_str(cut, len), OUT_MAX, &out), SC_ERR_INVALID);
        free(cut);
        sc_text_free(&out);
    }
    free((char *)bytes.ptr);
}

static void assert_refused(const char *hex)
{
    sc_str_t bytes = from_hex(hex);
    sc_text_t out = {0};

    assert_int_equal(read_bytes(bytes, OUT_MAX, &out), SC_ERR_INVALID);
    assert_true(out.capacity < 1024);
    sc_text_free(&out);
    free((char *)bytes.ptr);
}

static void literals_are_read(void **state)
{
    (void)state;
    assert_read("c0", "null");
    assert_read("c2", "false");
    assert_read("c3", "true");
}

static void integers_of_every_width_are_read(void **state)
{
    (void)state;
    assert_read("00", "0");
    assert_read("7f", "127");
    assert_read("e0", "-32");
    assert_read("ff", "-1");
    assert_read("ccff", "255");
    assert_read("cdffff", "65535");
    assert_read("ceffffffff", "4294967295");
    assert_read("cfffffffffffffffff", "18446744073709551615");
    assert_read("d080", "-128");
    assert_read("d18000", "-32768");
    assert_read("d280000000", "-2147483648");
    assert_read("d38000000000000000", "-9223372036854775808");
    assert_read("d07f", "127");
}

static void floats_are_read_as_the_shortest_number_that_is_the_same(void **state)
{
    (void)state;
    assert_read("cb3ff8000000000000", "1.5");
    assert_read("ca3fc00000", "1.5");
    assert_read("ca3dcccccd", "0.10000000149011612");
    assert_read("cb3fb999999999999a", "0.1");
    assert_read("cb3fd5555555555555", "0.3333333333333333");
    assert_read("cb426d1a94a2000000", "1000000000000");
    assert_read("cb4340000000000000", "9007199254740992");
    assert_read("cb43e0000000000000", "9.223372036854776e+18");
    assert_read("cb7fefffffffffffff", "1.7976931348623157e+308");
    assert_read("cb0000000000000001", "4.94065645841247e-324");
    assert_read("cb8000000000000000", "0");
}

static void what_json_has_no_number_for_becomes_null(void **state)
{
    (void)state;
    assert_read("cb7ff8000000000000", "null");
    assert_read("cb7ff0000000000000", "null");
    assert_read("cbfff0000000000000", "null");
    assert_read("ca7f800000", "null");
}

static void strings_of_every_head_are_read_and_escaped(void **state)
{
    (void)state;
    assert_read("a0", "\"\"");
    assert_read("a3610a62", "\"a\\nb\"");
    assert_read("d90141", "\"A\"");
    assert_read("da000141", "\"A\"");
    assert_read("db0000000141", "\"A\"");
    assert_read("a922085c0c0d09001f7f", "\"\\\"\\b\\\\\\f\\r\\t\\u0000\\u001f\x7f\"");
    assert_read("a6c3a9f09f9880", "\"\xc3\xa9\xf0\x9f\x98\x80\"");
}

static void a_string_that_is_no_utf8_is_refused(void **state)
{
    (void)state;
    assert_refused("a1ff");
    assert_refused("a3eda080"); /* half a surrogate pair */
    assert_refused("a2c080");
    assert_refused("a1c3");
    assert_refused("81a1ff01");
}

static void bytes_become_what_json_clients_have_for_them(void **state)
{
    (void)state;
    assert_read("c400", "{\"base64\":true,\"data\":\"\"}");
    assert_read("c40101", "{\"base64\":true,\"data\":\"AQ==\"}");
    assert_read("c5000201ff", "{\"base64\":true,\"data\":\"Af8=\"}");
    assert_read("c600000003010203", "{\"base64\":true,\"data\":\"AQID\"}");
}

static void containers_are_read(void **state)
{
    (void)state;
    assert_read("90", "[]");
    assert_read("80", "{}");
    assert_read("9301a1619180", "[1,\"a\",[{}]]");
    assert_read("dc000101", "[1]");
    assert_read("dd0000000101", "[1]");
    assert_read("82a16101a16292c0c3", "{\"a\":1,\"b\":[null,true]}");
    assert_read("de0001a16101", "{\"a\":1}");
    assert_read("df00000001a16101", "{\"a\":1}");
    assert_read("82a16101a16102", "{\"a\":1,\"a\":2}"); /* the last counts, as in JSON */
    assert_read("81a1229191c3", "{\"\\\"\":[[true]]}");
}

static void names_that_are_no_strings_are_refused(void **state)
{
    (void)state;
    assert_refused("8101a161");
    assert_refused("81c001");
    assert_refused("8190c0");
    assert_refused("81c4016101");
}

static void extensions_and_what_is_no_type_are_refused(void **state)
{
    (void)state;
    assert_refused("c1");
    assert_refused("d40501");
    assert_refused("d6ff00000001");
    assert_refused("d8050000000000000000000000000000000000");
    assert_refused("c70105ff");
    assert_refused("c8000105ff");
    assert_refused("c90000000105ff");
    assert_refused("91c1");
}

static void lengths_beyond_the_end_are_refused_before_room_is_made(void **state)
{
    (void)state;
    assert_refused("dfffffffff");
    assert_refused("ddffffffff");
    assert_refused("dbffffffff");
    assert_refused("c6ffffffff");
    assert_refused("df7fffffffa161");
    assert_refused("8f");
    assert_refused("de000200000000"); /* two members need four bytes, and names that are strings */
    assert_refused("91ddffffffff");
}

static void nesting_has_a_limit(void **state)
{
    uint8_t bytes[SC_JSON_DEPTH_MAX + 1] = {0};
    sc_str_t all = sc_str((const char *)bytes, sizeof(bytes));
    sc_text_t out = {0};

    (void)state;
    memset(bytes, 0x91, sizeof(bytes));
    bytes[sizeof(bytes) - 1] = 0x01;
    assert_int_equal(read_bytes(all, OUT_MAX, &out), SC_OK);
    assert_int_equal(sc_json_check(sc_text_str(&out)), SC_JSON_ARRAY);
    sc_text_free(&out);
    for (uint8_t last = 0x80; last < 0x91; last += 0x10) {
        bytes[sizeof(bytes) - 1] = last;
        assert_int_equal(read_bytes(all, OUT_MAX, &out), SC_ERR_INVALID);
        sc_text_free(&out);
    }
    /* Bytes are an object in the text. */
    memcpy(bytes + sizeof(bytes) - 2, "\xc4\x00", 2);
    assert_int_equal(read_bytes(all, OUT_MAX, &out), SC_OK);
    assert_int_equal(sc_json_check(sc_text_str(&out)), SC_JSON_ARRAY);
    sc_text_free(&out);
}

static void bytes_below_the_last_level_are_refused(void **state)
{
    uint8_t bytes[SC_JSON_DEPTH_MAX + 2] = {0};
    sc_text_t out = {0};

    (void)state;
    memset(bytes, 0x91, sizeof(bytes));
    memcpy(bytes + sizeof(bytes) - 2, "\xc4\x00", 2);
    assert_int_equal(read_bytes(sc_str((const char *)bytes, sizeof(bytes)), OUT_MAX, &out),
                     SC_ERR_INVALID);
    sc_text_free(&out);
}

/* Its text is `needed` bytes long: with one less it does not go, and the text is never over the limit. */
static void assert_limit(const char *hex, size_t needed)
{
    sc_str_t bytes = from_hex(hex);

    for (size_t out_max = 0; out_max <= needed + 1; out_max++) {
        sc_text_t out = {0};
        sc_status_t status = read_bytes(bytes, out_max, &out);

        assert_int_equal(status, out_max < needed ? SC_ERR_LIMIT : SC_OK);
        assert_true(out.len <= out_max);
        sc_text_free(&out);
    }
    free((char *)bytes.ptr);
}

static void the_text_has_a_limit(void **state)
{
    (void)state;
    assert_limit("c0", 4);
    assert_limit("a3000000", 20);
    assert_limit("a3610a62", 6);
    assert_limit("82a161c0a162cb7ff0000000000000", 19);
    assert_limit("c403010203", 29);
    assert_limit("9390c4000a", 33);
    assert_limit("cd0100", 3);
}

static void a_value_can_be_passed_by(void **state)
{
    static const char *const values[] = {
        "c0",
        "c2",
        "c3",
        "00",
        "7f",
        "e0",
        "ff",
        "cc80",
        "cd0100",
        "ce00010000",
        "cf0000000000000001",
        "d080",
        "d18000",
        "d280000000",
        "d38000000000000000",
        "ca3fc00000",
        "cb3ff8000000000000",
        "a0",
        "a3616263",
        "d90141",
        "da000141",
        "db0000000141",
        "c40101",
        "c5000101",
        "c60000000101",
        "90",
        "80",
        "9301a1619180",
        "82a16101a16292c0c3",
        "dc000101",
        "dd0000000101",
        "de0001a16101",
        "df00000001a16101",
        "919191c3",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        sc_str_t bytes = from_hex(values[i]);

        for (size_t len = 0; len <= bytes.len; len++) {
            sc_msgpack_reader_t reader = {.at = (const uint8_t *)bytes.ptr,
                                          .end = (const uint8_t *)bytes.ptr + len};
            sc_status_t status = sc_msgpack_skip(&reader);

            assert_int_equal(status, len == bytes.len ? SC_OK : SC_ERR_INVALID);
            assert_true(status != SC_OK || reader.at == reader.end);
        }
        free((char *)bytes.ptr);
    }
}

static void whoever_looks_sees_the_kind(void **state)
{
    static const struct {
        const char *hex;
        sc_msgpack_kind_t kind;
    } cases[] = {
        {"", SC_MSGPACK_KIND_NONE},    {"c0", SC_MSGPACK_KIND_NULL},  {"90", SC_MSGPACK_KIND_ARRAY},
        {"9f", SC_MSGPACK_KIND_ARRAY}, {"dc", SC_MSGPACK_KIND_ARRAY}, {"dd", SC_MSGPACK_KIND_ARRAY},
        {"80", SC_MSGPACK_KIND_MAP},   {"8f", SC_MSGPACK_KIND_MAP},   {"de", SC_MSGPACK_KIND_MAP},
        {"df", SC_MSGPACK_KIND_MAP},   {"7f", SC_MSGPACK_KIND_OTHER}, {"a0", SC_MSGPACK_KIND_OTHER},
        {"ff", SC_MSGPACK_KIND_OTHER},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        sc_str_t bytes = from_hex(cases[i].hex);
        sc_msgpack_reader_t reader = {.at = (const uint8_t *)bytes.ptr,
                                      .end = (const uint8_t *)bytes.ptr + bytes.len};

        assert_int_equal(sc_msgpack_peek(&reader), cases[i].kind);
        free((char *)bytes.ptr);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(literals_are_read),
        cmocka_unit_test(integers_of_every_width_are_read),
        cmocka_unit_test(floats_are_read_as_the_shortest_number_that_is_the_same),
        cmocka_unit_test(what_json_has_no_number_for_becomes_null),
        cmocka_unit_test(strings_of_every_head_are_read_and_escaped),
        cmocka_unit_test(a_string_that_is_no_utf8_is_refused),
        cmocka_unit_test(bytes_become_what_json_clients_have_for_them),
        cmocka_unit_test(containers_are_read),
        cmocka_unit_test(names_that_are_no_strings_are_refused),
        cmocka_unit_test(extensions_and_what_is_no_type_are_refused),
        cmocka_unit_test(lengths_beyond_the_end_are_refused_before_room_is_made),
        cmocka_unit_test(nesting_has_a_limit),
        cmocka_unit_test(bytes_below_the_last_level_are_refused),
        cmocka_unit_test(the_text_has_a_limit),
        cmocka_unit_test(a_value_can_be_passed_by),
        cmocka_unit_test(whoever_looks_sees_the_kind),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
