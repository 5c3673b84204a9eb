/*
 * auth_key.c: reads PEM keys with OpenSSL once, at the start, and writes them again in plain form. So libjwt, which reads
 * the text for each token, never meets a certificate, which it does not know, nor a pass phrase, for which it would ask
 * on the terminal.
 */
#include "worker/protocol/auth_key.h"

#include "common/alloc.h"
#include "common/json_scan.h"

#include <openssl/crypto.h>
#include <openssl/decoder.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <sc/json.h>
#include <sc/plugin.h>

#define CURVE_NAME_BYTES_MAX 64
/** RFC 7518, 3.3, asks for the least; OpenSSL verifies with no more than the most. */
#define RSA_BITS_MIN 2048
#define RSA_BITS_MAX 16384

void sc_auth_key_set_origin(sc_auth_key_t *key, const char *origin)
{
    free(key->origin);
    key->origin = sc_strdup(sc_str_from(origin));
}

void sc_auth_key_set_secret(sc_auth_key_t *key, sc_str_t secret)
{
    key->bytes = sc_strdup(secret);
    key->len = secret.len;
    key->family = SC_AUTH_HS;
    key->algorithms = sc_auth_algorithms_of(SC_AUTH_HS);
}

bool sc_auth_key_is_pem(sc_str_t text)
{
    static const char mark[] = "-----BEGIN ";

    return text.len > 0 && memmem(text.ptr, text.len, mark, sizeof(mark) - 1) != NULL;
}

bool sc_auth_key_is_public_form(sc_str_t text)
{
    static const char *const openssh[] = {"ssh-", "ecdsa-sha2-", "sk-"};

    for (size_t i = 0; i < sizeof(openssh) / sizeof(openssh[0]); i++) {
        if (sc_str_starts_with(text, sc_str_from(openssh[i])) &&
            memmem(text.ptr, text.len, " AAAA", 5) != NULL)
            return true;
    }
    if (sc_json_check(text) == SC_JSON_OBJECT)
        return !sc_str_is_none(sc_json_member(text, "keys")) ||
               !sc_str_is_none(sc_json_member(text, "kty"));
    return sc_auth_key_is_pem(text);
}

void sc_auth_key_deinit(sc_auth_key_t *key)
{
    EVP_PKEY_free(key->pkey);
    free(key->origin);
    free(key->id);
    if (key->bytes != NULL)
        OPENSSL_cleanse(key->bytes, key->len);
    free(key->bytes);
    memset(key, 0, sizeof(*key));
}

/* ---- What a key is for ------------------------------------------------------------------------------------------ */

static sc_status_t curve_family(const EVP_PKEY *pkey, sc_auth_family_t *family)
{
    static const struct {
        const char *curve;
        sc_auth_family_t family;
    } curves[] = {
        {"prime256v1", SC_AUTH_ES256},
        {"secp384r1", SC_AUTH_ES384},
        {"secp521r1", SC_AUTH_ES512},
    };
    char name[CURVE_NAME_BYTES_MAX];

    if (EVP_PKEY_get_group_name(pkey, name, sizeof(name), NULL) != 1)
        return SC_ERR_INVALID;
    for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++) {
        if (strcmp(curves[i].curve, name) == 0) {
            *family = curves[i].family;
            return SC_OK;
        }
    }
    return SC_ERR_INVALID;
}

static sc_status_t key_family(const EVP_PKEY *pkey, sc_auth_family_t *family)
{
    switch (EVP_PKEY_get_base_id(pkey)) {
    case EVP_PKEY_RSA:
        *family = SC_AUTH_RSA;
        return SC_OK;
    case EVP_PKEY_EC:
        return curve_family(pkey, family);
    default:
        return SC_ERR_INVALID;
    }
}

/* ---- Reading ---------------------------------------------------------------------------------------------------- */

/** Refuses keys with a pass phrase: there is nobody to ask. */
static int on_pass_phrase(char *phrase, int size, int is_writing, void *arg)
{
    (void)phrase;
    (void)size;
    (void)is_writing;
    (void)arg;
    return -1;
}

static BIO *open_text(const char *text)
{
    BIO *bio = BIO_new_mem_buf(text, -1);

    if (bio == NULL)
        sc_die("no memory for a key");
    return bio;
}

static EVP_PKEY *read_private(const char *pem)
{
    BIO *bio = open_text(pem);
    EVP_PKEY *pkey = PEM_read_bio_PrivateKey(bio, NULL, on_pass_phrase, NULL);

    BIO_free(bio);
    return pkey;
}

static EVP_PKEY *read_certificate(const char *pem)
{
    BIO *bio = open_text(pem);
    X509 *certificate = PEM_read_bio_X509(bio, NULL, on_pass_phrase, NULL);
    EVP_PKEY *pkey = certificate != NULL ? X509_get_pubkey(certificate) : NULL;

    X509_free(certificate);
    BIO_free(bio);
    return pkey;
}

/** "BEGIN RSA PUBLIC KEY": PKCS #1. */
static EVP_PKEY *read_rsa_public(const char *pem)
{
    BIO *bio = open_text(pem);
    EVP_PKEY *pkey = NULL;
    OSSL_DECODER_CTX *decoder = OSSL_DECODER_CTX_new_for_pkey(&pkey, "PEM", "type-specific", "RSA",
                                                              EVP_PKEY_PUBLIC_KEY, NULL, NULL);

    if (decoder != NULL && OSSL_DECODER_from_bio(decoder, bio) != 1) {
        EVP_PKEY_free(pkey);
        pkey = NULL;
    }
    OSSL_DECODER_CTX_free(decoder);
    BIO_free(bio);
    return pkey;
}

static EVP_PKEY *read_public(const char *pem)
{
    BIO *bio = open_text(pem);
    EVP_PKEY *pkey = PEM_read_bio_PUBKEY(bio, NULL, on_pass_phrase, NULL);

    BIO_free(bio);
    if (pkey == NULL)
        pkey = read_certificate(pem);
    if (pkey == NULL)
        pkey = read_rsa_public(pem);
    return pkey;
}

/* ---- Writing ---------------------------------------------------------------------------------------------------- */

/** The key as plain PEM. */
static sc_status_t write_key(EVP_PKEY *pkey, bool is_private, sc_auth_key_t *key)
{
    BIO *bio = BIO_new(BIO_s_secmem()); /* wiped when it is freed */
    int is_written = 0;
    char *bytes;
    long len;

    if (bio == NULL)
        sc_die("no memory for a key");
    if (is_private)
        is_written = PEM_write_bio_PrivateKey(bio, pkey, NULL, NULL, 0, NULL, NULL);
    else
        is_written = PEM_write_bio_PUBKEY(bio, pkey);
    len = BIO_get_mem_data(bio, &bytes);
    if (is_written == 1 && len > 0) {
        key->bytes = sc_strdup(sc_str(bytes, (size_t)len));
        key->len = (size_t)len;
    }
    BIO_free(bio);
    return key->bytes != NULL ? SC_OK : SC_ERR_INVALID;
}

static sc_status_t check_length(const EVP_PKEY *pkey, const char *origin)
{
    int bits = EVP_PKEY_get_bits(pkey);

    if (EVP_PKEY_get_base_id(pkey) != EVP_PKEY_RSA ||
        (bits >= RSA_BITS_MIN && bits <= RSA_BITS_MAX))
        return SC_OK;
    sc_log(SC_LOG_ERROR, "%s: an RSA key of %d bits; it must have %d to %d", origin, bits,
           RSA_BITS_MIN, RSA_BITS_MAX);
    return SC_ERR_INVALID;
}

sc_status_t sc_auth_key_take(sc_auth_key_t *key, EVP_PKEY *pkey, bool is_private)
{
    sc_status_t status = SC_ERR_INVALID;

    key->pkey = pkey;
    if (pkey == NULL)
        sc_log(SC_LOG_ERROR, "%s: not a PEM %s that can be read", key->origin,
               is_private ? "private key without a pass phrase" : "public key or certificate");
    else if (key_family(pkey, &key->family) != SC_OK)
        sc_log(SC_LOG_ERROR, "%s: neither RSA nor of the curves P-256, P-384 and P-521",
               key->origin);
    else
        status = check_length(pkey, key->origin);
    if (status == SC_OK)
        status = write_key(pkey, is_private, key);
    if (status == SC_OK)
        key->algorithms = sc_auth_algorithms_of(key->family);
    /* Else TLS would find the errors of failed attempts and take them for its own. */
    ERR_clear_error();
    return status;
}

sc_status_t sc_auth_key_read_public(sc_auth_key_t *key, const char *pem)
{
    return sc_auth_key_take(key, read_public(pem), false);
}

sc_status_t sc_auth_key_read_pair(const char *private_pem, const char *public_pem,
                                  sc_auth_key_t *private_key, sc_auth_key_t *public_key)
{
    sc_status_t status;

    sc_auth_key_set_origin(private_key, "authPrivateKey");
    sc_auth_key_set_origin(public_key, "authPublicKey");
    status = sc_auth_key_read_public(public_key, public_pem);
    if (status == SC_OK && private_pem != NULL)
        status = sc_auth_key_take(private_key, read_private(private_pem), true);
    if (status == SC_OK && private_pem != NULL &&
        EVP_PKEY_eq(private_key->pkey, public_key->pkey) != 1) {
        sc_log(SC_LOG_ERROR, "authPublicKey: does not belong to authPrivateKey");
        status = SC_ERR_INVALID;
    }
    ERR_clear_error();
    return status;
}
