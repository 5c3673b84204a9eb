/*
 * handle_remove_auth_token.c: #removeAuthToken: the client logs out. It is never answered (docs/protocol.md, "Authentication").
 */
#include "worker/protocol/auth_state.h"
#include "worker/protocol/handle.h"

void sc_handle_remove_auth_token(sc_socket_t *socket, const sc_incoming_t *incoming)
{
    (void)incoming;
    sc_auth_state_take(socket, "client");
}
