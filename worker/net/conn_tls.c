#include "worker/net/conn_tls.h"

#include "common/alloc.h"
#include "common/log.h"
#include "worker/net/conn_rest.h"
#include "worker/net/tls_context.h"

#include <errno.h>
#include <openssl/err.h>
#include <sys/socket.h>

/* One recv. All of it fits decrypted into the reader's buffer, with what was held before and a record that had begun. */
#define RECEIVE_BYTES (64u * 1024)
/* The longest plain text of a record (RFC 8446, 5.1). */
#define RECORD_BYTES 16384u
#define RECORD_FRAMES 512u
/* What may wait for a full socket: a record of data, and what OpenSSL says of its own accord, such as new keys. */
#define UNSENT_BYTES_MAX (32u * 1024)

_Static_assert(SC_TLS_READ_BYTES_MIN >= 2 * RECEIVE_BYTES + RECORD_BYTES, "a read must drain");

/* ---- Between OpenSSL and the socket ----------------------------------------------------------------------------- */

static uint32_t take(char *out, size_t size, const char *bytes, uint32_t *at, uint32_t len)
{
    uint32_t count = size < len - *at ? (uint32_t)size : len - *at;

    memcpy(out, bytes + *at, count);
    *at += count;
    return count;
}

static void drop_held(sc_conn_tls_t *tls)
{
    free(tls->held);
    tls->held = NULL;
    tls->held_at = tls->held_len = 0;
}

/** @return as recv */
static ssize_t receive(sc_conn_t *conn)
{
    sc_net_tls_t *shared = conn->net->tls;
    ssize_t count;

    do {
        conn->net->read_count++;
        count = recv(conn->fd, shared->received, RECEIVE_BYTES, MSG_DONTWAIT);
    } while (count < 0 && errno == EINTR);
    shared->received_at = 0;
    shared->received_len = count > 0 ? (uint32_t)count : 0;
    shared->has_received = true;
    shared->is_full = count == (ssize_t)RECEIVE_BYTES;
    conn->net->read_bytes_count += shared->received_len;
    return count;
}

static int on_bio_read(BIO *bio, char *out, int size)
{
    sc_conn_t *conn = BIO_get_data(bio);
    sc_net_tls_t *shared = conn->net->tls;
    sc_conn_tls_t *tls = conn->tls;
    ssize_t count;

    BIO_clear_retry_flags(bio);
    if (!shared->is_reading) {
        BIO_set_retry_read(bio);
        return -1;
    }
    if (tls->held != NULL) {
        count = take(out, (size_t)size, tls->held, &tls->held_at, tls->held_len);
        if (tls->held_at == tls->held_len)
            drop_held(tls);
        return (int)count;
    }
    if (shared->received_at == shared->received_len) {
        if (shared->has_received) {
            BIO_set_retry_read(bio);
            return -1;
        }
        count = receive(conn);
        if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            BIO_set_retry_read(bio);
        if (count <= 0)
            return (int)count;
    }
    return (int)take(out, (size_t)size, shared->received, &shared->received_at,
                     shared->received_len);
}

/** @return as send, but a full socket takes 0 */
static ssize_t send_some(sc_conn_t *conn, const char *bytes, size_t len)
{
    ssize_t count;

    do {
        conn->net->write_count++;
        count = send(conn->fd, bytes, len, MSG_NOSIGNAL | MSG_DONTWAIT);
    } while (count < 0 && errno == EINTR);
    if (count > 0)
        conn->net->written_bytes_count += (uint64_t)count;
    if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        return 0;
    return count;
}

static void drop_unsent(sc_conn_tls_t *tls)
{
    free(tls->unsent);
    tls->unsent = NULL;
    tls->unsent_at = tls->unsent_len = 0;
}

static bool keep_unsent(sc_conn_tls_t *tls, const char *bytes, size_t len)
{
    char *grown = realloc(tls->unsent, tls->unsent_len + len);

    if (grown == NULL)
        return false;
    memcpy(grown + tls->unsent_len, bytes, len);
    tls->unsent = grown;
    tls->unsent_len += (uint32_t)len;
    return true;
}

/** OpenSSL is rid of whole records: one that it had begun to write would be in the way of what it has to say in answer to
 *  the peer, and it would take that for an error. */
static int on_bio_write(BIO *bio, const char *bytes, int len)
{
    sc_conn_t *conn = BIO_get_data(bio);
    sc_conn_tls_t *tls = conn->tls;
    ssize_t count = 0;

    BIO_clear_retry_flags(bio);
    if (tls->unsent == NULL)
        count = send_some(conn, bytes, (size_t)len);
    else if (tls->unsent_len + (size_t)len > UNSENT_BYTES_MAX) {
        BIO_set_retry_write(bio);
        return -1;
    }
    if (count < 0)
        return -1;
    if (count < len && !keep_unsent(tls, bytes + count, (size_t)(len - count)))
        return -1;
    return len;
}

static long on_bio_ctrl(BIO *bio, int command, long number, void *arg)
{
    (void)bio;
    (void)number;
    (void)arg;
    return command == BIO_CTRL_FLUSH ? 1 : 0;
}

/** What OpenSSL could not take yet waits with the connection: the buffer is the next one's. */
static void hold_received(sc_conn_tls_t *tls)
{
    sc_net_tls_t *shared = tls->conn->net->tls;
    uint32_t len = shared->received_len - shared->received_at;

    if (len > 0 && !tls->is_broken && !tls->is_over) {
        tls->held = sc_try_alloc(len);
        tls->is_broken = tls->held == NULL;
    }
    if (len > 0 && tls->held != NULL) {
        memcpy(tls->held, shared->received + shared->received_at, len);
        tls->held_len = len;
    }
    shared->received_at = shared->received_len = 0;
}

/* ---- Turns of handshakes ---------------------------------------------------------------------------------------- */

/** The next turn's steps go to those who have waited, then to who comes. */
static void grant_turns(sc_turn_task_t *task)
{
    sc_net_tls_t *shared = sc_list_entry(task, sc_net_tls_t, turn_task);
    sc_list_t *node;

    shared->steps_left = SC_TLS_STEPS_PER_TURN;
    while (shared->steps_left > 0 && (node = sc_list_pop(&shared->waiting)) != NULL) {
        sc_conn_tls_t *tls = sc_list_entry(node, sc_conn_tls_t, node);

        shared->steps_left--;
        tls->has_turn = true;
        sc_conn_await_input(tls->conn);
    }
    if (!sc_list_is_empty(&shared->waiting))
        sc_loop_defer(shared->net->loop, SC_TURN_FREE, task);
}

bool sc_conn_tls_may_read(sc_conn_t *conn)
{
    sc_net_tls_t *shared = conn->net->tls;
    sc_conn_tls_t *tls = conn->tls;

    if (tls->is_established)
        return true;
    /* The last phase: what it defers is work for the next turn, after all descriptors were looked at. */
    sc_loop_defer(shared->net->loop, SC_TURN_FREE, &shared->turn_task);
    if (tls->has_turn) {
        tls->has_turn = false;
        return true;
    }
    if (sc_list_is_linked(&tls->node))
        return false;
    if (shared->steps_left > 0) {
        shared->steps_left--;
        return true;
    }
    shared->deferred_count++;
    sc_list_append(&shared->waiting, &tls->node);
    return false;
}

/* ---- Reading ---------------------------------------------------------------------------------------------------- */

/** The first byte is there. */
static bool begin(sc_conn_t *conn)
{
    sc_net_tls_t *shared = conn->net->tls;
    sc_conn_tls_t *tls = conn->tls;
    BIO *bio = BIO_new(shared->method);

    tls->ssl = SSL_new(shared->context);
    if (bio == NULL || tls->ssl == NULL) {
        BIO_free(bio);
        SSL_free(tls->ssl);
        tls->ssl = NULL;
        ERR_clear_error();
        return false;
    }
    BIO_set_data(bio, conn);
    BIO_set_init(bio, 1);
    SSL_set_bio(tls->ssl, bio, bio);
    SSL_set_accept_state(tls->ssl);
    return true;
}

static void log_failure(const sc_conn_t *conn)
{
    const char *text = ERR_reason_error_string(ERR_peek_error());
    char address[INET6_ADDRSTRLEN];

    if (!sc_log_enabled(SC_LOG_INFO) || text == NULL)
        return; /* the peer has gone: nothing to learn from */
    sc_conn_peer_address(conn, address, sizeof(address));
    sc_log(SC_LOG_INFO, "tls: a handshake with %s failed: %s", address, text);
}

static void break_off(sc_conn_tls_t *tls)
{
    tls->is_broken = true;
    if (!tls->is_established) {
        tls->conn->net->tls->failed_count++;
        tls->is_plain_http = ERR_GET_REASON(ERR_peek_error()) == SSL_R_HTTP_REQUEST;
        log_failure(tls->conn);
    }
    ERR_clear_error();
}

/** Why OpenSSL has returned nothing. */
static void take_read_result(sc_conn_tls_t *tls, int count)
{
    switch (SSL_get_error(tls->ssl, count)) {
    case SSL_ERROR_WANT_READ:
        break;
    case SSL_ERROR_WANT_WRITE:
        tls->reads_on_write = true;
        break;
    case SSL_ERROR_ZERO_RETURN:
        tls->is_over = true;
        break;
    default:
        break_off(tls);
        break;
    }
}

static void note_established(sc_conn_tls_t *tls)
{
    sc_net_tls_t *shared = tls->conn->net->tls;

    if (tls->is_established || tls->is_broken || SSL_is_init_finished(tls->ssl) != 1)
        return;
    tls->is_established = true;
    shared->handshake_count++;
    if (SSL_session_reused(tls->ssl) == 1)
        shared->resumed_count++;
}

/** A connection that closes before its handshake is done only waits for the peer to close, too. */
static ssize_t discard(sc_conn_t *conn)
{
    ssize_t count = receive(conn);

    conn->net->tls->received_len = 0;
    return count;
}

/** What is still to be said when there are no more bytes. */
static ssize_t end_of_read(const sc_conn_tls_t *tls)
{
    if (tls->is_over)
        return 0;
    errno = tls->is_broken ? ECONNRESET : EAGAIN;
    return -1;
}

static size_t decrypt(sc_conn_tls_t *tls, char *bytes, size_t size)
{
    size_t total = 0;
    int count = 1;

    ERR_clear_error();
    while (total < size && count > 0) {
        count = SSL_read(tls->ssl, bytes + total, (int)(size - total));
        if (count > 0)
            total += (size_t)count;
    }
    if (count <= 0)
        take_read_result(tls, count);
    return total;
}

ssize_t sc_conn_tls_read(sc_conn_t *conn, char *bytes, size_t size)
{
    sc_net_tls_t *shared = conn->net->tls;
    sc_conn_tls_t *tls = conn->tls;
    size_t total;

    tls->may_have_more = false;
    tls->reads_on_write = false;
    if (conn->is_closing && !tls->is_established)
        return discard(conn);
    if (tls->is_over || tls->is_broken)
        return end_of_read(tls);
    if (tls->ssl == NULL && !begin(conn)) {
        tls->is_broken = true;
        return end_of_read(tls);
    }
    shared->is_reading = true;
    shared->has_received = false;
    shared->is_full = false;
    total = decrypt(tls, bytes, size);
    shared->is_reading = false;
    note_established(tls);
    hold_received(tls);
    tls->may_have_more = shared->is_full || !shared->has_received || tls->is_over || tls->is_broken;
    return total > 0 ? (ssize_t)total : end_of_read(tls);
}

/* ---- Writing ---------------------------------------------------------------------------------------------------- */

bool sc_conn_tls_can_write(const sc_conn_t *conn)
{
    return conn->tls->is_established && !conn->tls->is_broken;
}

/** The front of the queue as one piece; a long frame is taken where it is. */
static const char *gather(sc_conn_t *conn, size_t *len)
{
    struct iovec vectors[RECORD_FRAMES];
    uint32_t count = sc_outq_peek(&conn->outq, vectors, RECORD_FRAMES);
    char *record = conn->net->tls->record;
    size_t room = RECORD_BYTES;

    if (count == 1 || vectors[0].iov_len >= RECORD_BYTES) {
        *len = vectors[0].iov_len < RECORD_BYTES ? vectors[0].iov_len : RECORD_BYTES;
        return vectors[0].iov_base;
    }
    for (uint32_t i = 0; i < count && room > 0; i++) {
        size_t part = vectors[i].iov_len < room ? vectors[i].iov_len : room;

        memcpy(record + RECORD_BYTES - room, vectors[i].iov_base, part);
        room -= part;
    }
    *len = RECORD_BYTES - room;
    return record;
}

ssize_t sc_conn_tls_write(sc_conn_t *conn)
{
    sc_conn_tls_t *tls = conn->tls;
    const char *bytes;
    size_t len;
    int count;

    if (tls->unsent != NULL || tls->reads_on_write) {
        errno = EAGAIN;
        return -1;
    }
    bytes = gather(conn, &len);
    ERR_clear_error();
    count = SSL_write(tls->ssl, bytes, (int)len);
    if (count > 0)
        return count;
    break_off(tls);
    errno = ECONNRESET;
    return -1;
}

sc_status_t sc_conn_tls_flush(sc_conn_t *conn)
{
    sc_conn_tls_t *tls = conn->tls;
    ssize_t count;

    if (tls->unsent == NULL)
        return SC_OK;
    count = send_some(conn, tls->unsent + tls->unsent_at, tls->unsent_len - tls->unsent_at);
    if (count < 0)
        return SC_ERR_IO;
    tls->unsent_at += (uint32_t)count;
    if (tls->unsent_at < tls->unsent_len)
        return SC_AGAIN;
    drop_unsent(tls);
    return SC_OK;
}

void sc_conn_tls_shutdown(sc_conn_t *conn)
{
    sc_conn_tls_t *tls = conn->tls;

    if (!sc_conn_tls_can_write(conn) || (SSL_get_shutdown(tls->ssl) & SSL_SENT_SHUTDOWN) != 0)
        return;
    ERR_clear_error();
    (void)SSL_shutdown(tls->ssl);
    ERR_clear_error();
}

/* ---- Life ------------------------------------------------------------------------------------------------------- */

void sc_conn_tls_open(sc_conn_t *conn)
{
    conn->tls = sc_new(sc_conn_tls_t);
    conn->tls->conn = conn;
    sc_list_init(&conn->tls->node);
}

void sc_conn_tls_close(sc_conn_t *conn)
{
    sc_conn_tls_t *tls = conn->tls;

    if (tls == NULL)
        return;
    conn->tls = NULL;
    sc_list_remove(&tls->node);
    SSL_free(tls->ssl);
    drop_held(tls);
    drop_unsent(tls);
    free(tls);
}

void sc_conn_tls_answer_plain(sc_conn_t *conn)
{
    static const char text[] = "HTTP/1.1 400 Bad Request\r\n"
                               "Connection: close\r\n"
                               "Content-Type: text/plain; charset=utf-8\r\n"
                               "Content-Length: 29\r\n"
                               "\r\n"
                               "This port speaks HTTPS only.\n";
    sc_buf_t *answer = sc_buf_copy(sc_str(text, sizeof(text) - 1));

    sc_conn_tls_close(conn);
    sc_conn_send(conn, answer);
    sc_buf_unref(answer);
    sc_conn_close(conn);
}

static BIO_METHOD *new_method(void)
{
    BIO_METHOD *method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "sc_conn");

    if (method == NULL || BIO_meth_set_read(method, on_bio_read) != 1 ||
        BIO_meth_set_write(method, on_bio_write) != 1 ||
        BIO_meth_set_ctrl(method, on_bio_ctrl) != 1)
        sc_die("no memory for TLS");
    return method;
}

void sc_net_set_tls(sc_net_t *net, SSL_CTX *context)
{
    sc_net_tls_t *tls = net->tls;

    sc_assert(net->read_bytes >= SC_TLS_READ_BYTES_MIN + SC_CONN_SMALL_REST_BYTES);
    if (tls == NULL) {
        tls = net->tls = sc_new(sc_net_tls_t);
        tls->net = net;
        tls->method = new_method();
        tls->received = sc_alloc_zeroed(1, RECEIVE_BYTES);
        tls->record = sc_alloc_zeroed(1, RECORD_BYTES);
        tls->steps_left = SC_TLS_STEPS_PER_TURN;
        sc_list_init(&tls->waiting);
        sc_turn_task_init(&tls->turn_task, grant_turns);
    }
    SSL_CTX_up_ref(context);
    SSL_CTX_free(tls->context);
    tls->context = context;
}

void sc_net_set_ticket_keys(sc_net_t *net, const uint8_t *ticket_keys)
{
    sc_tls_context_set_ticket_keys(net->tls->context, ticket_keys);
}

void sc_net_tls_free(sc_net_tls_t *tls)
{
    if (tls == NULL)
        return;
    sc_turn_task_cancel(&tls->turn_task);
    SSL_CTX_free(tls->context);
    BIO_meth_free(tls->method);
    OPENSSL_cleanse(tls->record, RECORD_BYTES);
    free(tls->received);
    free(tls->record);
    free(tls);
}
