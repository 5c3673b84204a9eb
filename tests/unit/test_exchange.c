#include "common/log.h"
#include "worker/exchange/exchange_private.h"

#include "link_end.h"
#include "loop_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define OTHER 77u /* the instance of another worker */
#define TURNS_MAX 20000
#define PATIENCE_MS 20000

static sc_loop_t loop;
static char runtime_dir[64];
static sc_options_t options;
static link_end_t broker;
static sc_exchange_t *exchange;
static sc_text_t heard; /* what the exchange has handed up */

static void on_message(sc_channel_t *channel, sc_str_t data, void *arg)
{
    (void)arg;
    sc_text_addf(&heard, "%.*s", SC_STR_ARG(sc_channel_name(channel)));
    if (!sc_str_is_none(data))
        sc_text_addf(&heard, "=%.*s", SC_STR_ARG(data));
    sc_text_addf(&heard, ";");
}

static void on_standing(sc_channel_t *channel, void *arg)
{
    (void)channel;
    (void)arg;
}

static void on_done(sc_status_t status, void *arg)
{
    sc_text_addf(&heard, "done %s %s;", (const char *)arg, sc_status_name(status));
}

static void on_watch(sc_str_t channel, sc_str_t data, void *arg)
{
    sc_text_addf(&heard, "%s %.*s=%.*s;", (const char *)arg, SC_STR_ARG(channel), SC_STR_ARG(data));
}

/* Until nothing is under way any more. */
static void settle(void)
{
    const sc_bus_link_t *other = &exchange->links[0].bus;

    for (int i = 0; i == 0 || (i < TURNS_MAX && !link_is_settled(&broker.link, other)); i++)
        turn_shortly(&loop);
    assert_true(link_is_settled(&broker.link, other));
}

static void expect_heard(const char *text)
{
    settle();
    sc_text_add(&heard, sc_str("", 1));
    assert_string_equal(heard.ptr, text);
    sc_text_clear(&heard);
}

static void open_exchange(void)
{
    static const sc_exchange_handler_t handler = {on_message, on_standing};
    sc_exchange_setup_t setup = {.loop = &loop,
                                 .options = &options,
                                 .runtime_dir = runtime_dir,
                                 .worker_id = 0,
                                 .handler = &handler};

    exchange = sc_exchange_new(&setup);
    assert_non_null(exchange);
}

static int set_up(void **state)
{
    (void)state;
    sc_log_init("test", SC_LOG_ERROR + 1, SC_LOG_TEXT);
    options.brokers = 1;
    options.publish_backlog_bytes = 1 << 20;
    assert_int_equal(sc_loop_init(&loop), SC_OK);
    make_runtime_dir(runtime_dir);
    link_end_open(&broker, &loop, runtime_dir, 0, 0, true);
    open_exchange();
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
    sc_text_free(&heard);
    memset(&heard, 0, sizeof(heard));
    return 0;
}

static sc_channel_t *join(const char *name)
{
    sc_channel_t *channel = sc_exchange_hold(exchange, sc_str_from(name));

    sc_channel_join(channel);
    link_end_meet(&broker);
    return channel;
}

static void part(sc_channel_t *channel)
{
    sc_channel_part(channel);
    sc_channel_release(channel);
}

static void publish(const char *channel, const char *data, const char *name)
{
    assert_int_equal(sc_exchange_submit(exchange, sc_str_from(channel), sc_str_from(data), on_done,
                                        (void *)(uintptr_t)name, NULL),
                     SC_OK);
}

static void message(uint64_t origin, uint64_t seq, const char *channel, const char *data)
{
    link_end_send_message(&broker, SC_BUS_MESSAGE, origin, seq, channel, data);
}

static void acknowledge(uint64_t seq, uint32_t count)
{
    sc_bus_record_t record = {.type = SC_BUS_ACK, .seq = seq, .count = count};

    assert_true(sc_bus_link_add(&broker.link, &record) > 0);
}

static void replace_broker(void)
{
    link_end_close(&broker);
    link_end_open(&broker, &loop, runtime_dir, 0, 0, true);
}

/* ---- Publish ------------------------------------------------------------------------------- */

static void a_publication_is_done_when_the_broker_says_so_and_once(void **state)
{
    (void)state;
    publish("a", "1", "x");
    publish("b", NULL, "y");
    publish("", "", "z");
    link_end_expect(&broker, "PUBLISH 1 a=1;PUBLISH 2 b;PUBLISH 3 =;");
    expect_heard("");
    acknowledge(2, 1);
    expect_heard("done y SC_OK;");
    acknowledge(1, 3);
    acknowledge(1, 3);
    expect_heard("done x SC_OK;done z SC_OK;");
    assert_int_equal(sc_exchange_get_counts(exchange).backlog_bytes, 0);
    assert_int_equal(sc_exchange_get_counts(exchange).acknowledged, 3);
}

static void an_ack_of_what_was_never_published_changes_nothing(void **state)
{
    (void)state;
    publish("a", "1", "x");
    acknowledge(2, UINT32_MAX);
    acknowledge(1000, 1);
    expect_heard("");
}

static void what_is_not_acknowledged_goes_to_the_next_broker_with_the_same_numbers(void **state)
{
    (void)state;
    publish("a", "1", "x");
    publish("a", "2", "y");
    publish("a", "3", "z");
    link_end_expect(&broker, "PUBLISH 1 a=1;PUBLISH 2 a=2;PUBLISH 3 a=3;");
    acknowledge(2, 1);
    expect_heard("done y SC_OK;");
    replace_broker();
    link_end_expect(&broker, "SYNCED;PUBLISH 1 a=1;PUBLISH 3 a=3;");
    publish("a", "4", "v");
    link_end_expect(&broker, "PUBLISH 4 a=4;");
    assert_int_equal(sc_exchange_get_counts(exchange).resent, 2);
    assert_int_equal(sc_exchange_get_counts(exchange).broker_restarts, 1);
}

static void what_is_published_without_a_broker_waits_for_one(void **state)
{
    (void)state;
    link_end_close(&broker);
    turn_for(&loop, 10);
    publish("a", "1", "x");
    turn_for(&loop, 10);
    link_end_open(&broker, &loop, runtime_dir, 0, 0, true);
    link_end_expect(&broker, "SYNCED;PUBLISH 1 a=1;");
    acknowledge(1, 1);
    expect_heard("done x SC_OK;");
}

static void what_waited_for_the_first_broker_of_all_is_not_sent_again(void **state)
{
    (void)state;
    sc_exchange_free(exchange);
    link_end_close(&broker);
    open_exchange();
    publish("a", "1", "one");
    link_end_open(&broker, &loop, runtime_dir, 0, 0, true);
    link_end_expect(&broker, "SYNCED;PUBLISH 1 a=1;");
    assert_int_equal(sc_exchange_get_counts(exchange).resent, 0);
    replace_broker();
    link_end_expect(&broker, "SYNCED;PUBLISH 1 a=1;");
    assert_int_equal(sc_exchange_get_counts(exchange).resent, 1);
}

static void a_record_that_only_workers_send_fails_the_link(void **state)
{
    (void)state;
    publish("a", "1", "one");
    link_end_expect(&broker, "PUBLISH 1 a=1;");
    link_end_send(&broker, SC_BUS_SYNCED, NULL, NULL);
    assert_true(turn_until(&loop, &broker.link.is_failed, PATIENCE_MS));
    assert_int_equal(broker.failed_count, 1);
}

static void a_full_backlog_and_names_that_are_too_long_are_refused(void **state)
{
    static char text[SC_CHANNEL_BYTES_MAX + 1];

    (void)state;
    options.publish_backlog_bytes = 400;
    assert_int_equal(
        sc_exchange_submit(exchange, sc_str(text, sizeof(text)), sc_str_none(), NULL, NULL, NULL),
        SC_ERR_INVALID);
    assert_int_equal(sc_exchange_submit(exchange, SC_STR("a"), sc_str(text, 250), NULL, NULL, NULL),
                     SC_OK);
    assert_int_equal(sc_exchange_submit(exchange, SC_STR("a"), sc_str(text, 250), NULL, NULL, NULL),
                     SC_ERR_LIMIT);
    acknowledge(1, 1);
    settle();
    assert_int_equal(sc_exchange_submit(exchange, SC_STR("a"), sc_str(text, 250), NULL, NULL, NULL),
                     SC_OK);
}

static void on_after(void *arg)
{
    sc_text_addf(&heard, "after %s;", (const char *)arg);
}

static void who_waits_for_a_publication_is_told_after_its_publisher(void **state)
{
    uint64_t seq = 0;

    (void)state;
    assert_int_equal(sc_exchange_submit(exchange, SC_STR("a"), SC_STR("1"), on_done, "x", &seq),
                     SC_OK);
    assert_true(sc_exchange_after(exchange, SC_STR("a"), seq, on_after, "x"));
    expect_heard("");
    acknowledge(seq, 1);
    expect_heard("done x SC_OK;after x;");
    assert_false(sc_exchange_after(exchange, SC_STR("a"), seq, on_after, "x"));
    expect_heard("");
}

static void who_waits_is_told_when_the_worker_ends(void **state)
{
    uint64_t seq = 0;

    (void)state;
    publish("a", "1", "x");
    assert_int_equal(sc_exchange_submit(exchange, SC_STR("a"), SC_STR("1"), NULL, NULL, &seq),
                     SC_OK);
    assert_true(sc_exchange_after(exchange, SC_STR("a"), seq, on_after, "y"));
    sc_exchange_abandon(exchange);
    expect_heard("done x SC_ERR_STATE;after y;");
    acknowledge(1, 2);
    expect_heard("");
}

/* ---- Messages ------------------------------------------------------------------------------ */

static void a_message_is_handed_up_once_and_in_order(void **state)
{
    sc_channel_t *channel = join("a");

    (void)state;
    message(OTHER, 1, "a", "1");
    message(OTHER, 2, "a", NULL);
    message(OTHER, 1, "a", "1");
    message(OTHER + 1, 1, "a", "3");
    expect_heard("a=1;a;a=3;");
    assert_int_equal(sc_exchange_get_counts(exchange).duplicates, 1);
    part(channel);
}

static void what_was_seen_is_known_over_the_death_of_a_broker(void **state)
{
    sc_channel_t *channel = join("a");

    (void)state;
    message(OTHER, 5, "a", "5");
    expect_heard("a=5;");
    replace_broker();
    link_end_meet(&broker);
    message(OTHER, 4, "a", "4");
    message(OTHER, 5, "a", "5");
    message(OTHER, 6, "a", "6");
    expect_heard("a=6;");
    part(channel);
}

static void a_message_of_a_channel_that_nobody_wants_is_ignored(void **state)
{
    sc_channel_t *channel = sc_exchange_hold(exchange, SC_STR("a"));
    sc_watch_t *watch = sc_exchange_add_watch(exchange, SC_STR("a"), on_watch, "w");

    (void)state;
    message(OTHER, 1, "a", "1");
    message(OTHER, 2, "unknown", "1");
    expect_heard("");
    sc_exchange_unwatch(watch);
    sc_channel_release(channel);
}

static void a_message_of_another_worker_is_confirmed_and_our_own_is_not(void **state)
{
    uint64_t own = broker.link.instance;
    uint64_t confirmed;

    (void)state;
    confirmed = broker.confirmed;
    message(own, 1, "a", "1");
    settle();
    assert_int_equal(broker.confirmed, confirmed);
    message(OTHER, 1, "a", "1"); /* wanted or not */
    settle();
    assert_int_equal(broker.confirmed, broker.link.sent_seq);
}

/* ---- Watches ------------------------------------------------------------------------------- */

static sc_watch_t *to_end;

static void on_watch_ending(sc_str_t channel, sc_str_t data, void *arg)
{
    on_watch(channel, data, arg);
    sc_exchange_unwatch(to_end);
}

static void a_watch_hears_after_the_subscribers_until_it_is_ended(void **state)
{
    sc_channel_t *channel = join("a");
    sc_watch_t *first = sc_exchange_add_watch(exchange, SC_STR("a"), on_watch, "first");
    sc_watch_t *second = sc_exchange_add_watch(exchange, SC_STR("a"), on_watch, "second");

    (void)state;
    message(OTHER, 1, "a", "1");
    expect_heard("a=1;first a=1;second a=1;");
    sc_exchange_unwatch(first);
    message(OTHER, 2, "a", "2");
    expect_heard("a=2;second a=2;");
    sc_exchange_unwatch(second);
    sc_exchange_unwatch(NULL);
    part(channel);
}

static void a_watch_may_end_itself_or_the_next_one_from_its_callback(void **state)
{
    sc_channel_t *channel = join("a");
    sc_watch_t *first = sc_exchange_add_watch(exchange, SC_STR("a"), on_watch_ending, "first");
    sc_watch_t *second = sc_exchange_add_watch(exchange, SC_STR("a"), on_watch, "second");

    (void)state;
    to_end = second;
    message(OTHER, 1, "a", "1");
    expect_heard("a=1;first a=1;");
    to_end = first;
    message(OTHER, 2, "a", "2");
    expect_heard("a=2;first a=2;");
    message(OTHER, 3, "a", "3");
    expect_heard("a=3;");
    part(channel);
}

/* ---- Plugins ------------------------------------------------------------------------------- */

static void on_plugin(uint32_t from, sc_str_t payload, void *arg)
{
    sc_text_addf(&heard, "%s %u %.*s;", (const char *)arg, from, SC_STR_ARG(payload));
}

static void on_link(uint32_t to, void *arg)
{
    (void)arg;
    assert_int_equal(sc_exchange_send_plugin(exchange, to, SC_STR("p"), SC_STR("roster")), SC_OK);
    publish("a", "1", "x");
}

static void bytes_go_between_the_halves_of_one_plugin_only(void **state)
{
    (void)state;
    assert_int_equal(sc_exchange_listen_plugin(exchange, "p", on_plugin, NULL, "p"), SC_OK);
    assert_int_equal(sc_exchange_listen_plugin(exchange, "q", on_plugin, NULL, "q"), SC_OK);
    assert_int_equal(sc_exchange_listen_plugin(exchange, "p", NULL, NULL, NULL), SC_ERR_STATE);
    link_end_send(&broker, SC_BUS_PLUGIN, "q", "x");
    link_end_send(&broker, SC_BUS_PLUGIN, "r", "y");
    link_end_send(&broker, SC_BUS_PLUGIN, "p", "");
    expect_heard("q 0 x;p 0 ;");
    assert_int_equal(sc_exchange_send_plugin(exchange, 0, SC_STR("p"), SC_STR("z")), SC_OK);
    link_end_expect(&broker, "PLUGIN p=z;");
}

static void a_new_broker_gets_subscriptions_then_plugins_then_publications(void **state)
{
    sc_channel_t *channel = join("a");

    (void)state;
    assert_int_equal(sc_exchange_listen_plugin(exchange, "p", NULL, on_link, NULL), SC_OK);
    replace_broker();
    link_end_expect(&broker, "SUBSCRIBE a;PLUGIN p=roster;SYNCED;PUBLISH 1 a=1;");
    part(channel);
}

static void bytes_for_no_broker_are_refused(void **state)
{
    (void)state;
    assert_int_equal(sc_exchange_send_plugin(exchange, 1, SC_STR("p"), SC_STR("")), SC_ERR_INVALID);
    assert_int_equal(sc_exchange_send_plugin(exchange, 0, SC_STR(""), SC_STR("")), SC_ERR_INVALID);
    sc_exchange_free(exchange);
    link_end_close(&broker);
    open_exchange();
    assert_int_equal(sc_exchange_send_plugin(exchange, 0, SC_STR("p"), SC_STR("")), SC_ERR_STATE);
}

/* ---- Brokers ------------------------------------------------------------------------------- */

static void on_up(void *arg)
{
    (*(uint32_t *)arg)++;
}

/* In place of the exchange with one broker; `second` is the other broker. */
static void open_exchange_with_two(link_end_t *second)
{
    sc_exchange_free(exchange);
    sc_bus_link_forget(&broker.link);
    options.brokers = 2;
    open_exchange();
    link_end_open(second, &loop, runtime_dir, 1, 0, true);
    link_end_meet(&broker);
    link_end_meet(second);
}

static void a_new_broker_is_told_of_its_own_channels_only(void **state)
{
    link_end_t second;
    sc_channel_t *of_first;
    sc_channel_t *of_second;

    (void)state;
    open_exchange_with_two(&second);
    of_first = join("a");
    of_second = join("b");
    assert_int_equal(of_first->broker, 0);
    assert_int_equal(of_second->broker, 1);
    link_end_expect(&second, "SUBSCRIBE b;");
    replace_broker();
    link_end_expect(&broker, "SUBSCRIBE a;SYNCED;");
    link_end_expect(&second, "");
    part(of_first);
    part(of_second);
    sc_exchange_free(exchange);
    exchange = NULL;
    link_end_close(&second);
}

static void what_waits_for_brokers_is_called_once(void **state)
{
    uint32_t count = 0;

    (void)state;
    sc_exchange_on_up(exchange, on_up, &count);
    settle();
    assert_int_equal(count, 1);
    replace_broker();
    link_end_meet(&broker);
    settle();
    assert_int_equal(sc_exchange_get_counts(exchange).broker_restarts, 1);
    assert_int_equal(count, 1);
}

static void it_is_up_once_every_broker_is(void **state)
{
    uint32_t count = 0;
    link_end_t second;

    (void)state;
    sc_exchange_free(exchange);
    sc_bus_link_forget(&broker.link);
    options.brokers = 2;
    open_exchange();
    sc_exchange_on_up(exchange, on_up, &count);
    link_end_meet(&broker);
    assert_int_equal(count, 0);
    link_end_open(&second, &loop, runtime_dir, 1, 0, true);
    link_end_meet(&second);
    assert_int_equal(count, 1);
    sc_exchange_free(exchange);
    link_end_close(&second);
    options.brokers = 1;
    open_exchange();
    turn_for(&loop, 30);
    assert_int_equal(count, 1);
}

static void an_exchange_without_a_directory_takes_all_and_sends_nothing(void **state)
{
    static const sc_exchange_handler_t handler = {on_message, on_standing};
    sc_exchange_setup_t setup = {.loop = &loop, .options = &options, .handler = &handler};
    sc_exchange_t *checked = sc_exchange_new(&setup);
    sc_channel_t *channel = sc_exchange_hold(checked, SC_STR("a"));

    (void)state;
    sc_channel_join(channel);
    assert_int_equal(sc_exchange_submit(checked, SC_STR("a"), SC_STR("1"), NULL, NULL, NULL),
                     SC_OK);
    assert_non_null(sc_exchange_add_watch(checked, SC_STR("a"), on_watch, NULL));
    assert_int_equal(sc_exchange_send_plugin(checked, 0, SC_STR("p"), SC_STR("")), SC_ERR_STATE);
    sc_exchange_free(checked); /* frees what is held, too */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_publication_is_done_when_the_broker_says_so_and_once),
        TEST(an_ack_of_what_was_never_published_changes_nothing),
        TEST(what_is_not_acknowledged_goes_to_the_next_broker_with_the_same_numbers),
        TEST(what_is_published_without_a_broker_waits_for_one),
        TEST(what_waited_for_the_first_broker_of_all_is_not_sent_again),
        TEST(a_record_that_only_workers_send_fails_the_link),
        TEST(a_full_backlog_and_names_that_are_too_long_are_refused),
        TEST(who_waits_for_a_publication_is_told_after_its_publisher),
        TEST(who_waits_is_told_when_the_worker_ends),
        TEST(a_message_is_handed_up_once_and_in_order),
        TEST(what_was_seen_is_known_over_the_death_of_a_broker),
        TEST(a_message_of_a_channel_that_nobody_wants_is_ignored),
        TEST(a_message_of_another_worker_is_confirmed_and_our_own_is_not),
        TEST(a_watch_hears_after_the_subscribers_until_it_is_ended),
        TEST(a_watch_may_end_itself_or_the_next_one_from_its_callback),
        TEST(bytes_go_between_the_halves_of_one_plugin_only),
        TEST(a_new_broker_gets_subscriptions_then_plugins_then_publications),
        TEST(bytes_for_no_broker_are_refused),
        TEST(a_new_broker_is_told_of_its_own_channels_only),
        TEST(what_waits_for_brokers_is_called_once),
        TEST(it_is_up_once_every_broker_is),
        TEST(an_exchange_without_a_directory_takes_all_and_sends_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
