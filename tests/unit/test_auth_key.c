/*
 * test_auth_key.c: keys by file: each kind signs and verifies with its own algorithms alone, and what does not fit together
 * stops the start (docs/protocol.md, "Tokens (JWT)").
 */
#include "common/base64url.h"
#include "tests/unit/auth_fixture.h"
#include "worker/protocol/auth_key.h"
#include "worker/protocol/auth_token.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const sc_token_options_t defaults;

static sc_auth_t *auth_of(const char *private_pem, const char *public_pem, const char *algorithm)
{
    sc_options_t options = {.auth_default_expiry_s = 60};

    options.auth_private_key = (char *)(uintptr_t)private_pem;
    options.auth_public_key = (char *)(uintptr_t)public_pem;
    options.auth_algorithm = (char *)(uintptr_t)algorithm;
    return sc_auth_new(&options);
}

static sc_auth_t *auth_of_key(EVP_PKEY *pkey, const char *algorithm)
{
    pems_t pems = pems_of(pkey);
    sc_auth_t *auth = auth_of(pems.private_pem, pems.public_pem, algorithm);

    free_pems(&pems);
    return auth;
}

/** What the key signs when `algorithm` (NULL: none) is pinned begins with `header`, and is taken. */
static void assert_signs(EVP_PKEY *pkey, const char *algorithm, const char *header)
{
    sc_auth_t *auth = auth_of_key(pkey, algorithm);
    sc_text_t text;

    assert_non_null(auth);
    text = sign_bob(auth, NULL);
    assert_true(sc_str_starts_with(sc_text_str(&text), sc_str_from(header)));
    assert_verdict(auth, sc_text_str(&text), SC_TOKEN_GOOD, NULL);
    text.ptr[text.len - 20] = (char)(text.ptr[text.len - 20] == 'A' ? 'B' : 'A');
    assert_verdict(auth, sc_text_str(&text), SC_TOKEN_INVALID, "invalid signature");
    text.len -= 4;
    assert_verdict(auth, sc_text_str(&text), SC_TOKEN_INVALID, "invalid signature");
    sc_text_free(&text);
    sc_auth_free(auth);
}

#define RS256_HEADER "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9."
#define RS384_HEADER "eyJhbGciOiJSUzM4NCIsInR5cCI6IkpXVCJ9."
#define RS512_HEADER "eyJhbGciOiJSUzUxMiIsInR5cCI6IkpXVCJ9."
#define PS256_HEADER "eyJhbGciOiJQUzI1NiIsInR5cCI6IkpXVCJ9."
#define PS384_HEADER "eyJhbGciOiJQUzM4NCIsInR5cCI6IkpXVCJ9."
#define PS512_HEADER "eyJhbGciOiJQUzUxMiIsInR5cCI6IkpXVCJ9."
#define ES256_HEADER "eyJhbGciOiJFUzI1NiIsInR5cCI6IkpXVCJ9."
#define ES384_HEADER "eyJhbGciOiJFUzM4NCIsInR5cCI6IkpXVCJ9."
#define ES512_HEADER "eyJhbGciOiJFUzUxMiIsInR5cCI6IkpXVCJ9."

static void a_pair_signs_with_what_it_is_for(void **state)
{
    (void)state;
    assert_signs(keys.rsa, NULL, RS256_HEADER);
    assert_signs(keys.rsa, "RS256", RS256_HEADER);
    assert_signs(keys.rsa, "RS384", RS384_HEADER);
    assert_signs(keys.rsa, "RS512", RS512_HEADER);
    assert_signs(keys.rsa, "PS256", PS256_HEADER);
    assert_signs(keys.rsa, "PS384", PS384_HEADER);
    assert_signs(keys.rsa, "PS512", PS512_HEADER);
    assert_signs(keys.p384, NULL, ES384_HEADER);
    assert_signs(keys.p521, "ES512", ES512_HEADER);
    for (int round = 0; round < 40; round++) { /* numbers of a signature may begin with zeros */
        assert_signs(keys.p256, NULL, ES256_HEADER);
        assert_signs(keys.p521, NULL, ES512_HEADER);
    }
}

static void without_a_pinned_algorithm_all_of_the_kind_are_taken(void **state)
{
    sc_auth_t *any = auth_of_key(keys.rsa, NULL);
    sc_auth_t *pinned = auth_of_key(keys.rsa, "RS512");
    sc_auth_t *other = auth_of_key(keys.rsa_other, NULL);
    sc_auth_t *curve = auth_of_key(keys.p256, NULL);
    sc_text_t rs512 = sign_bob(pinned, NULL);
    sc_text_t rs256 = sign_bob(any, NULL);

    (void)state;
    assert_verdict(any, sc_text_str(&rs512), SC_TOKEN_GOOD, NULL);
    assert_verdict(pinned, sc_text_str(&rs512), SC_TOKEN_GOOD, NULL);
    assert_verdict(pinned, sc_text_str(&rs256), SC_TOKEN_INVALID, "invalid algorithm");
    assert_verdict(other, sc_text_str(&rs256), SC_TOKEN_INVALID, "invalid signature");
    assert_verdict(curve, sc_text_str(&rs256), SC_TOKEN_INVALID, "invalid algorithm");
    sc_text_free(&rs512);
    sc_text_free(&rs256);
    sc_auth_free(any);
    sc_auth_free(pinned);
    sc_auth_free(other);
    sc_auth_free(curve);
}

static void a_signature_has_one_form(void **state)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    sc_auth_t *auth = auth_of_key(keys.rsa, NULL);
    sc_text_t text = sign_bob(auth, NULL);
    char *last = &text.ptr[text.len - 1]; /* 256 bytes: its lower four bits stand for nothing */

    (void)state;
    assert_int_equal((strchr(digits, *last) - digits) % 16, 0);
    *last = *(strchr(digits, *last) + 1);
    assert_verdict(auth, sc_text_str(&text), SC_TOKEN_INVALID, "invalid signature");
    sc_text_free(&text);
    sc_auth_free(auth);
}

static void a_curve_takes_no_other_curves_algorithm(void **state)
{
    sc_auth_t *p256 = auth_of_key(keys.p256, NULL);
    sc_auth_t *p384 = auth_of_key(keys.p384, NULL);
    sc_text_t text = sign_bob(p256, NULL);

    (void)state;
    assert_verdict(p384, sc_text_str(&text), SC_TOKEN_INVALID, "invalid algorithm");
    sc_text_free(&text);
    sc_auth_free(p256);
    sc_auth_free(p384);
}

/** Base64url of bytes, from OpenSSL's base64. */
static void an_hmac_made_with_the_public_key_is_refused(void **state)
{
    static const char *const headers[] = {"{\"alg\":\"HS256\",\"typ\":\"JWT\"}",
                                          "{\"alg\":\"RS256\",\"typ\":\"JWT\"}",
                                          "{\"alg\":\"RS256\",\"alg\":\"HS256\"}"};
    static const char *const messages[] = {"invalid algorithm", "invalid signature",
                                           "invalid algorithm"};
    pems_t pems = pems_of(keys.rsa);
    sc_auth_t *auth = auth_of(pems.private_pem, pems.public_pem, NULL);

    (void)state;
    for (size_t i = 0; i < COUNT(headers); i++) {
        unsigned char mac[EVP_MAX_MD_SIZE];
        unsigned mac_len = 0;
        sc_text_t text = {0};

        sc_base64url_add_encoded(&text, headers[i], strlen(headers[i]));
        sc_text_add(&text, SC_STR(".eyJ1c2VybmFtZSI6ImJvYiJ9"));
        assert_non_null(HMAC(EVP_sha256(), pems.public_pem, (int)strlen(pems.public_pem),
                             (unsigned char *)text.ptr, text.len, mac, &mac_len));
        sc_text_add(&text, SC_STR("."));
        sc_base64url_add_encoded(&text, mac, mac_len);
        assert_verdict(auth, sc_text_str(&text), SC_TOKEN_INVALID, messages[i]);
        sc_text_free(&text);
    }
    sc_auth_free(auth);
    free_pems(&pems);
}

static void a_public_key_alone_verifies_and_does_not_sign(void **state)
{
    pems_t pems = pems_of(keys.p256);
    sc_auth_t *signer = auth_of(pems.private_pem, pems.public_pem, NULL);
    sc_auth_t *verifier = auth_of(NULL, pems.public_pem, NULL);
    sc_text_t text = sign_bob(signer, NULL);
    sc_text_t claims = {0};
    double expires_s;

    (void)state;
    assert_verdict(verifier, sc_text_str(&text), SC_TOKEN_GOOD, NULL);
    sc_text_clear(&text);
    assert_int_equal(
        sc_auth_sign(verifier, SC_STR("{}"), &defaults, NOW_S, &text, &claims, &expires_s),
        SC_ERR_INVALID);
    assert_int_equal(text.len, 0);
    sc_text_free(&text);
    sc_auth_free(signer);
    sc_auth_free(verifier);
    free_pems(&pems);
}

static char *certificate_of(EVP_PKEY *pkey)
{
    X509 *certificate = X509_new();
    BIO *bio = BIO_new(BIO_s_mem());

    assert_int_equal(X509_set_pubkey(certificate, pkey), 1);
    assert_non_null(X509_gmtime_adj(X509_getm_notBefore(certificate), 0));
    assert_non_null(X509_gmtime_adj(X509_getm_notAfter(certificate), 3600));
    assert_true(X509_sign(certificate, pkey, EVP_sha256()) > 0);
    assert_int_equal(PEM_write_bio_X509(bio, certificate), 1);
    X509_free(certificate);
    return take_text(bio);
}

static void certificates_are_taken_as_public_keys(void **state)
{
    EVP_PKEY *const pkeys[] = {keys.rsa, keys.p256};

    (void)state;
    for (size_t i = 0; i < COUNT(pkeys); i++) {
        pems_t pems = pems_of(pkeys[i]);
        char *certificate = certificate_of(pkeys[i]);
        sc_auth_t *auth = auth_of(pems.private_pem, certificate, NULL);
        sc_text_t text;

        assert_non_null(auth);
        text = sign_bob(auth, NULL);
        assert_verdict(auth, sc_text_str(&text), SC_TOKEN_GOOD, NULL);
        sc_text_free(&text);
        sc_auth_free(auth);
        free(certificate);
        free_pems(&pems);
    }
}

/** PEM of the older forms: "RSA PRIVATE KEY", "EC PRIVATE KEY", "RSA PUBLIC KEY". */
static char *old_private(EVP_PKEY *pkey)
{
    BIO *bio = BIO_new(BIO_s_mem());

    assert_int_equal(PEM_write_bio_PrivateKey_traditional(bio, pkey, NULL, NULL, 0, NULL, NULL), 1);
    return take_text(bio);
}

static char *old_rsa_public(EVP_PKEY *pkey)
{
    unsigned char *der = NULL;
    int len = i2d_PublicKey(pkey, &der);
    BIO *bio = BIO_new(BIO_s_mem());

    assert_true(len > 0);
    assert_true(PEM_write_bio(bio, "RSA PUBLIC KEY", "", der, len) > 0);
    OPENSSL_free(der);
    return take_text(bio);
}

static void older_forms_of_pem_are_read(void **state)
{
    char *rsa_private = old_private(keys.rsa);
    char *rsa_public = old_rsa_public(keys.rsa);
    char *ec_private = old_private(keys.p256);
    pems_t ec = pems_of(keys.p256);
    sc_auth_t *rsa_auth = auth_of(rsa_private, rsa_public, NULL);
    sc_auth_t *ec_auth = auth_of(ec_private, ec.public_pem, NULL);
    sc_text_t text;

    (void)state;
    assert_non_null(strstr(rsa_private, "BEGIN RSA PRIVATE KEY"));
    assert_non_null(rsa_auth);
    text = sign_bob(rsa_auth, NULL);
    assert_verdict(rsa_auth, sc_text_str(&text), SC_TOKEN_GOOD, NULL);
    sc_text_free(&text);
    assert_non_null(ec_auth);
    text = sign_bob(ec_auth, NULL);
    assert_verdict(ec_auth, sc_text_str(&text), SC_TOKEN_GOOD, NULL);
    sc_text_free(&text);
    sc_auth_free(rsa_auth);
    sc_auth_free(ec_auth);
    free(rsa_private);
    free(rsa_public);
    free(ec_private);
    free_pems(&ec);
}

static void keys_that_do_not_fit_together_are_refused(void **state)
{
    pems_t rsa = pems_of(keys.rsa);
    pems_t other = pems_of(keys.rsa_other);
    pems_t p256 = pems_of(keys.p256);
    char *rsa_old = old_private(keys.rsa);
    char *p256_old = old_private(keys.p256);

    (void)state;
    assert_null(auth_of(NULL, rsa_old, NULL));
    assert_null(auth_of(NULL, p256_old, NULL));
    assert_null(auth_of(rsa.private_pem, other.public_pem, NULL));
    assert_null(auth_of(rsa.private_pem, p256.public_pem, NULL));
    assert_null(auth_of(rsa.private_pem, NULL, NULL));
    assert_null(auth_of(rsa.public_pem, rsa.public_pem, NULL));
    assert_null(auth_of(rsa.private_pem, rsa.private_pem, NULL));
    assert_null(auth_of(NULL, rsa.private_pem, NULL));
    assert_null(auth_of(NULL, "", NULL));
    assert_null(auth_of("", rsa.public_pem, NULL));
    assert_null(
        auth_of(NULL, "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", NULL));
    assert_null(
        auth_of(NULL, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", NULL));
    assert_null(auth_of_key(keys.secp256k1, NULL));
    assert_null(auth_of_key(keys.ed25519, NULL));
    assert_null(auth_of_key(keys.rsa_short, NULL));
    free(rsa_old);
    free(p256_old);
    free_pems(&rsa);
    free_pems(&other);
    free_pems(&p256);
}

static void algorithms_that_do_not_fit_the_key_are_refused(void **state)
{
    sc_options_t options = {.auth_key = (char[]){"secret"}, .auth_algorithm = (char[]){"RS256"}};

    (void)state;
    assert_null(auth_of_key(keys.rsa, "HS256"));
    assert_null(auth_of_key(keys.rsa, "ES256"));
    assert_null(auth_of_key(keys.rsa, "none"));
    assert_null(auth_of_key(keys.p256, "ES384"));
    assert_null(auth_of_key(keys.p521, "ES256"));
    assert_null(auth_of_key(keys.p256, "RS256"));
    assert_null(sc_auth_new(&options));
}

static void a_pem_key_is_no_secret(void **state)
{
    pems_t pems = pems_of(keys.rsa);
    sc_options_t options = {.auth_key = pems.public_pem, .auth_algorithm = (char[]){"HS256"}};

    (void)state;
    assert_null(sc_auth_new(&options));
    options.auth_key = pems.private_pem;
    options.auth_algorithm = NULL;
    assert_null(sc_auth_new(&options));
    options.auth_key = NULL;
    assert_null(sc_auth_new(&options));
    options.auth_key = (char[]){""};
    assert_null(sc_auth_new(&options));
    free_pems(&pems);
}

static void public_keys_of_other_forms_are_no_secrets(void **state)
{
    static const char *const texts[] = {
        "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQC7 user@host",
        "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTY= user@host",
        "{\"keys\":[{\"kty\":\"RSA\"}]}",
        " {\"kty\":\"oct\",\"k\":\"AAAA\"}\n",
    };
    sc_options_t options = {0};

    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        options.auth_key = (char *)(uintptr_t)texts[i];
        assert_null(sc_auth_new(&options));
    }
}

static void a_secret_may_have_any_look_that_is_no_public_key(void **state)
{
    static const char *const texts[] = {"k",   "{\"a\":1}", "{",       "ssh-",
                                        "kty", "ssh-rsa",   "keys\xff"};
    sc_options_t options = {.auth_default_expiry_s = 60};

    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        sc_auth_t *auth;
        sc_text_t text;

        options.auth_key = (char *)(uintptr_t)texts[i];
        auth = sc_auth_new(&options);
        assert_non_null(auth);
        text = sign_bob(auth, NULL);
        assert_verdict(auth, sc_text_str(&text), SC_TOKEN_GOOD, NULL);
        sc_text_free(&text);
        sc_auth_free(auth);
    }
}

static void a_key_with_a_pass_phrase_is_refused_without_asking(void **state)
{
    BIO *bio = BIO_new(BIO_s_mem());
    pems_t pems = pems_of(keys.rsa);
    char *locked;

    (void)state;
    assert_int_equal(PEM_write_bio_PrivateKey(bio, keys.rsa, EVP_aes_128_cbc(),
                                              (const unsigned char *)"pass", 4, NULL, NULL),
                     1);
    locked = take_text(bio);
    assert_null(auth_of(locked, pems.public_pem, NULL));
    free(locked);
    free_pems(&pems);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pair_signs_with_what_it_is_for),
        cmocka_unit_test(without_a_pinned_algorithm_all_of_the_kind_are_taken),
        cmocka_unit_test(a_signature_has_one_form),
        cmocka_unit_test(a_curve_takes_no_other_curves_algorithm),
        cmocka_unit_test(an_hmac_made_with_the_public_key_is_refused),
        cmocka_unit_test(a_public_key_alone_verifies_and_does_not_sign),
        cmocka_unit_test(certificates_are_taken_as_public_keys),
        cmocka_unit_test(older_forms_of_pem_are_read),
        cmocka_unit_test(keys_that_do_not_fit_together_are_refused),
        cmocka_unit_test(algorithms_that_do_not_fit_the_key_are_refused),
        cmocka_unit_test(a_pem_key_is_no_secret),
        cmocka_unit_test(public_keys_of_other_forms_are_no_secrets),
        cmocka_unit_test(a_secret_may_have_any_look_that_is_no_public_key),
        cmocka_unit_test(a_key_with_a_pass_phrase_is_refused_without_asking),
    };

    return cmocka_run_group_tests(tests, make_keys, free_keys);
}
