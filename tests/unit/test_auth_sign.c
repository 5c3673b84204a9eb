/*
 * test_auth_sign.c: signed tokens have the claims that they should, and are taken when they come back
 * (docs/protocol.md, "Signing").
 */
#include "worker/protocol/auth_token.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define KEY "golden-trace-key-0123456789abcdef"
#define NOW_S 1700000000
#define HEADER256 "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9." /* {"alg":"HS256","typ":"JWT"} */

static sc_auth_t *auth_of_secret(const char *secret, const char *algorithm)
{
    sc_options_t options = {.auth_default_expiry_s = 86400};

    options.auth_key = (char *)(uintptr_t)secret;
    options.auth_algorithm = (char *)(uintptr_t)algorithm;
    return sc_auth_new(&options);
}

typedef struct signed_token {
    sc_status_t status;
    sc_text_t text, claims;
    double expires_s;
} signed_token_t;

static signed_token_t sign(const sc_auth_t *auth, sc_str_t claims, uint32_t expires_s)
{
    signed_token_t result = {.expires_s = -1};

    result.status = sc_auth_sign(auth, claims, &(sc_token_options_t){.expires_s = expires_s}, NOW_S,
                                 &result.text, &result.claims, &result.expires_s);
    if (result.status != SC_OK)
        assert_true(result.text.len == 0 && result.claims.len == 0);
    return result;
}

static void free_signed(signed_token_t *token)
{
    sc_text_free(&token->text);
    sc_text_free(&token->claims);
}

static void assert_signed(const char *claims, uint32_t expires_s, const char *final_claims,
                          double exp_s)
{
    sc_auth_t *auth = auth_of_secret(KEY, NULL);
    signed_token_t result = sign(auth, sc_str_from(claims), expires_s);
    sc_token_t token;
    json_t *expected, *found;

    assert_int_equal(result.status, SC_OK);
    if (!sc_str_equal(sc_text_str(&result.claims), sc_str_from(final_claims)))
        fail_msg("%.*s", SC_STR_ARG(sc_text_str(&result.claims)));
    assert_true(fabs(result.expires_s - exp_s) < 0.001);
    assert_true(sc_str_starts_with(sc_text_str(&result.text), SC_STR(HEADER256)));
    sc_auth_verify(auth, sc_text_str(&result.text), (int64_t)exp_s - 1, &token);
    assert_int_equal(token.verdict, SC_TOKEN_GOOD);
    assert_true(fabs(token.expires_s - exp_s) < 0.001);
    expected = sc_json_load(sc_str_from(final_claims));
    found = sc_json_load(sc_text_str(&token.claims));
    assert_true(json_equal(expected, found));
    json_decref(expected);
    json_decref(found);
    sc_token_deinit(&token);
    free_signed(&result);
    sc_auth_free(auth);
}

static void claims_get_the_times_that_they_lack(void **state)
{
    (void)state;
    assert_signed("{\"username\":\"z\"}", 0,
                  "{\"username\":\"z\",\"iat\":1700000000,\"exp\":1700086400}", 1700086400);
    assert_signed("{\"username\":\"z\"}", 60,
                  "{\"username\":\"z\",\"iat\":1700000000,\"exp\":1700000060}", 1700000060);
    assert_signed("{\"username\":\"z\"}", 4294967295u,
                  "{\"username\":\"z\",\"iat\":1700000000,\"exp\":5994967295}", 5994967295.0);
    assert_signed(" { } \n", 60, " { \"iat\":1700000000,\"exp\":1700000060}", 1700000060);
    assert_signed("{\"exp\":4102444800,\"a\":1}", 60,
                  "{\"exp\":4102444800,\"a\":1,\"iat\":1700000000}", 4102444800.0);
    assert_signed("{\"iat\":1600000000.5}", 60, "{\"iat\":1600000000.5,\"exp\":1600000060}",
                  1600000060);
    assert_signed("{\"iat\":1,\"exp\":2}", 60, "{\"iat\":1,\"exp\":2}", 2);
    assert_signed(
        "{\"a\":\"}\xc3\xa9\\u00e9\",\"b\":{\"exp\":1}}", 60,
        "{\"a\":\"}\xc3\xa9\\u00e9\",\"b\":{\"exp\":1},\"iat\":1700000000,\"exp\":1700000060}",
        1700000060);
    assert_signed("{\"n\":123456789012345678901234567890}", 60,
                  "{\"n\":123456789012345678901234567890,\"iat\":1700000000,\"exp\":1700000060}",
                  1700000060);
}

static void what_can_not_be_signed_is_refused(void **state)
{
    /* clang-format off */
    static const char *const cases[] = {
        "", "null", "[]", "\"x\"", "5", "{", "{}x", "{\"exp\":null}", "{\"exp\":\"1\"}",
        "{\"iat\":null}", "{\"iat\":[]}", "{\"iat\":1e300}", "{\"a\":\"\\u0000\"}",
        "{\"a\":\"\\ud800\"}", "{\"a\":\"\xff\"}", "{\"a\":1e999}",
    };
    /* clang-format on */
    sc_auth_t *auth = auth_of_secret(KEY, NULL);

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        signed_token_t result = sign(auth, sc_str_from(cases[i]), 0);

        assert_int_equal(result.status, SC_ERR_INVALID);
        free_signed(&result);
    }
    sc_auth_free(auth);
}

static void the_longest_claims_make_a_token_that_is_taken(void **state)
{
    sc_auth_t *auth = auth_of_secret(KEY, "HS512");

    (void)state;
    for (size_t over = 0; over < 2; over++) {
        const char times[] = ",\"iat\":1700000000,\"exp\":1700086400}";
        sc_text_t claims = {0};
        signed_token_t result;

        sc_text_add(&claims, SC_STR("{\"a\":\""));
        while (claims.len + 1 + sizeof(times) - 1 < SC_TOKEN_CLAIMS_BYTES_MAX + over)
            sc_text_add(&claims, SC_STR("x"));
        sc_text_add(&claims, SC_STR("\"}"));
        result = sign(auth, sc_text_str(&claims), 0);
        assert_int_equal(result.status, over == 0 ? SC_OK : SC_ERR_INVALID);
        if (over == 0) {
            sc_token_t token;

            sc_auth_verify(auth, sc_text_str(&result.text), NOW_S, &token);
            assert_int_equal(token.verdict, SC_TOKEN_GOOD);
            sc_token_deinit(&token);
        }
        free_signed(&result);
        sc_text_free(&claims);
    }
    sc_auth_free(auth);
}

static void signing_adds_to_what_is_there(void **state)
{
    sc_auth_t *auth = auth_of_secret(KEY, NULL);
    sc_text_t text = {0}, claims = {0};
    double expires_s;

    (void)state;
    sc_text_add(&text, SC_STR("token="));
    sc_text_add(&claims, SC_STR("claims="));
    assert_int_equal(sc_auth_sign(auth, SC_STR("{}"), &(sc_token_options_t){.expires_s = 5}, 10,
                                  &text, &claims, &expires_s),
                     SC_OK);
    assert_true(sc_str_starts_with(sc_text_str(&text), SC_STR("token=" HEADER256)));
    assert_true(sc_str_equal(sc_text_str(&claims), SC_STR("claims={\"iat\":10,\"exp\":15}")));
    sc_text_free(&text);
    sc_text_free(&claims);
    sc_auth_free(auth);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(claims_get_the_times_that_they_lack),
        cmocka_unit_test(what_can_not_be_signed_is_refused),
        cmocka_unit_test(the_longest_claims_make_a_token_that_is_taken),
        cmocka_unit_test(signing_adds_to_what_is_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
