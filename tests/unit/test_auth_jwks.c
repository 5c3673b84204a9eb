/*
 * test_auth_jwks.c: sets of keys in JSON: keys made here verify what their other halves sign; the examples of RFC 7515 and 7517
 * are read; what is malformed is refused.
 */
#include "worker/protocol/auth_jwks.h"

#include "common/base64url.h"
#include "tests/unit/auth_fixture.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static sc_auth_t *auth_of(const char *jwks, const char *verify_algorithms)
{
    sc_verify_key_t files[] = {{.path = (char[]){"keys.json"}, .text = (char *)(uintptr_t)jwks}};
    sc_options_t options = {.auth_verify_algorithms = (char *)(uintptr_t)verify_algorithms,
                            .auth_verify_keys = {files, 1}};

    return sc_auth_new(&options);
}

static void add_number(sc_text_t *out, const EVP_PKEY *pkey, const char *name, const char *member,
                       int len)
{
    unsigned char bytes[512];
    BIGNUM *number = NULL;

    assert_int_equal(EVP_PKEY_get_bn_param(pkey, name, &number), 1);
    if (len == 0)
        len = BN_num_bytes(number);
    assert_int_equal(BN_bn2binpad(number, bytes, len), len);
    sc_text_addf(out, ",\"%s\":\"", member);
    sc_base64url_add_encoded(out, bytes, (size_t)len);
    sc_text_add(out, SC_STR("\""));
    BN_free(number);
}

static void add_rsa(sc_text_t *out, const EVP_PKEY *pkey, const char *more)
{
    sc_text_add(out, SC_STR("{\"kty\":\"RSA\""));
    add_number(out, pkey, OSSL_PKEY_PARAM_RSA_N, "n", 0);
    add_number(out, pkey, OSSL_PKEY_PARAM_RSA_E, "e", 0);
    sc_text_addf(out, "%s}", more);
}

static void add_ec(sc_text_t *out, const EVP_PKEY *pkey, const char *curve, int len,
                   const char *more)
{
    sc_text_addf(out, "{\"kty\":\"EC\",\"crv\":\"%s\"", curve);
    add_number(out, pkey, OSSL_PKEY_PARAM_EC_PUB_X, "x", len);
    add_number(out, pkey, OSSL_PKEY_PARAM_EC_PUB_Y, "y", len);
    sc_text_addf(out, "%s}", more);
}

static sc_auth_t *signer_of(EVP_PKEY *pkey, const char *key_id)
{
    pems_t pems = pems_of(pkey);
    sc_options_t options = {.auth_private_key = pems.private_pem,
                            .auth_public_key = pems.public_pem,
                            .auth_key_id = (char *)(uintptr_t)key_id,
                            .auth_default_expiry_s = 60};
    sc_auth_t *auth = sc_auth_new(&options);

    assert_non_null(auth);
    free_pems(&pems);
    return auth;
}

/** @param message  NULL: it is taken */
static void assert_taken(const sc_auth_t *auth, EVP_PKEY *pkey, const char *key_id,
                         const char *algorithm, const char *message)
{
    sc_auth_t *signer = signer_of(pkey, key_id);
    sc_text_t text = sign_bob(signer, algorithm);

    assert_verdict(auth, sc_text_str(&text), message == NULL ? SC_TOKEN_GOOD : SC_TOKEN_INVALID,
                   message);
    sc_text_free(&text);
    sc_auth_free(signer);
}

static void all_kinds_of_keys_of_a_set_verify(void **state)
{
    sc_text_t jwks = {0};
    sc_auth_t *auth;

    (void)state;
    sc_text_add(&jwks, SC_STR("\n {\"keys\":["));
    add_rsa(&jwks, keys.rsa, ",\"kid\":\"r\",\"use\":\"sig\"");
    sc_text_add(&jwks, SC_STR(","));
    add_ec(&jwks, keys.p256, "P-256", 32, ",\"kid\":\"e\",\"key_ops\":[\"sign\",\"verify\"]");
    sc_text_add(&jwks, SC_STR(","));
    add_ec(&jwks, keys.p384, "P-384", 48, "");
    sc_text_add(&jwks, SC_STR(","));
    add_ec(&jwks, keys.p521, "P-521", 66, "");
    sc_text_add(&jwks, SC_STR(",{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AA\"}"));
    sc_text_add(&jwks, SC_STR(",{\"kty\":\"EC\",\"crv\":\"secp256k1\"},{\"kty\":7},[],null"));
    sc_text_add(&jwks, sc_str("]}\n", 4));
    auth = auth_of(jwks.ptr, NULL);
    assert_non_null(auth);
    assert_taken(auth, keys.rsa, "r", NULL, NULL);
    assert_taken(auth, keys.rsa, "r", "PS384", NULL);
    assert_taken(auth, keys.p256, "e", NULL, NULL);
    assert_taken(auth, keys.p384, NULL, NULL, NULL);
    assert_taken(auth, keys.p521, "unknown", NULL, NULL);
    assert_taken(auth, keys.rsa, "e", NULL, "invalid algorithm");
    assert_taken(auth, keys.rsa, NULL, NULL, "invalid algorithm");
    assert_taken(auth, keys.rsa_other, "r", NULL, "invalid signature");
    sc_auth_free(auth);
    auth = auth_of(jwks.ptr, "RS512");
    assert_taken(auth, keys.rsa, "r", "RS512", NULL);
    assert_taken(auth, keys.rsa, "r", "RS256", "invalid algorithm");
    assert_taken(auth, keys.p256, "e", NULL, "invalid algorithm");
    sc_auth_free(auth);
    sc_text_free(&jwks);
}

static void a_key_s_alg_and_use_are_kept_to(void **state)
{
    sc_text_t jwks = {0};
    sc_auth_t *auth;

    (void)state;
    sc_text_add(&jwks, SC_STR("{\"keys\":["));
    add_rsa(&jwks, keys.rsa, ",\"alg\":\"PS256\"");
    sc_text_add(&jwks, SC_STR(","));
    add_rsa(&jwks, keys.rsa_other, ",\"use\":\"enc\"");
    sc_text_add(&jwks, SC_STR(","));
    add_rsa(&jwks, keys.rsa_other, ",\"key_ops\":[\"encrypt\"]");
    sc_text_add(&jwks, SC_STR(","));
    add_rsa(&jwks, keys.rsa_other, ",\"alg\":\"RSA-OAEP\"");
    sc_text_add(&jwks, SC_STR(","));
    add_rsa(&jwks, keys.rsa_other, ",\"alg\":\"HS256\"");
    sc_text_add(&jwks, sc_str("]}", 3));
    auth = auth_of(jwks.ptr, NULL);
    assert_non_null(auth);
    assert_taken(auth, keys.rsa, NULL, "PS256", NULL);
    assert_taken(auth, keys.rsa, NULL, "RS256", "invalid algorithm");
    assert_taken(auth, keys.rsa_other, NULL, "PS256", "invalid signature");
    sc_auth_free(auth);
    sc_text_free(&jwks);
}

static void a_single_key_is_a_set_of_one(void **state)
{
    sc_text_t jwk = {0};
    sc_auth_t *auth;

    (void)state;
    add_ec(&jwk, keys.p256, "P-256", 32, ",\"d\":7");
    sc_text_add(&jwk, sc_str("", 1));
    auth = auth_of(jwk.ptr, NULL);
    assert_non_null(auth);
    assert_taken(auth, keys.p256, NULL, NULL, NULL);
    sc_auth_free(auth);
    sc_text_free(&jwk);
}

/** RFC 7515, A.1: a secret with bytes of any value, and what it signed, whose `exp` is in 2011. */
static void the_secret_of_rfc_7515_verifies_its_token(void **state)
{
    static const char jwk[] = "{\"kty\":\"oct\",\"k\":\"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_"
                              "T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow\"}";
    static const char token[] =
        "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9."
        "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cn"
        "VlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    sc_auth_t *auth = auth_of(jwk, NULL);
    sc_token_t verified;

    (void)state;
    assert_non_null(auth);
    sc_auth_verify(auth, sc_str_from(token), NOW_S, &verified);
    assert_int_equal(verified.verdict, SC_TOKEN_EXPIRED);
    sc_token_deinit(&verified);
    sc_auth_free(auth);
}

/** RFC 7515, A.3: ES256. */
static void the_curve_of_rfc_7515_verifies_its_token(void **state)
{
    static const char jwk[] =
        "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
        "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}";
    static const char token[] =
        "eyJhbGciOiJFUzI1NiJ9."
        "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cn"
        "VlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-"
        "Kg6NU1Q";
    sc_auth_t *auth = auth_of(jwk, NULL);
    sc_token_t verified;

    (void)state;
    assert_non_null(auth);
    sc_auth_verify(auth, sc_str_from(token), NOW_S, &verified);
    assert_int_equal(verified.verdict, SC_TOKEN_EXPIRED);
    sc_token_deinit(&verified);
    sc_auth_free(auth);
}

static void malformed_sets_are_refused(void **state)
{
    static const char *const texts[] = {
        "{\"keys\":{}}",
        "{\"keys\":[]}",
        "{\"keys\":[{}]}",
        "{\"keys\":[{\"kty\":\"OKP\"}]}",
        "{\"keys\":[{\"kty\":\"oct\"}]}",
        "{\"keys\":[{\"kty\":\"oct\",\"k\":\"\"}]}",
        "{\"keys\":[{\"kty\":\"oct\",\"k\":\"A\"}]}",
        "{\"keys\":[{\"kty\":\"oct\",\"k\":\"AA==\"}]}",
        "{\"keys\":[{\"kty\":\"oct\",\"k\":7}]}",
        "{\"keys\":[{\"kty\":\"RSA\"}]}",
        "{\"keys\":[{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"}]}",
        "{\"keys\":[{\"kty\":\"RSA\",\"n\":\"AA\",\"e\":\"AA\"}]}",
        "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\"}]}",
        /* A point that is not on the curve, and coordinates of another length. */
        "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
        "\"y\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\"}",
        "{\"kty\":\"EC\",\"crv\":\"P-384\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
        "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}",
        "{\"kty\":\"oct\",\"k\":\"AAAA\",\"k\":\"BBBB\"}",
        "{\"kty\":\"oct\",\"k\":\"AAAA\",\"alg\":\"RS256\"}",
        "{\"kty\":\"oct\",\"k\":\"AAAA\",\"use\":\"enc\"}",
        "{\"kty\":\"oct\",\"k\":\"AAAA\"",
    };
    sc_text_t text = {0};

    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        sc_auth_t *auth = auth_of(texts[i], NULL);

        if (auth != NULL)
            fail_msg("taken: %s", texts[i]);
    }
    sc_text_add(&text, SC_STR("{\"kty\":\"oct\",\"k\":\"AAAA\",\"kid\":\""));
    for (unsigned i = 0; i < SC_KEY_ID_BYTES_MAX + 1; i++)
        sc_text_add(&text, SC_STR("k"));
    sc_text_add(&text, sc_str("\"}", 3));
    assert_null(auth_of(text.ptr, NULL));
    sc_text_clear(&text);
    sc_text_add(&text, SC_STR("{\"keys\":["));
    for (unsigned i = 0; i < SC_VERIFY_KEYS_MAX; i++)
        sc_text_addf(&text, "{\"kty\":\"oct\",\"k\":\"AAAA\"},");
    sc_text_add(&text, sc_str("{\"kty\":\"oct\",\"k\":\"AAAA\"}]}", 27));
    assert_null(auth_of(text.ptr, NULL));
    sc_text_free(&text);
}

static void a_kid_before_a_set_is_refused(void **state)
{
    sc_verify_key_t files[] = {{.id = (char[]){"k"},
                                .path = (char[]){"keys.json"},
                                .text = (char[]){"{\"kty\":\"oct\",\"k\":\"AAAA\"}"}}};
    sc_options_t options = {.auth_verify_keys = {files, 1}};
    sc_auth_t *auth;

    (void)state;
    assert_null(sc_auth_new(&options));
    files[0].id = NULL;
    auth = sc_auth_new(&options);
    assert_non_null(auth);
    sc_auth_free(auth);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_kinds_of_keys_of_a_set_verify),
        cmocka_unit_test(a_key_s_alg_and_use_are_kept_to),
        cmocka_unit_test(a_single_key_is_a_set_of_one),
        cmocka_unit_test(the_secret_of_rfc_7515_verifies_its_token),
        cmocka_unit_test(the_curve_of_rfc_7515_verifies_its_token),
        cmocka_unit_test(malformed_sets_are_refused),
        cmocka_unit_test(a_kid_before_a_set_is_refused),
    };

    return cmocka_run_group_tests(tests, make_keys, free_keys);
}
