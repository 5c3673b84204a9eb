/*
 * str.h: growing texts beside the spans of sc/types.h. sc_text_t itself is in sc/json.h: plugins use it too.
 */
#ifndef SC_COMMON_STR_H
#define SC_COMMON_STR_H

#include <sc/json.h>
#include <sc/types.h>

/** Makes room for `bytes` more at the end; the text's length stays. Without memory the process ends. */
char *sc_text_reserve(sc_text_t *text, size_t bytes);
/** Adds a decimal number. */
void sc_text_add_uint(sc_text_t *text, uint64_t number);
/** Case-insensitive (ASCII) comparison of spans. */
bool sc_str_equal_nocase(sc_str_t a, sc_str_t b);
/** Without blanks and tabs at either end. */
sc_str_t sc_str_trim(sc_str_t str);
/** Cuts the span before the next `separator` off `*rest`; false: `*rest` was none or used up. */
bool sc_str_split(sc_str_t *rest, char separator, sc_str_t *part);
/** A decimal number without sign; SC_ERR_INVALID: anything else, or over 2^64 - 1. */
SC_MUST_CHECK sc_status_t sc_str_to_uint(sc_str_t str, uint64_t *number);

#endif
