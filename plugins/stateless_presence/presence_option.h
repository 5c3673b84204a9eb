/*
 * presence_option.h: the plugin's options.
 */
#ifndef SC_PRESENCE_OPTION_H
#define SC_PRESENCE_OPTION_H

#include <sc/types.h>

typedef struct sc_presence_options {
    uint32_t interval_ms; /* presenceInterval: from one ping of a worker to its next */
    uint32_t timeout_ms;  /* presenceTimeout: how long a client believes what it heard */
    bool guard; /* whether clients are kept from publishing what only the server may say */
} sc_presence_options_t;

/**
 * Reads the options, with defaults for what is missing.
 *
 * @param text   a JSON object; none: defaults
 * @param error  set to one line that names what is wrong, unless SC_OK is returned
 * @return SC_OK; SC_ERR_INVALID: not an object, an unknown name, a wrong type or a value out of range
 */
sc_status_t sc_presence_option_read(sc_str_t text, sc_presence_options_t *options, char *error,
                                    size_t error_bytes);

#endif
