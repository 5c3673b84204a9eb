#include "common/bus_endpoint.h"

#include "common/log.h"

#include <errno.h>
#include <inttypes.h>
#include <nanomsg/nn.h>
#include <nanomsg/pair.h>
#include <stdio.h>
#include <unistd.h>

#define IPC "ipc://"
/* nanomsg shall not connect again by itself: a worker that sees that it must (sc_bus_endpoint_is_stale) would close
 * that connection in its handshake. */
#define RECONNECT_MS 3600000

/* ---- Files --------------------------------------------------------------------------------- */

static void make_path(const sc_bus_endpoint_t *endpoint, const char *name,
                      char path[SC_BUS_PATH_BYTES])
{
    snprintf(path, SC_BUS_PATH_BYTES, "%s/%s", endpoint->runtime_dir, name);
}

/* Where the symbolic link points: a name in the same directory; empty: there is none. */
static void read_name(const sc_bus_endpoint_t *endpoint, char name[SC_BUS_NAME_BYTES])
{
    char path[SC_BUS_PATH_BYTES];
    ssize_t len;

    make_path(endpoint, endpoint->link_name, path);
    len = readlink(path, name, SC_BUS_NAME_BYTES - 1);
    name[len > 0 ? len : 0] = '\0';
}

static void remove_file(const sc_bus_endpoint_t *endpoint, const char *name)
{
    char path[SC_BUS_PATH_BYTES];

    make_path(endpoint, name, path);
    if (unlink(path) != 0 && errno != ENOENT)
        sc_log(SC_LOG_WARN, "%s can't be removed: %s", path, strerror(errno));
}

/* Points the symbolic link to the endpoint, in one step: workers look at any time. */
static sc_status_t publish_name(const sc_bus_endpoint_t *endpoint)
{
    char path[SC_BUS_PATH_BYTES];
    char new_path[SC_BUS_PATH_BYTES];
    char new_name[SC_BUS_NAME_BYTES];

    snprintf(new_name, sizeof(new_name), "%s.new", endpoint->link_name);
    remove_file(endpoint, new_name);
    make_path(endpoint, new_name, new_path);
    make_path(endpoint, endpoint->link_name, path);
    if (symlink(endpoint->name, new_path) == 0 && rename(new_path, path) == 0)
        return SC_OK;
    sc_log(SC_LOG_ERROR, "%s can't be made: %s", path, strerror(errno));
    return SC_ERR_IO;
}

/* ---- The endpoint -------------------------------------------------------------------------- */

static sc_status_t refused(const char *what)
{
    sc_log(SC_LOG_ERROR, "%s: %s", what, nn_strerror(nn_errno()));
    return SC_ERR_IO;
}

static sc_status_t bind_new(sc_bus_endpoint_t *endpoint)
{
    char address[sizeof(IPC) + SC_BUS_PATH_BYTES] = IPC;

    read_name(endpoint, endpoint->name); /* of the endpoint before, perhaps another process's */
    if (endpoint->name[0] != '\0')
        remove_file(endpoint, endpoint->name);
    snprintf(endpoint->name, sizeof(endpoint->name), "%s.%08" PRIx32 ".ipc", endpoint->link_name,
             endpoint->next_name++);
    make_path(endpoint, endpoint->name, address + strlen(IPC));
    endpoint->id = nn_bind(endpoint->socket, address);
    return endpoint->id >= 0 ? publish_name(endpoint) : refused(address);
}

/* Without a broker there is no endpoint for now. */
static sc_status_t connect_new(sc_bus_endpoint_t *endpoint)
{
    char address[sizeof(IPC) + SC_BUS_PATH_BYTES] = IPC;

    read_name(endpoint, endpoint->name);
    if (endpoint->name[0] == '\0')
        return SC_OK;
    make_path(endpoint, endpoint->name, address + strlen(IPC));
    endpoint->id = nn_connect(endpoint->socket, address);
    return endpoint->id >= 0 ? SC_OK : refused(address);
}

static sc_status_t make_new(sc_bus_endpoint_t *endpoint)
{
    return endpoint->is_broker ? bind_new(endpoint) : connect_new(endpoint);
}

static bool set_option(const sc_bus_endpoint_t *endpoint, int option, int value)
{
    return nn_setsockopt(endpoint->socket, NN_SOL_SOCKET, option, &value, sizeof(value)) == 0;
}

static sc_status_t open_socket(sc_bus_endpoint_t *endpoint)
{
    int any_size = -1; /* what may be published bounds a message */

    endpoint->id = -1;
    endpoint->socket = nn_socket(AF_SP, NN_PAIR);
    if (endpoint->socket < 0)
        return refused("nn_socket");
    if (!set_option(endpoint, NN_RCVMAXSIZE, any_size) ||
        !set_option(endpoint, NN_RECONNECT_IVL, RECONNECT_MS))
        return refused("nn_setsockopt");
    return SC_OK;
}

static void close_socket(int socket)
{
    int closed;

    if (socket < 0)
        return;
    do
        closed = nn_close(socket);
    while (closed != 0 && nn_errno() == EINTR);
    if (closed != 0)
        sc_log(SC_LOG_WARN, "nn_close: %s", nn_strerror(nn_errno()));
}

sc_status_t sc_bus_endpoint_renew(sc_bus_endpoint_t *endpoint)
{
    int old_socket = endpoint->socket;
    sc_status_t status = open_socket(endpoint);

    /* After the new one, for nanomsg ends its thread with its last socket; but before it connects, for the broker
     * takes one connection only. */
    close_socket(old_socket);
    return status == SC_OK ? make_new(endpoint) : status;
}

/* Whether a connection was refused, or has ended. One that is being made is none of these: a worker that closed it
 * would do the very thing that nanomsg may not notice (bus_endpoint.h). */
static bool has_failed(const sc_bus_endpoint_t *endpoint)
{
    return nn_get_statistic(endpoint->socket, NN_STAT_CONNECT_ERRORS) > 0 ||
           nn_get_statistic(endpoint->socket, NN_STAT_BROKEN_CONNECTIONS) > 0;
}

bool sc_bus_endpoint_is_stale(const sc_bus_endpoint_t *endpoint)
{
    char name[SC_BUS_NAME_BYTES];

    read_name(endpoint, name);
    if (name[0] == '\0')
        return false; /* nothing better to be had */
    return strcmp(name, endpoint->name) != 0 || has_failed(endpoint);
}

/* ---- Open and close ------------------------------------------------------------------------ */

sc_status_t sc_bus_endpoint_open(sc_bus_endpoint_t *endpoint, const char *runtime_dir,
                                 uint32_t broker_id, uint32_t worker_id, bool is_broker,
                                 uint32_t first_name)
{
    sc_status_t status;

    memset(endpoint, 0, sizeof(*endpoint));
    endpoint->runtime_dir = runtime_dir;
    endpoint->is_broker = is_broker;
    endpoint->socket = -1;
    endpoint->id = -1;
    endpoint->next_name = first_name;
    snprintf(endpoint->link_name, sizeof(endpoint->link_name), "b%" PRIu32 "w%" PRIu32, broker_id,
             worker_id);
    if (strlen(runtime_dir) > SC_BUS_DIR_BYTES_MAX) {
        sc_log(SC_LOG_ERROR, "the runtime directory's name is too long");
        return SC_ERR_IO;
    }
    status = open_socket(endpoint);
    return status == SC_OK ? make_new(endpoint) : status;
}

void sc_bus_endpoint_close(sc_bus_endpoint_t *endpoint)
{
    close_socket(endpoint->socket);
    endpoint->socket = -1;
    if (!endpoint->is_broker || endpoint->id < 0)
        return;
    remove_file(endpoint, endpoint->link_name);
    remove_file(endpoint, endpoint->name);
}
