/*
 * msgpack_write.h: MessagePack as JavaScript's msgpack-lite writes it, straight from JSON text: no document is made. Numbers that
 * are whole and within 32 bits take their shortest form, all others are doubles; strings, arrays and maps take the shortest
 * form.
 *
 * How many elements a container has is known at its end only. Its head is one byte at first, which is enough for up to 15;
 * where it isn't, the place is noted, and sc_msgpack_finish makes room for all of them in one pass from the back.
 */
#ifndef SC_PROTOCOL_MSGPACK_WRITE_H
#define SC_PROTOCOL_MSGPACK_WRITE_H

#include "common/buf.h"

/** A container's head that one byte does not hold. */
typedef struct sc_msgpack_wide {
    uint32_t at; /* of the head, in the buffer */
    uint32_t count;
    bool is_map;
} sc_msgpack_wide_t;

typedef struct sc_msgpack_writer {
    sc_buf_t *buf; /* its `len` is what there is room for */
    size_t len;    /* written */
    sc_msgpack_wide_t *wide;
    uint32_t wide_count;
    uint32_t wide_capacity;
} sc_msgpack_writer_t;

/**
 * Begins a text.
 *
 * @param guess_bytes  how long it will about be; more is made room for
 * @param skip_bytes   left free in front of it, for the caller
 */
void sc_msgpack_begin(sc_msgpack_writer_t *writer, size_t guess_bytes, size_t skip_bytes);
/** Adds bytes as they are. */
void sc_msgpack_put_bytes(sc_msgpack_writer_t *writer, sc_str_t bytes);
/** Adds a string. @param characters  UTF-8 */
void sc_msgpack_put_string(sc_msgpack_writer_t *writer, sc_str_t characters);
/** Adds a number. */
void sc_msgpack_put_number(sc_msgpack_writer_t *writer, double number);
/** Adds the head of a map of up to 15 members, which follow. */
void sc_msgpack_put_map(sc_msgpack_writer_t *writer, uint8_t count);
/** Adds the head of an array of so many elements, which follow. */
void sc_msgpack_put_array(sc_msgpack_writer_t *writer, uint32_t count);
/**
 * Adds a value of any kind.
 *
 * @param json  JSON text; none: nil
 * @return SC_OK; SC_ERR_INVALID: no JSON, SC_ERR_LIMIT: deeper than SC_JSON_DEPTH_MAX: nil was added
 */
SC_MUST_CHECK sc_status_t sc_msgpack_put_json(sc_msgpack_writer_t *writer, sc_str_t json);
/** Ends the text. @return the buffer, which is the caller's: skip_bytes, then the text, to the end of its length */
sc_buf_t *sc_msgpack_finish(sc_msgpack_writer_t *writer);

#endif
