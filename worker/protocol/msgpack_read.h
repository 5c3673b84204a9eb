/*
 * msgpack_read.h: MessagePack from clients becomes JSON text, without a document in between. The reader stands on a byte and
 * never moves past the end, whatever the bytes are; every length is compared with what is left before anything is made
 * room for, and the text that comes out has a limit of its own: one byte may become six and more.
 *
 * All types are read but extensions, which have no JSON form. Maps have strings for names. Strings must be UTF-8. What JSON
 * has no number for (NaN, infinities) becomes null, and bytes become {"base64":true,"data":"..."}, as clients do it.
 */
#ifndef SC_PROTOCOL_MSGPACK_READ_H
#define SC_PROTOCOL_MSGPACK_READ_H

#include <sc/json.h>

typedef struct sc_msgpack_reader {
    const uint8_t *at;
    const uint8_t *end;
    sc_text_t *out; /* the JSON text, which grows */
    size_t out_max; /* its limit in bytes */
    uint32_t depth; /* arrays and objects that are open in the text */
} sc_msgpack_reader_t;

/** What a value is, for those who look before they read. */
typedef enum sc_msgpack_kind {
    SC_MSGPACK_KIND_NONE, /* the end, or what can't be read */
    SC_MSGPACK_KIND_NULL,
    SC_MSGPACK_KIND_ARRAY,
    SC_MSGPACK_KIND_MAP,
    SC_MSGPACK_KIND_OTHER,
} sc_msgpack_kind_t;

/** The kind of the next value. */
sc_msgpack_kind_t sc_msgpack_peek(const sc_msgpack_reader_t *reader);
/** The head of an array or map, and how many elements or members follow; there may be as many: the bytes are checked.
 *  @return SC_ERR_INVALID: none, or not enough bytes for them */
SC_MUST_CHECK sc_status_t sc_msgpack_read_head(sc_msgpack_reader_t *reader, uint32_t *count);
/** A string. @param characters  set to its bytes, valid UTF-8 @return SC_ERR_INVALID: none, or not a valid one */
SC_MUST_CHECK sc_status_t sc_msgpack_read_string(sc_msgpack_reader_t *reader, sc_str_t *characters);
/** Adds plain text to `out`. @return SC_ERR_LIMIT: over out_max; SC_ERR_NOMEM */
SC_MUST_CHECK sc_status_t sc_msgpack_add(sc_msgpack_reader_t *reader, sc_str_t text);
/** Adds a JSON string to `out`. @param characters  UTF-8 @return as sc_msgpack_add */
SC_MUST_CHECK sc_status_t sc_msgpack_add_quoted(sc_msgpack_reader_t *reader, sc_str_t characters);
/**
 * Adds the next value, of any kind, to `out`.
 *
 * @return SC_OK; SC_ERR_INVALID: it can't be read, or is nested deeper than SC_JSON_DEPTH_MAX; SC_ERR_LIMIT: over out_max; SC_ERR_NOMEM. After
 *         an error the reader's place and what was added mean nothing.
 */
SC_MUST_CHECK sc_status_t sc_msgpack_read_value(sc_msgpack_reader_t *reader);
/** Moves behind the next value, of any kind; `out` is not used. @return SC_ERR_INVALID: it is none, or not whole */
SC_MUST_CHECK sc_status_t sc_msgpack_skip(sc_msgpack_reader_t *reader);

#endif
