/*
 * test_auth_token.c: tokens are judged as docs/protocol.md, "Verifying", says, those of the recorded traces as they were
 * by the original servers; forged ones never pass.
 */
#include "worker/protocol/auth_token.h"

#include <math.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define KEY "golden-trace-key-0123456789abcdef"
#define NOW_S 1700000000
#define HS256_HEADER "{\"alg\":\"HS256\",\"typ\":\"JWT\"}"

/* ---- Helpers ---------------------------------------------------------------------------------------------------- */

static sc_auth_t *auth_of_secret(const char *secret, const char *algorithm)
{
    sc_options_t options = {.auth_default_expiry_s = 86400};

    options.auth_key = (char *)(uintptr_t)secret;
    options.auth_algorithm = (char *)(uintptr_t)algorithm;
    return sc_auth_new(&options);
}

static void add_base64url(sc_text_t *out, const void *data, size_t len)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const unsigned char *bytes = data;

    for (size_t i = 0; i < len; i += 3) {
        unsigned group = (unsigned)bytes[i] << 16;
        char four[4];
        size_t count = len - i > 2 ? 4 : len - i + 1;

        if (i + 1 < len)
            group |= (unsigned)bytes[i + 1] << 8;
        if (i + 2 < len)
            group |= bytes[i + 2];
        for (size_t k = 0; k < 4; k++)
            four[k] = digits[group >> (18 - 6 * k) & 63];
        sc_text_add(out, sc_str(four, count));
    }
}

/** A token signed with HMAC, of any header and payload: what nobody checked. Free with sc_text_free. */
static sc_text_t forge(const char *header, sc_str_t payload, const char *secret,
                       const EVP_MD *digest)
{
    sc_text_t token = {0};
    unsigned char signature[EVP_MAX_MD_SIZE];
    unsigned len = 0;

    add_base64url(&token, header, strlen(header));
    sc_text_add(&token, SC_STR("."));
    add_base64url(&token, payload.ptr, payload.len);
    assert_non_null(HMAC(digest, secret, (int)strlen(secret), (unsigned char *)token.ptr, token.len,
                         signature, &len));
    sc_text_add(&token, SC_STR("."));
    add_base64url(&token, signature, len);
    return token;
}

/** Verifies a text in memory that ends where it ends: a sanitizer sees reads behind it. */
static void verify(const sc_auth_t *auth, sc_str_t text, sc_token_t *token)
{
    char *exact = malloc(text.len > 0 ? text.len : 1);

    assert_non_null(exact);
    memcpy(exact, text.ptr, text.len);
    sc_auth_verify(auth, sc_str(exact, text.len), NOW_S, token);
    free(exact);
    assert_true(token->verdict == SC_TOKEN_GOOD ||
                (token->claims.ptr == NULL && token->message != NULL));
}

static void assert_verdict(const sc_auth_t *auth, sc_str_t text, sc_token_verdict_t verdict,
                           const char *message)
{
    sc_token_t token;

    verify(auth, text, &token);
    if (token.verdict != verdict || (message != NULL && strcmp(token.message, message) != 0))
        fail_msg("%d (%s) instead of %d (%s): %.*s", token.verdict, token.message, verdict, message,
                 SC_STR_ARG(text));
    sc_token_deinit(&token);
}

/** The verdict for a payload that is rightly signed with HS256. */
static void assert_payload(const char *payload, sc_token_verdict_t verdict, const char *message)
{
    sc_auth_t *auth = auth_of_secret(KEY, NULL);
    sc_text_t token = forge(HS256_HEADER, sc_str_from(payload), KEY, EVP_sha256());

    assert_verdict(auth, sc_text_str(&token), verdict, message);
    sc_text_free(&token);
    sc_auth_free(auth);
}

/** The verdict for a header whose token is rightly signed with HMAC and SHA-256. */
static void assert_header(const char *header, sc_token_verdict_t verdict, const char *message)
{
    sc_auth_t *auth = auth_of_secret(KEY, NULL);
    sc_text_t token = forge(header, SC_STR("{\"username\":\"alice\"}"), KEY, EVP_sha256());

    assert_verdict(auth, sc_text_str(&token), verdict, message);
    sc_text_free(&token);
    sc_auth_free(auth);
}

/* ---- Tokens of the recorded traces -------------------------------------------------------------------------------- */

#define HEADER256 "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."
#define GOOD_TOKEN                                                                                 \
    HEADER256 "eyJ1c2VybmFtZSI6ImFsaWNlIiwiaWF0IjoxNTAwMDAwMDAwLCJleHAiOjQxMDI0NDQ4MDB9."          \
              "Ow5_WTgucGaGhlP7f-_bLpKg2Qy9gAKXY-1RL1M6zIM"
#define HS512_TOKEN                                                                                \
    "eyJhbGciOiJIUzUxMiIsInR5cCI6IkpXVCJ9."                                                        \
    "eyJ1c2VybmFtZSI6ImFsaWNlIiwiaWF0IjoxNTAwMDAwMDAwLCJleHAiOjQxMDI0NDQ4MDB9."                    \
    "6VkaXF7VQrOjcICY-N3HlRshJP3L9CeXXXQvarahp7zgFK-nnnIeP9s5k9xTH0Jk1yRZvsfLUWVOl3APCPj4kA"

static void recorded_tokens_are_judged_as_they_were(void **state)
{
    static const struct {
        const char *text;
        sc_token_verdict_t verdict;
        const char *message;
    } cases[] = {
        {GOOD_TOKEN, SC_TOKEN_GOOD, NULL},
        {HEADER256 "eyJ1c2VybmFtZSI6ImFsaWNlIiwiZXhwIjo0MTAyNDQ0ODAwfQ."
                   "1JmrAuCD21tpzRueqUoBtWaWM32rtZuZivWlgi-GM1c",
         SC_TOKEN_INVALID, "invalid signature"},
        {"", SC_TOKEN_INVALID, "jwt must be provided"},
        {HEADER256 "eyJ1c2VybmFtZSI6ImFsaWNlIiwiaWF0Ijo5OTk5OTk5OTAsImV4cCI6MTAwMDAwMDAwMH0."
                   "hIT7tWGWnbc1bkMxPotntj7MDosx0EuIzbA9OMMNOCY",
         SC_TOKEN_EXPIRED, "jwt expired"},
        {"garbage", SC_TOKEN_INVALID, "jwt malformed"},
        {HEADER256 "eyJ1c2VybmFtZSI6ImJhZCIsImV4cCI6NDEwMjQ0NDgwMH0.D_"
                   "pzOxlMXdkmVtzo9ORQ1WEuAjZui82qA7GZVnTZM8o",
         SC_TOKEN_GOOD, NULL},
        {HEADER256 "eyJ1c2VybmFtZSI6ImFsaWNlIiwiaWF0IjoxNTAwMDAwMDAwLCJuYmYiOjQxMDI0NDQ4MDAsImV4cCI"
                   "6NDEwMjQ0NDgwMX0."
                   "bHXV9Gq0x93rV9e5N-mzAtC5tHwTQP9pU9JRa2PKd4Y",
         SC_TOKEN_NOT_BEFORE, "jwt not active"},
        {"eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.eyJ1c2VybmFtZSI6ImFsaWNlIn0.", SC_TOKEN_INVALID,
         "jwt signature is required"},
        {"!!!.e30.sig", SC_TOKEN_INVALID, "invalid token"},
        {HEADER256 "e25vdCBqc29u.2FCu1W7-1KQPHzxbbRyypkw8RoJFZEjlZJdLKqZE0LQ", SC_TOKEN_ERROR,
         "The token's payload is not JSON"},
        {"eyJhbGciOiJIUzM4NCIsInR5cCI6IkpXVCJ9."
         "eyJ1c2VybmFtZSI6ImFsaWNlIiwiaWF0IjoxNTAwMDAwMDAwLCJleHAiOjQxMDI0NDQ4MDB9."
         "Xp25gOgu9W6OsTmLouQGda6deLdrm0ogyRkgvs5A2nOaifsMvBZ7ihpGpk0g87Ke",
         SC_TOKEN_GOOD, NULL},
        {HS512_TOKEN, SC_TOKEN_GOOD, NULL},
        {HEADER256 "eyJ1c2VybmFtZSI6ImFsaWNlIiwiaWF0IjoxNTAwMDAwMDAwfQ."
                   "LUhpTSxXz7G0gRh65uA5af5mCrWUWPxXzHKyT0s8pN8",
         SC_TOKEN_GOOD, NULL},
        {"eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.eyJ1c2VybmFtZSI6ImFsaWNlIn0.7FnMtOiDbSn0HQtFhRTWtui_"
         "HiGcN73Lxbd6KNad9Y0",
         SC_TOKEN_INVALID, "invalid algorithm"},
        {HEADER256
         "eyJ1c2VybmFtZSI6ImFsaWNlIiwiZXhwIjoic29vbiJ9.3xOjQbc-aVthFegSoIhYsVkcCU0PAJgNdhPM90SH_q8",
         SC_TOKEN_INVALID, "invalid exp value"},
        {HEADER256
         "eyJ1c2VybmFtZSI6ImFsaWNlIiwibmJmIjoic29vbiJ9.vLXdXqOoUySgyh4AEhbZzNcaLf_bdU13-kXJA6b17LY",
         SC_TOKEN_INVALID, "invalid nbf value"},
        /* The originals took this string for claims. The rule is to refuse. */
        {HEADER256 "Imp1c3Rhc3RyaW5nIg.w3yeBaTKuFbn0c6QGX8Txs-hU7hFhQs2oiJY3PxxXfw",
         SC_TOKEN_INVALID, "invalid token"},
        {"aaa.bbb", SC_TOKEN_INVALID, "jwt malformed"},
    };
    sc_auth_t *auth = auth_of_secret(KEY, NULL);

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_verdict(auth, sc_str_from(cases[i].text), cases[i].verdict, cases[i].message);
    sc_auth_free(auth);
}

static void a_pinned_algorithm_is_the_only_one(void **state)
{
    sc_auth_t *auth = auth_of_secret(KEY, "HS512");

    (void)state;
    assert_verdict(auth, SC_STR(HS512_TOKEN), SC_TOKEN_GOOD, NULL);
    assert_verdict(auth, SC_STR(GOOD_TOKEN), SC_TOKEN_INVALID, "invalid algorithm");
    sc_auth_free(auth);
}

static void a_good_token_yields_its_claims_as_they_stood(void **state)
{
    static const char payload[] =
        " {\"z\":1, \"a\":\"\\u00e9\xc3\xa9\", \"exp\":4102444800.5,\"a\":[1.10]} ";
    sc_auth_t *auth = auth_of_secret(KEY, NULL);
    sc_text_t text = forge(HS256_HEADER, sc_str_from(payload), KEY, EVP_sha256());
    sc_token_t token;

    (void)state;
    verify(auth, sc_text_str(&text), &token);
    assert_int_equal(token.verdict, SC_TOKEN_GOOD);
    assert_true(sc_str_equal(sc_text_str(&token.claims), sc_str_from(payload)));
    assert_true(fabs(token.expires_s - 4102444800.5) < 0.001);
    sc_token_deinit(&token);
    sc_text_free(&text);
    sc_auth_free(auth);
}

/* ---- Times ------------------------------------------------------------------------------------------------------- */

static void times_are_compared_to_the_second(void **state)
{
    (void)state;
    assert_payload("{\"exp\":1700000000}", SC_TOKEN_EXPIRED, "jwt expired");
    assert_payload("{\"exp\":1700000001}", SC_TOKEN_GOOD, NULL);
    assert_payload("{\"exp\":1700000000.5}", SC_TOKEN_GOOD, NULL);
    assert_payload("{\"exp\":1699999999.9}", SC_TOKEN_EXPIRED, "jwt expired");
    assert_payload("{\"exp\":0}", SC_TOKEN_EXPIRED, "jwt expired");
    assert_payload("{\"exp\":-5}", SC_TOKEN_EXPIRED, "jwt expired");
    assert_payload("{\"nbf\":1700000000}", SC_TOKEN_GOOD, NULL);
    assert_payload("{\"nbf\":1700000000.5}", SC_TOKEN_NOT_BEFORE, "jwt not active");
    assert_payload("{\"nbf\":1700000001}", SC_TOKEN_NOT_BEFORE, "jwt not active");
    assert_payload("{\"iat\":4102444800}", SC_TOKEN_GOOD, NULL);
    assert_payload("{\"iat\":\"x\"}", SC_TOKEN_GOOD, NULL);
}

static void times_beyond_32_bits_count(void **state)
{
    (void)state;
    assert_payload("{\"exp\":2147483648}", SC_TOKEN_GOOD, NULL);
    assert_payload("{\"exp\":4294967296}", SC_TOKEN_GOOD, NULL);
    assert_payload("{\"exp\":5994967296}", SC_TOKEN_GOOD, NULL); /* 2^32 + now: not taken for now */
    assert_payload("{\"exp\":5994967295}", SC_TOKEN_GOOD, NULL);
    assert_payload("{\"exp\":9007199254740993}", SC_TOKEN_GOOD, NULL);
    assert_payload("{\"exp\":1e300}", SC_TOKEN_GOOD, NULL);
    assert_payload("{\"nbf\":4294967297}", SC_TOKEN_NOT_BEFORE, "jwt not active");
    assert_payload("{\"nbf\":1e300}", SC_TOKEN_NOT_BEFORE, "jwt not active");
    assert_payload("{\"nbf\":-4294967297}", SC_TOKEN_GOOD, NULL);
}

static void times_that_are_no_numbers_are_refused(void **state)
{
    /* clang-format off */
    static const char *const cases[] = {
        "null", "\"1\"", "true", "[]", "{}", "\"\"",
    };
    /* clang-format on */

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char payload[64];

        (void)snprintf(payload, sizeof(payload), "{\"exp\":%s}", cases[i]);
        assert_payload(payload, SC_TOKEN_INVALID, "invalid exp value");
        (void)snprintf(payload, sizeof(payload), "{\"exp\":1,\"nbf\":%s}", cases[i]);
        assert_payload(payload, SC_TOKEN_INVALID, "invalid nbf value");
    }
    assert_payload("{\"exp\":4102444800,\"exp\":null}", SC_TOKEN_INVALID, "invalid exp value");
    assert_payload("{\"exp\":4102444800,\"\\u0065xp\":1}", SC_TOKEN_EXPIRED, "jwt expired");
    assert_payload("{\"exp\":1,\"nbf\":4102444800}", SC_TOKEN_NOT_BEFORE, "jwt not active");
}

static void errors_carry_their_time(void **state)
{
    sc_auth_t *auth = auth_of_secret(KEY, NULL);
    sc_text_t expired = forge(HS256_HEADER, SC_STR("{\"exp\":1000000000}"), KEY, EVP_sha256());
    sc_text_t early =
        forge(HS256_HEADER, SC_STR("{\"exp\":4,\"nbf\":4102444800}"), KEY, EVP_sha256());
    sc_token_t token;

    (void)state;
    verify(auth, sc_text_str(&expired), &token);
    assert_true(fabs(token.expires_s - 1e9) < 0.001);
    verify(auth, sc_text_str(&early), &token);
    assert_true(fabs(token.date_s - 4102444800.0) < 0.001);
    sc_text_free(&expired);
    sc_text_free(&early);
    sc_auth_free(auth);
}

/* ---- Headers and forms --------------------------------------------------------------------------------------------- */

static void only_the_exact_names_of_algorithms_count(void **state)
{
    (void)state;
    assert_header("{\"alg\":\"HS256\"}", SC_TOKEN_GOOD, NULL);
    assert_header("{\"alg\":\"none\",\"typ\":\"JWT\"}", SC_TOKEN_INVALID, "invalid algorithm");
    assert_header("{\"alg\":\"None\"}", SC_TOKEN_INVALID, "invalid algorithm");
    assert_header("{\"alg\":\"hs256\"}", SC_TOKEN_INVALID, "invalid algorithm");
    assert_header("{\"alg\":\"\"}", SC_TOKEN_INVALID, "invalid algorithm");
    assert_header("{\"alg\":null}", SC_TOKEN_INVALID, "invalid algorithm");
    assert_header("{\"alg\":[\"HS256\"]}", SC_TOKEN_INVALID, "invalid algorithm");
    assert_header("{\"typ\":\"JWT\"}", SC_TOKEN_INVALID, "invalid algorithm");
    assert_header("{\"alg\":\"ES256\"}", SC_TOKEN_INVALID, "invalid algorithm");
    assert_header("{\"alg\":\"PS256\"}", SC_TOKEN_INVALID, "invalid algorithm");
    assert_header("{\"alg\":\"HS384\"}", SC_TOKEN_INVALID, "invalid signature");
    assert_header("{\"alg\":\"HS256\",\"alg\":\"none\"}", SC_TOKEN_INVALID, "invalid algorithm");
    assert_header("{\"alg\":\"none\",\"alg\":\"HS256\"}", SC_TOKEN_GOOD, NULL);
    assert_header("{\"alg\":\"HS256\",\"\\u0061lg\":\"none\"}", SC_TOKEN_INVALID,
                  "invalid algorithm");
}

static void other_members_of_the_header_do_not_matter(void **state)
{
    (void)state;
    assert_header("{\"alg\":\"HS256\",\"typ\":\"jwt\"}", SC_TOKEN_GOOD, NULL);
    assert_header("{\"alg\":\"HS256\",\"typ\":5}", SC_TOKEN_GOOD, NULL);
    assert_header("{\"kid\":\"x\",\"crit\":[\"y\"],\"y\":1,\"alg\":\"HS256\"}", SC_TOKEN_GOOD,
                  NULL);
    assert_header("{\"alg\":\"HS256\",\"typ\":\"at+jwt\"}", SC_TOKEN_ERROR,
                  "The token's type is not JWT");
}

static void headers_that_are_no_objects_are_refused(void **state)
{
    /* clang-format off */
    static const char *const cases[] = {
        "null", "[]", "\"HS256\"", "{", "{\"alg\":\"HS256\"}x", "x", "\xff",
        "{\"alg\":\"HS256\",}",
    };
    /* clang-format on */

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_header(cases[i], SC_TOKEN_INVALID, "invalid token");
}

static void payloads_that_are_no_objects_are_refused(void **state)
{
    /* clang-format off */
    static const char *const cases[] = {
        "null", "[]", "[{\"exp\":1}]", "5", "\"x\"", "true",
    };
    /* clang-format on */
    sc_auth_t *auth = auth_of_secret(KEY, NULL);
    sc_text_t text = forge("{\"alg\":\"HS256\"}", SC_STR("{not json"), KEY, EVP_sha256());

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_payload(cases[i], SC_TOKEN_INVALID, "invalid token");
    assert_payload("", SC_TOKEN_INVALID, "invalid token");
    assert_payload("{\"a\":1", SC_TOKEN_ERROR, NULL);
    assert_payload("{\"a\":1}{}", SC_TOKEN_ERROR, NULL);
    assert_verdict(auth, sc_text_str(&text), SC_TOKEN_INVALID, "invalid token");
    sc_text_free(&text);
    sc_auth_free(auth);
}

static void claims_that_libjwt_can_not_read_are_refused(void **state)
{
    (void)state;
    assert_payload("{\"a\":\"\\u0000\"}", SC_TOKEN_ERROR, "The token's payload can't be read");
    assert_payload("{\"a\":\"\\ud800\"}", SC_TOKEN_ERROR, "The token's payload can't be read");
    assert_payload("{\"a\":\"\xff\"}", SC_TOKEN_ERROR, "The token's payload can't be read");
    assert_payload("{\"exp\":1e999}", SC_TOKEN_ERROR, "The token's payload can't be read");
    assert_payload("{\"exp\":123456789012345678901234567890}", SC_TOKEN_ERROR,
                   "The token's payload can't be read");
}

static void tokens_not_in_their_one_form_are_refused(void **state)
{
    static const struct {
        const char *text;
        const char *message;
    } cases[] = {
        {".", "jwt malformed"},
        {"...", "jwt malformed"},
        {"a.b.c.d", "jwt malformed"},
        {"..", "jwt signature is required"},
        {"a.b.", "jwt signature is required"},
        {"..c", "invalid token"},
        {" " GOOD_TOKEN, "invalid token"},
        {GOOD_TOKEN " ", "invalid token"},
        {GOOD_TOKEN "=", "invalid token"},
        {GOOD_TOKEN "\n", "invalid token"},
        {GOOD_TOKEN "+", "invalid token"},
        {GOOD_TOKEN "A", "invalid signature"},
        {GOOD_TOKEN "AAAA", "invalid signature"},
        {"e30=.e30.AAAA", "invalid token"},
        {"e30.e30=.AAAA", "invalid token"},
        {"e31.e30.AAAA", "invalid token"}, /* {} with a bit that stands for nothing */
        {"e30.e30.AAAA", "invalid algorithm"},
        {"e30A0.e30.AAAA", "invalid token"},
        {HEADER256 "e31.AAAA", "invalid token"},
        {HEADER256 "e30.A", "invalid signature"},
        {HEADER256 ".AAAA", "invalid token"},
    };
    sc_auth_t *auth = auth_of_secret(KEY, NULL);

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_verdict(auth, sc_str_from(cases[i].text), SC_TOKEN_INVALID, cases[i].message);
    assert_verdict(auth, sc_str(GOOD_TOKEN, sizeof(GOOD_TOKEN)), SC_TOKEN_INVALID,
                   "invalid token"); /* with its NUL */
    sc_auth_free(auth);
}

static void a_token_with_any_byte_changed_is_refused(void **state)
{
    static const char bytes[] = "AQgw-_.=\0 {";
    char text[] = GOOD_TOKEN;
    sc_auth_t *auth = auth_of_secret(KEY, NULL);

    (void)state;
    for (size_t place = 0; place < sizeof(text) - 1; place++) {
        for (size_t i = 0; i < sizeof(bytes) - 1; i++) {
            char original = text[place];
            sc_token_t token;

            if (bytes[i] == original)
                continue;
            text[place] = bytes[i];
            verify(auth, sc_str(text, sizeof(text) - 1), &token);
            assert_int_not_equal(token.verdict, SC_TOKEN_GOOD);
            sc_token_deinit(&token);
            text[place] = original;
        }
    }
    for (size_t len = 0; len < sizeof(text) - 1; len++) {
        sc_token_t token;

        verify(auth, sc_str(text, len), &token);
        assert_int_not_equal(token.verdict, SC_TOKEN_GOOD);
        sc_token_deinit(&token);
    }
    sc_auth_free(auth);
}

/** A token, rightly signed, of claims with so many bytes. */
static void assert_long(size_t claims_bytes, sc_token_verdict_t verdict, const char *message)
{
    sc_auth_t *auth = auth_of_secret(KEY, NULL);
    char *claims = malloc(claims_bytes);
    sc_text_t text;

    assert_non_null(claims);
    memset(claims, 'x', claims_bytes);
    memcpy(claims, "{\"a\":\"", 6);
    memcpy(claims + claims_bytes - 2, "\"}", 2);
    text = forge(HS256_HEADER, sc_str(claims, claims_bytes), KEY, EVP_sha256());
    assert_int_equal(text.len > SC_TOKEN_BYTES_MAX, verdict != SC_TOKEN_GOOD);
    assert_verdict(auth, sc_text_str(&text), verdict, message);
    sc_text_free(&text);
    free(claims);
    sc_auth_free(auth);
}

static void a_token_over_the_limit_is_refused(void **state)
{
    (void)state;
    assert_long(49090, SC_TOKEN_GOOD, NULL); /* 37 characters of header, 44 of dots and signature */
    assert_long(49093, SC_TOKEN_INVALID, "invalid token");
    assert_long(10000000, SC_TOKEN_INVALID, "invalid token");
}

static void values_that_are_no_strings_have_their_errors(void **state)
{
    sc_token_t token;

    (void)state;
    sc_token_refuse_value(&token, true);
    assert_int_equal(token.verdict, SC_TOKEN_INVALID);
    assert_string_equal(token.message, "jwt must be provided");
    sc_token_refuse_value(&token, false);
    assert_int_equal(token.verdict, SC_TOKEN_ERROR);
    assert_string_equal(token.message, "Invalid token format - Token must be a string");
    sc_token_deinit(&token);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recorded_tokens_are_judged_as_they_were),
        cmocka_unit_test(a_pinned_algorithm_is_the_only_one),
        cmocka_unit_test(a_good_token_yields_its_claims_as_they_stood),
        cmocka_unit_test(times_are_compared_to_the_second),
        cmocka_unit_test(times_beyond_32_bits_count),
        cmocka_unit_test(times_that_are_no_numbers_are_refused),
        cmocka_unit_test(errors_carry_their_time),
        cmocka_unit_test(only_the_exact_names_of_algorithms_count),
        cmocka_unit_test(other_members_of_the_header_do_not_matter),
        cmocka_unit_test(headers_that_are_no_objects_are_refused),
        cmocka_unit_test(payloads_that_are_no_objects_are_refused),
        cmocka_unit_test(claims_that_libjwt_can_not_read_are_refused),
        cmocka_unit_test(tokens_not_in_their_one_form_are_refused),
        cmocka_unit_test(a_token_with_any_byte_changed_is_refused),
        cmocka_unit_test(a_token_over_the_limit_is_refused),
        cmocka_unit_test(values_that_are_no_strings_have_their_errors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
