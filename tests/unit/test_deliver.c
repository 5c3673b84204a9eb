/* A broker without a process of its own, and workers that are ends of links. */
#include "broker/broker.h"
#include "common/alloc.h"
#include "common/log.h"

#include "link_end.h"
#include "loop_fixture.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define WORKERS 3
#define TURNS_MAX 20000
#define PATIENCE_MS 20000

static sc_options_t options = {.workers = WORKERS, .brokers = 1};
static char runtime_dir[64];
static sc_child_setup_t child = {.options = &options, .runtime_dir = runtime_dir};
static sc_broker_t broker;
static link_end_t workers[WORKERS];
static sc_text_t events; /* what broker plugins were told */

static void on_gather_timer(sc_wheel_timer_t *timer)
{
    (void)timer;
}

static int set_up(void **state)
{
    (void)state;
    sc_log_init("test", SC_LOG_ERROR + 1, SC_LOG_TEXT);
    make_runtime_dir(runtime_dir);
    memset(&broker, 0, sizeof(broker));
    broker.setup = &child;
    broker.options = &options;
    broker.worker_count = WORKERS;
    broker.broker_count = 1;
    broker.instance = sc_bus_broker_instance(0, 0);
    sc_list_init(&broker.timers);
    sc_route_table_init(&broker.routes, WORKERS);
    sc_deliver_init(&broker.deliver, &broker);
    sc_wheel_timer_init(&broker.gather_timer, on_gather_timer);
    assert_int_equal(sc_loop_init(&broker.loop), SC_OK);
    broker.peers = sc_alloc_zeroed(WORKERS, sizeof(*broker.peers));
    for (uint32_t i = 0; i < WORKERS; i++) {
        assert_int_equal(sc_peer_open(&broker.peers[i], &broker, i), SC_OK);
        link_end_open(&workers[i], &broker.loop, runtime_dir, 0, i, false);
    }
    for (uint32_t i = 0; i < WORKERS; i++)
        link_end_meet(&workers[i]);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < WORKERS; i++) {
        link_end_close(&workers[i]);
        sc_peer_close(&broker.peers[i]);
    }
    assert_int_equal(broker.deliver.pending_count, 0);
    sc_deliver_deinit(&broker.deliver);
    sc_route_table_deinit(&broker.routes);
    sc_broker_hooks_deinit(&broker.hooks);
    free(broker.peers);
    sc_loop_deinit(&broker.loop);
    remove_runtime_dir(runtime_dir);
    sc_text_free(&events);
    memset(&events, 0, sizeof(events));
    return 0;
}

static void subscribe(uint32_t worker, const char *channel)
{
    link_end_send(&workers[worker], SC_BUS_SUBSCRIBE, channel, NULL);
}

static void publish(uint32_t worker, uint64_t seq, const char *channel, const char *data)
{
    link_end_send_message(&workers[worker], SC_BUS_PUBLISH, 0, seq, channel, data);
}

static bool is_settled(void)
{
    for (uint32_t i = 0; i < WORKERS; i++) {
        if (!link_is_settled(&workers[i].link, &broker.peers[i].bus))
            return false;
    }
    return true;
}

/* Until nothing is under way any more. */
static void settle(void)
{
    for (int i = 0; i == 0 || (i < TURNS_MAX && !is_settled()); i++)
        turn_shortly(&broker.loop);
    assert_true(is_settled());
}

static void sync_all(void)
{
    for (uint32_t i = 0; i < WORKERS; i++)
        link_end_send(&workers[i], SC_BUS_SYNCED, NULL, NULL);
    settle();
    for (uint32_t i = 0; i < WORKERS; i++)
        sc_text_clear(&workers[i].log);
    assert_true(broker.is_ready);
}

static void confirm(uint32_t worker)
{
    settle(); /* it has got what it confirms */
    sc_bus_link_confirm_later(&workers[worker].link);
    settle();
}

static void a_message_goes_to_the_workers_that_want_the_channel(void **state)
{
    (void)state;
    subscribe(0, "a");
    subscribe(2, "a");
    subscribe(1, "b");
    sync_all();
    publish(1, 1, "a", "x");
    link_end_expect(&workers[0], "MESSAGE 1 a=x;");
    link_end_expect(&workers[2], "MESSAGE 1 a=x;");
    link_end_expect(&workers[1], "");
}

static void a_publication_is_acknowledged_once_all_others_have_confirmed(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < WORKERS; i++)
        subscribe(i, "a");
    sync_all();
    publish(1, 1, "a", NULL);
    link_end_expect(&workers[1], "MESSAGE 1 a;"); /* its own, without waiting */
    confirm(0);
    link_end_expect(&workers[1], "");
    confirm(2);
    link_end_expect(&workers[1], "ACK 1+1;");
}

static void what_only_its_own_worker_gets_is_acknowledged_at_once_behind_the_message(void **state)
{
    (void)state;
    subscribe(1, "a");
    sync_all();
    publish(1, 1, "a", "x");
    publish(1, 2, "nobody", "x");
    publish(1, 3, "a", "y");
    link_end_expect(&workers[1], "MESSAGE 1 a=x;MESSAGE 3 a=y;ACK 1+3;");
}

static void acks_that_do_not_follow_each_other_are_told_apart(void **state)
{
    (void)state;
    subscribe(0, "a");
    sync_all();
    publish(1, 1, "nobody", NULL);
    publish(1, 2, "a", NULL);
    publish(1, 3, "nobody", NULL);
    publish(1, 4, "nobody", NULL);
    link_end_expect(&workers[1], "ACK 1+1;ACK 3+2;");
    confirm(0);
    link_end_expect(&workers[1], "ACK 2+1;");
}

static void a_confirmation_ends_the_wait_for_earlier_batches_only(void **state)
{
    (void)state;
    subscribe(0, "a");
    sync_all();
    publish(1, 1, "a", NULL);
    link_end_expect(&workers[0], "MESSAGE 1 a;");
    workers[0].puts_off = true;
    publish(1, 2, "a", NULL);
    settle();
    confirm(0);
    link_end_expect(&workers[1], "ACK 1+1;");
    workers[0].puts_off = false;
    sc_bus_link_resume(&workers[0].link);
    confirm(0);
    link_end_expect(&workers[1], "ACK 2+1;");
}

static void waits_keep_their_order_when_their_ring_grows_around_its_end(void **state)
{
    (void)state;
    subscribe(0, "a");
    sync_all();
    for (uint64_t seq = 1; seq <= 10; seq++)
        publish(1, seq, "a", NULL);
    settle();
    confirm(0);
    link_end_expect(&workers[1], "ACK 1+10;");
    publish(1, 11, "a", NULL);
    settle();
    workers[0].puts_off = true;
    for (uint64_t seq = 12; seq <= 40; seq++)
        publish(1, seq, "a", NULL);
    settle();
    confirm(0);
    link_end_expect(&workers[1], "ACK 11+1;");
    workers[0].puts_off = false;
    sc_bus_link_resume(&workers[0].link);
    confirm(0);
    link_end_expect(&workers[1], "ACK 12+29;");
}

static void a_worker_that_dies_owes_no_confirmation(void **state)
{
    (void)state;
    subscribe(0, "a");
    subscribe(2, "a");
    sync_all();
    publish(1, 1, "a", NULL);
    settle();
    confirm(0);
    link_end_expect(&workers[1], "");
    sc_peer_on_worker_down(&broker.peers[2], 0);
    link_end_expect(&workers[1], "ACK 1+1;");
    assert_int_equal(sc_route_next(sc_route_find(&broker.routes, SC_STR("a")), 1), UINT32_MAX);
}

static void the_successor_of_a_publisher_gets_none_of_its_acks(void **state)
{
    (void)state;
    subscribe(0, "a");
    sync_all();
    publish(1, 1, "a", NULL);
    link_end_expect(&workers[0], "MESSAGE 1 a;");
    link_end_close(&workers[1]);
    sc_peer_on_worker_down(&broker.peers[1], UINT32_MAX);
    link_end_open(&workers[1], &broker.loop, runtime_dir, 0, 1, false);
    link_end_meet(&workers[1]);
    confirm(0);
    link_end_expect(&workers[1], "");
    assert_int_equal(broker.deliver.pending_count, 0);
}

static void word_of_a_death_that_comes_after_the_successor_is_ignored(void **state)
{
    uint64_t instance = sc_bus_worker_instance(0, 8);

    (void)state;
    subscribe(0, "a");
    sync_all();
    broker.peers[0].bus.instance = instance; /* as if it were restart 8 */
    sc_peer_on_worker_down(&broker.peers[0], 7);
    assert_true(broker.peers[0].is_known);
    assert_non_null(sc_route_find(&broker.routes, SC_STR("a")));
    sc_peer_on_worker_down(&broker.peers[0], 8);
    assert_false(broker.peers[0].is_known);
    assert_null(sc_route_find(&broker.routes, SC_STR("a")));
}

static void nothing_is_delivered_before_every_worker_has_come(void **state)
{
    (void)state;
    subscribe(0, "a");
    link_end_send(&workers[0], SC_BUS_SYNCED, NULL, NULL);
    link_end_send(&workers[1], SC_BUS_SYNCED, NULL, NULL);
    link_end_expect(&workers[0], "SUBSCRIBED a;");
    publish(1, 1, "a", "x");
    subscribe(1, "late");
    link_end_expect(&workers[0], "");
    link_end_expect(&workers[1], "");
    subscribe(2, "a");
    link_end_send(&workers[2], SC_BUS_SYNCED, NULL, NULL);
    link_end_expect(&workers[2], "SUBSCRIBED a;MESSAGE 1 a=x;");
    link_end_expect(&workers[0], "MESSAGE 1 a=x;");
    link_end_expect(&workers[1], "SUBSCRIBED late;");
}

static void a_worker_that_is_down_is_not_waited_for(void **state)
{
    (void)state;
    subscribe(0, "a");
    link_end_send(&workers[0], SC_BUS_SYNCED, NULL, NULL);
    link_end_send(&workers[1], SC_BUS_SYNCED, NULL, NULL);
    publish(1, 1, "a", "x");
    link_end_expect(&workers[0], "SUBSCRIBED a;");
    sc_peer_on_worker_down(&broker.peers[2], 0);
    link_end_expect(&workers[0], "MESSAGE 1 a=x;");
}

static void a_successor_that_comes_before_word_of_the_death_begins_with_nothing(void **state)
{
    (void)state;
    subscribe(0, "a");
    sync_all();
    publish(1, 1, "a", NULL);
    link_end_expect(&workers[0], "MESSAGE 1 a;");
    link_end_close(&workers[0]);
    link_end_open(&workers[0], &broker.loop, runtime_dir, 0, 0, false);
    link_end_meet(&workers[0]);
    assert_null(sc_route_find(&broker.routes, SC_STR("a")));
    assert_true(broker.peers[0].is_known);
    link_end_expect(&workers[1], "ACK 1+1;"); /* the dead owes no confirmation */
}

static void a_record_that_only_brokers_send_fails_the_link(void **state)
{
    (void)state;
    subscribe(0, "a");
    sync_all();
    link_end_send(&workers[0], SC_BUS_SUBSCRIBED, "a", NULL);
    assert_true(turn_until(&broker.loop, &workers[0].link.is_failed, PATIENCE_MS));
    assert_true(broker.peers[0].bus.is_failed);
    assert_int_equal(workers[0].failed_count, 1);
    assert_false(broker.peers[1].bus.is_failed);
}

/* ---- Plugins ------------------------------------------------------------------------------- */

static void on_event(const sc_broker_event_t *event, void *arg)
{
    static const char *const names[] = {"sub", "unsub", "pub", "msg", "up", "down", "ready"};

    (void)arg;
    sc_text_addf(&events, "%s %d %.*s %.*s;", names[event->type],
                 event->worker == UINT32_MAX ? -1 : (int)event->worker, SC_STR_ARG(event->channel),
                 SC_STR_ARG(event->data));
}

static void expect_events(const char *text)
{
    settle();
    sc_text_add(&events, sc_str("", 1));
    assert_string_equal(events.ptr, text);
    sc_text_clear(&events);
}

static void listen_to_all(void)
{
    for (int type = 0; type < SC_BROKER_EVENT_TYPES; type++)
        assert_int_equal(sc_broker_on(&broker, "p", (sc_broker_event_type_t)type, on_event, NULL),
                         SC_OK);
    assert_int_equal(sc_broker_on(&broker, "p", SC_BROKER_EVENT_TYPES, on_event, NULL),
                     SC_ERR_INVALID);
}

static void plugins_hear_of_what_workers_do(void **state)
{
    (void)state;
    listen_to_all();
    subscribe(0, "a");
    subscribe(0, "a");
    link_end_send(&workers[0], SC_BUS_PLUGIN, "p", "hello");
    link_end_send(&workers[0], SC_BUS_PLUGIN, "other", "x");
    link_end_send(&workers[0], SC_BUS_SYNCED, NULL, NULL);
    expect_events("sub 0 a ;msg 0  hello;up 0  ;");
    sc_peer_on_worker_down(&broker.peers[1], 0);
    sc_peer_on_worker_down(&broker.peers[2], 0);
    expect_events("down 1  ;down 2  ;ready 0  ;");
    publish(0, 1, "a", "x");
    link_end_send(&workers[0], SC_BUS_UNSUBSCRIBE, "a", NULL);
    subscribe(0, "b");
    expect_events("pub 0 a x;unsub 0 a ;sub 0 b ;");
    sc_peer_on_worker_down(&broker.peers[0], 0);
    expect_events("unsub 0 b ;down 0  ;");
}

static void a_worker_that_says_twice_that_it_is_up_comes_up_once(void **state)
{
    (void)state;
    assert_int_equal(sc_broker_on(&broker, "p", SC_BROKER_WORKER_UP, on_event, NULL), SC_OK);
    link_end_send(&workers[0], SC_BUS_SYNCED, NULL, NULL);
    link_end_send(&workers[0], SC_BUS_SYNCED, NULL, NULL);
    expect_events("up 0  ;");
}

static void publish_on_subscribe(const sc_broker_event_t *event, void *arg)
{
    (void)arg;
    if (sc_str_equal(event->channel, SC_STR("trigger")))
        assert_int_equal(sc_broker_publish(&broker, SC_STR("a"), SC_STR("own")), SC_OK);
}

static void what_a_plugin_publishes_goes_before_what_comes_later_in_the_same_turn(void **state)
{
    (void)state;
    assert_int_equal(sc_broker_on(&broker, "p", SC_BROKER_SUBSCRIBE, publish_on_subscribe, NULL),
                     SC_OK);
    subscribe(0, "a");
    sync_all();
    subscribe(1, "trigger");
    publish(1, 1, "a", "x"); /* in the same batch */
    link_end_expect(&workers[0], "MESSAGE 1 a=own;MESSAGE 1 a=x;");
}

static void what_a_plugin_publishes_goes_out_once_the_broker_is_ready(void **state)
{
    (void)state;
    listen_to_all();
    subscribe(0, "a");
    assert_int_equal(sc_broker_publish(&broker, SC_STR("a"), SC_STR("1")), SC_OK);
    settle();
    sc_text_clear(&events);
    link_end_expect(&workers[0], "SUBSCRIBED a;");
    for (uint32_t i = 0; i < WORKERS; i++)
        link_end_send(&workers[i], SC_BUS_SYNCED, NULL, NULL);
    assert_int_equal(sc_broker_publish(&broker, SC_STR("a"), sc_str_none()), SC_OK);
    link_end_expect(&workers[0], "MESSAGE 1 a=1;MESSAGE 2 a;");
    expect_events("up 0  ;up 1  ;up 2  ;ready 0  ;pub -1 a 1;pub -1 a ;");
}

static void a_plugin_publishes_only_what_its_broker_carries(void **state)
{
    uint32_t refused = 0;

    (void)state;
    broker.broker_count = 4;
    for (char name = 'a'; name <= 'z'; name++) {
        sc_str_t channel = sc_str(&name, 1);
        sc_status_t status = sc_broker_publish(&broker, channel, sc_str_none());

        assert_int_equal(status == SC_OK, sc_broker_carries(&broker, channel));
        refused += status == SC_ERR_INVALID;
    }
    assert_true(refused > 5 && refused < 26);
}

static void a_plugin_sends_to_a_worker_that_is_there(void **state)
{
    (void)state;
    assert_int_equal(sc_broker_send(&broker, 0, "p", SC_STR("x")), SC_OK);
    link_end_expect(&workers[0], "PLUGIN p=x;");
    assert_int_equal(sc_broker_send(&broker, WORKERS, "p", SC_STR("x")), SC_ERR_INVALID);
    assert_int_equal(sc_broker_send(&broker, 0, "", SC_STR("x")), SC_ERR_INVALID);
    sc_peer_on_worker_down(&broker.peers[1], 0);
    assert_int_equal(sc_broker_send(&broker, 1, "p", SC_STR("x")), SC_ERR_STATE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_message_goes_to_the_workers_that_want_the_channel),
        TEST(a_publication_is_acknowledged_once_all_others_have_confirmed),
        TEST(what_only_its_own_worker_gets_is_acknowledged_at_once_behind_the_message),
        TEST(acks_that_do_not_follow_each_other_are_told_apart),
        TEST(a_confirmation_ends_the_wait_for_earlier_batches_only),
        TEST(waits_keep_their_order_when_their_ring_grows_around_its_end),
        TEST(a_worker_that_dies_owes_no_confirmation),
        TEST(the_successor_of_a_publisher_gets_none_of_its_acks),
        TEST(word_of_a_death_that_comes_after_the_successor_is_ignored),
        TEST(nothing_is_delivered_before_every_worker_has_come),
        TEST(a_worker_that_is_down_is_not_waited_for),
        TEST(a_successor_that_comes_before_word_of_the_death_begins_with_nothing),
        TEST(a_record_that_only_brokers_send_fails_the_link),
        TEST(plugins_hear_of_what_workers_do),
        TEST(a_worker_that_says_twice_that_it_is_up_comes_up_once),
        TEST(what_a_plugin_publishes_goes_before_what_comes_later_in_the_same_turn),
        TEST(what_a_plugin_publishes_goes_out_once_the_broker_is_ready),
        TEST(a_plugin_publishes_only_what_its_broker_carries),
        TEST(a_plugin_sends_to_a_worker_that_is_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
