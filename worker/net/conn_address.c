/*
 * conn_address.c: the other end of a connection.
 */
#include "worker/net/conn.h"

#include <arpa/inet.h>
#include <sys/socket.h>

static bool is_mapped(const struct in6_addr *address)
{
    return IN6_IS_ADDR_V4MAPPED(address) != 0;
}

void sc_conn_peer_address(const sc_conn_t *conn, char *text, size_t size)
{
    struct sockaddr_storage peer;
    socklen_t len = sizeof(peer);
    const void *address = NULL;
    int family = AF_INET;

    text[0] = '\0';
    if (conn->fd < 0 || getpeername(conn->fd, (struct sockaddr *)&peer, &len) != 0)
        return;
    if (peer.ss_family == AF_INET) {
        address = &((const struct sockaddr_in *)&peer)->sin_addr;
    } else if (peer.ss_family == AF_INET6) {
        const struct in6_addr *in6 = &((const struct sockaddr_in6 *)&peer)->sin6_addr;

        family = is_mapped(in6) ? AF_INET : AF_INET6;
        address = is_mapped(in6) ? (const void *)&in6->s6_addr[12] : (const void *)in6;
    }
    if (address != NULL && inet_ntop(family, address, text, (socklen_t)size) == NULL)
        text[0] = '\0';
}

uint16_t sc_conn_peer_port(const sc_conn_t *conn)
{
    struct sockaddr_storage peer;
    socklen_t len = sizeof(peer);

    if (conn->fd < 0 || getpeername(conn->fd, (struct sockaddr *)&peer, &len) != 0)
        return 0;
    if (peer.ss_family == AF_INET)
        return ntohs(((const struct sockaddr_in *)&peer)->sin_port);
    return peer.ss_family == AF_INET6 ? ntohs(((const struct sockaddr_in6 *)&peer)->sin6_port) : 0;
}
