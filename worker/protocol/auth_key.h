/*
 * auth_key.h: one key that signs or verifies auth tokens: what it is good for, and its text in the one form that libjwt reads.
 */
#ifndef SC_PROTOCOL_AUTH_KEY_H
#define SC_PROTOCOL_AUTH_KEY_H

#include "worker/protocol/auth_algorithm.h"

struct evp_pkey_st; /* EVP_PKEY of OpenSSL */

/** Zero is none. */
typedef struct sc_auth_key {
    char *origin; /* for the log: "authKey", "authVerifyKeyFiles: FILE" */
    char *id;     /* `kid`; NULL: it has none */
    char *bytes;  /* NUL-terminated; the secret, or PEM */
    size_t len;
    struct evp_pkey_st *pkey; /* of a secret NULL */
    sc_auth_family_t family;
    sc_auth_algorithms_t algorithms; /* what it may be used with */
    bool is_of_set;                  /* of a JWKS, whose other keys do as well */
} sc_auth_key_t;

/** What the log shall call the key; copied. */
void sc_auth_key_set_origin(sc_auth_key_t *key, const char *origin);
/** A shared secret; copied. */
void sc_auth_key_set_secret(sc_auth_key_t *key, sc_str_t secret);
/** Whether a text has the looks of a PEM key: then it must not be taken for a secret. */
bool sc_auth_key_is_pem(sc_str_t text);
/** Whether it has the looks of any form of key that others may have: PEM, OpenSSH, JWK or JWKS. */
bool sc_auth_key_is_public_form(sc_str_t text);

/**
 * Takes a key of OpenSSL.
 *
 * @param pkey  freed with the key, or here; NULL: it could not be read
 * @return SC_OK; SC_ERR_INVALID: it is for no algorithm of ours, or too short (logged, with the key's origin)
 */
SC_MUST_CHECK sc_status_t sc_auth_key_take(sc_auth_key_t *key, struct evp_pkey_st *pkey,
                                           bool is_private);

/** Reads a public key (SubjectPublicKeyInfo, PKCS #1 or a certificate) of PEM. @return as sc_auth_key_take */
SC_MUST_CHECK sc_status_t sc_auth_key_read_public(sc_auth_key_t *key, const char *pem);

/**
 * Reads the private key of `private_pem` (PKCS #8, PKCS #1 or SEC 1, without a pass phrase; may be NULL: none) and the
 * public key of `public_pem` (as sc_auth_key_read_public).
 *
 * @return SC_OK; SC_ERR_INVALID: one can't be read, is for no algorithm of ours, or they are no pair (logged)
 */
SC_MUST_CHECK sc_status_t sc_auth_key_read_pair(const char *private_pem, const char *public_pem,
                                                sc_auth_key_t *private_key,
                                                sc_auth_key_t *public_key);

/** Wipes and frees the key. */
void sc_auth_key_deinit(sc_auth_key_t *key);

#endif
