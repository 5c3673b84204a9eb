/* What plugins register, in a worker that has nothing but its hooks. */
#include "worker/protocol/hooks.h"
#include "worker/worker.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static sc_worker_t worker;
static char told[64]; /* arguments of the listeners that were called, one character each */
static const sc_event_t *told_event;

static int set_up(void **state)
{
    (void)state;
    memset(told, 0, sizeof(told));
    told_event = NULL;
    sc_hooks_init(&worker.hooks);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    sc_hooks_deinit(&worker.hooks);
    return 0;
}

static void on_event(const sc_event_t *event, void *arg)
{
    told[strlen(told)] = *(const char *)arg;
    told_event = event;
}

static void on_call(sc_call_t *call, void *arg)
{
    (void)call;
    (void)arg;
}

static sc_verdict_t pass(sc_action_t *action, void *arg)
{
    (void)action;
    (void)arg;
    return SC_PASS;
}

static sc_verdict_t block(sc_action_t *action, void *arg)
{
    (void)action;
    (void)arg;
    return SC_BLOCK;
}

static void listen_as(sc_event_type_t type, char letter)
{
    static char letters[] = "abcdefghijklmnopqrstuvwxyz";

    assert_int_equal(sc_worker_on(&worker, type, on_event, &letters[letter - 'a']), SC_OK);
}

static void listeners_are_told_in_the_order_of_registration(void **state)
{
    sc_event_t event = {.type = SC_EVENT_DISCONNECTION};

    (void)state;
    listen_as(SC_EVENT_DISCONNECTION, 'b');
    listen_as(SC_EVENT_DISCONNECTION, 'a');
    listen_as(SC_EVENT_DISCONNECTION, 'c');
    listen_as(SC_EVENT_DISCONNECTION, 'a');
    sc_hooks_tell(&worker.hooks, &event);
    assert_string_equal(told, "baca");
    assert_ptr_equal(told_event, &event);
}

static void an_event_is_heard_by_the_listeners_of_its_type_only(void **state)
{
    (void)state;
    for (int type = 0; type < SC_EVENT_TYPES; type++) {
        if (type == SC_EVENT_AUTH_STATE_CHANGE)
            continue; /* follows from two others, see below */
        assert_false(sc_hooks_hears(&worker.hooks, (sc_event_type_t)type));
        listen_as((sc_event_type_t)type, (char)('a' + type));
        assert_true(sc_hooks_hears(&worker.hooks, (sc_event_type_t)type));
    }
    for (int type = 0; type < SC_EVENT_TYPES; type++) {
        sc_event_t event = {.type = (sc_event_type_t)type};

        told[0] = '\0';
        sc_hooks_tell(&worker.hooks, &event);
        assert_int_equal(strlen(told), type == SC_EVENT_AUTH_STATE_CHANGE ? 0 : 1);
        assert_true(told[0] == '\0' || told[0] == 'a' + type);
    }
}

static void a_change_of_state_is_told_before_the_authentication_that_makes_it(void **state)
{
    sc_event_t given = {.type = SC_EVENT_AUTHENTICATION, .token = SC_STR("{}")};
    sc_event_t taken = {.type = SC_EVENT_DEAUTHENTICATION, .old_token = SC_STR("{}")};

    (void)state;
    listen_as(SC_EVENT_AUTHENTICATION, 'a');
    listen_as(SC_EVENT_DEAUTHENTICATION, 'd');
    listen_as(SC_EVENT_AUTH_STATE_CHANGE, 's');
    sc_hooks_tell(&worker.hooks, &given);
    given.old_token = SC_STR("{}"); /* another token: still authenticated */
    sc_hooks_tell(&worker.hooks, &given);
    sc_hooks_tell(&worker.hooks, &taken);
    assert_string_equal(told, "saasd");
}

static void headers_that_are_kept_are_found_without_case(void **state)
{
    static const char taken[] = "+first\0-\0+";

    (void)state;
    assert_int_equal(sc_worker_keep_header(&worker, "A"), SC_OK);
    assert_int_equal(sc_worker_keep_header(&worker, "Bee"), SC_OK);
    assert_int_equal(sc_worker_keep_header(&worker, "bEE"), SC_OK);
    assert_int_equal(sc_worker_keep_header(&worker, "c"), SC_OK);
    assert_int_equal(sc_worker_keep_header(&worker, ""), SC_ERR_INVALID);
    assert_int_equal(worker.hooks.kept_header_count, 3);
    assert_true(sc_str_equal(sc_hooks_find_header(&worker.hooks, taken, "a"), SC_STR("first")));
    assert_true(sc_str_is_none(sc_hooks_find_header(&worker.hooks, taken, "BEE")));
    assert_true(sc_str_equal(sc_hooks_find_header(&worker.hooks, taken, "C"), SC_STR("")));
    assert_false(sc_str_is_none(sc_hooks_find_header(&worker.hooks, taken, "C")));
    assert_true(sc_str_is_none(sc_hooks_find_header(&worker.hooks, taken, "d")));
    assert_true(sc_str_is_none(sc_hooks_find_header(&worker.hooks, NULL, "a")));
}

static void an_event_without_listeners_is_told_to_nobody(void **state)
{
    sc_event_t event = {.type = SC_EVENT_CONNECTION};

    (void)state;
    listen_as(SC_EVENT_DISCONNECTION, 'a');
    sc_hooks_tell(&worker.hooks, &event);
    assert_string_equal(told, "");
}

static void a_type_that_is_none_and_a_listener_that_is_none_are_refused(void **state)
{
    (void)state;
    assert_int_equal(sc_worker_on(&worker, SC_EVENT_TYPES, on_event, NULL), SC_ERR_INVALID);
    assert_int_equal(sc_worker_on(&worker, (sc_event_type_t)-1, on_event, NULL), SC_ERR_INVALID);
    assert_int_equal(sc_worker_on(&worker, SC_EVENT_CONNECTION, NULL, NULL), SC_ERR_INVALID);
    assert_int_equal(sc_worker_use(&worker, SC_ACTION_TYPES, pass, NULL), SC_ERR_INVALID);
    assert_int_equal(sc_worker_use(&worker, (sc_action_type_t)-1, pass, NULL), SC_ERR_INVALID);
    assert_int_equal(sc_worker_use(&worker, SC_ACTION_HANDSHAKE, NULL, NULL), SC_ERR_INVALID);
    assert_false(sc_hooks_hears(&worker.hooks, SC_EVENT_CONNECTION));
    for (int type = 0; type < SC_ACTION_TYPES; type++)
        assert_int_equal(worker.hooks.middleware[type].count, 0);
}

static void middleware_is_kept_by_type_in_the_order_of_registration(void **state)
{
    int arg;

    (void)state;
    assert_int_equal(sc_worker_use(&worker, SC_ACTION_HANDSHAKE, pass, NULL), SC_OK);
    assert_int_equal(sc_worker_use(&worker, SC_ACTION_AUTHENTICATE, pass, NULL), SC_OK);
    assert_int_equal(sc_worker_use(&worker, SC_ACTION_HANDSHAKE, block, &arg), SC_OK);
    assert_int_equal(worker.hooks.middleware[SC_ACTION_HANDSHAKE].count, 2);
    assert_int_equal(worker.hooks.middleware[SC_ACTION_AUTHENTICATE].count, 1);
    assert_int_equal(worker.hooks.middleware[SC_ACTION_HANDSHAKE_WS].count, 0);
    assert_ptr_equal(worker.hooks.middleware[SC_ACTION_HANDSHAKE].items[0].callback, pass);
    assert_null(worker.hooks.middleware[SC_ACTION_HANDSHAKE].items[0].arg);
    assert_ptr_equal(worker.hooks.middleware[SC_ACTION_HANDSHAKE].items[1].callback, block);
    assert_ptr_equal(worker.hooks.middleware[SC_ACTION_HANDSHAKE].items[1].arg, &arg);
}

static void a_call_is_found_by_its_whole_name(void **state)
{
    char name[] = "login";
    const sc_call_handler_t *handler;

    (void)state;
    assert_int_equal(sc_worker_on_call(&worker, name, on_call, name), SC_OK);
    name[0] = 'x'; /* it was copied */
    handler = sc_hooks_find_call(&worker.hooks, SC_STR("login"));
    assert_non_null(handler);
    assert_ptr_equal(handler->callback, on_call);
    assert_ptr_equal(handler->arg, name);
    assert_true(sc_str_equal(sc_str(handler->name, handler->name_len), SC_STR("login")));
    assert_null(sc_hooks_find_call(&worker.hooks, SC_STR("logi")));
    assert_null(sc_hooks_find_call(&worker.hooks, SC_STR("login2")));
    assert_null(sc_hooks_find_call(&worker.hooks, SC_STR("")));
}

static void a_name_has_one_handler_and_the_first_one_stays(void **state)
{
    int first;
    int second;

    (void)state;
    assert_int_equal(sc_worker_on_call(&worker, "login", on_call, &first), SC_OK);
    assert_int_equal(sc_worker_on_call(&worker, "login", on_call, &second), SC_ERR_STATE);
    assert_ptr_equal(sc_hooks_find_call(&worker.hooks, SC_STR("login"))->arg, &first);
    assert_int_equal(sc_worker_on_call(&worker, "logout", on_call, &second), SC_OK);
    assert_ptr_equal(sc_hooks_find_call(&worker.hooks, SC_STR("logout"))->arg, &second);
}

static void names_that_no_application_event_may_have_are_refused(void **state)
{
    (void)state;
    assert_int_equal(sc_worker_on_call(&worker, "", on_call, NULL), SC_ERR_INVALID);
    assert_int_equal(sc_worker_on_call(&worker, NULL, on_call, NULL), SC_ERR_INVALID);
    assert_int_equal(sc_worker_on_call(&worker, "#publish", on_call, NULL), SC_ERR_INVALID);
    assert_int_equal(sc_worker_on_call(&worker, "login", NULL, NULL), SC_ERR_INVALID);
    assert_int_equal(worker.hooks.call_handlers.count, 0);
    assert_int_equal(sc_worker_on_call(&worker, "a#", on_call, NULL), SC_OK);
}

static void every_slot_is_another_one(void **state)
{
    (void)state;
    assert_int_equal(sc_worker_socket_slot(&worker), 0);
    assert_int_equal(sc_worker_socket_slot(&worker), 1);
    assert_int_equal(worker.hooks.slot_count, 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(listeners_are_told_in_the_order_of_registration),
        TEST(an_event_is_heard_by_the_listeners_of_its_type_only),
        TEST(a_change_of_state_is_told_before_the_authentication_that_makes_it),
        TEST(headers_that_are_kept_are_found_without_case),
        TEST(an_event_without_listeners_is_told_to_nobody),
        TEST(a_type_that_is_none_and_a_listener_that_is_none_are_refused),
        TEST(middleware_is_kept_by_type_in_the_order_of_registration),
        TEST(a_call_is_found_by_its_whole_name),
        TEST(a_name_has_one_handler_and_the_first_one_stays),
        TEST(names_that_no_application_event_may_have_are_refused),
        TEST(every_slot_is_another_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
