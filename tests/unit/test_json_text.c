/*
 * test_json_text.c: members are found in texts whatever they are, and documents survive the way there and back.
 */
#include <sc/json.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void assert_member(const char *object, const char *name, const char *expected)
{
    sc_str_t found = sc_json_member(sc_str_from(object), name);

    if (expected == NULL)
        assert_true(sc_str_is_none(found));
    else if (!sc_str_equal(found, sc_str_from(expected)))
        fail_msg("%s of %s is %.*s", name, object, SC_STR_ARG(found));
}

static void members_are_found_by_name(void **state)
{
    static const char object[] =
        " { \"a\" : 1 , \"b\":{\"a\":2,\"c\":3}, \"\" : [\"a\", {\"c\":4}] ,\"d\":\"x\\\"y\" } ";

    (void)state;
    assert_member(object, "a", "1");
    assert_member(object, "b", "{\"a\":2,\"c\":3}");
    assert_member(object, "", "[\"a\", {\"c\":4}]");
    assert_member(object, "d", "\"x\\\"y\"");
    assert_member(object, "c", NULL);
    assert_member(object, "ab", NULL);
    assert_member("{}", "a", NULL);
    assert_member("{ }", "a", NULL);
}

static void of_duplicate_members_the_last_counts(void **state)
{
    (void)state;
    assert_member("{\"a\":1,\"a\":2}", "a", "2");
    assert_member("{\"a\":1,\"\\u0061\":null}", "a", "null");
    assert_member("{\"\\u0061\":1,\"a\":\"\"}", "a", "\"\"");
}

static void names_are_compared_unescaped(void **state)
{
    (void)state;
    assert_member("{\"us\\u00e9r\":1}", "us\xc3\xa9r", "1");
    assert_member("{\"us\xc3\xa9r\":1}", "us\xc3\xa9r", "1");
    assert_member("{\"a\\\"b\":1}", "a\"b", "1");
    assert_member("{\"\\ud83d\\ude00\":1}", "\xf0\x9f\x98\x80", "1");
    assert_member("{\"\\\\u0061\":1}", "a", NULL);
    assert_member("{\"a\\u0000\":1}", "a", NULL);
}

static void what_is_no_object_has_no_members(void **state)
{
    /* clang-format off */
    static const char *const cases[] = {
        "", " ", "null", "[]", "[\"a\",1]", "\"a\"", "1", "[{\"a\":1}]", "a", "{", "{\"a\"",
        "{\"a\":", "{\"a\":1", "{\"a\":1,", "{\"a\":1,}", "{\"a\":1]", "{\"a\" 1}", "{\"a\":01}",
        "{\"a\":\"\\", "{\"a\":\"\\u12", "{\"a\":[1,{\"b\"", "{a:1}", "}",
    };
    /* clang-format on */

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_member(cases[i], "a", NULL);
    assert_true(sc_str_is_none(sc_json_member(sc_str_none(), "a")));
}

static void cut_and_changed_objects_are_never_left(void **state)
{
    static const char object[] = "{\"x\":[1,{\"a\":\"\\u00e9\\\\\"}],\"a\":{\"b\":[true,-1.5e3]},"
                                 "\"\\u0061\":\"0123456789abcdefghi\"}";

    (void)state;
    for (size_t len = 0; len < sizeof(object); len++) {
        char *exact = malloc(len > 0 ? len : 1); /* a sanitizer sees reads behind it */

        assert_non_null(exact);
        memcpy(exact, object, len);
        for (size_t place = 0; place < len; place++) {
            static const char bytes[] = "\"\\{}[],:\0u";

            for (size_t i = 0; i < sizeof(bytes) - 1; i++) {
                sc_str_t found;

                exact[place] = bytes[i];
                found = sc_json_member(sc_str(exact, len), "a");
                if (!sc_str_is_none(found))
                    assert_true(found.ptr >= exact &&
                                found.len <= len - (size_t)(found.ptr - exact));
            }
            exact[place] = object[place];
        }
        free(exact);
    }
}

static void any_value_becomes_a_document(void **state)
{
    static const char *const values[] = {"null", "true", "5", "\"x\"", "[1]", "{\"a\":1}", " {} "};

    (void)state;
    for (size_t i = 0; i < COUNT(values); i++) {
        json_t *json = sc_json_load(sc_str_from(values[i]));

        assert_non_null(json);
        json_decref(json);
    }
}

static void what_is_not_json_becomes_none(void **state)
{
    (void)state;
    assert_null(sc_json_load(SC_STR("")));
    assert_null(sc_json_load(SC_STR("{\"a\":1}x")));
    assert_null(sc_json_load(SC_STR("{'a':1}")));
    assert_null(sc_json_load(SC_STR("\"\xff\"")));
    assert_null(sc_json_load(sc_str_none()));
}

static void integers_beyond_64_bits_become_reals(void **state)
{
    json_t *json = sc_json_load(SC_STR("{\"a\":123456789012345678901234567890,\"b\":7}"));

    (void)state;
    assert_non_null(json);
    assert_true(json_is_real(json_object_get(json, "a")));
    assert_true(json_number_value(json_object_get(json, "a")) > 1.2e29);
    assert_true(json_number_value(json_object_get(json, "b")) == 7.0);
    json_decref(json);

    json = sc_json_load(SC_STR("9223372036854775807"));
    assert_true(json_is_integer(json));
    assert_true(json_integer_value(json) == INT64_MAX);
    json_decref(json);
    assert_null(sc_json_load(SC_STR("1e999")));
}

static void a_string_keeps_its_nul(void **state)
{
    json_t *json = sc_json_load(SC_STR("\"a\\u0000b\""));

    (void)state;
    assert_non_null(json);
    assert_int_equal(json_string_length(json), 3);
    json_decref(json);
}

static void documents_are_added_compactly(void **state)
{
    json_t *json = sc_json_load(SC_STR("{ \"z\" : [ 1 , \"\\u00e9\\n\" , null ] , \"a\" : 1.5 }"));
    sc_text_t text = {0};

    (void)state;
    assert_non_null(json);
    sc_text_add(&text, SC_STR("data="));
    sc_text_add_json(&text, json);
    assert_true(sc_str_equal(sc_text_str(&text),
                             SC_STR("data={\"z\":[1,\"\xc3\xa9\\n\",null],\"a\":1.5}")));
    json_decref(json);

    sc_text_clear(&text);
    json = json_string("x");
    sc_text_add_json(&text, json);
    assert_true(sc_str_equal(sc_text_str(&text), SC_STR("\"x\"")));
    json_decref(json);
    sc_text_free(&text);
}

static void what_is_no_document_is_added_as_null(void **state)
{
    json_t *outer = json_array();
    json_t *inner = json_array();
    sc_text_t text = {0};

    (void)state;
    sc_text_add_json(&text, NULL);
    assert_true(sc_str_equal(sc_text_str(&text), SC_STR("null")));
    /* A document that holds itself. */
    assert_int_equal(json_array_append(outer, inner), 0);
    assert_int_equal(json_array_append(inner, outer), 0);
    sc_text_add_json(&text, outer);
    assert_true(sc_str_equal(sc_text_str(&text), SC_STR("nullnull")));
    assert_int_equal(json_array_clear(inner), 0);
    json_decref(outer);
    json_decref(inner);
    sc_text_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_are_found_by_name),
        cmocka_unit_test(of_duplicate_members_the_last_counts),
        cmocka_unit_test(names_are_compared_unescaped),
        cmocka_unit_test(what_is_no_object_has_no_members),
        cmocka_unit_test(cut_and_changed_objects_are_never_left),
        cmocka_unit_test(any_value_becomes_a_document),
        cmocka_unit_test(what_is_not_json_becomes_none),
        cmocka_unit_test(integers_beyond_64_bits_become_reals),
        cmocka_unit_test(a_string_keeps_its_nul),
        cmocka_unit_test(documents_are_added_compactly),
        cmocka_unit_test(what_is_no_document_is_added_as_null),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
