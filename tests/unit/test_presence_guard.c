/*
 * test_presence_guard.c: what clients may say and hear on the channels of presence.
 */
#include "fake_worker.h"

#include "plugins/stateless_presence/guard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define OTHER "presence>socket/oAAAAAAAAAAAAAAAAAAA"
#define OWN "presence>socket/aAAAAAAAAAAAAAAAAAAA"
#define PONG(channel, user, timeout)                                                               \
    "{\"type\":\"pong\",\"channel\":" channel ",\"username\":" user ",\"timeout\":" timeout "}"

typedef struct world {
    sc_worker_t worker;
    sc_socket_t socket;
    sc_guard_t guard;
    uint32_t promised_ms;
} world_t;

static uint32_t promise_ms(sc_str_t channel, void *arg)
{
    const world_t *world = arg;

    assert_true(sc_str_equal(channel, SC_STR("room")));
    return world->promised_ms;
}

static int begin(void **state)
{
    world_t *world = calloc(1, sizeof(*world));

    assert_int_equal(sc_guard_start(&world->guard, &world->worker, 1300, promise_ms, world), SC_OK);
    fake_connect(&world->worker, &world->socket, "a");
    world->socket.token = "{\"username\":\"alice\"}";
    fake_subscribe(&world->socket, "room");
    fake_subscribe(&world->socket, "presence>room");
    *state = world;
    return 0;
}

static int end(void **state)
{
    free(*state);
    return 0;
}

static sc_verdict_t ask(world_t *world, sc_action_type_t type, const char *channel,
                        const char *data)
{
    sc_action_t action = {
        .socket = &world->socket, .channel = sc_str_from(channel), .data = sc_str_from(data)};

    return fake_ask(&world->worker, type, &action);
}

static sc_verdict_t publish(world_t *world, const char *channel, const char *data)
{
    return ask(world, SC_ACTION_PUBLISH_IN, channel, data);
}

static void a_true_pong_passes(void **state)
{
    assert_int_equal(publish(*state, OTHER, PONG("\"room\"", "\"alice\"", "1300")), SC_PASS);
    assert_int_equal(publish(*state, OWN, PONG("\"room\"", "\"alice\"", "1")), SC_PASS);
    assert_int_equal(publish(*state, OTHER, PONG("\"r\\u006fom\"", "\"\\u0061lice\"", "1e3")),
                     SC_PASS);
}

/* Who subscribes to `room` and to its presence at once may have the answer about presence first. */
static void a_pong_for_a_channel_that_one_is_about_to_be_in_passes(void **state)
{
    world_t *world = *state;

    fake_unsubscribe(&world->socket, "room");
    assert_int_equal(publish(world, OTHER, PONG("\"room\"", "\"alice\"", "1300")), SC_BLOCK_SILENT);
    world->socket.asked_channel = "room";
    assert_int_equal(publish(world, OTHER, PONG("\"room\"", "\"alice\"", "1300")), SC_PASS);
}

/* In roster mode the next ping may come later than the join had promised. */
static void a_pong_lasts_as_long_as_the_server_itself_promises(void **state)
{
    world_t *world = *state;
    sc_action_t action = {.socket = &world->socket,
                          .channel = SC_STR(OTHER),
                          .data = SC_STR(PONG("\"r\\u006fom\"", "\"alice\"", "1300"))};

    world->promised_ms = 1300;
    assert_int_equal(fake_ask(&world->worker, SC_ACTION_PUBLISH_IN, &action), SC_PASS);
    assert_int_equal(action.changed_data.len, 0);
    world->promised_ms = 52000;
    assert_int_equal(fake_ask(&world->worker, SC_ACTION_PUBLISH_IN, &action), SC_PASS);
    assert_true(sc_str_equal(sc_text_str(&action.changed_data),
                             SC_STR(PONG("\"r\\u006fom\"", "\"alice\"", "52000"))));
    sc_text_free(&action.changed_data);
}

static void other_channels_are_not_its_business(void **state)
{
    assert_int_equal(publish(*state, "room", "{\"type\":\"join\"}"), SC_PASS);
    assert_int_equal(publish(*state, "my-presence>room", NULL), SC_PASS);
    assert_int_equal(publish(*state, "", "1"), SC_PASS);
}

/* Defect 11. */
static void a_client_cannot_speak_as_the_server(void **state)
{
    world_t *world = *state;

    assert_int_equal(publish(world, "presence>room", "{\"type\":\"leave\",\"username\":\"alice\"}"),
                     SC_BLOCK_SILENT);
    assert_int_equal(publish(world, "presence>room", PONG("\"room\"", "\"alice\"", "1300")),
                     SC_BLOCK_SILENT);
    assert_int_equal(
        publish(world, OTHER,
                "{\"type\":\"join\",\"username\":\"x\",\"timeout\":1,\"socketId\":\"x\"}"),
        SC_BLOCK_SILENT);
    assert_int_equal(publish(world, OTHER, NULL), SC_BLOCK_SILENT);
    assert_int_equal(publish(world, OTHER, "[]"), SC_BLOCK_SILENT);
    assert_int_equal(publish(world, "presence>", "1"), SC_BLOCK_SILENT);
    assert_int_equal(publish(world, "presence>presence>room", "1"), SC_BLOCK_SILENT);
    assert_int_equal(world->worker.counter.value, 7);
}

/* Defect 10. */
static void a_pong_for_a_channel_that_one_is_not_in_is_refused(void **state)
{
    assert_int_equal(publish(*state, OTHER, PONG("\"hall\"", "\"alice\"", "1300")),
                     SC_BLOCK_SILENT);
    assert_int_equal(publish(*state, OTHER, PONG("\"presence>room\"", "\"alice\"", "1300")),
                     SC_BLOCK_SILENT);
    assert_int_equal(publish(*state, OTHER, PONG("\"\\ud800\"", "\"alice\"", "1300")),
                     SC_BLOCK_SILENT);
}

static void a_pong_in_somebody_elses_name_is_refused(void **state)
{
    world_t *world = *state;

    assert_int_equal(publish(world, OTHER, PONG("\"room\"", "\"bob\"", "1300")), SC_BLOCK_SILENT);
    assert_int_equal(publish(world, OTHER, PONG("\"room\"", "null", "1300")), SC_BLOCK_SILENT);
    assert_int_equal(publish(world, OTHER, PONG("\"room\"", "{}", "1300")), SC_BLOCK_SILENT);
    world->socket.token = NULL;
    assert_int_equal(publish(world, OTHER, PONG("\"room\"", "\"alice\"", "1300")), SC_BLOCK_SILENT);
    world->socket.token = "{\"uid\":1}";
    assert_int_equal(publish(world, OTHER, PONG("\"room\"", "\"alice\"", "1300")), SC_BLOCK_SILENT);
    world->socket.token = "{\"username\":42}";
    assert_int_equal(publish(world, OTHER, PONG("\"room\"", "42", "1300")), SC_PASS);
    assert_int_equal(publish(world, OTHER, PONG("\"room\"", "\"42\"", "1300")), SC_PASS);
}

static void a_pong_that_shall_count_too_long_is_refused(void **state)
{
    assert_int_equal(publish(*state, OTHER, PONG("\"room\"", "\"alice\"", "1301")),
                     SC_BLOCK_SILENT);
    assert_int_equal(publish(*state, OTHER, PONG("\"room\"", "\"alice\"", "1300.5")),
                     SC_BLOCK_SILENT);
    assert_int_equal(publish(*state, OTHER, PONG("\"room\"", "\"alice\"", "600000")),
                     SC_BLOCK_SILENT);
}

static void a_pong_of_unusual_size_is_refused(void **state)
{
    static char data[40000];
    size_t used = strlen(PONG("\"room\"", "\"alice\"", "1300"));

    memset(data, ' ', sizeof(data) - 1);
    memcpy(data, PONG("\"room\"", "\"alice\"", "1300"), used);
    assert_int_equal(publish(*state, OTHER, data), SC_BLOCK_SILENT);
}

static void a_personal_channel_can_only_be_subscribed_to_by_its_socket(void **state)
{
    world_t *world = *state;
    sc_action_t action = {.socket = &world->socket, .channel = sc_str_from(OTHER)};

    assert_int_equal(ask(world, SC_ACTION_SUBSCRIBE, OWN, NULL), SC_PASS);
    assert_int_equal(ask(world, SC_ACTION_SUBSCRIBE, "presence>room", NULL), SC_PASS);
    assert_int_equal(ask(world, SC_ACTION_SUBSCRIBE, "room", NULL), SC_PASS);
    assert_int_equal(fake_ask(&world->worker, SC_ACTION_SUBSCRIBE, &action), SC_BLOCK);
    assert_string_equal(action.error_name, "PresenceError");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(a_true_pong_passes),
        TEST(a_pong_for_a_channel_that_one_is_about_to_be_in_passes),
        TEST(a_pong_lasts_as_long_as_the_server_itself_promises),
        TEST(other_channels_are_not_its_business),
        TEST(a_client_cannot_speak_as_the_server),
        TEST(a_pong_for_a_channel_that_one_is_not_in_is_refused),
        TEST(a_pong_in_somebody_elses_name_is_refused),
        TEST(a_pong_that_shall_count_too_long_is_refused),
        TEST(a_pong_of_unusual_size_is_refused),
        TEST(a_personal_channel_can_only_be_subscribed_to_by_its_socket),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
