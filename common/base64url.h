/*
 * base64url.h: base64 with '-' and '_' and without padding (RFC 7515, 2), as in tokens.
 */
#ifndef SC_COMMON_BASE64URL_H
#define SC_COMMON_BASE64URL_H

#include <sc/json.h>
#include <sc/types.h>

/** Whether a text is not empty and has only characters of the alphabet; '=' is none. */
bool sc_base64url_is_text(sc_str_t text);

/** Whether such a text is what an encoder writes: no lone last character, no bits that stand for nothing. */
bool sc_base64url_is_canonical(sc_str_t text);

/** Adds the bytes that a canonical text stands for. Without memory the process ends: check the text's length before. */
void sc_base64url_add_decoded(sc_text_t *out, sc_str_t text);
/** Adds what stands for those bytes. */
void sc_base64url_add_encoded(sc_text_t *out, const void *bytes, size_t len);

#endif
