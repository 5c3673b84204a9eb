/*
 * auth_token.c: verifies and signs auth tokens. All that decides whether a token may be looked at, its form, its algorithm,
 * its times, is checked here; libjwt is only asked whether the signature is right.
 */
#include "worker/protocol/auth_token.h"

#include "common/alloc.h"
#include "common/base64url.h"
#include "common/json_scan.h"
#include "worker/protocol/auth_key.h"

#include <jwt.h>
#include <math.h>
#include <openssl/err.h>
#include <sc/plugin.h>
#include <strings.h>

/** Numbers of seconds within this are integers in JavaScript and here. */
#define SECONDS_MAX 9007199254740992.0

typedef struct algorithm {
    const char *name;
    jwt_alg_t alg;
    sc_auth_family_t family;
} algorithm_t;

/** The first of a family is the one that signs unless authAlgorithm names another. */
static const algorithm_t algorithms[] = {
    {"HS256", JWT_ALG_HS256, SC_AUTH_HS},    {"HS384", JWT_ALG_HS384, SC_AUTH_HS},
    {"HS512", JWT_ALG_HS512, SC_AUTH_HS},    {"RS256", JWT_ALG_RS256, SC_AUTH_RS},
    {"RS384", JWT_ALG_RS384, SC_AUTH_RS},    {"RS512", JWT_ALG_RS512, SC_AUTH_RS},
    {"ES256", JWT_ALG_ES256, SC_AUTH_ES256}, {"ES384", JWT_ALG_ES384, SC_AUTH_ES384},
    {"ES512", JWT_ALG_ES512, SC_AUTH_ES512},
};
#define ALGORITHM_COUNT (sizeof(algorithms) / sizeof(algorithms[0]))

struct sc_auth {
    sc_auth_key_t signing;   /* no bytes: only a public key was given */
    sc_auth_key_t verifying; /* of HS: the same secret */
    const algorithm_t *only; /* the one that authAlgorithm pins; NULL: all of the key's family */
    const algorithm_t *signs_with; /* of the key's family */
    uint32_t default_expiry_s;
};

/* ---- Keys ------------------------------------------------------------------------------------------------------- */

static const algorithm_t *algorithm_by_name(const char *name)
{
    for (size_t i = 0; i < ALGORITHM_COUNT; i++) {
        if (strcmp(algorithms[i].name, name) == 0)
            return &algorithms[i];
    }
    return NULL;
}

static const algorithm_t *first_of_family(sc_auth_family_t family)
{
    const algorithm_t *algorithm = algorithms;

    while (algorithm->family != family)
        algorithm++;
    return algorithm;
}

static sc_status_t take_secret(sc_auth_t *auth, const sc_options_t *options)
{
    sc_str_t secret = sc_str_from(options->auth_key);

    if (secret.len == 0) {
        sc_log(SC_LOG_ERROR, "authKey: missing, and so are authPrivateKey and authPublicKey");
        return SC_ERR_INVALID;
    }
    /* A public key is no secret: whoever has it could sign. */
    if (sc_auth_key_is_pem(secret)) {
        sc_log(SC_LOG_ERROR,
               "authKey looks like a PEM key: give it as authPrivateKey or authPublicKey");
        return SC_ERR_INVALID;
    }
    sc_auth_key_set_secret(&auth->signing, secret);
    sc_auth_key_set_secret(&auth->verifying, secret);
    return SC_OK;
}

static sc_status_t take_keys(sc_auth_t *auth, const sc_options_t *options)
{
    if (options->auth_private_key == NULL && options->auth_public_key == NULL)
        return take_secret(auth, options);
    if (options->auth_public_key == NULL) {
        sc_log(SC_LOG_ERROR, "authPublicKey: missing, authPrivateKey is of no use without it");
        return SC_ERR_INVALID;
    }
    return sc_auth_key_read_pair(options->auth_private_key, options->auth_public_key,
                                 &auth->signing, &auth->verifying);
}

static sc_status_t take_algorithm(sc_auth_t *auth, const char *name)
{
    auth->signs_with = first_of_family(auth->verifying.family);
    if (name == NULL)
        return SC_OK;
    auth->only = algorithm_by_name(name);
    if (auth->only == NULL || auth->only->family != auth->verifying.family) {
        sc_log(SC_LOG_ERROR, "authAlgorithm: %s does not fit the key, which is for %s%s", name,
               auth->signs_with->name,
               auth->verifying.family <= SC_AUTH_RS ? " and its longer forms" : "");
        return SC_ERR_INVALID;
    }
    auth->signs_with = auth->only;
    return SC_OK;
}

sc_auth_t *sc_auth_new(const sc_options_t *options)
{
    sc_auth_t *auth = sc_new(sc_auth_t);

    auth->default_expiry_s = (uint32_t)options->auth_default_expiry_s;
    if (take_keys(auth, options) == SC_OK && take_algorithm(auth, options->auth_algorithm) == SC_OK)
        return auth;
    sc_auth_free(auth);
    return NULL;
}

void sc_auth_free(sc_auth_t *auth)
{
    if (auth == NULL)
        return;
    sc_auth_key_deinit(&auth->signing);
    sc_auth_key_deinit(&auth->verifying);
    free(auth);
}

/* ---- Verifying -------------------------------------------------------------------------------------------------- */

/** A token's three parts, and what its header says. */
typedef struct parts {
    sc_str_t header;
    sc_str_t payload;
    sc_str_t signature;
    const algorithm_t *algorithm; /* NULL: none that there is */
    bool has_type;                /* the header's `typ` is a string */
    bool is_type_jwt;             /* it says JWT, in any case of letters */
} parts_t;

/** Always false, for the callers' `return`. */
static bool refuse(sc_token_t *token, sc_token_verdict_t verdict, const char *message)
{
    token->verdict = verdict;
    token->message = message;
    return false;
}

static bool split(sc_str_t text, parts_t *parts)
{
    const char *end = text.ptr + text.len;
    const char *first = memchr(text.ptr, '.', text.len);
    const char *second = first != NULL ? memchr(first + 1, '.', (size_t)(end - first - 1)) : NULL;

    if (second == NULL || memchr(second + 1, '.', (size_t)(end - second - 1)) != NULL)
        return false;
    parts->header = sc_str(text.ptr, (size_t)(first - text.ptr));
    parts->payload = sc_str(first + 1, (size_t)(second - first - 1));
    parts->signature = sc_str(second + 1, (size_t)(end - second - 1));
    return true;
}

static bool check_form(sc_str_t text, parts_t *parts, sc_token_t *token)
{
    if (text.len == 0)
        return refuse(token, SC_TOKEN_INVALID, "jwt must be provided");
    if (text.len > SC_TOKEN_BYTES_MAX)
        return refuse(token, SC_TOKEN_INVALID, "invalid token");
    if (!split(text, parts))
        return refuse(token, SC_TOKEN_INVALID, "jwt malformed");
    if (parts->signature.len == 0)
        return refuse(token, SC_TOKEN_INVALID, "jwt signature is required");
    if (!sc_base64url_is_text(parts->header) || !sc_base64url_is_text(parts->payload) ||
        !sc_base64url_is_text(parts->signature))
        return refuse(token, SC_TOKEN_INVALID, "invalid token");
    return true;
}

/** Reads the header with the same parser that libjwt will use, so both take the same of two members of one name. */
static bool check_header(parts_t *parts, sc_token_t *token)
{
    sc_text_t text = {0};
    json_t *header = NULL;
    const char *type, *name;

    if (sc_base64url_is_canonical(parts->header)) {
        sc_base64url_add_decoded(&text, parts->header);
        header = json_loadb(text.ptr, text.len, 0, NULL);
        sc_text_free(&text);
    }
    if (!json_is_object(header)) {
        json_decref(header);
        return refuse(token, SC_TOKEN_INVALID, "invalid token");
    }
    type = json_string_value(json_object_get(header, "typ"));
    parts->has_type = type != NULL;
    parts->is_type_jwt = type != NULL && strcasecmp(type, "JWT") == 0;
    name = json_string_value(json_object_get(header, "alg"));
    parts->algorithm = name != NULL ? algorithm_by_name(name) : NULL;
    json_decref(header);
    return true;
}

static bool check_payload(const parts_t *parts, sc_token_t *token, sc_json_kind_t *kind)
{
    if (!sc_base64url_is_canonical(parts->payload))
        return refuse(token, SC_TOKEN_INVALID, "invalid token");
    sc_base64url_add_decoded(&token->claims, parts->payload);
    *kind = sc_json_check(sc_text_str(&token->claims));
    if (*kind != SC_JSON_NONE)
        return true;
    if (parts->is_type_jwt)
        return refuse(token, SC_TOKEN_ERROR, "The token's payload is not JSON");
    return refuse(token, SC_TOKEN_INVALID, "invalid token");
}

static bool check_algorithm(const sc_auth_t *auth, const parts_t *parts, sc_token_t *token)
{
    const algorithm_t *algorithm = parts->algorithm;

    if (algorithm == NULL || algorithm->family != auth->verifying.family ||
        (auth->only != NULL && algorithm != auth->only))
        return refuse(token, SC_TOKEN_INVALID, "invalid algorithm");
    return true;
}

/** Asks libjwt, which wants a text with a NUL. */
static bool is_signature_good(const sc_auth_t *auth, sc_str_t text, const parts_t *parts)
{
    char *terminated = sc_strdup(text);
    jwt_t *jwt = NULL;
    bool is_good = sc_base64url_is_canonical(parts->signature) &&
                   jwt_decode(&jwt, terminated, (const unsigned char *)auth->verifying.bytes,
                              (int)auth->verifying.len) == 0 &&
                   jwt_get_alg(jwt) == parts->algorithm->alg;

    if (jwt != NULL)
        jwt_free(jwt);
    free(terminated);
    /* What OpenSSL noted about a wrong signature would be taken for a failure of TLS. */
    ERR_clear_error();
    return is_good;
}

static bool check_signature(const sc_auth_t *auth, sc_str_t text, const parts_t *parts,
                            sc_token_t *token)
{
    json_t *document;

    if (parts->has_type && !parts->is_type_jwt)
        return refuse(token, SC_TOKEN_ERROR, "The token's type is not JWT");
    if (is_signature_good(auth, text, parts))
        return true;
    /* libjwt says the same of claims that it can't read. */
    document = json_loadb(token->claims.ptr, token->claims.len, 0, NULL);
    if (document == NULL)
        return refuse(token, SC_TOKEN_ERROR, "The token's payload can't be read");
    json_decref(document);
    return refuse(token, SC_TOKEN_INVALID, "invalid signature");
}

/** A claim that must be a number if it is there. @return SC_ERR_NOT_FOUND: it is not; SC_ERR_INVALID: no number */
static sc_status_t number_claim(sc_str_t claims, const char *name, double *number)
{
    sc_str_t text = sc_json_member(claims, name);
    json_t *value;
    bool is_number;

    if (sc_str_is_none(text))
        return SC_ERR_NOT_FOUND;
    value = sc_json_load(text);
    is_number = json_is_number(value);
    if (is_number)
        *number = json_number_value(value);
    json_decref(value);
    return is_number ? SC_OK : SC_ERR_INVALID;
}

static bool check_times(sc_token_t *token, double now_s)
{
    sc_str_t claims = sc_text_str(&token->claims);
    sc_status_t status = number_claim(claims, "nbf", &token->date_s);

    if (status == SC_ERR_INVALID)
        return refuse(token, SC_TOKEN_INVALID, "invalid nbf value");
    if (status == SC_OK && token->date_s > now_s)
        return refuse(token, SC_TOKEN_NOT_BEFORE, "jwt not active");
    status = number_claim(claims, "exp", &token->expires_s);
    if (status == SC_ERR_INVALID)
        return refuse(token, SC_TOKEN_INVALID, "invalid exp value");
    if (status == SC_OK && now_s >= token->expires_s)
        return refuse(token, SC_TOKEN_EXPIRED, "jwt expired");
    return true;
}

void sc_auth_verify(const sc_auth_t *auth, sc_str_t text, int64_t now_s, sc_token_t *token)
{
    parts_t parts = {.algorithm = NULL};
    sc_json_kind_t kind;
    bool is_good;

    memset(token, 0, sizeof(*token));
    is_good = check_form(text, &parts, token) && check_header(&parts, token) &&
              check_payload(&parts, token, &kind) && check_algorithm(auth, &parts, token);
    if (is_good && kind != SC_JSON_OBJECT)
        is_good = refuse(token, SC_TOKEN_INVALID, "invalid token");
    is_good =
        is_good && check_signature(auth, text, &parts, token) && check_times(token, (double)now_s);
    if (is_good)
        token->verdict = SC_TOKEN_GOOD;
    else
        sc_text_free(&token->claims);
}

void sc_token_deinit(sc_token_t *token)
{
    sc_text_free(&token->claims);
}

void sc_token_refuse_value(sc_token_t *token, bool is_missing)
{
    memset(token, 0, sizeof(*token));
    if (is_missing)
        refuse(token, SC_TOKEN_INVALID, "jwt must be provided");
    else
        refuse(token, SC_TOKEN_ERROR, "Invalid token format - Token must be a string");
}

/* ---- Signing ---------------------------------------------------------------------------------------------------- */

/** What a token's claims say, or shall say, of its times. */
typedef struct times {
    bool has_iat, has_exp; /* the application's own, which stay */
    double iat_s, exp_s;
} times_t;

static sc_status_t find_times(sc_str_t claims, uint32_t expires_s, int64_t now_s, times_t *times)
{
    sc_status_t iat_status = number_claim(claims, "iat", &times->iat_s);
    sc_status_t exp_status = number_claim(claims, "exp", &times->exp_s);

    if (iat_status == SC_ERR_INVALID || exp_status == SC_ERR_INVALID)
        return SC_ERR_INVALID;
    times->has_iat = iat_status == SC_OK;
    times->has_exp = exp_status == SC_OK;
    if (!times->has_iat)
        times->iat_s = (double)now_s;
    if (times->has_exp)
        return SC_OK;
    times->exp_s = floor(times->iat_s + expires_s);
    return fabs(times->exp_s) <= SECONDS_MAX ? SC_OK : SC_ERR_INVALID;
}

static bool is_empty_object(sc_str_t object)
{
    sc_json_scan_t scan = sc_json_scan_start(object);

    sc_json_scan_space(&scan);
    scan.at++;
    sc_json_scan_space(&scan);
    return sc_json_scan_peek(&scan) == '}';
}

/** The claims' text, with what they lack before its last brace. */
static void complete_claims(sc_str_t claims, const times_t *times, sc_text_t *out)
{
    const char *comma = is_empty_object(claims) ? "" : ",";

    while (claims.ptr[claims.len - 1] != '}')
        claims.len--;
    sc_text_add(out, sc_str(claims.ptr, claims.len - 1));
    if (!times->has_iat) {
        sc_text_addf(out, "%s\"iat\":%lld", comma, (long long)times->iat_s);
        comma = ",";
    }
    if (!times->has_exp)
        sc_text_addf(out, "%s\"exp\":%lld", comma, (long long)times->exp_s);
    sc_text_add(out, SC_STR("}"));
}

/** Has libjwt sign claims. @return the token, malloc'd; NULL: it refused */
static char *encode(const sc_auth_t *auth, const char *claims)
{
    jwt_t *jwt = NULL;
    char *encoded = NULL;

    if (jwt_new(&jwt) != 0)
        return NULL;
    if (jwt_add_grants_json(jwt, claims) == 0 &&
        jwt_set_alg(jwt, auth->signs_with->alg, (const unsigned char *)auth->signing.bytes,
                    (int)auth->signing.len) == 0)
        encoded = jwt_encode_str(jwt);
    jwt_free(jwt);
    ERR_clear_error();
    return encoded;
}

/** Signs complete claims. They go through a document: libjwt does not take all numbers, nor white space for its limit. */
static sc_status_t sign_claims(const sc_auth_t *auth, sc_str_t claims, sc_text_t *signed_text)
{
    json_t *document = sc_json_load(claims);
    sc_text_t compact = {0};
    char *encoded = NULL;
    sc_status_t status = SC_ERR_INVALID;

    if (document != NULL)
        sc_text_add_json(&compact, document);
    if (compact.len > 0 && compact.len <= SC_TOKEN_CLAIMS_BYTES_MAX) {
        sc_text_add(&compact, sc_str("", 1)); /* the NUL that libjwt wants */
        encoded = encode(auth, compact.ptr);
    }
    if (encoded != NULL) {
        sc_text_add(signed_text, sc_str_from(encoded));
        status = SC_OK;
    } else {
        sc_log(SC_LOG_WARN, "a token can't be signed: claims of %zu bytes that libjwt refuses",
               claims.len);
    }
    free(encoded);
    sc_text_free(&compact);
    json_decref(document);
    return status;
}

sc_status_t sc_auth_sign(const sc_auth_t *auth, sc_str_t claims, uint32_t expires_s, int64_t now_s,
                         sc_text_t *signed_text, sc_text_t *final_claims, double *expires_at_s)
{
    uint32_t lifetime_s = expires_s != 0 ? expires_s : auth->default_expiry_s;
    sc_text_t complete = {0};
    times_t times;
    sc_status_t status;

    if (auth->signing.bytes == NULL) {
        sc_log(SC_LOG_WARN, "a token can't be signed: there is no authPrivateKey");
        return SC_ERR_INVALID;
    }
    if (sc_json_check(claims) != SC_JSON_OBJECT ||
        find_times(claims, lifetime_s, now_s, &times) != SC_OK) {
        sc_log(SC_LOG_WARN, "a token can't be signed: its claims are no object, or iat or exp is "
                            "no number of seconds");
        return SC_ERR_INVALID;
    }
    complete_claims(claims, &times, &complete);
    status = sign_claims(auth, sc_text_str(&complete), signed_text);
    if (status == SC_OK) {
        sc_text_add(final_claims, sc_text_str(&complete));
        *expires_at_s = times.exp_s;
    }
    sc_text_free(&complete);
    return status;
}
