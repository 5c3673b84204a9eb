/*
 * accept.h: a worker's listening socket: takes connections, a bounded number per turn, so that a storm of new ones does
 * not stall those that are there; pauses when descriptors run out.
 */
#ifndef SC_NET_ACCEPT_H
#define SC_NET_ACCEPT_H

#include "worker/net/conn.h"

/** Takes the descriptor: opens a connection on it. */
typedef void (*sc_accept_cb)(int fd, void *arg);

typedef struct sc_accept sc_accept_t;

/**
 * Starts to accept.
 *
 * @param listen_fd  borrowed; does not block
 * @param max_conns  no more than so many at a time: beyond, accepting pauses; 0: no limit of its own
 * @return NULL: libevent refused it (logged)
 * Out of descriptors or memory, it pauses for a while, and says so once.
 */
sc_accept_t *sc_accept_start(sc_net_t *net, int listen_fd, uint32_t max_conns,
                             sc_accept_cb callback, void *arg);
/** Stops for good and frees; the listening socket stays open. NULL does nothing. */
void sc_accept_stop(sc_accept_t *accept);

#endif
