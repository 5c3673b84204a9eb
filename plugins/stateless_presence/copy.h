/*
 * copy.h: a worker's copy of who is in a channel: what its trackers have been told. The broker keeps it true with notes (presence_note.h)
 * for as long as the worker is subscribed to the channel's presence channel.
 *
 *     a tracker comes, or a LIST does ──► made; unknown until a LIST is complete
 *     LIST, complete                  ──► known: what has changed since the last LIST is told to the trackers
 *     END, or a new broker            ──► freed, unless a tracker is there, who then waits for the next LIST
 *
 * Members stand in the order in which they were named last (pace.h).
 */
#ifndef SC_COPY_H
#define SC_COPY_H

#include "member.h"

#include <sc/worker.h>

/** A user in the copy. */
typedef struct sc_copied {
    sc_member_t base;
    TAILQ_ENTRY(sc_copied) pending_link;
    uint32_t list_number; /* of the last LIST that had it */
    bool is_pending;      /* to be named to all trackers with the next coalesced ping */
    bool is_unsettled;    /* was there when the mode changed to roster; see herald.h */
} sc_copied_t;

/** What somebody who has just begun to track is to get. */
typedef enum sc_answer {
    SC_ANSWER_BY_MODE, /* a published client: in roster mode pings that list all, else the pongs of others */
    SC_ANSWER_PINGS,  /* the same, in any mode */
    SC_ANSWER_ROSTER, /* it has asked for roster packets */
} sc_answer_t;

typedef struct sc_newcomer {
    sc_socket_t *socket; /* a reference */
    sc_answer_t answer;
} sc_newcomer_t;

typedef struct sc_copy {
    TAILQ_ENTRY(sc_copy) link;
    sc_str_t name; /* of the ordinary channel */
    void *owner;   /* whoever has the timers */
    sc_members_t members;
    TAILQ_HEAD(, sc_copied) pending;
    sc_newcomer_t *newcomers;
    uint32_t newcomer_count;
    uint32_t newcomer_capacity;
    uint32_t tracker_count;  /* sockets of this worker that track the channel */
    uint32_t told_count;     /* of these, as the broker knows it */
    uint32_t list_number;    /* of the LIST that is coming in, or came last */
    bool is_listing;         /* a LIST is coming in */
    bool is_known;           /* a LIST has been complete */
    bool is_roster;          /* the mode */
    uint8_t unsettled_pings; /* pings that are still to name the unsettled */
    sc_timer_t *flush_timer; /* NULL: nothing waits */
    sc_timer_t *ping_timer;
} sc_copy_t;

typedef struct sc_copies {
    void *tree; /* by name */
    TAILQ_HEAD(, sc_copy) list;
} sc_copies_t;

void sc_copies_init(sc_copies_t *copies);
/** Frees all; their timers must have been stopped. */
void sc_copies_deinit(sc_copies_t *copies);
sc_copy_t *sc_copies_find(const sc_copies_t *copies, sc_str_t name);
/** Makes one that is not there. Without memory the process ends. */
sc_copy_t *sc_copies_add(sc_copies_t *copies, sc_str_t name);
/** Frees one; its timers must have been stopped. */
void sc_copies_remove(sc_copies_t *copies, sc_copy_t *copy);

/** The user, added if it is not there. `is_new` is set to whether it was added. */
sc_copied_t *sc_copy_add(sc_copy_t *copy, sc_str_t name, sc_str_t json, bool *is_new);
void sc_copy_remove(sc_copy_t *copy, sc_copied_t *copied);
/** The user is to be named with the next coalesced ping, or need not be any more. */
void sc_copy_set_pending(sc_copy_t *copy, sc_copied_t *copied, bool is_pending);

/** Somebody waits for its answer. The socket is referenced. */
void sc_copy_add_newcomer(sc_copy_t *copy, sc_socket_t *socket, sc_answer_t answer);
/** Nobody waits any more; the memory is kept for the next ones if they were few. */
void sc_copy_clear_newcomers(sc_copy_t *copy);

#endif
