/*
 * test_demo_text.c: what the demo takes for a name and for a message.
 */
#include "plugins/demo/demo_text.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void expect_text(const char *json, size_t chars_max, const char *text)
{
    sc_text_t found = {0};

    assert_int_equal(sc_demo_text_read(sc_str_from(json), chars_max, &found), SC_OK);
    assert_true(sc_str_equal(sc_text_str(&found), sc_str_from(text)));
    sc_text_free(&found);
}

static void expect_error(const char *json, size_t chars_max, sc_status_t status)
{
    sc_text_t found = {0};

    assert_int_equal(sc_demo_text_read(sc_str_from(json), chars_max, &found), status);
    assert_int_equal(found.len, 0);
    sc_text_free(&found);
}

static void blanks_around_a_text_are_cut(void **state)
{
    (void)state;
    expect_text("\"Ada\"", 3, "Ada");
    expect_text("\"  Ada Byron \"", 9, "Ada Byron");
    expect_text("\"<b>\\\"x\\\"\"", 32, "<b>\"x\"");
}

static void characters_are_counted_not_bytes(void **state)
{
    (void)state;
    expect_text("\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"", 3,
                "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
    expect_text("\"\\ud83d\\ude00\"", 1, "\xf0\x9f\x98\x80");
    expect_error("\"abcd\"", 3, SC_ERR_LIMIT);
    expect_error("\"\xc3\xa9\xc3\xa9\"", 1, SC_ERR_LIMIT);
}

static void what_is_blank_or_not_one_line_is_refused(void **state)
{
    (void)state;
    expect_error("\"\"", 32, SC_ERR_INVALID);
    expect_error("\"   \"", 32, SC_ERR_INVALID);
    expect_error("\"a\\nb\"", 32, SC_ERR_INVALID);
    expect_error("\"a\\u0000\"", 32, SC_ERR_INVALID);
    expect_error("\"\\u007f\"", 32, SC_ERR_INVALID);
}

static void what_is_no_string_is_refused(void **state)
{
    (void)state;
    expect_error("42", 32, SC_ERR_INVALID);
    expect_error("null", 32, SC_ERR_INVALID);
    expect_error("{}", 32, SC_ERR_INVALID);
    expect_error(NULL, 32, SC_ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blanks_around_a_text_are_cut),
        cmocka_unit_test(characters_are_counted_not_bytes),
        cmocka_unit_test(what_is_blank_or_not_one_line_is_refused),
        cmocka_unit_test(what_is_no_string_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
