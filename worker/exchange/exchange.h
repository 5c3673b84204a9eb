/*
 * exchange.h: a worker's side of publish and subscribe. It routes to the broker that a channel's name hashes to, keeps
 * what is unacknowledged, skips what it has seen, and hands messages up. It knows nothing of sockets.
 *
 * The functions that plugins call (sc/exchange.h) are in api/api_exchange.c; those here take a sc_exchange_t.
 */
#ifndef SC_EXCHANGE_EXCHANGE_H
#define SC_EXCHANGE_EXCHANGE_H

#include "common/loop.h"
#include "common/process.h"
#include "worker/exchange/channel.h"

#include <sc/exchange.h>

typedef struct sc_exchange sc_exchange_t;

typedef struct sc_exchange_handler {
    /** A message of a channel that has subscribers here. `data`: JSON text or none, borrowed. Watches are served by the
     *  exchange itself, after this. */
    void (*on_message)(sc_channel_t *channel, sc_str_t data, void *arg);
    /** The broker has taken the channel: it is STANDING; called each time it becomes so. */
    void (*on_standing)(sc_channel_t *channel, void *arg);
} sc_exchange_handler_t;

typedef struct sc_exchange_setup {
    sc_loop_t *loop;
    const sc_options_t *options;
    const char *runtime_dir; /* NULL: no links at all, as when plugins are only checked */
    uint32_t worker_id;
    uint32_t restart_count; /* of the worker, see sc_child_setup_t */
    const sc_exchange_handler_t *handler;
    void *arg;
} sc_exchange_setup_t;

/** Opens a link to each broker. @return NULL: nanomsg refused (logged). */
sc_exchange_t *sc_exchange_new(const sc_exchange_setup_t *setup);
/** Closes the links and frees all: channels that are still held, and publications that are not acknowledged, whose `done`
 *  is not called. NULL does nothing. */
void sc_exchange_free(sc_exchange_t *exchange);
/** Whether every broker's link is up. `on_up` is called once, in the turn in which that becomes so for the first time. */
void sc_exchange_on_up(sc_exchange_t *exchange, void (*on_up)(void *arg), void *arg);

/** The channel of that name, made if need be, with one more hold. NULL: the name is longer than SC_CHANNEL_BYTES_MAX. */
sc_channel_t *sc_exchange_hold(sc_exchange_t *exchange, sc_str_t name);
/** The channel of that name if it exists; borrowed. */
sc_channel_t *sc_exchange_find(const sc_exchange_t *exchange, sc_str_t name);
/** Hands each channel that somebody wants to the callback: sc_exchange_each_channel. */
void sc_exchange_visit(const sc_exchange_t *exchange, sc_exchange_channel_cb callback, void *arg);
/** Gives a hold back. */
void sc_channel_release(sc_channel_t *channel);
/** One more wants the channel's messages; the first asks the broker. The caller has a hold. */
void sc_channel_join(sc_channel_t *channel);
/** One less; the last tells the broker. */
void sc_channel_part(sc_channel_t *channel);

/**
 * Publishes. The message goes out with this turn's batch and is kept until it is acknowledged. Subscribers here get
 * it from the broker like all others, before `done` is called.
 *
 * @param data  JSON text, none for none; copied
 * @param done  called once in a later turn; may be NULL. SC_ERR_STATE: the worker ends before it was acknowledged
 * @param seq   if not NULL, set to the publication's number, for sc_exchange_after
 * @return SC_OK; SC_ERR_INVALID: the name is too long; SC_ERR_LIMIT: publishBacklog is full
 */
SC_MUST_CHECK sc_status_t sc_exchange_submit(sc_exchange_t *exchange, sc_str_t channel,
                                             sc_str_t data, sc_publish_done_cb done, void *arg,
                                             uint64_t *seq);
/**
 * Calls `after` once a publication was acknowledged. By then it has reached this worker's subscribers, and so have those that
 * went before it through the same broker (which may be acknowledged later).
 *
 * @param seq  of sc_exchange_submit, for the same channel; one may wait for each
 * @return false: that is so already: `after` will not be called
 */
SC_MUST_CHECK bool sc_exchange_after(sc_exchange_t *exchange, sc_str_t channel, uint64_t seq,
                                     void (*after)(void *arg), void *arg);
/** The worker ends: those who wait for acknowledgements are told SC_ERR_STATE, or `after`. Nothing is sent again from now on. */
void sc_exchange_abandon(sc_exchange_t *exchange);

/** What has happened since the start, and what is there now. */
typedef struct sc_exchange_counts {
    uint64_t published; /* taken by sc_exchange_submit */
    uint64_t acknowledged;
    uint64_t resent;     /* to a new broker */
    uint64_t received;   /* messages from brokers */
    uint64_t duplicates; /* of these, skipped */
    uint64_t batches_sent;
    uint64_t batches_received;
    uint64_t broker_restarts; /* seen by their instance */
    uint64_t backlog_bytes;   /* now unacknowledged */
    uint32_t channels;        /* now known */
} sc_exchange_counts_t;
sc_exchange_counts_t sc_exchange_get_counts(const sc_exchange_t *exchange);

/* For api/api_exchange.c: see sc/exchange.h. */
uint32_t sc_exchange_broker_for(const sc_exchange_t *exchange, sc_str_t channel);
SC_MUST_CHECK sc_status_t sc_exchange_send_plugin(sc_exchange_t *exchange, uint32_t broker,
                                                  sc_str_t plugin, sc_str_t payload);
SC_MUST_CHECK sc_status_t sc_exchange_listen_plugin(sc_exchange_t *exchange, const char *plugin,
                                                    sc_broker_message_cb on_message,
                                                    sc_link_cb on_link, void *arg);
/** Hands a message to watches and subscribers in this worker, as one that has come from the broker. */
void sc_exchange_hand_up(sc_channel_t *channel, sc_str_t data);
sc_watch_t *sc_exchange_add_watch(sc_exchange_t *exchange, sc_str_t channel, sc_message_cb callback,
                                  void *arg);

#endif
