/*
 * auth_state.h: the token that a socket has: given, changed, lost, expired. Listeners hear of each change once.
 */
#ifndef SC_PROTOCOL_AUTH_STATE_H
#define SC_PROTOCOL_AUTH_STATE_H

#include "worker/protocol/auth_token.h"
#include "worker/protocol/socket.h"

/** The socket has this token from now on. @param claims  JSON text; copied @param expires_s  0: never */
void sc_auth_state_give(sc_socket_t *socket, sc_str_t claims, double expires_s);
/** Tells listeners of the token that the socket has now. @param old_claims  what it had before; taken, may be NULL */
void sc_auth_state_tell_given(sc_socket_t *socket, sc_buf_t *old_claims);
/** Sets the token without telling anybody. @return what was there before, for sc_auth_state_tell_given */
sc_buf_t *sc_auth_state_set(sc_socket_t *socket, sc_str_t claims, double expires_s);
/** The socket has no token from now on; nothing without one. The client is not told here.
 *  @param reason  for listeners: "client", "server", "refused" or "expired" */
void sc_auth_state_take(sc_socket_t *socket, const char *reason);
/**
 * If the socket's token has run out: tells the client, ends what the option endSubscriptionsOnExpiry says, and takes it.
 * docs/protocol.md, "Expiry on a live connection".
 *
 * @param expired_s  set to the token's `exp` if so
 * @return whether it had run out
 */
bool sc_auth_state_expire(sc_socket_t *socket, double *expired_s);
/** Tells listeners of a token that was refused. @param error  the error object that the client got, JSON text */
void sc_auth_state_tell_bad(sc_socket_t *socket, sc_str_t error);
/** Verifies what a client gave as a token: a string, or anything else. Deinit the result. */
void sc_auth_state_verify(sc_socket_t *socket, sc_str_t json_value, sc_token_t *token);

#endif
