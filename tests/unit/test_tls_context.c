/*
 * test_tls_context.c: which certificates, keys and ciphers are taken, and what is said of those that are not.
 */
#include "certificate.h"
#include "common/log.h"
#include "common/process.h"
#include "worker/net/tls_context.h"

#include <fcntl.h>
#include <openssl/err.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char log_path[] = "/tmp/sc-test-tls-XXXXXX";
static char log_text[4096];
static certificate_t ours;
static certificate_t other;
static certificate_t locked;

static sc_options_t options_of(const certificate_t *cert, const certificate_t *key)
{
    sc_options_t options;

    memset(&options, 0, sizeof(options));
    options.tls_cert = (char *)(uintptr_t) "/etc/c.pem";
    options.tls_key = (char *)(uintptr_t) "/etc/k.pem";
    options.tls_cert_pem = cert->cert_pem;
    options.tls_key_pem = key->key_pem;
    options.tls_min_version = (char *)(uintptr_t) "1.2";
    return options;
}

/* What the log has got since the last call. */
static const char *read_log(void)
{
    int fd = open(log_path, O_RDWR);
    ssize_t len = read(fd, log_text, sizeof(log_text) - 1);

    log_text[len > 0 ? len : 0] = '\0';
    assert_int_equal(ftruncate(fd, 0), 0);
    close(fd);
    return log_text;
}

static void assert_taken(const sc_options_t *options)
{
    SSL_CTX *context = sc_tls_context_new(options, NULL);

    assert_string_equal(read_log(), "");
    assert_non_null(context);
    SSL_CTX_free(context);
    assert_int_equal(ERR_peek_error(), 0);
}

/* Refused with one line that has these parts. */
static void assert_refused(const sc_options_t *options, const char *first, const char *second)
{
    assert_null(sc_tls_context_new(options, NULL));
    read_log();
    if (strstr(log_text, first) == NULL || strstr(log_text, second) == NULL)
        fail_msg("no \"%s\" and \"%s\" in: %s", first, second, log_text);
    assert_ptr_equal(strchr(log_text, '\n'), log_text + strlen(log_text) - 1);
    assert_null(strstr(log_text, "PRIVATE"));
    assert_int_equal(ERR_peek_error(), 0);
}

static void keys_of_both_kinds_are_taken(void **state)
{
    certificate_t rsa = certificate_new((certificate_form_t){.is_rsa = true});
    sc_options_t options = options_of(&ours, &ours);

    (void)state;
    assert_taken(&options);
    options = options_of(&rsa, &rsa);
    assert_taken(&options);
    certificate_free(&rsa);
}

static void a_key_with_its_pass_phrase_is_taken(void **state)
{
    sc_options_t options = options_of(&locked, &locked);

    (void)state;
    options.tls_passphrase = (char *)(uintptr_t) "open sesame";
    assert_taken(&options);
}

static void a_wrong_pass_phrase_is_said_without_showing_it(void **state)
{
    sc_options_t options = options_of(&locked, &locked);

    (void)state;
    assert_refused(&options, "option tlsKey: /etc/k.pem has a pass phrase", "tlsPassphraseFile");
    options.tls_passphrase = (char *)(uintptr_t) "guessed";
    assert_refused(&options, "option tlsKey: /etc/k.pem can't be read with the pass phrase",
                   "of option tlsPassphrase\n");
    assert_null(strstr(log_text, "guessed"));
    options.tls_passphrase_file = (char *)(uintptr_t) "/etc/phrase";
    assert_refused(&options, "can't be read with the pass phrase",
                   "of option tlsPassphraseFile: /etc/phrase\n");
}

static void a_key_of_another_certificate_is_refused(void **state)
{
    sc_options_t options = options_of(&ours, &other);

    (void)state;
    assert_refused(&options, "option tlsKey: /etc/k.pem does not belong to the certificate",
                   "of option tlsCert: /etc/c.pem\n");
    options.tls_cert = NULL;
    options.tls_key = NULL;
    assert_refused(&options, "option tlsKeyPem does not belong", "of option tlsCertPem\n");
}

static void what_is_no_certificate_or_no_key_is_refused(void **state)
{
    certificate_t wrong = {.cert_pem = ours.key_pem, .key_pem = ours.cert_pem};
    sc_options_t options = options_of(&wrong, &ours);

    (void)state;
    assert_refused(&options, "option tlsCert: /etc/c.pem is no PEM certificate", "read");
    options = options_of(&ours, &wrong);
    assert_refused(&options, "option tlsKey: /etc/k.pem is no PEM private key", "read");
    wrong = (certificate_t){.cert_pem = (char *)(uintptr_t) "", .key_pem = ours.key_pem};
    options = options_of(&wrong, &ours);
    assert_refused(&options, "option tlsCert: /etc/c.pem is no PEM certificate", "read");
}

static void a_chain_is_taken_whole_or_not_at_all(void **state)
{
    char text[8192];
    certificate_t chain = {.cert_pem = text, .key_pem = ours.key_pem};
    sc_options_t options = options_of(&chain, &ours);
    STACK_OF(X509) * certificates;
    SSL_CTX *context;

    (void)state;
    snprintf(text, sizeof(text), "%s%s%s\n# the end\n", ours.cert_pem, other.cert_pem,
             locked.cert_pem);
    context = sc_tls_context_new(&options, NULL);
    assert_non_null(context);
    SSL_CTX_get0_chain_certs(context, &certificates);
    assert_int_equal(sk_X509_num(certificates), 2);
    SSL_CTX_free(context);
    text[strlen(ours.cert_pem) + 200] = '\0';
    assert_refused(&options, "option tlsCert: /etc/c.pem has a chain that can't be used", "end");
}

static void only_modern_ciphers_are_there_unless_options_name_others(void **state)
{
    sc_options_t options = options_of(&ours, &ours);
    SSL_CTX *context = sc_tls_context_new(&options, NULL);
    STACK_OF(SSL_CIPHER) * ciphers;

    (void)state;
    assert_non_null(context);
    ciphers = SSL_CTX_get_ciphers(context);
    assert_true(sk_SSL_CIPHER_num(ciphers) > 5);
    for (int i = 0; i < sk_SSL_CIPHER_num(ciphers); i++) {
        const SSL_CIPHER *cipher = sk_SSL_CIPHER_value(ciphers, i);

        assert_int_equal(SSL_CIPHER_is_aead(cipher), 1);
        assert_true(SSL_CIPHER_get_kx_nid(cipher) == NID_kx_ecdhe ||
                    SSL_CIPHER_get_kx_nid(cipher) == NID_kx_any);
    }
    SSL_CTX_free(context);
    options.tls_ciphers = (char *)(uintptr_t) "ECDHE-ECDSA-AES128-GCM-SHA256";
    options.tls_ciphersuites = (char *)(uintptr_t) "TLS_AES_128_GCM_SHA256";
    context = sc_tls_context_new(&options, NULL);
    assert_non_null(context);
    assert_int_equal(sk_SSL_CIPHER_num(SSL_CTX_get_ciphers(context)), 2);
    SSL_CTX_free(context);
}

static void unknown_ciphers_are_refused(void **state)
{
    sc_options_t options = options_of(&ours, &ours);

    (void)state;
    options.tls_ciphers = (char *)(uintptr_t) "ROT13";
    assert_refused(&options, "option tlsCiphers: no cipher is left of \"ROT13\"",
                   "no cipher match");
    options.tls_ciphers = NULL;
    options.tls_ciphersuites = (char *)(uintptr_t) "ROT13";
    assert_refused(&options, "option tlsCiphersuites: \"ROT13\"", "TLS 1.3");
}

static sc_status_t check_time(certificate_form_t form)
{
    certificate_t certificate = certificate_new(form);
    sc_options_t options = options_of(&certificate, &certificate);
    SSL_CTX *context = sc_tls_context_new(&options, NULL);
    sc_status_t status;

    assert_non_null(context); /* a worker that is started again may have nothing better */
    assert_string_equal(read_log(), "");
    status = sc_tls_context_check_time(context, &options);
    read_log();
    SSL_CTX_free(context);
    certificate_free(&certificate);
    return status;
}

static void an_expired_certificate_is_found_by_the_check(void **state)
{
    (void)state;
    assert_int_equal(check_time((certificate_form_t){.has_expired = true}), SC_ERR_INVALID);
    assert_non_null(strstr(log_text, "error test: option tlsCert: /etc/c.pem has expired on "));
    assert_int_equal(check_time((certificate_form_t){.is_early = true}), SC_OK);
    assert_non_null(strstr(log_text, "warn test: option tlsCert: /etc/c.pem is not valid before "));
    assert_int_equal(check_time((certificate_form_t){.name = "fresh"}), SC_OK);
    assert_string_equal(log_text, "");
}

static int set_up(void **state)
{
    int fd = mkstemp(log_path);

    (void)state;
    close(fd);
    sc_log_init("test", SC_LOG_INFO, SC_LOG_TEXT);
    if (sc_log_open(log_path) != SC_OK)
        return -1;
    ours = certificate_new((certificate_form_t){.name = "ours"});
    other = certificate_new((certificate_form_t){.name = "other"});
    locked = certificate_new((certificate_form_t){.passphrase = "open sesame"});
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    certificate_free(&ours);
    certificate_free(&other);
    certificate_free(&locked);
    return unlink(log_path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_of_both_kinds_are_taken),
        cmocka_unit_test(a_key_with_its_pass_phrase_is_taken),
        cmocka_unit_test(a_wrong_pass_phrase_is_said_without_showing_it),
        cmocka_unit_test(a_key_of_another_certificate_is_refused),
        cmocka_unit_test(what_is_no_certificate_or_no_key_is_refused),
        cmocka_unit_test(a_chain_is_taken_whole_or_not_at_all),
        cmocka_unit_test(only_modern_ciphers_are_there_unless_options_name_others),
        cmocka_unit_test(unknown_ciphers_are_refused),
        cmocka_unit_test(an_expired_certificate_is_found_by_the_check),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
