/*
 * test_presence_user.c: which usernames are users, and which of them are the same user.
 */
#include "plugins/stateless_presence/presence_user.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void expect_name(const char *json, const char *name)
{
    sc_presence_user_t *user = sc_presence_user_new(sc_str_from(json));

    assert_non_null(user);
    assert_true(sc_str_equal(user->name, sc_str_from(name)));
    assert_true(sc_str_equal(user->json, sc_str_from(json)));
    sc_presence_user_unref(user);
}

static void a_string_is_unquoted_and_its_text_is_kept(void **state)
{
    (void)state;
    expect_name("\"alice\"", "alice");
    expect_name("\"\"", "");
    expect_name("\"a\\\"b\\u00e9\"", "a\"b\xc3\xa9");
    expect_name("\"__proto__\"", "__proto__");
}

static void a_number_is_named_as_javascript_names_it(void **state)
{
    (void)state;
    expect_name("42", "42");
    expect_name("-7", "-7");
    expect_name("0", "0");
    expect_name("-0", "0");
    expect_name("1e2", "100");
    expect_name("42.0", "42");
    expect_name("-0.0", "0");
    expect_name("0.1", "0.1");
    expect_name("1.50", "1.5");
    expect_name("9007199254740993", "9007199254740993");
}

static void true_and_false_are_names(void **state)
{
    (void)state;
    expect_name("true", "true");
    expect_name("false", "false");
}

static void the_string_and_the_number_are_one_user(void **state)
{
    sc_presence_user_t *string = sc_presence_user_new(SC_STR("\"42\""));
    sc_presence_user_t *number = sc_presence_user_new(SC_STR("42"));

    (void)state;
    assert_true(sc_str_equal(string->name, number->name));
    sc_presence_user_unref(string);
    sc_presence_user_unref(number);
}

static void null_objects_and_arrays_are_nobody(void **state)
{
    (void)state;
    assert_null(sc_presence_user_new(SC_STR("null")));
    assert_null(sc_presence_user_new(SC_STR("{\"a\":1}")));
    assert_null(sc_presence_user_new(SC_STR("[1]")));
    assert_null(sc_presence_user_new(SC_STR("")));
    assert_null(sc_presence_user_new(sc_str_none()));
}

static void what_is_not_json_is_nobody(void **state)
{
    (void)state;
    assert_null(sc_presence_user_new(SC_STR("\"open")));
    assert_null(sc_presence_user_new(SC_STR("12x")));
    assert_null(sc_presence_user_new(SC_STR("nan")));
    assert_null(sc_presence_user_new(SC_STR("1e999")));
    assert_null(sc_presence_user_new(SC_STR("e5")));
}

static void a_name_beyond_the_limit_is_nobody(void **state)
{
    static char json[SC_PRESENCE_USER_BYTES_MAX + 1];
    sc_presence_user_t *user;

    (void)state;
    memset(json, 'x', sizeof(json));
    json[0] = '"';
    json[SC_PRESENCE_USER_BYTES_MAX] = '"';
    assert_null(sc_presence_user_new(sc_str(json, SC_PRESENCE_USER_BYTES_MAX + 1)));
    json[SC_PRESENCE_USER_BYTES_MAX - 1] = '"';
    user = sc_presence_user_new(sc_str(json, SC_PRESENCE_USER_BYTES_MAX));
    assert_non_null(user);
    sc_presence_user_unref(user);
    memset(json, '1', sizeof(json));
    user = sc_presence_user_new(sc_str(json, SC_PRESENCE_USER_BYTES_MAX));
    assert_int_equal(user->name.len, SC_PRESENCE_USER_BYTES_MAX);
    sc_presence_user_unref(user);
}

static void claims_give_their_username(void **state)
{
    sc_presence_user_t *user =
        sc_presence_user_of_claims(SC_STR("{\"iat\":1,\"username\":\"alice\"}"), NULL, 0, NULL);

    (void)state;
    assert_true(sc_str_equal(user->name, SC_STR("alice")));
    sc_presence_user_unref(user);
    assert_null(sc_presence_user_of_claims(SC_STR("{\"uid\":7}"), NULL, 0, NULL));
    assert_null(sc_presence_user_of_claims(SC_STR("{\"username\":null}"), NULL, 0, NULL));
    assert_null(sc_presence_user_of_claims(sc_str_none(), NULL, 0, NULL));
}

static const sc_presence_claim_t CLAIM = {"presence", 12};

static void expect_data(const char *claims, const char *data, bool is_refused)
{
    bool was_refused = !is_refused;
    sc_presence_user_t *user =
        sc_presence_user_of_claims(sc_str_from(claims), &CLAIM, 77, &was_refused);

    assert_non_null(user);
    assert_int_equal(was_refused, is_refused);
    assert_int_equal(user->set_ms, 77);
    assert_int_equal(sc_str_is_none(user->data), data == NULL);
    assert_true(sc_str_equal(user->data, sc_str_from(data)));
    sc_presence_user_unref(user);
}

static void a_claim_that_is_an_object_is_presence_data(void **state)
{
    (void)state;
    expect_data("{\"username\":1,\"presence\":{\"a\":1}}", "{\"a\":1}", false);
    expect_data("{\"username\":1,\"presence\":{}}", "{}", false);
    expect_data("{\"username\":1,\"presence\":{\"abcd\":123}}", "{\"abcd\":123}", false);
    expect_data("{\"username\":1}", NULL, false);
    expect_data("{\"username\":1,\"presence\":null}", NULL, false);
}

static void other_claims_and_long_ones_are_no_presence_data(void **state)
{
    (void)state;
    expect_data("{\"username\":1,\"presence\":{\"abcd\":1234}}", NULL, true);
    expect_data("{\"username\":1,\"presence\":[1]}", NULL, true);
    expect_data("{\"username\":1,\"presence\":\"{}\"}", NULL, true);
    expect_data("{\"username\":1,\"presence\":true}", NULL, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_string_is_unquoted_and_its_text_is_kept),
        cmocka_unit_test(a_number_is_named_as_javascript_names_it),
        cmocka_unit_test(true_and_false_are_names),
        cmocka_unit_test(the_string_and_the_number_are_one_user),
        cmocka_unit_test(null_objects_and_arrays_are_nobody),
        cmocka_unit_test(what_is_not_json_is_nobody),
        cmocka_unit_test(a_name_beyond_the_limit_is_nobody),
        cmocka_unit_test(claims_give_their_username),
        cmocka_unit_test(a_claim_that_is_an_object_is_presence_data),
        cmocka_unit_test(other_claims_and_long_ones_are_no_presence_data),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
