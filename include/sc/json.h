/*
 * json.h: JSON for plugins. Payloads are texts; a document is made only where a plugin asks for one.
 */
#ifndef SC_JSON_H
#define SC_JSON_H

#include <jansson.h>
#include <sc/types.h>

SC_EXTERN_C_BEGIN

/* ---- Documents (jansson) ---------------------------------------------------------------------------------- */

/** Any JSON value as a document; NULL: not JSON, or no memory. The caller owns it: json_decref. */
SC_API SC_MUST_CHECK json_t *sc_json_load(sc_str_t text);

/* ---- Texts, without a document ----------------------------------------------------------------------------- */

/**
 * Finds a member of an object in its text. Of duplicate members the last counts.
 *
 * @param object  JSON text of an object, valid (payloads and tokens that the server hands out are)
 * @param name    after unescaping
 * @return the value's text, a span of `object`; none: no such member, or not an object
 * Since ABI 1.
 */
SC_API sc_str_t sc_json_member(sc_str_t object, const char *name);

/** A text that grows. Zero is empty; sc_text_free when done. Without memory the process ends. */
struct sc_text {
    char *ptr;
    size_t len;
    size_t capacity;
};

SC_API void sc_text_add(sc_text_t *text, sc_str_t bytes);
SC_API void sc_text_addf(sc_text_t *text, const char *format, ...) SC_PRINTF(2, 3);
/** Adds a JSON string: quotes, and what must be escaped escaped. `bytes`: UTF-8. */
SC_API void sc_text_add_quoted(sc_text_t *text, sc_str_t bytes);
/** Adds the characters of a JSON string's text ("\"a\\nb\"", quotes included), unescaped, as UTF-8.
 *  @return SC_OK; SC_ERR_INVALID: not a valid JSON string: nothing was added. */
SC_API SC_MUST_CHECK sc_status_t sc_text_add_unquoted(sc_text_t *text, sc_str_t json_string);
/** Adds a document, compact. */
SC_API void sc_text_add_json(sc_text_t *text, const json_t *json);
SC_API void sc_text_free(sc_text_t *text);

static inline sc_str_t sc_text_str(const sc_text_t *text)
{
    return sc_str(text->ptr != NULL ? text->ptr : "", text->len);
}

static inline void sc_text_clear(sc_text_t *text)
{
    text->len = 0;
}

SC_EXTERN_C_END

#endif
