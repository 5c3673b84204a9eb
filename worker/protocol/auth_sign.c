/*
 * auth_sign.c: signs auth tokens: completes the claims with their times.
 */
#include "common/alloc.h"
#include "common/json_scan.h"
#include "worker/protocol/auth_keys.h"
#include "worker/protocol/auth_signature.h"
#include "worker/protocol/auth_token.h"

#include <math.h>
#include <sc/plugin.h>

/** Numbers of seconds within this are integers in JavaScript and here. */
#define SECONDS_MAX 9007199254740992.0

/** What a token's claims say, or shall say, of its times. */
typedef struct times {
    bool has_iat, has_exp; /* the application's own, which stay */
    double iat_s, exp_s;
} times_t;

static sc_status_t find_times(sc_str_t claims, uint32_t expires_s, int64_t now_s, times_t *times)
{
    sc_status_t iat_status = sc_token_number_claim(claims, "iat", &times->iat_s);
    sc_status_t exp_status = sc_token_number_claim(claims, "exp", &times->exp_s);

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

/** Signs complete claims. They go through a document: libjwt does not take all numbers, nor white space for its limit. */
static sc_status_t sign_claims(const sc_auth_t *auth, const sc_auth_algorithm_t *algorithm,
                               sc_str_t claims, sc_text_t *signed_text)
{
    json_t *document = sc_json_load(claims);
    sc_text_t compact = {0};
    sc_status_t status = SC_ERR_INVALID;

    if (document != NULL)
        sc_text_add_json(&compact, document);
    if (compact.len > 0 && compact.len <= SC_TOKEN_CLAIMS_BYTES_MAX) {
        sc_text_add(&compact, sc_str("", 1)); /* the NUL that libjwt wants */
        status = sc_auth_signature_make(&auth->signing, algorithm, auth->key_id, compact.ptr,
                                        signed_text);
    }
    if (status != SC_OK)
        sc_log(SC_LOG_WARN, "a token can't be signed: claims of %zu bytes that libjwt refuses",
               claims.len);
    sc_text_free(&compact);
    json_decref(document);
    return status;
}

/** Finds what to sign with. @return NULL: there is nothing, or the key is for no such algorithm (logged) */
static const sc_auth_algorithm_t *find_algorithm(const sc_auth_t *auth, const char *name)
{
    const sc_auth_algorithm_t *algorithm = auth->signs_with;

    if (auth->signing.bytes == NULL) {
        sc_log(SC_LOG_WARN, "a token can't be signed: there is no authKey nor authPrivateKey");
        return NULL;
    }
    if (name != NULL)
        algorithm = sc_auth_algorithm_find(sc_str_from(name));
    /* What is signed here must be accepted here. */
    if (algorithm != NULL && (auth->keys[0].algorithms & sc_auth_algorithm_bit(algorithm)) != 0)
        return algorithm;
    sc_log(SC_LOG_WARN, "a token can't be signed: %.20s does not fit the key, or is not accepted",
           name);
    return NULL;
}

sc_status_t sc_auth_sign(const sc_auth_t *auth, sc_str_t claims, const sc_token_options_t *how,
                         int64_t now_s, sc_text_t *signed_text, sc_text_t *final_claims,
                         double *expires_at_s)
{
    const sc_auth_algorithm_t *algorithm = find_algorithm(auth, how->algorithm);
    uint32_t lifetime_s = how->expires_s != 0 ? how->expires_s : auth->default_expiry_s;
    sc_text_t complete = {0};
    times_t times;
    sc_status_t status;

    if (algorithm == NULL)
        return SC_ERR_INVALID;
    if (sc_json_check(claims) != SC_JSON_OBJECT ||
        find_times(claims, lifetime_s, now_s, &times) != SC_OK) {
        sc_log(SC_LOG_WARN, "a token can't be signed: its claims are no object, or iat or exp is "
                            "no number of seconds");
        return SC_ERR_INVALID;
    }
    complete_claims(claims, &times, &complete);
    status = sign_claims(auth, algorithm, sc_text_str(&complete), signed_text);
    if (status == SC_OK) {
        sc_text_add(final_claims, sc_text_str(&complete));
        /* 0 stands for no `exp`; a token with that one has run out as much as one with the next. */
        *expires_at_s = times.exp_s != 0 ? times.exp_s : -1;
    }
    sc_text_free(&complete);
    return status;
}
