/*
 * dispatch.h: a client's message becomes packets, and each packet goes to its handler: in order, and held back while an earlier
 * one waits for a middleware.
 */
#ifndef SC_PROTOCOL_DISPATCH_H
#define SC_PROTOCOL_DISPATCH_H

#include "worker/protocol/packet_scan.h"
#include "worker/protocol/socket.h"

/** A whole message that is no pong. `text`: valid UTF-8. May end the socket. */
void sc_dispatch_message(sc_socket_t *socket, sc_str_t text);
/** Processes what was held, until something holds again. May end the socket. */
void sc_dispatch_held(sc_socket_t *socket);
/** Forgets what was held. */
void sc_dispatch_drop_held(sc_socket_t *socket);
/** A message that is no packet: for the application, or the end before the handshake. */
void sc_dispatch_raw(sc_socket_t *socket, sc_str_t text);

/** A string value's characters: a span of the packet, or of `scratch` if they had to be unescaped. */
sc_str_t sc_dispatch_string(const sc_json_value_t *value, sc_text_t *scratch);
/** Adds a value as JavaScript makes a string of it, for error texts: undefined, 5, a,b. */
void sc_dispatch_show(sc_text_t *text, const sc_json_value_t *value);

#endif
