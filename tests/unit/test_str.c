#include "common/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void assert_text(const sc_text_t *text, const char *expected)
{
    if (!sc_str_equal(sc_text_str(text), sc_str_from(expected)))
        fail_msg("is %.*s, expected %s", SC_STR_ARG(sc_text_str(text)), expected);
}

static void a_text_grows_by_any_pieces(void **state)
{
    sc_text_t text = {0};

    (void)state;
    for (unsigned i = 0; i < 1000; i++)
        sc_text_addf(&text, "%u,", i);
    assert_int_equal(text.len, 10 * 2 + 90 * 3 + 900 * 4);
    assert_memory_equal(text.ptr + text.len - 8, "998,999,", 8);
    sc_text_clear(&text);
    sc_text_add(&text, sc_str_none());
    sc_text_addf(&text, "%s", "");
    assert_text(&text, "");
    sc_text_free(&text);
}

static void numbers_are_written_in_full(void **state)
{
    sc_text_t text = {0};

    (void)state;
    sc_text_add_uint(&text, 0);
    sc_text_add(&text, SC_STR(" "));
    sc_text_add_uint(&text, 1000);
    sc_text_add(&text, SC_STR(" "));
    sc_text_add_uint(&text, UINT64_MAX);
    assert_text(&text, "0 1000 18446744073709551615");
    sc_text_free(&text);
}

static void what_json_must_escape_is_escaped_and_nothing_else(void **state)
{
    sc_text_t text = {0};

    (void)state;
    sc_text_add_quoted(&text, sc_str("a\"b\\c\b\f\n\r\t\0\x1f\x7f/\xc3\xa9", 16));
    assert_text(&text, "\"a\\\"b\\\\c\\b\\f\\n\\r\\t\\u0000\\u001f\x7f/\xc3\xa9\"");
    sc_text_clear(&text);
    sc_text_add_quoted(&text, sc_str_none());
    assert_text(&text, "\"\"");
    sc_text_free(&text);
}

static void a_json_string_is_unescaped_to_utf8(void **state)
{
    sc_text_t text = {0};

    (void)state;
    assert_int_equal(sc_text_add_unquoted(&text, SC_STR("\"a\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\"")),
                     SC_OK);
    assert_text(&text, "a\"\\/\b\f\n\r\tA");
    sc_text_clear(&text);
    assert_int_equal(sc_text_add_unquoted(&text, SC_STR("\"\\u00e9\\u20AC\\ud83d\\ude00\"")),
                     SC_OK);
    assert_text(&text, "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
    sc_text_free(&text);
}

static void half_a_surrogate_pair_becomes_the_replacement_character(void **state)
{
    static const char *const strings[] = {"\"\\ud83d\"", "\"\\ude00\"", "\"\\ud83dx\"",
                                          "\"\\ud83d\\u0041\"", "\"\\ud83d\\ud83d\\ude00\""};
    static const char *const expected[] = {"\xef\xbf\xbd", "\xef\xbf\xbd", "\xef\xbf\xbdx",
                                           "\xef\xbf\xbd"
                                           "A",
                                           "\xef\xbf\xbd\xf0\x9f\x98\x80"};

    (void)state;
    for (size_t i = 0; i < 5; i++) {
        sc_text_t text = {0};

        assert_int_equal(sc_text_add_unquoted(&text, sc_str_from(strings[i])), SC_OK);
        assert_text(&text, expected[i]);
        sc_text_free(&text);
    }
}

static void what_is_no_json_string_adds_nothing(void **state)
{
    static const char *const strings[] = {
        "",        "\"",        "a",           "\"a",        "a\"",     "\"a\"b\"", "\"\\\"",
        "\"\\x\"", "\"\\u12\"", "\"\\u12g4\"", "\"ab\ncd\"", "\"a\\\"", "\"\\ud83"};
    sc_text_t text = {0};

    (void)state;
    sc_text_add(&text, SC_STR("before"));
    for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++) {
        assert_int_equal(sc_text_add_unquoted(&text, sc_str_from(strings[i])), SC_ERR_INVALID);
        assert_text(&text, "before");
    }
    sc_text_free(&text);
}

/* In memory of exactly its length, so that a sanitizer sees a byte read too many. */
static void each_beginning_of_a_string_is_read_within_its_bounds(void **state)
{
    static const char whole[] = "\"a\\u00e9\\ud83d\\ude00\\n\"";
    sc_text_t text = {0};

    (void)state;
    for (size_t len = 0; len < sizeof(whole); len++) {
        char *part = malloc(len + 1);

        memcpy(part, whole, len);
        part[len] = '"';
        (void)!sc_text_add_unquoted(&text, sc_str(part, len));
        (void)!sc_text_add_unquoted(&text, sc_str(part, len + 1));
        free(part);
    }
    sc_text_free(&text);
}

static void quoting_and_unquoting_give_the_bytes_back(void **state)
{
    sc_text_t bytes = {0};
    sc_text_t quoted = {0};
    sc_text_t back = {0};

    (void)state;
    for (int byte = 0; byte < 128; byte++)
        sc_text_addf(&bytes, "%c", byte);
    sc_text_add_quoted(&quoted, sc_text_str(&bytes));
    assert_int_equal(sc_text_add_unquoted(&back, sc_text_str(&quoted)), SC_OK);
    assert_int_equal(back.len, 128);
    assert_memory_equal(back.ptr, bytes.ptr, 128);
    sc_text_free(&bytes);
    sc_text_free(&quoted);
    sc_text_free(&back);
}

static void letters_compare_without_case_and_others_do_not(void **state)
{
    (void)state;
    assert_true(sc_str_equal_nocase(SC_STR("Upgrade"), SC_STR("uPGRADE")));
    assert_false(sc_str_equal_nocase(SC_STR("Upgrade"), SC_STR("Upgrades")));
    assert_false(sc_str_equal_nocase(SC_STR("@"), SC_STR("`")));
    assert_false(sc_str_equal_nocase(SC_STR("["), SC_STR("{")));
}

static void blanks_are_cut_off_both_ends(void **state)
{
    (void)state;
    assert_true(sc_str_equal(sc_str_trim(SC_STR(" \ta b\t ")), SC_STR("a b")));
    assert_int_equal(sc_str_trim(SC_STR(" \t ")).len, 0);
}

static void splitting_gives_every_part_empty_ones_too(void **state)
{
    sc_str_t rest = SC_STR("a,,bc,");
    sc_str_t part;

    (void)state;
    assert_true(sc_str_split(&rest, ',', &part));
    assert_true(sc_str_equal(part, SC_STR("a")));
    assert_true(sc_str_split(&rest, ',', &part));
    assert_int_equal(part.len, 0);
    assert_true(sc_str_split(&rest, ',', &part));
    assert_true(sc_str_equal(part, SC_STR("bc")));
    assert_true(sc_str_split(&rest, ',', &part));
    assert_int_equal(part.len, 0);
    assert_false(sc_str_split(&rest, ',', &part));
}

static void only_decimal_digits_within_64_bits_are_a_number(void **state)
{
    static const char *const wrong[] = {
        "", "-1", "+1", " 1", "1 ", "0x1", "1.0", "18446744073709551616", "99999999999999999999"};
    uint64_t number = 7;

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_int_equal(sc_str_to_uint(sc_str_from(wrong[i]), &number), SC_ERR_INVALID);
    assert_int_equal(number, 7);
    assert_int_equal(sc_str_to_uint(SC_STR("18446744073709551615"), &number), SC_OK);
    assert_true(number == UINT64_MAX);
    assert_int_equal(sc_str_to_uint(SC_STR("007"), &number), SC_OK);
    assert_int_equal(number, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_grows_by_any_pieces),
        cmocka_unit_test(numbers_are_written_in_full),
        cmocka_unit_test(what_json_must_escape_is_escaped_and_nothing_else),
        cmocka_unit_test(a_json_string_is_unescaped_to_utf8),
        cmocka_unit_test(half_a_surrogate_pair_becomes_the_replacement_character),
        cmocka_unit_test(what_is_no_json_string_adds_nothing),
        cmocka_unit_test(each_beginning_of_a_string_is_read_within_its_bounds),
        cmocka_unit_test(quoting_and_unquoting_give_the_bytes_back),
        cmocka_unit_test(letters_compare_without_case_and_others_do_not),
        cmocka_unit_test(blanks_are_cut_off_both_ends),
        cmocka_unit_test(splitting_gives_every_part_empty_ones_too),
        cmocka_unit_test(only_decimal_digits_within_64_bits_are_a_number),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
