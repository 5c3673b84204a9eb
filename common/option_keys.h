/*
 * option_keys.h: the texts of the keys of auth tokens: read from the files that options name, at the start and whenever they
 * shall be read anew, and handed from the master to its workers. The only place that reads these files.
 *
 * A part of sc_secrets_t (option_secret.h), which has the texts of TLS, too: that is what is read anew and handed over.
 */
#ifndef SC_COMMON_OPTION_KEYS_H
#define SC_COMMON_OPTION_KEYS_H

#include "common/option_table.h"

#include <jansson.h>

/** What sc_options_t has of keys, in a set of its own. Zero is empty. */
typedef struct sc_option_keys {
    char *auth_key;         /* NULL: none */
    char *auth_private_key; /* NULL: none */
    char *auth_public_key;  /* NULL: none */
    sc_verify_keys_t verify;
} sc_option_keys_t;

/**
 * Reads the files that authKeyFile, authPrivateKeyFile, authPublicKeyFile and authVerifyKeyFiles name; a key without a file is
 * copied from the options.
 *
 * @param keys   filled; sc_option_keys_deinit when done, after a failure too
 * @param error  on failure a line that names the option is added
 * @return SC_OK; SC_ERR_INVALID: a file can't be read, is empty, too long or no text, or there are too many
 */
SC_MUST_CHECK sc_status_t sc_option_keys_read(const sc_options_t *options, sc_option_keys_t *keys,
                                              sc_text_t *error);
/** Exchanges the keys of the options with those of the set. */
void sc_option_keys_swap(sc_options_t *options, sc_option_keys_t *keys);
/** Wipes and frees all texts; the set is empty afterwards. */
void sc_option_keys_deinit(sc_option_keys_t *keys);

/** The keys of the options as a JSON object, for another process. A new reference. */
json_t *sc_option_keys_to_json(const sc_options_t *options);
/** Fills a set from such an object; deinit it after a failure too. @return SC_OK; SC_ERR_INVALID: it is none */
SC_MUST_CHECK sc_status_t sc_option_keys_from_json(const json_t *object, sc_option_keys_t *keys);

#endif
