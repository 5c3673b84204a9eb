#include "master/memory_watch.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define MIB (1024u * 1024u)
#define THRESHOLD (100u * MIB)

/* Not run. */
int sc_worker_main(const sc_child_setup_t *setup)
{
    return (int)setup->id;
}

int sc_broker_main(const sc_child_setup_t *setup)
{
    return (int)setup->id;
}

sc_status_t sc_worker_check_secrets(const sc_options_t *options, bool is_new_cert)
{
    (void)options;
    (void)is_new_cert;
    return SC_OK;
}

static sc_memory_verdict_t judge(sc_child_state_t state, uint64_t bytes, bool is_free)
{
    sc_child_t worker = {.state = state};

    return sc_memory_judge(&worker, bytes, THRESHOLD, is_free);
}

static void a_worker_at_the_threshold_stays(void **state)
{
    (void)state;
    assert_int_equal(judge(SC_CHILD_SERVING, 0, true), SC_MEMORY_GOOD);
    assert_int_equal(judge(SC_CHILD_SERVING, THRESHOLD, true), SC_MEMORY_GOOD);
    assert_int_equal(judge(SC_CHILD_STOPPING, THRESHOLD, true), SC_MEMORY_GOOD);
}

static void one_over_it_is_replaced_unless_another_one_is(void **state)
{
    (void)state;
    assert_int_equal(judge(SC_CHILD_SERVING, THRESHOLD + 1, true), SC_MEMORY_REPLACE);
    assert_int_equal(judge(SC_CHILD_SERVING, THRESHOLD + 1, false), SC_MEMORY_WAIT);
    assert_int_equal(judge(SC_CHILD_STARTING, THRESHOLD + 1, true), SC_MEMORY_WAIT);
}

static void one_far_over_it_waits_for_nobody(void **state)
{
    (void)state;
    assert_int_equal(judge(SC_CHILD_SERVING, THRESHOLD * 3 / 2, false), SC_MEMORY_WAIT);
    assert_int_equal(judge(SC_CHILD_SERVING, THRESHOLD * 3 / 2 + 1, false), SC_MEMORY_REPLACE);
}

static void one_that_grows_while_it_ends_is_killed(void **state)
{
    (void)state;
    assert_int_equal(judge(SC_CHILD_STOPPING, THRESHOLD + 1, false), SC_MEMORY_WAIT);
    assert_int_equal(judge(SC_CHILD_STOPPING, THRESHOLD * 3 / 2 + 1, false), SC_MEMORY_KILL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_worker_at_the_threshold_stays),
        cmocka_unit_test(one_over_it_is_replaced_unless_another_one_is),
        cmocka_unit_test(one_far_over_it_waits_for_nobody),
        cmocka_unit_test(one_that_grows_while_it_ends_is_killed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
