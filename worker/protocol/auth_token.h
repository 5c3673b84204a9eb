/*
 * auth_token.h: auth tokens (JWT, RFC 7519), signed and verified. Which keys and algorithms count is fixed by the options, never
 * by a token's header, which only chooses among them (docs/protocol.md, "Tokens (JWT)").
 *
 * libjwt, which makes and checks most signatures, sets limits of its own. It writes a token's claims sorted by name. It refuses
 * (AuthTokenError) a `typ` other than "JWT", and claims with integers beyond 64 bits, numbers beyond a double, "\u0000" or half a
 * surrogate pair.
 */
#ifndef SC_PROTOCOL_AUTH_TOKEN_H
#define SC_PROTOCOL_AUTH_TOKEN_H

#include "common/option_table.h"

#include <sc/json.h>
#include <sc/socket.h>

/** Longest token. libjwt works on the stack, with several times this much. Longer ones are an AuthTokenInvalidError. */
#define SC_TOKEN_BYTES_MAX 65536
/** Longest claims that are signed, written compactly: what fits into SC_TOKEN_BYTES_MAX with any key. */
#define SC_TOKEN_CLAIMS_BYTES_MAX 45056

typedef struct sc_auth sc_auth_t; /* auth_keys.h */

/**
 * Takes keys and algorithms from the options: authKey, or authPrivateKey and authPublicKey, and what authVerifyKeyFiles names
 * (all already read from their files: common/option_secret.h). All is copied. A set never changes: to replace the keys of a
 * running worker make another one, put it in worker->auth and free this one, at any time but within a call.
 *
 * @return NULL: a key can't be read, is too short, does not fit the algorithms, is public in a secret's place, or is missing
 *         (logged, the option named)
 */
sc_auth_t *sc_auth_new(const sc_options_t *options);
void sc_auth_free(sc_auth_t *auth);
/** Whether sc_auth_new will take the options: for the master, which makes no set. Warns of short secrets.
 *  @return SC_OK; SC_ERR_INVALID (logged, the option named) */
SC_MUST_CHECK sc_status_t sc_auth_check(const sc_options_t *options);

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

/** A claim that must be a number if it is there. @return SC_ERR_NOT_FOUND: it is not; SC_ERR_INVALID: no number */
SC_MUST_CHECK sc_status_t sc_token_number_claim(sc_str_t claims, const char *name, double *number);

/**
 * Signs claims (docs/protocol.md, "Signing").
 *
 * @param claims     JSON text; must be an object. A numeric `iat` or `exp` in it stays
 * @param how        `expires_s`: 0: authDefaultExpiry; means nothing if the claims have `exp`. `size` is not looked at
 * @param now_s      whole seconds since 1970
 * @param signed_text   the token is added to it
 * @param final_claims  the claims with `iat` and `exp` are added to it (order: the application's, iat, exp)
 * @param expires_at_s  set to `exp`; never 0
 * @return SC_OK; SC_ERR_INVALID: not an object, `iat` or `exp` not a number, over SC_TOKEN_CLAIMS_BYTES_MAX, there is no key
 *         that signs, not with that algorithm, or libjwt refused (logged without contents). Nothing was added then
 */
SC_MUST_CHECK sc_status_t sc_auth_sign(const sc_auth_t *auth, sc_str_t claims,
                                       const sc_token_options_t *how, int64_t now_s,
                                       sc_text_t *signed_text, sc_text_t *final_claims,
                                       double *expires_at_s);

#endif
