/*
 * test_presence_channel.c: what a channel's name means to presence.
 */
#include "plugins/stateless_presence/presence_channel.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define ID "Yw7lxlE701ClNeiN_A-A"

static void expect(const char *channel, sc_presence_kind_t kind, const char *subject)
{
    sc_str_t found = SC_STR("left from before");

    assert_int_equal(sc_presence_channel_kind(sc_str_from(channel), &found), kind);
    assert_true(sc_str_equal(found, sc_str_from(subject)));
    assert_int_equal(sc_str_is_none(found), subject == NULL);
}

static void an_ordinary_channel_has_presence(void **state)
{
    (void)state;
    expect("room", SC_PRESENCE_ORDINARY, "room");
    expect("", SC_PRESENCE_ORDINARY, "");
    expect("__proto__", SC_PRESENCE_ORDINARY, "__proto__");
    expect("presence", SC_PRESENCE_ORDINARY, "presence");
}

static void the_prefix_counts_only_at_the_beginning(void **state)
{
    (void)state;
    expect("my-presence>room", SC_PRESENCE_ORDINARY, "my-presence>room");
    expect("presence>my-presence>room", SC_PRESENCE_TRACKING, "my-presence>room");
    expect("Presence>room", SC_PRESENCE_ORDINARY, "Presence>room");
    assert_false(sc_presence_channel_is_reserved(SC_STR("my-presence>room")));
    assert_true(sc_presence_channel_is_reserved(SC_STR("presence>")));
}

static void trackers_are_told_by_the_prefix(void **state)
{
    (void)state;
    expect("presence>room", SC_PRESENCE_TRACKING, "room");
    expect("presence>", SC_PRESENCE_TRACKING, "");
    expect("presence>socket/undefined", SC_PRESENCE_TRACKING, "socket/undefined");
}

static void a_personal_channel_ends_in_a_sockets_id(void **state)
{
    (void)state;
    expect("presence>socket/" ID, SC_PRESENCE_PERSONAL, ID);
    expect("presence>socket/" ID "x", SC_PRESENCE_TRACKING, "socket/" ID "x");
    expect("presence>socket/Yw7lxlE701ClNeiN_A.A", SC_PRESENCE_TRACKING,
           "socket/Yw7lxlE701ClNeiN_A.A");
}

static void a_channel_that_would_collide_with_a_personal_one_has_no_presence(void **state)
{
    (void)state;
    expect("socket/" ID, SC_PRESENCE_NONE, NULL);
    expect("socket/room", SC_PRESENCE_ORDINARY, "socket/room");
}

static void presence_has_no_presence(void **state)
{
    (void)state;
    expect("presence>presence>room", SC_PRESENCE_NONE, NULL);
    expect("presence>presence>socket/" ID, SC_PRESENCE_NONE, NULL);
}

static void a_name_that_leaves_no_room_for_the_prefix_is_too_long(void **state)
{
    static char name[SC_CHANNEL_BYTES_MAX];
    char place[SC_CHANNEL_BYTES_MAX];
    size_t longest = SC_CHANNEL_BYTES_MAX - strlen(SC_PRESENCE_PREFIX);
    sc_str_t subject;
    sc_str_t found;

    (void)state;
    memset(name, 'x', sizeof(name));
    assert_int_equal(sc_presence_channel_kind(sc_str(name, longest + 1), &subject),
                     SC_PRESENCE_TOO_LONG);
    assert_true(sc_str_is_none(subject));
    assert_int_equal(sc_presence_channel_kind(sc_str(name, longest), &subject),
                     SC_PRESENCE_ORDINARY);
    found = sc_presence_channel_of(subject, place);
    assert_int_equal(found.len, SC_CHANNEL_BYTES_MAX);
    assert_memory_equal(found.ptr + strlen(SC_PRESENCE_PREFIX), name, longest);
}

static void the_name_of_the_presence_channel_is_prefix_and_name(void **state)
{
    char place[SC_CHANNEL_BYTES_MAX];

    (void)state;
    assert_true(
        sc_str_equal(sc_presence_channel_of(SC_STR("room"), place), SC_STR("presence>room")));
    assert_true(sc_str_equal(sc_presence_channel_of(SC_STR(""), place), SC_STR("presence>")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_ordinary_channel_has_presence),
        cmocka_unit_test(the_prefix_counts_only_at_the_beginning),
        cmocka_unit_test(trackers_are_told_by_the_prefix),
        cmocka_unit_test(a_personal_channel_ends_in_a_sockets_id),
        cmocka_unit_test(a_channel_that_would_collide_with_a_personal_one_has_no_presence),
        cmocka_unit_test(presence_has_no_presence),
        cmocka_unit_test(a_name_that_leaves_no_room_for_the_prefix_is_too_long),
        cmocka_unit_test(the_name_of_the_presence_channel_is_prefix_and_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
