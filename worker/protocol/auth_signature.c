#include "worker/protocol/auth_signature.h"

#include "common/alloc.h"
#include "common/base64url.h"

#include <jwt.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

/* ---- PS256, PS384, PS512 (RFC 7518, 3.5): the salt is as long as the digest ----------------------------------------- */

/** A context for PSS. `init` is EVP_DigestSignInit_ex or EVP_DigestVerifyInit_ex. @return NULL: OpenSSL refused */
static EVP_MD_CTX *pss_start(EVP_PKEY *pkey, const char *digest,
                             int (*init)(EVP_MD_CTX *context, EVP_PKEY_CTX **pkey_context,
                                         const char *digest_name, OSSL_LIB_CTX *library,
                                         const char *properties, EVP_PKEY *pkey,
                                         const OSSL_PARAM params[]))
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *pkey_context = NULL;

    if (context == NULL)
        sc_die("no memory for a signature");
    if (init(context, &pkey_context, digest, NULL, NULL, pkey, NULL) == 1 &&
        EVP_PKEY_CTX_set_rsa_padding(pkey_context, RSA_PKCS1_PSS_PADDING) == 1 &&
        EVP_PKEY_CTX_set_rsa_pss_saltlen(pkey_context, RSA_PSS_SALTLEN_DIGEST) == 1)
        return context;
    EVP_MD_CTX_free(context);
    return NULL;
}

static bool is_pss_good(const sc_auth_key_t *key, const char *digest, const char *token)
{
    const char *dot = strrchr(token, '.');
    EVP_MD_CTX *context = pss_start(key->pkey, digest, EVP_DigestVerifyInit_ex);
    sc_text_t signature = {0};
    bool is_good;

    sc_base64url_add_decoded(&signature, sc_str_from(dot + 1));
    /* RFC 8017, 8.1.2: a shorter one is another form of the same number. */
    is_good = context != NULL && signature.len == (size_t)EVP_PKEY_get_size(key->pkey) &&
              EVP_DigestVerify(context, (const unsigned char *)signature.ptr, signature.len,
                               (const unsigned char *)token, (size_t)(dot - token)) == 1;
    EVP_MD_CTX_free(context);
    sc_text_free(&signature);
    return is_good;
}

static void add_pss_input(sc_text_t *out, const char *name, const char *key_id, const char *claims)
{
    sc_text_t header = {0};

    sc_text_addf(&header, "{\"alg\":\"%s\"", name);
    if (key_id != NULL) {
        sc_text_add(&header, SC_STR(",\"kid\":"));
        sc_text_add_quoted(&header, sc_str_from(key_id));
    }
    sc_text_add(&header, SC_STR(",\"typ\":\"JWT\"}"));
    sc_base64url_add_encoded(out, header.ptr, header.len);
    sc_text_add(out, SC_STR("."));
    sc_base64url_add_encoded(out, claims, strlen(claims));
    sc_text_free(&header);
}

static sc_status_t make_pss(const sc_auth_key_t *key, const sc_auth_algorithm_t *algorithm,
                            const char *key_id, const char *claims, sc_text_t *token)
{
    EVP_MD_CTX *context = pss_start(key->pkey, algorithm->pss_digest, EVP_DigestSignInit_ex);
    size_t len = (size_t)EVP_PKEY_get_size(key->pkey);
    unsigned char *signature = sc_alloc_zeroed(1, len);
    sc_text_t input = {0};
    sc_status_t status = SC_ERR_INVALID;

    add_pss_input(&input, algorithm->name, key_id, claims);
    if (context != NULL && EVP_DigestSign(context, signature, &len,
                                          (const unsigned char *)input.ptr, input.len) == 1) {
        sc_text_add(&input, SC_STR("."));
        sc_base64url_add_encoded(&input, signature, len);
        sc_text_add(token, sc_text_str(&input));
        status = SC_OK;
    }
    explicit_bzero(input.ptr, input.len);
    sc_text_free(&input);
    free(signature);
    EVP_MD_CTX_free(context);
    return status;
}

/* ---- The others: libjwt ---------------------------------------------------------------------------------------------- */

static bool is_jwt_good(const sc_auth_key_t *key, const char *name, const char *token)
{
    jwt_t *jwt = NULL;
    bool is_good = jwt_decode(&jwt, token, (const unsigned char *)key->bytes, (int)key->len) == 0 &&
                   jwt_get_alg(jwt) == jwt_str_alg(name);

    if (jwt != NULL)
        jwt_free(jwt);
    return is_good;
}

static sc_status_t make_jwt(const sc_auth_key_t *key, const char *name, const char *key_id,
                            const char *claims, sc_text_t *token)
{
    jwt_t *jwt = NULL;
    char *encoded = NULL;

    if (jwt_new(&jwt) != 0)
        return SC_ERR_INVALID;
    if (jwt_add_grants_json(jwt, claims) == 0 &&
        (key_id == NULL || jwt_add_header(jwt, "kid", key_id) == 0) &&
        jwt_set_alg(jwt, jwt_str_alg(name), (const unsigned char *)key->bytes, (int)key->len) == 0)
        encoded = jwt_encode_str(jwt);
    jwt_free(jwt);
    if (encoded == NULL)
        return SC_ERR_INVALID;
    sc_text_add(token, sc_str_from(encoded));
    free(encoded);
    return SC_OK;
}

/* ---- Both -------------------------------------------------------------------------------------------------------------- */

/* What OpenSSL noted about a wrong signature would be taken for a failure of TLS: hence ERR_clear_error. */

bool sc_auth_signature_is_good(const sc_auth_key_t *key, const sc_auth_algorithm_t *algorithm,
                               const char *token)
{
    bool is_good = algorithm->pss_digest != NULL ? is_pss_good(key, algorithm->pss_digest, token)
                                                 : is_jwt_good(key, algorithm->name, token);

    ERR_clear_error();
    return is_good;
}

sc_status_t sc_auth_signature_make(const sc_auth_key_t *key, const sc_auth_algorithm_t *algorithm,
                                   const char *key_id, const char *claims, sc_text_t *token)
{
    sc_status_t status = algorithm->pss_digest != NULL
                             ? make_pss(key, algorithm, key_id, claims, token)
                             : make_jwt(key, algorithm->name, key_id, claims, token);

    ERR_clear_error();
    return status;
}
