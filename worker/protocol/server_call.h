/*
 * server_call.h: events that the server sent with a cid and whose answers it waits for.
 */
#ifndef SC_PROTOCOL_SERVER_CALL_H
#define SC_PROTOCOL_SERVER_CALL_H

#include "worker/protocol/packet_scan.h"
#include "worker/protocol/socket.h"

/**
 * Expects an answer to a packet that is about to be sent.
 *
 * @param timeout_ms  0: option ackTimeout
 * @return the packet's cid
 */
uint64_t sc_server_call_expect(sc_socket_t *socket, sc_answer_cb callback, void *arg,
                               uint32_t timeout_ms);
/** A packet with a rid came; one that nobody waits for is ignored. */
void sc_server_call_answer(sc_socket_t *socket, const sc_packet_t *packet);
/** The socket has ended: SC_ERR_STATE for all that wait. */
void sc_server_call_end_all(sc_socket_t *socket);

#endif
