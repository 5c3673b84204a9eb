/*
 * test_timer.c: the timers that plugins get.
 */
#include "common/timer.h"

#include "common/alloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

typedef struct fixture {
    sc_loop_t loop;
    sc_list_t timers;
    sc_timer_t *timer;
    int fired;
    int stop_after; /* stops the timer in its own callback */
} fixture_t;

static int set_up(void **state)
{
    fixture_t *fixture = sc_new(fixture_t);

    sc_list_init(&fixture->timers);
    if (sc_loop_init(&fixture->loop) != SC_OK)
        return -1;
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    fixture_t *fixture = *state;

    sc_timer_stop_all(&fixture->timers);
    sc_loop_deinit(&fixture->loop);
    free(fixture);
    return 0;
}

static void on_fire(void *arg)
{
    fixture_t *fixture = arg;

    fixture->fired++;
    if (fixture->stop_after != 0 && fixture->fired == fixture->stop_after) {
        sc_timer_stop(fixture->timer);
        sc_loop_stop(&fixture->loop);
    }
}

static void on_last(void *arg)
{
    fixture_t *fixture = arg;

    sc_loop_stop(&fixture->loop);
}

static void a_timer_that_does_not_repeat_fires_once(void **state)
{
    fixture_t *fixture = *state;

    sc_timer_start(&fixture->loop, &fixture->timers, 1, 0, on_fire, fixture);
    sc_timer_start(&fixture->loop, &fixture->timers, 100, 0, on_last, fixture);
    sc_loop_run(&fixture->loop);
    assert_int_equal(fixture->fired, 1);
    assert_true(sc_list_is_empty(&fixture->timers));
}

static void a_timer_repeats_until_it_stops_itself(void **state)
{
    fixture_t *fixture = *state;

    fixture->stop_after = 3;
    fixture->timer = sc_timer_start(&fixture->loop, &fixture->timers, 0, 1, on_fire, fixture);
    sc_loop_run(&fixture->loop);
    assert_int_equal(fixture->fired, 3);
    assert_true(sc_list_is_empty(&fixture->timers));
}

static void a_stopped_timer_does_not_fire(void **state)
{
    fixture_t *fixture = *state;

    sc_timer_stop(sc_timer_start(&fixture->loop, &fixture->timers, 1, 1, on_fire, fixture));
    sc_timer_start(&fixture->loop, &fixture->timers, 60, 0, on_last, fixture);
    sc_loop_run(&fixture->loop);
    assert_int_equal(fixture->fired, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_timer_that_does_not_repeat_fires_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_timer_repeats_until_it_stops_itself, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_stopped_timer_does_not_fire, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
