/*
 * auth_expiry.h: option endSubscriptionsOnExpiry: each socket whose token ends has a timer that notices it at once, and what was
 * subscribed to with the token ends with it (docs/protocol.md, "Expiry on a live connection"). Without the option nothing of this
 * costs anything.
 */
#ifndef SC_PROTOCOL_AUTH_EXPIRY_H
#define SC_PROTOCOL_AUTH_EXPIRY_H

#include "worker/protocol/socket.h"

/** The socket has a new token, or none: its timer runs to the end of that one, or stops. */
void sc_auth_expiry_set(sc_socket_t *socket);
/** The socket ends. */
void sc_auth_expiry_stop(sc_socket_t *socket);
/** Kicks the socket out of the channels that it subscribed to with a token. UNSUBSCRIPTION listeners are called from within. */
void sc_auth_expiry_end_subscriptions(sc_socket_t *socket);

#endif
