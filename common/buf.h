/*
 * buf.h: reference-counted bytes. A frame that goes to many is one sc_buf_t, referenced from each queue.
 * Counts are not atomic: a buffer belongs to one thread.
 */
#ifndef SC_COMMON_BUF_H
#define SC_COMMON_BUF_H

#include <sc/types.h>

typedef struct sc_buf {
    uint32_t refs;
    uint32_t len; /* bytes in use */
    char bytes[];
} sc_buf_t;

/** A buffer of `len` bytes, not set, with one reference; NULL without memory. */
sc_buf_t *sc_buf_try_new(size_t len);
/** As sc_buf_try_new, for what we size: never NULL. */
sc_buf_t *sc_buf_new(size_t len);
/** A copy of bytes that we size; never NULL. */
sc_buf_t *sc_buf_copy(sc_str_t bytes);

/** Another length for a buffer that nobody else references, its bytes kept as far as they fit; never NULL (for what we size). */
sc_buf_t *sc_buf_resize(sc_buf_t *buf, size_t len);

static inline sc_buf_t *sc_buf_ref(sc_buf_t *buf)
{
    buf->refs++;
    return buf;
}

/** Takes one reference away; the last frees. NULL does nothing. */
void sc_buf_unref(sc_buf_t *buf);

static inline sc_str_t sc_buf_str(const sc_buf_t *buf)
{
    return sc_str(buf->bytes, buf->len);
}

#endif
