/*
 * conn_rest.h: input that a connection's handler has left: memory that the connection owns until more has come. For conn.c.
 */
#ifndef SC_NET_CONN_REST_H
#define SC_NET_CONN_REST_H

#include "worker/net/conn.h"

/** A shorter rest is copied in front of what comes next; a longer one grows where it is. */
#define SC_CONN_SMALL_REST_BYTES (16u * 1024)

/** Keeps a copy of these bytes, which may be none, in place of what there was. @return false: there is no memory */
SC_MUST_CHECK bool sc_conn_rest_keep(sc_conn_t *conn, const char *bytes, size_t len);
/** Takes `used` bytes off the front, and gives memory back that a long frame has left behind. */
void sc_conn_rest_consume(sc_conn_t *conn, size_t used);
/** Makes room behind a long rest: towards what the handler wants, but never more than twice what has come.
 *  @return false: there is no memory */
SC_MUST_CHECK bool sc_conn_rest_grow(sc_conn_t *conn);
/** Adds bytes, whether there is room or not. @return false: there is no memory */
SC_MUST_CHECK bool sc_conn_rest_append(sc_conn_t *conn, const char *bytes, size_t len);

#endif
