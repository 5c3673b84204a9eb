#include "broker/route.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define WORKERS 130 /* more than two words of the bitmap */

static sc_route_table_t table;

static int set_up(void **state)
{
    (void)state;
    sc_route_table_init(&table, WORKERS);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    sc_route_table_deinit(&table);
    return 0;
}

static void a_route_lists_its_workers_in_order(void **state)
{
    static const uint32_t workers[] = {0, 63, 64, 127, 128, 129};
    const sc_route_t *route;
    uint32_t worker = 0;

    (void)state;
    for (int i = 5; i >= 0; i--)
        assert_true(sc_route_add(&table, SC_STR("a"), workers[i]));
    route = sc_route_find(&table, SC_STR("a"));
    for (int i = 0; i < 6; i++) {
        worker = sc_route_next(route, worker);
        assert_int_equal(worker, workers[i]);
        worker++;
    }
    assert_int_equal(sc_route_next(route, worker), UINT32_MAX);
}

static void a_walk_may_begin_anywhere(void **state)
{
    const sc_route_t *route;

    (void)state;
    sc_route_add(&table, SC_STR("a"), 5);
    sc_route_add(&table, SC_STR("a"), 64);
    route = sc_route_find(&table, SC_STR("a"));
    assert_int_equal(sc_route_next(route, 5), 5);
    assert_int_equal(sc_route_next(route, 6), 64);
    assert_int_equal(sc_route_next(route, 65), UINT32_MAX);
    assert_int_equal(sc_route_next(route, 100000), UINT32_MAX);
}

static void adding_and_removing_twice_changes_nothing(void **state)
{
    (void)state;
    assert_true(sc_route_add(&table, SC_STR("a"), 1));
    assert_false(sc_route_add(&table, SC_STR("a"), 1));
    assert_true(sc_route_remove(&table, SC_STR("a"), 1));
    assert_false(sc_route_remove(&table, SC_STR("a"), 1));
    assert_false(sc_route_remove(&table, SC_STR("b"), 1));
    assert_true(sc_route_add(&table, SC_STR("a"), 1));
    assert_false(sc_route_remove(&table, SC_STR("a"), 100000)); /* no such worker */
}

static void a_channel_that_nobody_wants_is_not_in_the_table(void **state)
{
    (void)state;
    sc_route_add(&table, SC_STR("a"), 1);
    sc_route_add(&table, SC_STR("a"), 129);
    sc_route_remove(&table, SC_STR("a"), 1);
    assert_int_equal(sc_route_next(sc_route_find(&table, SC_STR("a")), 0), 129);
    sc_route_remove(&table, SC_STR("a"), 129);
    assert_null(sc_route_find(&table, SC_STR("a")));
    assert_null(table.routes.slots); /* no memory either */
}

static void the_empty_name_is_a_channel_of_its_own(void **state)
{
    (void)state;
    sc_route_add(&table, SC_STR(""), 1);
    sc_route_add(&table, SC_STR("a"), 2);
    assert_int_equal(sc_route_next(sc_route_find(&table, sc_str_none()), 0), 1);
    assert_int_equal(sc_route_next(sc_route_find(&table, SC_STR("a")), 0), 2);
}

typedef struct removed {
    uint32_t count;
    uint32_t last_worker;
} removed_t;

static void on_removed(sc_str_t channel, uint32_t worker, void *arg)
{
    removed_t *removed = arg;

    assert_true(channel.len > 0);
    removed->count++;
    removed->last_worker = worker;
}

static void a_worker_that_goes_leaves_all_channels_and_no_other_does(void **state)
{
    removed_t removed = {0};
    char name[24];

    (void)state;
    for (int i = 0; i < 1000; i++) {
        snprintf(name, sizeof(name), "room:%d", i);
        sc_route_add(&table, sc_str_from(name), 70);
        if (i % 10 == 0)
            sc_route_add(&table, sc_str_from(name), 6);
    }
    sc_route_add(&table, SC_STR("other"), 6);
    sc_route_remove_worker(&table, 70, on_removed, &removed);
    assert_int_equal(removed.count, 1000);
    assert_int_equal(removed.last_worker, 70);
    assert_int_equal(table.routes.count, 101);
    assert_null(sc_route_find(&table, SC_STR("room:1")));
    assert_int_equal(sc_route_next(sc_route_find(&table, SC_STR("room:10")), 0), 6);
    sc_route_remove_worker(&table, 70, on_removed, &removed);
    assert_int_equal(removed.count, 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_route_lists_its_workers_in_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_walk_may_begin_anywhere, set_up, tear_down),
        cmocka_unit_test_setup_teardown(adding_and_removing_twice_changes_nothing, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_channel_that_nobody_wants_is_not_in_the_table, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(the_empty_name_is_a_channel_of_its_own, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_worker_that_goes_leaves_all_channels_and_no_other_does,
                                        set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
