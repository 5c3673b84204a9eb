/*
 * ws_farewell.h: a connection whose close frame is on its way and that nobody owns any more: waits for the client's close
 * frame before it shuts down (RFC 6455, 7.1.1).
 *
 * Shutting down at once would cut off what was said last. Node clients that still have a compressed message to
 * inflate take the end of the connection for the end of the session, before they have come to our close frame: they
 * report 1005 in place of its code, and come back although it may have said not to.
 */
#ifndef SC_WS_FAREWELL_H
#define SC_WS_FAREWELL_H

#include "worker/net/conn.h"

/**
 * Takes the connection over: from its handler, between two frames of the client. Skips what comes until there is a close
 * frame, the end, or something that is no frame; or for the net's linger_ms. Then closes.
 *
 * @param conn  our close frame is the last that was sent to it
 */
void sc_ws_farewell_start(sc_conn_t *conn);

#endif
