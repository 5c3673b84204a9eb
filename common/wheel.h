/*
 * wheel.h: timer wheel. Thousands of timers behind one: a timer is 40 bytes in its object, and starting or
 * stopping one is a list operation. Two levels of 256 slots; a tick is SC_WHEEL_TICK_MS.
 */
#ifndef SC_COMMON_WHEEL_H
#define SC_COMMON_WHEEL_H

#include "common/list.h"

#include <sc/types.h>

#define SC_WHEEL_TICK_MS 16u
#define SC_WHEEL_SLOTS 256u

typedef struct sc_wheel_timer {
    sc_list_t node;
    uint64_t due_tick;
    void (*fire)(struct sc_wheel_timer
                     *timer); /* the timer is stopped by then; may start it again or free it */
} sc_wheel_timer_t;

typedef struct sc_wheel {
    sc_list_t near[SC_WHEEL_SLOTS]; /* due within 256 ticks, by due_tick mod 256 */
    sc_list_t far
        [SC_WHEEL_SLOTS]; /* later, by due_tick / 256 mod 256; beyond 65536 ticks they go round */
    uint64_t tick;        /* the last one that was handled */
    uint64_t next_tick;   /* nothing is to be done before it; UINT64_MAX: nothing at all */
    uint64_t (*clock)(void *arg); /* the present in milliseconds */
    void *clock_arg;
    uint32_t count; /* timers running */
} sc_wheel_t;

/** @param clock  gives the present in milliseconds; never goes back */
void sc_wheel_init(sc_wheel_t *wheel, uint64_t (*clock)(void *arg), void *clock_arg);
void sc_wheel_timer_init(sc_wheel_timer_t *timer, void (*fire)(sc_wheel_timer_t *timer));
/** Starts a timer, or starts it anew: it fires once, not before `delay_ms` from the clock's present. */
void sc_wheel_start(sc_wheel_t *wheel, sc_wheel_timer_t *timer, uint64_t delay_ms);
/** Stops a timer; one that is not running stays so. */
void sc_wheel_stop(sc_wheel_t *wheel, sc_wheel_timer_t *timer);
bool sc_wheel_is_running(const sc_wheel_timer_t *timer);
/** Fires what is due by the clock, in the order of ticks; those of one tick in the order of their starts. */
void sc_wheel_advance(sc_wheel_t *wheel);

#endif
