/*
 * packet_write.h: every packet that a server sends, each in one function (docs/protocol.md). All go through the socket's codec;
 * a socket that has ended takes none.
 */
#ifndef SC_PROTOCOL_PACKET_WRITE_H
#define SC_PROTOCOL_PACKET_WRITE_H

#include "worker/protocol/socket.h"

/** {"rid"}; nothing if `cid` is none: no answer is wanted. */
void sc_packet_send_ok(sc_socket_t *socket, sc_str_t cid);
/** {"rid","error"?,"data"?}; nothing if `cid` is none. All JSON texts, error and data may be none. */
void sc_packet_send_answer(sc_socket_t *socket, sc_str_t cid, sc_str_t error, sc_str_t data);
/** {"event","data"?,"cid"?}. @param cid  0: none */
void sc_packet_send_event(sc_socket_t *socket, sc_str_t event, sc_str_t data, uint64_t cid);
/** Answer to a #handshake. @param auth_error  JSON text or none */
void sc_packet_send_handshake(sc_socket_t *socket, sc_str_t cid, sc_str_t auth_error);
/** Answer to a refused #handshake; the close with `code` comes after it. */
void sc_packet_send_handshake_refusal(sc_socket_t *socket, sc_str_t cid, sc_str_t error, int code);
/** Answer to an #authenticate that was accepted. */
void sc_packet_send_authenticated(sc_socket_t *socket, sc_str_t cid);
/** Answer to one that was not. @param is_bad_token  the answer is an error, else it only says so */
void sc_packet_send_authenticate_refusal(sc_socket_t *socket, sc_str_t cid, sc_str_t error,
                                         bool is_bad_token);
/** #setAuthToken. @param token  the signed token @param cid  0: the client need not confirm */
void sc_packet_send_set_auth_token(sc_socket_t *socket, sc_str_t token, uint64_t cid);
/** #removeAuthToken. */
void sc_packet_send_remove_auth_token(sc_socket_t *socket, uint64_t cid);
/** #kickOut. @param message  plain text, or none */
void sc_packet_send_kick_out(sc_socket_t *socket, sc_str_t channel, sc_str_t message);
/** #disconnect, of protocol 1. @param reason  plain text, or empty */
void sc_packet_send_disconnect(sc_socket_t *socket, int code, sc_str_t reason);

#endif
