/*
 * auth_fixture.h: keys of all kinds, made with OpenSSL once per test program, and tokens of them.
 */
#ifndef SC_TESTS_AUTH_FIXTURE_H
#define SC_TESTS_AUTH_FIXTURE_H

#include "worker/protocol/auth_token.h"

#include <openssl/evp.h>

#define NOW_S 1700000000

typedef struct auth_keys {
    EVP_PKEY *rsa, *rsa_other, *rsa_short, *p256, *p384, *p521, *secp256k1, *ed25519;
} auth_keys_t;

extern auth_keys_t keys;

/** For the group: RSA keys take their time. */
int make_keys(void **state);
int free_keys(void **state);

/** PEM texts of one key. */
typedef struct pems {
    char *private_pem, *public_pem;
} pems_t;

pems_t pems_of(EVP_PKEY *pkey);
void free_pems(pems_t *pems);
/** What is in a BIO, which is freed. */
char *take_text(BIO *bio);

/** A token of {"username":"bob"}, signed with the set's key. @param algorithm  NULL: the default */
sc_text_t sign_bob(const sc_auth_t *auth, const char *algorithm);
/** @param message  of the error; NULL: the token is bob's */
void assert_verdict(const sc_auth_t *auth, sc_str_t text, sc_token_verdict_t verdict,
                    const char *message);

#endif
