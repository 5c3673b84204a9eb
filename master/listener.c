#include "master/listener.h"

#include "common/alloc.h"
#include "common/log.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

typedef struct address {
    struct sockaddr_storage bytes;
    socklen_t len;
} address_t;

/* Any address of both families; of IPv4 alone where there is no IPv6. */
static void any_address(address_t *address, int family)
{
    memset(address, 0, sizeof(*address));
    address->bytes.ss_family = (sa_family_t)family;
    address->len = family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
}

static void set_port(address_t *address, uint16_t port)
{
    /* The port stands at the same place in both. */
    ((struct sockaddr_in *)(void *)&address->bytes)->sin_port = htons(port);
}

static sc_status_t resolve(const char *host, address_t *address)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    struct addrinfo *found;
    int error = getaddrinfo(host, NULL, &hints, &found);

    if (error != 0) {
        sc_log(SC_LOG_ERROR, "option host: %s: %s", host, gai_strerror(error));
        return SC_ERR_NOT_FOUND;
    }
    memset(address, 0, sizeof(*address));
    memcpy(&address->bytes, found->ai_addr, found->ai_addrlen);
    address->len = found->ai_addrlen;
    freeaddrinfo(found);
    return SC_OK;
}

/* A socket bound to an address; -1: errno says why. */
static int bind_socket(const address_t *address, bool is_shared)
{
    int fd = socket(address->bytes.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int on = 1;
    int off = 0;
    int saved_errno;

    if (fd < 0)
        return -1;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0)
        goto fail;
    if (is_shared && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) != 0)
        goto fail;
    if (address->bytes.ss_family == AF_INET6 &&
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)) != 0)
        goto fail;
    if (bind(fd, (const struct sockaddr *)&address->bytes, address->len) != 0)
        goto fail;
    return fd;

fail:
    saved_errno = errno;
    close(fd);
    errno = saved_errno;
    return -1;
}

/* Whether the port is ours to take. With SO_REUSEPORT a second cluster of the same user would share it in silence. */
static bool is_free(const address_t *address)
{
    int fd = bind_socket(address, false);

    if (fd < 0)
        return false;
    close(fd);
    return true;
}

static uint16_t port_of(int fd)
{
    address_t address;

    address.len = sizeof(address.bytes);
    if (getsockname(fd, (struct sockaddr *)&address.bytes, &address.len) != 0)
        return 0;
    return ntohs(((struct sockaddr_in *)(void *)&address.bytes)->sin_port);
}

static sc_status_t open_one(sc_listeners_t *listeners, address_t *address, int backlog)
{
    int fd = bind_socket(address, true);

    if (fd < 0)
        return SC_ERR_IO;
    listeners->fds[listeners->count++] = fd;
    if (listen(fd, backlog) != 0)
        return SC_ERR_IO;
    if (listeners->port == 0) {
        listeners->port = port_of(fd);
        set_port(address, listeners->port);
    }
    return SC_OK;
}

static sc_status_t fail(sc_listeners_t *listeners, const sc_options_t *options)
{
    sc_log(SC_LOG_ERROR, "port %u: can't listen on %s: %s", (unsigned)options->port,
           options->host != NULL ? options->host : "all addresses", strerror(errno));
    sc_listeners_close(listeners);
    return SC_ERR_IO;
}

/* The address of the options; of two families if no host is named and the system has both. */
static sc_status_t choose_address(const sc_options_t *options, address_t *address)
{
    sc_status_t status;
    int fd;

    if (options->host != NULL) {
        status = resolve(options->host, address);
        if (status == SC_OK)
            set_port(address, (uint16_t)options->port);
        return status;
    }
    any_address(address, AF_INET6);
    fd = bind_socket(address, false); /* any port: only whether there is IPv6 */
    if (fd < 0)
        any_address(address, AF_INET);
    else
        close(fd);
    set_port(address, (uint16_t)options->port);
    return SC_OK;
}

sc_status_t sc_listeners_open(sc_listeners_t *listeners, const sc_options_t *options)
{
    address_t address;
    sc_status_t status = choose_address(options, &address);

    if (status != SC_OK)
        return status;
    memset(listeners, 0, sizeof(*listeners));
    listeners->port = (uint16_t)options->port;
    if (!is_free(&address))
        return fail(listeners, options);
    listeners->fds = sc_alloc_zeroed(options->workers, sizeof(int));
    for (uint64_t i = 0; i < options->workers; i++) {
        if (open_one(listeners, &address, (int)options->backlog) != SC_OK)
            return fail(listeners, options);
    }
    return SC_OK;
}

void sc_listeners_close(sc_listeners_t *listeners)
{
    for (uint32_t i = 0; i < listeners->count; i++)
        close(listeners->fds[i]);
    free(listeners->fds);
    memset(listeners, 0, sizeof(*listeners));
}
