/*
 * fake_worker.h: a worker for tests of plugins. It implements as much of the plugin interface as the plugins of this
 * tree use, writes down in one text what they do, and lets the test play the server's part.
 *
 * What is written down, each followed by "; ":
 *     publish CHANNEL DATA                sc_exchange_publish
 *     deliver CHANNEL DATA                sc_exchange_deliver
 *     deliver CHANNEL DATA to ab          sc_exchange_deliver_to: the first letters of the sockets' ids
 *     add BROKER CHANNEL USER ID [DATA]   sc_exchange_send of a presence note; "-" for none
 *     drop BROKER CHANNEL USER [lost]
 *     track BROKER CHANNEL USER ID COUNT
 *     count BROKER CHANNEL COUNT
 */
#ifndef SC_TEST_FAKE_WORKER_H
#define SC_TEST_FAKE_WORKER_H

#include "common/loop.h"

#include <sc/sc.h>

#define FAKE_BROKERS 2
#define FAKE_CHANNELS 8
#define FAKE_CALLS 4

struct sc_socket {
    sc_worker_t *worker;
    char id[SC_SOCKET_ID_CHARS + 1];
    const char *token;   /* claims; NULL: none */
    char own_token[256]; /* where sc_socket_set_auth_token puts its claims */
    void *slot;
    int ref_count;
    const char *asked_channel;        /* a subscription that does not stand yet; NULL: none */
    char channels[FAKE_CHANNELS][64]; /* "": free */
};

struct sc_counter {
    int64_t value;
};

struct sc_worker {
    char log[8192];
    sc_event_cb listeners[SC_EVENT_TYPES];
    void *listener_args[SC_EVENT_TYPES];
    sc_middleware_cb middleware[SC_ACTION_TYPES];
    void *middleware_args[SC_ACTION_TYPES];
    struct {
        char name[32];
        sc_call_cb callback;
        void *arg;
    } calls[FAKE_CALLS];
    sc_broker_message_cb on_message;
    sc_link_cb on_link;
    void *link_arg;
    sc_loop_t loop; /* its wheel only, by now_ms; made with the first timer */
    sc_list_t timers;
    bool has_timers;
    uint32_t id;
    uint64_t now_ms;
    bool is_linked; /* whether sc_exchange_send works */
    sc_counter_t counter;
};

struct sc_action {
    sc_socket_t *socket;
    sc_str_t channel;
    sc_str_t data;
    sc_text_t changed_data;
    char error_name[64];
    char error_message[128];
};

struct sc_call {
    sc_socket_t *socket;
    sc_str_t data;
    sc_text_t answer;
    char error_name[64];
    bool has_ended;
};

/** Whether the log is as given; clears it. Fails the test if not. */
void fake_expect(sc_worker_t *worker, const char *log);

/** A socket with an id that begins with `id`. */
void fake_connect(sc_worker_t *worker, sc_socket_t *socket, const char *id);
/** The server's side of what a client does, with the events that follow. */
void fake_authenticate(sc_socket_t *socket, const char *token);
void fake_deauthenticate(sc_socket_t *socket);
void fake_subscribe(sc_socket_t *socket, const char *channel);
/** The same with data: JSON text. */
void fake_subscribe_with(sc_socket_t *socket, const char *channel, const char *data);
void fake_unsubscribe(sc_socket_t *socket, const char *channel);
void fake_disconnect(sc_socket_t *socket);
/** The same with another close code than 1000. */
void fake_disconnect_with(sc_socket_t *socket, int code);

/** A broker has come. */
void fake_link(sc_worker_t *worker, uint32_t broker);
/** Fires the timers that are due within the time. */
void fake_pass_time(sc_worker_t *worker, uint32_t ms);
/** Ends the timers that still run. */
void fake_stop_timers(sc_worker_t *worker);

/** Asks the middleware; what it changed or said lies in `action`. */
sc_verdict_t fake_ask(sc_worker_t *worker, sc_action_type_t type, sc_action_t *action);
/** Hands a call to its handler, which must end it. */
void fake_call(sc_worker_t *worker, const char *name, sc_call_t *call);

#endif
