#include "common/loop.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

/* A loop, and the letters of what ran in it, in order. */
typedef struct fixture {
    sc_loop_t loop;
    char ran[64];
    size_t ran_count;
    sc_turn_task_t work;
    sc_turn_task_t links;
    sc_turn_task_t conns;
    sc_turn_task_t end;
    sc_wheel_timer_t timer;
    int repeats;
    int pipe_fds[2];
    uint64_t read_at_ms;
} fixture_t;

static fixture_t fixture;

static void note(char letter)
{
    if (fixture.ran_count < sizeof(fixture.ran) - 1)
        fixture.ran[fixture.ran_count++] = letter;
}

static void run_work(sc_turn_task_t *task)
{
    note('w');
    if (fixture.repeats-- > 0)
        sc_loop_defer(&fixture.loop, SC_TURN_WORK, task);
}

static void run_links(sc_turn_task_t *task)
{
    (void)task;
    note('l');
}

static void run_conns(sc_turn_task_t *task)
{
    (void)task;
    note('c');
    if (fixture.repeats-- > 0)
        sc_loop_defer(&fixture.loop, SC_TURN_WORK, &fixture.work);
}

static void run_end(sc_turn_task_t *task)
{
    (void)task;
    note('f');
    sc_loop_stop(&fixture.loop);
}

static void on_stop_timer(sc_wheel_timer_t *timer)
{
    (void)timer;
    note('t');
    sc_loop_stop(&fixture.loop);
}

static int set_up(void **state)
{
    (void)state;
    memset(&fixture, 0, sizeof(fixture));
    sc_turn_task_init(&fixture.work, run_work);
    sc_turn_task_init(&fixture.links, run_links);
    sc_turn_task_init(&fixture.conns, run_conns);
    sc_turn_task_init(&fixture.end, run_end);
    sc_wheel_timer_init(&fixture.timer, on_stop_timer);
    return sc_loop_init(&fixture.loop);
}

static int tear_down(void **state)
{
    (void)state;
    sc_loop_deinit(&fixture.loop);
    return 0;
}

static void the_work_of_a_turn_runs_in_the_order_of_phases(void **state)
{
    (void)state;
    sc_loop_defer(&fixture.loop, SC_TURN_FREE, &fixture.end);
    sc_loop_defer(&fixture.loop, SC_TURN_CONNS, &fixture.conns);
    sc_loop_defer(&fixture.loop, SC_TURN_LINKS, &fixture.links);
    sc_loop_defer(&fixture.loop, SC_TURN_WORK, &fixture.work);
    sc_loop_run(&fixture.loop);
    assert_string_equal(fixture.ran, "wlcf");
}

static void a_task_that_is_deferred_twice_runs_once(void **state)
{
    (void)state;
    sc_loop_defer(&fixture.loop, SC_TURN_WORK, &fixture.work);
    sc_loop_defer(&fixture.loop, SC_TURN_WORK, &fixture.work);
    sc_loop_defer(&fixture.loop, SC_TURN_FREE, &fixture.end);
    sc_loop_run(&fixture.loop);
    assert_string_equal(fixture.ran, "wf");
}

static void a_cancelled_task_does_not_run(void **state)
{
    (void)state;
    sc_loop_defer(&fixture.loop, SC_TURN_WORK, &fixture.work);
    sc_loop_defer(&fixture.loop, SC_TURN_FREE, &fixture.end);
    sc_turn_task_cancel(&fixture.work);
    sc_turn_task_cancel(&fixture.work);
    sc_loop_run(&fixture.loop);
    assert_string_equal(fixture.ran, "f");
}

static void work_that_a_later_phase_leads_to_runs_before_anything_is_freed(void **state)
{
    (void)state;
    fixture.repeats = 1;
    sc_loop_defer(&fixture.loop, SC_TURN_CONNS, &fixture.conns);
    sc_loop_defer(&fixture.loop, SC_TURN_FREE, &fixture.end);
    sc_loop_run(&fixture.loop);
    assert_string_equal(fixture.ran, "cwf");
}

static void work_without_end_does_not_keep_timers_waiting(void **state)
{
    (void)state;
    fixture.repeats = 1 << 30;
    sc_loop_defer(&fixture.loop, SC_TURN_WORK, &fixture.work);
    sc_wheel_start(&fixture.loop.wheel, &fixture.timer, 30);
    sc_loop_run(&fixture.loop); /* hangs if it does */
    sc_turn_task_cancel(&fixture.work);
    assert_false(sc_wheel_is_running(&fixture.timer));
}

static uint64_t clock_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void a_timer_wakes_the_loop_in_time(void **state)
{
    uint64_t start_ms = clock_ms();

    (void)state;
    sc_wheel_start(&fixture.loop.wheel, &fixture.timer, 150);
    sc_loop_run(&fixture.loop);
    assert_in_range(clock_ms() - start_ms, 149, 149 + 100);
    assert_string_equal(fixture.ran, "t");
}

static void a_loop_with_a_far_timer_sleeps_until_then(void **state)
{
    struct rusage before;
    struct rusage after;

    (void)state;
    sc_wheel_start(&fixture.loop.wheel, &fixture.timer, 700);
    getrusage(RUSAGE_SELF, &before);
    sc_loop_run(&fixture.loop);
    getrusage(RUSAGE_SELF, &after);
    assert_in_range(after.ru_nvcsw - before.ru_nvcsw, 0,
                    10); /* a tick each 16 ms would make it 44 */
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    (void)arg;
    fixture.read_at_ms = sc_loop_now_ms(&fixture.loop);
    sc_wheel_start(&fixture.loop.wheel, &fixture.timer, 200);
}

/* The other end becomes readable after the loop has slept for long. */
static void what_wakes_a_loop_sees_the_present_and_not_when_it_went_to_sleep(void **state)
{
    struct event *event;
    uint64_t start_ms;
    int status;

    (void)state;
    assert_int_equal(pipe(fixture.pipe_fds), 0);
    event = event_new(fixture.loop.base, fixture.pipe_fds[0], EV_READ, on_readable, NULL);
    assert_int_equal(event_add(event, NULL), 0);
    start_ms = clock_ms();
    if (fork() == 0) {
        usleep(300000);
        status = write(fixture.pipe_fds[1], "x", 1) == 1 ? 0 : 1;
        _exit(status);
    }
    sc_loop_run(&fixture.loop);
    assert_true(fixture.read_at_ms >= start_ms + 299);
    assert_true(clock_ms() >=
                fixture.read_at_ms + 200); /* the timer did not count from the sleep's beginning */
    event_free(event);
    close(fixture.pipe_fds[0]);
    close(fixture.pipe_fds[1]);
}

#define LOOP_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LOOP_TEST(the_work_of_a_turn_runs_in_the_order_of_phases),
        LOOP_TEST(a_task_that_is_deferred_twice_runs_once),
        LOOP_TEST(a_cancelled_task_does_not_run),
        LOOP_TEST(work_that_a_later_phase_leads_to_runs_before_anything_is_freed),
        LOOP_TEST(work_without_end_does_not_keep_timers_waiting),
        LOOP_TEST(a_timer_wakes_the_loop_in_time),
        LOOP_TEST(a_loop_with_a_far_timer_sleeps_until_then),
        LOOP_TEST(what_wakes_a_loop_sees_the_present_and_not_when_it_went_to_sleep),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
