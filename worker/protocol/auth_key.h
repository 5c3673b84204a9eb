/*
 * auth_key.h: PEM keys that sign and verify auth tokens: what they are good for, and their text in the one form that
 * libjwt reads.
 */
#ifndef SC_PROTOCOL_AUTH_KEY_H
#define SC_PROTOCOL_AUTH_KEY_H

#include <sc/types.h>

/** Which algorithms (RFC 7518, 3.1) a key is for. A curve has one. */
typedef enum sc_auth_family {
    SC_AUTH_HS, /* a secret: HS256, HS384, HS512 */
    SC_AUTH_RS, /* RSA: RS256, RS384, RS512 */
    SC_AUTH_ES256,
    SC_AUTH_ES384,
    SC_AUTH_ES512,
} sc_auth_family_t;

/** Zero is none. */
typedef struct sc_auth_key {
    char *bytes; /* NUL-terminated; the secret, or PEM */
    size_t len;
    sc_auth_family_t family;
} sc_auth_key_t;

/** A shared secret; copied. */
void sc_auth_key_set_secret(sc_auth_key_t *key, sc_str_t secret);
/** Whether a text has the looks of a PEM key: then it must not be taken for a secret. */
bool sc_auth_key_is_pem(sc_str_t text);

/**
 * Reads the private key of `private_pem` (PKCS #8, PKCS #1 or SEC 1, without a pass phrase; may be NULL: none) and the
 * public key of `public_pem` (SubjectPublicKeyInfo, PKCS #1 or a certificate).
 *
 * @return SC_OK; SC_ERR_INVALID: one can't be read, is for no algorithm of ours, or they are no pair (logged)
 */
SC_MUST_CHECK sc_status_t sc_auth_key_read_pair(const char *private_pem, const char *public_pem,
                                                sc_auth_key_t *private_key,
                                                sc_auth_key_t *public_key);

/** Wipes and frees the key's bytes. */
void sc_auth_key_deinit(sc_auth_key_t *key);

#endif
