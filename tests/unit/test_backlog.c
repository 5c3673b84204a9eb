#include "worker/exchange/backlog.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static int set_up(void **state)
{
    sc_backlog_t *backlog = malloc(sizeof(*backlog));

    if (backlog == NULL)
        return -1;
    sc_backlog_init(backlog);
    *state = backlog;
    return 0;
}

static int tear_down(void **state)
{
    sc_backlog_deinit(*state);
    free(*state);
    return 0;
}

static void add_many(sc_backlog_t *backlog, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++)
        assert_non_null(sc_backlog_add(backlog, SC_STR("c"), SC_STR("1"), NULL, NULL));
}

static void take_one(sc_backlog_t *backlog, uint64_t seq)
{
    sc_backlog_entry_t *entry = sc_backlog_take(backlog, seq);

    assert_non_null(entry);
    assert_int_equal(entry->seq, seq);
    free(entry);
}

static void on_done(sc_status_t status, void *arg)
{
    (void)status;
    (void)arg;
}

static void an_entry_holds_copies_of_what_was_published(void **state)
{
    char channel[] = "room";
    char data[] = "[1]";
    sc_backlog_entry_t *entry =
        sc_backlog_add(*state, sc_str_from(channel), sc_str_from(data), on_done, channel);

    channel[0] = 'x';
    data[0] = 'x';
    assert_int_equal(entry->seq, 1);
    assert_true(sc_str_equal(sc_backlog_channel(entry), SC_STR("room")));
    assert_true(sc_str_equal(sc_backlog_data(entry), SC_STR("[1]")));
    assert_ptr_equal(entry->done, on_done);
    assert_ptr_equal(entry->arg, channel);
}

static void no_data_stays_none_and_empty_data_empty(void **state)
{
    const sc_backlog_entry_t *none = sc_backlog_add(*state, SC_STR(""), sc_str_none(), NULL, NULL);
    const sc_backlog_entry_t *empty = sc_backlog_add(*state, SC_STR(""), SC_STR(""), NULL, NULL);

    assert_true(sc_str_is_none(sc_backlog_data(none)));
    assert_false(sc_str_is_none(sc_backlog_data(empty)));
    assert_int_equal(sc_backlog_data(empty).len, 0);
}

static void entries_can_be_taken_in_any_order_and_once(void **state)
{
    sc_backlog_t *backlog = *state;

    add_many(backlog, 5);
    take_one(backlog, 3);
    assert_int_equal(backlog->first_seq, 1);
    take_one(backlog, 1);
    assert_int_equal(backlog->first_seq, 2);
    take_one(backlog, 2);
    assert_int_equal(backlog->first_seq, 4);
    assert_null(sc_backlog_take(backlog, 2));
    assert_null(sc_backlog_take(backlog, 3));
    assert_null(sc_backlog_take(backlog, 6));
    assert_null(sc_backlog_get(backlog, 3));
    assert_non_null(sc_backlog_get(backlog, 4));
    assert_null(sc_backlog_get(backlog, 6));
}

static void numbers_go_on_when_it_was_empty_meanwhile(void **state)
{
    sc_backlog_t *backlog = *state;

    add_many(backlog, 2);
    take_one(backlog, 1);
    take_one(backlog, 2);
    assert_int_equal(sc_backlog_add(backlog, SC_STR("c"), SC_STR("1"), NULL, NULL)->seq, 3);
}

static void all_that_is_left_is_found_when_the_ring_has_grown_around_its_end(void **state)
{
    sc_backlog_t *backlog = *state;

    add_many(backlog, 10);
    for (uint64_t seq = 1; seq <= 9; seq++)
        take_one(backlog, seq);
    add_many(backlog, 1000);
    for (uint64_t seq = 10; seq <= 1010; seq++)
        assert_int_equal(sc_backlog_get(backlog, seq)->seq, seq);
}

static void a_number_that_was_taken_is_not_found_in_the_place_of_a_later_one(void **state)
{
    sc_backlog_t *backlog = *state;

    add_many(backlog, 1);
    take_one(backlog, 1);
    add_many(backlog, backlog->capacity); /* the last one is where the first one was */
    assert_null(sc_backlog_get(backlog, 1));
    assert_null(sc_backlog_take(backlog, 1));
    assert_int_equal(sc_backlog_get(backlog, 1u + backlog->capacity)->seq, 1 + backlog->capacity);
}

static void its_bytes_are_those_of_the_entries_that_it_holds(void **state)
{
    sc_backlog_t *backlog = *state;
    uint64_t cost = sc_backlog_cost(SC_STR("c"), SC_STR("1"));

    assert_true(cost > 2);
    assert_int_equal(sc_backlog_cost(SC_STR("cc"), SC_STR("123")), cost + 3);
    add_many(backlog, 3);
    assert_int_equal(backlog->bytes, 3 * cost);
    take_one(backlog, 2);
    assert_int_equal(backlog->bytes, 2 * cost);
    take_one(backlog, 1);
    take_one(backlog, 3);
    assert_int_equal(backlog->bytes, 0);
}

static void a_ring_that_a_long_wait_has_made_large_is_given_back(void **state)
{
    sc_backlog_t *backlog = *state;

    add_many(backlog, 5000);
    assert_true(backlog->capacity >= 5000);
    for (uint64_t seq = 1; seq <= 5000; seq++)
        take_one(backlog, seq);
    assert_int_equal(backlog->capacity, 0);
    add_many(backlog, 3);
    assert_int_equal(sc_backlog_get(backlog, 5003)->seq, 5003);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_entry_holds_copies_of_what_was_published, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(no_data_stays_none_and_empty_data_empty, set_up, tear_down),
        cmocka_unit_test_setup_teardown(entries_can_be_taken_in_any_order_and_once, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(numbers_go_on_when_it_was_empty_meanwhile, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(
            all_that_is_left_is_found_when_the_ring_has_grown_around_its_end, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_number_that_was_taken_is_not_found_in_the_place_of_a_later_one, set_up, tear_down),
        cmocka_unit_test_setup_teardown(its_bytes_are_those_of_the_entries_that_it_holds, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_ring_that_a_long_wait_has_made_large_is_given_back,
                                        set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
