/*
 * option_value.h: gives one option a value, from a text (a flag, an environment variable) or from JSON, after checking it
 * against its row of the table.
 */
#ifndef SC_COMMON_OPTION_VALUE_H
#define SC_COMMON_OPTION_VALUE_H

#include "common/option_table.h"

#include <jansson.h>

/**
 * Gives an option a value. A PLUGINS option gets one more plugin; all others are replaced.
 *
 * @param value  NUL-terminated; copied
 * @param why    on failure what the value is and what it may be is added: "is \"x\": not a number from 1 to 5"
 * @return SC_OK; SC_ERR_INVALID
 */
SC_MUST_CHECK sc_status_t sc_option_set_text(sc_options_t *options, const sc_option_t *option,
                                             const char *value, sc_text_t *why);
/** The same from JSON; PLUGINS are replaced as a whole. null gives the option its default. */
SC_MUST_CHECK sc_status_t sc_option_set_json(sc_options_t *options, const sc_option_t *option,
                                             const json_t *value, sc_text_t *why);
/** Gives an option its default. */
void sc_option_reset(sc_options_t *options, const sc_option_t *option);
/** Whether an option that is a text has one. */
bool sc_option_is_set(const sc_options_t *options, const sc_option_t *option);
/** Frees an option's value; it is not set afterwards. */
void sc_option_clear(sc_options_t *options, const sc_option_t *option);

/** The values of an ENUM, "a|b|c", which open its help. */
sc_str_t sc_option_enum_values(const sc_option_t *option);
/** Whether an option takes "auto" for 0. */
bool sc_option_has_auto(const sc_option_t *option);
/** Adds what an option may be: "a number from 1 to 64". */
void sc_option_describe(const sc_option_t *option, sc_text_t *out);

#endif
