#include "worker/net/conn.h"

#include "common/alloc.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <sc/plugin.h>
#include <sys/socket.h>
#include <unistd.h>

#define READ_BUFFER_BYTES (256u * 1024)
/* A connection that fills the buffer is read again, but not at the cost of the others. */
#define READS_PER_TURN_MAX 4
/* A shorter rest is copied in front of what comes next; a longer one grows where it is. */
#define SMALL_REST_BYTES (16u * 1024)
#define REST_ROOM_BYTES_MIN 4096u
#define WRITE_VECTORS 64

/* ---- System calls; TLS will take their place ----------------------------------------------------------------- */

static ssize_t read_some(sc_conn_t *conn, char *bytes, size_t len)
{
    ssize_t count;

    do {
        conn->net->read_count++;
        count = recv(conn->fd, bytes, len, MSG_DONTWAIT);
    } while (count < 0 && errno == EINTR);
    if (count > 0)
        conn->net->read_bytes_count += (uint64_t)count;
    return count;
}

static ssize_t write_some(sc_conn_t *conn, struct iovec *vectors, uint32_t vector_count)
{
    struct msghdr message = {.msg_iov = vectors, .msg_iovlen = vector_count};
    ssize_t count;

    do {
        conn->net->write_count++;
        count = sendmsg(conn->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    } while (count < 0 && errno == EINTR);
    if (count > 0)
        conn->net->written_bytes_count += (uint64_t)count;
    return count;
}

static bool would_block(void)
{
    return errno == EAGAIN || errno == EWOULDBLOCK;
}

/* ---- The end --------------------------------------------------------------------------------------------------- */

/** The descriptor goes now, the rest at the end of the turn: a caller further up may still use it. */
static void end_conn(sc_conn_t *conn, sc_conn_end_t why)
{
    sc_net_t *net = conn->net;

    if (conn->fd < 0)
        return;
    if (conn->watched != 0)
        event_del(&conn->event);
    conn->watched = 0;
    close(conn->fd);
    conn->fd = -1;
    conn->end = (uint8_t)why;
    if (why == SC_CONN_END_BACKLOG)
        net->backlog_kill_count++;
    net->conn_count--;
    sc_wheel_stop(&net->loop->wheel, &conn->linger_timer);
    sc_list_remove(&conn->dirty_node);
    sc_list_remove(&conn->node);
    sc_list_append(&net->ended, &conn->node);
    sc_loop_defer(net->loop, SC_TURN_FREE, &net->free_task);
}

static void free_conn(sc_conn_t *conn)
{
    if (conn->handler->on_end != NULL)
        conn->handler->on_end(conn, (sc_conn_end_t)conn->end);
    sc_outq_clear(&conn->outq, &conn->net->outq_pool);
    free(conn->rest);
    free(conn);
}

static void free_ended(sc_turn_task_t *task)
{
    sc_net_t *net = sc_list_entry(task, sc_net_t, free_task);
    sc_list_t *node;

    while ((node = sc_list_pop(&net->ended)) != NULL)
        free_conn(sc_list_entry(node, sc_conn_t, node));
}

/* ---- What is waited for -------------------------------------------------------------------------------------- */

static void on_event(evutil_socket_t fd, short what, void *arg);

/** Waits for EV_READ, EV_WRITE, both or none. @return false: libevent refused, and the connection has ended. */
static bool watch(sc_conn_t *conn, uint8_t what)
{
    if (conn->watched == what)
        return true;
    if (conn->watched != 0)
        event_del(&conn->event);
    conn->watched = what;
    if (what == 0)
        return true;
    if (event_assign(&conn->event, conn->net->loop->base, conn->fd, (short)(what | EV_PERSIST),
                     on_event, conn) != 0 ||
        event_add(&conn->event, NULL) != 0) {
        sc_log(SC_LOG_ERROR, "net: libevent does not take a descriptor: %s", strerror(errno));
        conn->watched = 0;
        end_conn(conn, SC_CONN_END_ABORT);
        return false;
    }
    if (conn->is_rest_due)
        event_active(&conn->event, EV_READ, 0); /* event_del has forgotten it */
    return true;
}

/** Hands the rest over in a later step, though nothing new may come. */
static void deliver_later(sc_conn_t *conn)
{
    if (conn->rest == NULL || conn->is_delivering)
        return;
    conn->is_rest_due = true;
    if (watch(conn, conn->watched | EV_READ))
        event_active(&conn->event, EV_READ, 0);
}

/* ---- Output -------------------------------------------------------------------------------------------------- */

static void shut(sc_conn_t *conn)
{
    if (conn->is_shut)
        return;
    conn->is_shut = true;
    sc_wheel_start(&conn->net->loop->wheel, &conn->linger_timer, conn->net->linger_ms);
    if (shutdown(conn->fd, SHUT_WR) != 0)
        end_conn(conn, SC_CONN_END_PEER);
}

/** Writes until the queue is empty or the socket full. */
static void flush(sc_conn_t *conn)
{
    sc_outq_t *outq = &conn->outq;

    while (!sc_outq_is_empty(outq)) {
        struct iovec vectors[WRITE_VECTORS];
        uint64_t before = outq->bytes;
        uint32_t vector_count = sc_outq_peek(outq, vectors, WRITE_VECTORS);
        size_t offered = 0;
        ssize_t count = write_some(conn, vectors, vector_count);

        if (count < 0 && !would_block()) {
            end_conn(conn, SC_CONN_END_PEER);
            return;
        }
        for (uint32_t i = 0; i < vector_count; i++)
            offered += vectors[i].iov_len;
        if (count > 0)
            sc_outq_consume(outq, &conn->net->outq_pool, (size_t)count);
        if (count < 0 || (size_t)count < offered) {
            watch(conn, conn->watched | EV_WRITE);
            return;
        }
        sc_assert(outq->bytes < before);
    }
    if (watch(conn, conn->watched & EV_READ) && conn->is_closing)
        shut(conn);
}

static void flush_dirty(sc_turn_task_t *task)
{
    sc_net_t *net = sc_list_entry(task, sc_net_t, flush_task);
    sc_list_t *node;

    while ((node = sc_list_pop(&net->dirty)) != NULL)
        flush(sc_list_entry(node, sc_conn_t, dirty_node));
}

static void mark_dirty(sc_conn_t *conn)
{
    /* A full socket says itself when it takes more. */
    if ((conn->watched & EV_WRITE) != 0 || sc_list_is_linked(&conn->dirty_node))
        return;
    sc_list_append(&conn->net->dirty, &conn->dirty_node);
    sc_loop_defer(conn->net->loop, SC_TURN_CONNS, &conn->net->flush_task);
}

void sc_conn_send(sc_conn_t *conn, sc_buf_t *frame)
{
    sc_net_t *net = conn->net;

    if (!sc_conn_is_open(conn))
        return;
    sc_outq_push(&conn->outq, &net->outq_pool, frame);
    if (conn->outq.bytes > net->backlog_bytes_max) {
        /* Much for one turn, but perhaps not for the socket. */
        if ((conn->watched & EV_WRITE) == 0)
            flush(conn);
        if (conn->fd >= 0 && conn->outq.bytes > net->backlog_bytes_max)
            end_conn(conn, SC_CONN_END_BACKLOG);
    } else {
        mark_dirty(conn);
    }
}

/* ---- Input ----------------------------------------------------------------------------------------------------- */

/** Hands bytes over until the handler needs more. @return how many were used up. */
static size_t deliver(sc_conn_t *conn, char *bytes, size_t len)
{
    size_t used = 0;

    conn->is_delivering = true;
    while (used < len && sc_conn_is_open(conn) && !conn->is_paused) {
        const sc_conn_handler_t *handler = conn->handler;
        size_t taken = handler->on_bytes(conn, bytes + used, len - used);

        sc_assert(taken <= len - used);
        used += taken;
        if (taken == 0 && handler == conn->handler)
            break;
    }
    conn->is_delivering = false;
    return sc_conn_is_open(conn) ? used : len;
}

static void drop_rest(sc_conn_t *conn)
{
    free(conn->rest);
    conn->rest = NULL;
    conn->rest_len = 0;
    conn->rest_capacity = 0;
}

/** Keeps a copy of what the handler has left of the shared buffer. */
static void keep_rest(sc_conn_t *conn, const char *bytes, size_t len)
{
    if (len == 0) {
        drop_rest(conn);
        return;
    }
    if (len > conn->rest_capacity) {
        drop_rest(conn);
        conn->rest = sc_try_alloc(len);
        if (conn->rest == NULL) {
            end_conn(conn, SC_CONN_END_ABORT);
            return;
        }
        conn->rest_capacity = (uint32_t)len;
    }
    memcpy(conn->rest, bytes, len);
    conn->rest_len = (uint32_t)len;
}

/** Gives memory back that a long frame has left behind. */
static void shrink_rest(sc_conn_t *conn)
{
    char *shrunk;

    if (conn->rest_len > SMALL_REST_BYTES || conn->rest_capacity <= 2 * SMALL_REST_BYTES)
        return;
    shrunk = realloc(conn->rest, conn->rest_len);
    if (shrunk == NULL)
        return; /* then it stays large */
    conn->rest = shrunk;
    conn->rest_capacity = conn->rest_len;
}

/** Hands over what is in the connection's own buffer. */
static void deliver_rest(sc_conn_t *conn)
{
    size_t used = deliver(conn, conn->rest, conn->rest_len);

    if (used == conn->rest_len) {
        drop_rest(conn);
        return;
    }
    conn->rest_len -= (uint32_t)used;
    if (used == 0)
        return;
    memmove(conn->rest, conn->rest + used, conn->rest_len);
    shrink_rest(conn);
}

/** Makes room behind a long rest: towards what the handler wants, but never more than twice what has come. */
static bool grow_rest(sc_conn_t *conn)
{
    size_t wanted = conn->handler->wanted != NULL ? conn->handler->wanted(conn) : 0;
    size_t capacity = 2 * (size_t)conn->rest_len;
    char *grown;

    if (conn->rest_capacity - conn->rest_len >= REST_ROOM_BYTES_MIN ||
        (wanted > conn->rest_len && conn->rest_capacity >= wanted))
        return true;
    if (wanted > conn->rest_len && wanted < capacity)
        capacity = wanted;
    if (capacity > UINT32_MAX)
        return false;
    grown = realloc(conn->rest, capacity);
    if (grown == NULL)
        return false;
    conn->rest = grown;
    conn->rest_capacity = (uint32_t)capacity;
    return true;
}

/** What a read has led to. */
typedef enum read_result {
    READ_SOME,
    READ_FULL, /* there may be more */
    READ_OVER, /* nothing there, or the end */
} read_result_t;

static read_result_t end_of_input(sc_conn_t *conn, ssize_t count)
{
    if (count == 0 || !would_block())
        end_conn(conn, conn->is_shut ? SC_CONN_END_LOCAL : SC_CONN_END_PEER);
    return READ_OVER;
}

static read_result_t read_behind_rest(sc_conn_t *conn)
{
    size_t room;
    ssize_t count;

    if (!grow_rest(conn)) {
        end_conn(conn, SC_CONN_END_ABORT);
        return READ_OVER;
    }
    room = conn->rest_capacity - conn->rest_len;
    count = read_some(conn, conn->rest + conn->rest_len, room);
    if (count <= 0)
        return end_of_input(conn, count);
    conn->rest_len += (uint32_t)count;
    deliver_rest(conn);
    return (size_t)count == room ? READ_FULL : READ_SOME;
}

static read_result_t read_into_shared(sc_conn_t *conn)
{
    char *buffer = conn->net->read_buffer;
    size_t kept = conn->rest_len;
    size_t room = conn->net->read_bytes - kept;
    size_t used;
    ssize_t count;

    count = read_some(conn, buffer + kept, room);
    if (count <= 0)
        return end_of_input(conn, count);
    if (kept > 0)
        memcpy(buffer, conn->rest, kept);
    used = deliver(conn, buffer, kept + (size_t)count);
    if (conn->fd >= 0)
        keep_rest(conn, buffer + used, kept + (size_t)count - used);
    return (size_t)count == room ? READ_FULL : READ_SOME;
}

/** A closing connection's input is thrown away until the peer closes too. */
static void drain(sc_conn_t *conn)
{
    ssize_t count = read_some(conn, conn->net->read_buffer, conn->net->read_bytes);

    if (count <= 0)
        end_of_input(conn, count);
}

static void read_conn(sc_conn_t *conn)
{
    read_result_t result = READ_FULL;

    for (int i = 0; i < READS_PER_TURN_MAX && result == READ_FULL; i++) {
        if (conn->rest_len > SMALL_REST_BYTES)
            result = read_behind_rest(conn);
        else
            result = read_into_shared(conn);
        if (!sc_conn_is_open(conn) || conn->is_paused)
            return;
    }
}

static void on_readable(sc_conn_t *conn)
{
    if (conn->is_closing) {
        drain(conn);
    } else if (conn->is_paused) {
        watch(conn, conn->watched & EV_WRITE);
    } else if (conn->is_rest_due) {
        conn->is_rest_due = false;
        if (conn->rest != NULL)
            deliver_rest(conn);
    } else {
        read_conn(conn);
    }
}

static void on_event(evutil_socket_t fd, short what, void *arg)
{
    sc_conn_t *conn = arg;

    (void)fd;
    if ((what & EV_WRITE) != 0)
        flush(conn);
    if ((what & EV_READ) != 0 && conn->fd >= 0)
        on_readable(conn);
}

void sc_conn_pause(sc_conn_t *conn)
{
    /* Reading goes on being watched until something comes: most pauses are over before. */
    conn->is_paused = true;
    conn->is_rest_due = false;
}

void sc_conn_resume(sc_conn_t *conn)
{
    if (!conn->is_paused)
        return;
    conn->is_paused = false;
    if (!sc_conn_is_open(conn))
        return;
    if (watch(conn, conn->watched | EV_READ))
        deliver_later(conn);
}

/* ---- Life ------------------------------------------------------------------------------------------------------ */

void sc_net_init(sc_net_t *net, sc_loop_t *loop, uint64_t backlog_bytes_max, uint32_t linger_ms)
{
    memset(net, 0, sizeof(*net));
    net->loop = loop;
    net->backlog_bytes_max = backlog_bytes_max;
    net->linger_ms = linger_ms;
    net->read_bytes = READ_BUFFER_BYTES;
    net->read_buffer = sc_alloc_zeroed(1, net->read_bytes);
    sc_list_init(&net->conns);
    sc_list_init(&net->dirty);
    sc_list_init(&net->ended);
    sc_turn_task_init(&net->flush_task, flush_dirty);
    sc_turn_task_init(&net->free_task, free_ended);
}

void sc_net_deinit(sc_net_t *net)
{
    while (!sc_list_is_empty(&net->conns))
        end_conn(sc_list_entry(net->conns.next, sc_conn_t, node), SC_CONN_END_ABORT);
    free_ended(&net->free_task);
    sc_turn_task_cancel(&net->flush_task);
    sc_turn_task_cancel(&net->free_task);
    sc_outq_pool_deinit(&net->outq_pool);
    free(net->read_buffer);
    net->read_buffer = NULL;
}

static void on_linger(sc_wheel_timer_t *timer)
{
    sc_conn_t *conn = sc_list_entry(timer, sc_conn_t, linger_timer);

    if (conn->is_shut) {
        end_conn(conn, SC_CONN_END_LOCAL);
    } else if (conn->outq.bytes < conn->lingered_bytes) {
        conn->lingered_bytes = conn->outq.bytes;
        sc_wheel_start(&conn->net->loop->wheel, timer, conn->net->linger_ms);
    } else {
        end_conn(conn, SC_CONN_END_ABORT);
    }
}

sc_conn_t *sc_conn_open(sc_net_t *net, int fd, const sc_conn_handler_t *handler, void *owner)
{
    sc_conn_t *conn = sc_new(sc_conn_t);
    int on = 1;

    conn->net = net;
    conn->handler = handler;
    conn->owner = owner;
    conn->fd = fd;
    sc_list_init(&conn->dirty_node);
    sc_list_init(&conn->node);
    sc_wheel_timer_init(&conn->linger_timer, on_linger);
    /* Small frames go out at once. Refused by what is not TCP, which needs no such thing. */
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (event_assign(&conn->event, net->loop->base, fd, EV_READ | EV_PERSIST, on_event, conn) !=
            0 ||
        event_add(&conn->event, NULL) != 0) {
        sc_log(SC_LOG_ERROR, "net: libevent does not take a descriptor: %s", strerror(errno));
        close(fd);
        free(conn);
        return NULL;
    }
    conn->watched = EV_READ;
    net->conn_count++;
    sc_list_append(&net->conns, &conn->node);
    return conn;
}

void sc_conn_set_handler(sc_conn_t *conn, const sc_conn_handler_t *handler, void *owner)
{
    conn->handler = handler;
    conn->owner = owner;
    if (sc_conn_is_open(conn) && !conn->is_paused)
        deliver_later(conn);
}

void sc_conn_close(sc_conn_t *conn)
{
    if (!sc_conn_is_open(conn))
        return;
    conn->is_closing = true;
    conn->is_rest_due = false;
    conn->lingered_bytes = conn->outq.bytes;
    sc_wheel_start(&conn->net->loop->wheel, &conn->linger_timer, conn->net->linger_ms);
    if (watch(conn, conn->watched | EV_READ))
        mark_dirty(conn);
}

void sc_conn_abort(sc_conn_t *conn)
{
    end_conn(conn, SC_CONN_END_ABORT);
}

bool sc_conn_is_open(const sc_conn_t *conn)
{
    return conn->fd >= 0 && !conn->is_closing;
}

uint64_t sc_conn_backlog(const sc_conn_t *conn)
{
    return conn->outq.bytes;
}

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
