/*
 * broker.h: what a broker plugin hooks into. A broker carries the messages of the channels whose names hash to
 * it, and knows which workers subscribe, not which clients.
 */
#ifndef SC_BROKER_H
#define SC_BROKER_H

#include <sc/plugin.h>

SC_EXTERN_C_BEGIN

SC_API uint32_t sc_broker_id(const sc_broker_t *broker);
SC_API uint32_t sc_broker_count(const sc_broker_t *broker);
SC_API uint32_t sc_broker_worker_count(const sc_broker_t *broker);
/** Milliseconds since some moment in the past; never goes back. */
SC_API uint64_t sc_broker_now_ms(const sc_broker_t *broker);
/** As sc_worker_option. Since ABI 1. */
SC_API SC_MUST_CHECK sc_status_t sc_broker_option(const sc_broker_t *broker, const char *name,
                                                  sc_text_t *out);

typedef enum sc_broker_event_type {
    SC_BROKER_SUBSCRIBE,   /* a worker wants a channel (worker, channel) */
    SC_BROKER_UNSUBSCRIBE, /* it no longer does, or has gone (worker, channel) */
    SC_BROKER_PUBLISH, /* a message is about to go to the channel's workers (worker, channel, data) */
    SC_BROKER_MESSAGE, /* a worker sent bytes to this plugin (worker, data) */
    SC_BROKER_WORKER_UP, /* a worker is connected: a new process; it has sent its subscriptions and what plugins
                              sent from their `on_link` (worker) */
    SC_BROKER_WORKER_DOWN, /* a worker's process has ended (worker) */
    SC_BROKER_READY,       /* every worker that lives has come up since this broker started, or
                              the wait for them is over */
    SC_BROKER_EVENT_TYPES
} sc_broker_event_type_t;

/** Spans are borrowed until the callback returns. Fields may be added at the end. */
typedef struct sc_broker_event {
    sc_broker_event_type_t type;
    uint32_t worker; /* 0 to worker count - 1; of a PUBLISH by a broker plugin: UINT32_MAX */
    sc_str_t channel;
    sc_str_t data;
} sc_broker_event_t;

typedef void (*sc_broker_event_cb)(const sc_broker_event_t *event, void *arg);

/**
 * Listens to one type of event; SC_BROKER_MESSAGE gives only what was sent to `plugin`.
 *
 * @param plugin  the listening plugin's own name; copied
 * @return SC_OK; SC_ERR_INVALID: no such type
 * Thread: the broker's only. Since ABI 1.
 */
SC_API SC_MUST_CHECK sc_status_t sc_broker_on(sc_broker_t *broker, const char *plugin,
                                              sc_broker_event_type_t type,
                                              sc_broker_event_cb callback, void *arg);

/** Publishes to a channel that this broker carries. Others: SC_ERR_INVALID. Both copied. Since ABI 1. */
SC_API SC_MUST_CHECK sc_status_t sc_broker_publish(sc_broker_t *broker, sc_str_t channel,
                                                   sc_str_t data);
/** Whether this broker carries the channel. */
SC_API bool sc_broker_carries(const sc_broker_t *broker, sc_str_t channel);
/** Sends bytes to the worker half of a plugin. SC_ERR_STATE: that worker is not connected. Since ABI 1. */
SC_API SC_MUST_CHECK sc_status_t sc_broker_send(sc_broker_t *broker, uint32_t worker,
                                                const char *plugin, sc_str_t payload);

typedef void (*sc_broker_timer_cb)(void *arg);
/** As sc_worker_timer. Since ABI 1. */
SC_API sc_timer_t *sc_broker_timer(sc_broker_t *broker, uint32_t first_ms, uint32_t every_ms,
                                   sc_broker_timer_cb callback, void *arg);

SC_EXTERN_C_END

#endif
