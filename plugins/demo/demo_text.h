/*
 * demo_text.h: what people may be called and what they may say.
 */
#ifndef SC_DEMO_TEXT_H
#define SC_DEMO_TEXT_H

#include <sc/json.h>

/** Longest name, status and message, in characters (code points). */
#define SC_DEMO_NAME_CHARS_MAX 32
#define SC_DEMO_STATUS_CHARS_MAX 60
#define SC_DEMO_MESSAGE_CHARS_MAX 500

/**
 * Reads a JSON string: without blanks around it, 1 to `chars_max` characters, none of them a control character.
 *
 * @param json  JSON text of any value, or none
 * @param text  what was read is appended, as UTF-8; on an error, nothing is
 * @return SC_OK; SC_ERR_INVALID: not a string, blank, or with control characters; SC_ERR_LIMIT: too long
 */
SC_MUST_CHECK sc_status_t sc_demo_text_read(sc_str_t json, size_t chars_max, sc_text_t *text);

#endif
