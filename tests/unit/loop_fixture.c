#include "loop_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* On a busy machine one turn may take all the time, while what is waited for takes a few. */
#define TURNS_MIN 10

static void on_stop(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    sc_loop_stop(arg);
}

void turn_shortly(sc_loop_t *loop)
{
    struct timeval soon = {0, 500};

    loop->is_stopping = false;
    assert_int_equal(event_base_once(loop->base, -1, EV_TIMEOUT, on_stop, loop, &soon), 0);
    sc_loop_run(loop);
}

bool turn_until(sc_loop_t *loop, const bool *flag, uint32_t timeout_ms)
{
    uint64_t end_ms = sc_loop_now_ms(loop) + timeout_ms;
    int turns = 0;

    do
        turn_shortly(loop);
    while (!*flag && (++turns < TURNS_MIN || sc_loop_now_ms(loop) < end_ms));
    return *flag;
}

void turn_for(sc_loop_t *loop, uint32_t duration_ms)
{
    bool never = false;

    (void)turn_until(loop, &never, duration_ms);
}
