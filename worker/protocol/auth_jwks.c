#include "worker/protocol/auth_jwks.h"

#include "common/alloc.h"
#include "common/base64url.h"
#include "common/str.h"

#include <jansson.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <sc/plugin.h>

/** Of a coordinate of P-521. */
#define COORDINATE_BYTES_MAX 66u
#define POINT_UNCOMPRESSED 4

bool sc_auth_jwks_is_one(sc_str_t text)
{
    while (text.len > 0 && strchr(" \t\r\n", text.ptr[0]) != NULL)
        text = sc_str(text.ptr + 1, text.len - 1);
    return text.len > 0 && text.ptr[0] == '{';
}

/* ---- Numbers --------------------------------------------------------------------------------------------------------- */

/** Adds the bytes of a member in base64url. @return false: it is no such text */
static bool add_bytes(const json_t *jwk, const char *name, sc_text_t *out)
{
    sc_str_t text = sc_str_from(json_string_value(json_object_get(jwk, name)));

    if (!sc_base64url_is_text(text) || !sc_base64url_is_canonical(text))
        return false;
    sc_base64url_add_decoded(out, text);
    return true;
}

static BIGNUM *read_number(const json_t *jwk, const char *name)
{
    sc_text_t bytes = {0};
    BIGNUM *number = NULL;

    if (add_bytes(jwk, name, &bytes))
        number = BN_bin2bn((const unsigned char *)bytes.ptr, (int)bytes.len, NULL);
    sc_text_free(&bytes);
    return number;
}

/** A coordinate, which must have the length of the curve's. */
static bool add_coordinate(const json_t *jwk, const char *name, size_t len, sc_text_t *point)
{
    size_t before = point->len;

    return add_bytes(jwk, name, point) && point->len - before == len;
}

/* ---- Keys ------------------------------------------------------------------------------------------------------------ */

/** Has OpenSSL make a public key, which it checks. @return NULL: it refused */
static EVP_PKEY *make_public(const char *type, OSSL_PARAM_BLD *builder)
{
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(builder);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    EVP_PKEY *pkey = NULL;

    if (params != NULL && context != NULL && EVP_PKEY_fromdata_init(context) == 1 &&
        EVP_PKEY_fromdata(context, &pkey, EVP_PKEY_PUBLIC_KEY, params) != 1) {
        EVP_PKEY_free(pkey);
        pkey = NULL;
    }
    EVP_PKEY_CTX_free(context);
    OSSL_PARAM_free(params);
    return pkey;
}

static EVP_PKEY *read_rsa(const json_t *jwk)
{
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    BIGNUM *n = read_number(jwk, "n");
    BIGNUM *e = read_number(jwk, "e");
    EVP_PKEY *pkey = NULL;

    if (builder != NULL && n != NULL && e != NULL &&
        OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
        OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, e) == 1)
        pkey = make_public("RSA", builder);
    BN_free(n);
    BN_free(e);
    OSSL_PARAM_BLD_free(builder);
    return pkey;
}

static const char *curve_of(const json_t *jwk, size_t *coordinate_len)
{
    static const struct {
        const char *name, *group;
        size_t coordinate_len;
    } curves[] = {
        {"P-256", "prime256v1", 32},
        {"P-384", "secp384r1", 48},
        {"P-521", "secp521r1", COORDINATE_BYTES_MAX},
    };
    const char *name = json_string_value(json_object_get(jwk, "crv"));

    for (size_t i = 0; name != NULL && i < sizeof(curves) / sizeof(curves[0]); i++) {
        if (strcmp(curves[i].name, name) == 0) {
            *coordinate_len = curves[i].coordinate_len;
            return curves[i].group;
        }
    }
    return NULL;
}

static EVP_PKEY *read_ec(const json_t *jwk)
{
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    size_t len = 0;
    const char *group = curve_of(jwk, &len);
    sc_text_t point = {0};
    EVP_PKEY *pkey = NULL;

    sc_text_add(&point, sc_str((const char[]){POINT_UNCOMPRESSED}, 1));
    if (builder != NULL && group != NULL && add_coordinate(jwk, "x", len, &point) &&
        add_coordinate(jwk, "y", len, &point) &&
        OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, group, 0) == 1 &&
        OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, point.ptr, point.len) ==
            1)
        pkey = make_public("EC", builder);
    sc_text_free(&point);
    OSSL_PARAM_BLD_free(builder);
    return pkey;
}

static sc_status_t read_secret(const json_t *jwk, sc_auth_key_t *key)
{
    sc_text_t secret = {0};
    bool is_good = add_bytes(jwk, "k", &secret);

    if (is_good) {
        sc_auth_key_set_secret(key, sc_text_str(&secret));
        explicit_bzero(secret.ptr, secret.len);
    } else {
        sc_log(SC_LOG_ERROR, "%s: an oct key without a k in base64url", key->origin);
    }
    sc_text_free(&secret);
    return is_good ? SC_OK : SC_ERR_INVALID;
}

static sc_status_t take_public(EVP_PKEY *pkey, const char *type, sc_auth_key_t *key)
{
    if (pkey != NULL)
        return sc_auth_key_take(key, pkey, false);
    ERR_clear_error();
    sc_log(SC_LOG_ERROR, "%s: an %s key that is malformed", key->origin, type);
    return SC_ERR_INVALID;
}

/** Reads the key of the JWK's type, which is one of those below. */
static sc_status_t read_key(const json_t *jwk, const char *type, sc_auth_key_t *key)
{
    if (strcmp(type, "RSA") == 0)
        return take_public(read_rsa(jwk), type, key);
    if (strcmp(type, "EC") == 0)
        return take_public(read_ec(jwk), type, key);
    return read_secret(jwk, key);
}

/* ---- The set --------------------------------------------------------------------------------------------------------- */

static bool is_known_type(const json_t *jwk, const char *type)
{
    size_t len;

    if (strcmp(type, "EC") == 0)
        return curve_of(jwk, &len) != NULL;
    return strcmp(type, "RSA") == 0 || strcmp(type, "oct") == 0;
}

/** RFC 7517, 4.2 and 4.3: what the key is meant for, where it says so. */
static bool is_for_verifying(const json_t *jwk)
{
    const char *use = json_string_value(json_object_get(jwk, "use"));
    const json_t *operations = json_object_get(jwk, "key_ops");
    bool can_verify = operations == NULL;

    for (size_t i = 0; i < json_array_size(operations); i++) {
        const char *operation = json_string_value(json_array_get(operations, i));

        can_verify = can_verify || (operation != NULL && strcmp(operation, "verify") == 0);
    }
    return can_verify && (use == NULL || strcmp(use, "sig") == 0);
}

/** RFC 7517, 4.4: the one algorithm that the key is meant for, where it says so. @return false: none of the key's */
static bool limit_to_alg(const json_t *jwk, sc_auth_key_t *key)
{
    const char *name = json_string_value(json_object_get(jwk, "alg"));
    const sc_auth_algorithm_t *algorithm;

    if (name == NULL)
        return true;
    algorithm = sc_auth_algorithm_find(sc_str_from(name));
    key->algorithms &= algorithm != NULL ? sc_auth_algorithm_bit(algorithm) : 0;
    return key->algorithms != 0;
}

static sc_status_t take_id(const json_t *jwk, sc_auth_key_t *key)
{
    const char *id = json_string_value(json_object_get(jwk, "kid"));

    if (id == NULL)
        return SC_OK;
    if (strlen(id) > SC_KEY_ID_BYTES_MAX) {
        sc_log(SC_LOG_ERROR, "%s: a kid of more than %u bytes", key->origin, SC_KEY_ID_BYTES_MAX);
        return SC_ERR_INVALID;
    }
    key->id = sc_strdup(sc_str_from(id));
    return SC_OK;
}

static sc_status_t add_key(sc_auth_t *auth, const json_t *jwk, const char *origin)
{
    const char *type = json_string_value(json_object_get(jwk, "kty"));
    sc_auth_key_t *key;
    sc_status_t status;

    if (type == NULL || !is_known_type(jwk, type) || !is_for_verifying(jwk))
        return SC_OK;
    key = sc_auth_keys_add(auth, origin);
    if (key == NULL)
        return SC_ERR_INVALID;
    key->is_of_set = true;
    status = read_key(jwk, type, key);
    if (status == SC_OK)
        status = take_id(jwk, key);
    if (status == SC_OK && !limit_to_alg(jwk, key)) {
        sc_auth_key_deinit(key);
        auth->count--;
    }
    return status;
}

static sc_status_t add_keys(sc_auth_t *auth, const json_t *document, const char *origin)
{
    const json_t *list = json_object_get(document, "keys");
    uint32_t count_before = auth->count;
    sc_status_t status = SC_OK;

    if (json_is_array(list)) {
        for (size_t i = 0; i < json_array_size(list) && status == SC_OK; i++)
            status = add_key(auth, json_array_get(list, i), origin);
    } else {
        status = add_key(auth, document, origin);
    }
    if (status == SC_OK && auth->count == count_before) {
        sc_log(SC_LOG_ERROR, "%s: no key in it that verifies tokens", origin);
        status = SC_ERR_INVALID;
    }
    return status;
}

sc_status_t sc_auth_jwks_read(sc_auth_t *auth, sc_str_t text, const char *origin)
{
    json_t *document = json_loadb(text.ptr, text.len, JSON_REJECT_DUPLICATES, NULL);
    sc_status_t status = SC_ERR_INVALID;

    if (json_is_object(document))
        status = add_keys(auth, document, origin);
    else
        sc_log(SC_LOG_ERROR, "%s: begins with { but is not JSON (or has a name twice)", origin);
    json_decref(document);
    return status;
}
