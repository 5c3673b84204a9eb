/*
 * test_ws_farewell.c: the end of a WebSocket over a socket pair, in a real loop: what the client says before it answers
 * our close frame, and when the connection is shut down.
 */
#include "loop_fixture.h"
#include "worker/ws/ws_farewell.h"
#include "worker/ws/ws_frame.h"

#include <sc/json.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define LINGER_MS 200u
#define LONG_BYTES 300u

typedef struct fixture {
    sc_loop_t loop;
    sc_net_t net;
    sc_conn_t *conn;
    int peer; /* does not block; -1: closed */
} fixture_t;

static size_t leave_bytes(sc_conn_t *conn, char *bytes, size_t len)
{
    (void)conn, (void)bytes, (void)len;
    return 0;
}

static const sc_conn_handler_t first_handler = {.on_bytes = leave_bytes};

static void open_conn(fixture_t *fixture)
{
    int fds[2];

    assert_int_equal(sc_loop_init(&fixture->loop), SC_OK);
    sc_net_init(&fixture->net, &fixture->loop, 4000000, 60000);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    fixture->peer = fds[1];
    fixture->conn = sc_conn_open(&fixture->net, fds[0], &first_handler, NULL);
    assert_non_null(fixture->conn);
}

static void start(fixture_t *fixture, size_t backlog_bytes)
{
    sc_buf_t *frame = sc_buf_new(backlog_bytes);

    memset(frame->bytes, 'x', backlog_bytes);
    sc_conn_send(fixture->conn, frame);
    sc_buf_unref(frame);
    sc_ws_farewell_start(fixture->conn);
}

static void set_up(fixture_t *fixture)
{
    open_conn(fixture);
    start(fixture, 1);
}

static void tear_down(fixture_t *fixture)
{
    sc_net_deinit(&fixture->net);
    assert_int_equal(fixture->net.conn_count, 0);
    sc_loop_deinit(&fixture->loop);
    if (fixture->peer >= 0)
        close(fixture->peer);
}

static void peer_sends(fixture_t *fixture, const char *bytes, size_t len)
{
    assert_int_equal(write(fixture->peer, bytes, len), (ssize_t)len);
    turn_shortly(&fixture->loop);
}

/** Reads all that has come. @return whether the end of it has, too. */
static bool peer_sees_the_end(const fixture_t *fixture)
{
    char bytes[4096];
    ssize_t count;

    do {
        count = read(fixture->peer, bytes, sizeof(bytes));
    } while (count > 0);
    return count == 0;
}

static bool is_over(const fixture_t *fixture)
{
    return fixture->net.conn_count == 0;
}

static void turn_until_over(fixture_t *fixture, uint32_t timeout_ms)
{
    for (uint32_t i = 0; i < timeout_ms && !is_over(fixture); i++)
        turn_for(&fixture->loop, 1);
    assert_true(is_over(fixture));
}

/* What a client may still have on its way: a message, one of 300 bytes, one of none, a ping; a payload that looks like a
 * close frame; and then its close frame. */
static sc_str_t last_words(sc_text_t *words)
{
    static const char mask[4] = {0};
    char long_payload[LONG_BYTES] = {0};

    sc_text_add(words, sc_str("\x81\x82\1\2\3\4ab", 8));
    sc_text_add(words, sc_str("\x82\xfe\x01\x2c", 4));
    sc_text_add(words, sc_str(mask, 4));
    sc_text_add(words, sc_str(long_payload, LONG_BYTES));
    sc_text_add(words, sc_str("\x81\x80\0\0\0\0", 6));
    sc_text_add(words, sc_str("\x89\x80\0\0\0\0", 6));
    sc_text_add(words, sc_str("\x82\x88\0\0\0\0\x88\x82\0\0\0\0\x03\xe8", 14));
    sc_text_add(words, sc_str("\x88\x82\0\0\0\0\x03\xe8", 8));
    return sc_text_str(words);
}

#define CLOSE_BYTES 8u /* at the end of the last words */

static void nothing_is_shut_down_before_the_client_has_answered(void **state)
{
    sc_text_t words = {NULL, 0, 0};
    sc_str_t all = last_words(&words);
    fixture_t fixture;

    (void)state;
    set_up(&fixture);
    turn_shortly(&fixture.loop);
    assert_false(peer_sees_the_end(&fixture));
    peer_sends(&fixture, all.ptr, all.len - CLOSE_BYTES);
    assert_false(peer_sees_the_end(&fixture));
    peer_sends(&fixture, all.ptr + all.len - CLOSE_BYTES, CLOSE_BYTES);
    assert_true(peer_sees_the_end(&fixture));
    sc_text_free(&words);
    tear_down(&fixture);
}

static void an_answer_is_found_byte_by_byte(void **state)
{
    sc_text_t words = {NULL, 0, 0};
    sc_str_t all = last_words(&words);
    fixture_t fixture;

    (void)state;
    set_up(&fixture);
    for (size_t i = 0; i < all.len; i++) {
        /* Its code nobody needs. */
        bool has_header = i >= all.len - 2;

        if (!has_header)
            assert_false(peer_sees_the_end(&fixture));
        peer_sends(&fixture, all.ptr + i, 1);
    }
    assert_true(peer_sees_the_end(&fixture));
    sc_text_free(&words);
    tear_down(&fixture);
}

static void an_answer_is_found_wherever_it_is_cut(void **state)
{
    sc_text_t words = {NULL, 0, 0};
    sc_str_t all = last_words(&words);

    (void)state;
    for (size_t cut = 1; cut < all.len; cut++) {
        fixture_t fixture;

        set_up(&fixture);
        peer_sends(&fixture, all.ptr, cut);
        peer_sends(&fixture, all.ptr + cut, all.len - cut);
        assert_true(peer_sees_the_end(&fixture));
        tear_down(&fixture);
    }
    sc_text_free(&words);
}

static void a_client_that_goes_ends_it(void **state)
{
    fixture_t fixture;

    (void)state;
    set_up(&fixture);
    close(fixture.peer);
    fixture.peer = -1;
    turn_until_over(&fixture, 1000);
    tear_down(&fixture);
}

static void what_is_no_frame_shuts_down_at_once(void **state)
{
    fixture_t fixture;

    (void)state;
    set_up(&fixture);
    peer_sends(&fixture, "\x82\xfe\x00\x01\0\0\0\0", 8); /* a length not in its shortest form */
    turn_shortly(&fixture.loop);
    assert_true(peer_sees_the_end(&fixture));
    tear_down(&fixture);
}

static void a_client_that_does_not_answer_is_left_after_a_while(void **state)
{
    fixture_t fixture;

    (void)state;
    open_conn(&fixture);
    fixture.net.linger_ms = LINGER_MS;
    start(&fixture, 1);
    turn_for(&fixture.loop, LINGER_MS / 2);
    assert_false(peer_sees_the_end(&fixture));
    turn_until_over(&fixture, 2000);
    assert_true(peer_sees_the_end(&fixture));
    tear_down(&fixture);
}

static void a_client_that_takes_nothing_is_left_after_a_while(void **state)
{
    fixture_t fixture;

    (void)state;
    open_conn(&fixture);
    fixture.net.linger_ms = LINGER_MS;
    start(&fixture, 2000000);
    turn_for(&fixture.loop, LINGER_MS / 2);
    assert_false(is_over(&fixture));
    turn_until_over(&fixture, 4000);
    tear_down(&fixture);
}

static void a_paused_connection_is_read_again(void **state)
{
    sc_text_t words = {NULL, 0, 0};
    sc_str_t all = last_words(&words);
    fixture_t fixture;

    (void)state;
    open_conn(&fixture);
    sc_conn_pause(fixture.conn);
    peer_sends(&fixture, all.ptr, all.len);
    turn_shortly(&fixture.loop);
    start(&fixture, 1);
    turn_for(&fixture.loop, 10);
    assert_true(peer_sees_the_end(&fixture));
    sc_text_free(&words);
    tear_down(&fixture);
}

static void a_payload_costs_no_memory(void **state)
{
    char bytes[10000] = {0};
    fixture_t fixture;

    (void)state;
    set_up(&fixture);
    peer_sends(&fixture, "\x82\xff\0\0\0\1\0\0\0\0", 10); /* four gigabytes, and the mask to come */
    peer_sends(&fixture, "\0\0\0\0", 4);
    for (int i = 0; i < 20; i++)
        peer_sends(&fixture, bytes, sizeof(bytes));
    assert_null(fixture.conn->rest);
    assert_false(is_over(&fixture));
    tear_down(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_shut_down_before_the_client_has_answered),
        cmocka_unit_test(an_answer_is_found_byte_by_byte),
        cmocka_unit_test(an_answer_is_found_wherever_it_is_cut),
        cmocka_unit_test(a_client_that_goes_ends_it),
        cmocka_unit_test(what_is_no_frame_shuts_down_at_once),
        cmocka_unit_test(a_client_that_does_not_answer_is_left_after_a_while),
        cmocka_unit_test(a_client_that_takes_nothing_is_left_after_a_while),
        cmocka_unit_test(a_paused_connection_is_read_again),
        cmocka_unit_test(a_payload_costs_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
