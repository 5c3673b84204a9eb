/*
 * verify_keys.h: what the option authVerifyKeyFiles names: the entries' texts, read from their files.
 */
#ifndef SC_COMMON_VERIFY_KEYS_H
#define SC_COMMON_VERIFY_KEYS_H

#include "common/option_table.h"

#include <jansson.h>

/**
 * Reads the files of a list of "FILE" and "KID=FILE". A '=' behind a '/' belongs to the file's name.
 *
 * @param list   the option; NULL: empty
 * @param keys   filled; sc_verify_keys_deinit when done, after a failure too
 * @param error  on failure a line that names the option is added
 * @return SC_OK; SC_ERR_INVALID: a file can't be read, is empty, too long or no text, or there are too many
 */
SC_MUST_CHECK sc_status_t sc_verify_keys_read(const char *list, sc_verify_keys_t *keys,
                                              sc_text_t *error);
/** Wipes and frees all texts; the list is empty afterwards. */
void sc_verify_keys_deinit(sc_verify_keys_t *keys);

/** As a JSON array, for another process. A new reference. */
json_t *sc_verify_keys_to_json(const sc_verify_keys_t *keys);
/** Fills a list from such an array; deinit it after a failure too. @return SC_OK; SC_ERR_INVALID: it is none */
SC_MUST_CHECK sc_status_t sc_verify_keys_from_json(const json_t *array, sc_verify_keys_t *keys);

/* ---- One key, of whatever option ----------------------------------------------------------------------------------- */

/**
 * Reads a text file that holds a key.
 *
 * @param option  as the error shall call it
 * @param drops_line_break  one at its end is not part of the key
 * @param text    set to the content
 * @return SC_OK; SC_ERR_INVALID, and `error` says why
 */
SC_MUST_CHECK sc_status_t sc_key_file_read(const char *option, const char *path,
                                           bool drops_line_break, char **text, sc_text_t *error);
/** Wipes and frees a text; NULL afterwards. */
void sc_key_text_wipe(char **text);
/** A text of any bytes as JSON; null for NULL. A new reference. */
json_t *sc_key_text_to_json(const char *text);
/** @param text  set; NULL for null. @return SC_OK; SC_ERR_INVALID: it is no such value */
SC_MUST_CHECK sc_status_t sc_key_text_from_json(const json_t *value, char **text);

#endif
