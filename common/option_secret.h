/*
 * option_secret.h: the texts of keys and certificates that a cluster replaces while it runs: read from the files that options
 * name, at the start and whenever they shall be read anew, and handed from the master to its workers.
 *
 * To read them anew: sc_secrets_read, sc_secrets_swap into the options, check them; swap back if they are refused, else hand
 * sc_secrets_to_json to the workers; sc_secrets_deinit what was swapped out.
 */
#ifndef SC_COMMON_OPTION_SECRET_H
#define SC_COMMON_OPTION_SECRET_H

#include "common/option_table.h"

#include <jansson.h>

/**
 * Every such text that an option can also name a file of. A row:
 * X(field of the text, "its option", field of the file's name, "its option", whether a final line break counts)
 */
#define SC_SECRET_TABLE(X)                                                                         \
    X(tls_cert_pem, "tlsCertPem", tls_cert, "tlsCert", true)                                       \
    X(tls_key_pem, "tlsKeyPem", tls_key, "tlsKey", true)                                           \
    X(tls_passphrase, "tlsPassphrase", tls_passphrase_file, "tlsPassphraseFile", false)            \
    X(auth_key, "authKey", auth_key_file, "authKeyFile", false)                                    \
    X(auth_private_key, "authPrivateKey", auth_private_key_file, "authPrivateKeyFile", true)       \
    X(auth_public_key, "authPublicKey", auth_public_key_file, "authPublicKeyFile", true)

#define SC_SECRET_COUNT_ONE(text, text_name, file, file_name, keeps_line_break) +1
enum { SC_SECRET_COUNT = 0 SC_SECRET_TABLE(SC_SECRET_COUNT_ONE) };

/** A row of the table, for code that walks it. */
typedef struct sc_secret {
    size_t text_offset; /* in sc_options_t */
    size_t file_offset;
    const char *text_name;
    const char *file_name;
    bool keeps_line_break;
} sc_secret_t;

extern const sc_secret_t sc_secret_table[SC_SECRET_COUNT];

/** All of them. Zero is empty. */
typedef struct sc_secrets {
    char *texts[SC_SECRET_COUNT]; /* in the table's order; NULL: not set */
    sc_verify_keys_t verify_keys; /* the files of authVerifyKeyFiles: a list (verify_keys.h) */
} sc_secrets_t;

/**
 * Reads the files that options name; a text without a file is copied from the options.
 *
 * @param secrets  filled; sc_secrets_deinit when done, after a failure too
 * @param error    on failure a line that names option and file is added
 * @return SC_OK; SC_ERR_INVALID: a file can't be read, is empty, too long or no text
 */
SC_MUST_CHECK sc_status_t sc_secrets_read(const sc_options_t *options, sc_secrets_t *secrets,
                                          sc_text_t *error);
/** Exchanges the texts of the options with those of the set. */
void sc_secrets_swap(sc_options_t *options, sc_secrets_t *secrets);
/** Wipes and frees the texts; the set is empty afterwards. */
void sc_secrets_deinit(sc_secrets_t *secrets);
/** Wipes the texts in the options of a process that has no more use for them. */
void sc_secrets_forget(sc_options_t *options);

/** The texts of the options as a JSON object, for another process. A new reference. */
json_t *sc_secrets_to_json(const sc_options_t *options);
/** Fills a set from such an object; deinit it after a failure too. @return SC_OK; SC_ERR_INVALID: it is none */
SC_MUST_CHECK sc_status_t sc_secrets_from_json(const json_t *object, sc_secrets_t *secrets);

/** Whether jansson wipes memory when it frees it: to be on while a document that holds secrets is made and freed. */
void sc_secrets_guard_json(bool is_on);

#endif
