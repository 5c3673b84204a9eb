/*
 * certificate.h: certificates and keys for tests, made when they are needed.
 */
#ifndef SC_TEST_CERTIFICATE_H
#define SC_TEST_CERTIFICATE_H

#include <stdbool.h>

typedef struct certificate {
    char *cert_pem;
    char *key_pem;
} certificate_t;

/** What a certificate is like; zero is the usual one: ECDSA, valid, its key without a pass phrase. */
typedef struct certificate_form {
    const char *name;       /* NULL: "test" */
    const char *passphrase; /* NULL: none */
    bool is_rsa;
    bool has_expired;
    bool is_early; /* valid from tomorrow on */
} certificate_form_t;

certificate_t certificate_new(certificate_form_t form);
void certificate_free(certificate_t *certificate);

#endif
