/*
 * ping.h: signs of life: pings of both generations, the pongs that tell them apart, and the timeout (docs/protocol.md, "Pings",
 * "Telling the generations apart").
 */
#ifndef SC_PROTOCOL_PING_H
#define SC_PROTOCOL_PING_H

#include "worker/protocol/socket.h"

/** The frames of pings, made once: every idle connection gets the same bytes. */
typedef struct sc_ping_frames {
    sc_buf_t *v1[SC_CODEC_COUNT];
    sc_buf_t *v2;
    sc_buf_t *websocket;
} sc_ping_frames_t;

void sc_ping_frames_init(sc_ping_frames_t *frames);
void sc_ping_frames_deinit(sc_ping_frames_t *frames);

/** The WebSocket is open: the handshake has so long to come. */
void sc_ping_await_handshake(sc_socket_t *socket);
/** The handshake is complete: pings from now on; at once if the generation is not known. */
void sc_ping_start(sc_socket_t *socket);
void sc_ping_stop(sc_socket_t *socket);
/** Takes a message that is a pong of either generation. @return false: it is something else */
bool sc_ping_take_pong(sc_socket_t *socket, bool is_text, sc_str_t message);

#endif
