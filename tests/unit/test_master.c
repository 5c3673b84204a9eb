/*
 * test_master.c: a cluster of stand-ins: what the master does as its children come, ask and go. The real ones are tested
 * from outside (tests/integration).
 */
#include "master/master.h"

#include "common/log.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define OUTPUT_BYTES 16384

/* How the stand-ins behave; forked processes have the value of the moment. */
static struct {
    bool worker_fails;        /* worker 1 exits instead of getting ready */
    bool broker_ignores_end;  /* broker 0 does not stop when it is told to */
    bool refuses_new_secrets; /* those of the start are right, those of a SIGHUP are not */
    bool ignores_restart_signal, stops_on_restart_signal; /* as the options say */
} behaviour;

/* ---- Stand-ins: each logs what it is told ---- */

static void on_order(sc_control_t *control, const char *type, const json_t *message, void *arg)
{
    char *text = json_dumps(message, JSON_COMPACT | JSON_SORT_KEYS);

    sc_log(SC_LOG_INFO, "told %s", text);
    free(text);
    if (strcmp(type, "drain") == 0 || (strcmp(type, "stop") == 0 && !behaviour.broker_ignores_end))
        sc_loop_stop(arg);
    if (strcmp(type, "reload") == 0) /* a way to make it ask */
        sc_control_send(control, json_pack("{s:s,s:i,s:{s:s,s:i,s:[i]}}", "type", "request", "id",
                                           5, "data", "type", "relay", "worker", 0, "data", 42));
}

static void on_master_gone(sc_control_t *control, void *arg)
{
    (void)control;
    sc_loop_stop(arg);
}

static int serve(const sc_child_setup_t *setup)
{
    static sc_loop_t loop;
    sc_control_t *control;

    if (sc_loop_init(&loop) != SC_OK)
        return 1;
    control = sc_control_open(&loop, setup->control_fd, on_order, on_master_gone, &loop);
    sc_log(SC_LOG_INFO, "up %u", setup->restart_count);
    sc_control_send_type(control, "ready");
    if (setup->id == 1 && setup->listen_fd >= 0)
        sc_control_send(control, json_pack("{s:s,s:i,s:{s:s}}", "type", "request", "id", 1, "data",
                                           "type", "status"));
    sc_loop_run(&loop);
    sc_control_close(control);
    sc_loop_deinit(&loop);
    return 0;
}

int sc_worker_main(const sc_child_setup_t *setup)
{
    if (behaviour.worker_fails && setup->id == 1)
        return 1;
    behaviour.broker_ignores_end = false;
    return serve(setup);
}

sc_status_t sc_worker_check_secrets(const sc_options_t *options, bool is_new_cert)
{
    static int check_count;

    (void)options;
    (void)is_new_cert;
    return check_count++ > 0 && behaviour.refuses_new_secrets ? SC_ERR_INVALID : SC_OK;
}

int sc_broker_main(const sc_child_setup_t *setup)
{
    return serve(setup);
}

/* ---- A master in a process of its own, its output and log in one text ---- */

typedef struct fixture {
    pid_t pid;
    int output_fd;
    char output[OUTPUT_BYTES];
    size_t output_len;
} fixture_t;

static void run_master(int output_fd)
{
    sc_options_t options;

    memset(&options, 0, sizeof(options));
    options.workers = 2;
    options.brokers = 1;
    options.host = (char *)"127.0.0.1";
    options.backlog = 16;
    options.reboot_on_signal = !behaviour.ignores_restart_signal;
    options.kill_master_on_signal = behaviour.stops_on_restart_signal;
    options.process_term_timeout_ms = behaviour.broker_ignores_end ? 300 : 5000;
    dup2(output_fd, STDOUT_FILENO);
    dup2(output_fd, STDERR_FILENO);
    sc_log_init("sc-master", SC_LOG_INFO, SC_LOG_TEXT);
    exit(sc_master_run(&options));
}

static void start(fixture_t *fixture)
{
    int fds[2];

    memset(fixture, 0, sizeof(*fixture));
    alarm(60); /* a line that never comes ends the test, not the patience of whoever waits for it */
    assert_int_equal(pipe(fds), 0);
    fixture->pid = fork();
    if (fixture->pid == 0) {
        close(fds[0]);
        run_master(fds[1]);
    }
    close(fds[1]);
    fixture->output_fd = fds[0];
}

/* Reads until the output has `part` for the `times`th time; fails when it ends before. */
static void wait_for(fixture_t *fixture, const char *part, int times)
{
    for (;;) {
        const char *at = fixture->output;
        ssize_t len;
        int found = 0;

        while ((at = strstr(at, part)) != NULL && ++found < times)
            at++;
        if (found >= times)
            return;
        len = read(fixture->output_fd, fixture->output + fixture->output_len,
                   OUTPUT_BYTES - 1 - fixture->output_len);
        if (len <= 0)
            fail_msg("no \"%s\" in:\n%s", part, fixture->output);
        fixture->output_len += (size_t)len;
    }
}

static int count(const fixture_t *fixture, const char *part)
{
    int found = 0;

    for (const char *at = strstr(fixture->output, part); at != NULL; at = strstr(at + 1, part))
        found++;
    return found;
}

/* Reads to the end of the output, which comes when all processes have gone. Returns the master's exit code. */
static int finish(fixture_t *fixture)
{
    ssize_t len;
    int status;

    do {
        len = read(fixture->output_fd, fixture->output + fixture->output_len,
                   OUTPUT_BYTES - 1 - fixture->output_len);
        fixture->output_len += len > 0 ? (size_t)len : 0;
    } while (len > 0);
    close(fixture->output_fd);
    assert_int_equal(waitpid(fixture->pid, &status, 0), fixture->pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static pid_t pid_in(const fixture_t *fixture, const char *before)
{
    const char *at = strstr(fixture->output, before);

    assert_non_null(at);
    assert_true(atoi(at + strlen(before)) > 1); /* 0 and 1 stand for more than one process */
    return (pid_t)atoi(at + strlen(before));
}

static void workers_start_after_brokers_and_one_line_says_that_all_are_ready(void **state)
{
    fixture_t f;

    (void)state;
    start(&f);
    wait_for(&f, "serving on port", 1);
    assert_int_equal(count(&f, "ready: port "), 1);
    assert_non_null(strstr(f.output, ", 2 workers, 1 broker, pid "));
    assert_true(strstr(f.output, "sc-broker-0: up") < strstr(f.output, "sc-worker-0: up"));
    assert_true(strstr(f.output, "sc-worker-1: up") < strstr(f.output, "ready: "));
    kill(f.pid, SIGTERM);
    assert_int_equal(finish(&f), 0);
    assert_int_equal(count(&f, "told {\"type\":\"stop\"}"), 3);
    /* Brokers outlive workers, so that what these have still to publish arrives. */
    assert_true(strstr(f.output, "sc-broker-0: told {\"type\":\"stop\"}") >
                strstr(f.output, "sc-worker-0: told {\"type\":\"stop\"}"));
    assert_int_equal(count(&f, "has ended: exit code 0, as it was told to"), 3);
}

static void a_worker_that_dies_is_replaced_and_the_brokers_are_told(void **state)
{
    fixture_t f;

    (void)state;
    start(&f);
    wait_for(&f, "\"workers\":[", 1); /* the answer to worker 1 */
    wait_for(&f, "serving on port", 1);
    kill(pid_in(&f, "\"workers\":[{\"id\":0,\"pid\":"), SIGKILL);
    wait_for(&f, "sc-broker-0: told {\"restarts\":0,\"type\":\"workerDown\",\"worker\":0}", 1);
    wait_for(&f, "worker 0 serves again", 1);
    assert_non_null(strstr(f.output, "has ended: killed by SIGKILL"));
    assert_non_null(strstr(f.output, "sc-worker-0: up 1"));
    kill(f.pid, SIGINT);
    assert_int_equal(finish(&f), 0);
}

static void a_start_that_fails_ends_everything_with_code_1(void **state)
{
    fixture_t f;

    (void)state;
    behaviour.worker_fails = true;
    start(&f);
    behaviour.worker_fails = false;
    assert_int_equal(finish(&f), 1);
    assert_non_null(strstr(f.output, "worker 1 has ended during the start of the cluster"));
    assert_int_equal(count(&f, "ready:"), 0);
}

static void a_rolling_restart_replaces_one_worker_after_the_other(void **state)
{
    fixture_t f;
    const char *second_drain;

    (void)state;
    start(&f);
    wait_for(&f, "serving on port", 1);
    kill(f.pid, SIGUSR2);
    wait_for(&f, "all workers are replaced", 1);
    assert_int_equal(count(&f, "told {\"type\":\"drain\"}"), 2);
    second_drain = strstr(f.output, "sc-worker-1: told {\"type\":\"drain\"}");
    assert_non_null(second_drain);
    assert_true(strstr(f.output, "worker 0 serves again") < second_drain);
    kill(f.pid, SIGTERM);
    assert_int_equal(finish(&f), 0);
}

static void without_reboot_on_signal_a_restart_signal_does_nothing(void **state)
{
    fixture_t f;

    (void)state;
    behaviour.ignores_restart_signal = true;
    start(&f);
    behaviour.ignores_restart_signal = false;
    wait_for(&f, "serving on port", 1);
    kill(f.pid, SIGUSR2);
    wait_for(&f, "SIGUSR2: ignored", 1);
    kill(f.pid, SIGTERM);
    assert_int_equal(finish(&f), 0);
    assert_int_equal(count(&f, "told {\"type\":\"drain\"}"), 0);
}

static void with_kill_master_on_signal_a_restart_signal_stops_the_cluster(void **state)
{
    fixture_t f;

    (void)state;
    behaviour.stops_on_restart_signal = true;
    start(&f);
    behaviour.stops_on_restart_signal = false;
    wait_for(&f, "serving on port", 1);
    kill(f.pid, SIGUSR2);
    assert_int_equal(finish(&f), 0);
    assert_int_equal(count(&f, "told {\"type\":\"stop\"}"), 3);
}

static void a_worker_s_data_reaches_the_worker_it_is_for(void **state)
{
    fixture_t f;

    (void)state;
    start(&f);
    wait_for(&f, "serving on port", 1);
    kill(f.pid, SIGHUP);
    wait_for(&f, "sc-worker-0: told {\"data\":[42],\"from\":", 2); /* from both workers */
    wait_for(&f, "told {\"data\":{\"sent\":1},\"id\":5,\"type\":\"answer\"}", 2);
    wait_for(&f, "told {\"error\":\"unknown request\",\"id\":5,\"type\":\"answer\"}",
             1); /* a broker may not */
    kill(f.pid, SIGTERM);
    assert_int_equal(finish(&f), 0);
}

static void keys_that_were_read_again_reach_every_worker_and_no_broker(void **state)
{
    fixture_t f;

    (void)state;
    start(&f);
    wait_for(&f, "serving on port", 1);
    kill(f.pid, SIGHUP);
    wait_for(&f, "certificates and keys are read again", 1);
    wait_for(&f, "sc-worker-0: told {\"secrets\":{\"authKey\":", 1);
    wait_for(&f, "sc-worker-1: told {\"secrets\":{\"authKey\":", 1);
    kill(f.pid, SIGTERM);
    assert_int_equal(finish(&f), 0);
    assert_int_equal(count(&f, "told {\"secrets\":"), 2);
}

static void keys_that_are_refused_reach_nobody(void **state)
{
    fixture_t f;

    (void)state;
    behaviour.refuses_new_secrets = true;
    start(&f);
    behaviour.refuses_new_secrets = false;
    wait_for(&f, "serving on port", 1);
    kill(f.pid, SIGHUP);
    wait_for(&f, "certificates and keys stay as they were", 1);
    wait_for(&f, "told {\"type\":\"reload\"}", 3); /* the log is opened again all the same */
    kill(f.pid, SIGTERM);
    assert_int_equal(finish(&f), 0);
    assert_int_equal(count(&f, "\"secrets\""), 0);
}

static void what_does_not_end_in_time_is_killed(void **state)
{
    fixture_t f;

    (void)state;
    behaviour.broker_ignores_end = true;
    start(&f);
    behaviour.broker_ignores_end = false;
    wait_for(&f, "serving on port", 1);
    kill(f.pid, SIGTERM);
    assert_int_equal(finish(&f), 0);
    assert_non_null(strstr(f.output, "did not end within processTermTimeout and is killed"));
}

static void children_end_when_their_master_is_killed(void **state)
{
    fixture_t f;
    int status;

    (void)state;
    start(&f);
    wait_for(&f, "serving on port", 1);
    kill(f.pid, SIGKILL);
    waitpid(f.pid, &status, 0);
    while (read(f.output_fd, f.output, OUTPUT_BYTES) > 0)
        ; /* ends when the last process that could write has gone */
    close(f.output_fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(workers_start_after_brokers_and_one_line_says_that_all_are_ready),
        cmocka_unit_test(a_worker_that_dies_is_replaced_and_the_brokers_are_told),
        cmocka_unit_test(a_start_that_fails_ends_everything_with_code_1),
        cmocka_unit_test(a_rolling_restart_replaces_one_worker_after_the_other),
        cmocka_unit_test(without_reboot_on_signal_a_restart_signal_does_nothing),
        cmocka_unit_test(with_kill_master_on_signal_a_restart_signal_stops_the_cluster),
        cmocka_unit_test(a_worker_s_data_reaches_the_worker_it_is_for),
        cmocka_unit_test(keys_that_were_read_again_reach_every_worker_and_no_broker),
        cmocka_unit_test(keys_that_are_refused_reach_nobody),
        cmocka_unit_test(what_does_not_end_in_time_is_killed),
        cmocka_unit_test(children_end_when_their_master_is_killed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
