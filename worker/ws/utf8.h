/*
 * utf8.h: incremental check that bytes are UTF-8 (RFC 3629: shortest forms, no surrogates, at most U+10FFFF).
 */
#ifndef SC_WS_UTF8_H
#define SC_WS_UTF8_H

#include <sc/types.h>

/** Zero is the start. */
typedef struct sc_utf8 {
    uint8_t pending;   /* continuation bytes that must follow */
    uint8_t low, high; /* bounds of the next one */
} sc_utf8_t;

/** Checks more bytes. @return false: they can't be part of UTF-8. ASCII runs are checked word by word. */
bool sc_utf8_feed(sc_utf8_t *state, const char *bytes, size_t len);
/** Whether no character is left half-way. */
bool sc_utf8_is_complete(const sc_utf8_t *state);
/** Both at once, for a whole text. */
bool sc_utf8_is_valid(sc_str_t text);

#endif
