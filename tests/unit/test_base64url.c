/*
 * test_base64url.c: the examples of RFC 4648, section 10, and texts that could have been written in another way.
 */
#include "common/base64url.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void assert_decoded(const char *text, sc_str_t expected)
{
    sc_text_t out = {0};

    assert_true(sc_base64url_is_text(sc_str_from(text)));
    assert_true(sc_base64url_is_canonical(sc_str_from(text)));
    sc_text_add(&out, SC_STR(">"));
    sc_base64url_add_decoded(&out, sc_str_from(text));
    assert_true(sc_str_equal(sc_str(out.ptr + 1, out.len - 1), expected));
    sc_text_clear(&out);
    sc_text_add(&out, SC_STR(">"));
    sc_base64url_add_encoded(&out, expected.ptr, expected.len);
    assert_true(sc_str_equal(sc_str(out.ptr + 1, out.len - 1), sc_str_from(text)));
    sc_text_free(&out);
}

static void known_texts_are_decoded_and_encoded(void **state)
{
    (void)state;
    assert_decoded("Zg", SC_STR("f"));
    assert_decoded("Zm8", SC_STR("fo"));
    assert_decoded("Zm9v", SC_STR("foo"));
    assert_decoded("Zm9vYg", SC_STR("foob"));
    assert_decoded("Zm9vYmFy", SC_STR("foobar"));
    assert_decoded("AP_-", SC_STR("\x00\xff\xfe"));
}

static void only_the_alphabet_is_taken(void **state)
{
    (void)state;
    for (int byte = 0; byte < 256; byte++) {
        bool is_digit = (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') ||
                        (byte >= '0' && byte <= '9') || byte == '-' || byte == '_';
        char text[] = {'A', (char)byte, 'A', 'A'};

        assert_int_equal(sc_base64url_is_text(sc_str(text, sizeof(text))), is_digit);
    }
    assert_false(sc_base64url_is_text(SC_STR("")));
    assert_false(sc_base64url_is_text(sc_str_none()));
}

static void texts_that_no_encoder_writes_are_told_apart(void **state)
{
    (void)state;
    assert_false(sc_base64url_is_canonical(SC_STR("A")));
    assert_false(sc_base64url_is_canonical(SC_STR("AAAAA")));
    assert_false(sc_base64url_is_canonical(SC_STR("Zh")));
    assert_false(sc_base64url_is_canonical(SC_STR("Zo")));
    assert_false(sc_base64url_is_canonical(SC_STR("Zm9")));
    assert_false(sc_base64url_is_canonical(SC_STR("Zm-")));
    assert_true(sc_base64url_is_canonical(SC_STR("Zm9_")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_texts_are_decoded_and_encoded),
        cmocka_unit_test(only_the_alphabet_is_taken),
        cmocka_unit_test(texts_that_no_encoder_writes_are_told_apart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
