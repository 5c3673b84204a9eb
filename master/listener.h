/*
 * listener.h: the listening sockets, one per worker, all on one address (SO_REUSEPORT). The master keeps them over
 * restarts of workers: what waits in the backlog of a worker that died is served by its successor.
 */
#ifndef SC_MASTER_LISTENER_H
#define SC_MASTER_LISTENER_H

#include "common/option_table.h"

/** Zero is none. */
typedef struct sc_listeners {
    int *fds;
    uint32_t count;
    uint16_t port; /* the one in use, chosen by the system if the option is 0 */
} sc_listeners_t;

/**
 * Opens options->workers sockets that listen on host and port and do not block. Refuses a port that somebody else
 * listens on, even where SO_REUSEPORT would let us share it.
 *
 * @return SC_OK; SC_ERR_IO, SC_ERR_NOT_FOUND (no such host): logged; nothing is open then
 */
SC_MUST_CHECK sc_status_t sc_listeners_open(sc_listeners_t *listeners, const sc_options_t *options);
/** Closes them: nobody is served any more once the workers have closed theirs. */
void sc_listeners_close(sc_listeners_t *listeners);

#endif
