/*
 * test_presence_pace.c: nobody's time runs out before the next ping that names it, however the roster grows and shrinks, and pings
 * take no more than their bandwidth.
 */
#include "plugins/stateless_presence/pace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define INTERVAL_MS 10000
#define USERS_MAX 4000

static const sc_presence_options_t options = {
    .interval_ms = INTERVAL_MS, .timeout_ms = 13000, .max_ping_bandwidth = 100};

static void in_original_mode_the_timeout_is_that_of_the_options(void **state)
{
    sc_pace_t pace = sc_pace_of(&options);

    (void)state;
    assert_int_equal(sc_pace_timeout_ms(&pace, false, 0), 13000);
    assert_int_equal(sc_pace_timeout_ms(&pace, false, 1000000), 13000);
}

static void in_roster_mode_the_timeout_grows_with_the_roster(void **state)
{
    sc_pace_t pace = sc_pace_of(&options);

    (void)state;
    assert_int_equal(pace.budget_bytes, 1000 - 128);
    assert_int_equal(sc_pace_timeout_ms(&pace, true, 0), 26000);
    assert_int_equal(sc_pace_timeout_ms(&pace, true, 872), 26000);
    assert_int_equal(sc_pace_timeout_ms(&pace, true, 873), 39000);
    assert_int_equal(sc_pace_timeout_ms(&pace, true, 8720), 143000);
    assert_int_equal(sc_pace_timeout_ms(&pace, true, UINT64_MAX / 100000), INT32_MAX);
}

static void a_bandwidth_of_less_than_a_packet_is_one_name_for_each_ping(void **state)
{
    const sc_presence_options_t slow = {
        .interval_ms = 100, .timeout_ms = 130, .max_ping_bandwidth = 64};
    sc_pace_t pace = sc_pace_of(&slow);

    (void)state;
    assert_int_equal(pace.budget_bytes, 1);
}

/* Users in a row, as the herald keeps them: named from the front, put at the end. */
typedef struct user {
    uint32_t cost;
    uint64_t expires_ms;
} user_t;

typedef struct row {
    user_t users[USERS_MAX];
    uint32_t count;
    uint64_t cost;
} row_t;

static void append(row_t *row, user_t user)
{
    row->users[row->count++] = user;
    row->cost += user.cost;
}

static void take_out(row_t *row, uint32_t at)
{
    row->cost -= row->users[at].cost;
    memmove(&row->users[at], &row->users[at + 1], (--row->count - at) * sizeof(row->users[0]));
}

static void ping(row_t *row, const sc_pace_t *pace, uint64_t now_ms)
{
    uint64_t timeout_ms = sc_pace_timeout_ms(pace, true, row->cost);
    uint64_t named = 0;
    uint32_t i;

    for (i = row->count; i > 0 && named < pace->budget_bytes; i--) {
        user_t user = row->users[0];

        assert_true(user.expires_ms >= now_ms);
        take_out(row, 0);
        named += user.cost;
        user.expires_ms = now_ms + timeout_ms;
        append(row, user);
    }
    /* The last name may go beyond the budget, and no more. */
    assert_true(named < pace->budget_bytes + 200);
    for (i = 0; i < row->count; i++)
        assert_true(row->users[i].expires_ms >= now_ms);
}

static void nobodys_time_runs_out_while_the_roster_grows_and_shrinks(void **state)
{
    static row_t row;
    sc_pace_t pace = sc_pace_of(&options);
    unsigned seed = 7;
    uint64_t now_ms = 0;
    int round;

    (void)state;
    for (round = 0; round < 3000; round++) {
        bool is_growing = (round / 300) % 2 == 0;
        uint32_t change = (uint32_t)rand_r(&seed) % 60;

        now_ms += INTERVAL_MS;
        ping(&row, &pace, now_ms);
        while (change-- > 0) {
            if (is_growing && row.count < USERS_MAX) {
                user_t user = {3 + (uint32_t)rand_r(&seed) % 190, 0};

                row.cost += user.cost;
                user.expires_ms = now_ms + 1 + sc_pace_timeout_ms(&pace, true, row.cost);
                row.cost -= user.cost;
                append(&row, user);
            } else if (!is_growing && row.count > 0) {
                take_out(&row, (uint32_t)rand_r(&seed) % row.count);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_original_mode_the_timeout_is_that_of_the_options),
        cmocka_unit_test(in_roster_mode_the_timeout_grows_with_the_roster),
        cmocka_unit_test(a_bandwidth_of_less_than_a_packet_is_one_name_for_each_ping),
        cmocka_unit_test(nobodys_time_runs_out_while_the_roster_grows_and_shrinks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
