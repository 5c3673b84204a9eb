/*
 * test_presence_member.c: the users of one channel, by name and in a row.
 */
#include "plugins/stateless_presence/member.h"

#include <sc/json.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

typedef struct entry {
    sc_member_t base;
    int number;
} entry_t;

static entry_t *add(sc_members_t *members, const char *name, const char *json)
{
    return sc_members_add(members, sc_str_from(name), sc_str_from(json));
}

static void expect_row(const sc_members_t *members, const char *row)
{
    const sc_member_t *member;
    char text[256] = "";
    size_t used = 0;

    TAILQ_FOREACH(member, &members->list, link)
    {
        used +=
            (size_t)snprintf(text + used, sizeof(text) - used, "%.*s ", SC_STR_ARG(member->name));
    }
    assert_string_equal(text, row);
}

static void members_are_found_by_name_and_stand_in_the_order_in_which_they_were_added(void **state)
{
    sc_members_t members;
    entry_t *zed;

    (void)state;
    sc_members_init(&members, sizeof(entry_t));
    assert_null(sc_members_find(&members, SC_STR("zed")));
    zed = add(&members, "zed", "\"zed\"");
    (void)add(&members, "42", "42");
    (void)add(&members, "", "\"\"");
    (void)add(&members, "a", "\"\\u0061\"");
    assert_int_equal(zed->number, 0);
    assert_ptr_equal(sc_members_find(&members, SC_STR("zed")), zed);
    assert_true(sc_str_equal(zed->base.json, SC_STR("\"zed\"")));
    assert_non_null(sc_members_find(&members, SC_STR("")));
    assert_true(sc_str_equal(((entry_t *)sc_members_find(&members, SC_STR("a")))->base.json,
                             SC_STR("\"\\u0061\"")));
    expect_row(&members, "zed 42  a ");
    sc_members_move_last(&members, &zed->base);
    expect_row(&members, "42  a zed ");
    sc_members_remove(&members, sc_members_find(&members, SC_STR("42")));
    expect_row(&members, " a zed ");
    assert_int_equal(members.count, 3);
    sc_members_deinit(&members);
    assert_int_equal(members.count, 0);
    assert_int_equal(members.cost, 0);
}

/* The pace of pings counts on it. */
static void a_member_costs_what_its_quoted_name_and_a_comma_take(void **state)
{
    static const char *const names[] = {"", "alice", "a\"b\\c", "\1\2", "\xc3\xa9"};
    sc_members_t members;
    uint64_t sum = 0;
    size_t i;

    (void)state;
    sc_members_init(&members, sizeof(entry_t));
    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        sc_text_t quoted = {0};
        const entry_t *entry = add(&members, names[i], "1");

        sc_text_add_quoted(&quoted, sc_str_from(names[i]));
        assert_int_equal(entry->base.cost, quoted.len + 1);
        sum += entry->base.cost;
        sc_text_free(&quoted);
    }
    assert_int_equal(members.cost, sum);
    sc_members_deinit(&members);
}

static void data_is_set_changed_and_taken_away(void **state)
{
    sc_members_t members;
    entry_t *entry;

    (void)state;
    sc_members_init(&members, sizeof(entry_t));
    entry = add(&members, "a", "\"a\"");
    assert_false(sc_member_set_data(&entry->base, sc_str_none()));
    assert_true(sc_member_set_data(&entry->base, SC_STR("{}")));
    assert_false(sc_member_set_data(&entry->base, SC_STR("{}")));
    assert_true(sc_member_set_data(&entry->base, SC_STR("{\"b\":1}")));
    assert_true(sc_str_equal(entry->base.data, SC_STR("{\"b\":1}")));
    assert_true(sc_member_set_data(&entry->base, sc_str_none()));
    assert_true(sc_str_is_none(entry->base.data));
    assert_true(sc_member_set_data(&entry->base, SC_STR("{}")));
    sc_members_deinit(&members);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_are_found_by_name_and_stand_in_the_order_in_which_they_were_added),
        cmocka_unit_test(a_member_costs_what_its_quoted_name_and_a_comma_take),
        cmocka_unit_test(data_is_set_changed_and_taken_away),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
