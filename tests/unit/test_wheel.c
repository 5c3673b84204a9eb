#include "common/wheel.h"

#include "common/alloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define TIMERS 500

/* A wheel with a clock that the test sets. */
typedef struct fixture {
    sc_wheel_t wheel;
    uint64_t now_ms;
} fixture_t;

typedef struct probe {
    sc_wheel_timer_t timer;
    fixture_t *fixture;
    uint64_t wanted_ms; /* when it may fire at the earliest */
    uint64_t fired_ms;
    int fire_count;
    struct probe *other;
} probe_t;

static uint64_t read_clock(void *arg)
{
    return ((fixture_t *)arg)->now_ms;
}

static void set_up(fixture_t *fixture, uint64_t now_ms)
{
    fixture->now_ms = now_ms;
    sc_wheel_init(&fixture->wheel, read_clock, fixture);
}

static void advance_to(fixture_t *fixture, uint64_t now_ms)
{
    fixture->now_ms = now_ms;
    sc_wheel_advance(&fixture->wheel);
}

static void on_fire(sc_wheel_timer_t *timer)
{
    probe_t *probe = sc_list_entry(timer, probe_t, timer);

    probe->fired_ms = probe->fixture->now_ms;
    probe->fire_count++;
}

static void start(fixture_t *fixture, probe_t *probe, void (*fire)(sc_wheel_timer_t *timer),
                  uint64_t delay_ms)
{
    probe->fixture = fixture;
    probe->wanted_ms = fixture->now_ms + delay_ms;
    sc_wheel_timer_init(&probe->timer, fire);
    sc_wheel_start(&fixture->wheel, &probe->timer, delay_ms);
}

/* Delays up to ten rounds of the far slots, a clock that moves in random steps from one millisecond to minutes. */
static void a_timer_fires_once_never_early_and_at_most_a_tick_late(void **state)
{
    static probe_t probes[TIMERS];
    fixture_t fixture;
    uint64_t last_ms = 0;

    (void)state;
    srand(7);
    memset(probes, 0, sizeof(probes));
    set_up(&fixture, 1000003);
    for (int i = 0; i < TIMERS; i++)
        start(&fixture, &probes[i], on_fire, (uint64_t)rand() % (i % 2 == 0 ? 10000u : 10000000u));
    while (fixture.wheel.count > 0) {
        last_ms = fixture.now_ms;
        advance_to(&fixture, last_ms + 1 + (uint64_t)rand() % (rand() % 100 == 0 ? 200000u : 40u));
        for (int i = 0; i < TIMERS; i++) {
            if (probes[i].fire_count > 0 && probes[i].fired_ms == fixture.now_ms) {
                assert_true(fixture.now_ms >= probes[i].wanted_ms);
                assert_true(last_ms < probes[i].wanted_ms + SC_WHEEL_TICK_MS);
            }
        }
    }
    for (int i = 0; i < TIMERS; i++)
        assert_int_equal(probes[i].fire_count, 1);
}

/* Beside an earlier one, after which the wheel has to find it; delays around each border between near and far. */
static void a_timer_of_any_number_of_ticks_fires_in_its_tick(void **state)
{
    (void)state;
    for (uint64_t ticks = 2; ticks < 1030; ticks++) {
        probe_t earlier = {0};
        probe_t probe = {0};
        fixture_t fixture;

        set_up(&fixture, 77 * SC_WHEEL_TICK_MS);
        start(&fixture, &earlier, on_fire, SC_WHEEL_TICK_MS);
        start(&fixture, &probe, on_fire, ticks * SC_WHEEL_TICK_MS);
        advance_to(&fixture, 78 * SC_WHEEL_TICK_MS);
        advance_to(&fixture, (77 + ticks) * SC_WHEEL_TICK_MS - 1);
        assert_int_equal(earlier.fire_count, 1);
        assert_int_equal(probe.fire_count, 0);
        advance_to(&fixture, (77 + ticks) * SC_WHEEL_TICK_MS);
        assert_int_equal(probe.fire_count, 1);
    }
}

static void the_wheel_knows_when_it_has_nothing_to_do_before(void **state)
{
    probe_t probe = {0};
    fixture_t fixture;

    (void)state;
    set_up(&fixture, 5000);
    assert_true(fixture.wheel.next_tick == UINT64_MAX);
    start(&fixture, &probe, on_fire, 1000);
    assert_int_equal(fixture.wheel.next_tick, (6000 + SC_WHEEL_TICK_MS - 1) / SC_WHEEL_TICK_MS);
    advance_to(&fixture, 7000);
    assert_true(fixture.wheel.next_tick == UINT64_MAX);
}

static void a_jump_of_days_fires_everything_once_in_the_order_of_ticks(void **state)
{
    probe_t near_probe = {0};
    probe_t far_probe = {0};
    probe_t later_probe = {0};
    fixture_t fixture;

    (void)state;
    set_up(&fixture, 0);
    start(&fixture, &far_probe, on_fire, 3600000);
    start(&fixture, &near_probe, on_fire, 50);
    start(&fixture, &later_probe, on_fire, 10u * 86400000u);
    advance_to(&fixture, 3u * 86400000u);
    assert_int_equal(near_probe.fire_count, 1);
    assert_int_equal(far_probe.fire_count, 1);
    assert_int_equal(later_probe.fire_count, 0);
    assert_int_equal(fixture.wheel.count, 1);
    advance_to(&fixture, 11u * 86400000u);
    assert_int_equal(later_probe.fire_count, 1);
}

static void a_stopped_timer_does_not_fire_and_can_be_stopped_again(void **state)
{
    probe_t probe = {0};
    fixture_t fixture;

    (void)state;
    set_up(&fixture, 100);
    start(&fixture, &probe, on_fire, 100);
    assert_true(sc_wheel_is_running(&probe.timer));
    sc_wheel_stop(&fixture.wheel, &probe.timer);
    sc_wheel_stop(&fixture.wheel, &probe.timer);
    assert_false(sc_wheel_is_running(&probe.timer));
    assert_int_equal(fixture.wheel.count, 0);
    advance_to(&fixture, 100000);
    assert_int_equal(probe.fire_count, 0);
}

static void starting_anew_moves_a_timer(void **state)
{
    probe_t probe = {0};
    fixture_t fixture;

    (void)state;
    set_up(&fixture, 100);
    start(&fixture, &probe, on_fire, 100);
    sc_wheel_start(&fixture.wheel, &probe.timer, 10000);
    assert_int_equal(fixture.wheel.count, 1);
    advance_to(&fixture, 10000);
    assert_int_equal(probe.fire_count, 0);
    advance_to(&fixture, 10100 + SC_WHEEL_TICK_MS);
    assert_int_equal(probe.fire_count, 1);
}

static void on_fire_start_again(sc_wheel_timer_t *timer)
{
    probe_t *probe = sc_list_entry(timer, probe_t, timer);

    on_fire(timer);
    sc_wheel_start(&probe->fixture->wheel, timer, 0);
}

static void a_timer_that_starts_itself_again_waits_for_the_next_tick(void **state)
{
    probe_t probe = {0};
    fixture_t fixture;

    (void)state;
    set_up(&fixture, 0);
    start(&fixture, &probe, on_fire_start_again, 0);
    for (int i = 1; i <= 10; i++) {
        advance_to(&fixture, (uint64_t)i * SC_WHEEL_TICK_MS);
        assert_int_equal(probe.fire_count, i);
    }
    advance_to(&fixture, 1000000);
    assert_in_range(probe.fire_count, 11, 12); /* not once for each tick that was missed */
}

static void on_fire_free_both(sc_wheel_timer_t *timer)
{
    probe_t *probe = sc_list_entry(timer, probe_t, timer);
    fixture_t *fixture = probe->fixture;

    sc_wheel_stop(&fixture->wheel, &probe->other->timer);
    free(probe->other);
    free(probe);
}

static void a_timer_may_free_itself_and_another_of_the_same_tick(void **state)
{
    probe_t *first = sc_new(probe_t);
    probe_t *second = sc_new(probe_t);
    probe_t third = {0};
    fixture_t fixture;

    (void)state;
    set_up(&fixture, 0);
    first->other = second;
    second->other = first;
    start(&fixture, first, on_fire_free_both, 100);
    start(&fixture, second, on_fire_free_both, 100);
    start(&fixture, &third, on_fire, 100);
    advance_to(&fixture, 1000);
    assert_int_equal(third.fire_count, 1);
    assert_int_equal(fixture.wheel.count, 0);
}

static void the_longest_delay_does_not_overflow(void **state)
{
    probe_t probe = {0};
    fixture_t fixture;

    (void)state;
    set_up(&fixture, 1u << 30);
    start(&fixture, &probe, on_fire, UINT64_MAX);
    advance_to(&fixture, fixture.now_ms + 86400000u);
    assert_int_equal(probe.fire_count, 0);
    assert_true(sc_wheel_is_running(&probe.timer));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_timer_fires_once_never_early_and_at_most_a_tick_late),
        cmocka_unit_test(a_timer_of_any_number_of_ticks_fires_in_its_tick),
        cmocka_unit_test(the_wheel_knows_when_it_has_nothing_to_do_before),
        cmocka_unit_test(a_jump_of_days_fires_everything_once_in_the_order_of_ticks),
        cmocka_unit_test(a_stopped_timer_does_not_fire_and_can_be_stopped_again),
        cmocka_unit_test(starting_anew_moves_a_timer),
        cmocka_unit_test(a_timer_that_starts_itself_again_waits_for_the_next_tick),
        cmocka_unit_test(a_timer_may_free_itself_and_another_of_the_same_tick),
        cmocka_unit_test(the_longest_delay_does_not_overflow),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
