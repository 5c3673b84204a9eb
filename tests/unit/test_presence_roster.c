/*
 * test_presence_roster.c: who is where, with one holder and with many, and with names that clients choose.
 */
#include "plugins/stateless_presence/roster.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* A user of any name; what its JSON would be does not matter here. */
static sc_presence_user_t *new_user(sc_str_t name, uint64_t set_ms)
{
    sc_presence_user_t *user = calloc(1, sizeof(*user) + name.len);

    if (name.len > 0)
        memcpy(user + 1, name.ptr, name.len);
    user->name = sc_str((char *)(user + 1), name.len);
    user->set_ms = set_ms;
    user->refs = 1;
    return user;
}

static sc_roster_change_t add_texts(sc_roster_t *roster, sc_str_t channel, sc_str_t name,
                                    uint64_t holder)
{
    sc_presence_user_t *user = new_user(name, 0);
    sc_roster_change_t change = sc_roster_add(roster, channel, user, holder);

    sc_presence_user_unref(user);
    return change;
}

static sc_roster_change_t add(sc_roster_t *roster, const char *channel, const char *name,
                              uint64_t holder)
{
    return add_texts(roster, sc_str_from(channel), sc_str_from(name), holder);
}

static sc_roster_change_t drop(sc_roster_t *roster, const char *channel, const char *name,
                               uint64_t holder)
{
    return sc_roster_drop(roster, sc_str_from(channel), sc_str_from(name), holder);
}

/* The whole roster as one text: "room: alice bob; hall: carol; ". */
static const char *text_of(const sc_roster_t *roster)
{
    static char text[1024];
    const sc_roster_channel_t *channel = NULL;
    const sc_roster_member_t *member;
    size_t used = 0;

    text[0] = '\0';
    while ((channel = sc_roster_next_channel(roster, channel)) != NULL) {
        used +=
            (size_t)snprintf(text + used, sizeof(text) - used, "%.*s:", SC_STR_ARG(channel->name));
        TAILQ_FOREACH(member, &channel->members, link)
        {
            used += (size_t)snprintf(text + used, sizeof(text) - used, " %.*s",
                                     SC_STR_ARG(member->user->name));
        }
        used += (size_t)snprintf(text + used, sizeof(text) - used, "; ");
    }
    return text;
}

static void a_user_comes_with_its_first_holder_and_goes_with_its_last(void **state)
{
    sc_roster_t *roster = sc_roster_new();

    (void)state;
    assert_int_equal(add(roster, "room", "alice", 1), SC_ROSTER_USER);
    assert_int_equal(add(roster, "room", "alice", 2), SC_ROSTER_HOLDER);
    assert_true(sc_roster_has(roster, SC_STR("room"), SC_STR("alice")));
    assert_int_equal(drop(roster, "room", "alice", 1), SC_ROSTER_HOLDER);
    assert_true(sc_roster_has(roster, SC_STR("room"), SC_STR("alice")));
    assert_true(sc_roster_holds(roster, SC_STR("room"), SC_STR("alice"), 2));
    assert_false(sc_roster_holds(roster, SC_STR("room"), SC_STR("alice"), 1));
    assert_false(sc_roster_holds(roster, SC_STR("room"), SC_STR("bob"), 2));
    assert_int_equal(drop(roster, "room", "alice", 2), SC_ROSTER_USER);
    assert_false(sc_roster_has(roster, SC_STR("room"), SC_STR("alice")));
    assert_string_equal(text_of(roster), "");
    sc_roster_free(roster);
}

static void adding_twice_counts_once(void **state)
{
    sc_roster_t *roster = sc_roster_new();

    (void)state;
    assert_int_equal(add(roster, "room", "alice", 1), SC_ROSTER_USER);
    assert_int_equal(add(roster, "room", "alice", 1), SC_ROSTER_NOTHING);
    assert_int_equal(drop(roster, "room", "alice", 1), SC_ROSTER_USER);
    sc_roster_free(roster);
}

static void dropping_what_is_not_held_changes_nothing(void **state)
{
    sc_roster_t *roster = sc_roster_new();

    (void)state;
    assert_int_equal(drop(roster, "room", "alice", 1), SC_ROSTER_NOTHING);
    (void)add(roster, "room", "alice", 1);
    assert_int_equal(drop(roster, "room", "alice", 2), SC_ROSTER_NOTHING);
    assert_int_equal(drop(roster, "room", "bob", 1), SC_ROSTER_NOTHING);
    assert_int_equal(drop(roster, "hall", "alice", 1), SC_ROSTER_NOTHING);
    assert_string_equal(text_of(roster), "room: alice; ");
    sc_roster_free(roster);
}

static void users_are_listed_in_the_order_in_which_they_came(void **state)
{
    sc_roster_t *roster = sc_roster_new();

    (void)state;
    (void)add(roster, "room", "zed", 1);
    (void)add(roster, "hall", "mia", 1);
    (void)add(roster, "room", "alice", 2);
    (void)add(roster, "room", "bob", 3);
    assert_string_equal(text_of(roster), "room: zed alice bob; hall: mia; ");
    (void)drop(roster, "room", "alice", 2);
    (void)add(roster, "room", "alice", 2);
    assert_string_equal(text_of(roster), "room: zed bob alice; hall: mia; ");
    sc_roster_free(roster);
}

static void the_user_is_the_one_whose_data_was_set_last(void **state)
{
    sc_roster_t *roster = sc_roster_new();
    sc_presence_user_t *users[3] = {new_user(SC_STR("a"), 5), new_user(SC_STR("a"), 7),
                                    new_user(SC_STR("a"), 6)};
    const sc_roster_member_t *member;
    uint64_t i;

    (void)state;
    for (i = 0; i < 3; i++)
        (void)sc_roster_add(roster, SC_STR("room"), users[i], i);
    member = TAILQ_FIRST(&sc_roster_next_channel(roster, NULL)->members);
    assert_ptr_equal(member->user, users[1]);
    assert_int_equal(users[0]->refs, 1);
    assert_int_equal(users[1]->refs, 2);
    (void)drop(roster, "room", "a", 1);
    assert_true(sc_roster_any_holder(member) != 1);
    sc_roster_free(roster);
    for (i = 0; i < 3; i++) {
        assert_int_equal(users[i]->refs, 1);
        sc_presence_user_unref(users[i]);
    }
}

static void names_of_all_kinds_are_kept_apart(void **state)
{
    static char long_name[4096];
    sc_roster_t *roster = sc_roster_new();

    (void)state;
    memset(long_name, 'x', sizeof(long_name));
    assert_int_equal(add(roster, "", "", 1), SC_ROSTER_USER);
    assert_int_equal(add(roster, "__proto__", "constructor", 1), SC_ROSTER_USER);
    assert_int_equal(add(roster, "__proto__", "__proto__", 1), SC_ROSTER_USER);
    assert_int_equal(add_texts(roster, sc_str("a\0b", 3), SC_STR("u"), 1), SC_ROSTER_USER);
    assert_int_equal(add_texts(roster, sc_str("a\0c", 3), SC_STR("u"), 1), SC_ROSTER_USER);
    assert_int_equal(add(roster, "a", "u", 1), SC_ROSTER_USER);
    assert_int_equal(add_texts(roster, sc_str(long_name, 4096), sc_str(long_name, 4095), 1),
                     SC_ROSTER_USER);
    assert_int_equal(add_texts(roster, sc_str(long_name, 4095), sc_str(long_name, 4096), 1),
                     SC_ROSTER_USER);
    assert_false(sc_roster_has(roster, sc_str(long_name, 4096), sc_str(long_name, 4096)));
    assert_int_equal(drop(roster, "", "", 1), SC_ROSTER_USER);
    assert_int_equal(drop(roster, "__proto__", "__proto__", 1), SC_ROSTER_USER);
    assert_true(sc_roster_has(roster, SC_STR("__proto__"), SC_STR("constructor")));
    sc_roster_free(roster);
}

/* Twenty thousand random steps. */
static void it_agrees_with_a_plain_table(void **state)
{
    enum { CHANNELS = 20, USERS = 20, HOLDERS = 3, STEPS = 20000 };
    static bool held[CHANNELS][USERS][HOLDERS];
    sc_roster_t *roster = sc_roster_new();
    unsigned seed = 1;
    int step;

    (void)state;
    for (step = 0; step < STEPS; step++) {
        int c = rand_r(&seed) % CHANNELS;
        int u = rand_r(&seed) % USERS;
        int h = rand_r(&seed) % HOLDERS;
        bool adds = rand_r(&seed) % 2 == 0;
        char channel[16];
        char name[16];
        int others = 0;
        int i;
        sc_roster_change_t change;

        for (i = 0; i < HOLDERS; i++)
            others += i != h && held[c][u][i];
        (void)snprintf(channel, sizeof(channel), "c%d", c);
        (void)snprintf(name, sizeof(name), "u%d", u);
        change = adds ? add(roster, channel, name, (uint64_t)h)
                      : drop(roster, channel, name, (uint64_t)h);
        if (held[c][u][h] == adds)
            assert_int_equal(change, SC_ROSTER_NOTHING);
        else
            assert_int_equal(change, others > 0 ? SC_ROSTER_HOLDER : SC_ROSTER_USER);
        held[c][u][h] = adds;
        assert_int_equal(sc_roster_has(roster, sc_str_from(channel), sc_str_from(name)),
                         adds || others > 0);
    }
    sc_roster_free(roster);
}

static void ten_thousand_users_in_a_channel_and_as_many_channels_are_no_trouble(void **state)
{
    sc_roster_t *roster = sc_roster_new();
    char name[16];
    int i;

    (void)state;
    for (i = 0; i < 10000; i++) {
        (void)snprintf(name, sizeof(name), "%d", i);
        assert_int_equal(add(roster, "room", name, 1), SC_ROSTER_USER);
        assert_int_equal(add(roster, name, "alice", 1), SC_ROSTER_USER);
    }
    for (i = 0; i < 10000; i++) {
        (void)snprintf(name, sizeof(name), "%d", i);
        assert_int_equal(drop(roster, "room", name, 1), SC_ROSTER_USER);
        assert_int_equal(drop(roster, name, "alice", 1), SC_ROSTER_USER);
    }
    assert_null(sc_roster_next_channel(roster, NULL));
    sc_roster_free(roster);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_user_comes_with_its_first_holder_and_goes_with_its_last),
        cmocka_unit_test(adding_twice_counts_once),
        cmocka_unit_test(dropping_what_is_not_held_changes_nothing),
        cmocka_unit_test(users_are_listed_in_the_order_in_which_they_came),
        cmocka_unit_test(the_user_is_the_one_whose_data_was_set_last),
        cmocka_unit_test(names_of_all_kinds_are_kept_apart),
        cmocka_unit_test(it_agrees_with_a_plain_table),
        cmocka_unit_test(ten_thousand_users_in_a_channel_and_as_many_channels_are_no_trouble),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
