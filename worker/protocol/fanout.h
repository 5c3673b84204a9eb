/*
 * fanout.h: a message of a channel becomes one frame for each codec in use, plain, compressed or both, and a reference to it in the queue of each subscriber.
 */
#ifndef SC_PROTOCOL_FANOUT_H
#define SC_PROTOCOL_FANOUT_H

#include "worker/exchange/channel.h"
#include "worker/worker.h"

/** Sends a message to the channel's subscribers in this worker. @param data  JSON text or none */
void sc_fanout_message(sc_worker_t *worker, sc_channel_t *channel, sc_str_t data);
/** The same to some of them: those of `sockets` that are open and subscribed. */
void sc_fanout_to(sc_worker_t *worker, sc_channel_t *channel, sc_str_t data,
                  sc_socket_t *const *sockets, size_t count);

#endif
