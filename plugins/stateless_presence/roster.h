/*
 * roster.h: the users that a worker has in channels, and because of whom.
 *
 * A user is in a channel as long as somebody holds it there: the holders are sockets. Adding and dropping may be
 * repeated: a holder holds a user in a channel once.
 *
 * Channels, users and holders are found in balanced trees (libc's tsearch), not in hash tables: clients
 * choose the names, and no choice of theirs makes a tree slow. Channels, and the users of each, are also
 * listed in the order in which they came.
 */
#ifndef SC_ROSTER_H
#define SC_ROSTER_H

#include "presence_user.h"

#include <sys/queue.h>

typedef struct sc_roster sc_roster_t;

/** A user in a channel. Read only; lives until the user is out of the channel. */
typedef struct sc_roster_member {
    TAILQ_ENTRY(sc_roster_member) link;
    struct sc_roster_channel *channel;
    sc_presence_user_t *user; /* as a holder gave it last */
    TAILQ_HEAD(, sc_roster_seat) seats;
} sc_roster_member_t;

/** A channel with at least one user. Read only; lives until the last one is out. */
typedef struct sc_roster_channel {
    TAILQ_ENTRY(sc_roster_channel) link;
    sc_str_t name;
    TAILQ_HEAD(, sc_roster_member) members;
} sc_roster_channel_t;

/** What adding or dropping has changed. */
typedef enum sc_roster_change {
    SC_ROSTER_NOTHING, /* the holder held the user already, or did not */
    SC_ROSTER_HOLDER,  /* one holder more or less; the user was there before and still is */
    SC_ROSTER_USER,    /* the user came with its first holder, or went with its last */
} sc_roster_change_t;

/** An empty roster. Without memory the process ends. */
sc_roster_t *sc_roster_new(void);
void sc_roster_free(sc_roster_t *roster);

/**
 * Notes that a holder holds a user in a channel. The user is `user` from now on, unless its data was set earlier.
 *
 * @param channel  any bytes; copied
 * @param user     one of this name; a reference is kept
 * @param holder   any number
 */
sc_roster_change_t sc_roster_add(sc_roster_t *roster, sc_str_t channel, sc_presence_user_t *user,
                                 uint64_t holder);
/** The opposite of sc_roster_add. */
sc_roster_change_t sc_roster_drop(sc_roster_t *roster, sc_str_t channel, sc_str_t name,
                                  uint64_t holder);

/** Whether anybody holds the user in the channel. */
bool sc_roster_has(const sc_roster_t *roster, sc_str_t channel, sc_str_t name);
/** Whether this holder does. */
bool sc_roster_holds(const sc_roster_t *roster, sc_str_t channel, sc_str_t name, uint64_t holder);

/** One of those who hold the member. */
uint64_t sc_roster_any_holder(const sc_roster_member_t *member);

/** The first channel, or the one after `channel`; NULL: no more. `channel` NULL: the first. */
const sc_roster_channel_t *sc_roster_next_channel(const sc_roster_t *roster,
                                                  const sc_roster_channel_t *channel);

#endif
