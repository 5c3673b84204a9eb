/*
 * test_presence_option.c: defaults, ranges, and errors that name what is wrong.
 */
#include "plugins/stateless_presence/presence_option.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static sc_status_t read_options(const char *text, sc_presence_options_t *options, char error[256])
{
    error[0] = '\0';
    return sc_presence_option_read(sc_str_from(text), options, error, 256);
}

static void expect(const char *text, uint32_t interval_ms, uint32_t timeout_ms, bool guard)
{
    sc_presence_options_t options;
    char error[256];

    assert_int_equal(read_options(text, &options, error), SC_OK);
    assert_int_equal(options.interval_ms, interval_ms);
    assert_int_equal(options.timeout_ms, timeout_ms);
    assert_int_equal(options.guard, guard);
}

static void expect_error(const char *text, const char *named)
{
    sc_presence_options_t options;
    char error[256];

    assert_int_equal(read_options(text, &options, error), SC_ERR_INVALID);
    if (strstr(error, named) == NULL)
        fail_msg("\"%s\" does not name %s", error, named);
}

static void defaults_are_those_of_the_original(void **state)
{
    (void)state;
    expect(NULL, 10000, 13000, true);
    expect("{}", 10000, 13000, true);
}

static void the_timeout_follows_the_interval_unless_it_is_given(void **state)
{
    (void)state;
    expect("{\"presenceInterval\":1000}", 1000, 1300, true);
    expect("{\"presenceInterval\":1001}", 1001, 1301, true);
    expect("{\"presenceInterval\":105}", 105, 137, true);
    expect("{\"presenceTimeout\":20000}", 10000, 20000, true);
    expect("{\"presenceTimeout\":250,\"presenceInterval\":200,\"guard\":false}", 200, 250, false);
}

static void every_option_is_taken(void **state)
{
    sc_presence_options_t options;
    char error[256];

    (void)state;
    assert_int_equal(read_options("{}", &options, error), SC_OK);
    assert_int_equal(options.mode, SC_PRESENCE_AUTO);
    assert_int_equal(options.roster_threshold, 8);
    assert_int_equal(options.coalesce_ms, 50);
    assert_int_equal(options.max_ping_bandwidth, 1024);
    assert_int_equal(options.leave_grace_ms, 0);
    assert_string_equal(options.data_claim, "presence");
    assert_int_equal(options.max_data_bytes, 1024);
    assert_int_equal(
        read_options("{\"mode\":\"roster\",\"rosterThreshold\":0,\"coalesceInterval\":7,"
                     "\"maxPingBandwidth\":64,\"leaveGrace\":9,\"dataClaim\":\"d\","
                     "\"maxDataBytes\":0}",
                     &options, error),
        SC_OK);
    assert_int_equal(options.mode, SC_PRESENCE_ROSTER);
    assert_int_equal(options.roster_threshold, 0);
    assert_int_equal(options.coalesce_ms, 7);
    assert_int_equal(options.max_ping_bandwidth, 64);
    assert_int_equal(options.leave_grace_ms, 9);
    assert_string_equal(options.data_claim, "d");
    assert_int_equal(options.max_data_bytes, 0);
    assert_int_equal(read_options("{\"mode\":\"original\"}", &options, error), SC_OK);
    assert_int_equal(options.mode, SC_PRESENCE_ORIGINAL);
}

static void an_unknown_option_is_named(void **state)
{
    (void)state;
    expect_error("{\"presenceIntervall\":1000}", "presenceIntervall");
}

static void a_value_out_of_range_is_named(void **state)
{
    (void)state;
    expect_error("{\"presenceInterval\":99}", "presenceInterval");
    expect_error("{\"presenceInterval\":3600001}", "presenceInterval");
    expect_error("{\"presenceInterval\":\"1000\"}", "presenceInterval");
    expect_error("{\"presenceInterval\":1000.5}", "presenceInterval");
    expect_error("{\"presenceTimeout\":86400001}", "presenceTimeout");
    expect_error("{\"presenceTimeout\":-1}", "presenceTimeout");
    expect_error("{\"guard\":1}", "guard");
    expect_error("{\"mode\":\"Roster\"}", "mode");
    expect_error("{\"mode\":1}", "mode");
    expect_error("{\"rosterThreshold\":-1}", "rosterThreshold");
    expect_error("{\"coalesceInterval\":10001}", "coalesceInterval");
    expect_error("{\"maxPingBandwidth\":63}", "maxPingBandwidth");
    expect_error("{\"leaveGrace\":3600001}", "leaveGrace");
    expect_error("{\"dataClaim\":\"\"}", "dataClaim");
    expect_error("{\"dataClaim\":7}", "dataClaim");
    expect_error("{\"maxDataBytes\":65537}", "maxDataBytes");
}

static void a_timeout_within_the_interval_is_refused(void **state)
{
    (void)state;
    expect_error("{\"presenceTimeout\":10000}", "presenceTimeout");
    expect_error("{\"presenceInterval\":500,\"presenceTimeout\":400}", "presenceTimeout");
}

static void what_is_no_object_is_refused(void **state)
{
    (void)state;
    expect_error("[]", "object");
    expect_error("5", "object");
    expect_error("{\"guard\":", "JSON");
    expect_error("", "JSON");
    expect_error("{\"guard\":true,\"guard\":false}", "JSON");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_those_of_the_original),
        cmocka_unit_test(the_timeout_follows_the_interval_unless_it_is_given),
        cmocka_unit_test(every_option_is_taken),
        cmocka_unit_test(an_unknown_option_is_named),
        cmocka_unit_test(a_value_out_of_range_is_named),
        cmocka_unit_test(a_timeout_within_the_interval_is_refused),
        cmocka_unit_test(what_is_no_object_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
