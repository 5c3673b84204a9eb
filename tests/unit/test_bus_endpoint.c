#include "common/bus_endpoint.h"
#include "common/log.h"

#include "link_end.h"

#include <nanomsg/nn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static char runtime_dir[64];
static sc_bus_endpoint_t broker;
static sc_bus_endpoint_t worker;

static void open_broker(uint32_t first_name)
{
    assert_int_equal(sc_bus_endpoint_open(&broker, runtime_dir, 1, 2, true, first_name), SC_OK);
}

static void open_worker(void)
{
    assert_int_equal(sc_bus_endpoint_open(&worker, runtime_dir, 1, 2, false, 0), SC_OK);
}

static int set_up(void **state)
{
    (void)state;
    sc_log_init("test", SC_LOG_ERROR + 1, SC_LOG_TEXT);
    make_runtime_dir(runtime_dir);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    remove_runtime_dir(runtime_dir);
    return 0;
}

/* Connecting is nanomsg's thread's work. */
static bool gets_connected(void)
{
    struct timespec pause = {0, 1000000};

    for (int i = 0; i < 10000; i++) {
        if (nn_get_statistic(worker.socket, NN_STAT_CURRENT_CONNECTIONS) == 1)
            return true;
        nanosleep(&pause, NULL);
    }
    return false;
}

static bool exists(const char *name)
{
    char path[256];

    snprintf(path, sizeof(path), "%s/%s", runtime_dir, name);
    return access(path, F_OK) == 0;
}

static void a_worker_that_comes_first_waits_for_the_broker(void **state)
{
    (void)state;
    open_worker();
    assert_false(sc_bus_endpoint_is_stale(&worker));
    open_broker(1);
    assert_true(sc_bus_endpoint_is_stale(&worker));
    assert_int_equal(sc_bus_endpoint_renew(&worker), SC_OK);
    assert_true(gets_connected());
    assert_false(sc_bus_endpoint_is_stale(&worker));
    sc_bus_endpoint_close(&worker);
    sc_bus_endpoint_close(&broker);
}

static void an_endpoint_that_the_broker_has_renewed_makes_the_workers_stale(void **state)
{
    (void)state;
    open_broker(1);
    open_worker();
    assert_true(gets_connected());
    assert_int_equal(sc_bus_endpoint_renew(&broker), SC_OK);
    assert_true(sc_bus_endpoint_is_stale(&worker));
    assert_int_equal(sc_bus_endpoint_renew(&worker), SC_OK);
    assert_true(gets_connected());
    assert_false(sc_bus_endpoint_is_stale(&worker));
    sc_bus_endpoint_close(&worker);
    sc_bus_endpoint_close(&broker);
}

static void
a_connection_that_has_ended_makes_the_worker_stale_once_there_is_another_broker(void **state)
{
    (void)state;
    open_broker(1);
    open_worker();
    assert_true(gets_connected());
    sc_bus_endpoint_close(&broker);
    assert_false(sc_bus_endpoint_is_stale(&worker));
    open_broker(77);
    assert_true(sc_bus_endpoint_is_stale(&worker));
    sc_bus_endpoint_close(&worker);
    sc_bus_endpoint_close(&broker);
}

static void a_connection_that_is_being_made_is_left_alone(void **state)
{
    int listener = listen_silently(runtime_dir, "b1w2.00000001.ipc", "b1w2");
    int fd;

    (void)state;
    open_worker();
    fd = accept(listener, NULL, NULL);
    assert_true(fd >= 0);
    assert_false(sc_bus_endpoint_is_stale(&worker)); /* there is no answer yet */
    assert_int_equal(nn_get_statistic(worker.socket, NN_STAT_CURRENT_CONNECTIONS), 0);
    assert_true(answer_handshake(fd));
    assert_true(gets_connected());
    assert_false(sc_bus_endpoint_is_stale(&worker));
    close(fd);
    close(listener);
    sc_bus_endpoint_close(&worker);
}

static void a_connection_that_was_refused_makes_the_worker_stale(void **state)
{
    int listener = listen_silently(runtime_dir, "b1w2.00000001.ipc", "b1w2");
    struct timespec pause = {0, 1000000};

    (void)state;
    open_worker();
    close(accept(listener, NULL, NULL));
    for (int i = 0; i < 5000 && !sc_bus_endpoint_is_stale(&worker); i++)
        nanosleep(&pause, NULL);
    assert_true(sc_bus_endpoint_is_stale(&worker));
    assert_int_equal(sc_bus_endpoint_renew(&worker), SC_OK);
    assert_false(sc_bus_endpoint_is_stale(&worker));
    close(listener);
    sc_bus_endpoint_close(&worker);
}

/* What a broker leaves behind that was killed. */
static void leave_files(const char *name)
{
    char path[256];
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s", runtime_dir, name);
    file = fopen(path, "w");
    assert_non_null(file);
    fclose(file);
    snprintf(path, sizeof(path), "%s/b1w2", runtime_dir);
    assert_int_equal(symlink(name, path), 0);
    snprintf(path, sizeof(path), "%s/b1w2.new", runtime_dir);
    assert_int_equal(symlink(name, path), 0);
}

static void a_broker_leaves_no_files_of_its_own_or_of_one_that_was_killed(void **state)
{
    (void)state;
    leave_files("b1w2.00000001.ipc");
    open_broker(5);
    assert_false(exists("b1w2.00000001.ipc"));
    assert_true(exists("b1w2"));
    assert_true(exists("b1w2.00000005.ipc"));
    assert_int_equal(sc_bus_endpoint_renew(&broker), SC_OK);
    assert_false(exists("b1w2.00000005.ipc"));
    assert_true(exists("b1w2.00000006.ipc"));
    sc_bus_endpoint_close(&broker);
    assert_int_equal(rmdir(runtime_dir), 0); /* empty */
    assert_int_equal(mkdir(runtime_dir, 0700), 0);
}

static void a_directory_whose_name_is_too_long_for_a_socket_is_refused(void **state)
{
    char name[SC_BUS_DIR_BYTES_MAX + 2];

    (void)state;
    memset(name, 'x', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    assert_int_equal(sc_bus_endpoint_open(&broker, name, 1, 2, true, 1), SC_ERR_IO);
    sc_bus_endpoint_close(&broker);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_worker_that_comes_first_waits_for_the_broker),
        TEST(an_endpoint_that_the_broker_has_renewed_makes_the_workers_stale),
        TEST(a_connection_that_has_ended_makes_the_worker_stale_once_there_is_another_broker),
        TEST(a_connection_that_is_being_made_is_left_alone),
        TEST(a_connection_that_was_refused_makes_the_worker_stale),
        TEST(a_broker_leaves_no_files_of_its_own_or_of_one_that_was_killed),
        TEST(a_directory_whose_name_is_too_long_for_a_socket_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
