/*
 * test_presence_broker.c: the broker half of stateless_presence: when a user is gone from all workers. The broker is
 * played by the functions at the top, which write down what the plugin publishes and sends.
 */
#include "plugins/stateless_presence/presence_change.h"

#include <sc/sc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define WORKERS 3
#define LEAVE(channel, user) "presence>" channel " {\"type\":\"leave\",\"username\":" user "}; "

extern const sc_broker_plugin_t sc_broker_plugin;

struct sc_broker {
    char log[1024];
    sc_broker_event_cb listeners[SC_BROKER_EVENT_TYPES];
    void *listener_arg;
    sc_broker_timer_cb on_timer;
    void *timer_arg;
    bool is_connected;
};

static sc_broker_t broker;
static void *plugin;

/* ---- The interface ------------------------------------------------------------------------------------- */

uint32_t sc_broker_worker_count(const sc_broker_t *self)
{
    (void)self;
    return WORKERS;
}

sc_status_t sc_broker_on(sc_broker_t *self, const char *name, sc_broker_event_type_t type,
                         sc_broker_event_cb callback, void *arg)
{
    assert_string_equal(name, "stateless_presence");
    self->listeners[type] = callback;
    self->listener_arg = arg;
    return SC_OK;
}

sc_timer_t *sc_broker_timer(sc_broker_t *self, uint32_t first_ms, uint32_t every_ms,
                            sc_broker_timer_cb callback, void *arg)
{
    assert_true(first_ms > 0 && every_ms > 0);
    self->on_timer = callback;
    self->timer_arg = arg;
    return NULL;
}

sc_status_t sc_broker_publish(sc_broker_t *self, sc_str_t channel, sc_str_t data)
{
    size_t used = strlen(self->log);

    (void)snprintf(self->log + used, sizeof(self->log) - used, "%.*s %.*s; ", SC_STR_ARG(channel),
                   SC_STR_ARG(data));
    return SC_OK;
}

sc_status_t sc_broker_send(sc_broker_t *self, uint32_t worker, const char *name, sc_str_t payload)
{
    sc_presence_change_t change;
    size_t used = strlen(self->log);

    if (!self->is_connected)
        return SC_ERR_STATE;
    assert_string_equal(name, "stateless_presence");
    assert_int_equal(sc_presence_change_read(payload, &change), SC_OK);
    assert_int_equal(change.type, SC_PRESENCE_CONFIRM);
    (void)snprintf(self->log + used, sizeof(self->log) - used, "confirm %u to %u; ",
                   (unsigned)change.number, worker);
    return SC_OK;
}

/* ---- The broker's part ------------------------------------------------------------------------------------ */

static int begin(void **state)
{
    (void)state;
    memset(&broker, 0, sizeof(broker));
    broker.is_connected = true;
    return sc_broker_plugin.attach(&broker, sc_str_none(), &plugin) == SC_OK ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    sc_broker_plugin.detach(&broker, plugin);
    return 0;
}

static void expect(const char *log)
{
    assert_string_equal(broker.log, log);
    broker.log[0] = '\0';
}

static void fire(sc_broker_event_type_t type, uint32_t worker, sc_str_t data)
{
    sc_broker_event_t event = {.type = type, .worker = worker, .data = data};

    broker.listeners[type](&event, broker.listener_arg);
}

static void send_change(uint32_t worker, sc_presence_change_t change)
{
    sc_text_t bytes = {0};

    sc_presence_change_write(&bytes, &change);
    fire(SC_BROKER_MESSAGE, worker, sc_text_str(&bytes));
    sc_text_free(&bytes);
}

static void add(uint32_t worker, const char *channel, const char *user)
{
    sc_presence_change_t change = {SC_PRESENCE_ADD, 0, sc_str_from(channel), sc_str_from(user)};

    send_change(worker, change);
}

static void drop(uint32_t worker, uint64_t number, const char *channel, const char *user)
{
    sc_presence_change_t change = {SC_PRESENCE_DROP, number, sc_str_from(channel),
                                   sc_str_from(user)};

    send_change(worker, change);
}

static void be_ready(void)
{
    fire(SC_BROKER_READY, 0, sc_str_none());
}

static void tick(void)
{
    broker.on_timer(broker.timer_arg);
}

/* ---- The tests ---------------------------------------------------------------------------------------------- */

static void a_user_leaves_when_its_only_worker_drops_it(void **state)
{
    (void)state;
    be_ready();
    add(0, "room", "\"alice\"");
    expect("");
    drop(0, 1, "room", "\"alice\"");
    expect(LEAVE("room", "\"alice\""));
}

/* Defect 1, between workers. */
static void a_user_stays_while_another_worker_has_it(void **state)
{
    (void)state;
    be_ready();
    add(0, "room", "\"alice\"");
    add(1, "room", "\"alice\"");
    drop(0, 1, "room", "\"alice\"");
    expect("");
    drop(1, 1, "room", "\"alice\"");
    expect(LEAVE("room", "\"alice\""));
}

static void a_leave_carries_the_username_as_it_was_dropped(void **state)
{
    (void)state;
    be_ready();
    add(0, "room", "42");
    add(1, "room", "\"42\"");
    drop(0, 1, "room", "42");
    expect("");
    drop(1, 1, "room", "\"42\"");
    expect(LEAVE("room", "\"42\""));
}

/* Defect 13. */
static void a_worker_that_dies_takes_only_its_own_users_along(void **state)
{
    (void)state;
    be_ready();
    add(0, "room", "\"alice\"");
    add(0, "room", "\"bob\"");
    add(1, "room", "\"bob\"");
    add(0, "hall", "7");
    add(2, "hall", "\"carol\"");
    fire(SC_BROKER_WORKER_DOWN, 0, sc_str_none());
    expect(LEAVE("room", "\"alice\"") LEAVE("hall", "7"));
    fire(SC_BROKER_WORKER_DOWN, 0, sc_str_none());
    expect("");
}

static void a_drop_of_somebody_whom_nobody_has_is_a_leave_that_was_missed(void **state)
{
    (void)state;
    be_ready();
    drop(0, 5, "room", "\"alice\"");
    expect(LEAVE("room", "\"alice\""));
}

static void a_missed_drop_of_somebody_whom_another_worker_has_is_no_leave(void **state)
{
    (void)state;
    be_ready();
    add(1, "room", "\"alice\"");
    drop(0, 5, "room", "\"alice\"");
    expect("");
}

static void leaves_wait_until_all_workers_have_come(void **state)
{
    (void)state;
    drop(0, 5, "room", "\"alice\"");
    drop(0, 6, "room", "\"bob\"");
    add(2, "room", "\"carol\"");
    fire(SC_BROKER_WORKER_DOWN, 2, sc_str_none());
    expect("");
    add(1, "room", "\"alice\"");
    be_ready();
    expect(LEAVE("room", "\"bob\"") LEAVE("room", "\"carol\""));
    be_ready();
    expect("");
}

static void drops_are_confirmed_a_while_after_they_are_done(void **state)
{
    (void)state;
    be_ready();
    add(0, "room", "1");
    drop(0, 1, "room", "1");
    drop(0, 2, "room", "1");
    broker.log[0] = '\0';
    tick();
    expect("");
    drop(0, 3, "room", "1");
    drop(1, 9, "room", "1");
    broker.log[0] = '\0';
    tick();
    expect("confirm 2 to 0; ");
    tick();
    expect("confirm 3 to 0; confirm 9 to 1; ");
    tick();
    expect("");
}

static void nothing_is_confirmed_before_all_workers_have_come(void **state)
{
    (void)state;
    drop(0, 1, "room", "1");
    tick();
    tick();
    expect("");
    be_ready();
    broker.log[0] = '\0';
    tick();
    expect("");
    tick();
    expect("confirm 1 to 0; ");
}

static void a_confirmation_that_cannot_be_sent_is_sent_later(void **state)
{
    (void)state;
    be_ready();
    drop(0, 1, "room", "1");
    broker.log[0] = '\0';
    broker.is_connected = false;
    tick();
    tick();
    expect("");
    broker.is_connected = true;
    tick();
    expect("confirm 1 to 0; ");
}

static void a_new_worker_process_numbers_its_drops_anew(void **state)
{
    (void)state;
    be_ready();
    drop(0, 50, "room", "1");
    tick();
    tick();
    fire(SC_BROKER_WORKER_DOWN, 0, sc_str_none());
    broker.log[0] = '\0';
    drop(0, 1, "room", "1");
    broker.log[0] = '\0';
    tick();
    tick();
    expect("confirm 1 to 0; ");
}

static void broken_messages_are_ignored(void **state)
{
    (void)state;
    be_ready();
    fire(SC_BROKER_MESSAGE, 0, SC_STR("A"));
    fire(SC_BROKER_MESSAGE, 0, SC_STR("nonsense"));
    fire(SC_BROKER_MESSAGE, 0, sc_str_none());
    fire(SC_BROKER_MESSAGE, WORKERS, SC_STR("D\0\0\0\0\0\0\0\1\0\4room7"));
    fire(SC_BROKER_WORKER_DOWN, WORKERS, sc_str_none());
    drop(0, 1, "room", "{}");
    drop(0, 1, "room", "\"open");
    drop(0, 1, "presence>room", "1");
    expect("");
}

static void a_wrong_option_stops_the_start(void **state)
{
    void *other = NULL;

    (void)state;
    assert_int_equal(sc_broker_plugin.attach(&broker, SC_STR("{\"nope\":1}"), &other),
                     SC_ERR_INVALID);
    sc_broker_plugin.detach(&broker, other);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(a_user_leaves_when_its_only_worker_drops_it),
        TEST(a_user_stays_while_another_worker_has_it),
        TEST(a_leave_carries_the_username_as_it_was_dropped),
        TEST(a_worker_that_dies_takes_only_its_own_users_along),
        TEST(a_drop_of_somebody_whom_nobody_has_is_a_leave_that_was_missed),
        TEST(a_missed_drop_of_somebody_whom_another_worker_has_is_no_leave),
        TEST(leaves_wait_until_all_workers_have_come),
        TEST(drops_are_confirmed_a_while_after_they_are_done),
        TEST(nothing_is_confirmed_before_all_workers_have_come),
        TEST(a_confirmation_that_cannot_be_sent_is_sent_later),
        TEST(a_new_worker_process_numbers_its_drops_anew),
        TEST(broken_messages_are_ignored),
        TEST(a_wrong_option_stops_the_start),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
