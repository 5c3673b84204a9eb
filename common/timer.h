/*
 * timer.h: the timers that plugins get (sc_worker_timer, sc_broker_timer): on the wheel, repeated or not.
 */
#ifndef SC_COMMON_TIMER_H
#define SC_COMMON_TIMER_H

#include "common/loop.h"

#include <sc/worker.h>

/**
 * Starts a timer of a plugin; sc_timer_stop (sc/worker.h) ends it.
 *
 * @param timers  the process's list of timers, for sc_timer_stop_all
 */
sc_timer_t *sc_timer_start(sc_loop_t *loop, sc_list_t *timers, uint32_t first_ms, uint32_t every_ms,
                           sc_timer_cb callback, void *arg);
/** Stops what is still running at the end of a process. */
void sc_timer_stop_all(sc_list_t *timers);

#endif
