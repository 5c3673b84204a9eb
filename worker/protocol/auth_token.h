/*
 * auth_token.h: auth tokens (JWT, RFC 7519), signed and verified with libjwt: the only file that knows it.
 * Which algorithms count is fixed by the keys and options, never by a token's header (docs/protocol.md, "Tokens (JWT)"):
 *
 *   key                    without authAlgorithm, accepted   signed with
 *   authKey                HS256 HS384 HS512                 HS256
 *   pair, RSA              RS256 RS384 RS512                 RS256
 *   pair, P-256            ES256                             ES256   (P-384: ES384, P-521: ES512)
 *
 * With authAlgorithm only that one counts. A key pair, where there is one, counts in place of authKey.
 *
 * libjwt sets limits of its own. It writes a token's claims sorted by name. It refuses (AuthTokenError) a `typ` other than
 * "JWT", and claims with integers beyond 64 bits, numbers beyond a double, "\u0000" or half a surrogate pair.
 */
#ifndef SC_PROTOCOL_AUTH_TOKEN_H
#define SC_PROTOCOL_AUTH_TOKEN_H

#include "common/option_table.h"

#include <sc/json.h>

/** Longest token. libjwt works on the stack, with several times this much. Longer ones are an AuthTokenInvalidError. */
#define SC_TOKEN_BYTES_MAX 65536
/** Longest claims that are signed, written compactly: what fits into SC_TOKEN_BYTES_MAX with any key. */
#define SC_TOKEN_CLAIMS_BYTES_MAX 45056

typedef struct sc_auth sc_auth_t;

/**
 * Takes keys and algorithm from the options: authKey, or authPrivateKey and authPublicKey (already read from their files).
 * authPublicKey alone verifies only. All is copied.
 *
 * @return NULL: a key can't be read, does not fit authAlgorithm, is a PEM key in authKey's place, or is missing (logged,
 *         the option named)
 */
sc_auth_t *sc_auth_new(const sc_options_t *options);
void sc_auth_free(sc_auth_t *auth);

typedef enum sc_token_verdict {
    SC_TOKEN_GOOD,
    SC_TOKEN_EXPIRED,    /* AuthTokenExpiredError, with `expiry` */
    SC_TOKEN_NOT_BEFORE, /* AuthTokenNotBeforeError, with `date`; the one that is not bad */
    SC_TOKEN_INVALID,    /* AuthTokenInvalidError */
    SC_TOKEN_ERROR,      /* AuthTokenError */
} sc_token_verdict_t;

typedef struct sc_token {
    sc_token_verdict_t verdict;
    const char *message; /* of the error, static */
    sc_text_t
        claims; /* GOOD: the payload as JSON text, an object, as it stood in the token; else empty */
    double
        expires_s; /* GOOD, EXPIRED: `exp`; 0: it has none. Seconds since 1970, maybe with a fraction */
    double date_s; /* NOT_BEFORE: `nbf` */
} sc_token_t;

/**
 * Verifies a signed token. The checks and their order are those of docs/protocol.md, "Verifying".
 *
 * @param text  the token's characters (a JSON string's content, unescaped)
 * @param now_s  whole seconds since 1970
 * @param token  filled; sc_token_deinit when done
 */
void sc_auth_verify(const sc_auth_t *auth, sc_str_t text, int64_t now_s, sc_token_t *token);
void sc_token_deinit(sc_token_t *token);
/** A JSON value that is no string where a token should be: the verdict for it (docs/protocol.md,
 *  "Authentication packets"). `is_missing`: none, null or the empty string. */
void sc_token_refuse_value(sc_token_t *token, bool is_missing);

/**
 * Signs claims (docs/protocol.md, "Signing").
 *
 * @param claims     JSON text; must be an object. A numeric `iat` or `exp` in it stays
 * @param expires_s  lifetime in seconds, from `iat` on; 0: authDefaultExpiry. Means nothing if the claims have `exp`
 * @param now_s      whole seconds since 1970
 * @param signed_text   the token is added to it
 * @param final_claims  the claims with `iat` and `exp` are added to it (order: the application's, iat, exp)
 * @param expires_at_s  set to `exp`
 * @return SC_OK; SC_ERR_INVALID: not an object, `iat` or `exp` not a number, over SC_TOKEN_CLAIMS_BYTES_MAX, there is only
 *         a public key, or libjwt refused (logged without contents). Nothing was added then
 */
SC_MUST_CHECK sc_status_t sc_auth_sign(const sc_auth_t *auth, sc_str_t claims, uint32_t expires_s,
                                       int64_t now_s, sc_text_t *signed_text,
                                       sc_text_t *final_claims, double *expires_at_s);

#endif
