/*
 * client.h: many WebSocket clients in one epoll loop, for the load generators.
 *
 * Much cheaper for each packet than the servers under test, which share the machine with it: frames are
 * parsed where recv() put them, and what an event makes a client send goes out in one send() when the
 * event has been handled. Errors of the set-up (no memory, no descriptors) end the program; what a server does
 * is reported to the caller.
 */
#ifndef SC_BENCH_CLIENT_H
#define SC_BENCH_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct sc_load sc_load_t;

/** Bytes that grow. */
typedef struct sc_bytes {
    uint8_t *data;
    size_t len;
    size_t cap;
} sc_bytes_t;

typedef enum sc_client_state {
    SC_CLIENT_CLOSED,
    SC_CLIENT_CONNECTING, /* until the socket is writable */
    SC_CLIENT_UPGRADING,  /* until the head of the 101 is complete */
    SC_CLIENT_OPEN
} sc_client_state_t;

typedef struct sc_client {
    sc_load_t *load;
    uint32_t index; /* the caller's number for it */
    int fd;
    sc_client_state_t state;
    bool is_dirty;     /* in the load's list of those with something to send */
    bool awaits_space; /* the socket was full: EPOLLOUT is asked for */
    const char *path;  /* of the upgrade; borrowed */
    sc_bytes_t in;     /* an incomplete frame or head, else empty */
    sc_bytes_t out;    /* masked frames that wait for send() */
    struct sc_client *next_dirty;
} sc_client_t;

typedef struct sc_load_handler {
    void (*on_open)(sc_client_t *client); /* the WebSocket is open */
    /** A text message. SocketCluster's pings are answered before and not shown. */
    void (*on_text)(sc_client_t *client, const char *text, size_t len);
    void (*on_close)(
        sc_client_t *client); /* by the other side or by an error, not by sc_client_close */
} sc_load_handler_t;

typedef struct sc_load_counters {
    uint64_t ping_count;
    uint64_t text_count;
    uint64_t received_bytes;
    uint64_t sent_bytes;
    uint64_t recv_calls;
} sc_load_counters_t;

struct sc_load {
    sc_load_handler_t handler;
    void *arg; /* the handler's */
    int epoll_fd;
    uint16_t port;
    bool speaks_sc; /* answers #1 with #2 and an empty text with an empty text */
    uint32_t
        source_first; /* clients are spread over the addresses from 127.0.0.1 + source_first on */
    uint32_t source_count; /* so many of them */
    uint64_t now_ns;       /* when the event that is being handled was read */
    uint8_t *read_buf;
    sc_client_t *dirty;
    sc_load_counters_t counters;
};

/** @param port  of the server on 127.0.0.1 */
void sc_load_init(sc_load_t *load, uint16_t port, bool speaks_sc, sc_load_handler_t handler,
                  void *arg);
void sc_load_deinit(sc_load_t *load);

/** Waits for events up to `timeout_ns`, handles what is there, and sends what it led to. */
void sc_load_turn(sc_load_t *load, uint64_t timeout_ns);

/** Begins to connect. `path` must live as long as the client. */
void sc_client_open(sc_load_t *load, sc_client_t *client, uint32_t index, const char *path);
/** Closes the socket without a close frame, as a client that vanishes. May be called for a closed one. */
void sc_client_close(sc_client_t *client);

/** Queues a text frame; sent when the event in hand has been handled, or by sc_load_flush. */
void sc_client_send(sc_client_t *client, const char *text, size_t len);
void sc_client_sendf(sc_client_t *client, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void sc_load_flush(sc_load_t *load);

/** Queues #handshake with cid 1. @param token  NULL: anonymous */
void sc_client_send_handshake(sc_client_t *client, const char *token);

/** @return the number after {"rid": at the beginning of an answer, 0 if it is none */
uint64_t sc_packet_rid(const char *text, size_t len);
/** @return whether an answer carries an error */
bool sc_packet_has_error(const char *text, size_t len);
/** Finds the string after `key` (with its quotes and colon: "\"id\":\""). @return NULL: not there */
const char *sc_packet_find(const char *text, size_t len, const char *key, size_t *value_len);

uint64_t sc_now_ns(void); /* monotonic */

/** Ends the program with a line on stderr. */
_Noreturn void sc_bench_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
void *sc_bench_alloc(size_t count, size_t size); /* zeroed; ends the program without memory */
/** Raises the limit of descriptors to what `count` needs, or fails. */
void sc_bench_need_descriptors(size_t count);

#endif
