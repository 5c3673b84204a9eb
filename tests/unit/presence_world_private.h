/*
 * presence_world_private.h: what the files of presence_world.h share.
 */
#ifndef SC_TEST_PRESENCE_WORLD_PRIVATE_H
#define SC_TEST_PRESENCE_WORLD_PRIVATE_H

#include "common/loop.h"
#include "presence_world.h"

#define ROOM "room"
#define TRACKING "presence>room"
typedef enum message_kind { NOTE, SUBSCRIBE, UNSUBSCRIBE, SUBSCRIBED, SYNCED, PONG } message_kind_t;

typedef struct message {
    struct message *next;
    message_kind_t kind;
    unsigned target; /* of a pong: the socket */
    size_t len;
    char bytes[];
} message_t;

typedef struct queue {
    message_t *first;
    message_t *last;
} queue_t;

/* What one process has of libevent: timers by the world's clock. */
typedef struct process {
    world_t *world;
    sc_loop_t loop; /* its wheel only */
    sc_list_t timers;
    void *plugin;
} process_t;

struct sc_worker {
    process_t process;
    unsigned id;
    sc_event_cb listeners[SC_EVENT_TYPES];
    sc_middleware_cb publish_in;
    void *publish_in_arg;
    sc_broker_message_cb on_message;
    sc_link_cb on_link;
    void *arg;
    unsigned interest_count; /* sockets that want presence>room */
    unsigned unanswered_count;
    bool stands;
    queue_t to_broker;
    queue_t from_broker;
};

struct sc_broker {
    process_t process;
    sc_broker_event_cb listeners[SC_BROKER_EVENT_TYPES];
    void *arg;
    bool wants[WORLD_WORKERS];
    bool is_synced[WORLD_WORKERS];
    bool is_ready;
};

typedef struct belief {
    uint64_t expires_ms; /* 0: absent */
    int data;            /* 0: none, or not told */
    bool is_seen;        /* by the roster that is coming in */
} belief_t;

struct sc_socket {
    world_t *world;
    sc_worker_t *worker; /* NULL: not connected */
    char id[SC_SOCKET_ID_CHARS + 1];
    void *slot;
    unsigned refs;
    bool is_open;
    int user; /* -1: nobody */
    char token[96];
    bool is_in;        /* subscribed to the room */
    uint64_t since_ms; /* in the room as this user */
    bool tracks;       /* has asked to subscribe to presence>room */
    bool is_tracker;   /* and stands */
    bool asks;
    int next_part; /* of a roster; -1: none is coming in */
    belief_t beliefs[WORLD_USERS];
};

struct sc_action {
    sc_socket_t *socket;
    sc_str_t channel;
    sc_str_t data;
    sc_text_t changed;
};

struct sc_counter {
    int64_t value;
};

struct world {
    uint64_t now_ms;
    uint64_t grace_ms;
    const char *options;
    sc_worker_t workers[WORLD_WORKERS];
    sc_broker_t broker;
    sc_socket_t sockets[WORLD_SOCKETS];
    uint64_t since_ms[WORLD_USERS]; /* there since; 0: not there */
    unsigned pong_count;
    unsigned id_count;
    bool has_flickered;
    sc_counter_t counter;
};

/** Adds a message to a queue; copied. `target`: of a pong, the socket. */
void world_push(queue_t *queue, message_kind_t kind, sc_str_t bytes, unsigned target);

/* ---- presence_world_client.c ---- */

/** A client has got a packet of presence. */
void world_hear(sc_socket_t *socket, sc_str_t data);
/** A client no longer holds somebody for present. */
void world_give_up(sc_socket_t *socket, int user, const char *what);
/** Notes who is there, after each thing that clients do. */
void world_note_truth(world_t *world);

#endif
