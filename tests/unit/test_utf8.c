/*
 * test_utf8.c: RFC 3629, every character and every pair and triple of bytes; at each offset, cut anywhere.
 */
#include "worker/ws/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/** The rule once more, as a table of ranges (RFC 3629, 4), for whole texts. */
static bool is_valid_by_table(const uint8_t *bytes, size_t len)
{
    static const struct {
        uint8_t first_low, first_high, second_low, second_high;
        unsigned more;
    } rows[] = {
        {0x00, 0x7f, 0, 0, 0},       {0xc2, 0xdf, 0x80, 0xbf, 1}, {0xe0, 0xe0, 0xa0, 0xbf, 2},
        {0xe1, 0xec, 0x80, 0xbf, 2}, {0xed, 0xed, 0x80, 0x9f, 2}, {0xee, 0xef, 0x80, 0xbf, 2},
        {0xf0, 0xf0, 0x90, 0xbf, 3}, {0xf1, 0xf3, 0x80, 0xbf, 3}, {0xf4, 0xf4, 0x80, 0x8f, 3},
    };
    size_t at = 0;

    while (at < len) {
        size_t row = 0;

        while (row < sizeof(rows) / sizeof(rows[0]) &&
               (bytes[at] < rows[row].first_low || bytes[at] > rows[row].first_high))
            row++;
        if (row == sizeof(rows) / sizeof(rows[0]) || len - at <= rows[row].more)
            return false;
        if (rows[row].more > 0 &&
            (bytes[at + 1] < rows[row].second_low || bytes[at + 1] > rows[row].second_high))
            return false;
        for (unsigned i = 2; i <= rows[row].more; i++) {
            if (bytes[at + i] < 0x80 || bytes[at + i] > 0xbf)
                return false;
        }
        at += 1 + rows[row].more;
    }
    return true;
}

static bool is_valid(const uint8_t *bytes, size_t len)
{
    return sc_utf8_is_valid(sc_str((const char *)bytes, len));
}

static void every_triple_of_bytes_is_judged_by_the_table(void **state)
{
    (void)state;
    for (unsigned n = 0; n < 0x1000000; n += 1) {
        uint8_t bytes[3] = {(uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n};

        if (is_valid(bytes, 3) != is_valid_by_table(bytes, 3))
            fail_msg("%06x", n);
    }
}

static void every_lead_of_four_bytes_is_judged_by_the_table(void **state)
{
    static const uint8_t last[] = {0x00, 0x7f, 0x80, 0xbf, 0xc0, 0xff};

    (void)state;
    for (unsigned first = 0xee; first <= 0xff; first++) {
        for (unsigned n = 0; n < 0x10000; n++) {
            uint8_t bytes[4] = {(uint8_t)first, (uint8_t)(n >> 8), (uint8_t)n,
                                last[n % sizeof(last)]};

            if (is_valid(bytes, 4) != is_valid_by_table(bytes, 4))
                fail_msg("%02x%04x", first, n);
        }
    }
}

static const char mixed[] =
    "ascii, then \xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80 and a long run of ascii that is "
    "checked by words, \xd0\x9f\xd1\x80\xd0\xb8\xd0\xb2\xd0\xb5\xd1\x82!";

static void a_text_may_be_cut_anywhere(void **state)
{
    size_t len = sizeof(mixed) - 1;

    (void)state;
    for (size_t a = 0; a <= len; a++) {
        for (size_t b = a; b <= len; b++) {
            sc_utf8_t utf8 = {0};

            assert_true(sc_utf8_feed(&utf8, mixed, a));
            assert_true(sc_utf8_feed(&utf8, mixed + a, b - a));
            assert_true(sc_utf8_feed(&utf8, mixed + b, len - b));
            assert_true(sc_utf8_is_complete(&utf8));
        }
    }
}

static void a_bad_byte_is_found_at_every_offset(void **state)
{
    char text[100];

    (void)state;
    for (size_t at = 0; at < sizeof(text); at++) {
        memset(text, 'a', sizeof(text));
        text[at] = (char)0xff;
        assert_false(sc_utf8_is_valid(sc_str(text, sizeof(text))));
        text[at] = (char)0x80;
        assert_false(sc_utf8_is_valid(sc_str(text, sizeof(text))));
        for (size_t cut = 0; cut <= sizeof(text); cut++) {
            sc_utf8_t utf8 = {0};
            bool is_good = sc_utf8_feed(&utf8, text, cut);

            assert_int_equal(is_good, cut <= at);
            if (is_good)
                assert_false(sc_utf8_feed(&utf8, text + cut, sizeof(text) - cut));
        }
    }
}

static void a_character_left_half_way_is_incomplete(void **state)
{
    static const char text[] = "abc\xf0\x9f\x98\x80";

    (void)state;
    for (size_t len = 0; len < sizeof(text); len++) {
        sc_utf8_t utf8 = {0};

        assert_true(sc_utf8_feed(&utf8, text, len));
        assert_int_equal(sc_utf8_is_complete(&utf8), len <= 3 || len == 7);
        assert_int_equal(sc_utf8_is_valid(sc_str(text, len)), len <= 3 || len == 7);
    }
}

static void nothing_is_valid(void **state)
{
    (void)state;
    assert_true(sc_utf8_is_valid(sc_str_none()));
    assert_true(sc_utf8_is_valid(SC_STR("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_triple_of_bytes_is_judged_by_the_table),
        cmocka_unit_test(every_lead_of_four_bytes_is_judged_by_the_table),
        cmocka_unit_test(a_text_may_be_cut_anywhere),
        cmocka_unit_test(a_bad_byte_is_found_at_every_offset),
        cmocka_unit_test(a_character_left_half_way_is_incomplete),
        cmocka_unit_test(nothing_is_valid),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
