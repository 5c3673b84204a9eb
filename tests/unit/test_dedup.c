#include "worker/exchange/dedup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static int set_up(void **state)
{
    sc_dedup_t *dedup = malloc(sizeof(*dedup));

    if (dedup == NULL)
        return -1;
    sc_dedup_init(dedup);
    *state = dedup;
    return 0;
}

static int tear_down(void **state)
{
    sc_dedup_deinit(*state);
    free(*state);
    return 0;
}

static void a_message_is_new_once(void **state)
{
    assert_true(sc_dedup_note(*state, 7, 1));
    assert_false(sc_dedup_note(*state, 7, 1));
    assert_true(sc_dedup_note(*state, 7, 2));
    assert_false(sc_dedup_note(*state, 7, 1));
}

static void numbers_may_be_left_out_but_not_come_later(void **state)
{
    assert_true(sc_dedup_note(*state, 7, 10));
    assert_false(sc_dedup_note(*state, 7, 9));
    assert_true(sc_dedup_note(*state, 7, 11));
}

static void origins_do_not_know_of_each_other(void **state)
{
    assert_true(sc_dedup_note(*state, 7, 5));
    assert_true(sc_dedup_note(*state, 8, 5));
    assert_false(sc_dedup_note(*state, 7, 5));
    assert_false(sc_dedup_note(*state, 8, 4));
    assert_true(sc_dedup_note(*state, 7, 6));
}

static void the_origin_that_was_silent_for_longest_is_forgotten_at_the_limit(void **state)
{
    sc_dedup_t *dedup = *state;

    for (uint64_t origin = 1; origin <= SC_DEDUP_ORIGINS_MAX; origin++)
        assert_true(sc_dedup_note(dedup, origin, 5));
    assert_false(sc_dedup_note(dedup, 1, 5)); /* the oldest, but not silent */
    assert_true(sc_dedup_note(dedup, 1000000, 1));
    assert_int_equal(dedup->origins.count, SC_DEDUP_ORIGINS_MAX);
    assert_false(sc_dedup_note(dedup, 1, 5));
    assert_false(sc_dedup_note(dedup, 3, 5));
    assert_true(sc_dedup_note(dedup, 2, 5)); /* forgotten */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_message_is_new_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(numbers_may_be_left_out_but_not_come_later, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(origins_do_not_know_of_each_other, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            the_origin_that_was_silent_for_longest_is_forgotten_at_the_limit, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
