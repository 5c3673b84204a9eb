/*
 * test_packet_error.c: the error objects that clients get, to the letter.
 */
#include "worker/protocol/packet_error.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define ID SC_STR("AAAAAAAAAAAAAAAAAAAA")

static void assert_text(sc_text_t *text, const char *expected)
{
    sc_text_add(text, sc_str("", 1));
    assert_string_equal(text->ptr, expected);
    sc_text_free(text);
}

static void the_channel_limit_names_channel_socket_and_limit(void **state)
{
    sc_text_t text = {0};

    (void)state;
    sc_error_write_refusal(&text, SC_REFUSE_CHANNEL_LIMIT, ID, SC_STR("room"), 2);
    assert_text(&text, "{\"message\":\"Failed to subscribe socket to the room channel - Socket "
                       "AAAAAAAAAAAAAAAAAAAA tried to "
                       "exceed the channel subscription limit of 2\",\"name\":\"BrokerError\"}");
}

static void a_publish_to_no_channel_shows_what_was_given(void **state)
{
    sc_text_t text = {0};

    (void)state;
    sc_error_write_refusal(&text, SC_REFUSE_PUBLISH_NAME, ID, SC_STR("undefined"), 0);
    assert_text(&text, "{\"message\":\"Socket AAAAAAAAAAAAAAAAAAAA tried to publish to an invalid "
                       "undefined channel\","
                       "\"name\":\"BrokerError\"}");
}

static void a_refusal_without_channel_is_its_text_alone(void **state)
{
    sc_text_t text = {0};

    (void)state;
    sc_error_write_refusal(&text, SC_REFUSE_PUBLISH_DISABLED, ID, sc_str_none(), 0);
    assert_text(
        &text,
        "{\"message\":\"Client publish feature is disabled\",\"name\":\"InvalidActionError\"}");
}

static void a_long_channel_is_cut_at_a_character(void **state)
{
    char name[600];
    sc_text_t text = {0};

    (void)state;
    memset(name, 'x', sizeof(name));
    memcpy(name + 255, "\xc3\xa9", 2); /* lies across the cut at 256 */
    sc_error_write_refusal(&text, SC_REFUSE_SUBSCRIBE_NAME, ID, sc_str(name, sizeof(name)), 0);
    sc_text_add(&text, sc_str("", 1));
    assert_null(strstr(text.ptr, "\xc3"));
    assert_non_null(strstr(text.ptr, "xxx channel - Socket"));
    sc_text_free(&text);
}

static void a_channel_is_escaped_in_the_message(void **state)
{
    sc_text_t text = {0};

    (void)state;
    sc_error_write_refusal(&text, SC_REFUSE_UNSUBSCRIBE_UNKNOWN, ID, SC_STR("a\"b\n"), 0);
    sc_text_add(&text, sc_str("", 1));
    assert_non_null(strstr(text.ptr, "the a\\\"b\\n channel"));
    sc_text_free(&text);
}

static void a_plain_error_has_no_name(void **state)
{
    sc_error_t error = sc_error(NULL, "boom");
    sc_text_t text = {0};

    (void)state;
    sc_error_write(&text, &error);
    assert_text(&text, "{\"message\":\"boom\"}");
}

static void an_error_shows_name_and_fields_after_its_message(void **state)
{
    sc_error_t error = sc_error("CustomError", "pub obj");
    sc_text_t text = {0};

    (void)state;
    error.fields = SC_STR("\"code\":7");
    sc_error_write(&text, &error);
    assert_text(&text, "{\"message\":\"pub obj\",\"name\":\"CustomError\",\"code\":7}");
}

static void an_error_may_say_that_the_token_is_bad(void **state)
{
    sc_error_t error = sc_error(NULL, "auth no");
    sc_text_t text = {0};

    (void)state;
    error.is_bad_token = true;
    sc_error_write(&text, &error);
    assert_text(&text, "{\"message\":\"auth no\",\"isBadToken\":true}");
}

static void an_error_that_is_json_goes_out_as_it_is(void **state)
{
    sc_error_t error = sc_error("X", "not shown");
    sc_text_t text = {0};

    (void)state;
    error.json = SC_STR("\"boom string\"");
    sc_error_write(&text, &error);
    assert_text(&text, "\"boom string\"");
}

static void an_expired_token_has_an_iso_date_and_is_bad(void **state)
{
    sc_token_t token = {
        .verdict = SC_TOKEN_EXPIRED, .message = "jwt expired", .expires_s = 1000000000};
    sc_text_t text = {0};

    (void)state;
    sc_error_write_token(&text, &token);
    assert_text(&text, "{\"message\":\"jwt expired\",\"name\":\"AuthTokenExpiredError\","
                       "\"expiry\":\"2001-09-09T01:46:40.000Z\",\"isBadToken\":true}");
}

static void a_token_that_is_too_early_is_not_bad(void **state)
{
    sc_token_t token = {
        .verdict = SC_TOKEN_NOT_BEFORE, .message = "jwt not active", .date_s = 4102444800.5};
    sc_text_t text = {0};

    (void)state;
    sc_error_write_token(&text, &token);
    assert_text(&text, "{\"message\":\"jwt not active\",\"name\":\"AuthTokenNotBeforeError\","
                       "\"date\":\"2100-01-01T00:00:00.500Z\",\"isBadToken\":false}");
}

static void a_date_that_javascript_has_not_is_null(void **state)
{
    sc_token_t token = {.verdict = SC_TOKEN_EXPIRED, .message = "jwt expired", .expires_s = -1e300};
    sc_text_t text = {0};

    (void)state;
    sc_error_write_token(&text, &token);
    sc_text_add(&text, sc_str("", 1));
    assert_non_null(strstr(text.ptr, "\"expiry\":null"));
    sc_text_free(&text);
}

static void an_expiry_on_a_live_socket_is_a_number(void **state)
{
    sc_text_t text = {0};

    (void)state;
    sc_error_write_expired(&text, 4294967297.0);
    assert_text(
        &text,
        "{\"message\":\"The socket auth token has expired\",\"name\":\"AuthTokenExpiredError\","
        "\"expiry\":4294967297}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_channel_limit_names_channel_socket_and_limit),
        cmocka_unit_test(a_publish_to_no_channel_shows_what_was_given),
        cmocka_unit_test(a_refusal_without_channel_is_its_text_alone),
        cmocka_unit_test(a_long_channel_is_cut_at_a_character),
        cmocka_unit_test(a_channel_is_escaped_in_the_message),
        cmocka_unit_test(a_plain_error_has_no_name),
        cmocka_unit_test(an_error_shows_name_and_fields_after_its_message),
        cmocka_unit_test(an_error_may_say_that_the_token_is_bad),
        cmocka_unit_test(an_error_that_is_json_goes_out_as_it_is),
        cmocka_unit_test(an_expired_token_has_an_iso_date_and_is_bad),
        cmocka_unit_test(a_token_that_is_too_early_is_not_bad),
        cmocka_unit_test(a_date_that_javascript_has_not_is_null),
        cmocka_unit_test(an_expiry_on_a_live_socket_is_a_number),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
