#include "worker/net/conn_rest.h"

#include "common/alloc.h"

#define ROOM_BYTES_MIN 4096u

static void drop(sc_conn_t *conn)
{
    free(conn->rest);
    conn->rest = NULL;
    conn->rest_len = 0;
    conn->rest_capacity = 0;
}

static bool resize(sc_conn_t *conn, size_t capacity)
{
    char *resized = capacity <= UINT32_MAX ? realloc(conn->rest, capacity) : NULL;

    if (resized == NULL)
        return false;
    conn->rest = resized;
    conn->rest_capacity = (uint32_t)capacity;
    return true;
}

bool sc_conn_rest_keep(sc_conn_t *conn, const char *bytes, size_t len)
{
    if (len == 0) {
        drop(conn);
        return true;
    }
    if (len > conn->rest_capacity) {
        drop(conn);
        conn->rest = sc_try_alloc(len);
        if (conn->rest == NULL)
            return false;
        conn->rest_capacity = (uint32_t)len;
    }
    memcpy(conn->rest, bytes, len);
    conn->rest_len = (uint32_t)len;
    return true;
}

void sc_conn_rest_consume(sc_conn_t *conn, size_t used)
{
    if (used == conn->rest_len) {
        drop(conn);
        return;
    }
    if (used == 0)
        return;
    conn->rest_len -= (uint32_t)used;
    memmove(conn->rest, conn->rest + used, conn->rest_len);
    if (conn->rest_len <= SC_CONN_SMALL_REST_BYTES &&
        conn->rest_capacity > 2 * SC_CONN_SMALL_REST_BYTES)
        (void)resize(conn, conn->rest_len); /* without memory it stays large */
}

bool sc_conn_rest_grow(sc_conn_t *conn)
{
    size_t wanted = conn->handler->wanted != NULL ? conn->handler->wanted(conn) : 0;
    size_t capacity = 2 * (size_t)conn->rest_len;

    if (conn->rest_capacity - conn->rest_len >= ROOM_BYTES_MIN ||
        (wanted > conn->rest_len && conn->rest_capacity >= wanted))
        return true;
    if (wanted > conn->rest_len && wanted < capacity)
        capacity = wanted;
    return resize(conn, capacity);
}

bool sc_conn_rest_append(sc_conn_t *conn, const char *bytes, size_t len)
{
    size_t needed = conn->rest_len + len;

    if (needed > conn->rest_capacity && !resize(conn, needed))
        return false;
    memcpy(conn->rest + conn->rest_len, bytes, len);
    conn->rest_len = (uint32_t)needed;
    return true;
}
