/*
 * subscription.h: a socket in a channel: asked for, standing once the broker has the channel, over.
 */
#ifndef SC_PROTOCOL_SUBSCRIPTION_H
#define SC_PROTOCOL_SUBSCRIPTION_H

#include "worker/exchange/exchange.h"
#include "worker/protocol/socket.h"

/** A #subscribe that waits for the broker. */
typedef struct sc_subscribe_wait {
    struct sc_subscribe_wait *next;
    sc_text_t cid;  /* JSON text; empty: no answer is wanted */
    sc_text_t data; /* of the packet, for listeners */
    bool has_data;
} sc_subscribe_wait_t;

typedef struct sc_subscription {
    sc_socket_t *socket;
    sc_channel_t *channel;      /* held and joined */
    uint32_t index;             /* in channel->subscribers */
    bool stands;                /* listeners have been told */
    bool is_by_token;           /* the socket had a token whenever it asked for it */
    uint64_t published_seq;     /* of what this socket has published here last; 0: nothing */
    sc_subscribe_wait_t *waits; /* in the order of the packets */
} sc_subscription_t;

/** The socket's subscription to a channel, or NULL. */
sc_subscription_t *sc_subscription_find(const sc_socket_t *socket, sc_str_t channel);
/**
 * Subscribes a socket, or answers again if it is subscribed. Messages flow from now on; the answer follows when the broker has the
 * channel, and then SUBSCRIPTION listeners are told, once.
 *
 * @param cid, data  of the packet, or none; copied
 * @return SC_OK; SC_ERR_INVALID: the channel's name is too long
 */
SC_MUST_CHECK sc_status_t sc_subscription_begin(sc_socket_t *socket, sc_str_t channel, sc_str_t cid,
                                                sc_str_t data);
/** Ends a subscription: answers what still waits, tells listeners if it stood, frees. */
void sc_subscription_end(sc_subscription_t *subscription);
/** The same, and the client is told first. @param message  none: none */
void sc_subscription_kick_out(sc_subscription_t *subscription, sc_str_t message);
/** The broker has the channel: answers those that wait for it. */
void sc_subscription_on_standing(sc_channel_t *channel);

#endif
