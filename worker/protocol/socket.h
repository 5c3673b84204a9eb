/*
 * socket.h: a client as SocketCluster sees it: one WebSocket, its handshake, its token, its channels, its packets in order.
 *
 * States, and what moves them:
 *
 *     NEW --#handshake--> SHAKING --middleware passed--> OPEN
 *     any --client closed, sc_socket_end...--> ENDED --end of the turn--> listeners are told, the worker's reference goes
 *
 * From ENDED on the connection lives by itself until the peer has closed; the socket no longer has one.
 */
#ifndef SC_PROTOCOL_SOCKET_H
#define SC_PROTOCOL_SOCKET_H

#include "common/loop.h"
#include "common/map.h"
#include "worker/net/conn.h"
#include "worker/protocol/codec.h"
#include "worker/ws/ws_reader.h"

#include <sc/json.h>
#include <sc/socket.h>

typedef enum sc_socket_state {
    SC_SOCKET_NEW,
    SC_SOCKET_SHAKING,
    SC_SOCKET_OPEN,
    SC_SOCKET_ENDED,
} sc_socket_state_t;

/** A packet that waits for a middleware. */
typedef struct sc_held_packet {
    struct sc_held_packet *next;
    size_t len;
    char text[];
} sc_held_packet_t;

/** Packets that wait, made when the first one does. */
typedef struct sc_held_packets {
    sc_held_packet_t *first;
    sc_held_packet_t *last;
    uint32_t count;
    uint64_t bytes;
} sc_held_packets_t;

struct sc_socket {
    sc_worker_t *worker;
    sc_conn_t *conn; /* NULL: ENDED */
    /* What each delivery looks at and counts, in one cache line. */
    const sc_codec_t *codec; /* JSON until it is known */
    struct sc_batch *batch;  /* packets collect in it; NULL: they go out at once */
    uint64_t sent_frames, sent_bytes;
    uint32_t deflate_bytes_max; /* the longest frame that may go compressed; 0: none may */
    uint32_t refs;              /* the worker's own, actions', calls', plugins' */
    uint8_t state;              /* sc_socket_state_t */
    uint8_t version;            /* of the protocol: 1, 2, 0: not known yet */
    bool was_open;              /* has completed its handshake */
    bool is_codec_known;
    bool has_sent_array; /* so it knows arrays; or a batch subscription, which says the same */
    bool sent_ping_v1_last;
    bool has_sent_pong; /* WebSocket's own */
    bool is_emptying;   /* held packets are being processed */
    bool is_reading_paused;
    uint16_t end_code;
    uint16_t remote_port; /* 0: not known */
    uint32_t hold_count;  /* actions that later packets wait for */
    sc_ws_reader_t reader;
    char id[SC_SOCKET_ID_CHARS + 1];
    char *address;
    char *query;             /* of the opening request; NULL: none */
    char *headers;           /* of the opening request: hooks.h; NULL: none are kept */
    char *end_reason;        /* UTF-8; NULL: none */
    sc_buf_t *claims;        /* of the token, JSON text; NULL: not authenticated */
    double expires_s;        /* the token's `exp`; 0: none */
    sc_map_t subscriptions;  /* sc_subscription_t by channel name */
    sc_held_packets_t *held; /* NULL: none */
    uint64_t call_count;     /* cids used */
    sc_list_t calls;         /* sc_server_call_t that wait for the client's answer */
    sc_wheel_timer_t timer;  /* handshake timeout, then pings and their timeout */
    uint64_t alive_ms;       /* last sign of life */
    uint64_t next_ping_ms;
    uint64_t ping_by_ms; /* without a ping of its generation until then the client gives up */
    uint64_t opened_ms;
    uint64_t received_messages, received_bytes;
    sc_turn_task_t end_task;
    sc_list_t node;                /* in the worker's sockets */
    void **slots;                  /* of plugins; NULL until one is set */
    struct sc_auth_expiry *expiry; /* the timer of a token that ends; NULL: none is asked for */
};

/**
 * Takes over a connection whose WebSocket opening is complete.
 *
 * @param conn     paused; the socket resumes it
 * @param address  the client's; copied
 * @param query    of the URL, or none; copied
 * @param deflate  what was agreed about compression
 * @return the socket, borrowed; the caller tells SC_EVENT_HANDSHAKE
 */
sc_socket_t *sc_socket_open(sc_worker_t *worker, sc_conn_t *conn, const char *address,
                            sc_str_t query, const sc_ws_deflate_terms_t *deflate);

/** Not ENDED. */
static inline bool sc_socket_is_alive(const sc_socket_t *socket)
{
    return socket->state != SC_SOCKET_ENDED;
}

/** Whether that frame may go compressed: the extension was agreed on, and its window is large enough. While packets collect in
 *  a batch they stay plain: their array is compressed. */
static inline bool sc_socket_takes_deflated(const sc_socket_t *socket, const sc_buf_t *frame)
{
    return frame->len <= socket->deflate_bytes_max && socket->batch == NULL;
}

/** A frame for this socket alone as its connection takes it: compressed where that was agreed on and pays.
 *  @return a reference */
sc_buf_t *sc_socket_deflate_frame(sc_socket_t *socket, sc_buf_t *frame);
/** Hands a frame to the connection, which there must be, and counts it; a batch is passed over. */
void sc_socket_write_frame(sc_socket_t *socket, sc_buf_t *frame);
/** Queues the frame of a packet as it is; dropped if the socket has ended. The caller keeps its reference. */
void sc_socket_send_frame(sc_socket_t *socket, sc_buf_t *frame);
/** The same for a frame that nobody else needs: takes it, and sends it as sc_socket_deflate_frame makes it. */
void sc_socket_send_new_frame(sc_socket_t *socket, sc_buf_t *frame);
/** Queues a frame that is no packet (a ping, a control frame, a raw text), behind all packets that were sent before. */
void sc_socket_send_apart(sc_socket_t *socket, sc_buf_t *frame);

/** Ends the session: tells old clients (#disconnect), sends a close frame, closes after what is queued. */
void sc_socket_end(sc_socket_t *socket, int code, sc_str_t reason);
/** The same without the #disconnect packet, for codes that the protocol gives none with. */
void sc_socket_end_quietly(sc_socket_t *socket, int code, sc_str_t reason);
/** The client broke the protocol or a limit: one log line, then sc_socket_end_quietly. */
void sc_socket_fail(sc_socket_t *socket, int code, const char *reason);

/** Ends the session and the connection at once: what is queued is lost. */
void sc_socket_cut(sc_socket_t *socket);
/** Tells listeners of the end of every socket at once: their connections have gone, and no turn will come. */
void sc_socket_finish_all(sc_worker_t *worker);

/** Later packets of the socket wait until the same number of sc_socket_release_packets. */
void sc_socket_hold_packets(sc_socket_t *socket);
/** Processes what has waited, when nothing else holds it. May end the socket. */
void sc_socket_release_packets(sc_socket_t *socket);

/** The client is of that generation: its pong or another packet says so (docs/protocol.md, "Telling the generations apart"). */
void sc_socket_learn_version(sc_socket_t *socket, uint8_t version);

#endif
