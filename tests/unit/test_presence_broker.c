/*
 * test_presence_broker.c: the broker half of stateless_presence: who is there, who has gone, and which mode a channel is in. The
 * broker is played by the functions at the top, which write down what the plugin sends to which worker:
 *
 *     list WORKER [MODE] USERS...       join WORKER USER [ID]     announce WORKER USER|- ID
 *     leave WORKER USER                 data WORKER USER DATA     mode WORKER MODE         end WORKER
 */
#include "common/timer.h"
#include "plugins/stateless_presence/presence_note.h"

#include <sc/sc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define WORKERS 3

extern const sc_broker_plugin_t sc_broker_plugin;

struct sc_broker {
    char log[4096];
    sc_broker_event_cb listeners[SC_BROKER_EVENT_TYPES];
    void *listener_arg;
    sc_loop_t loop; /* its wheel only, by now_ms */
    sc_list_t timers;
    uint64_t now_ms;
    uint32_t part_count; /* of lists */
    uint32_t entry_count;
    bool is_connected;
};

static sc_broker_t broker;
static void *plugin;

/* ---- The interface ------------------------------------------------------------------------------------- */

static void write_down(const char *format, ...) SC_PRINTF(1, 2);

static void write_down(const char *format, ...)
{
    size_t used = strlen(broker.log);
    va_list args;

    va_start(args, format);
    (void)vsnprintf(broker.log + used, sizeof(broker.log) - used, format, args);
    va_end(args);
}

uint32_t sc_broker_worker_count(const sc_broker_t *self)
{
    (void)self;
    return WORKERS;
}

uint64_t sc_broker_now_ms(const sc_broker_t *self)
{
    return self->now_ms;
}

sc_status_t sc_broker_on(sc_broker_t *self, const char *name, sc_broker_event_type_t type,
                         sc_broker_event_cb callback, void *arg)
{
    assert_string_equal(name, "stateless_presence");
    self->listeners[type] = callback;
    self->listener_arg = arg;
    return SC_OK;
}

static uint64_t clock_of(void *arg)
{
    return ((const sc_broker_t *)arg)->now_ms;
}

sc_timer_t *sc_broker_timer(sc_broker_t *self, uint32_t first_ms, uint32_t every_ms,
                            sc_broker_timer_cb callback, void *arg)
{
    return sc_timer_start(&self->loop, &self->timers, first_ms, every_ms, callback, arg);
}

static const char *mode_of(const sc_presence_note_t *note)
{
    return (note->flags & SC_NOTE_ROSTER) != 0 ? " roster" : " original";
}

static void write_list(uint32_t worker, const sc_presence_note_t *note)
{
    sc_presence_entry_t entry;
    sc_str_t rest = note->data;

    broker.part_count++;
    if ((note->flags & SC_NOTE_FIRST) != 0)
        write_down("list %u%s", worker, mode_of(note));
    while (rest.len > 0) {
        assert_int_equal(sc_presence_entry_read(&rest, &entry), SC_OK);
        broker.entry_count++;
        write_down(" %.*s%s%.*s%s%.*s", SC_STR_ARG(entry.username),
                   entry.socket_id.len > 0 ? "/" : "", SC_STR_ARG(entry.socket_id),
                   entry.data.len > 0 ? "=" : "", SC_STR_ARG(entry.data));
    }
    if ((note->flags & SC_NOTE_LAST) != 0)
        write_down("; ");
}

static void write_user(const char *what, uint32_t worker, const sc_presence_note_t *note)
{
    write_down("%s %u %.*s", what, worker, SC_STR_ARG(note->username));
    if (!sc_str_is_none(note->socket_id))
        write_down("/%.*s", SC_STR_ARG(note->socket_id));
    if (!sc_str_is_none(note->data))
        write_down("=%.*s", SC_STR_ARG(note->data));
    write_down("; ");
}

sc_status_t sc_broker_send(sc_broker_t *self, uint32_t worker, const char *name, sc_str_t payload)
{
    sc_presence_note_t note;

    if (!self->is_connected)
        return SC_ERR_STATE;
    assert_string_equal(name, "stateless_presence");
    assert_int_equal(sc_presence_note_read(payload, &note), SC_OK);
    switch (note.type) {
    case SC_NOTE_LIST:
        write_list(worker, &note);
        break;
    case SC_NOTE_JOIN:
        write_user("join", worker, &note);
        break;
    case SC_NOTE_ANNOUNCE:
        write_user("announce", worker, &note);
        break;
    case SC_NOTE_LEAVE:
        write_user("leave", worker, &note);
        break;
    case SC_NOTE_DATA:
        write_user("data", worker, &note);
        break;
    case SC_NOTE_MODE:
        write_down("mode %u%s; ", worker, mode_of(&note));
        break;
    case SC_NOTE_END:
        write_down("end %u; ", worker);
        break;
    default:
        fail_msg("a broker sent a note of type %c", (int)note.type);
    }
    return SC_OK;
}

/* ---- The broker's part ------------------------------------------------------------------------------------ */

static void start(const char *options)
{
    memset(&broker, 0, sizeof(broker));
    broker.is_connected = true;
    sc_wheel_init(&broker.loop.wheel, clock_of, &broker);
    sc_list_init(&broker.timers);
    assert_int_equal(sc_broker_plugin.attach(&broker, sc_str_from(options), &plugin), SC_OK);
}

static int begin(void **state)
{
    (void)state;
    start(NULL);
    return 0;
}

static int end(void **state)
{
    (void)state;
    sc_broker_plugin.detach(&broker, plugin);
    sc_timer_stop_all(&broker.timers);
    return 0;
}

static void restart(const char *options)
{
    (void)end(NULL);
    start(options);
}

static void pass_time(uint32_t ms)
{
    uint64_t end_ms = broker.now_ms + ms;

    while (broker.now_ms < end_ms) {
        broker.now_ms++;
        sc_wheel_advance(&broker.loop.wheel);
    }
}

static void expect(const char *log)
{
    assert_string_equal(broker.log, log);
    broker.log[0] = '\0';
}

static void fire(sc_broker_event_type_t type, uint32_t worker, const char *channel, sc_str_t data)
{
    sc_broker_event_t event = {
        .type = type, .worker = worker, .channel = sc_str_from(channel), .data = data};

    broker.listeners[type](&event, broker.listener_arg);
}

static void say(uint32_t worker, sc_presence_note_t note)
{
    sc_text_t bytes = {0};

    note.channel = SC_STR("room");
    sc_presence_note_write(&bytes, &note);
    fire(SC_BROKER_MESSAGE, worker, NULL, sc_text_str(&bytes));
    sc_text_free(&bytes);
}

static void add_with(uint32_t worker, const char *user, const char *id, const char *data,
                     uint64_t set_ms)
{
    sc_presence_note_t note = {.type = SC_NOTE_ADD,
                               .number = set_ms,
                               .username = sc_str_from(user),
                               .socket_id = sc_str_from(id),
                               .data = sc_str_from(data)};

    say(worker, note);
}

static void add(uint32_t worker, const char *user)
{
    add_with(worker, user, "id", NULL, 0);
}

static void drop_with(uint32_t worker, const char *user, uint8_t flags)
{
    sc_presence_note_t note = {.type = SC_NOTE_DROP, .flags = flags, .username = sc_str_from(user)};

    say(worker, note);
}

static void drop(uint32_t worker, const char *user)
{
    drop_with(worker, user, 0);
}

static void track(uint32_t worker, const char *user, uint64_t count)
{
    sc_presence_note_t note = {.type = SC_NOTE_TRACK,
                               .number = count,
                               .username = sc_str_from(user),
                               .socket_id = SC_STR("tid")};

    say(worker, note);
}

static void count_trackers(uint32_t worker, uint64_t count)
{
    sc_presence_note_t note = {.type = SC_NOTE_COUNT, .number = count};

    say(worker, note);
}

static void watch(uint32_t worker)
{
    fire(SC_BROKER_SUBSCRIBE, worker, "presence>room", sc_str_none());
}

static void unwatch(uint32_t worker)
{
    fire(SC_BROKER_UNSUBSCRIBE, worker, "presence>room", sc_str_none());
}

static void be_ready(void)
{
    fire(SC_BROKER_READY, 0, NULL, sc_str_none());
}

/* Ready, and worker 0 watches. */
static void be_watched(void)
{
    be_ready();
    watch(0);
    broker.log[0] = '\0';
}

/* ---- Users ------------------------------------------------------------------------------------------------- */

static void a_watcher_gets_the_list_and_then_every_change(void **state)
{
    (void)state;
    be_ready();
    add(0, "\"alice\"");
    add(1, "42");
    expect("");
    watch(2);
    expect("list 2 original \"alice\"/id 42/id; ");
    add(1, "\"bob\"");
    expect("join 2 \"bob\"/id; ");
    drop(0, "\"alice\"");
    expect("leave 2 \"alice\"; ");
    unwatch(2);
    expect("end 2; ");
    add(1, "\"carol\"");
    expect("");
}

static void only_tracking_channels_are_watched(void **state)
{
    (void)state;
    be_ready();
    fire(SC_BROKER_SUBSCRIBE, 0, "room", sc_str_none());
    fire(SC_BROKER_SUBSCRIBE, 0, "presence>socket/AAAAAAAAAAAAAAAAAAAA", sc_str_none());
    fire(SC_BROKER_UNSUBSCRIBE, 0, "presence>never", sc_str_none());
    expect("");
    fire(SC_BROKER_SUBSCRIBE, 0, "presence>nobody", sc_str_none());
    expect("list 0 original; ");
}

/* Defect 1, between workers. */
static void a_user_stays_while_another_worker_has_it(void **state)
{
    (void)state;
    be_watched();
    add(0, "\"alice\"");
    add(1, "\"alice\"");
    expect("join 0 \"alice\"/id; announce 0 \"alice\"/id; ");
    drop(0, "\"alice\"");
    expect("");
    drop(1, "\"alice\"");
    expect("leave 0 \"alice\"; ");
}

static void a_leave_carries_the_username_as_it_was_dropped(void **state)
{
    (void)state;
    be_watched();
    add(0, "42");
    add(1, "\"42\"");
    broker.log[0] = '\0';
    drop(0, "42");
    expect("");
    drop(1, "\"42\"");
    expect("leave 0 \"42\"; ");
}

/* Defect 13. */
static void a_worker_that_dies_takes_only_its_own_users_along(void **state)
{
    (void)state;
    be_watched();
    add(1, "\"alice\"");
    add(1, "\"bob\"");
    add(2, "\"bob\"");
    add(2, "\"carol\"");
    broker.log[0] = '\0';
    fire(SC_BROKER_WORKER_DOWN, 1, NULL, sc_str_none());
    expect("leave 0 \"alice\"; ");
    fire(SC_BROKER_WORKER_DOWN, 1, NULL, sc_str_none());
    expect("");
}

static void a_drop_of_somebody_whom_nobody_has_is_nothing(void **state)
{
    (void)state;
    be_watched();
    drop(1, "\"alice\"");
    add(0, "\"alice\"");
    drop(1, "\"alice\"");
    expect("join 0 \"alice\"/id; ");
}

/* ---- A new broker ------------------------------------------------------------------------------------------- */

static void before_all_workers_have_been_heard_nobody_is_told_anything(void **state)
{
    (void)state;
    watch(0);
    add(0, "\"alice\"");
    add(1, "\"bob\"");
    add(1, "\"carol\"");
    drop(1, "\"carol\"");
    add(2, "\"dave\"");
    fire(SC_BROKER_WORKER_DOWN, 2, NULL, sc_str_none());
    track(0, NULL, 1);
    expect("");
    be_ready();
    expect("list 0 original \"alice\"/id \"bob\"/id; ");
}

static void a_worker_that_is_not_connected_does_no_harm(void **state)
{
    (void)state;
    be_watched();
    broker.is_connected = false;
    add(0, "\"alice\"");
    unwatch(0);
    expect("");
}

static void a_large_list_comes_in_parts(void **state)
{
    static char name[1000];
    int i;

    (void)state;
    be_ready();
    for (i = 0; i < 200; i++) {
        (void)snprintf(name, sizeof(name), "\"%0990d\"", i);
        add(0, name);
    }
    watch(1);
    assert_int_equal(broker.entry_count, 200);
    assert_in_range(broker.part_count, 3, 5);
    broker.log[0] = '\0';
}

/* ---- Modes --------------------------------------------------------------------------------------------------- */

static void above_the_threshold_the_mode_is_roster_until_a_quarter_has_gone(void **state)
{
    (void)state;
    restart("{\"rosterThreshold\":4}");
    be_watched();
    add(0, "1");
    add(0, "2");
    add(0, "3");
    add(0, "4");
    broker.log[0] = '\0';
    add(1, "5");
    expect("mode 0 roster; join 0 5; ");
    drop(1, "5");
    expect("leave 0 5; ");
    add(1, "5");
    add(2, "5");
    expect("join 0 5; ");
    drop(0, "1");
    expect("leave 0 1; ");
    drop(0, "2");
    expect("leave 0 2; mode 0 original; ");
    add(1, "6");
    expect("join 0 6/id; ");
}

static void many_trackers_make_it_roster_mode_too(void **state)
{
    (void)state;
    restart("{\"rosterThreshold\":4}");
    be_watched();
    watch(1);
    broker.log[0] = '\0';
    track(0, NULL, 4);
    expect("announce 1 /tid; announce 0 /tid; ");
    count_trackers(1, 1);
    expect("mode 1 roster; mode 0 roster; ");
    track(1, NULL, 2);
    expect("");
    unwatch(0);
    expect("end 0; mode 1 original; ");
}

static void a_mode_that_is_set_stays(void **state)
{
    (void)state;
    restart("{\"mode\":\"roster\"}");
    be_ready();
    watch(0);
    expect("list 0 roster; ");
    add(0, "1");
    drop(0, "1");
    expect("join 0 1; leave 0 1; ");
    restart("{\"mode\":\"original\",\"rosterThreshold\":0}");
    be_watched();
    add(0, "1");
    add(0, "2");
    expect("join 0 1/id; join 0 2/id; ");
}

static void a_tracker_is_announced_with_its_data(void **state)
{
    (void)state;
    be_watched();
    add_with(0, "\"alice\"", "id", "{}", 5);
    broker.log[0] = '\0';
    track(0, "\"alice\"", 1);
    expect("announce 0 \"alice\"/tid={}; ");
}

/* ---- Presence data --------------------------------------------------------------------------------------------- */

static void data_that_was_set_last_counts_whoever_tells_it_last(void **state)
{
    (void)state;
    be_watched();
    add_with(0, "1", "id", "{\"a\":1}", 10);
    expect("join 0 1/id={\"a\":1}; ");
    add_with(1, "1", NULL, "{\"a\":2}", 20);
    expect("data 0 1={\"a\":2}; ");
    add_with(0, "1", NULL, "{\"a\":1}", 10);
    expect("");
    add_with(0, "1", NULL, NULL, 0);
    expect("");
    add_with(0, "1", NULL, "{\"a\":2}", 30);
    expect("");
    watch(2);
    expect("list 2 original 1/id={\"a\":2}; ");
    add_with(0, "1", NULL, NULL, 40);
    expect("data 2 1; data 0 1; ");
}

/* ---- Grace ------------------------------------------------------------------------------------------------------ */

static void who_was_lost_leaves_after_the_grace(void **state)
{
    (void)state;
    restart("{\"leaveGrace\":500}");
    be_watched();
    add(1, "1");
    add(1, "2");
    broker.log[0] = '\0';
    drop_with(1, "1", SC_NOTE_LOST);
    pass_time(300);
    drop_with(1, "2", SC_NOTE_LOST);
    pass_time(190);
    expect("");
    watch(2);
    expect("list 2 original 1/id 2/id; ");
    pass_time(50);
    expect("leave 2 1; leave 0 1; ");
    pass_time(250);
    pass_time(100);
    expect("leave 2 2; leave 0 2; ");
}

static void who_comes_back_within_the_grace_was_never_away(void **state)
{
    (void)state;
    restart("{\"leaveGrace\":500}");
    be_watched();
    add(1, "1");
    broker.log[0] = '\0';
    drop_with(1, "1", SC_NOTE_LOST);
    pass_time(400);
    add(2, "1");
    pass_time(1000);
    expect("");
    add_with(2, "1", "id2", NULL, 0);
    expect("announce 0 1/id2; ");
    drop(2, "1");
    expect("leave 0 1; ");
}

static void who_says_goodbye_leaves_at_once(void **state)
{
    (void)state;
    restart("{\"leaveGrace\":500}");
    be_watched();
    add(1, "1");
    add(2, "1");
    broker.log[0] = '\0';
    drop_with(1, "1", SC_NOTE_LOST);
    drop(2, "1");
    expect("leave 0 1; ");
    pass_time(1000);
    expect("");
}

static void the_users_of_a_worker_that_died_have_their_grace(void **state)
{
    (void)state;
    restart("{\"leaveGrace\":500}");
    be_watched();
    add(1, "1");
    add(1, "2");
    broker.log[0] = '\0';
    fire(SC_BROKER_WORKER_DOWN, 1, NULL, sc_str_none());
    expect("");
    add(2, "2");
    pass_time(600);
    expect("leave 0 1; ");
}

static void without_grace_who_was_lost_leaves_at_once(void **state)
{
    (void)state;
    be_watched();
    add(1, "1");
    broker.log[0] = '\0';
    drop_with(1, "1", SC_NOTE_LOST);
    expect("leave 0 1; ");
}

/* ---- The rest ------------------------------------------------------------------------------------------------------ */

static void what_no_worker_says_is_ignored(void **state)
{
    sc_presence_note_t note = {.type = SC_NOTE_JOIN, .username = SC_STR("1")};

    (void)state;
    be_watched();
    say(0, note);
    add(0, "[]");
    add(WORKERS, "1");
    fire(SC_BROKER_MESSAGE, 0, NULL, SC_STR("nonsense"));
    fire(SC_BROKER_MESSAGE, 0, NULL, sc_str_none());
    fire(SC_BROKER_WORKER_DOWN, WORKERS, NULL, sc_str_none());
    count_trackers(1, 7);
    count_trackers(0, UINT64_MAX);
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
        TEST(a_watcher_gets_the_list_and_then_every_change),
        TEST(only_tracking_channels_are_watched),
        TEST(a_user_stays_while_another_worker_has_it),
        TEST(a_leave_carries_the_username_as_it_was_dropped),
        TEST(a_worker_that_dies_takes_only_its_own_users_along),
        TEST(a_drop_of_somebody_whom_nobody_has_is_nothing),
        TEST(before_all_workers_have_been_heard_nobody_is_told_anything),
        TEST(a_worker_that_is_not_connected_does_no_harm),
        TEST(a_large_list_comes_in_parts),
        TEST(above_the_threshold_the_mode_is_roster_until_a_quarter_has_gone),
        TEST(many_trackers_make_it_roster_mode_too),
        TEST(a_mode_that_is_set_stays),
        TEST(a_tracker_is_announced_with_its_data),
        TEST(data_that_was_set_last_counts_whoever_tells_it_last),
        TEST(who_was_lost_leaves_after_the_grace),
        TEST(who_comes_back_within_the_grace_was_never_away),
        TEST(who_says_goodbye_leaves_at_once),
        TEST(the_users_of_a_worker_that_died_have_their_grace),
        TEST(without_grace_who_was_lost_leaves_at_once),
        TEST(what_no_worker_says_is_ignored),
        TEST(a_wrong_option_stops_the_start),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
