#include "common/buf.h"

#include "common/alloc.h"

sc_buf_t *sc_buf_try_new(size_t len)
{
    sc_buf_t *buf;

    if (len > UINT32_MAX - sizeof(*buf))
        return NULL;
    buf = sc_try_alloc(sizeof(*buf) + len);
    if (buf == NULL)
        return NULL;
    buf->refs = 1;
    buf->len = (uint32_t)len;
    return buf;
}

sc_buf_t *sc_buf_new(size_t len)
{
    sc_buf_t *buf = sc_buf_try_new(len);

    if (buf == NULL)
        sc_die("out of memory: a buffer of %zu bytes", len);
    return buf;
}

sc_buf_t *sc_buf_copy(sc_str_t bytes)
{
    sc_buf_t *buf = sc_buf_new(bytes.len);

    if (bytes.len > 0)
        memcpy(buf->bytes, bytes.ptr, bytes.len);
    return buf;
}

sc_buf_t *sc_buf_resize(sc_buf_t *buf, size_t len)
{
    sc_assert(buf->refs == 1);
    if (len > UINT32_MAX - sizeof(*buf))
        sc_die("out of memory: a buffer of %zu bytes", len);
    buf = sc_realloc(buf, sizeof(*buf) + len);
    buf->len = (uint32_t)len;
    return buf;
}

void sc_buf_unref(sc_buf_t *buf)
{
    if (buf == NULL)
        return;
    sc_assert(buf->refs > 0);
    if (--buf->refs == 0)
        free(buf);
}
