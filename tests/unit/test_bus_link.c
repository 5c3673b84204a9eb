#include "common/bus_link.h"
#include "common/log.h"

#include "link_end.h"
#include "loop_fixture.h"

#include <fcntl.h>
#include <nanomsg/nn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define TURNS_MAX 20000
#define PATIENCE_MS 20000

static sc_loop_t loop;
static char runtime_dir[64];
static link_end_t broker;
static link_end_t worker;

static int set_up(void **state)
{
    (void)state;
    sc_log_init("test", SC_LOG_ERROR + 1, SC_LOG_TEXT);
    assert_int_equal(sc_loop_init(&loop), SC_OK);
    make_runtime_dir(runtime_dir);
    link_end_open(&broker, &loop, runtime_dir, 0, 0, true);
    link_end_open(&worker, &loop, runtime_dir, 0, 0, false);
    link_end_meet(&broker);
    link_end_meet(&worker);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    link_end_close(&worker);
    link_end_close(&broker);
    remove_runtime_dir(runtime_dir);
    sc_loop_deinit(&loop);
    return 0;
}

/* Until nothing is under way any more. */
static void settle(void)
{
    for (int i = 0; i == 0 || (i < TURNS_MAX && !link_is_settled(&broker.link, &worker.link)); i++)
        turn_shortly(&loop);
    assert_true(link_is_settled(&broker.link, &worker.link));
}

static void both_sides_get_to_know_each_other(void **state)
{
    (void)state;
    assert_int_equal(broker.link.instance, worker.link.setup.instance);
    assert_int_equal(worker.link.instance, broker.link.setup.instance);
    assert_int_equal(broker.instance_count, 1);
    assert_int_equal(worker.instance_count, 1);
}

static void what_is_added_in_a_turn_is_one_batch_in_order(void **state)
{
    uint64_t batches = broker.link.batches_received;

    (void)state;
    link_end_send(&worker, SC_BUS_SUBSCRIBE, "a", NULL);
    link_end_send(&worker, SC_BUS_PLUGIN, "p", "x");
    link_end_send(&worker, SC_BUS_UNSUBSCRIBE, "", NULL);
    link_end_expect(&broker, "SUBSCRIBE a;PLUGIN p=x;UNSUBSCRIBE ;");
    assert_int_equal(broker.link.batches_received, batches + 1);
}

static void an_idle_link_sends_nothing(void **state)
{
    uint64_t batches;

    (void)state;
    settle();
    batches = worker.link.batches_sent + broker.link.batches_sent;
    turn_for(&loop, 500);
    assert_int_equal(worker.link.batches_sent + broker.link.batches_sent, batches);
}

static void a_record_longer_than_a_batch_goes_by_itself(void **state)
{
    size_t len = 2 * SC_BUS_BATCH_BYTES_MAX;
    char *data = malloc(len + 1);

    (void)state;
    memset(data, 'x', len);
    data[len] = '\0';
    link_end_send(&worker, SC_BUS_SUBSCRIBE, "a", NULL);
    link_end_send(&worker, SC_BUS_PLUGIN, "p", data);
    link_end_send(&worker, SC_BUS_SUBSCRIBE, "b", NULL);
    link_end_expect(&broker, "SUBSCRIBE a;PLUGIN p=2097152 bytes;SUBSCRIBE b;");
    free(data);
}

static void the_number_of_a_batch_is_confirmed_once_it_was_dealt_with(void **state)
{
    sc_bus_record_t record = {.type = SC_BUS_SUBSCRIBED, .name = {"a", 1}};
    uint64_t seq;

    (void)state;
    worker.confirms = true;
    seq = sc_bus_link_add(&broker.link, &record);
    assert_true(seq > 0);
    link_end_expect(&worker, "SUBSCRIBED a;");
    settle();
    assert_int_equal(broker.confirmed, seq);
}

static void a_record_that_was_put_off_comes_again_with_all_behind_it(void **state)
{
    (void)state;
    link_end_send(&worker, SC_BUS_SUBSCRIBE, "a", NULL);
    link_end_expect(&broker, "SUBSCRIBE a;");
    broker.puts_off = true;
    link_end_send(&worker, SC_BUS_SUBSCRIBE, "b", NULL);
    link_end_send(&worker, SC_BUS_SUBSCRIBE, "c", NULL);
    settle();
    link_end_send(&worker, SC_BUS_SUBSCRIBE, "d", NULL);
    link_end_expect(&broker, "");
    broker.puts_off = false;
    sc_bus_link_resume(&broker.link);
    link_end_expect(&broker, "SUBSCRIBE b;SUBSCRIBE c;SUBSCRIBE d;");
}

static void batches_wait_for_a_side_that_does_not_read_and_keep_their_order(void **state)
{
    static char data[60000];
    char expected[4096] = "";

    (void)state;
    memset(data, 'x', sizeof(data) - 1);
    broker.puts_off = true;
    for (int i = 0; i < 50; i++) {
        char name[2] = {(char)('A' + i), '\0'};

        link_end_send(&worker, SC_BUS_PLUGIN, name, data);
        turn_for(&loop, 1);
        strcat(strcat(strcat(expected, "PLUGIN "), name), "=59999 bytes;");
    }
    assert_true(worker.link.queue_bytes > 0);
    broker.puts_off = false;
    sc_bus_link_resume(&broker.link);
    link_end_expect(&broker, expected);
    settle();
    assert_int_equal(worker.link.queue_bytes, 0);
    assert_int_equal(worker.failed_count, 0);
}

static void a_side_that_never_reads_fails_the_link_at_the_limit(void **state)
{
    static char data[1 << 20];
    sc_bus_record_t record = {.type = SC_BUS_SUBSCRIBE};

    (void)state;
    memset(data, 'x', sizeof(data) - 1);
    broker.puts_off = true;
    for (int i = 0; i < 12 && worker.failed_count == 0; i++) {
        link_end_send(&worker, SC_BUS_PLUGIN, "p", data);
        turn_for(&loop, 1);
    }
    assert_int_equal(worker.failed_count, 1);
    assert_int_equal(worker.link.queue_bytes, 0);
    assert_int_equal(sc_bus_link_add(&worker.link, &record), 0);
}

static void a_new_process_on_the_other_side_is_noticed_and_counts_begin_anew(void **state)
{
    (void)state;
    link_end_send(&worker, SC_BUS_SUBSCRIBE, "a", NULL);
    link_end_expect(&broker, "SUBSCRIBE a;");
    link_end_close(&broker);
    link_end_open(&broker, &loop, runtime_dir, 0, 0, true);
    link_end_meet(&broker);
    assert_int_equal(worker.instance_count, 2);
    link_end_send(&worker, SC_BUS_SUBSCRIBE, "b", NULL);
    link_end_expect(&broker, "SUBSCRIBE b;");
    link_end_send(&broker, SC_BUS_SUBSCRIBED, "b", NULL);
    link_end_expect(&worker, "SUBSCRIBED b;");
}

static void a_worker_that_was_forgotten_is_replaced_by_the_next_one(void **state)
{
    sc_bus_record_t record = {.type = SC_BUS_SUBSCRIBED};

    (void)state;
    link_end_close(&worker);
    sc_bus_link_forget(&broker.link);
    assert_false(sc_bus_link_is_known(&broker.link));
    assert_int_equal(sc_bus_link_add(&broker.link, &record), 0);
    link_end_open(&worker, &loop, runtime_dir, 0, 0, false);
    link_end_meet(&broker);
    link_end_meet(&worker);
    assert_int_equal(broker.instance_count, 2);
    link_end_send(&broker, SC_BUS_SUBSCRIBED, "c", NULL);
    link_end_expect(&worker, "SUBSCRIBED c;");
}

static void what_still_comes_from_a_worker_that_was_forgotten_is_void(void **state)
{
    uint64_t batches = broker.link.batches_received;

    (void)state;
    sc_bus_link_forget(&broker.link);
    /* The very same process: it connects again and again says who it is. */
    for (int i = 0; i < TURNS_MAX && broker.link.batches_received < batches + 2; i++)
        turn_shortly(&loop);
    assert_true(broker.link.batches_received >= batches + 2);
    assert_false(sc_bus_link_is_known(&broker.link));
    assert_int_equal(broker.instance_count, 1);
}

static void what_waits_for_a_process_that_was_forgotten_goes_to_nobody(void **state)
{
    (void)state;
    broker.puts_off = true;
    link_end_send(&worker, SC_BUS_SUBSCRIBE, "a", NULL);
    settle();
    link_end_close(&worker);
    sc_bus_link_forget(&broker.link);
    broker.puts_off = false;
    sc_bus_link_resume(&broker.link);
    link_end_open(&worker, &loop, runtime_dir, 0, 0, false);
    link_end_meet(&worker);
    link_end_send(&worker, SC_BUS_SUBSCRIBE, "b", NULL);
    link_end_expect(&broker, "SUBSCRIBE b;");
}

/* Sends a batch by hand, in the worker's name. */
static void send_raw(const sc_bus_header_t *header, const char *records, size_t len)
{
    char batch[SC_BUS_HEADER_BYTES + 64];
    uint64_t batches = broker.link.batches_received;

    sc_bus_header_write(batch, header);
    memcpy(batch + SC_BUS_HEADER_BYTES, records, len);
    assert_true(
        nn_send(worker.link.endpoint.socket, batch, SC_BUS_HEADER_BYTES + len, NN_DONTWAIT) > 0);
    for (int i = 0; i < TURNS_MAX && broker.link.batches_received == batches; i++)
        turn_shortly(&loop);
    turn_shortly(&loop); /* what follows from it */
}

static sc_bus_header_t next_header(void)
{
    sc_bus_header_t header = {worker.link.setup.instance, broker.link.setup.instance,
                              broker.link.received_seq + 1, 0};

    return header;
}

static void a_batch_for_an_earlier_process_is_dropped(void **state)
{
    sc_bus_header_t header = next_header();

    (void)state;
    header.receiver++;
    send_raw(&header, "\4", 1);
    header.receiver--;
    send_raw(&header, "\4", 1);
    link_end_expect(&broker, "SYNCED;");
    assert_int_equal(broker.failed_count, 0);
}

static void a_side_that_asks_again_who_is_there_is_answered_again(void **state)
{
    sc_bus_header_t header = {worker.link.setup.instance, 0, 0, 0};
    uint64_t batches = broker.link.batches_sent;

    (void)state;
    send_raw(&header, "", 0);
    assert_int_equal(broker.link.batches_sent, batches + 1);
    assert_int_equal(broker.instance_count, 1);
    assert_int_equal(broker.failed_count, 0);
}

static void a_malformed_batch_fails_the_link(void **state)
{
    sc_bus_header_t header = next_header();

    (void)state;
    send_raw(&header, "\4\377", 2);
    assert_int_equal(broker.failed_count, 1);
    assert_int_equal(worker.failed_count, 0); /* it was told, but had sent us nothing to lose */
}

static void a_missing_batch_fails_the_link(void **state)
{
    sc_bus_header_t header = next_header();

    (void)state;
    header.seq++;
    send_raw(&header, "\4", 1);
    assert_int_equal(broker.failed_count, 1);
    link_end_expect(&broker, "");
}

static void a_confirmation_of_what_was_not_sent_fails_the_link(void **state)
{
    sc_bus_header_t header = next_header();

    (void)state;
    header.confirm = broker.link.sent_seq + 1;
    send_raw(&header, "\4", 1);
    assert_int_equal(broker.failed_count, 1);
}

static void a_side_that_gives_up_fails_the_other_one_too(void **state)
{
    (void)state;
    link_end_send(&broker, SC_BUS_SUBSCRIBED, "a", NULL);
    link_end_send(&worker, SC_BUS_SUBSCRIBE, "a", NULL);
    settle();
    sc_bus_link_fail(&worker.link, "a test");
    assert_true(turn_until(&loop, &broker.link.is_failed, PATIENCE_MS));
    assert_int_equal(worker.failed_count, 1);
    assert_int_equal(broker.failed_count, 1);
}

static void a_side_that_has_begun_anew_before_it_sent_anything_is_met_anew(void **state)
{
    sc_bus_header_t header = {worker.link.setup.instance, 0, 0, 1};

    (void)state;
    link_end_send(&broker, SC_BUS_SUBSCRIBED, "lost", NULL);
    turn_for(&loop, 1);
    assert_int_equal(broker.link.sent_seq, 1);
    send_raw(&header, "", 0);
    assert_int_equal(broker.instance_count, 2);
    assert_int_equal(broker.link.sent_seq, 0);
    send_raw(&header, "", 0); /* repeated: nothing new */
    assert_int_equal(broker.instance_count, 2);
    assert_int_equal(broker.failed_count, 0);
}

/* ---- Connections that are none ------------------------------------------------------------- */

/* Such as nanomsg keeps when the other side closes a connection at the end of its handshake: bus_endpoint.h. */

static int set_up_nobody(void **state)
{
    (void)state;
    sc_log_init("test", SC_LOG_ERROR + 1, SC_LOG_TEXT);
    assert_int_equal(sc_loop_init(&loop), SC_OK);
    make_runtime_dir(runtime_dir);
    return 0;
}

static int tear_down_nobody(void **state)
{
    (void)state;
    remove_runtime_dir(runtime_dir);
    sc_loop_deinit(&loop);
    return 0;
}

static void a_silent_connection_does_not_keep_a_worker_from_its_broker(void **state)
{
    int silent;

    (void)state;
    link_end_open(&broker, &loop, runtime_dir, 0, 0, true);
    silent = connect_silently(runtime_dir, broker.link.endpoint.name);
    link_end_open(&worker, &loop, runtime_dir, 0, 0, false);
    link_end_meet(&worker);
    link_end_meet(&broker);
    link_end_send(&worker, SC_BUS_SUBSCRIBE, "a", NULL);
    link_end_expect(&broker, "SUBSCRIBE a;");
    close(silent);
    link_end_close(&worker);
    link_end_close(&broker);
}

/* Lets the worker run until it connects. */
static int accept_worker(int listener)
{
    int fd = -1;

    for (int i = 0; i < 20000 && fd < 0; i++) {
        turn_shortly(&loop);
        fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
    }
    assert_true(fd >= 0);
    assert_int_equal(fcntl(fd, F_SETFL, 0), 0); /* it blocks */
    assert_true(answer_handshake(fd));
    return fd;
}

static void a_worker_leaves_a_connection_on_which_nobody_says_who_he_is(void **state)
{
    int listener = listen_silently(runtime_dir, "b0w0.00000001.ipc", "b0w0");
    int fds[3];

    (void)state;
    assert_int_equal(fcntl(listener, F_SETFL, O_NONBLOCK), 0);
    link_end_open(&worker, &loop, runtime_dir, 0, 0, false);
    fds[0] = accept_worker(listener);
    fds[1] = accept_worker(listener);
    fds[2] = accept_worker(listener);
    assert_int_equal(worker.link.begin_count, 2);
    assert_int_equal(worker.link.patience_ms, 4000); /* it is in no hurry */
    assert_int_equal(worker.failed_count, 0);
    link_end_close(&worker);
    for (int i = 0; i < 3; i++)
        close(fds[i]);
    close(listener);
}

static void sides_that_have_met_never_begin_anew(void **state)
{
    (void)state;
    turn_for(&loop, 2500);
    assert_int_equal(worker.link.begin_count, 0);
    assert_int_equal(broker.link.begin_count, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define TEST_ALONE(name) cmocka_unit_test_setup_teardown(name, set_up_nobody, tear_down_nobody)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(both_sides_get_to_know_each_other),
        TEST(what_is_added_in_a_turn_is_one_batch_in_order),
        TEST(an_idle_link_sends_nothing),
        TEST(a_record_longer_than_a_batch_goes_by_itself),
        TEST(the_number_of_a_batch_is_confirmed_once_it_was_dealt_with),
        TEST(a_record_that_was_put_off_comes_again_with_all_behind_it),
        TEST(batches_wait_for_a_side_that_does_not_read_and_keep_their_order),
        TEST(a_side_that_never_reads_fails_the_link_at_the_limit),
        TEST(a_new_process_on_the_other_side_is_noticed_and_counts_begin_anew),
        TEST(a_worker_that_was_forgotten_is_replaced_by_the_next_one),
        TEST(what_still_comes_from_a_worker_that_was_forgotten_is_void),
        TEST(what_waits_for_a_process_that_was_forgotten_goes_to_nobody),
        TEST(a_batch_for_an_earlier_process_is_dropped),
        TEST(a_side_that_asks_again_who_is_there_is_answered_again),
        TEST(a_malformed_batch_fails_the_link),
        TEST(a_missing_batch_fails_the_link),
        TEST(a_confirmation_of_what_was_not_sent_fails_the_link),
        TEST(a_side_that_gives_up_fails_the_other_one_too),
        TEST(a_side_that_has_begun_anew_before_it_sent_anything_is_met_anew),
        TEST(sides_that_have_met_never_begin_anew),
        TEST_ALONE(a_silent_connection_does_not_keep_a_worker_from_its_broker),
        TEST_ALONE(a_worker_leaves_a_connection_on_which_nobody_says_who_he_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
