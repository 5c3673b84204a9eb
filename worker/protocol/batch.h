/*
 * batch.h: packets that collect for a while and go to the client as one frame, an array (docs/protocol.md, "Batches from the
 * server"). A socket has a batch while such a time lasts: behind its handshake, or behind a batch subscription. What
 * comes for a socket that may not know arrays is sent at once all the same.
 *
 *     none --sc_batch_open--> open --its time is over, or the socket ends--> none
 */
#ifndef SC_PROTOCOL_BATCH_H
#define SC_PROTOCOL_BATCH_H

#include "worker/protocol/socket.h"

/** So much may wait; then it goes out before its time. */
#define SC_BATCH_FRAMES_MAX 64u
#define SC_BATCH_BYTES_MAX 65536u

typedef struct sc_batch {
    sc_socket_t *socket;
    sc_wheel_timer_t timer; /* until the next frame if something waits, until the end if not */
    uint64_t until_ms;
    uint64_t interval_ms;
    uint64_t bytes;
    uint32_t count;
    sc_buf_t *frames[SC_BATCH_FRAMES_MAX]; /* frames of one packet each */
} sc_batch_t;

/** Packets to the socket collect from now on, for `duration_ms`, each for `interval_ms` at most. One that is open stays. */
void sc_batch_open(sc_socket_t *socket, uint64_t duration_ms, uint64_t interval_ms);
/** Takes a reference to a frame for later; the socket has a batch. @return false: it is to be sent now */
bool sc_batch_take(sc_socket_t *socket, sc_buf_t *frame);
/** Sends what waits. */
void sc_batch_flush(sc_socket_t *socket);
/** The connection is over: forgets what waits. */
void sc_batch_drop(sc_socket_t *socket);

#endif
