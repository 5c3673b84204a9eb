/*
 * test_presence.c: the worker half of stateless_presence: what sockets do, what brokers are told of it, and what trackers are told
 * of what brokers say. The server is fake_worker.c. The names of the tests cover docs/protocol.md, "Defects of the
 * original", as far as a worker alone can have them.
 */
#include "fake_worker.h"

#include "plugins/stateless_presence/presence_note.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define ALICE "{\"username\":\"alice\",\"iat\":1}"
#define BOB "{\"username\":\"bob\",\"iat\":1}"
#define ID_A "aAAAAAAAAAAAAAAAAAAA"
#define ID_B "bAAAAAAAAAAAAAAAAAAA"
#define ADD(user, id) "add 1 room " user " " id "; "
#define SAID(packet) "deliver presence>room {\"type\":" packet "}; "
#define SAID_TO(packet, sockets) "deliver presence>room {\"type\":" packet "} to " sockets "; "
#define PING(timeout, users) "\"ping\",\"timeout\":" timeout ",\"users\":[" users "]"
#define LEAVE(user) SAID("\"leave\",\"username\":" user)

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
    fake_stop_timers(&world->worker);
    free(world);
    return 0;
}

static void enter_room(world_t *world, sc_socket_t *socket, const char *token)
{
    fake_authenticate(socket, token);
    fake_subscribe(socket, "room");
    world->worker.log[0] = '\0';
}

/* ---- What the broker says -------------------------------------------------------------------------------- */

static void say(world_t *world, sc_presence_note_t note)
{
    sc_text_t bytes = {0};

    note.channel = SC_STR("room");
    sc_presence_note_write(&bytes, &note);
    world->worker.on_message(1, sc_text_str(&bytes), world->worker.link_arg);
    sc_text_free(&bytes);
}

/* The list of who is there, one part for each. `users`: JSON texts of usernames, NULL at the end. */
static void say_list(world_t *world, uint8_t mode, const char *const *users)
{
    sc_presence_note_t note = {.type = SC_NOTE_LIST, .flags = mode | SC_NOTE_FIRST};

    for (; *users != NULL; users++) {
        sc_presence_entry_t entry = {.username = sc_str_from(*users)};
        sc_text_t entries = {0};

        sc_presence_entry_write(&entries, &entry);
        note.data = sc_text_str(&entries);
        say(world, note);
        note.flags = mode;
        sc_text_free(&entries);
    }
    note.flags |= SC_NOTE_LAST;
    note.data = SC_STR("");
    say(world, note);
}
#define SAY_LIST(world, mode, ...) say_list(world, mode, (const char *const[]){__VA_ARGS__, NULL})

static void say_user(world_t *world, sc_presence_note_type_t type, const char *user)
{
    sc_presence_note_t note = {.type = type, .username = sc_str_from(user)};

    say(world, note);
}

static void say_mode(world_t *world, uint8_t mode)
{
    sc_presence_note_t note = {.type = SC_NOTE_MODE, .flags = mode};

    say(world, note);
}

/* Socket b tracks the room, in that mode; who is there is known. */
static void track(world_t *world, uint8_t mode)
{
    SAY_LIST(world, mode, "\"alice\"", "42");
    fake_subscribe(&world->b, "presence>room");
    fake_pass_time(&world->worker, 70);
    world->worker.log[0] = '\0';
}

/* ---- Coming ---------------------------------------------------------------------------------------------- */

static void a_users_subscription_is_told_to_the_broker(void **state)
{
    world_t *world = *state;

    fake_authenticate(&world->a, ALICE);
    fake_expect(&world->worker, "");
    fake_subscribe(&world->a, "room");
    fake_expect(&world->worker, ADD("\"alice\"", ID_A));
}

static void a_subscriber_without_a_username_is_not_spoken_of(void **state)
{
    world_t *world = *state;

    fake_subscribe(&world->a, "room");
    fake_authenticate(&world->b, "{\"uid\":7}");
    fake_subscribe(&world->b, "room");
    fake_unsubscribe(&world->b, "room");
    fake_expect(&world->worker, "");
}

static void a_users_second_socket_is_told_but_is_no_second_user(void **state)
{
    world_t *world = *state;

    enter_room(world, &world->a, ALICE);
    fake_authenticate(&world->b, ALICE);
    fake_subscribe(&world->b, "room");
    fake_expect(&world->worker, ADD("\"alice\"", ID_B));
    assert_int_equal(world->worker.counter.value, 1);
}

static void subscribing_again_says_nothing(void **state)
{
    world_t *world = *state;

    enter_room(world, &world->a, ALICE);
    fake_subscribe(&world->a, "room");
    fake_expect(&world->worker, "");
    fake_unsubscribe(&world->a, "room");
    fake_expect(&world->worker, "drop 1 room \"alice\"; ");
}

/* Defects 2 and 6: only ordinary channels are entered, and the prefix counts at the beginning only. */
static void logging_in_on_an_open_connection_enters_the_ordinary_channels_only(void **state)
{
    world_t *world = *state;

    fake_subscribe(&world->a, "presence>socket/" ID_A);
    fake_subscribe(&world->a, "room");
    fake_subscribe(&world->a, "presence>room");
    fake_subscribe(&world->a, "presence>presence>room");
    fake_expect(&world->worker, "");
    fake_authenticate(&world->a, ALICE);
    fake_expect(&world->worker, ADD("\"alice\"", ID_A));
    fake_disconnect(&world->a);
    fake_expect(&world->worker, "drop 1 room \"alice\"; ");
}

static void a_prefix_in_the_middle_of_a_name_is_part_of_the_name(void **state)
{
    world_t *world = *state;

    fake_authenticate(&world->a, ALICE);
    fake_subscribe(&world->a, "my-presence>room");
    fake_expect(&world->worker, "add 1 my-presence>room \"alice\" " ID_A "; ");
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
    fake_unsubscribe(&world->b, "room");
    fake_expect(&world->worker, "drop 1 room \"alice\"; ");
}

static void a_lost_connection_is_told_from_a_closed_one(void **state)
{
    static const struct {
        int code;
        const char *log;
    } ends[] = {
        {1006, "drop 1 room \"alice\" lost; "}, {4001, "drop 1 room \"alice\" lost; "},
        {1000, "drop 1 room \"alice\"; "},      {1001, "drop 1 room \"alice\"; "},
        {4321, "drop 1 room \"alice\"; "},
    };
    world_t *world = *state;
    size_t i;

    for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        enter_room(world, &world->a, ALICE);
        fake_disconnect_with(&world->a, ends[i].code);
        fake_expect(&world->worker, ends[i].log);
    }
}

static void losing_the_token_is_leaving_every_channel(void **state)
{
    world_t *world = *state;

    enter_room(world, &world->a, ALICE);
    fake_subscribe(&world->a, "hall2");
    world->worker.log[0] = '\0';
    fake_deauthenticate(&world->a);
    fake_expect(&world->worker, "drop 1 room \"alice\"; drop 0 hall2 \"alice\"; ");
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
    fake_expect(&world->worker, "drop 1 room \"alice\"; " ADD("\"bob\"", ID_A));
}

static void logging_in_as_another_is_a_drop_and_an_add(void **state)
{
    world_t *world = *state;

    enter_room(world, &world->a, ALICE);
    fake_authenticate(&world->a, BOB);
    fake_expect(&world->worker, "drop 1 room \"alice\"; " ADD("\"bob\"", ID_A));
}

static void logging_in_as_the_same_user_says_nothing(void **state)
{
    world_t *world = *state;

    enter_room(world, &world->a, ALICE);
    fake_authenticate(&world->a, "{\"iat\":2,\"username\":\"alice\"}");
    fake_expect(&world->worker, "");
    fake_unsubscribe(&world->a, "room");
    fake_expect(&world->worker, "drop 1 room \"alice\"; ");
}

/* ---- Presence data ------------------------------------------------------------------------------------------- */

static void presence_data_goes_along_and_its_changes_too(void **state)
{
    world_t *world = *state;

    fake_pass_time(&world->worker, 5);
    fake_authenticate(&world->a, "{\"username\":\"alice\",\"presence\":{\"x\":1}}");
    fake_subscribe(&world->a, "room");
    fake_expect(&world->worker, "add 1 room \"alice\" " ID_A " {\"x\":1}; ");
    fake_authenticate(&world->a, "{\"username\":\"alice\",\"presence\":{\"x\":2}}");
    fake_expect(&world->worker, "add 1 room \"alice\" - {\"x\":2}; ");
    fake_authenticate(&world->a, ALICE);
    fake_expect(&world->worker, "add 1 room \"alice\" -; ");
    fake_authenticate(&world->a, ALICE);
    fake_expect(&world->worker, "");
}

static void a_second_socket_without_data_does_not_take_it_away(void **state)
{
    world_t *world = *state;

    fake_pass_time(&world->worker, 5);
    enter_room(world, &world->a, "{\"username\":\"alice\",\"presence\":{\"x\":1}}");
    enter_room(world, &world->b, ALICE);
    fake_link(&world->worker, 1);
    fake_expect(&world->worker, "add 1 room \"alice\" " ID_A " {\"x\":1}; ");
}

/* ---- Brokers that come and go -------------------------------------------------------------------------------- */

static void a_new_broker_is_told_who_is_in_its_channels(void **state)
{
    world_t *world = *state;

    enter_room(world, &world->a, ALICE);
    fake_subscribe(&world->a, "hall2");
    enter_room(world, &world->b, BOB);
    fake_link(&world->worker, 1);
    fake_expect(&world->worker, ADD("\"alice\"", ID_A) ADD("\"bob\"", ID_B));
    fake_link(&world->worker, 0);
    fake_expect(&world->worker, "add 0 hall2 \"alice\" " ID_A "; ");
}

/* Else it would not know that they have a grace. */
static void a_new_broker_is_told_who_was_lost_within_the_grace(void **state)
{
    sc_worker_t worker = {.is_linked = true};
    sc_socket_t socket;
    void *plugin;

    (void)state;
    assert_int_equal(sc_worker_plugin.attach(&worker, SC_STR("{\"leaveGrace\":500}"), &plugin),
                     SC_OK);
    fake_connect(&worker, &socket, "a");
    fake_authenticate(&socket, ALICE);
    fake_subscribe(&socket, "room");
    fake_subscribe(&socket, "hall2");
    fake_disconnect_with(&socket, 1006);
    fake_connect(&worker, &socket, "b");
    fake_authenticate(&socket, BOB);
    fake_subscribe(&socket, "room");
    fake_disconnect_with(&socket, 1000);
    worker.log[0] = '\0';
    fake_pass_time(&worker, 400);
    fake_link(&worker, 1);
    fake_expect(&worker, "add 1 room \"alice\" -; drop 1 room \"alice\" lost; ");
    fake_pass_time(&worker, 150);
    fake_link(&worker, 1);
    fake_expect(&worker, "");
    sc_worker_plugin.detach(&worker, plugin);
    fake_stop_timers(&worker);
}

static void a_new_broker_is_told_how_many_track(void **state)
{
    world_t *world = *state;

    track(world, 0);
    fake_link(&world->worker, 0);
    fake_expect(&world->worker, "");
    fake_link(&world->worker, 1);
    fake_expect(&world->worker, "count 1 room 1; ");
}

static void who_has_gone_unheard_leaves_with_the_next_list_and_who_has_stayed_does_not(void **state)
{
    world_t *world = *state;

    track(world, SC_NOTE_ROSTER);
    fake_link(&world->worker, 1);
    world->worker.log[0] = '\0';
    SAY_LIST(world, SC_NOTE_ROSTER, "\"bob\"", "42", "7");
    fake_expect(&world->worker, LEAVE("\"alice\""));
    fake_pass_time(&world->worker, 70);
    fake_expect(&world->worker, SAID(PING("2600", "\"bob\",\"7\"")));
}

static void a_list_that_was_cut_off_by_the_brokers_death_changes_nothing(void **state)
{
    world_t *world = *state;
    sc_presence_note_t part = {
        .type = SC_NOTE_LIST, .flags = SC_NOTE_FIRST | SC_NOTE_ROSTER, .data = SC_STR("")};

    track(world, SC_NOTE_ROSTER);
    say(world, part);
    fake_link(&world->worker, 1);
    world->worker.log[0] = '\0';
    SAY_LIST(world, SC_NOTE_ROSTER, "\"alice\"", "42");
    fake_pass_time(&world->worker, 70);
    fake_expect(&world->worker, "");
}

static void a_broken_message_of_a_broker_is_ignored(void **state)
{
    world_t *world = *state;
    sc_presence_note_t list = {.type = SC_NOTE_LIST, .data = SC_STR("")};

    track(world, 0);
    world->worker.on_message(1, SC_STR("J"), world->worker.link_arg);
    world->worker.on_message(1, SC_STR("nonsense"), world->worker.link_arg);
    world->worker.on_message(1, sc_str_none(), world->worker.link_arg);
    say_user(world, SC_NOTE_ADD, "7");
    say_user(world, SC_NOTE_JOIN, "[]");
    say(world, list);
    list.flags = SC_NOTE_FIRST | SC_NOTE_LAST;
    list.data = SC_STR("xxxx");
    say(world, list);
    fake_pass_time(&world->worker, 70);
    fake_expect(&world->worker, "");
}

/* ---- What trackers are told: original mode ------------------------------------------------------------------- */

static void in_original_mode_a_tracker_is_announced(void **state)
{
    world_t *world = *state;

    SAY_LIST(world, 0, "\"alice\"");
    fake_subscribe(&world->b, "presence>room");
    fake_expect(&world->worker, "track 1 room - " ID_B " 1; ");
    fake_pass_time(&world->worker, 70);
    fake_expect(&world->worker, "");
}

/* Defects 10 and 14. */
static void a_tracker_is_announced_by_name_if_it_is_in_the_channel(void **state)
{
    world_t *world = *state;

    SAY_LIST(world, 0, "\"alice\"");
    fake_authenticate(&world->b, BOB);
    fake_subscribe(&world->b, "presence>room");
    fake_expect(&world->worker, "track 1 room - " ID_B " 1; ");
    enter_room(world, &world->a, ALICE);
    fake_subscribe(&world->a, "presence>room");
    fake_expect(&world->worker, "track 1 room \"alice\" " ID_A " 2; ");
}

static void in_original_mode_joins_and_leaves_are_told_at_once(void **state)
{
    world_t *world = *state;
    sc_presence_note_t note = {.type = SC_NOTE_JOIN,
                               .username = SC_STR("\"bob\""),
                               .socket_id = SC_STR("x"),
                               .data = SC_STR("{}")};

    track(world, 0);
    say(world, note);
    fake_expect(&world->worker, SAID("\"join\",\"username\":\"bob\",\"timeout\":1300,"
                                     "\"socketId\":\"x\",\"data\":{}"));
    note.type = SC_NOTE_ANNOUNCE;
    note.username = note.data = sc_str_none();
    say(world, note);
    fake_expect(&world->worker, SAID("\"join\",\"timeout\":1300,\"socketId\":\"x\""));
    say_user(world, SC_NOTE_LEAVE, "42");
    fake_expect(&world->worker, LEAVE("42"));
    fake_pass_time(&world->worker, 1000);
    fake_expect(&world->worker, SAID(PING("1300", "\"alice\",\"bob\"")));
}

static void a_tracker_that_the_broker_can_not_hear_of_gets_the_list(void **state)
{
    world_t *world = *state;

    track(world, 0);
    world->worker.is_linked = false;
    fake_subscribe(&world->a, "presence>room");
    fake_pass_time(&world->worker, 70);
    fake_expect(&world->worker, SAID_TO(PING("1300", "\"alice\",\"42\""), "a"));
}

/* ---- What trackers are told: roster mode --------------------------------------------------------------------- */

static void in_roster_mode_trackers_that_come_together_share_one_list(void **state)
{
    world_t *world = *state;

    SAY_LIST(world, SC_NOTE_ROSTER, "\"alice\"", "42");
    fake_subscribe(&world->b, "presence>room");
    fake_subscribe(&world->a, "presence>room");
    fake_expect(&world->worker, "");
    fake_pass_time(&world->worker, 70);
    fake_expect(&world->worker, "count 1 room 2; " SAID_TO(PING("2600", "\"alice\",\"42\""), "ba"));
    assert_int_equal(world->a.ref_count + world->b.ref_count, 0);
}

static void a_tracker_that_comes_before_the_list_waits_for_it(void **state)
{
    world_t *world = *state;

    fake_subscribe(&world->b, "presence>room");
    fake_pass_time(&world->worker, 200);
    fake_expect(&world->worker, "count 1 room 1; ");
    SAY_LIST(world, SC_NOTE_ROSTER, "\"alice\"");
    fake_pass_time(&world->worker, 70);
    fake_expect(&world->worker, SAID_TO(PING("2600", "\"alice\""), "b"));
}

static void in_roster_mode_joins_are_collected_and_leaves_are_not(void **state)
{
    world_t *world = *state;

    track(world, SC_NOTE_ROSTER);
    say_user(world, SC_NOTE_JOIN, "\"bob\"");
    say_user(world, SC_NOTE_JOIN, "\"carol\"");
    say_user(world, SC_NOTE_JOIN, "\"dave\"");
    say_user(world, SC_NOTE_LEAVE, "\"carol\"");
    say_user(world, SC_NOTE_LEAVE, "\"alice\"");
    fake_expect(&world->worker, LEAVE("\"carol\"") LEAVE("\"alice\""));
    fake_pass_time(&world->worker, 70);
    fake_expect(&world->worker, SAID(PING("2600", "\"bob\",\"dave\"")));
    fake_pass_time(&world->worker, 1000);
    fake_expect(&world->worker, SAID(PING("2600", "\"42\",\"bob\",\"dave\"")));
}

static void data_of_somebody_who_is_yet_to_be_named_goes_along(void **state)
{
    world_t *world = *state;
    sc_presence_note_t note = {
        .type = SC_NOTE_JOIN, .username = SC_STR("7"), .data = SC_STR("{\"x\":1}")};

    track(world, SC_NOTE_ROSTER);
    say(world, note);
    note.type = SC_NOTE_DATA;
    note.data = SC_STR("{\"x\":2}");
    say(world, note);
    fake_pass_time(&world->worker, 70);
    fake_expect(&world->worker, SAID("\"ping\",\"timeout\":2600,\"users\":[\"7\"],"
                                     "\"data\":{\"7\":{\"x\":2}}"));
    note.data = sc_str_none();
    say(world, note);
    fake_expect(&world->worker, SAID("\"update\",\"username\":7,\"data\":null"));
    say(world, note);
    fake_expect(&world->worker, "");
}

/* Pongs to joins of before may still be under way, so those who were there are named twice more. */
static void a_change_to_roster_mode_names_all_at_once_and_nobody_leaves(void **state)
{
    world_t *world = *state;

    track(world, 0);
    say_mode(world, SC_NOTE_ROSTER);
    fake_expect(&world->worker, SAID(PING("2600", "\"alice\",\"42\"")));
    say_user(world, SC_NOTE_JOIN, "\"bob\"");
    fake_pass_time(&world->worker, 70);
    world->worker.log[0] = '\0';
    fake_pass_time(&world->worker, 2000);
    fake_expect(&world->worker, SAID(PING("2600", "\"alice\",\"42\",\"bob\""))
                                    SAID(PING("2600", "\"alice\",\"42\",\"bob\"")));
    say_mode(world, 0);
    fake_expect(&world->worker, "");
    fake_pass_time(&world->worker, 1000);
    fake_expect(&world->worker, SAID(PING("1300", "\"alice\",\"42\",\"bob\"")));
}

static void a_large_roster_is_named_bit_by_bit_and_listed_in_parts(void **state)
{
    world_t *world = *state;
    const char *log;
    char name[200];
    int count = 0;
    int i;

    track(world, SC_NOTE_ROSTER);
    for (i = 0; i < 100; i++) {
        (void)snprintf(name, sizeof(name), "\"%03d%0150d\"", i, 0);
        say_user(world, SC_NOTE_JOIN, name);
    }
    fake_pass_time(&world->worker, 70);
    world->worker.log[0] = '\0';
    fake_pass_time(&world->worker, 1000);
    /* 1024 bytes a second less the packet's own 128 are six names and a bit. */
    for (log = world->worker.log; (log = strstr(log, "0000\"")) != NULL; log++)
        count++;
    assert_in_range(count, 5, 7);
    assert_non_null(strstr(world->worker.log, "\"timeout\":24700,"));
}

/* ---- Rosters on request --------------------------------------------------------------------------------------- */

static void who_asks_for_rosters_gets_one_in_every_mode_and_is_not_announced(void **state)
{
    world_t *world = *state;

    track(world, 0);
    fake_subscribe_with(&world->a, "presence>room", "{\"roster\":1}");
    fake_pass_time(&world->worker, 70);
    fake_expect(&world->worker,
                "count 1 room 2; " SAID_TO("\"roster\",\"part\":0,\"last\":true,\"timeout\":1300,"
                                           "\"users\":[\"alice\",42]",
                                           "a"));
    fake_unsubscribe(&world->a, "presence>room");
    say_mode(world, SC_NOTE_ROSTER);
    fake_pass_time(&world->worker, 70);
    world->worker.log[0] = '\0';
    fake_subscribe_with(&world->a, "presence>room", "{\"roster\":1}");
    fake_pass_time(&world->worker, 70);
    fake_expect(&world->worker,
                "count 1 room 2; " SAID_TO("\"roster\",\"part\":0,\"last\":true,\"timeout\":2600,"
                                           "\"users\":[\"alice\",42]",
                                           "a"));
}

static void an_empty_channel_has_an_empty_roster(void **state)
{
    static const char *const nobody[] = {NULL};
    world_t *world = *state;

    say_list(world, 0, nobody);
    fake_subscribe_with(&world->a, "presence>room", "{\"roster\":1}");
    fake_pass_time(&world->worker, 70);
    fake_expect(&world->worker,
                "count 1 room 1; " SAID_TO(
                    "\"roster\",\"part\":0,\"last\":true,\"timeout\":1300,\"users\":[]", "a"));
}

/* ---- The end of a copy --------------------------------------------------------------------------------------- */

static void after_the_last_tracker_nothing_is_said_any_more(void **state)
{
    world_t *world = *state;
    sc_presence_note_t end = {.type = SC_NOTE_END};

    track(world, 0);
    fake_unsubscribe(&world->b, "presence>room");
    say(world, end);
    say_user(world, SC_NOTE_LEAVE, "\"alice\"");
    fake_pass_time(&world->worker, 3000);
    fake_expect(&world->worker, "");
    fake_link(&world->worker, 1);
    fake_expect(&world->worker, "");
}

static void a_tracker_that_comes_as_the_last_one_goes_loses_nothing(void **state)
{
    world_t *world = *state;
    sc_presence_note_t end = {.type = SC_NOTE_END};

    track(world, SC_NOTE_ROSTER);
    fake_unsubscribe(&world->b, "presence>room");
    fake_subscribe(&world->a, "presence>room");
    say(world, end);
    SAY_LIST(world, SC_NOTE_ROSTER, "\"alice\"", "42");
    fake_pass_time(&world->worker, 70);
    fake_expect(&world->worker, SAID_TO(PING("2600", "\"alice\",\"42\""), "a"));
}

/* ---- The rest -------------------------------------------------------------------------------------------------- */

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
        TEST(a_users_subscription_is_told_to_the_broker),
        TEST(a_subscriber_without_a_username_is_not_spoken_of),
        TEST(a_users_second_socket_is_told_but_is_no_second_user),
        TEST(subscribing_again_says_nothing),
        TEST(logging_in_on_an_open_connection_enters_the_ordinary_channels_only),
        TEST(a_prefix_in_the_middle_of_a_name_is_part_of_the_name),
        TEST(a_user_stays_until_the_last_of_its_sockets_leaves),
        TEST(a_lost_connection_is_told_from_a_closed_one),
        TEST(losing_the_token_is_leaving_every_channel),
        TEST(logging_in_as_another_after_a_logout_leaves_once),
        TEST(logging_in_as_another_is_a_drop_and_an_add),
        TEST(logging_in_as_the_same_user_says_nothing),
        TEST(presence_data_goes_along_and_its_changes_too),
        TEST(a_second_socket_without_data_does_not_take_it_away),
        TEST(a_new_broker_is_told_who_is_in_its_channels),
        TEST(a_new_broker_is_told_who_was_lost_within_the_grace),
        TEST(a_new_broker_is_told_how_many_track),
        TEST(who_has_gone_unheard_leaves_with_the_next_list_and_who_has_stayed_does_not),
        TEST(a_list_that_was_cut_off_by_the_brokers_death_changes_nothing),
        TEST(a_broken_message_of_a_broker_is_ignored),
        TEST(in_original_mode_a_tracker_is_announced),
        TEST(a_tracker_is_announced_by_name_if_it_is_in_the_channel),
        TEST(in_original_mode_joins_and_leaves_are_told_at_once),
        TEST(a_tracker_that_the_broker_can_not_hear_of_gets_the_list),
        TEST(in_roster_mode_trackers_that_come_together_share_one_list),
        TEST(a_tracker_that_comes_before_the_list_waits_for_it),
        TEST(in_roster_mode_joins_are_collected_and_leaves_are_not),
        TEST(data_of_somebody_who_is_yet_to_be_named_goes_along),
        TEST(a_change_to_roster_mode_names_all_at_once_and_nobody_leaves),
        TEST(a_large_roster_is_named_bit_by_bit_and_listed_in_parts),
        TEST(who_asks_for_rosters_gets_one_in_every_mode_and_is_not_announced),
        TEST(an_empty_channel_has_an_empty_roster),
        TEST(after_the_last_tracker_nothing_is_said_any_more),
        TEST(a_tracker_that_comes_as_the_last_one_goes_loses_nothing),
        cmocka_unit_test(a_wrong_option_stops_the_start),
        cmocka_unit_test(without_guard_there_is_no_middleware),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
