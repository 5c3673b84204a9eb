#include "common/log.h"
#include "worker/exchange/exchange_private.h"

#include "link_end.h"
#include "loop_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define TURNS_MAX 20000

static sc_loop_t loop;
static char runtime_dir[64];
static sc_options_t options = {.brokers = 1, .publish_backlog_bytes = 1 << 20};
static link_end_t broker;
static sc_exchange_t *exchange;
static uint32_t standing_count;

static void on_message(sc_channel_t *channel, sc_str_t data, void *arg)
{
    (void)channel;
    (void)data;
    (void)arg;
}

static void on_standing(sc_channel_t *channel, void *arg)
{
    (void)arg;
    assert_int_equal(channel->state, SC_CHANNEL_STANDING);
    standing_count++;
}

/* Until nothing is under way any more. */
static void settle(void)
{
    const sc_bus_link_t *other = &exchange->links[0].bus;

    for (int i = 0; i == 0 || (i < TURNS_MAX && !link_is_settled(&broker.link, other)); i++)
        turn_shortly(&loop);
    assert_true(link_is_settled(&broker.link, other));
}

static int set_up(void **state)
{
    static const sc_exchange_handler_t handler = {on_message, on_standing};
    sc_exchange_setup_t setup = {.loop = &loop,
                                 .options = &options,
                                 .runtime_dir = runtime_dir,
                                 .worker_id = 0,
                                 .handler = &handler};

    (void)state;
    sc_log_init("test", SC_LOG_ERROR + 1, SC_LOG_TEXT);
    standing_count = 0;
    assert_int_equal(sc_loop_init(&loop), SC_OK);
    make_runtime_dir(runtime_dir);
    link_end_open(&broker, &loop, runtime_dir, 0, 0, true);
    exchange = sc_exchange_new(&setup);
    assert_non_null(exchange);
    link_end_meet(&broker);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    sc_exchange_free(exchange);
    link_end_close(&broker);
    remove_runtime_dir(runtime_dir);
    sc_loop_deinit(&loop);
    return 0;
}

static sc_channel_t *join(const char *name)
{
    sc_channel_t *channel = sc_exchange_hold(exchange, sc_str_from(name));

    assert_non_null(channel);
    sc_channel_join(channel);
    return channel;
}

static void part(sc_channel_t *channel)
{
    sc_channel_part(channel);
    sc_channel_release(channel);
}

/* The broker is replaced by a new process. */
static void replace_broker(void)
{
    link_end_close(&broker);
    link_end_open(&broker, &loop, runtime_dir, 0, 0, true);
}

static void names_are_interned_while_somebody_holds_them(void **state)
{
    sc_channel_t *channel = sc_exchange_hold(exchange, SC_STR("a"));

    (void)state;
    assert_ptr_equal(sc_exchange_hold(exchange, SC_STR("a")), channel);
    assert_ptr_equal(sc_exchange_find(exchange, SC_STR("a")), channel);
    sc_channel_release(channel);
    assert_ptr_equal(sc_exchange_find(exchange, SC_STR("a")), channel);
    sc_channel_release(channel);
    assert_null(sc_exchange_find(exchange, SC_STR("a")));
    assert_int_equal(sc_exchange_get_counts(exchange).channels, 0);
}

static void a_name_that_is_too_long_is_no_channel(void **state)
{
    static char name[SC_CHANNEL_BYTES_MAX + 1];
    sc_channel_t *channel = sc_exchange_hold(exchange, sc_str(name, SC_CHANNEL_BYTES_MAX));

    (void)state;
    assert_non_null(channel);
    sc_channel_release(channel);
    assert_null(sc_exchange_hold(exchange, sc_str(name, sizeof(name))));
}

static void the_first_interest_asks_and_the_last_one_tells_the_broker(void **state)
{
    sc_channel_t *channel = join("a");

    (void)state;
    assert_int_equal(channel->state, SC_CHANNEL_ASKED);
    join("a");
    link_end_expect(&broker, "SUBSCRIBE a;");
    link_end_send(&broker, SC_BUS_SUBSCRIBED, "a", NULL);
    settle();
    assert_int_equal(channel->state, SC_CHANNEL_STANDING);
    assert_int_equal(standing_count, 1);
    part(channel);
    link_end_expect(&broker, "");
    part(channel);
    link_end_expect(&broker, "UNSUBSCRIBE a;");
    assert_null(sc_exchange_find(exchange, SC_STR("a")));
}

static void only_the_answer_to_the_last_request_makes_a_channel_stand(void **state)
{
    sc_channel_t *channel;

    (void)state;
    part(join("a"));
    channel = join("a");
    link_end_expect(&broker, "SUBSCRIBE a;UNSUBSCRIBE a;SUBSCRIBE a;");
    link_end_send(&broker, SC_BUS_SUBSCRIBED, "a", NULL);
    settle();
    assert_int_equal(channel->state, SC_CHANNEL_ASKED);
    link_end_send(&broker, SC_BUS_SUBSCRIBED, "a", NULL);
    settle();
    assert_int_equal(channel->state, SC_CHANNEL_STANDING);
    assert_int_equal(standing_count, 1);
    part(channel);
}

static void an_answer_that_comes_when_nobody_wants_it_any_more_frees_the_channel(void **state)
{
    (void)state;
    part(join("a"));
    link_end_expect(&broker, "SUBSCRIBE a;UNSUBSCRIBE a;");
    assert_non_null(sc_exchange_find(exchange, SC_STR("a")));
    link_end_send(&broker, SC_BUS_SUBSCRIBED, "a", NULL);
    settle();
    assert_null(sc_exchange_find(exchange, SC_STR("a")));
    assert_int_equal(standing_count, 0);
}

static void an_answer_that_was_not_asked_for_changes_nothing(void **state)
{
    sc_channel_t *channel = sc_exchange_hold(exchange, SC_STR("a"));

    (void)state;
    link_end_send(&broker, SC_BUS_SUBSCRIBED, "a", NULL);
    link_end_send(&broker, SC_BUS_SUBSCRIBED, "b", NULL);
    settle();
    assert_int_equal(channel->state, SC_CHANNEL_IDLE);
    assert_int_equal(standing_count, 0);
    sc_channel_release(channel);
}

static void a_new_broker_is_asked_for_what_has_interest_and_nothing_else(void **state)
{
    sc_channel_t *wanted = join("a");
    sc_channel_t *held = sc_exchange_hold(exchange, SC_STR("held"));

    (void)state;
    part(join("gone")); /* its answer will never come */
    link_end_expect(&broker, "SUBSCRIBE a;SUBSCRIBE gone;UNSUBSCRIBE gone;");
    link_end_send(&broker, SC_BUS_SUBSCRIBED, "a", NULL);
    settle();
    replace_broker();
    link_end_expect(&broker, "SUBSCRIBE a;SYNCED;");
    assert_int_equal(wanted->state, SC_CHANNEL_ASKED);
    assert_null(sc_exchange_find(exchange, SC_STR("gone")));
    link_end_send(&broker, SC_BUS_SUBSCRIBED, "a", NULL);
    settle();
    assert_int_equal(standing_count, 2);
    part(wanted);
    sc_channel_release(held);
}

static void what_is_joined_while_there_is_no_broker_is_asked_for_later(void **state)
{
    sc_channel_t *channel;

    (void)state;
    link_end_close(&broker);
    turn_for(&loop, 10);
    channel = join("a");
    part(join("b"));
    assert_int_equal(channel->state, SC_CHANNEL_ASKED);
    link_end_open(&broker, &loop, runtime_dir, 0, 0, true);
    link_end_expect(&broker, "SUBSCRIBE a;SYNCED;");
    part(channel);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(names_are_interned_while_somebody_holds_them),
        TEST(a_name_that_is_too_long_is_no_channel),
        TEST(the_first_interest_asks_and_the_last_one_tells_the_broker),
        TEST(only_the_answer_to_the_last_request_makes_a_channel_stand),
        TEST(an_answer_that_comes_when_nobody_wants_it_any_more_frees_the_channel),
        TEST(an_answer_that_was_not_asked_for_changes_nothing),
        TEST(a_new_broker_is_asked_for_what_has_interest_and_nothing_else),
        TEST(what_is_joined_while_there_is_no_broker_is_asked_for_later),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
