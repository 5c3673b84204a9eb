/*
 * loop.h: the event loop of a process: libevent's, plus work at the end of each turn. A turn is one pass: every
 * descriptor and timer that is ready, then the turn's work in the order of its phases, until none is left.
 */
#ifndef SC_COMMON_LOOP_H
#define SC_COMMON_LOOP_H

#include "common/list.h"
#include "common/wheel.h"

#include <event2/event.h>
#include <sc/types.h>

/** What is done at the end of a turn, in this order. */
typedef enum sc_turn_phase {
    SC_TURN_WORK,  /* callbacks that may not run within their caller */
    SC_TURN_LINKS, /* batches to brokers or workers */
    SC_TURN_CONNS, /* frames to clients */
    SC_TURN_FREE,  /* what was closed in this turn */
    SC_TURN_PHASES
} sc_turn_phase_t;

typedef struct sc_turn_task {
    sc_list_t node;
    void (*run)(struct sc_turn_task *task);
} sc_turn_task_t;

typedef struct sc_loop {
    struct event_base *base;
    sc_wheel_t wheel;
    struct event *wheel_event;
    sc_list_t tasks[SC_TURN_PHASES];
    uint64_t turn_count; /* turns that have begun */
    uint64_t turn_ms;    /* monotonic; see sc_loop_now_ms */
    uint64_t armed_tick; /* what wheel_event waits for */
    bool is_asleep;      /* nobody has asked for the time since the loop went to wait */
    bool is_stopping;
} sc_loop_t;

/** @return SC_OK; SC_ERR_IO: libevent can't start. */
SC_MUST_CHECK sc_status_t sc_loop_init(sc_loop_t *loop);
void sc_loop_deinit(sc_loop_t *loop);
/**
 * Milliseconds since some moment in the past; never goes back. The clock is read by the first who asks in a
 * turn: libevent tells nobody that it has woken, and what was read before it slept may be hours old.
 */
uint64_t sc_loop_now_ms(const sc_loop_t *loop);
/** Turns until sc_loop_stop. */
void sc_loop_run(sc_loop_t *loop);
/** Ends sc_loop_run after this turn. */
void sc_loop_stop(sc_loop_t *loop);

void sc_turn_task_init(sc_turn_task_t *task, void (*run)(sc_turn_task_t *task));
/** Runs the task at the end of this turn, or of the next if this phase is over; once, however often it is called. */
void sc_loop_defer(sc_loop_t *loop, sc_turn_phase_t phase, sc_turn_task_t *task);
/** Forgets a task that was deferred. */
void sc_turn_task_cancel(sc_turn_task_t *task);

#endif
