/*
 * herald.h: what the trackers of this worker are told, out of the worker's copies (copy.h). Nothing of it goes through a broker: one
 * frame for each codec, shared by all trackers here.
 *
 * original mode      a user's socket comes: a join with its id, at once. A tracker comes: the same. Trackers answer with pongs.
 * roster mode        users come: a ping that names them, collected for coalesceInterval. A tracker comes: pings that name all, to it
 *                    alone; those who come within one coalesceInterval share them.
 * both               a user goes: a leave, at once. To who asks with {"roster":1}: roster packets. Every presenceInterval a
 *                    ping (pace.h).
 *
 * When the mode changes to roster all are named at once, for the next ping of somebody may come later than original mode has
 * promised. Pongs that are still under way make trackers expect that again, so those who were there then are named with each
 * of the next two pings as well.
 */
#ifndef SC_HERALD_H
#define SC_HERALD_H

#include "copy.h"
#include "pace.h"
#include "presence_note.h"

/** What a herald has the worker half tell the broker. */
typedef struct sc_herald_handler {
    /** A tracker is to be announced to all others. @return false: the broker is away */
    bool (*on_track)(sc_copy_t *copy, sc_socket_t *socket, void *arg);
    /** The number of trackers here is another than the broker knows (told_count). */
    void (*on_count)(sc_copy_t *copy, void *arg);
} sc_herald_handler_t;

typedef struct sc_herald {
    sc_worker_t *worker;
    const sc_presence_options_t *options;
    sc_pace_t pace;
    sc_copies_t copies;
    const sc_herald_handler_t *handler;
    void *arg;
} sc_herald_t;

/** `options` must live as long as the herald. */
void sc_herald_init(sc_herald_t *herald, sc_worker_t *worker, const sc_presence_options_t *options,
                    const sc_herald_handler_t *handler, void *arg);
void sc_herald_deinit(sc_herald_t *herald);

/** A socket tracks the channel from now on. */
void sc_herald_track(sc_herald_t *herald, sc_str_t channel, sc_socket_t *socket,
                     bool asks_for_roster);
/** It no longer does. */
void sc_herald_untrack(sc_herald_t *herald, sc_str_t channel);
/** A note of the broker. @return SC_OK; SC_ERR_INVALID: not one that brokers send */
SC_MUST_CHECK sc_status_t sc_herald_take(sc_herald_t *herald, const sc_presence_note_t *note);
/** The broker that carries these copies is a new one: those that nobody needs go. `is_carried`: by that broker. */
void sc_herald_on_link(sc_herald_t *herald, bool (*is_carried)(sc_str_t channel, void *arg),
                       void *arg);
/** The timeout that packets about users of the channel have now; 0: nobody tracks it here. */
uint32_t sc_herald_promise_ms(const sc_herald_t *herald, sc_str_t channel);

#endif
