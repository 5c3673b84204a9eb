/*
 * handle.h: what a client's packets lead to: one function a packet, each in its handle_*.c. All are called with the packets of a
 * socket in order, and none while an earlier one waits for a middleware.
 */
#ifndef SC_PROTOCOL_HANDLE_H
#define SC_PROTOCOL_HANDLE_H

#include "worker/protocol/packet_scan.h"
#include "worker/protocol/socket.h"

/** A packet that is being handled; borrowed until the handler returns. */
typedef struct sc_incoming {
    const sc_packet_t *packet;
    sc_str_t event;         /* its name, unescaped */
    sc_str_t cid;           /* JSON text of a number; none: no answer is wanted */
    bool has_token_expired; /* this packet has found the socket's token expired */
    double expired_s;       /* when it did */
} sc_incoming_t;

void sc_handle_handshake(sc_socket_t *socket, const sc_incoming_t *incoming);
void sc_handle_authenticate(sc_socket_t *socket, const sc_incoming_t *incoming);
void sc_handle_remove_auth_token(sc_socket_t *socket, const sc_incoming_t *incoming);
void sc_handle_subscribe(sc_socket_t *socket, const sc_incoming_t *incoming);
void sc_handle_unsubscribe(sc_socket_t *socket, const sc_incoming_t *incoming);
void sc_handle_publish(sc_socket_t *socket, const sc_incoming_t *incoming);
void sc_handle_disconnect(sc_socket_t *socket, const sc_incoming_t *incoming);
/** An event of the application. */
void sc_handle_event(sc_socket_t *socket, const sc_incoming_t *incoming);

#endif
