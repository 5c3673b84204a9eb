#include "common/map.h"

#include "common/alloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define VALUES 2000

typedef struct value {
    char name[24];
    bool is_in;
} value_t;

static value_t *make_values(void)
{
    value_t *values = sc_alloc_zeroed(VALUES, sizeof(value_t));

    for (int i = 0; i < VALUES; i++)
        snprintf(values[i].name, sizeof(values[i].name), "channel-%d", i);
    return values;
}

static sc_str_t name_of(const value_t *value)
{
    return sc_str_from(value->name);
}

static void an_empty_map_finds_nothing_and_owns_nothing(void **state)
{
    sc_map_t map;
    uint32_t cursor = 0;

    (void)state;
    sc_map_init(&map);
    assert_null(sc_map_get(&map, SC_STR("a")));
    assert_null(sc_map_remove(&map, SC_STR("a")));
    assert_null(sc_map_next(&map, &cursor));
    assert_null(map.slots);
}

static void a_value_is_found_by_an_equal_key_only(void **state)
{
    sc_map_t map = {0};
    int value;

    (void)state;
    assert_null(sc_map_put(&map, SC_STR("room"), &value));
    assert_ptr_equal(sc_map_get(&map, SC_STR("room")), &value);
    assert_null(sc_map_get(&map, SC_STR("rooms")));
    assert_null(sc_map_get(&map, SC_STR("roo")));
    assert_null(sc_map_get(&map, SC_STR("Room")));
    sc_map_deinit(&map);
}

static void an_equal_key_replaces_the_value_and_gives_the_old_one(void **state)
{
    sc_map_t map = {0};
    int first;
    int second;

    (void)state;
    assert_null(sc_map_put(&map, SC_STR("room"), &first));
    assert_ptr_equal(sc_map_put(&map, SC_STR("room"), &second), &first);
    assert_int_equal(map.count, 1);
    assert_ptr_equal(sc_map_get(&map, SC_STR("room")), &second);
    sc_map_deinit(&map);
}

static void the_empty_name_and_names_with_nul_are_keys(void **state)
{
    sc_map_t map = {0};
    int empty;
    int with_nul;
    int longer;

    (void)state;
    assert_null(sc_map_put(&map, sc_str_none(), &empty));
    assert_null(sc_map_put(&map, sc_str("a\0b", 3), &with_nul));
    assert_null(sc_map_put(&map, sc_str("a\0c", 3), &longer));
    assert_ptr_equal(sc_map_get(&map, SC_STR("")), &empty);
    assert_ptr_equal(sc_map_get(&map, sc_str("a\0b", 3)), &with_nul);
    assert_ptr_equal(sc_map_remove(&map, SC_STR("")), &empty);
    assert_null(sc_map_get(&map, SC_STR("")));
    sc_map_deinit(&map);
}

/* Against a plain array as the model: after each step the map holds what the model holds. */
static void a_map_that_grows_and_shrinks_at_random_never_loses_a_value(void **state)
{
    value_t *values = make_values();
    sc_map_t map = {0};
    uint32_t random = 12345;
    uint32_t count = 0;

    (void)state;
    for (int step = 0; step < 60000; step++) {
        value_t *value;
        bool grows = step / 10000 % 2 == 0; /* in turns mostly puts and mostly removes */

        random = random * 1664525 + 1013904223;
        value = &values[(random >> 8) % VALUES];
        if (((random >> 4) % 8 != 0) == grows) {
            assert_ptr_equal(sc_map_put(&map, name_of(value), value), value->is_in ? value : NULL);
            count += !value->is_in;
            value->is_in = true;
        } else {
            assert_ptr_equal(sc_map_remove(&map, name_of(value)), value->is_in ? value : NULL);
            count -= value->is_in;
            value->is_in = false;
        }
        assert_int_equal(map.count, count);
    }
    for (int i = 0; i < VALUES; i++)
        assert_ptr_equal(sc_map_get(&map, name_of(&values[i])),
                         values[i].is_in ? &values[i] : NULL);
    sc_map_deinit(&map);
    free(values);
}

static void walking_meets_each_value_once(void **state)
{
    value_t *values = make_values();
    sc_map_t map = {0};
    uint32_t cursor = 0;
    value_t *value;
    int met = 0;

    (void)state;
    for (int i = 0; i < VALUES; i++)
        assert_null(sc_map_put(&map, name_of(&values[i]), &values[i]));
    while ((value = sc_map_next(&map, &cursor)) != NULL) {
        assert_false(value->is_in);
        value->is_in = true;
        met++;
    }
    assert_int_equal(met, VALUES);
    sc_map_deinit(&map);
    free(values);
}

static void a_map_that_becomes_empty_gives_its_memory_back(void **state)
{
    value_t *values = make_values();
    sc_map_t map = {0};

    (void)state;
    for (int i = 0; i < VALUES; i++)
        assert_null(sc_map_put(&map, name_of(&values[i]), &values[i]));
    assert_true(map.capacity >= VALUES);
    for (int i = 0; i < VALUES - 1; i++)
        assert_ptr_equal(sc_map_remove(&map, name_of(&values[i])), &values[i]);
    assert_true(map.capacity <= 16);
    assert_ptr_equal(sc_map_remove(&map, name_of(&values[VALUES - 1])), &values[VALUES - 1]);
    assert_null(map.slots);
    free(values);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_map_finds_nothing_and_owns_nothing),
        cmocka_unit_test(a_value_is_found_by_an_equal_key_only),
        cmocka_unit_test(an_equal_key_replaces_the_value_and_gives_the_old_one),
        cmocka_unit_test(the_empty_name_and_names_with_nul_are_keys),
        cmocka_unit_test(a_map_that_grows_and_shrinks_at_random_never_loses_a_value),
        cmocka_unit_test(walking_meets_each_value_once),
        cmocka_unit_test(a_map_that_becomes_empty_gives_its_memory_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
