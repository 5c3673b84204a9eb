/*
 * test_presence.c: the worker half of stateless_presence: what sockets do, and what is said of it. The server is
 * fake_worker.c. The names of the tests cover docs/protocol.md, "Defects of the original", as far as a worker
 * alone can have them.
 */
#include "fake_worker.h"

#include "plugins/stateless_presence/presence_change.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define ALICE "{\"username\":\"alice\",\"iat\":1}"
#define BOB "{\"username\":\"bob\",\"iat\":1}"
#define JOIN(user, id)                                                                             \
    "publish presence>room {\"type\":\"join\",\"username\":" user                                  \
    ",\"timeout\":1300,\"socketId\":\"" id "\"}; "
#define TRACKER(id)                                                                                \
    "publish presence>room {\"type\":\"join\",\"timeout\":1300,\"socketId\":\"" id "\"}; "
#define PING(users)                                                                                \
    "publish presence>room {\"type\":\"ping\",\"timeout\":1300,\"users\":[" users "]}; "
#define ID_A "aAAAAAAAAAAAAAAAAAAA"
#define ID_B "bAAAAAAAAAAAAAAAAAAA"

extern const sc_worker_plugin_t sc_worker_plugin;

typedef struct world {
    sc_worker_t worker;
    sc_socket_t a;
    sc_socket_t b;
    void *state;
} world_t;

static int begin(void **state)
{
    world_t *world = calloc(1, sizeof(*world));

    world->worker.is_linked = true;
    assert_int_equal(sc_worker_plugin.attach(&world->worker, SC_STR("{\"presenceInterval\":1000}"),
                                             &world->state),
                     SC_OK);
    fake_connect(&world->worker, &world->a, "a");
    fake_connect(&world->worker, &world->b, "b");
    *state = world;
    return 0;
}

static int end(void **state)
{
    world_t *world = *state;

    fake_disconnect(&world->a);
    fake_disconnect(&world->b);
    sc_worker_plugin.detach(&world->worker, world->state);
    free(world);
    return 0;
}

static void enter_room(world_t *world, sc_socket_t *socket, const char *token)
{
    fake_authenticate(socket, token);
    fake_subscribe(socket, "room");
    world->worker.log[0] = '\0';
}

static void expect_ping(world_t *world, const char *log)
{
    world->worker.on_timer(world->worker.timer_arg);
    fake_expect(&world->worker, log);
}

static void confirm(world_t *world, uint32_t broker, uint64_t number)
{
    sc_presence_change_t change = {.type = SC_PRESENCE_CONFIRM, .number = number};
    sc_text_t bytes = {0};

    sc_presence_change_write(&bytes, &change);
    world->worker.on_message(broker, sc_text_str(&bytes), world->worker.link_arg);
    sc_text_free(&bytes);
}

/* ---- Coming ---------------------------------------------------------------------------------------------- */

static void a_users_subscription_tells_the_broker_and_then_the_trackers(void **state)
{
    world_t *world = *state;

    fake_authenticate(&world->a, ALICE);
    fake_expect(&world->worker, "");
    fake_subscribe(&world->a, "room");
    fake_expect(&world->worker, "add 1 room \"alice\"; " JOIN("\"alice\"", ID_A));
    expect_ping(world, PING("\"alice\""));
}

static void a_subscriber_without_a_username_is_not_spoken_of(void **state)
{
    world_t *world = *state;

    fake_subscribe(&world->a, "room");
    fake_authenticate(&world->b, "{\"uid\":7}");
    fake_subscribe(&world->b, "room");
    expect_ping(world, "");
    fake_unsubscribe(&world->b, "room");
    fake_expect(&world->worker, "");
}

static void a_users_second_socket_joins_but_is_no_second_user(void **state)
{
    world_t *world = *state;

    enter_room(world, &world->a, ALICE);
    fake_authenticate(&world->b, ALICE);
    fake_subscribe(&world->b, "room");
    fake_expect(&world->worker, JOIN("\"alice\"", ID_B));
    expect_ping(world, PING("\"alice\""));
}

static void subscribing_again_says_nothing(void **state)
{
    world_t *world = *state;

    enter_room(world, &world->a, ALICE);
    fake_subscribe(&world->a, "room");
    fake_expect(&world->worker, "");
    fake_unsubscribe(&world->a, "room");
    fake_expect(&world->worker, "drop 1 1 room \"alice\"; ");
}

/* Defects 2 and 6: only ordinary channels are entered, and the prefix counts at the beginning only. */
static void logging_in_on_an_open_connection_joins_the_ordinary_channels_only(void **state)
{
    world_t *world = *state;

    fake_subscribe(&world->a, "presence>socket/" ID_A);
    fake_subscribe(&world->a, "room");
    fake_subscribe(&world->a, "presence>room");
    fake_expect(&world->worker, TRACKER(ID_A));
    fake_authenticate(&world->a, ALICE);
    fake_expect(&world->worker, "add 1 room \"alice\"; " JOIN("\"alice\"", ID_A));
    fake_disconnect(&world->a);
    fake_expect(&world->worker, "drop 1 1 room \"alice\"; ");
    expect_ping(world, "");
}

static void a_prefix_in_the_middle_of_a_name_is_part_of_the_name(void **state)
{
    world_t *world = *state;

    fake_authenticate(&world->a, ALICE);
    fake_subscribe(&world->a, "my-presence>room");
    fake_expect(&world->worker,
                "add 1 my-presence>room \"alice\"; publish presence>my-presence>room "
                "{\"type\":\"join\",\"username\":\"alice\",\"timeout\":1300,\"socketId\":\"" ID_A
                "\"}; ");
}

/* ---- Tracking ---------------------------------------------------------------------------------------------- */

static void a_tracker_announces_itself_on_the_tracking_channel_only(void **state)
{
    world_t *world = *state;

    fake_subscribe(&world->a, "presence>socket/" ID_A);
    fake_expect(&world->worker, "");
    fake_subscribe(&world->a, "presence>room");
    fake_expect(&world->worker, TRACKER(ID_A));
    fake_subscribe(&world->a, "presence>presence>room");
    fake_expect(&world->worker, "");
    expect_ping(world, "");
}

/* Defect 14. */
static void a_member_that_tracks_its_own_channel_sees_itself(void **state)
{
    world_t *world = *state;

    enter_room(world, &world->a, ALICE);
    fake_subscribe(&world->a, "presence>room");
    fake_expect(&world->worker, JOIN("\"alice\"", ID_A));
}

/* Defect 10, the server's side. */
static void a_tracker_that_is_not_in_the_channel_is_not_announced_as_a_user(void **state)
{
    world_t *world = *state;

    fake_authenticate(&world->a, ALICE);
    fake_subscribe(&world->a, "presence>room");
    fake_expect(&world->worker, TRACKER(ID_A));
    expect_ping(world, "");
    fake_unsubscribe(&world->a, "presence>room");
    fake_expect(&world->worker, "");
}

/* ---- Leaving ----------------------------------------------------------------------------------------------- */

/* Defect 1, within one worker. */
static void a_user_stays_until_the_last_of_its_sockets_leaves(void **state)
{
    world_t *world = *state;

    enter_room(world, &world->a, ALICE);
    enter_room(world, &world->b, ALICE);
    fake_disconnect(&world->a);
    fake_expect(&world->worker, "");
    expect_ping(world, PING("\"alice\""));
    fake_unsubscribe(&world->b, "room");
    fake_expect(&world->worker, "drop 1 1 room \"alice\"; ");
    expect_ping(world, "");
}

static void losing_the_token_is_leaving_every_channel(void **state)
{
    world_t *world = *state;

    enter_room(world, &world->a, ALICE);
    fake_subscribe(&world->a, "hall2");
    world->worker.log[0] = '\0';
    fake_deauthenticate(&world->a);
    fake_expect(&world->worker, "drop 1 1 room \"alice\"; drop 0 1 hall2 \"alice\"; ");
    fake_disconnect(&world->a);
    fake_expect(&world->worker, "");
}

/* Defect 8. */
static void logging_in_as_another_after_a_logout_leaves_once(void **state)
{
    world_t *world = *state;

    enter_room(world, &world->a, ALICE);
    fake_deauthenticate(&world->a);
    fake_authenticate(&world->a, BOB);
    fake_expect(&world->worker,
                "drop 1 1 room \"alice\"; add 1 room \"bob\"; " JOIN("\"bob\"", ID_A));
}

static void logging_in_as_another_is_a_leave_and_a_join(void **state)
{
    world_t *world = *state;

    enter_room(world, &world->a, ALICE);
    fake_authenticate(&world->a, BOB);
    fake_expect(&world->worker,
                "drop 1 1 room \"alice\"; add 1 room \"bob\"; " JOIN("\"bob\"", ID_A));
    expect_ping(world, PING("\"bob\""));
}

static void logging_in_as_the_same_user_says_nothing(void **state)
{
    world_t *world = *state;

    enter_room(world, &world->a, ALICE);
    fake_authenticate(&world->a, "{\"iat\":2,\"username\":\"alice\"}");
    fake_expect(&world->worker, "");
    fake_unsubscribe(&world->a, "room");
    fake_expect(&world->worker, "drop 1 1 room \"alice\"; ");
}

static void a_number_joins_as_a_number_and_is_pinged_as_a_string(void **state)
{
    world_t *world = *state;

    fake_authenticate(&world->a, "{\"username\":42}");
    fake_subscribe(&world->a, "room");
    fake_expect(&world->worker, "add 1 room 42; " JOIN("42", ID_A));
    expect_ping(world, PING("\"42\""));
    fake_authenticate(&world->a, "{\"username\":\"42\"}");
    fake_expect(&world->worker, "");
    fake_unsubscribe(&world->a, "room");
    fake_expect(&world->worker, "drop 1 1 room \"42\"; ");
}

/* ---- Brokers that come and go -------------------------------------------------------------------------------- */

static void a_new_broker_is_told_who_is_in_its_channels(void **state)
{
    world_t *world = *state;

    enter_room(world, &world->a, ALICE);
    fake_subscribe(&world->a, "hall2");
    enter_room(world, &world->b, BOB);
    fake_link(&world->worker, 1);
    fake_expect(&world->worker, "add 1 room \"alice\"; add 1 room \"bob\"; ");
    fake_link(&world->worker, 0);
    fake_expect(&world->worker, "add 0 hall2 \"alice\"; ");
    fake_pass_time(&world->worker);
    fake_expect(&world->worker, "");
}

/* Who leaves is told in a later turn, behind the publications that waited for the broker. */
static void what_happens_while_a_broker_is_away_is_told_to_the_next(void **state)
{
    world_t *world = *state;

    enter_room(world, &world->a, ALICE);
    world->worker.is_linked = false;
    fake_disconnect(&world->a);
    fake_authenticate(&world->b, BOB);
    fake_subscribe(&world->b, "room");
    fake_expect(&world->worker, JOIN("\"bob\"", ID_B));
    fake_link(&world->worker, 1);
    fake_expect(&world->worker, "add 1 room \"bob\"; ");
    fake_pass_time(&world->worker);
    fake_expect(&world->worker, "drop 1 1 room \"alice\"; ");
}

static void drops_are_repeated_until_they_are_confirmed(void **state)
{
    world_t *world = *state;

    enter_room(world, &world->a, ALICE);
    enter_room(world, &world->b, BOB);
    fake_unsubscribe(&world->a, "room");
    fake_unsubscribe(&world->b, "room");
    fake_expect(&world->worker, "drop 1 1 room \"alice\"; drop 1 2 room \"bob\"; ");
    confirm(world, 1, 1);
    fake_link(&world->worker, 1);
    fake_pass_time(&world->worker);
    fake_expect(&world->worker, "drop 1 2 room \"bob\"; ");
    confirm(world, 1, 2);
    fake_link(&world->worker, 1);
    fake_pass_time(&world->worker);
    fake_expect(&world->worker, "");
}

static void who_has_come_back_does_not_leave_again(void **state)
{
    world_t *world = *state;

    enter_room(world, &world->a, ALICE);
    fake_unsubscribe(&world->a, "room");
    fake_subscribe(&world->a, "room");
    world->worker.log[0] = '\0';
    fake_link(&world->worker, 1);
    fake_expect(&world->worker, "add 1 room \"alice\"; ");
    fake_pass_time(&world->worker);
    fake_expect(&world->worker, "");
}

static void a_broken_message_of_a_broker_is_ignored(void **state)
{
    world_t *world = *state;

    enter_room(world, &world->a, ALICE);
    fake_unsubscribe(&world->a, "room");
    world->worker.on_message(1, SC_STR("C"), world->worker.link_arg);
    world->worker.on_message(1, SC_STR("nonsense"), world->worker.link_arg);
    world->worker.on_message(1, SC_STR("D\0\0\0\0\0\0\0\1\0\4room7"), world->worker.link_arg);
    world->worker.on_message(1, sc_str_none(), world->worker.link_arg);
    fake_expect(&world->worker, "drop 1 1 room \"alice\"; ");
    fake_link(&world->worker, 1);
    fake_pass_time(&world->worker);
    fake_expect(&world->worker, "drop 1 1 room \"alice\"; ");
}

/* ---- The rest -------------------------------------------------------------------------------------------------- */

static void workers_ping_at_different_moments_by_a_common_clock(void **state)
{
    static const uint32_t first_ms[] = {500, 750, 1000,
                                        250}; /* at 500 ms of the second, with four workers */
    sc_worker_t worker;
    void *plugin;
    uint32_t id;

    (void)state;
    for (id = 0; id < 4; id++) {
        memset(&worker, 0, sizeof(worker));
        worker.id = id;
        worker.now_ms = 77500;
        assert_int_equal(
            sc_worker_plugin.attach(&worker, SC_STR("{\"presenceInterval\":1000}"), &plugin),
            SC_OK);
        assert_int_equal(worker.timer_first_ms, first_ms[id]);
        assert_int_equal(worker.timer_every_ms, 1000);
        sc_worker_plugin.detach(&worker, plugin);
    }
}

static void a_wrong_option_stops_the_start(void **state)
{
    sc_worker_t worker;
    void *plugin = NULL;

    (void)state;
    memset(&worker, 0, sizeof(worker));
    assert_int_equal(sc_worker_plugin.attach(&worker, SC_STR("{\"nope\":1}"), &plugin),
                     SC_ERR_INVALID);
    sc_worker_plugin.detach(&worker, plugin);
}

static void without_guard_there_is_no_middleware(void **state)
{
    sc_worker_t worker;
    void *plugin = NULL;

    (void)state;
    memset(&worker, 0, sizeof(worker));
    assert_int_equal(sc_worker_plugin.attach(&worker, SC_STR("{\"guard\":false}"), &plugin), SC_OK);
    assert_null(worker.middleware[SC_ACTION_PUBLISH_IN]);
    assert_null(worker.middleware[SC_ACTION_SUBSCRIBE]);
    sc_worker_plugin.detach(&worker, plugin);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(a_users_subscription_tells_the_broker_and_then_the_trackers),
        TEST(a_subscriber_without_a_username_is_not_spoken_of),
        TEST(a_users_second_socket_joins_but_is_no_second_user),
        TEST(subscribing_again_says_nothing),
        TEST(logging_in_on_an_open_connection_joins_the_ordinary_channels_only),
        TEST(a_prefix_in_the_middle_of_a_name_is_part_of_the_name),
        TEST(a_tracker_announces_itself_on_the_tracking_channel_only),
        TEST(a_member_that_tracks_its_own_channel_sees_itself),
        TEST(a_tracker_that_is_not_in_the_channel_is_not_announced_as_a_user),
        TEST(a_user_stays_until_the_last_of_its_sockets_leaves),
        TEST(losing_the_token_is_leaving_every_channel),
        TEST(logging_in_as_another_after_a_logout_leaves_once),
        TEST(logging_in_as_another_is_a_leave_and_a_join),
        TEST(logging_in_as_the_same_user_says_nothing),
        TEST(a_number_joins_as_a_number_and_is_pinged_as_a_string),
        TEST(a_new_broker_is_told_who_is_in_its_channels),
        TEST(what_happens_while_a_broker_is_away_is_told_to_the_next),
        TEST(drops_are_repeated_until_they_are_confirmed),
        TEST(who_has_come_back_does_not_leave_again),
        TEST(a_broken_message_of_a_broker_is_ignored),
        cmocka_unit_test(workers_ping_at_different_moments_by_a_common_clock),
        cmocka_unit_test(a_wrong_option_stops_the_start),
        cmocka_unit_test(without_guard_there_is_no_middleware),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
