#include "worker/counter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static sc_counters_t counters;

static int set_up(void **state)
{
    (void)state;
    sc_counters_init(&counters);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    sc_counters_deinit(&counters);
    return 0;
}

static void a_counter_begins_at_zero_and_adds_up(void **state)
{
    sc_counter_t *counter = sc_counters_get(&counters, "sent", "Frames sent.");

    (void)state;
    assert_int_equal(counter->value, 0);
    sc_counter_add(counter, 5);
    sc_counter_add(counter, -7);
    assert_int_equal(counter->value, -2);
}

static void a_name_gives_the_same_counter_with_its_first_help(void **state)
{
    sc_counter_t *first = sc_counters_get(&counters, "sent", "Frames sent.");

    (void)state;
    assert_ptr_equal(sc_counters_get(&counters, "sent", "Something else."), first);
    assert_string_equal(first->help, "Frames sent.");
}

static void counters_of_other_names_count_apart(void **state)
{
    sc_counter_t *sent = sc_counters_get(&counters, "sent", "");
    sc_counter_t *sent_bytes = sc_counters_get(&counters, "sent_bytes", "");

    (void)state;
    sc_counter_add(sent, 1);
    assert_int_equal(sent_bytes->value, 0);
    assert_int_equal(sent->value, 1);
}

static void name_and_help_are_copied(void **state)
{
    char name[] = "sent";
    char help[] = "Frames sent.";
    const sc_counter_t *counter = sc_counters_get(&counters, name, help);

    (void)state;
    memset(name, 'x', strlen(name));
    memset(help, 'x', strlen(help));
    assert_string_equal(counter->name, "sent");
    assert_string_equal(counter->help, "Frames sent.");
    assert_ptr_equal(sc_counters_get(&counters, "sent", ""), counter);
}

static void counters_are_listed_in_the_order_in_which_they_were_made(void **state)
{
    char name[24];
    int next = 0;

    (void)state;
    for (int i = 0; i < 100; i++) {
        snprintf(name, sizeof(name), "n%d", i);
        sc_counters_get(&counters, name, "");
    }
    sc_counters_get(&counters, "n0", ""); /* not made again */
    sc_list_each(node, &counters.in_order)
    {
        snprintf(name, sizeof(name), "n%d", next++);
        assert_string_equal(sc_list_entry(node, sc_counter_t, node)->name, name);
    }
    assert_int_equal(next, 100);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_counter_begins_at_zero_and_adds_up),
        TEST(a_name_gives_the_same_counter_with_its_first_help),
        TEST(counters_of_other_names_count_apart),
        TEST(name_and_help_are_copied),
        TEST(counters_are_listed_in_the_order_in_which_they_were_made),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
