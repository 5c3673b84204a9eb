/*
 * test_conn.c: a connection over a socket pair, in a real loop: what comes in and in which parts, what goes out and with
 * how many system calls, and how it ends.
 */
#include "loop_fixture.h"
#include "worker/net/conn.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sc/json.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define BACKLOG_MAX 4000000u
#define LINGER_MS 200u
#define PATIENCE_MS 20000u

struct fixture;
typedef void (*input_cb)(struct fixture *fixture);

/* A loop, a connection, and the peer's end of it. The handler takes input in units of `unit` bytes. */
typedef struct fixture {
    sc_loop_t loop;
    sc_net_t net;
    sc_conn_t *conn; /* NULL: has ended */
    int peer;        /* does not block; -1: closed */
    size_t unit;
    size_t take_max; /* of bytes per call, 0: no limit */
    sc_text_t input;
    unsigned call_count;
    input_cb on_input;   /* called after each input, once; may be NULL */
    sc_turn_task_t work; /* something to be done between input and output */
    bool wants_nothing;  /* the handler does not say how much it needs */
    bool has_ended;
    sc_conn_end_t end;
} fixture_t;

static size_t on_bytes(sc_conn_t *conn, char *bytes, size_t len)
{
    fixture_t *fixture = conn->owner;
    size_t used = len / fixture->unit * fixture->unit;
    input_cb on_input = fixture->on_input;

    if (fixture->take_max > 0 && used > fixture->take_max)
        used = fixture->take_max;
    fixture->call_count++;
    sc_text_add(&fixture->input, sc_str(bytes, used));
    memset(bytes, '#', used);
    if (used > 0 && on_input != NULL) {
        fixture->on_input = NULL;
        on_input(fixture);
    }
    return used;
}

static size_t wanted(const sc_conn_t *conn)
{
    const fixture_t *fixture = conn->owner;

    return fixture->wants_nothing ? 0 : fixture->unit;
}

static void on_end(sc_conn_t *conn, sc_conn_end_t why)
{
    fixture_t *fixture = conn->owner;

    assert_false(fixture->has_ended);
    fixture->has_ended = true;
    fixture->end = why;
    fixture->conn = NULL;
}

static const sc_conn_handler_t handler = {.on_bytes = on_bytes, .wanted = wanted, .on_end = on_end};

static int set_up(void **state)
{
    fixture_t *fixture = calloc(1, sizeof(*fixture));
    int fds[2];

    assert_non_null(fixture);
    assert_int_equal(sc_loop_init(&fixture->loop), SC_OK);
    sc_net_init(&fixture->net, &fixture->loop, BACKLOG_MAX, LINGER_MS);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    fixture->peer = fds[1];
    fixture->unit = 1;
    fixture->conn = sc_conn_open(&fixture->net, fds[0], &handler, fixture);
    assert_non_null(fixture->conn);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    fixture_t *fixture = *state;

    sc_net_deinit(&fixture->net);
    assert_true(fixture->has_ended);
    assert_int_equal(fixture->net.conn_count, 0);
    sc_loop_deinit(&fixture->loop);
    if (fixture->peer >= 0)
        close(fixture->peer);
    sc_text_free(&fixture->input);
    free(fixture);
    return 0;
}

static void peer_sends(fixture_t *fixture, const char *bytes, size_t len)
{
    assert_int_equal(write(fixture->peer, bytes, len), (ssize_t)len);
}

/** Reads what the peer has got. @return how many bytes; 0: end of file; -1: nothing */
static ssize_t peer_reads(fixture_t *fixture, char *bytes, size_t size)
{
    return read(fixture->peer, bytes, size);
}

static void peer_closes(fixture_t *fixture)
{
    close(fixture->peer);
    fixture->peer = -1;
}

static void assert_input(const fixture_t *fixture, const char *expected)
{
    assert_true(sc_str_equal(sc_text_str(&fixture->input), sc_str_from(expected)));
}

static void send_text(fixture_t *fixture, const char *text)
{
    sc_buf_t *frame = sc_buf_copy(sc_str_from(text));

    sc_conn_send(fixture->conn, frame);
    sc_buf_unref(frame);
}

static void send_bytes(fixture_t *fixture, size_t len)
{
    sc_buf_t *frame = sc_buf_new(len);

    for (size_t i = 0; i < len; i++)
        frame->bytes[i] = (char)(i % 251);
    sc_conn_send(fixture->conn, frame);
    sc_buf_unref(frame);
}

/* ---- Input ------------------------------------------------------------------------------------------------- */

static void what_the_handler_leaves_comes_again_in_front(void **state)
{
    fixture_t *fixture = *state;

    fixture->unit = 5;
    peer_sends(fixture, "abc", 3);
    turn_shortly(&fixture->loop);
    assert_input(fixture, "");
    peer_sends(fixture, "defg", 4);
    turn_shortly(&fixture->loop);
    assert_input(fixture, "abcde");
    peer_sends(fixture, "hij", 3);
    turn_shortly(&fixture->loop);
    assert_input(fixture, "abcdefghij");
    assert_null(fixture->conn->rest);
}

/* Uses up what newcomers may take of a turn. */
static void take_long(fixture_t *fixture)
{
    struct timespec wait = {.tv_nsec = 2 * SC_CONN_NEWCOMER_NS};

    (void)fixture;
    assert_int_equal(nanosleep(&wait, NULL), 0);
}

/* A second connection of the fixture's net and handler. */
typedef struct second {
    fixture_t fixture;
    bool is_served;
} second_t;

static void note_served(fixture_t *fixture)
{
    sc_list_entry(fixture, second_t, fixture)->is_served = true;
}

static void open_second(fixture_t *fixture, second_t *second)
{
    int fds[2];

    memset(second, 0, sizeof(*second));
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    second->fixture.peer = fds[1];
    second->fixture.unit = 1;
    second->fixture.on_input = note_served;
    second->fixture.conn = sc_conn_open(&fixture->net, fds[0], &handler, &second->fixture);
    assert_non_null(second->fixture.conn);
}

static void close_second(fixture_t *fixture, second_t *second)
{
    sc_conn_abort(second->fixture.conn);
    while (!second->fixture.has_ended)
        turn_shortly(&fixture->loop);
    close(second->fixture.peer);
    sc_text_free(&second->fixture.input);
}

/* Both connections have input, and the first takes long. @return how often one was put off */
static uint64_t waits_until_both_are_served(fixture_t *fixture, second_t *second)
{
    fixture->on_input = take_long;
    peer_sends(fixture, "a", 1);
    peer_sends(&second->fixture, "b", 1);
    for (int i = 0; fixture->input.len == 0 || !second->is_served; i++) {
        turn_shortly(&fixture->loop);
        assert_true(i < 1000);
    }
    return fixture->net.newcomer_wait_count;
}

static void newcomers_that_take_long_are_served_in_several_turns(void **state)
{
    fixture_t *fixture = *state;
    second_t second;

    open_second(fixture, &second);
    assert_true(waits_until_both_are_served(fixture, &second) >= 1);
    close_second(fixture, &second);
}

static void a_connection_that_was_admitted_does_not_wait_for_newcomers(void **state)
{
    fixture_t *fixture = *state;
    second_t second;

    open_second(fixture, &second);
    sc_conn_admit(second.fixture.conn);
    assert_int_equal(waits_until_both_are_served(fixture, &second), 0);
    close_second(fixture, &second);
}

static void the_handler_is_asked_until_it_needs_more(void **state)
{
    fixture_t *fixture = *state;

    fixture->unit = 2;
    fixture->take_max = 2;
    peer_sends(fixture, "aabbccd", 7);
    turn_shortly(&fixture->loop);
    assert_input(fixture, "aabbcc");
    assert_int_equal(fixture->net.read_count, 1);
}

static void a_connection_without_a_rest_owns_no_input(void **state)
{
    fixture_t *fixture = *state;
    char bytes[60000];

    memset(bytes, 'x', sizeof(bytes));
    peer_sends(fixture, bytes, sizeof(bytes));
    turn_shortly(&fixture->loop);
    assert_int_equal(fixture->input.len, sizeof(bytes));
    assert_null(fixture->conn->rest);
}

static void a_long_unit_is_put_together(void **state)
{
    fixture_t *fixture = *state;
    char bytes[10000];
    size_t sent = 0;

    fixture->unit = 1500000;
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (char)(i % 251);
    while (sent < 2 * fixture->unit) {
        size_t allowed = 2 * sent + (256u * 1024);

        peer_sends(fixture, bytes, sizeof(bytes));
        sent += sizeof(bytes);
        turn_shortly(&fixture->loop);
        assert_true(fixture->conn->rest_capacity <= allowed);
        assert_true(fixture->conn->rest_capacity <= fixture->unit);
    }
    assert_int_equal(fixture->input.len, 2 * fixture->unit);
    for (size_t i = 0; i < fixture->input.len; i++)
        assert_int_equal((uint8_t)fixture->input.ptr[i], i % sizeof(bytes) % 251);
    assert_null(fixture->conn->rest);
}

static void a_short_rest_does_not_keep_a_long_buffer(void **state)
{
    fixture_t *fixture = *state;
    char bytes[20000];

    fixture->unit = 30000;
    fixture->wants_nothing = true;
    memset(bytes, 'x', sizeof(bytes));
    for (int i = 0; i < 2; i++) {
        peer_sends(fixture, bytes, sizeof(bytes));
        turn_shortly(&fixture->loop);
    }
    assert_int_equal(fixture->input.len, 30000);
    assert_int_equal(fixture->conn->rest_len, 10000);
    assert_int_equal(fixture->conn->rest_capacity, 10000);
}

static void a_declared_length_alone_costs_no_memory(void **state)
{
    fixture_t *fixture = *state;

    fixture->unit = 1000000000;
    peer_sends(fixture, "abc", 3);
    turn_shortly(&fixture->loop);
    assert_int_equal(fixture->conn->rest_len, 3);
    assert_true(fixture->conn->rest_capacity <= 16);
}

static size_t take_second(sc_conn_t *conn, char *bytes, size_t len)
{
    fixture_t *fixture = conn->owner;

    sc_text_add(&fixture->input, SC_STR("|"));
    sc_text_add(&fixture->input, sc_str(bytes, len));
    return len;
}

static const sc_conn_handler_t second_handler = {.on_bytes = take_second, .on_end = on_end};

static void change_handler(fixture_t *fixture)
{
    sc_conn_set_handler(fixture->conn, &second_handler, fixture);
}

static void another_handler_gets_what_the_first_has_left(void **state)
{
    fixture_t *fixture = *state;

    fixture->unit = 3;
    fixture->take_max = 3;
    fixture->on_input = change_handler;
    peer_sends(fixture, "abcde", 5);
    turn_shortly(&fixture->loop);
    assert_input(fixture, "abc|de");
}

static size_t change_at_once(sc_conn_t *conn, char *bytes, size_t len)
{
    (void)bytes;
    (void)len;
    change_handler(conn->owner);
    return 0;
}

static void another_handler_gets_all_that_the_first_did_not_touch(void **state)
{
    static const sc_conn_handler_t changing_handler = {.on_bytes = change_at_once,
                                                       .on_end = on_end};
    fixture_t *fixture = *state;

    sc_conn_set_handler(fixture->conn, &changing_handler, fixture);
    peer_sends(fixture, "abc", 3);
    turn_shortly(&fixture->loop);
    assert_input(fixture, "|abc");
}

static void another_handler_gets_a_kept_rest(void **state)
{
    fixture_t *fixture = *state;

    fixture->unit = 10;
    peer_sends(fixture, "abc", 3);
    turn_shortly(&fixture->loop);
    change_handler(fixture);
    assert_input(fixture, "");
    turn_shortly(&fixture->loop);
    assert_input(fixture, "|abc");
}

/* ---- Pauses ------------------------------------------------------------------------------------------------ */

static void pause_reading(fixture_t *fixture)
{
    sc_conn_pause(fixture->conn);
}

static void a_paused_connection_reads_nothing(void **state)
{
    fixture_t *fixture = *state;

    sc_conn_pause(fixture->conn);
    peer_sends(fixture, "abc", 3);
    turn_for(&fixture->loop, 20);
    assert_input(fixture, "");
    assert_int_equal(fixture->net.read_count, 0);
    assert_int_equal(fixture->conn->watched, 0);
    sc_conn_resume(fixture->conn);
    turn_shortly(&fixture->loop);
    assert_input(fixture, "abc");
}

static void a_kept_rest_is_given_after_a_pause_though_nothing_comes(void **state)
{
    fixture_t *fixture = *state;

    fixture->take_max = 2;
    fixture->on_input = pause_reading;
    peer_sends(fixture, "abcdef", 6);
    turn_for(&fixture->loop, 10);
    assert_input(fixture, "ab");
    fixture->on_input = pause_reading;
    sc_conn_resume(fixture->conn);
    assert_input(fixture, "ab");
    turn_for(&fixture->loop, 10);
    assert_input(fixture, "abcd");
    sc_conn_resume(fixture->conn);
    turn_shortly(&fixture->loop);
    assert_input(fixture, "abcdef");
}

static void pause_and_resume(fixture_t *fixture)
{
    sc_conn_pause(fixture->conn);
    sc_conn_resume(fixture->conn);
}

static void a_pause_that_is_over_within_the_handler_changes_nothing(void **state)
{
    fixture_t *fixture = *state;

    fixture->take_max = 2;
    fixture->on_input = pause_and_resume;
    peer_sends(fixture, "abcdef", 6);
    turn_shortly(&fixture->loop);
    assert_input(fixture, "abcdef");
}

static void resume_and_fill(sc_turn_task_t *task)
{
    fixture_t *fixture = sc_list_entry(task, fixture_t, work);

    sc_conn_resume(fixture->conn);
    send_bytes(fixture, 2000000);
}

static void a_rest_is_given_though_the_socket_becomes_full_meanwhile(void **state)
{
    fixture_t *fixture = *state;

    fixture->take_max = 2;
    fixture->on_input = pause_reading;
    peer_sends(fixture, "abcd", 4);
    turn_shortly(&fixture->loop);
    sc_turn_task_init(&fixture->work, resume_and_fill);
    sc_loop_defer(&fixture->loop, SC_TURN_WORK, &fixture->work);
    turn_for(&fixture->loop, 10);
    assert_true((fixture->conn->watched & EV_WRITE) != 0);
    assert_input(fixture, "abcd");
}

static void what_comes_behind_a_kept_rest_stays_in_order(void **state)
{
    fixture_t *fixture = *state;

    fixture->take_max = 2;
    fixture->on_input = pause_reading;
    peer_sends(fixture, "abcd", 4);
    turn_shortly(&fixture->loop);
    peer_sends(fixture, "efgh", 4);
    turn_shortly(&fixture->loop);
    sc_conn_resume(fixture->conn);
    turn_for(&fixture->loop, 10);
    assert_input(fixture, "abcdefgh");
}

/* ---- Output ------------------------------------------------------------------------------------------------ */

static void frames_of_a_turn_go_out_with_one_system_call(void **state)
{
    fixture_t *fixture = *state;
    char bytes[100];

    for (int i = 0; i < 10; i++)
        send_text(fixture, "abc");
    assert_int_equal(fixture->net.write_count, 0);
    turn_shortly(&fixture->loop);
    assert_int_equal(fixture->net.write_count, 1);
    assert_int_equal(fixture->net.written_bytes_count, 30);
    assert_int_equal(peer_reads(fixture, bytes, sizeof(bytes)), 30);
    assert_memory_equal(bytes, "abcabcabcabcabcabcabcabcabcabc", 30);
    assert_int_equal(sc_conn_backlog(fixture->conn), 0);
}

static void many_frames_go_out_in_one_turn(void **state)
{
    fixture_t *fixture = *state;
    char bytes[2000];

    for (int i = 0; i < 200; i++)
        send_text(fixture, "abcdef");
    turn_shortly(&fixture->loop);
    assert_int_equal(fixture->net.write_count, 4);
    assert_int_equal(peer_reads(fixture, bytes, sizeof(bytes)), 1200);
}

static void a_slow_reader_gets_everything_in_order(void **state)
{
    fixture_t *fixture = *state;
    char bytes[5000];
    size_t got = 0;

    for (int i = 0; i < 3; i++)
        send_bytes(fixture, 1004 * 251); /* a multiple of the pattern */
    for (int turns = 0; got < 3 * 1004 * 251 && turns < 10000; turns++) {
        ssize_t count = peer_reads(fixture, bytes, sizeof(bytes));

        for (ssize_t i = 0; i < count; i++)
            assert_int_equal((uint8_t)bytes[i], (got + (size_t)i) % 251);
        if (count > 0)
            got += (size_t)count;
        else
            turn_shortly(&fixture->loop);
    }
    assert_int_equal(got, 3 * 1004 * 251);
    turn_shortly(&fixture->loop);
    assert_int_equal(fixture->conn->watched, EV_READ);
}

static void a_full_socket_is_not_tried_again_before_it_takes_more(void **state)
{
    fixture_t *fixture = *state;
    uint64_t write_count;

    send_bytes(fixture, 2000000);
    turn_shortly(&fixture->loop);
    write_count = fixture->net.write_count;
    for (int i = 0; i < 10; i++) {
        send_text(fixture, "abc");
        turn_shortly(&fixture->loop);
    }
    assert_int_equal(fixture->net.write_count, write_count);
}

static void a_reader_that_is_too_slow_is_ended(void **state)
{
    fixture_t *fixture = *state;

    for (int i = 0; i < 6 && fixture->conn->fd >= 0; i++)
        send_bytes(fixture, 1000000);
    assert_false(fixture->has_ended); /* not under its caller */
    send_text(fixture, "nothing happens");
    turn_shortly(&fixture->loop);
    assert_true(fixture->has_ended);
    assert_int_equal(fixture->end, SC_CONN_END_BACKLOG);
    assert_int_equal(fixture->net.backlog_kill_count, 1);
}

static void a_reader_that_keeps_up_may_get_more_than_the_backlog(void **state)
{
    fixture_t *fixture = *state;
    char bytes[100000];
    size_t got = 0;

    fixture->net.backlog_bytes_max = 1000;
    send_bytes(fixture, 50000);
    assert_true(sc_conn_is_open(fixture->conn));
    for (ssize_t count; (count = peer_reads(fixture, bytes, sizeof(bytes))) > 0;)
        got += (size_t)count;
    assert_int_equal(got, 50000);
}

/* ---- The end ----------------------------------------------------------------------------------------------- */

static void a_peer_that_closes_ends_the_connection(void **state)
{
    fixture_t *fixture = *state;

    peer_sends(fixture, "abc", 3);
    peer_closes(fixture);
    assert_true(turn_until(&fixture->loop, &fixture->has_ended, PATIENCE_MS));
    assert_input(fixture, "abc");
    assert_int_equal(fixture->end, SC_CONN_END_PEER);
}

static void writing_to_a_peer_that_has_gone_ends_the_connection(void **state)
{
    fixture_t *fixture = *state;

    sc_conn_pause(fixture->conn);
    peer_closes(fixture);
    send_text(fixture, "abc");
    assert_true(turn_until(&fixture->loop, &fixture->has_ended, PATIENCE_MS));
    assert_int_equal(fixture->end, SC_CONN_END_PEER);
}

static void closing_writes_what_is_queued_and_waits_for_the_peer(void **state)
{
    fixture_t *fixture = *state;
    char bytes[10];

    send_text(fixture, "abc");
    sc_conn_close(fixture->conn);
    assert_false(sc_conn_is_open(fixture->conn));
    send_text(fixture, "not this");
    turn_for(&fixture->loop, 20);
    assert_int_equal(peer_reads(fixture, bytes, sizeof(bytes)), 3);
    assert_int_equal(peer_reads(fixture, bytes, sizeof(bytes)), 0);
    assert_false(fixture->has_ended);
    peer_sends(fixture, "ignored", 7);
    turn_for(&fixture->loop, 10);
    assert_input(fixture, "");
    peer_closes(fixture);
    assert_true(turn_until(&fixture->loop, &fixture->has_ended, PATIENCE_MS));
    assert_int_equal(fixture->end, SC_CONN_END_LOCAL);
}

static void a_peer_that_does_not_close_is_left_after_a_while(void **state)
{
    fixture_t *fixture = *state;

    sc_conn_close(fixture->conn);
    turn_for(&fixture->loop, LINGER_MS / 2);
    assert_false(fixture->has_ended);
    assert_true(turn_until(&fixture->loop, &fixture->has_ended, PATIENCE_MS));
    assert_int_equal(fixture->end, SC_CONN_END_LOCAL);
}

static void a_peer_that_takes_nothing_is_left_after_a_while(void **state)
{
    fixture_t *fixture = *state;

    send_bytes(fixture, 2000000);
    sc_conn_close(fixture->conn);
    assert_true(turn_until(&fixture->loop, &fixture->has_ended, PATIENCE_MS));
    assert_int_equal(fixture->end, SC_CONN_END_ABORT);
}

static void a_peer_that_takes_slowly_gets_all(void **state)
{
    fixture_t *fixture = *state;
    char bytes[100000];
    size_t got = 0;

    send_bytes(fixture, 2000000);
    sc_conn_close(fixture->conn);
    while (got < 2000000 && !fixture->has_ended) {
        ssize_t count = peer_reads(fixture, bytes, sizeof(bytes));

        if (count > 0)
            got += (size_t)count;
        turn_for(&fixture->loop, LINGER_MS / 4);
    }
    assert_int_equal(got, 2000000);
}

static void close_now(fixture_t *fixture)
{
    sc_conn_close(fixture->conn);
}

static void abort_now(fixture_t *fixture)
{
    sc_conn_abort(fixture->conn);
    assert_false(fixture->has_ended);
}

static void a_handler_may_close_its_own_connection(void **state)
{
    fixture_t *fixture = *state;

    fixture->take_max = 2;
    fixture->on_input = close_now;
    peer_sends(fixture, "abcd", 4);
    turn_shortly(&fixture->loop);
    assert_input(fixture, "ab");
    assert_false(fixture->has_ended);
    peer_closes(fixture);
    assert_true(turn_until(&fixture->loop, &fixture->has_ended, PATIENCE_MS));
}

static void a_handler_may_abort_its_own_connection(void **state)
{
    fixture_t *fixture = *state;

    fixture->take_max = 2;
    fixture->on_input = abort_now;
    peer_sends(fixture, "abcd", 4);
    assert_true(turn_until(&fixture->loop, &fixture->has_ended, PATIENCE_MS));
    assert_input(fixture, "ab");
    assert_int_equal(fixture->end, SC_CONN_END_ABORT);
}

static void a_handler_may_abort_while_a_long_rest_is_given(void **state)
{
    fixture_t *fixture = *state;
    char bytes[50000];

    fixture->unit = 100000;
    memset(bytes, 'x', sizeof(bytes));
    peer_sends(fixture, bytes, sizeof(bytes));
    turn_shortly(&fixture->loop);
    assert_int_equal(fixture->conn->rest_len, sizeof(bytes));
    fixture->on_input = abort_now;
    peer_sends(fixture, bytes, sizeof(bytes));
    assert_true(turn_until(&fixture->loop, &fixture->has_ended, PATIENCE_MS));
}

static void a_closed_connection_that_was_paused_still_sees_the_peer_close(void **state)
{
    fixture_t *fixture = *state;

    fixture->net.linger_ms = 2 * PATIENCE_MS; /* it is not that which ends it */
    sc_conn_pause(fixture->conn);
    peer_sends(fixture, "abc", 3);
    turn_shortly(&fixture->loop);
    sc_conn_close(fixture->conn);
    turn_shortly(&fixture->loop);
    peer_closes(fixture);
    assert_true(turn_until(&fixture->loop, &fixture->has_ended, PATIENCE_MS));
    assert_input(fixture, "");
}

static void open_connections_end_with_the_net(void **state)
{
    fixture_t *fixture = *state; /* tear_down asserts it; here everything is pending */

    fixture->unit = 10;
    peer_sends(fixture, "abc", 3);
    turn_shortly(&fixture->loop);
    send_bytes(fixture, 1000000);
    sc_conn_pause(fixture->conn);
    sc_conn_resume(fixture->conn);
}

/* ---- The rest ---------------------------------------------------------------------------------------------- */

static void a_connection_is_small(void **state)
{
    (void)state;
    assert_true(sizeof(sc_conn_t) <= 300);
}

static const sc_conn_handler_t silent_handler = {.on_bytes = NULL, .on_end = NULL};

static void the_peers_address_is_given_as_text(void **state)
{
    fixture_t *fixture = *state;
    struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_ANY_INIT};
    struct sockaddr_in to = {.sin_family = AF_INET};
    socklen_t len = sizeof(address);
    int listener = socket(AF_INET6, SOCK_STREAM, 0);
    int client = socket(AF_INET, SOCK_STREAM, 0);
    char text[INET6_ADDRSTRLEN] = "x";
    int off = 0;
    sc_conn_t *conn;

    sc_conn_peer_address(fixture->conn, text, sizeof(text));
    assert_string_equal(text, "");
    if (listener < 0)
        skip(); /* a machine without IPv6 */
    assert_int_equal(setsockopt(listener, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)), 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &len), 0);
    to.sin_port = address.sin6_port;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(connect(client, (struct sockaddr *)&to, sizeof(to)), 0);
    conn = sc_conn_open(&fixture->net, accept4(listener, NULL, NULL, SOCK_NONBLOCK),
                        &silent_handler, NULL);
    sc_conn_peer_address(conn, text, sizeof(text));
    assert_string_equal(text, "127.0.0.1");
    close(client);
    close(listener);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_the_handler_leaves_comes_again_in_front, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(newcomers_that_take_long_are_served_in_several_turns,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_connection_that_was_admitted_does_not_wait_for_newcomers,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_handler_is_asked_until_it_needs_more, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_connection_without_a_rest_owns_no_input, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_long_unit_is_put_together, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_short_rest_does_not_keep_a_long_buffer, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_declared_length_alone_costs_no_memory, set_up, tear_down),
        cmocka_unit_test_setup_teardown(another_handler_gets_what_the_first_has_left, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(another_handler_gets_all_that_the_first_did_not_touch,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(another_handler_gets_a_kept_rest, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_paused_connection_reads_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_kept_rest_is_given_after_a_pause_though_nothing_comes,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_pause_that_is_over_within_the_handler_changes_nothing,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_rest_is_given_though_the_socket_becomes_full_meanwhile,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_comes_behind_a_kept_rest_stays_in_order, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(frames_of_a_turn_go_out_with_one_system_call, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(many_frames_go_out_in_one_turn, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_slow_reader_gets_everything_in_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_full_socket_is_not_tried_again_before_it_takes_more,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_reader_that_is_too_slow_is_ended, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_reader_that_keeps_up_may_get_more_than_the_backlog,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_peer_that_closes_ends_the_connection, set_up, tear_down),
        cmocka_unit_test_setup_teardown(writing_to_a_peer_that_has_gone_ends_the_connection, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(closing_writes_what_is_queued_and_waits_for_the_peer,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_peer_that_does_not_close_is_left_after_a_while, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_peer_that_takes_nothing_is_left_after_a_while, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_peer_that_takes_slowly_gets_all, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_handler_may_close_its_own_connection, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_handler_may_abort_its_own_connection, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_handler_may_abort_while_a_long_rest_is_given, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(
            a_closed_connection_that_was_paused_still_sees_the_peer_close, set_up, tear_down),
        cmocka_unit_test_setup_teardown(open_connections_end_with_the_net, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_connection_is_small, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_peers_address_is_given_as_text, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
