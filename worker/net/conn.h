/*
 * conn.h: one TCP or TLS connection: bytes in, frames out, the end. It knows nothing of HTTP or WebSocket: the layer above
 * gives it a handler, and may give it another one later.
 *
 * Input is read into a buffer that all connections of the worker share; a connection owns memory for input only
 * while the handler has left a rest. Output collects in an outq and goes out with one writev at the end of the turn.
 */
#ifndef SC_NET_CONN_H
#define SC_NET_CONN_H

#include "common/loop.h"
#include "worker/net/outq.h"

#include <event2/event_struct.h>
#include <netinet/in.h>

/** Time of a turn that connections which are not admitted yet may take together. */
#define SC_CONN_NEWCOMER_NS 1000000u

typedef struct sc_conn sc_conn_t;
typedef struct sc_net sc_net_t;
struct ssl_ctx_st; /* OpenSSL's SSL_CTX */
typedef struct sc_conn_tls sc_conn_tls_t;
typedef struct sc_net_tls sc_net_tls_t;

/** Why a connection ended. */
typedef enum sc_conn_end {
    SC_CONN_END_PEER,    /* end of file, or reset; with TLS also a handshake that failed */
    SC_CONN_END_LOCAL,   /* sc_conn_close, everything written */
    SC_CONN_END_ABORT,   /* sc_conn_abort, or what sc_conn_close could not write in time */
    SC_CONN_END_BACKLOG, /* more than maxSocketBacklog waited to be written */
} sc_conn_end_t;

/** The layer above a connection. */
typedef struct sc_conn_handler {
    /**
     * Bytes arrived.
     *
     * @param bytes  may be changed in place; the first `len` count
     * @return how many were used up; the rest comes again, at the front of more. 0 means more are needed. After
     *         sc_conn_close or sc_conn_abort within, all count as used up.
     */
    size_t (*on_bytes)(sc_conn_t *conn, char *bytes, size_t len);
    /** How many bytes the handler will need before it can go on with the rest, which is in conn->rest (a hint for buffer
     *  sizes, bounded by what it has checked; 0: not known); may be NULL. */
    size_t (*wanted)(const sc_conn_t *conn);
    /** It is over: called once, at the end of a turn, before the connection is freed. */
    void (*on_end)(sc_conn_t *conn, sc_conn_end_t why);
} sc_conn_handler_t;

/** What a worker's connections share. */
struct sc_net {
    sc_loop_t *loop;
    char *read_buffer; /* shared input, read_bytes long */
    size_t read_bytes;
    sc_outq_pool_t outq_pool;
    sc_net_tls_t *tls;          /* conn_tls.h; NULL: connections are plain */
    uint64_t backlog_bytes_max; /* maxSocketBacklog */
    uint32_t
        linger_ms; /* how long a peer may take nothing, and then not close, after sc_conn_close */
    uint32_t conn_count;
    sc_list_t conns; /* all that are open */
    sc_list_t dirty; /* have something to write at the end of this turn */
    sc_list_t ended; /* to be freed at the end of this turn */
    sc_turn_task_t flush_task;
    sc_turn_task_t free_task;
    uint64_t read_count, write_count; /* system calls */
    uint64_t read_bytes_count, written_bytes_count;
    uint64_t backlog_kill_count;
    uint64_t newcomer_turn; /* the turn that newcomer_ns is of */
    uint64_t newcomer_ns;   /* spent on newcomers in it */
    uint64_t newcomer_wait_count;
};

/** Small on purpose: ten thousand idle ones cost three megabytes. */
struct sc_conn {
    sc_net_t *net;
    const sc_conn_handler_t *handler;
    void *owner;          /* the handler's */
    struct event event;   /* the only one: what it waits for changes */
    sc_list_t node;       /* in net->conns, then in net->ended */
    sc_list_t dirty_node; /* in net->dirty */
    sc_wheel_timer_t linger_timer;
    sc_outq_t outq;
    sc_conn_tls_t *tls; /* NULL: plain */
    char *rest;         /* input that the handler has left; NULL: none */
    uint32_t rest_len;
    uint32_t rest_capacity;
    uint64_t lingered_bytes; /* what was queued when linger_timer was started */
    int fd;                  /* -1: closed */
    uint8_t end;             /* sc_conn_end_t, once `fd` is -1 */
    uint8_t watched;         /* EV_READ, EV_WRITE: what `event` waits for */
    bool is_admitted : 1; /* no newcomer any more */
    bool is_paused : 1;
    bool is_closing : 1;    /* sc_conn_close was called */
    bool is_shut : 1;       /* and everything is written */
    bool is_delivering : 1; /* within on_bytes */
    bool is_rest_due : 1;   /* `rest` is to be handed over although nothing new has come */
    bool is_read_stuck : 1; /* TLS has to write before it reads on; EV_READ is not watched */
};

/** @param backlog_bytes_max  option maxSocketBacklog */
void sc_net_init(sc_net_t *net, sc_loop_t *loop, uint64_t backlog_bytes_max, uint32_t linger_ms);
/** Frees everything; connections that are still open are closed without a word, and their on_end is called. */
void sc_net_deinit(sc_net_t *net);

/** Connections that are opened from now on speak TLS; those that are open stay as they are.
 *  @param context  a reference is taken (worker/net/tls_context.h) */
void sc_net_set_tls(sc_net_t *net, struct ssl_ctx_st *context);
/** Other keys for session tickets (SC_TICKET_KEYS_BYTES); the net has TLS. */
void sc_net_set_ticket_keys(sc_net_t *net, const uint8_t *ticket_keys);

/**
 * Makes a connection of a socket that does not block.
 *
 * @param fd  taken, in failure too
 * @return NULL: libevent refused it (logged)
 */
sc_conn_t *sc_conn_open(sc_net_t *net, int fd, const sc_conn_handler_t *handler, void *owner);
/**
 * The connection is no newcomer any more. Newcomers share SC_CONN_NEWCOMER_NS of each turn, and wait for a later turn when
 * that is used up: ten thousand clients that come at once don't hold up those that are there.
 */
void sc_conn_admit(sc_conn_t *conn);
/** Hands the connection to another layer, from within on_bytes too: what it left is given to the new one. */
void sc_conn_set_handler(sc_conn_t *conn, const sc_conn_handler_t *handler, void *owner);
/**
 * Queues a frame; it is written at the end of the turn.
 *
 * @param frame  a reference is taken
 * A connection that is closing takes nothing. One whose queue passes backlog_bytes_max is ended.
 */
void sc_conn_send(sc_conn_t *conn, sc_buf_t *frame);
/** Stops and starts reading: a paused connection's input waits in the kernel. Pausing from within on_bytes stops
 *  further calls of it, and what was not used up waits. */
void sc_conn_pause(sc_conn_t *conn);
void sc_conn_resume(sc_conn_t *conn);
/** Writes what is queued, as long as the peer takes some of it every linger_ms; then shuts down and waits for the peer
 *  to close, at most linger_ms. No more input is given. */
void sc_conn_close(sc_conn_t *conn);
/** Ends the connection now. What is queued is lost. */
void sc_conn_abort(sc_conn_t *conn);
/** Whether neither closed nor closing. */
bool sc_conn_is_open(const sc_conn_t *conn);
/** For conn_tls.c: goes on reading when there is something. */
void sc_conn_await_input(sc_conn_t *conn);
/** Bytes that are queued. */
uint64_t sc_conn_backlog(const sc_conn_t *conn);
/** The peer's port; 0: not known. */
uint16_t sc_conn_peer_port(const sc_conn_t *conn);
/** The peer's address as text, without the port, into `text` (INET6_ADDRSTRLEN at least). IPv4 in IPv6 comes as IPv4. */
void sc_conn_peer_address(const sc_conn_t *conn, char *text, size_t size);

#endif
