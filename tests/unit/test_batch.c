/*
 * test_batch.c: what waits, for how long, and in which frames it goes out: a socket over a socket pair, in a real loop.
 */
#include "worker/protocol/batch.h"

#include "common/alloc.h"
#include "loop_fixture.h"
#include "worker/worker.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define BACKLOG_MAX 4000000u
#define LONG_MS 60000u

typedef struct fixture {
    sc_worker_t *worker;
    sc_socket_t *socket;
    int peer;
    char bytes[300000];
} fixture_t;

static size_t on_bytes(sc_conn_t *conn, char *bytes, size_t len)
{
    (void)conn, (void)bytes;
    return len;
}

static void on_end(sc_conn_t *conn, sc_conn_end_t why)
{
    (void)conn, (void)why;
}

static const sc_conn_handler_t handler = {.on_bytes = on_bytes, .on_end = on_end};

static int setup(void **state)
{
    fixture_t *fixture = sc_new(fixture_t);
    sc_worker_t *worker = sc_new(sc_worker_t);
    int fds[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    assert_int_equal(sc_loop_init(&worker->loop), SC_OK);
    sc_net_init(&worker->net, &worker->loop, BACKLOG_MAX, 100);
    fixture->worker = worker;
    fixture->peer = fds[1];
    fixture->socket = sc_new(sc_socket_t);
    fixture->socket->worker = worker;
    fixture->socket->state = SC_SOCKET_OPEN;
    fixture->socket->codec = &sc_codec_json;
    fixture->socket->conn = sc_conn_open(&worker->net, fds[0], &handler, NULL);
    assert_non_null(fixture->socket->conn);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    fixture_t *fixture = *state;

    sc_batch_drop(fixture->socket);
    sc_net_deinit(&fixture->worker->net);
    assert_int_equal(fixture->worker->loop.wheel.count, 0);
    sc_loop_deinit(&fixture->worker->loop);
    free(fixture->worker);
    free(fixture->socket);
    close(fixture->peer);
    free(fixture);
    return 0;
}

static void send_answer(fixture_t *fixture, int rid)
{
    char text[16];
    int len = snprintf(text, sizeof(text), "%d", rid);

    sc_socket_send_new_frame(fixture->socket,
                             fixture->socket->codec->write_answer(sc_str(text, (size_t)len),
                                                                  sc_str_none(), sc_str_none()));
}

/* What has come since the last call, as the payloads of its frames with a space behind each. */
static const char *came(fixture_t *fixture)
{
    static char text[300000];
    ssize_t len;
    size_t at = 0;
    size_t text_len = 0;

    turn_shortly(&fixture->worker->loop);
    len = read(fixture->peer, fixture->bytes, sizeof(fixture->bytes));
    while (len > 0 && at < (size_t)len) {
        sc_ws_frame_t frame;

        assert_int_equal(sc_ws_frame_parse(fixture->bytes + at, (size_t)len - at, &frame), SC_OK);
        at += frame.header_bytes;
        memcpy(text + text_len, fixture->bytes + at, (size_t)frame.payload_bytes);
        at += (size_t)frame.payload_bytes;
        text_len += (size_t)frame.payload_bytes;
        text[text_len++] = ' ';
    }
    text[text_len] = '\0';
    return text;
}

static void what_comes_waits_until_it_is_flushed(void **state)
{
    fixture_t *fixture = *state;

    fixture->socket->has_sent_array = true;
    sc_batch_open(fixture->socket, LONG_MS, LONG_MS);
    send_answer(fixture, 1);
    send_answer(fixture, 2);
    assert_string_equal(came(fixture), "");
    sc_batch_flush(fixture->socket);
    assert_string_equal(came(fixture), "[{\"rid\":1},{\"rid\":2}] ");
    sc_batch_flush(fixture->socket);
    assert_string_equal(came(fixture), "");
    assert_int_equal(fixture->worker->array_count, 1);
}

static void one_packet_alone_needs_no_array(void **state)
{
    fixture_t *fixture = *state;

    fixture->socket->version = 2;
    sc_batch_open(fixture->socket, LONG_MS, LONG_MS);
    send_answer(fixture, 1);
    sc_batch_flush(fixture->socket);
    assert_string_equal(came(fixture), "{\"rid\":1} ");
    assert_int_equal(fixture->worker->array_count, 0);
}

static void nothing_waits_for_a_client_that_may_not_know_arrays(void **state)
{
    fixture_t *fixture = *state;

    sc_batch_open(fixture->socket, LONG_MS, LONG_MS);
    send_answer(fixture, 1);
    fixture->socket->version = 1;
    send_answer(fixture, 2);
    assert_string_equal(came(fixture), "{\"rid\":1} {\"rid\":2} ");
    fixture->socket->has_sent_array = true;
    send_answer(fixture, 3);
    assert_string_equal(came(fixture), "");
}

static void what_waits_goes_out_after_its_interval(void **state)
{
    fixture_t *fixture = *state;

    fixture->socket->has_sent_array = true;
    sc_batch_open(fixture->socket, LONG_MS, 1);
    send_answer(fixture, 1);
    send_answer(fixture, 2);
    turn_for(&fixture->worker->loop, 100);
    assert_string_equal(came(fixture), "[{\"rid\":1},{\"rid\":2}] ");
    assert_non_null(fixture->socket->batch);
}

static void it_ends_by_itself_and_takes_nothing_along(void **state)
{
    fixture_t *fixture = *state;

    fixture->socket->has_sent_array = true;
    sc_batch_open(fixture->socket, 1, LONG_MS);
    send_answer(fixture, 1);
    send_answer(fixture, 2);
    turn_for(&fixture->worker->loop, 100);
    assert_string_equal(came(fixture), "[{\"rid\":1},{\"rid\":2}] ");
    assert_null(fixture->socket->batch);
    send_answer(fixture, 3);
    assert_string_equal(came(fixture), "{\"rid\":3} ");
}

static void one_that_is_open_stays(void **state)
{
    fixture_t *fixture = *state;
    const sc_batch_t *first;

    sc_batch_open(fixture->socket, LONG_MS, LONG_MS);
    first = fixture->socket->batch;
    sc_batch_open(fixture->socket, 1, 1);
    assert_ptr_equal(fixture->socket->batch, first);
}

static void an_ended_socket_gets_none(void **state)
{
    fixture_t *fixture = *state;

    fixture->socket->state = SC_SOCKET_ENDED;
    sc_batch_open(fixture->socket, LONG_MS, LONG_MS);
    assert_null(fixture->socket->batch);
}

static void what_is_dropped_never_goes_out(void **state)
{
    fixture_t *fixture = *state;

    fixture->socket->has_sent_array = true;
    sc_batch_open(fixture->socket, LONG_MS, LONG_MS);
    send_answer(fixture, 1);
    sc_batch_drop(fixture->socket);
    assert_null(fixture->socket->batch);
    assert_string_equal(came(fixture), "");
}

/* A ping, a control frame, a compressed packet: none can be part of an array, and none overtakes. */
static void what_is_no_plain_packet_goes_by_itself_behind_what_waits(void **state)
{
    fixture_t *fixture = *state;
    static const unsigned char firsts[] = {0x89, 0xc1};
    sc_buf_t *ping = sc_codec_json.write_ping_v1();

    fixture->socket->has_sent_array = true;
    sc_batch_open(fixture->socket, LONG_MS, LONG_MS);
    for (size_t i = 0; i < sizeof(firsts); i++) {
        sc_buf_t *frame = sc_ws_frame_new(SC_WS_TEXT, SC_STR("apart"));

        frame->bytes[0] = (char)firsts[i];
        send_answer(fixture, 1);
        send_answer(fixture, 2);
        sc_socket_send_new_frame(fixture->socket, frame);
        assert_string_equal(came(fixture), "[{\"rid\":1},{\"rid\":2}] apart ");
    }
    send_answer(fixture, 1);
    sc_socket_send_apart(fixture->socket, ping);
    sc_buf_unref(ping);
    assert_string_equal(came(fixture), "{\"rid\":1} #1 ");
}

static void so_many_packets_go_out_before_their_time(void **state)
{
    fixture_t *fixture = *state;

    fixture->socket->has_sent_array = true;
    sc_batch_open(fixture->socket, LONG_MS, LONG_MS);
    for (unsigned i = 0; i < SC_BATCH_FRAMES_MAX; i++)
        send_answer(fixture, 1);
    assert_string_equal(came(fixture), "");
    send_answer(fixture, 2);
    assert_memory_equal(came(fixture), "[{\"rid\":1},", 11);
    assert_int_equal(fixture->socket->batch->count, 1);
}

static void so_many_bytes_go_out_before_their_time(void **state)
{
    fixture_t *fixture = *state;
    char *data = sc_alloc_zeroed(1, 30002);

    memset(data, 'x', 30002);
    data[0] = data[30001] = '"';
    fixture->socket->has_sent_array = true;
    sc_batch_open(fixture->socket, LONG_MS, LONG_MS);
    for (int i = 0; i < 3; i++)
        sc_socket_send_new_frame(
            fixture->socket,
            sc_codec_json.write_answer(SC_STR("1"), sc_str_none(), sc_str(data, 30002)));
    assert_int_equal(fixture->socket->batch->count, 1);
    assert_memory_equal(came(fixture), "[{\"rid\":1,", 10);
    free(data);
}

static void a_packet_too_long_to_wait_goes_behind_what_waits(void **state)
{
    fixture_t *fixture = *state;
    char *data = sc_alloc_zeroed(1, 70000);
    const char *text;

    memset(data, '1', 70000);
    fixture->socket->has_sent_array = true;
    sc_batch_open(fixture->socket, LONG_MS, LONG_MS);
    send_answer(fixture, 1);
    send_answer(fixture, 2);
    sc_socket_send_new_frame(fixture->socket, sc_codec_json.write_answer(SC_STR("3"), sc_str_none(),
                                                                         sc_str(data, 70000)));
    text = came(fixture);
    assert_memory_equal(text, "[{\"rid\":1},{\"rid\":2}] {\"rid\":3,", 31);
    assert_int_equal(fixture->socket->batch->count, 0);
    free(data);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_comes_waits_until_it_is_flushed),
        TEST(one_packet_alone_needs_no_array),
        TEST(nothing_waits_for_a_client_that_may_not_know_arrays),
        TEST(what_waits_goes_out_after_its_interval),
        TEST(it_ends_by_itself_and_takes_nothing_along),
        TEST(one_that_is_open_stays),
        TEST(an_ended_socket_gets_none),
        TEST(what_is_dropped_never_goes_out),
        TEST(what_is_no_plain_packet_goes_by_itself_behind_what_waits),
        TEST(so_many_packets_go_out_before_their_time),
        TEST(so_many_bytes_go_out_before_their_time),
        TEST(a_packet_too_long_to_wait_goes_behind_what_waits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
