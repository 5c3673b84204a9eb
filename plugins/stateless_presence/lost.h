/*
 * lost.h: the users whose connections a worker has lost within the last leaveGrace. The broker keeps them in the channel for that
 * long; one that is new would not know of them, so it is told.
 */
#ifndef SC_LOST_H
#define SC_LOST_H

#include "presence_user.h"

#include <sys/queue.h>

/** One that was lost. Read only. */
typedef struct sc_lost_user {
    TAILQ_ENTRY(sc_lost_user) link;
    uint64_t until_ms;
    sc_presence_user_t *user;
    sc_str_t channel;
} sc_lost_user_t;

/** Oldest first. */
TAILQ_HEAD(sc_lost_list, sc_lost_user);
typedef struct sc_lost {
    struct sc_lost_list users;
} sc_lost_t;

void sc_lost_init(sc_lost_t *lost);
void sc_lost_deinit(sc_lost_t *lost);
/** Notes one; the channel is copied, a reference to the user kept. `until_ms`: not before those of others. */
void sc_lost_add(sc_lost_t *lost, sc_str_t channel, sc_presence_user_t *user, uint64_t until_ms);
/** Forgets those whose time is over. */
void sc_lost_prune(sc_lost_t *lost, uint64_t now_ms);

#endif
