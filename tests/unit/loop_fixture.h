/*
 * loop_fixture.h: a real loop for tests, that turns until something is true.
 */
#ifndef SC_TEST_LOOP_FIXTURE_H
#define SC_TEST_LOOP_FIXTURE_H

#include "common/loop.h"

/** Turns for half a millisecond: what is ready now, and the work that follows from it. */
void turn_shortly(sc_loop_t *loop);
/** Turns until `*flag`, or for `timeout_ms` and at least a few times. @return *flag */
bool turn_until(sc_loop_t *loop, const bool *flag, uint32_t timeout_ms);
/** Turns for a while, and at least a few times. */
void turn_for(sc_loop_t *loop, uint32_t duration_ms);

#endif
