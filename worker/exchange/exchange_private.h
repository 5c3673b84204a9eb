/*
 * exchange_private.h: what the files of this folder share: the exchange itself and one of its brokers.
 */
#ifndef SC_EXCHANGE_EXCHANGE_PRIVATE_H
#define SC_EXCHANGE_EXCHANGE_PRIVATE_H

#include "common/bus_link.h"
#include "worker/exchange/backlog.h"
#include "worker/exchange/dedup.h"
#include "worker/exchange/exchange.h"

/** A broker as this worker sees it: broker_link.c. */
typedef struct sc_broker_link {
    sc_exchange_t *exchange;
    uint32_t id;
    bool was_up;    /* some process of this broker has been known */
    bool is_synced; /* the present one knows all that stands: publications go out at once */
    sc_bus_link_t bus;
    sc_backlog_t backlog;
    sc_dedup_t dedup;
} sc_broker_link_t;

/** The worker half of a plugin that talks with its broker half. */
typedef struct sc_plugin_listener {
    sc_list_t node;
    sc_broker_message_cb on_message;
    sc_link_cb on_link;
    void *arg;
    char name[SC_PLUGIN_NAME_BYTES_MAX + 1];
} sc_plugin_listener_t;

struct sc_exchange {
    sc_exchange_setup_t setup;
    uint64_t instance; /* of this process, towards all brokers */
    uint32_t broker_count;
    sc_broker_link_t *links; /* one a broker */
    sc_map_t channels;       /* of sc_channel_t */
    sc_list_t listeners;     /* of sc_plugin_listener_t */
    sc_list_t ended_watches; /* freed at the end of the turn */
    sc_turn_task_t free_task;
    sc_turn_task_t up_task;
    void (*on_up)(void *arg); /* NULL: called already, or not asked for */
    void *on_up_arg;
    sc_exchange_counts_t counts;
};

/* ---- broker_link.c ------------------------------------------------------------------------- */

/** @return SC_OK; SC_ERR_IO: nanomsg refused (logged). */
SC_MUST_CHECK sc_status_t sc_broker_link_open(sc_broker_link_t *link, sc_exchange_t *exchange,
                                              uint32_t id);
void sc_broker_link_close(sc_broker_link_t *link);
/** Sends a publication that was just added to the backlog, if the broker is ready for it. */
void sc_broker_link_publish(sc_broker_link_t *link, const sc_backlog_entry_t *entry);

/* ---- channel.c ----------------------------------------------------------------------------- */

/** All channels of a broker that was replaced: those with interest are asked for again. */
void sc_channel_ask_again(sc_exchange_t *exchange, uint32_t broker);
/** The broker has taken a channel. */
void sc_channel_on_subscribed(sc_exchange_t *exchange, sc_str_t name);
/** Frees all channels, whoever holds them. */
void sc_channel_free_all(sc_exchange_t *exchange);

/* ---- watch.c ------------------------------------------------------------------------------- */

/** Hands a message to the channel's watches. The caller holds the channel. */
void sc_watch_deliver(sc_channel_t *channel, sc_str_t data);
/** Frees the watches that were ended. */
void sc_watch_free_ended(sc_exchange_t *exchange);
/** Frees a channel's watches, ended or not. */
void sc_watch_free_all(sc_channel_t *channel);

#endif
