/*
 * auth_token.c: verifies auth tokens. All that decides whether a token may be looked at, its form, its algorithm, its times, is
 * checked here; the libraries are only asked whether a signature is right.
 */
#include "worker/protocol/auth_token.h"

#include "common/alloc.h"
#include "common/base64url.h"
#include "common/json_scan.h"
#include "worker/protocol/auth_keys.h"
#include "worker/protocol/auth_signature.h"

#include <jansson.h>
#include <strings.h>

/** A token's three parts, and what its header says. */
typedef struct parts {
    sc_str_t header;
    sc_str_t payload;
    sc_str_t signature;
    const sc_auth_algorithm_t *algorithm; /* NULL: none that there is */
    sc_auth_choice_t choice;              /* keys that the header allows */
    bool has_type;                        /* the header's `typ` is a string */
    bool is_type_jwt;                     /* it says JWT, in any case of letters */
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

static void take_header(const sc_auth_t *auth, const json_t *header, parts_t *parts)
{
    const char *type = json_string_value(json_object_get(header, "typ"));
    const char *name = json_string_value(json_object_get(header, "alg"));
    sc_str_t key_id = sc_str_from(json_string_value(json_object_get(header, "kid")));

    parts->has_type = type != NULL;
    parts->is_type_jwt = type != NULL && strcasecmp(type, "JWT") == 0;
    parts->algorithm = name != NULL ? sc_auth_algorithm_find(sc_str_from(name)) : NULL;
    sc_auth_keys_choose(auth, parts->algorithm, key_id, &parts->choice);
}

/** Reads the header with the same parser that libjwt will use, so both take the same of two members of one name. */
static bool check_header(const sc_auth_t *auth, parts_t *parts, sc_token_t *token)
{
    sc_text_t text = {0};
    json_t *header = NULL;
    bool is_object;

    if (sc_base64url_is_canonical(parts->header)) {
        sc_base64url_add_decoded(&text, parts->header);
        header = json_loadb(text.ptr, text.len, 0, NULL);
        sc_text_free(&text);
    }
    is_object = json_is_object(header);
    if (is_object)
        take_header(auth, header, parts);
    json_decref(header);
    return is_object || refuse(token, SC_TOKEN_INVALID, "invalid token");
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

/** The keys and the options say what is accepted, not the header: it only chooses among them. */
static bool check_algorithm(const parts_t *parts, sc_token_t *token)
{
    if (parts->choice.count == 0)
        return refuse(token, SC_TOKEN_INVALID, "invalid algorithm");
    return true;
}

static bool is_signature_good(sc_str_t text, const parts_t *parts)
{
    char *terminated;
    bool is_good = false;

    if (!sc_base64url_is_canonical(parts->signature))
        return false;
    terminated = sc_strdup(text);
    for (uint32_t i = 0; i < parts->choice.count && !is_good; i++)
        is_good = sc_auth_signature_is_good(parts->choice.keys[i], parts->algorithm, terminated);
    free(terminated);
    return is_good;
}

static bool can_be_read(sc_str_t claims)
{
    json_t *document = json_loadb(claims.ptr, claims.len, 0, NULL);
    bool is_read = document != NULL;

    json_decref(document);
    return is_read;
}

static bool check_signature(sc_str_t text, const parts_t *parts, sc_token_t *token)
{
    bool is_good;

    if (parts->has_type && !parts->is_type_jwt)
        return refuse(token, SC_TOKEN_ERROR, "The token's type is not JWT");
    is_good = is_signature_good(text, parts);
    /* libjwt says the same of claims that it can't read as of a wrong signature; where it is not asked, they may be good. */
    if ((!is_good || parts->algorithm->pss_digest != NULL) &&
        !can_be_read(sc_text_str(&token->claims)))
        return refuse(token, SC_TOKEN_ERROR, "The token's payload can't be read");
    return is_good || refuse(token, SC_TOKEN_INVALID, "invalid signature");
}

sc_status_t sc_token_number_claim(sc_str_t claims, const char *name, double *number)
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
    sc_status_t status = sc_token_number_claim(claims, "nbf", &token->date_s);

    if (status == SC_ERR_INVALID)
        return refuse(token, SC_TOKEN_INVALID, "invalid nbf value");
    if (status == SC_OK && token->date_s > now_s)
        return refuse(token, SC_TOKEN_NOT_BEFORE, "jwt not active");
    status = sc_token_number_claim(claims, "exp", &token->expires_s);
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
    is_good = check_form(text, &parts, token) && check_header(auth, &parts, token) &&
              check_payload(&parts, token, &kind) && check_algorithm(&parts, token);
    if (is_good && kind != SC_JSON_OBJECT)
        is_good = refuse(token, SC_TOKEN_INVALID, "invalid token");
    is_good = is_good && check_signature(text, &parts, token) && check_times(token, (double)now_s);
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
