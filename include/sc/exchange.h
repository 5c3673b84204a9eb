/*
 * exchange.h: a worker's side of publish and subscribe, and messages to the other processes.
 */
#ifndef SC_EXCHANGE_H
#define SC_EXCHANGE_H

#include <sc/types.h>

SC_EXTERN_C_BEGIN

/* ---- Publish and subscribe ------------------------------------------------------------------------------- */

/** `status`: SC_OK: acknowledged by the broker; SC_ERR_STATE: the worker ends before that. */
typedef void (*sc_publish_done_cb)(sc_status_t status, void *arg);

/**
 * Publishes to a channel in the server's name: publishIn middleware is not asked.
 *
 * @param channel  0 to SC_CHANNEL_BYTES_MAX bytes of UTF-8; copied
 * @param data     JSON text, none for none; passed on as it is, not checked; copied
 * @param done     called once in a later turn, SC_OK: the broker has acknowledged; may be NULL
 * @param arg      given to `done`; must live until then
 * @return SC_OK: `done` will be called. Else it will not:
 *         SC_ERR_INVALID: the channel; SC_ERR_LIMIT: the backlog is full
 * Thread: the worker's only. Since ABI 1. Wire: docs/protocol.md, "#publish".
 */
SC_API SC_MUST_CHECK sc_status_t sc_exchange_publish(sc_worker_t *worker, sc_str_t channel,
                                                     sc_str_t data, sc_publish_done_cb done,
                                                     void *arg);

typedef void (*sc_message_cb)(sc_str_t channel, sc_str_t data, void *arg);

/**
 * Listens to a channel in this worker. It gets what reaches this worker: what a socket of this worker, or
 * sc_exchange_subscribe, has subscribed to.
 *
 * @return a watch, owned by the worker; NULL: the channel's name is too long
 * Since ABI 1.
 */
SC_API sc_watch_t *sc_exchange_watch(sc_worker_t *worker, sc_str_t channel, sc_message_cb callback,
                                     void *arg);
/** Ends a watch; from within its own callback too. NULL does nothing. */
SC_API void sc_exchange_unwatch(sc_watch_t *watch);
/** Subscribes the worker itself; counted: as many unsubscribe calls end it.
 *  @return SC_OK; SC_ERR_INVALID: the channel's name is too long. Since ABI 1. */
SC_API SC_MUST_CHECK sc_status_t sc_exchange_subscribe(sc_worker_t *worker, sc_str_t channel);
/** @return SC_OK; SC_ERR_STATE: the worker has not subscribed. Since ABI 1. */
SC_API sc_status_t sc_exchange_unsubscribe(sc_worker_t *worker, sc_str_t channel);
/** Whether the worker itself is subscribed (sc_exchange_subscribe) and the broker knows. Since ABI 1. */
SC_API bool sc_exchange_is_subscribed(sc_worker_t *worker, sc_str_t channel);
/** `subscribers`: sockets of this worker; `is_own`: the worker itself is subscribed. */
typedef void (*sc_exchange_channel_cb)(sc_str_t channel, uint32_t subscribers, bool is_own,
                                       void *arg);
/** Hands each channel that somebody in this worker is subscribed to to the callback, which must not subscribe, unsubscribe,
 *  watch or publish. Since ABI 1. */
SC_API void sc_exchange_each_channel(sc_worker_t *worker, sc_exchange_channel_cb callback,
                                     void *arg);
/** How many sockets of this worker are subscribed to the channel. */
SC_API uint32_t sc_exchange_subscriber_count(sc_worker_t *worker, sc_str_t channel);

/* ---- To this worker alone -------------------------------------------------------------------------------- */

/**
 * Hands a message to those in this worker who have subscribed to the channel, its sockets and its watches, as if it had
 * come from the channel's broker, which does not hear of it; nor does any other worker. All subscribers share
 * one frame for each codec; publishOut middleware is asked.
 *
 * @param channel  the channel's name
 * @param data     JSON text, none for none; passed on as it is, not checked; borrowed
 * @return SC_OK, also when nobody here has subscribed; SC_ERR_INVALID: the channel's name is too long
 * Thread: the worker's only; watches are called from within. Since ABI 1. Wire: docs/protocol.md, "#publish".
 */
SC_API SC_MUST_CHECK sc_status_t sc_exchange_deliver(sc_worker_t *worker, sc_str_t channel,
                                                     sc_str_t data);
/**
 * The same to some subscribers only: they too share one frame for each codec. Watches are not called.
 *
 * @param sockets, count  those who get it, references that the caller holds; who is not open, or not subscribed, is passed over
 * @return as sc_exchange_deliver
 * Thread: the worker's only. Since ABI 1. Wire: docs/protocol.md, "#publish".
 */
SC_API SC_MUST_CHECK sc_status_t sc_exchange_deliver_to(sc_worker_t *worker, sc_str_t channel,
                                                        sc_str_t data, sc_socket_t *const *sockets,
                                                        size_t count);

/* ---- Messages to brokers ----------------------------------------------------------------------------------- */

/** The broker that carries a channel: 0 to sc_worker_broker_count - 1. */
SC_API uint32_t sc_exchange_broker_of(const sc_worker_t *worker, sc_str_t channel);

/**
 * Sends bytes to the broker half of a plugin, in order with what this worker publishes and subscribes through
 * that broker. What a broker had not processed when it died is lost: repeat it from `on_link` of
 * sc_exchange_on_broker.
 *
 * @param broker   0 to sc_worker_broker_count - 1
 * @param plugin   its name; copied
 * @param payload  any bytes; copied
 * @return SC_OK; SC_ERR_INVALID: no such broker, or too long; SC_ERR_STATE: it is not connected now
 * Thread: the worker's only. Since ABI 1.
 */
SC_API SC_MUST_CHECK sc_status_t sc_exchange_send(sc_worker_t *worker, uint32_t broker,
                                                  const char *plugin, sc_str_t payload);

/** Bytes from the broker half of the same plugin (sc_broker_send). */
typedef void (*sc_broker_message_cb)(uint32_t broker, sc_str_t payload, void *arg);
/** A broker has (re)started and knows nothing of this worker but its subscriptions, which were
 *  sent before this call. Called for each broker once it is connected, and again when it was replaced. */
typedef void (*sc_link_cb)(uint32_t broker, void *arg);

/**
 * Listens to the broker half of a plugin and to the coming of brokers.
 *
 * @param plugin               its name; copied
 * @param on_message, on_link  either may be NULL
 * @return SC_OK; SC_ERR_STATE: that plugin has a listener already
 * Since ABI 1.
 */
SC_API SC_MUST_CHECK sc_status_t sc_exchange_on_broker(sc_worker_t *worker, const char *plugin,
                                                       sc_broker_message_cb on_message,
                                                       sc_link_cb on_link, void *arg);

/* ---- Messages to the master ---------------------------------------------------------------------------------- */

/** `answer`: JSON text of the master's answer, none unless `status` is SC_OK. */
typedef void (*sc_master_answer_cb)(sc_status_t status, sc_str_t answer, void *arg);

/**
 * Asks the master.
 *
 * @param request   a JSON object with a member `type`:
 *                  {"type":"status"}: the processes, their ids, states and restarts;
 *                  {"type":"relay","worker":N,"data":X}: data to worker N (-1: all), to listeners of
 *                  sc_worker_on_relay; {"type":"restartWorkers"}: as SIGUSR2
 * @param callback  called once in a later turn; SC_ERR_TIMEOUT: no answer within ackTimeout; may be NULL
 * @return SC_OK; SC_ERR_INVALID: not an object
 * Thread: the worker's only. Since ABI 1.
 */
SC_API SC_MUST_CHECK sc_status_t sc_master_request(sc_worker_t *worker, sc_str_t request,
                                                   sc_master_answer_cb callback, void *arg);
/** Data that another worker sent here with a relay request; `data` is JSON text. */
typedef void (*sc_relay_cb)(uint32_t from_worker, sc_str_t data, void *arg);
SC_API SC_MUST_CHECK sc_status_t sc_worker_on_relay(sc_worker_t *worker, sc_relay_cb callback,
                                                    void *arg);

SC_EXTERN_C_END

#endif
