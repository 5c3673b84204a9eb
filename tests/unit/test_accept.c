/*
 * test_accept.c: a listening socket on the loopback interface, in a real loop.
 */
#include "loop_fixture.h"
#include "worker/net/accept.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define CLIENTS_MAX 150
#define TURNS_MAX 20000

typedef struct fixture {
    sc_loop_t loop;
    sc_net_t net;
    sc_accept_t *accept;
    int listen_fd;
    struct sockaddr_in address;
    int clients[CLIENTS_MAX];
    int client_count;
    unsigned accept_count;
    unsigned turn_count; /* of those accepted in this turn */
    unsigned turn_count_max;
    sc_turn_task_t turn_task;
} fixture_t;

static const sc_conn_handler_t silent_handler = {.on_bytes = NULL, .on_end = NULL};

static void on_accept(int fd, void *arg)
{
    fixture_t *fixture = arg;

    fixture->accept_count++;
    fixture->turn_count++;
    sc_loop_defer(&fixture->loop, SC_TURN_WORK, &fixture->turn_task);
    assert_non_null(sc_conn_open(&fixture->net, fd, &silent_handler, NULL));
}

static void on_turn_end(sc_turn_task_t *task)
{
    fixture_t *fixture = sc_list_entry(task, fixture_t, turn_task);

    if (fixture->turn_count > fixture->turn_count_max)
        fixture->turn_count_max = fixture->turn_count;
    fixture->turn_count = 0;
}

static int set_up(void **state)
{
    fixture_t *fixture = calloc(1, sizeof(*fixture));
    socklen_t len = sizeof(fixture->address);

    assert_non_null(fixture);
    assert_int_equal(sc_loop_init(&fixture->loop), SC_OK);
    sc_net_init(&fixture->net, &fixture->loop, 1000000, 100);
    sc_turn_task_init(&fixture->turn_task, on_turn_end);
    fixture->listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    fixture->address.sin_family = AF_INET;
    fixture->address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(
        bind(fixture->listen_fd, (struct sockaddr *)&fixture->address, sizeof(fixture->address)),
        0);
    assert_int_equal(listen(fixture->listen_fd, CLIENTS_MAX), 0);
    assert_int_equal(getsockname(fixture->listen_fd, (struct sockaddr *)&fixture->address, &len),
                     0);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    fixture_t *fixture = *state;

    sc_accept_stop(fixture->accept);
    sc_net_deinit(&fixture->net);
    sc_loop_deinit(&fixture->loop);
    for (int i = 0; i < fixture->client_count; i++)
        close(fixture->clients[i]);
    close(fixture->listen_fd);
    free(fixture);
    return 0;
}

static void start(fixture_t *fixture, uint32_t max_conns)
{
    fixture->accept =
        sc_accept_start(&fixture->net, fixture->listen_fd, max_conns, on_accept, fixture);
    assert_non_null(fixture->accept);
}

static void connect_client(fixture_t *fixture)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_true(fd >= 0 && fixture->client_count < CLIENTS_MAX);
    assert_int_equal(connect(fd, (struct sockaddr *)&fixture->address, sizeof(fixture->address)),
                     0);
    fixture->clients[fixture->client_count++] = fd;
}

/* Until as many have been taken. */
static void expect_accepted(fixture_t *fixture, int count)
{
    for (int i = 0; i < TURNS_MAX && (int)fixture->accept_count < count; i++)
        turn_shortly(&fixture->loop);
    turn_for(&fixture->loop, 20); /* for one too many */
    assert_int_equal(fixture->accept_count, count);
}

static void connections_are_taken_and_do_not_block(void **state)
{
    fixture_t *fixture = *state;
    char byte;

    start(fixture, 0);
    connect_client(fixture);
    expect_accepted(fixture, 1);
    assert_int_equal(fixture->net.conn_count, 1);
    assert_int_equal(recv(sc_list_entry(fixture->net.conns.next, sc_conn_t, node)->fd, &byte, 1, 0),
                     -1);
}

static void a_storm_is_taken_in_several_turns(void **state)
{
    fixture_t *fixture = *state;

    for (int i = 0; i < 100; i++)
        connect_client(fixture);
    start(fixture, 0);
    expect_accepted(fixture, 100);
    assert_in_range(fixture->turn_count_max, 1, 64);
}

static void no_more_than_allowed_are_taken_at_a_time(void **state)
{
    fixture_t *fixture = *state;

    start(fixture, 2);
    for (int i = 0; i < 3; i++)
        connect_client(fixture);
    expect_accepted(fixture, 2);
    sc_conn_abort(sc_list_entry(fixture->net.conns.next, sc_conn_t, node));
    expect_accepted(fixture, 3);
}

static void accepting_goes_on_when_descriptors_are_free_again(void **state)
{
    fixture_t *fixture = *state;
    struct rlimit old;
    struct rlimit low;

    start(fixture, 0);
    connect_client(fixture);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
    low = old;
    low.rlim_cur = (rlim_t)fixture->clients[0] + 1;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
    turn_for(&fixture->loop, 50);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
    assert_int_equal(fixture->accept_count, 0);
    expect_accepted(fixture, 1);
}

static void nothing_is_taken_after_a_stop(void **state)
{
    fixture_t *fixture = *state;

    start(fixture, 0);
    sc_accept_stop(fixture->accept);
    fixture->accept = NULL;
    connect_client(fixture);
    turn_for(&fixture->loop, 20);
    assert_int_equal(fixture->accept_count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(connections_are_taken_and_do_not_block, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_storm_is_taken_in_several_turns, set_up, tear_down),
        cmocka_unit_test_setup_teardown(no_more_than_allowed_are_taken_at_a_time, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(accepting_goes_on_when_descriptors_are_free_again, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(nothing_is_taken_after_a_stop, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
