/*
 * channel.h: the channels that this worker knows, by interned name, and who is interested in each.
 *
 * A channel exists while somebody holds it: subscribers, the worker's own subscriptions, watches, publications on their
 * way. Its broker is asked for it while `interest_count` is over 0:
 *
 *     IDLE --first interest--> ASKED --"subscribed" from the broker--> STANDING --last interest gone--> IDLE
 *     ASKED, STANDING --the broker was replaced--> ASKED
 */
#ifndef SC_EXCHANGE_CHANNEL_H
#define SC_EXCHANGE_CHANNEL_H

#include "common/list.h"
#include "common/map.h"

#include <sc/json.h>

typedef enum sc_channel_state {
    SC_CHANNEL_IDLE,
    SC_CHANNEL_ASKED,
    SC_CHANNEL_STANDING,
} sc_channel_state_t;

struct sc_subscription; /* protocol/subscription.h: a socket in a channel */

typedef struct sc_channel {
    struct sc_exchange *exchange;
    sc_channel_state_t state;
    uint32_t broker;
    uint32_t hold_count;     /* references; 0 frees */
    uint32_t interest_count; /* who wants its messages; each also holds */
    uint32_t own_count;      /* of these, sc_exchange_subscribe of plugins */
    uint32_t
        unanswered_count; /* requests to the broker under way; each also holds. Only the last one's answer makes the
                                  channel STANDING: an earlier one may be of a subscription that has ended since */
    sc_list_t watches; /* sc_watch_t, see exchange.c */
    /* Owned by protocol/subscription.c: the sockets of this worker that are subscribed. */
    struct sc_subscription **subscribers;
    uint32_t subscriber_count;
    uint32_t subscriber_capacity;
    sc_text_t
        packet_head; /* what a #publish packet of this channel begins with, up to the data; empty: not made yet */
    uint32_t name_len;
    char name[]; /* name_len bytes and a NUL */
} sc_channel_t;

static inline sc_str_t sc_channel_name(const sc_channel_t *channel)
{
    return sc_str(channel->name, channel->name_len);
}

#endif
