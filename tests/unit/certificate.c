#include "certificate.h"

#include <openssl/pem.h>
#include <openssl/x509.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define DAY_S 86400L

static char *take_text(BIO *bio)
{
    char *bytes;
    long len = BIO_get_mem_data(bio, &bytes);
    char *text = calloc(1, (size_t)len + 1);

    assert_non_null(text);
    memcpy(text, bytes, (size_t)len);
    BIO_free(bio);
    return text;
}

static char *key_text(EVP_PKEY *key, const char *passphrase)
{
    BIO *bio = BIO_new(BIO_s_mem());
    const EVP_CIPHER *cipher = passphrase != NULL ? EVP_aes_256_cbc() : NULL;

    assert_int_equal(PEM_write_bio_PKCS8PrivateKey(bio, key, cipher, passphrase,
                                                   passphrase != NULL ? (int)strlen(passphrase) : 0,
                                                   NULL, NULL),
                     1);
    return take_text(bio);
}

static char *cert_text(EVP_PKEY *key, const certificate_form_t *form)
{
    X509 *x509 = X509_new();
    X509_NAME *name = X509_get_subject_name(x509);
    const char *text = form->name != NULL ? form->name : "test";
    BIO *bio = BIO_new(BIO_s_mem());

    X509_set_version(x509, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(x509), 1);
    X509_gmtime_adj(X509_getm_notBefore(x509), form->is_early ? DAY_S : -2 * DAY_S);
    X509_gmtime_adj(X509_getm_notAfter(x509), form->has_expired ? -DAY_S : 2 * DAY_S);
    X509_set_pubkey(x509, key);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)text, -1, -1, 0);
    X509_set_issuer_name(x509, name);
    assert_true(X509_sign(x509, key, EVP_sha256()) > 0);
    assert_int_equal(PEM_write_bio_X509(bio, x509), 1);
    X509_free(x509);
    return take_text(bio);
}

certificate_t certificate_new(certificate_form_t form)
{
    EVP_PKEY *key = form.is_rsa ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256");
    certificate_t certificate;

    assert_non_null(key);
    certificate.cert_pem = cert_text(key, &form);
    certificate.key_pem = key_text(key, form.passphrase);
    EVP_PKEY_free(key);
    return certificate;
}

void certificate_free(certificate_t *certificate)
{
    free(certificate->cert_pem);
    free(certificate->key_pem);
}
