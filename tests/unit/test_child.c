#include "master/child.h"

#include "common/log.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* What the stand-in for a worker does; a forked process has the value of the moment. */
static enum {
    EXIT_AT_ONCE,
    SERVE,         /* says ready and ends when it is told to */
    SERVE_FOREVER, /* says ready and does not listen */
    REPORT,        /* says what it has inherited */
} behaviour;

static void on_order(sc_control_t *control, const char *type, const json_t *message, void *arg)
{
    (void)control;
    (void)message;
    if (strcmp(type, "stop") == 0)
        sc_loop_stop(arg);
}

static void on_master_gone(sc_control_t *control, void *arg)
{
    (void)control;
    sc_loop_stop(arg);
}

static int count_descriptors(void)
{
    DIR *folder = opendir("/proc/self/fd");
    int count = 0;

    while (readdir(folder) != NULL)
        count++;
    closedir(folder);
    return count - 3; /* ".", ".." and the folder's own */
}

static void report(sc_control_t *control, const sc_child_setup_t *setup)
{
    char title[32] = {0};
    struct sigaction term;
    sigset_t blocked;
    FILE *file = fopen("/proc/self/comm", "r");

    if (file == NULL || fgets(title, sizeof(title), file) == NULL)
        _exit(1);
    fclose(file);
    sigaction(SIGTERM, NULL, &term);
    sigprocmask(SIG_SETMASK, NULL, &blocked);
    /* The standard three, the control link, the listening socket and what the loop needs itself: not the master's. */
    sc_control_send(
        control, json_pack("{s:s,s:s,s:i,s:i,s:b,s:b,s:b}", "type", "report", "title", title, "id",
                           (int)setup->id, "restarts", (int)setup->restart_count, "ignoresTerm",
                           term.sa_handler == SIG_IGN, "isBlocked", sigismember(&blocked, SIGTERM),
                           "hasListener", fcntl(setup->listen_fd, F_GETFD) >= 0));
}

int sc_worker_main(const sc_child_setup_t *setup)
{
    static sc_loop_t loop;
    int inherited = count_descriptors();
    sc_control_t *control;

    if (behaviour == EXIT_AT_ONCE)
        return 3;
    if (inherited != 5 ||
        sc_loop_init(&loop) != SC_OK) /* three standard ones, the link, the listening socket */
        return 4;
    control = sc_control_open(&loop, setup->control_fd, on_order, on_master_gone, &loop);
    sc_control_send_type(control, "ready");
    if (behaviour == REPORT)
        report(control, setup);
    if (behaviour == SERVE_FOREVER)
        pause();
    sc_loop_run(&loop);
    sc_control_close(control);
    sc_loop_deinit(&loop);
    return 0;
}

int sc_broker_main(const sc_child_setup_t *setup)
{
    return sc_worker_main(setup);
}

/* A master of one child. */
typedef struct fixture {
    sc_loop_t loop;
    sc_options_t options;
    sc_child_family_t family;
    sc_child_t child;
    struct event *signal_event;
    sc_wheel_timer_t guard;
    int listen_fd;
    int ready_count;
    int exit_count;
    int asked_count;
    json_t *message;
    bool restarts;
} fixture_t;

static fixture_t fixture;

static void on_ready(sc_child_t *child, void *arg)
{
    (void)child;
    (void)arg;
    fixture.ready_count++;
    if (behaviour != REPORT)
        sc_loop_stop(&fixture.loop);
}

static void on_message(sc_child_t *child, const char *type, const json_t *message, void *arg)
{
    (void)child;
    (void)arg;
    assert_string_equal(type, "report");
    fixture.message = json_deep_copy(message);
    sc_loop_stop(&fixture.loop);
}

static void on_exit_of_child(sc_child_t *child, bool was_asked, void *arg)
{
    (void)arg;
    fixture.exit_count++;
    fixture.asked_count += was_asked;
    if (fixture.restarts)
        sc_child_restart(child);
    else
        sc_loop_stop(&fixture.loop);
}

static const sc_child_handler_t handler = {on_ready, on_message, on_exit_of_child, NULL};

static void on_sigchld(evutil_socket_t number, short what, void *arg)
{
    int status;

    (void)number;
    (void)what;
    (void)arg;
    while (waitpid(fixture.child.pid, &status, WNOHANG) > 0)
        sc_child_handle_exit(&fixture.child, status);
}

static void on_guard(sc_wheel_timer_t *timer)
{
    (void)timer;
    sc_loop_stop(&fixture.loop);
}

static void run(uint64_t limit_ms)
{
    fixture.loop.is_stopping = false;
    sc_wheel_start(&fixture.loop.wheel, &fixture.guard, limit_ms);
    sc_loop_run(&fixture.loop);
    sc_wheel_stop(&fixture.loop.wheel, &fixture.guard);
}

static int set_up(void **state)
{
    (void)state;
    memset(&fixture, 0, sizeof(fixture));
    sc_log_init("test", (sc_log_level_t)(SC_LOG_ERROR + 1), SC_LOG_TEXT);
    if (sc_loop_init(&fixture.loop) != SC_OK)
        return -1;
    fixture.listen_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    fixture.family = (sc_child_family_t){.loop = &fixture.loop,
                                         .options = &fixture.options,
                                         .runtime_dir = "/tmp",
                                         .handler = &handler};
    sc_child_init(&fixture.child, &fixture.family, SC_CHILD_WORKER, 7, fixture.listen_fd);
    fixture.signal_event = evsignal_new(fixture.loop.base, SIGCHLD, on_sigchld, NULL);
    event_add(fixture.signal_event, NULL);
    sc_wheel_timer_init(&fixture.guard, on_guard);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    if (fixture.child.pid > 0) {
        sc_child_kill(&fixture.child);
        waitpid(fixture.child.pid, NULL, 0);
    }
    sc_control_close(fixture.child.control);
    json_decref(fixture.message);
    event_free(fixture.signal_event);
    close(fixture.listen_fd);
    sc_loop_deinit(&fixture.loop);
    return 0;
}

static void a_child_serves_once_it_has_said_so(void **state)
{
    (void)state;
    behaviour = SERVE;
    sc_child_start(&fixture.child);
    assert_int_equal(fixture.child.state, SC_CHILD_STARTING);
    run(3000);
    assert_int_equal(fixture.ready_count, 1);
    assert_int_equal(fixture.child.state, SC_CHILD_SERVING);
}

static void a_child_has_its_own_name_signals_and_descriptors(void **state)
{
    (void)state;
    behaviour = REPORT;
    sc_child_start(&fixture.child);
    run(3000);
    assert_non_null(fixture.message);
    assert_string_equal(json_string_value(json_object_get(fixture.message, "title")),
                        "sc-worker-7\n");
    assert_int_equal(json_integer_value(json_object_get(fixture.message, "id")), 7);
    assert_int_equal(json_integer_value(json_object_get(fixture.message, "restarts")), 0);
    assert_true(json_is_true(json_object_get(fixture.message, "ignoresTerm")));
    assert_true(json_is_false(json_object_get(fixture.message, "isBlocked")));
    assert_true(json_is_true(json_object_get(fixture.message, "hasListener")));
}

static void a_child_that_is_told_to_stop_ends_in_order(void **state)
{
    (void)state;
    behaviour = SERVE;
    sc_child_start(&fixture.child);
    run(3000);
    sc_child_stop(&fixture.child, "stop", 3000);
    run(3000);
    assert_int_equal(fixture.exit_count, 1);
    assert_int_equal(fixture.asked_count, 1);
    assert_int_equal(fixture.child.state, SC_CHILD_DOWN);
    assert_int_equal(fixture.child.pid, 0);
    assert_null(fixture.child.control);
}

static void a_child_that_is_told_to_stop_while_it_starts_never_serves(void **state)
{
    (void)state;
    behaviour = SERVE;
    sc_child_start(&fixture.child);
    sc_child_stop(&fixture.child, "stop", 3000);
    run(3000);
    assert_int_equal(fixture.ready_count, 0);
    assert_int_equal(fixture.exit_count, 1);
}

static void a_child_that_does_not_stop_in_time_is_killed(void **state)
{
    (void)state;
    behaviour = SERVE_FOREVER;
    sc_child_start(&fixture.child);
    run(3000);
    sc_child_stop(&fixture.child, "stop", 50);
    run(3000);
    assert_int_equal(fixture.exit_count, 1);
}

static void a_child_that_dies_unasked_is_told_of_and_can_start_again(void **state)
{
    (void)state;
    behaviour = SERVE;
    sc_child_start(&fixture.child);
    run(3000);
    assert_int_equal(fixture.ready_count, 1);
    assert_int_equal(kill(fixture.child.pid, SIGKILL), 0);
    run(3000);
    assert_int_equal(fixture.exit_count, 1);
    assert_int_equal(fixture.asked_count, 0);
    sc_child_restart(&fixture.child);
    run(3000);
    assert_int_equal(fixture.ready_count, 2);
    assert_int_equal(fixture.child.restart_count, 1);
}

/* At 0, 0, 100, 300 and 700 ms; the next would be at 1500. */
static void a_child_that_keeps_dying_waits_longer_each_time(void **state)
{
    (void)state;
    behaviour = EXIT_AT_ONCE;
    fixture.restarts = true;
    sc_child_start(&fixture.child);
    run(1200);
    assert_in_range(fixture.exit_count, 4, 5);
    sc_child_cancel_restart(&fixture.child);
}

static void a_child_that_has_to_go_for_its_memory_counts_as_one_that_keeps_dying(void **state)
{
    (void)state;
    behaviour = SERVE;
    for (uint32_t i = 1; i <= 2; i++) {
        sc_child_start(&fixture.child);
        run(3000);
        fixture.child.is_over_memory = true;
        sc_child_stop(&fixture.child, "stop", 3000);
        run(3000);
        assert_int_equal(fixture.child.quick_deaths, i);
    }
    sc_child_start(&fixture.child);
    run(3000);
    assert_false(fixture.child.is_over_memory); /* that was its predecessor */
    sc_child_stop(&fixture.child, "stop", 3000);
    run(3000);
    assert_int_equal(fixture.child.quick_deaths, 0);
    assert_true(WIFEXITED(fixture.child.wait_status));
    assert_true(fixture.child.ended_pid > 0);
}

static void the_wait_doubles_up_to_five_seconds(void **state)
{
    (void)state;
    assert_int_equal(sc_child_restart_delay_ms(0), 0);
    assert_int_equal(sc_child_restart_delay_ms(1), 0);
    assert_int_equal(sc_child_restart_delay_ms(2), 100);
    assert_int_equal(sc_child_restart_delay_ms(3), 200);
    assert_int_equal(sc_child_restart_delay_ms(4), 400);
    assert_int_equal(sc_child_restart_delay_ms(7), 3200);
    assert_int_equal(sc_child_restart_delay_ms(8), 5000);
    assert_int_equal(sc_child_restart_delay_ms(UINT32_MAX), 5000);
}

#define CHILD_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHILD_TEST(a_child_serves_once_it_has_said_so),
        CHILD_TEST(a_child_has_its_own_name_signals_and_descriptors),
        CHILD_TEST(a_child_that_is_told_to_stop_ends_in_order),
        CHILD_TEST(a_child_that_is_told_to_stop_while_it_starts_never_serves),
        CHILD_TEST(a_child_that_does_not_stop_in_time_is_killed),
        CHILD_TEST(a_child_that_dies_unasked_is_told_of_and_can_start_again),
        CHILD_TEST(a_child_that_keeps_dying_waits_longer_each_time),
        CHILD_TEST(a_child_that_has_to_go_for_its_memory_counts_as_one_that_keeps_dying),
        CHILD_TEST(the_wait_doubles_up_to_five_seconds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
