#include "tests/unit/auth_fixture.h"

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

auth_keys_t keys;

int make_keys(void **state)
{
    (void)state;
    keys.rsa = EVP_RSA_gen(2048);
    keys.rsa_other = EVP_RSA_gen(2048);
    keys.rsa_short = EVP_RSA_gen(1024);
    keys.p256 = EVP_EC_gen("P-256");
    keys.p384 = EVP_EC_gen("P-384");
    keys.p521 = EVP_EC_gen("P-521");
    keys.secp256k1 = EVP_EC_gen("secp256k1");
    keys.ed25519 = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    return keys.rsa != NULL && keys.rsa_other != NULL && keys.rsa_short != NULL &&
                   keys.p256 != NULL && keys.p384 != NULL && keys.p521 != NULL &&
                   keys.secp256k1 != NULL && keys.ed25519 != NULL
               ? 0
               : -1;
}

int free_keys(void **state)
{
    (void)state;
    EVP_PKEY_free(keys.rsa);
    EVP_PKEY_free(keys.rsa_other);
    EVP_PKEY_free(keys.rsa_short);
    EVP_PKEY_free(keys.p256);
    EVP_PKEY_free(keys.p384);
    EVP_PKEY_free(keys.p521);
    EVP_PKEY_free(keys.secp256k1);
    EVP_PKEY_free(keys.ed25519);
    return 0;
}

char *take_text(BIO *bio)
{
    char *bytes;
    long len = BIO_get_mem_data(bio, &bytes);
    char *text = malloc((size_t)len + 1);

    assert_non_null(text);
    memcpy(text, bytes, (size_t)len);
    text[len] = '\0';
    BIO_free(bio);
    return text;
}

pems_t pems_of(EVP_PKEY *pkey)
{
    BIO *private_bio = BIO_new(BIO_s_mem());
    BIO *public_bio = BIO_new(BIO_s_mem());
    pems_t pems;

    assert_int_equal(PEM_write_bio_PrivateKey(private_bio, pkey, NULL, NULL, 0, NULL, NULL), 1);
    assert_int_equal(PEM_write_bio_PUBKEY(public_bio, pkey), 1);
    pems.private_pem = take_text(private_bio);
    pems.public_pem = take_text(public_bio);
    return pems;
}

void free_pems(pems_t *pems)
{
    free(pems->private_pem);
    free(pems->public_pem);
}

sc_text_t sign_bob(const sc_auth_t *auth, const char *algorithm)
{
    sc_token_options_t how = {.algorithm = algorithm};
    sc_text_t text = {0}, claims = {0};
    double expires_s;

    assert_int_equal(sc_auth_sign(auth, SC_STR("{\"username\":\"bob\"}"), &how, NOW_S, &text,
                                  &claims, &expires_s),
                     SC_OK);
    sc_text_free(&claims);
    return text;
}

void assert_verdict(const sc_auth_t *auth, sc_str_t text, sc_token_verdict_t verdict,
                    const char *message)
{
    sc_token_t token;

    sc_auth_verify(auth, text, NOW_S, &token);
    if (token.verdict != verdict || (message != NULL && strcmp(token.message, message) != 0))
        fail_msg("%d (%s) instead of %d (%s): %.*s", token.verdict, token.message, verdict, message,
                 SC_STR_ARG(text));
    if (message == NULL)
        assert_true(sc_str_equal(sc_json_member(sc_text_str(&token.claims), "username"),
                                 SC_STR("\"bob\"")));
    sc_token_deinit(&token);
}
