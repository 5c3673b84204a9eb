/*
 * auth_signature.h: makes and checks the signatures of tokens: HS, RS and ES with libjwt, of which no other file knows, and PS,
 * which libjwt 1.10 lacks, with OpenSSL.
 */
#ifndef SC_PROTOCOL_AUTH_SIGNATURE_H
#define SC_PROTOCOL_AUTH_SIGNATURE_H

#include "worker/protocol/auth_key.h"

#include <sc/json.h>

/**
 * Whether a token was signed with a key.
 *
 * @param algorithm  of the token's header, and one of the key's
 * @param token      NUL-terminated; three parts of base64url, header and payload decode to JSON objects
 */
bool sc_auth_signature_is_good(const sc_auth_key_t *key, const sc_auth_algorithm_t *algorithm,
                               const char *token);

/**
 * Signs claims.
 *
 * @param key_id  `kid` of the header; NULL: none
 * @param claims  NUL-terminated JSON, an object
 * @param token   the signed token is added
 * @return SC_OK; SC_ERR_INVALID: libjwt refused the claims
 */
SC_MUST_CHECK sc_status_t sc_auth_signature_make(const sc_auth_key_t *key,
                                                 const sc_auth_algorithm_t *algorithm,
                                                 const char *key_id, const char *claims,
                                                 sc_text_t *token);

#endif
