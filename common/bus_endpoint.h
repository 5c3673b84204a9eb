/*
 * bus_endpoint.h: the nanomsg pair of a link, and the file where worker and broker meet.
 *
 * When the process at the other end of a connection is killed, nanomsg 1.1.5 can't be left to itself. An endpoint
 * that connects keeps what it had read ahead, takes it for the beginning of the next connection, and may refuse all
 * of them for ever. Either kind of endpoint may miss the end while it sends, and hold on to a connection that is
 * none. A new endpoint is in order. So every endpoint that a broker binds has a name of its own, and a symbolic
 * link says which one stands:
 *
 *     runtimeDir/b0w1 -> b0w1.5f0e4a31.ipc
 *
 * The broker binds a new one when it hears that the worker has ended; the worker looks at the symbolic link and
 * connects to a new one when that points elsewhere. What nanomsg does by itself meanwhile only ever meets an address that
 * is gone.
 *
 * There is one more trap. While nanomsg waits for its own timer to stop, at the end of the handshake, it ignores what
 * happens to the connection. If the other side closes it then, a connection without a descriptor stays: it never ends,
 * and a pair has but one, so all that come later are refused. They are refused by closing them at the end of their
 * handshake, which leaves the same behind at the other side. So a connection that is being made must be left alone;
 * and who doesn't meet the other side in time makes a new endpoint (bus_link.c), with a new socket, for the end of an
 * endpoint's connections in a socket takes a while, and so long new ones are refused.
 */
#ifndef SC_COMMON_BUS_ENDPOINT_H
#define SC_COMMON_BUS_ENDPOINT_H

#include <sc/types.h>

/* A socket's path may have 107 bytes: the runtime directory (option runtimeDir), and "/b63w255.12345678.ipc". */
#define SC_BUS_DIR_BYTES_MAX 80
#define SC_BUS_NAME_BYTES 48
#define SC_BUS_PATH_BYTES (SC_BUS_DIR_BYTES_MAX + 1 + SC_BUS_NAME_BYTES)

typedef struct sc_bus_endpoint {
    const char *runtime_dir;
    bool is_broker;
    int socket; /* of nanomsg; -1: none */
    int id;     /* of the endpoint in the socket; -1: none */
    uint32_t next_name;
    char link_name[24];           /* of the symbolic link */
    char name[SC_BUS_NAME_BYTES]; /* of the file that was bound or connected to; empty: none */
} sc_bus_endpoint_t;

/**
 * Opens the pair: a broker binds, a worker connects, if there is a broker already.
 *
 * @param runtime_dir  borrowed until closed; at most SC_BUS_DIR_BYTES_MAX bytes
 * @param first_name   a random number, for the names of what a broker binds
 * @return SC_OK; SC_ERR_IO: nanomsg or the system refused (logged); sc_bus_endpoint_close is due then too
 */
SC_MUST_CHECK sc_status_t sc_bus_endpoint_open(sc_bus_endpoint_t *endpoint, const char *runtime_dir,
                                               uint32_t broker_id, uint32_t worker_id,
                                               bool is_broker, uint32_t first_name);
/** Closes the pair. A broker's files are removed. */
void sc_bus_endpoint_close(sc_bus_endpoint_t *endpoint);
/** Makes a new endpoint in a new socket; the old one's descriptors are closed. @return as sc_bus_endpoint_open */
SC_MUST_CHECK sc_status_t sc_bus_endpoint_renew(sc_bus_endpoint_t *endpoint);
/** Whether a worker should renew its endpoint: there is another one to connect to, or its connection failed. */
bool sc_bus_endpoint_is_stale(const sc_bus_endpoint_t *endpoint);

#endif
