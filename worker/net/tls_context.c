#include "worker/net/tls_context.h"

#include "common/alloc.h"
#include "common/process.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <sc/plugin.h>
#include <stdio.h>

/* Those with a key exchange that keeps the past secret and with authenticated encryption: what every client since 2014 has. */
#define DEFAULT_CIPHERS "ECDHE+AESGCM:ECDHE+CHACHA20"
/* As long as the keys that seal them are in use. */
#define TICKET_SECONDS (SC_TICKET_KEYS_MS / 1000)
#define PLACE_BYTES 512

/* ---- Messages --------------------------------------------------------------------------------------------------- */

/** "option tlsKey: /etc/key.pem", or "option tlsKeyPem": where a text comes from. */
static const char *place(char *out, const char *file_option, const char *path,
                         const char *text_option)
{
    if (path != NULL)
        snprintf(out, PLACE_BYTES, "option %s: %s", file_option, path);
    else
        snprintf(out, PLACE_BYTES, "option %s", text_option);
    return out;
}

static const char *cert_place(const sc_options_t *options, char *out)
{
    return place(out, "tlsCert", options->tls_cert, "tlsCertPem");
}

static const char *key_place(const sc_options_t *options, char *out)
{
    return place(out, "tlsKey", options->tls_key, "tlsKeyPem");
}

/** OpenSSL's word for what has just failed. */
static const char *reason(void)
{
    const char *text = ERR_reason_error_string(ERR_peek_last_error());

    return text != NULL ? text : "no reason is known";
}

static sc_status_t fail_at(const char *where, const char *what)
{
    sc_log(SC_LOG_ERROR, "%s %s", where, what);
    return SC_ERR_INVALID;
}

/* ---- Certificate and key ---------------------------------------------------------------------------------------- */

static BIO *open_text(const char *text)
{
    BIO *bio = BIO_new_mem_buf(text, -1);

    if (bio == NULL)
        sc_die("no memory for a certificate");
    return bio;
}

/** A certificate has no pass phrase; nobody is to be asked on a terminal. */
static int on_no_phrase(char *phrase, int size, int is_writing, void *arg)
{
    (void)phrase;
    (void)size;
    (void)is_writing;
    (void)arg;
    return -1;
}

/** The certificates behind the first one, up to the root or short of it. */
static sc_status_t take_chain(SSL_CTX *context, BIO *bio)
{
    X509 *certificate;

    while ((certificate = PEM_read_bio_X509(bio, NULL, on_no_phrase, NULL)) != NULL) {
        if (SSL_CTX_add0_chain_cert(context, certificate) != 1) {
            X509_free(certificate);
            return SC_ERR_INVALID;
        }
    }
    /* The text's end is no error, half a certificate is one. */
    return ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE ? SC_OK : SC_ERR_INVALID;
}

static sc_status_t take_certificate(SSL_CTX *context, const sc_options_t *options)
{
    BIO *bio = open_text(options->tls_cert_pem);
    X509 *certificate = PEM_read_bio_X509_AUX(bio, NULL, on_no_phrase, NULL);
    sc_status_t status = SC_ERR_INVALID;
    char where[PLACE_BYTES];

    cert_place(options, where);
    if (certificate == NULL)
        (void)fail_at(where, "is no PEM certificate that can be read");
    else if (SSL_CTX_use_certificate(context, certificate) != 1)
        sc_log(SC_LOG_ERROR, "%s can't be used: %s", where, reason());
    else if (take_chain(context, bio) != SC_OK)
        sc_log(SC_LOG_ERROR, "%s has a chain that can't be used: %s", where, reason());
    else
        status = SC_OK;
    X509_free(certificate);
    BIO_free(bio);
    return status;
}

/** A pass phrase on its way to OpenSSL. */
typedef struct phrase {
    const char *text; /* NULL: none is known */
    bool was_asked;
} phrase_t;

static int on_phrase(char *out, int size, int is_writing, void *arg)
{
    phrase_t *phrase = arg;
    size_t len = phrase->text != NULL ? strlen(phrase->text) : 0;

    (void)is_writing;
    phrase->was_asked = true;
    if (len == 0 || len > (size_t)size)
        return -1;
    memcpy(out, phrase->text, len);
    return (int)len;
}

static sc_status_t fail_key(const sc_options_t *options, const phrase_t *phrase)
{
    char where[PLACE_BYTES];

    key_place(options, where);
    if (!phrase->was_asked)
        return fail_at(where, "is no PEM private key that can be read");
    if (phrase->text == NULL)
        return fail_at(where, "has a pass phrase: give tlsPassphraseFile");
    sc_log(SC_LOG_ERROR, "%s can't be read with the pass phrase of option %s%s%s", where,
           options->tls_passphrase_file != NULL ? "tlsPassphraseFile" : "tlsPassphrase",
           options->tls_passphrase_file != NULL ? ": " : "",
           options->tls_passphrase_file != NULL ? options->tls_passphrase_file : "");
    return SC_ERR_INVALID;
}

static sc_status_t use_key(SSL_CTX *context, EVP_PKEY *key, const sc_options_t *options)
{
    char where[PLACE_BYTES];
    char cert_where[PLACE_BYTES];

    if (X509_check_private_key(SSL_CTX_get0_certificate(context), key) != 1) {
        sc_log(SC_LOG_ERROR, "%s does not belong to the certificate of %s",
               key_place(options, where), cert_place(options, cert_where));
        return SC_ERR_INVALID;
    }
    if (SSL_CTX_use_PrivateKey(context, key) == 1)
        return SC_OK;
    sc_log(SC_LOG_ERROR, "%s can't be used: %s", key_place(options, where), reason());
    return SC_ERR_INVALID;
}

static sc_status_t take_key(SSL_CTX *context, const sc_options_t *options)
{
    phrase_t phrase = {.text = options->tls_passphrase};
    BIO *bio = open_text(options->tls_key_pem);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, on_phrase, &phrase);
    sc_status_t status;

    BIO_free(bio);
    status = key != NULL ? use_key(context, key, options) : fail_key(options, &phrase);
    EVP_PKEY_free(key);
    return status;
}

/* ---- What is spoken --------------------------------------------------------------------------------------------- */

/** RFC 7301: a client that says what it speaks must speak HTTP/1.1. One that says nothing is taken at its word later. */
static int on_alpn(SSL *ssl, const unsigned char **chosen, unsigned char *chosen_len,
                   const unsigned char *offered, unsigned int offered_len, void *arg)
{
    static const unsigned char ours[] = "\x08http/1.1";
    unsigned char *found;

    (void)ssl;
    (void)arg;
    if (SSL_select_next_proto(&found, chosen_len, ours, sizeof(ours) - 1, offered, offered_len) !=
        OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *chosen = found;
    return SSL_TLSEXT_ERR_OK;
}

static sc_status_t take_ciphers(SSL_CTX *context, const sc_options_t *options)
{
    const char *ciphers = options->tls_ciphers != NULL ? options->tls_ciphers : DEFAULT_CIPHERS;

    if (SSL_CTX_set_cipher_list(context, ciphers) != 1) {
        sc_log(SC_LOG_ERROR, "option tlsCiphers: no cipher is left of \"%s\": %s", ciphers,
               reason());
        return SC_ERR_INVALID;
    }
    if (options->tls_ciphersuites != NULL &&
        SSL_CTX_set_ciphersuites(context, options->tls_ciphersuites) != 1) {
        sc_log(SC_LOG_ERROR, "option tlsCiphersuites: \"%s\" is no list of TLS 1.3's ciphers",
               options->tls_ciphersuites);
        return SC_ERR_INVALID;
    }
    return SC_OK;
}

/** Memory and manners of the connections. */
static void set_modes(SSL_CTX *context)
{
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    /* An idle connection owns no buffers of records. What is written moves: it is put together anew each time. */
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_read_ahead(context, 0);
    /* Sessions live in tickets: a cache would be this worker's alone, and most clients come back to another one. */
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_timeout(context, TICKET_SECONDS);
    SSL_CTX_set_verify(context, SSL_VERIFY_NONE, NULL);
    SSL_CTX_set_alpn_select_cb(context, on_alpn, NULL);
}

void sc_tls_context_set_ticket_keys(SSL_CTX *context, const uint8_t *ticket_keys)
{
    if (SSL_CTX_set_tlsext_ticket_keys(context, (void *)(uintptr_t)ticket_keys,
                                       SC_TICKET_KEYS_BYTES) != 1)
        sc_die("OpenSSL wants keys of another length for tickets");
}

static void set_tickets(SSL_CTX *context, const uint8_t *ticket_keys)
{
    if (ticket_keys == NULL) {
        SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
        SSL_CTX_set_num_tickets(context, 0);
        return;
    }
    sc_tls_context_set_ticket_keys(context, ticket_keys);
    SSL_CTX_set_num_tickets(context, 1); /* a client has one connection */
}

static sc_status_t set_up(SSL_CTX *context, const sc_options_t *options)
{
    bool is_new = strcmp(options->tls_min_version, "1.3") == 0;
    sc_status_t status;

    if (SSL_CTX_set_min_proto_version(context, is_new ? TLS1_3_VERSION : TLS1_2_VERSION) != 1)
        sc_die("OpenSSL does not know TLS 1.2 or 1.3");
    set_modes(context);
    status = take_ciphers(context, options);
    if (status == SC_OK)
        status = take_certificate(context, options);
    if (status == SC_OK)
        status = take_key(context, options);
    return status;
}

SSL_CTX *sc_tls_context_new(const sc_options_t *options, const uint8_t *ticket_keys)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());

    if (context == NULL)
        sc_die("OpenSSL makes no context");
    set_tickets(context, ticket_keys);
    if (set_up(context, options) != SC_OK) {
        SSL_CTX_free(context);
        context = NULL;
    }
    /* Else the next who asks OpenSSL would find the errors of this. */
    ERR_clear_error();
    return context;
}

/* ---- Time ------------------------------------------------------------------------------------------------------- */

static void add_time(char *out, size_t size, const ASN1_TIME *time)
{
    BIO *bio = BIO_new(BIO_s_mem());
    int len = -1;

    if (bio != NULL && ASN1_TIME_print(bio, time) == 1)
        len = BIO_read(bio, out, (int)size - 1);
    out[len > 0 ? len : 0] = '\0';
    BIO_free(bio);
}

sc_status_t sc_tls_context_check_time(const SSL_CTX *context, const sc_options_t *options)
{
    const X509 *certificate = SSL_CTX_get0_certificate(context);
    const ASN1_TIME *from = X509_get0_notBefore(certificate);
    const ASN1_TIME *until = X509_get0_notAfter(certificate);
    char where[PLACE_BYTES];
    char when[64];

    if (X509_cmp_current_time(until) < 0) {
        add_time(when, sizeof(when), until);
        sc_log(SC_LOG_ERROR, "%s has expired on %s", cert_place(options, where), when);
        return SC_ERR_INVALID;
    }
    if (X509_cmp_current_time(from) > 0) {
        add_time(when, sizeof(when), from);
        sc_log(SC_LOG_WARN, "%s is not valid before %s", cert_place(options, where), when);
    }
    return SC_OK;
}
