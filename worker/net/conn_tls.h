/*
 * conn_tls.h: TLS beneath conn.c, with OpenSSL: what takes the place of recv and send there. For worker/net alone.
 *
 * OpenSSL reads from a buffer that all connections of the worker share and that one recv fills, and what a connection
 * writes in a turn is put together into one record; so a turn costs a connection the same system calls as without TLS. A
 * connection owns an SSL object from its first byte on. The expensive steps of handshakes are rationed: a storm of new
 * clients does not keep those waiting who are connected.
 */
#ifndef SC_NET_CONN_TLS_H
#define SC_NET_CONN_TLS_H

#include "worker/net/conn.h"

#include <openssl/ssl.h>

/** Steps of handshakes in one turn, about a millisecond each with an RSA key; the others wait for the next turn. */
#define SC_TLS_STEPS_PER_TURN 4u

/** What a worker's TLS connections share. */
struct sc_net_tls {
    sc_net_t *net;
    SSL_CTX *context; /* for handshakes that begin; connections keep theirs */
    BIO_METHOD *method;
    char *
        received; /* what one recv gave and OpenSSL has not yet taken: of one connection, within one read */
    uint32_t received_at;
    uint32_t received_len;
    bool is_reading;   /* within sc_conn_tls_read: `received` may be filled */
    bool has_received; /* and was: a read asks the socket once */
    bool is_full;      /* the socket had at least as much as there was room for */
    char *record;      /* frames that are put together to be written */
    sc_list_t waiting; /* connections whose handshake waits for a turn, in their order */
    sc_turn_task_t turn_task;
    uint32_t steps_left;
    uint64_t handshake_count; /* done */
    uint64_t resumed_count;   /* of these, with a ticket */
    uint64_t failed_count;
    uint64_t deferred_count; /* steps that had to wait for another turn */
};

/** One connection's TLS. Moves from a handshake to `is_established`, and ends as `is_over` or `is_broken`. */
struct sc_conn_tls {
    sc_conn_t *conn;
    SSL *ssl;       /* NULL: nothing has come yet */
    sc_list_t node; /* in net->tls->waiting */
    char *held;     /* received, but OpenSSL has to write before it takes it; NULL: none */
    uint32_t held_at;
    uint32_t held_len;
    char *unsent; /* records that the socket was too full for; NULL: none */
    uint32_t unsent_at;
    uint32_t unsent_len;
    bool has_turn;       /* the next step of the handshake was granted */
    bool is_established; /* the handshake is done */
    bool is_over;        /* the peer has said close_notify */
    bool is_broken;      /* by an error: nothing more is read or written */
    bool is_plain_http;  /* broken: the peer speaks HTTP without TLS */
    bool reads_on_write; /* reading goes on when the socket can be written */
    bool may_have_more;  /* the last read has not seen the end of what is there */
};

/** Begins TLS on a connection that was just opened in a net with TLS. */
void sc_conn_tls_open(sc_conn_t *conn);
/** Frees it; says nothing to the peer. */
void sc_conn_tls_close(sc_conn_t *conn);

/** Whether the connection may read now. If not, its handshake waits for a turn, and sc_conn_await_input will be called. */
bool sc_conn_tls_may_read(sc_conn_t *conn);
/**
 * Reads all that one recv gives, as plain text; goes on with the handshake first.
 *
 * @param size  at least SC_TLS_READ_BYTES_MIN, so that nothing is left within OpenSSL, where no event would tell of it
 * @return as recv: bytes; 0: close_notify; -1: errno is EAGAIN, or the connection is broken
 */
ssize_t sc_conn_tls_read(sc_conn_t *conn, char *bytes, size_t size);
#define SC_TLS_READ_BYTES_MIN (192u * 1024)

/** Whether anything can be written: the handshake is done. */
bool sc_conn_tls_can_write(const sc_conn_t *conn);
/**
 * Writes one record of what comes first in the queue.
 *
 * @return as send, with EAGAIN also when reading has to go on first. What the socket did not take, the connection keeps:
 *         sc_conn_tls_flush
 */
ssize_t sc_conn_tls_write(sc_conn_t *conn);
/** Writes records that the socket was too full for. @return SC_OK: none is left; SC_AGAIN; SC_ERR_IO: the peer has gone */
SC_MUST_CHECK sc_status_t sc_conn_tls_flush(sc_conn_t *conn);
/** Says close_notify, if there is somebody to say it to; sc_conn_tls_flush sends what the socket does not take. */
void sc_conn_tls_shutdown(sc_conn_t *conn);

/** Tells a client that spoke HTTP without TLS, and closes: the connection has no TLS from now on. */
void sc_conn_tls_answer_plain(sc_conn_t *conn);

/** Frees what sc_net_set_tls has made; no connection is open any more. */
void sc_net_tls_free(sc_net_tls_t *tls);

#endif
