/*
 * worker.h: a worker process: all that lives as long as it does.
 */
#ifndef SC_WORKER_WORKER_H
#define SC_WORKER_WORKER_H

#include "common/control.h"
#include "common/loop.h"
#include "common/messenger.h"
#include "common/plugin_loader.h"
#include "common/process.h"
#include "worker/counter.h"
#include "worker/exchange/exchange.h"
#include "worker/http/http_route.h"
#include "worker/master_link.h"
#include "worker/net/accept.h"
#include "worker/net/conn.h"
#include "worker/protocol/auth_token.h"
#include "worker/protocol/hooks.h"
#include "worker/protocol/middleware.h"
#include "worker/protocol/ping.h"
#include "worker/ws/ws_deflate.h"

/**
 * Moved by: STARTING until brokers are linked; SERVING until the master says stop or drain, or is gone; ENDING until
 * connections are closed and publications acknowledged, or processTermTimeout is near.
 */
typedef enum sc_worker_state {
    SC_WORKER_STARTING,
    SC_WORKER_SERVING,
    SC_WORKER_ENDING,
} sc_worker_state_t;

struct sc_worker {
    const sc_child_setup_t *setup;
    const sc_options_t *options;
    sc_worker_state_t state;
    int exit_status;
    sc_loop_t loop;
    sc_net_t net;
    sc_control_t *control; /* NULL while checking options and plugins */
    sc_auth_t *auth;
    sc_exchange_t *exchange; /* NULL while checking */
    sc_http_t *http;
    sc_accept_t *accept;
    sc_plugins_t plugins;
    sc_hooks_t hooks;
    sc_action_pool_t actions;
    sc_ping_frames_t ping_frames;
    sc_ws_deflate_t *deflate;      /* NULL: the option perMessageDeflate is off */
    uint32_t deflate_socket_count; /* sockets that have agreed on compression */
    sc_master_link_t master;
    sc_messenger_t messenger;
    sc_counters_t counters;
    sc_list_t timers;  /* of plugins */
    sc_list_t sockets; /* all that have not ended, sc_socket_t.node */
    sc_map_t sockets_by_id;
    uint32_t socket_count;
    uint32_t open_count; /* of these, those that are OPEN */
    uint32_t id_count;   /* ids drawn, for the part of them that counts */
    uint32_t codec_socket_count[SC_CODEC_COUNT]; /* sockets whose codec is known */
    uint64_t received_messages;   /* of all sockets */
    uint64_t unreadable_count;    /* messages that their socket's codec could not read */
    uint64_t array_count;         /* frames of several packets, to clients */
    sc_text_t scratch;            /* for texts that are put together and copied at once */
    sc_text_t translated;         /* for messages that a codec translates; none while it does */
    sc_wheel_timer_t start_timer; /* bounds the wait for brokers */
    sc_wheel_timer_t end_timer;   /* looks whether an ending worker is done */
    uint64_t end_by_ms;           /* when an ending worker waits no longer */
    uint32_t drain_step;          /* sockets that a draining worker closes per look */
    bool is_draining;             /* ENDING, to be replaced: sockets get 4001, a few at a time */
};

/** Takes keys and certificates from the options, and wipes them there. @return SC_ERR_INVALID: they are wrong (logged) */
SC_MUST_CHECK sc_status_t sc_worker_take_secrets(sc_worker_t *worker);
/** Replaces them by those of the master's message `secrets`. */
void sc_worker_renew_secrets(sc_worker_t *worker, const json_t *message);
/** The master's message `ticketKeys`. */
void sc_worker_renew_ticket_keys(sc_worker_t *worker, const json_t *message);

/** Wall clock, in milliseconds since 1970. */
int64_t sc_worker_wall_ms(void);

#endif
