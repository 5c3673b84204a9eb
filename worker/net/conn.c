#include "worker/net/conn.h"

#include "common/alloc.h"
#include "worker/net/conn_rest.h"
#include "worker/net/conn_tls.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <sc/plugin.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define READ_BUFFER_BYTES (256u * 1024)
/* A connection that fills the buffer is read again, but not at the cost of the others. */
#define READS_PER_TURN_MAX 4
#define WRITE_VECTORS 64

/* ---- System calls; conn_tls.c has those of TLS ---------------------------------------------------------------- */

static ssize_t receive(sc_conn_t *conn, char *bytes, size_t len)
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

/** Writes what comes first in the queue. @param offered  set to how much that is */
static ssize_t send_some(sc_conn_t *conn, size_t *offered)
{
    struct iovec vectors[WRITE_VECTORS];
    struct msghdr message = {.msg_iov = vectors};
    ssize_t count;

    message.msg_iovlen = sc_outq_peek(&conn->outq, vectors, WRITE_VECTORS);
    *offered = 0;
    for (size_t i = 0; i < message.msg_iovlen; i++)
        *offered += vectors[i].iov_len;
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
    sc_conn_tls_close(conn);
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

/** Whether the end of the input came within TLS, of which the socket gives no sign. */
static bool is_end_due(const sc_conn_t *conn)
{
    return conn->tls != NULL && (conn->tls->is_over || conn->tls->is_broken);
}

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
    if (conn->is_rest_due || ((what & EV_READ) != 0 && is_end_due(conn)))
        event_active(&conn->event, EV_READ, 0); /* event_del has forgotten it */
    return true;
}

void sc_conn_await_input(sc_conn_t *conn)
{
    if (conn->fd >= 0)
        watch(conn, conn->watched | EV_READ);
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

/** What is waited for when the socket takes what is written. */
static uint8_t watched_when_idle(const sc_conn_t *conn)
{
    return conn->is_read_stuck ? EV_WRITE : conn->watched & EV_READ;
}

/** Writes from the queue until it is empty, or the socket is full. @return false: there is something left */
static bool write_queue(sc_conn_t *conn)
{
    sc_outq_t *outq = &conn->outq;

    while (!sc_outq_is_empty(outq)) {
        uint64_t before = outq->bytes;
        size_t offered = 0;
        ssize_t count = conn->tls != NULL ? sc_conn_tls_write(conn) : send_some(conn, &offered);

        if (count < 0 && !would_block())
            end_conn(conn, SC_CONN_END_PEER);
        if (count <= 0)
            return false;
        sc_outq_consume(outq, &conn->net->outq_pool, (size_t)count);
        if ((size_t)count < offered)
            return false;
        sc_assert(outq->bytes < before);
    }
    return true;
}

/** The same with TLS, where records lie between queue and socket. In a handshake the queue waits. */
static bool write_records(sc_conn_t *conn)
{
    sc_status_t status = sc_conn_tls_flush(conn);

    if (status == SC_OK && sc_conn_tls_can_write(conn) && !write_queue(conn))
        return false;
    if (status == SC_OK && conn->is_closing && !conn->is_shut)
        sc_conn_tls_shutdown(conn);
    if (status == SC_ERR_IO)
        end_conn(conn, SC_CONN_END_PEER);
    return status == SC_OK && conn->tls->unsent == NULL;
}

static void flush(sc_conn_t *conn)
{
    bool is_done = conn->tls != NULL ? write_records(conn) : write_queue(conn);

    if (conn->fd < 0)
        return;
    if (!is_done)
        watch(conn, conn->watched | EV_WRITE);
    else if (watch(conn, watched_when_idle(conn)) && conn->is_closing)
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

/** Hands over what is in the connection's own buffer. */
static void deliver_rest(sc_conn_t *conn)
{
    size_t used = deliver(conn, conn->rest, conn->rest_len);

    sc_conn_rest_consume(conn, used);
}

/** What a read has led to. */
typedef enum read_result {
    READ_SOME,
    READ_FULL, /* there may be more */
    READ_OVER, /* nothing there, or the end */
} read_result_t;

static read_result_t end_of_input(sc_conn_t *conn, ssize_t count)
{
    if (count < 0 && would_block())
        return READ_OVER;
    if (conn->tls != NULL && conn->tls->is_plain_http)
        sc_conn_tls_answer_plain(conn);
    else
        end_conn(conn, conn->is_shut ? SC_CONN_END_LOCAL : SC_CONN_END_PEER);
    return READ_OVER;
}

/** @return as recv */
static ssize_t read_tls(sc_conn_t *conn, char *bytes, size_t len)
{
    ssize_t count = sc_conn_tls_read(conn, bytes, len);
    int saved_errno = errno;

    conn->is_read_stuck = conn->tls->reads_on_write;
    if (conn->is_read_stuck)
        watch(conn, EV_WRITE); /* what the socket has would wake us in vain */
    else if (conn->tls->unsent != NULL)
        watch(conn, conn->watched | EV_WRITE);
    if (conn->fd >= 0 && !sc_outq_is_empty(&conn->outq))
        mark_dirty(conn); /* it may have waited for the end of the handshake */
    errno = saved_errno;
    return count;
}

static ssize_t read_some(sc_conn_t *conn, char *bytes, size_t len)
{
    return conn->tls != NULL ? read_tls(conn, bytes, len) : receive(conn, bytes, len);
}

static read_result_t read_result(const sc_conn_t *conn, size_t count, size_t room)
{
    bool may_have_more = conn->tls != NULL ? conn->tls->may_have_more : count == room;

    return may_have_more && !conn->is_read_stuck ? READ_FULL : READ_SOME;
}

/** TLS wants room for all that there may be: what it gives is copied behind the rest. */
static ssize_t read_tls_behind_rest(sc_conn_t *conn)
{
    ssize_t count = read_tls(conn, conn->net->read_buffer, conn->net->read_bytes);

    if (count > 0 && !sc_conn_rest_append(conn, conn->net->read_buffer, (size_t)count)) {
        errno = ENOMEM;
        return -1;
    }
    return count;
}

static ssize_t receive_behind_rest(sc_conn_t *conn, size_t room)
{
    ssize_t count = receive(conn, conn->rest + conn->rest_len, room);

    if (count > 0)
        conn->rest_len += (uint32_t)count;
    return count;
}

static read_result_t read_behind_rest(sc_conn_t *conn)
{
    size_t room;
    ssize_t count;

    if (!sc_conn_rest_grow(conn)) {
        end_conn(conn, SC_CONN_END_ABORT);
        return READ_OVER;
    }
    room = conn->rest_capacity - conn->rest_len;
    count = conn->tls != NULL ? read_tls_behind_rest(conn) : receive_behind_rest(conn, room);
    if (count <= 0)
        return end_of_input(conn, count);
    deliver_rest(conn);
    return read_result(conn, (size_t)count, room);
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
    if (conn->fd >= 0 && !sc_conn_rest_keep(conn, buffer + used, kept + (size_t)count - used))
        end_conn(conn, SC_CONN_END_ABORT);
    return read_result(conn, (size_t)count, room);
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
        if (conn->rest_len > SC_CONN_SMALL_REST_BYTES)
            result = read_behind_rest(conn);
        else
            result = read_into_shared(conn);
        if (!sc_conn_is_open(conn) || conn->is_paused)
            return;
    }
    if (is_end_due(conn))
        event_active(&conn->event, EV_READ, 0);
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
        if (conn->fd >= 0 && is_end_due(conn))
            event_active(&conn->event, EV_READ, 0);
    } else if (conn->tls != NULL && !sc_conn_tls_may_read(conn)) {
        watch(conn, conn->watched & EV_WRITE); /* until its turn comes */
    } else {
        read_conn(conn);
    }
}

static uint64_t clock_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static bool has_time_for_newcomers(sc_net_t *net)
{
    if (net->newcomer_turn != net->loop->turn_count) {
        net->newcomer_turn = net->loop->turn_count;
        net->newcomer_ns = 0;
    }
    return net->newcomer_ns < SC_CONN_NEWCOMER_NS;
}

/* TLS rations its handshakes itself, and has input that the kernel does not report again. */
static bool is_newcomer(const sc_conn_t *conn)
{
    return !conn->is_admitted && conn->tls == NULL;
}

/* One that is put off is reported again in the next turn: its input still waits in the kernel. What only we know of, a rest,
 * is not. */
static void on_newcomer_readable(sc_conn_t *conn)
{
    sc_net_t *net = conn->net;
    uint64_t start_ns;

    if (!has_time_for_newcomers(net) && !conn->is_rest_due) {
        net->newcomer_wait_count++;
        return;
    }
    start_ns = clock_ns();
    on_readable(conn);
    net->newcomer_ns += clock_ns() - start_ns;
}

void sc_conn_admit(sc_conn_t *conn)
{
    conn->is_admitted = true;
}

static void on_event(evutil_socket_t fd, short what, void *arg)
{
    sc_conn_t *conn = arg;

    (void)fd;
    if (conn->is_read_stuck) {
        conn->is_read_stuck = false;
        what |= EV_READ;
        watch(conn, conn->watched | EV_READ);
    }
    if ((what & EV_WRITE) != 0 && conn->fd >= 0)
        flush(conn);
    if ((what & EV_READ) == 0 || conn->fd < 0)
        return;
    if (is_newcomer(conn))
        on_newcomer_readable(conn);
    else
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
    if (!watch(conn, conn->watched | EV_READ))
        return;
    if (is_end_due(conn))
        event_active(&conn->event, EV_READ, 0);
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
    sc_net_tls_free(net->tls);
    net->tls = NULL;
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
    if (net->tls != NULL)
        sc_conn_tls_open(conn);
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
