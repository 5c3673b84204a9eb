#include "common/control.h"

#include "common/alloc.h"
#include "common/log.h"
#include "common/str.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

/* One end in the loop; the other in the loop as well, or plain for bytes of the test's own. */
typedef struct fixture {
    sc_loop_t loop;
    sc_control_t *ours;
    sc_control_t *theirs;
    int their_fd;
    sc_text_t told; /* "ready closed" */
    int stop_after;
    bool closes_itself;
    sc_wheel_timer_t guard;
} fixture_t;

static fixture_t fixture;

static void tell(const char *what)
{
    sc_text_addf(&fixture.told, "%s%s", fixture.told.len > 0 ? " " : "", what);
    if (--fixture.stop_after == 0)
        sc_loop_stop(&fixture.loop);
}

static void on_message(sc_control_t *control, const char *type, const json_t *message, void *arg)
{
    (void)arg;
    assert_true(json_is_object(message));
    if (fixture.closes_itself) {
        sc_control_close(control);
        fixture.ours = NULL;
    }
    tell(type);
}

static void on_closed(sc_control_t *control, void *arg)
{
    (void)arg;
    sc_control_close(control);
    if (control == fixture.ours)
        fixture.ours = NULL;
    else
        fixture.theirs = NULL;
    tell("closed");
}

static void on_guard(sc_wheel_timer_t *timer)
{
    (void)timer;
    sc_loop_stop(&fixture.loop);
}

static int set_up(void **state)
{
    int fds[2];

    (void)state;
    memset(&fixture, 0, sizeof(fixture));
    sc_log_init("test", SC_LOG_ERROR, SC_LOG_TEXT);
    if (sc_loop_init(&fixture.loop) != SC_OK || sc_control_pair(fds) != SC_OK)
        return -1;
    fixture.ours = sc_control_open(&fixture.loop, fds[0], on_message, on_closed, NULL);
    fixture.their_fd = fds[1];
    sc_wheel_timer_init(&fixture.guard, on_guard);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    sc_control_close(fixture.ours);
    sc_control_close(fixture.theirs);
    if (fixture.their_fd >= 0)
        close(fixture.their_fd);
    sc_text_free(&fixture.told);
    sc_loop_deinit(&fixture.loop);
    return 0;
}

static void open_theirs(void)
{
    fixture.theirs = sc_control_open(&fixture.loop, fixture.their_fd, on_message, on_closed, NULL);
    fixture.their_fd = -1;
}

/* Turns until so many things were told, or a second is over. */
static void run_until(int count)
{
    fixture.stop_after = count;
    fixture.loop.is_stopping = false;
    sc_wheel_start(&fixture.loop.wheel, &fixture.guard, 1000);
    sc_loop_run(&fixture.loop);
    sc_wheel_stop(&fixture.loop.wheel, &fixture.guard);
}

static void assert_told(const char *expected)
{
    if (!sc_str_equal(sc_text_str(&fixture.told), sc_str_from(expected)))
        fail_msg("told \"%.*s\", not \"%s\"", SC_STR_ARG(sc_text_str(&fixture.told)), expected);
}

static void send_bytes(sc_str_t bytes)
{
    assert_int_equal(send(fixture.their_fd, bytes.ptr, bytes.len, 0), (ssize_t)bytes.len);
}

static sc_text_t framed(const char *json)
{
    uint32_t len = htonl((uint32_t)strlen(json));
    sc_text_t text = {0};

    sc_text_add(&text, sc_str((const char *)&len, 4));
    sc_text_add(&text, sc_str_from(json));
    return text;
}

static void messages_arrive_in_order(void **state)
{
    (void)state;
    open_theirs();
    sc_control_send_type(fixture.ours, "stop");
    sc_control_send_type(fixture.ours, "drain");
    sc_control_send_type(fixture.theirs, "ready");
    run_until(3);
    assert_true(strcmp(fixture.told.ptr, "") != 0);
    assert_non_null(memmem(fixture.told.ptr, fixture.told.len, "stop drain", 10));
    assert_non_null(memmem(fixture.told.ptr, fixture.told.len, "ready", 5));
}

static void a_message_cut_at_any_byte_arrives_whole(void **state)
{
    sc_text_t two = framed("{\"type\":\"ready\"}");
    sc_text_t second = framed("{\"type\":\"request\",\"id\":1}");

    (void)state;
    sc_text_add(&two, sc_text_str(&second));
    for (size_t cut = 0; cut <= two.len; cut++) {
        sc_text_clear(&fixture.told);
        send_bytes(sc_str(two.ptr, cut));
        for (int turn = 0; turn < 2; turn++)
            event_base_loop(fixture.loop.base, EVLOOP_NONBLOCK);
        send_bytes(sc_str(two.ptr + cut, two.len - cut));
        for (int turn = 0; turn < 2; turn++)
            event_base_loop(fixture.loop.base, EVLOOP_NONBLOCK);
        assert_told("ready request");
    }
    sc_text_free(&two);
    sc_text_free(&second);
}

/* Larger than a socket's buffer: it has to wait for the reader. */
static void a_message_of_megabytes_arrives(void **state)
{
    char *large = malloc(5000001);

    (void)state;
    memset(large, 'x', 5000000);
    large[5000000] = '\0';
    open_theirs();
    sc_control_send(fixture.ours, json_pack("{s:s,s:s}", "type", "relay", "data", large));
    sc_control_send_type(fixture.ours, "after");
    run_until(2);
    assert_told("relay after");
    free(large);
}

static void the_end_of_the_other_side_is_told_after_its_last_message(void **state)
{
    sc_text_t ready = framed("{\"type\":\"ready\"}");

    (void)state;
    send_bytes(sc_text_str(&ready));
    close(fixture.their_fd);
    fixture.their_fd = -1;
    run_until(2);
    assert_told("ready closed");
    assert_null(fixture.ours);
    sc_text_free(&ready);
}

static void assert_breaks(const char *bytes, size_t len)
{
    send_bytes(sc_str(bytes, len));
    run_until(1);
    assert_told("closed");
}

static void a_length_over_the_limit_breaks_the_link(void **state)
{
    (void)state;
    assert_breaks("\x7f\xff\xff\xff", 4);
}

static void a_message_that_is_no_json_breaks_the_link(void **state)
{
    (void)state;
    assert_breaks("\0\0\0\3{x}", 7);
}

static void a_message_without_a_type_breaks_the_link(void **state)
{
    (void)state;
    assert_breaks("\0\0\0\2[]", 6);
}

static void a_link_may_be_closed_from_within_its_callback(void **state)
{
    sc_text_t two = framed("{\"type\":\"ready\"}");
    sc_text_t again = framed("{\"type\":\"again\"}");

    (void)state;
    fixture.closes_itself = true;
    sc_text_add(&two, sc_text_str(&again));
    send_bytes(sc_text_str(&two));
    run_until(1);
    assert_told("ready");
    assert_null(fixture.ours);
    sc_text_free(&two);
    sc_text_free(&again);
}

static void sending_to_a_side_that_has_gone_does_no_harm(void **state)
{
    (void)state;
    close(fixture.their_fd);
    fixture.their_fd = -1;
    sc_control_send_type(fixture.ours, "stop");
    sc_control_send_type(fixture.ours, "stop");
    run_until(1);
    assert_told("closed");
}

static void a_side_that_never_reads_is_given_up(void **state)
{
    char *large = malloc(8000001);

    (void)state;
    memset(large, 'x', 8000000);
    large[8000000] = '\0';
    for (int i = 0; i < 10; i++)
        sc_control_send(fixture.ours, json_pack("{s:s,s:s}", "type", "relay", "data", large));
    run_until(1);
    assert_told("closed");
    free(large);
}

#define CONTROL_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CONTROL_TEST(messages_arrive_in_order),
        CONTROL_TEST(a_message_cut_at_any_byte_arrives_whole),
        CONTROL_TEST(a_message_of_megabytes_arrives),
        CONTROL_TEST(the_end_of_the_other_side_is_told_after_its_last_message),
        CONTROL_TEST(a_length_over_the_limit_breaks_the_link),
        CONTROL_TEST(a_message_that_is_no_json_breaks_the_link),
        CONTROL_TEST(a_message_without_a_type_breaks_the_link),
        CONTROL_TEST(a_link_may_be_closed_from_within_its_callback),
        CONTROL_TEST(sending_to_a_side_that_has_gone_does_no_harm),
        CONTROL_TEST(a_side_that_never_reads_is_given_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
