/*
 * presence_channel.h: which channels presence is about, and where it is talked about.
 *
 *     room                     an ordinary channel; its presence is talked about on
 *     presence>room            the channel that trackers subscribe to, and
 *     presence>socket/ID       the channel on which one socket gets its answers
 *
 * Only the beginning of a name counts: `my-presence>room` is an ordinary channel.
 */
#ifndef SC_PRESENCE_CHANNEL_H
#define SC_PRESENCE_CHANNEL_H

#include <sc/types.h>

#define SC_PRESENCE_PREFIX "presence>"

typedef enum sc_presence_kind {
    SC_PRESENCE_ORDINARY, /* has presence; the subject is the channel itself */
    SC_PRESENCE_TRACKING, /* `presence>X`, X being ordinary; the subject is X */
    SC_PRESENCE_PERSONAL, /* `presence>socket/ID`; the subject is ID */
    SC_PRESENCE_TOO_LONG, /* would be ordinary, but no name is left for its presence */
    SC_PRESENCE_NONE,     /* no presence: `presence>presence>room`, or an ordinary channel whose
                             presence would be talked about on somebody's personal channel */
} sc_presence_kind_t;

/**
 * Tells what a channel is to presence.
 *
 * @param subject  set as the kinds say, to a span of `channel`; none for the last two
 * Wire: docs/protocol.md, "Presence".
 */
sc_presence_kind_t sc_presence_channel_kind(sc_str_t channel, sc_str_t *subject);

/** Whether the name belongs to presence at all: it begins with `presence>`. */
bool sc_presence_channel_is_reserved(sc_str_t channel);

/**
 * Writes the name of the channel on which an ordinary channel's presence is talked about.
 *
 * @param channel  of the kind SC_PRESENCE_ORDINARY
 * @param place    where the name is written
 * @return a span of `place`
 */
sc_str_t sc_presence_channel_of(sc_str_t channel, char place[SC_CHANNEL_BYTES_MAX]);

#endif
