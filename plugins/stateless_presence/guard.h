/*
 * guard.h: what clients may publish and subscribe to on the channels of presence.
 *
 * Trackers believe what they read there, so it must come from the server. One packet has to come from
 * clients: the pong, which may only say what is so. Everything else is refused:
 *
 *   publish     only to `presence>socket/ID`, and only a pong: of the socket's own username, for a channel that
 *               the socket is subscribed to, with a timeout of at most presenceTimeout
 *   subscribe   to `presence>socket/ID` only the socket of that id: the answers would tell others who is where
 *
 * What the server publishes passes no middleware.
 */
#ifndef SC_GUARD_H
#define SC_GUARD_H

#include <sc/worker.h>

typedef struct sc_guard {
    uint32_t timeout_ms;   /* presenceTimeout */
    sc_counter_t *refused; /* packets that were refused */
    uint32_t (*promise_ms)(sc_str_t channel, void *arg);
    void *arg;
} sc_guard_t;

/**
 * Puts the middleware in place.
 *
 * @param guard       filled here; must live as long as the worker
 * @param promise_ms  how long trackers of a channel may have to believe in somebody until it is named again: the timeout of a
 *                    pong is made that long at least
 */
SC_MUST_CHECK sc_status_t sc_guard_start(sc_guard_t *guard, sc_worker_t *worker,
                                         uint32_t timeout_ms,
                                         uint32_t (*promise_ms)(sc_str_t channel, void *arg),
                                         void *arg);

#endif
