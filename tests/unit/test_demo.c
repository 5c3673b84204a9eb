/*
 * test_demo.c: the demo's login, and who may say what in its rooms. The server is fake_worker.c.
 */
#include "fake_worker.h"

#include "plugins/demo/page.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

extern const sc_worker_plugin_t sc_worker_plugin;

/* In place of page.c: pages are looked at in a browser. */
sc_status_t sc_demo_page_serve(sc_worker_t *worker)
{
    (void)worker;
    return SC_OK;
}

typedef struct world {
    sc_worker_t worker;
    sc_socket_t socket;
    sc_action_t action;
    sc_call_t call;
} world_t;

static int begin(void **state)
{
    world_t *world = calloc(1, sizeof(*world));
    void *plugin = NULL;

    assert_int_equal(sc_worker_plugin.attach(&world->worker, sc_str_none(), &plugin), SC_OK);
    fake_connect(&world->worker, &world->socket, "a");
    world->action.socket = &world->socket;
    world->call.socket = &world->socket;
    *state = world;
    return 0;
}

static int end(void **state)
{
    world_t *world = *state;

    sc_text_free(&world->action.changed_data);
    sc_text_free(&world->call.answer);
    free(world);
    return 0;
}

static void call(world_t *world, const char *name, const char *data)
{
    world->call.data = sc_str_from(data);
    world->call.has_ended = false;
    world->call.error_name[0] = '\0';
    sc_text_clear(&world->call.answer);
    fake_call(&world->worker, name, &world->call);
}

static sc_verdict_t publish(world_t *world, const char *channel, const char *data)
{
    world->action.channel = sc_str_from(channel);
    world->action.data = sc_str_from(data);
    sc_text_clear(&world->action.changed_data);
    return fake_ask(&world->worker, SC_ACTION_PUBLISH_IN, &world->action);
}

static void expect_refused(world_t *world, const char *data, const char *message)
{
    assert_int_equal(publish(world, "room/lobby", data), SC_BLOCK);
    assert_string_equal(world->action.error_name, "ChatError");
    assert_string_equal(world->action.error_message, message);
}

static void a_name_gives_a_token(void **state)
{
    world_t *world = *state;

    call(world, "demo:login", "{\"username\":\" Ada \\\"A\\\" \"}");
    assert_string_equal(world->socket.token, "{\"username\":\"Ada \\\"A\\\"\"}");
    assert_true(
        sc_str_equal(sc_text_str(&world->call.answer), SC_STR("{\"username\":\"Ada \\\"A\\\"\"}")));
}

static void what_is_no_name_gives_an_error(void **state)
{
    static const char *const others[] = {
        NULL,
        "null",
        "5",
        "\"Ada\"",
        "{}",
        "{\"username\":5}",
        "{\"username\":\"\"}",
        "{\"username\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}",
    };
    world_t *world = *state;
    size_t i;

    for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        call(world, "demo:login", others[i]);
        assert_string_equal(world->call.error_name, "LoginError");
        assert_null(world->socket.token);
    }
}

static void a_status_goes_into_the_token(void **state)
{
    world_t *world = *state;

    world->socket.token =
        "{\"username\":\"Ada \\\"A\\\"\",\"presence\":{\"status\":\"old\"},\"more\":1}";
    call(world, "demo:status", "{\"status\":\" at \\\"lunch\\\" \"}");
    assert_string_equal(world->call.error_name, "");
    assert_string_equal(
        world->socket.token,
        "{\"username\":\"Ada \\\"A\\\"\",\"presence\":{\"status\":\"at \\\"lunch\\\"\"}}");
    call(world, "demo:status", "{\"status\":\"\"}");
    assert_string_equal(world->socket.token, "{\"username\":\"Ada \\\"A\\\"\"}");
}

static void what_is_no_status_gives_an_error(void **state)
{
    static const char *const others[] = {
        NULL,
        "null",
        "\"busy\"",
        "{}",
        "{\"status\":null}",
        "{\"status\":5}",
        "{\"status\":{}}",
        "{\"status\":\" \"}",
        "{\"status\":\"a\\nb\"}",
        "{\"status\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}",
    };
    static const char token[] = "{\"username\":\"Ada\"}";
    world_t *world = *state;
    size_t i;

    world->socket.token = token;
    for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        call(world, "demo:status", others[i]);
        assert_string_equal(world->call.error_name, "StatusError");
        assert_ptr_equal(world->socket.token, token);
    }
}

static void only_who_is_logged_in_has_a_status(void **state)
{
    world_t *world = *state;

    call(world, "demo:status", "{\"status\":\"busy\"}");
    assert_string_equal(world->call.error_name, "StatusError");
    assert_null(world->socket.token);
    world->socket.token = "{\"uid\":1}";
    call(world, "demo:status", "{\"status\":\"busy\"}");
    assert_string_equal(world->call.error_name, "StatusError");
}

static void the_worker_is_told(void **state)
{
    world_t *world = *state;

    world->worker.id = 3;
    call(world, "demo:where", NULL);
    assert_true(
        sc_str_equal(sc_text_str(&world->call.answer), SC_STR("{\"worker\":3,\"workers\":4}")));
}

static void a_message_carries_the_senders_real_name_and_the_time(void **state)
{
    static const char begin_text[] = "{\"from\":\"Ada\",\"text\":\"hi <b>\",\"time\":1";
    world_t *world = *state;

    world->socket.token = "{\"username\":\"Ada\"}";
    fake_subscribe(&world->socket, "room/lobby");
    assert_int_equal(
        publish(world, "room/lobby", "{\"text\":\"hi <b>\",\"from\":\"Bob\",\"more\":1}"), SC_PASS);
    assert_true(
        sc_str_starts_with(sc_text_str(&world->action.changed_data), sc_str_from(begin_text)));
    assert_int_equal(world->action.changed_data.len, strlen(begin_text) + strlen("234567890123}"));
}

static void only_who_is_in_the_room_may_speak_in_it(void **state)
{
    world_t *world = *state;

    expect_refused(world, "{\"text\":\"hi\"}", "Log in to speak");
    world->socket.token = "{\"uid\":1}";
    expect_refused(world, "{\"text\":\"hi\"}", "Log in to speak");
    world->socket.token = "{\"username\":\"Ada\"}";
    expect_refused(world, "{\"text\":\"hi\"}", "Enter the room to speak in it");
}

static void what_is_no_message_is_refused(void **state)
{
    static char long_message[520] = "{\"text\":\"";
    world_t *world = *state;

    world->socket.token = "{\"username\":\"Ada\"}";
    fake_subscribe(&world->socket, "room/lobby");
    expect_refused(world, NULL, "A message is one line of text");
    expect_refused(world, "\"hi\"", "A message is one line of text");
    expect_refused(world, "{\"text\":\" \"}", "A message is one line of text");
    memset(long_message + 9, 'x', 501);
    memcpy(long_message + 9 + 501, "\"}", 3);
    expect_refused(world, long_message, "A message has at most 500 characters");
}

static void other_channels_are_not_its_business(void **state)
{
    assert_int_equal(publish(*state, "hall", "5"), SC_PASS);
    assert_int_equal(publish(*state, "presence>room/lobby", NULL), SC_PASS);
}

static void options_stop_the_start(void **state)
{
    world_t *world = *state;
    void *plugin = NULL;

    assert_int_equal(sc_worker_plugin.attach(&world->worker, SC_STR("{\"a\":1}"), &plugin),
                     SC_ERR_INVALID);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(a_name_gives_a_token),
        TEST(what_is_no_name_gives_an_error),
        TEST(a_status_goes_into_the_token),
        TEST(what_is_no_status_gives_an_error),
        TEST(only_who_is_logged_in_has_a_status),
        TEST(the_worker_is_told),
        TEST(a_message_carries_the_senders_real_name_and_the_time),
        TEST(only_who_is_in_the_room_may_speak_in_it),
        TEST(what_is_no_message_is_refused),
        TEST(other_channels_are_not_its_business),
        TEST(options_stop_the_start),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
