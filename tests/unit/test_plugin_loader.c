#include "common/plugin_loader.h"

#include "common/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static char log_path[64];
static char plugin_dir[512];

/* Options with plugins of the tests' folder. */
typedef struct fixture {
    sc_options_t options;
    sc_plugin_option_t items[4];
    sc_plugin_option_t broker_items[4];
    sc_plugin_option_t master_items[4];
    sc_plugins_t plugins;
    char log[8192];
} fixture_t;

static void set_up_fixture(fixture_t *fixture)
{
    memset(fixture, 0, sizeof(*fixture));
    fixture->options.plugin_dir = plugin_dir;
    fixture->options.plugins.items = fixture->items;
    fixture->options.broker_plugins.items = fixture->broker_items;
    fixture->options.master_plugins.items = fixture->master_items;
    unlink(log_path);
    sc_log_init("test", SC_LOG_INFO, SC_LOG_TEXT);
    assert_int_equal(sc_log_open(log_path), SC_OK);
}

static void add(fixture_t *fixture, const char *name, const char *options)
{
    fixture->items[fixture->options.plugins.count++] =
        (sc_plugin_option_t){(char *)name, (char *)options};
}

static void add_for_broker(fixture_t *fixture, const char *name)
{
    fixture->broker_items[fixture->options.broker_plugins.count++] =
        (sc_plugin_option_t){(char *)name, NULL};
}

static void add_for_master(fixture_t *fixture, const char *name, const char *options)
{
    fixture->master_items[fixture->options.master_plugins.count++] =
        (sc_plugin_option_t){(char *)name, (char *)options};
}

static void read_log(fixture_t *fixture)
{
    FILE *file = fopen(log_path, "r");
    size_t len;

    assert_non_null(file);
    len = fread(fixture->log, 1, sizeof(fixture->log) - 1, file);
    fixture->log[len] = '\0';
    fclose(file);
}

static void assert_logged(fixture_t *fixture, const char *part)
{
    read_log(fixture);
    if (strstr(fixture->log, part) == NULL)
        fail_msg("the log has no \"%s\":\n%s", part, fixture->log);
}

static sc_status_t load_worker(fixture_t *fixture)
{
    return sc_plugins_load_worker(&fixture->plugins, NULL, &fixture->options);
}

static sc_status_t load_broker(fixture_t *fixture)
{
    return sc_plugins_load_broker(&fixture->plugins, NULL, &fixture->options);
}

static sc_status_t load_master(fixture_t *fixture)
{
    return sc_plugins_load_master(&fixture->plugins, NULL, &fixture->options);
}

/* One plugin is refused in a worker, with a line that says why. */
static void assert_refused(const char *name, sc_status_t status, const char *why)
{
    fixture_t fixture;

    set_up_fixture(&fixture);
    add(&fixture, name, NULL);
    assert_int_equal(load_worker(&fixture), status);
    assert_logged(&fixture, why);
    assert_int_equal(fixture.plugins.count, 0);
    sc_plugins_unload(&fixture.plugins);
}

static void plugins_attach_in_order_and_detach_in_reverse(void **state)
{
    fixture_t fixture;
    const char *expected;

    (void)state;
    set_up_fixture(&fixture);
    add(&fixture, "loader_one", "{\"a\":1}");
    add(&fixture, "loader_two", NULL);
    assert_int_equal(load_worker(&fixture), SC_OK);
    assert_int_equal(fixture.plugins.count, 2);
    sc_plugins_unload(&fixture.plugins);
    assert_logged(&fixture, "one: attach to worker with {\"a\":1}\n");
    expected = strstr(fixture.log, "two: attach to worker with \n");
    assert_true(expected > strstr(fixture.log, "one: attach"));
    assert_true(strstr(fixture.log, "two: detach from worker\n") > expected);
    assert_true(strstr(fixture.log, "one: detach from worker\n") >
                strstr(fixture.log, "two: detach"));
}

static void a_broker_takes_the_halves_that_are_there(void **state)
{
    fixture_t fixture;

    (void)state;
    set_up_fixture(&fixture);
    add(&fixture, "loader_two", NULL); /* for workers only */
    add(&fixture, "loader_one", "{\"a\":1}");
    add_for_broker(&fixture, "loader_broker");
    assert_int_equal(load_broker(&fixture), SC_OK);
    assert_int_equal(fixture.plugins.count, 2);
    sc_plugins_unload(&fixture.plugins);
    assert_logged(&fixture, "one: attach to broker with {\"a\":1}\n");
    assert_logged(&fixture, "three: attach to broker with \n");
    assert_null(strstr(fixture.log, "two"));
}

static void a_path_is_taken_as_it_is(void **state)
{
    fixture_t fixture;
    char path[600];

    (void)state;
    set_up_fixture(&fixture);
    snprintf(path, sizeof(path), "%s/loader_two.so", plugin_dir);
    fixture.options.plugin_dir = NULL;
    add(&fixture, path, NULL);
    assert_int_equal(load_worker(&fixture), SC_OK);
    sc_plugins_unload(&fixture.plugins);
}

static void a_missing_plugin_is_refused_with_the_places_that_were_looked_at(void **state)
{
    (void)state;
    assert_refused("nothing", SC_ERR_NOT_FOUND, "plugin nothing: not found; looked for ");
    assert_refused("nothing", SC_ERR_NOT_FOUND, "/tests/plugins/nothing.so, ");
    assert_refused("./nothing.so", SC_ERR_NOT_FOUND, "plugin ./nothing.so: there is no such file");
}

static void a_file_that_is_no_shared_object_is_refused(void **state)
{
    char path[600];

    (void)state;
    snprintf(path, sizeof(path), "%s/CMakeLists.txt", getenv("SC_SOURCE_DIR"));
    assert_refused(path, SC_ERR_INVALID, "plugin CMakeLists.txt: can't be loaded: ");
}

static void an_object_without_the_symbol_is_refused(void **state)
{
    (void)state;
    assert_refused("no_symbol", SC_ERR_INVALID, "plugin no_symbol.so: no plugin");
}

static void a_broker_plugin_in_a_worker_s_place_is_refused_with_the_right_option(void **state)
{
    (void)state;
    assert_refused("loader_broker", SC_ERR_INVALID, "--broker-plugin");
}

static void a_worker_plugin_in_a_broker_s_place_is_refused(void **state)
{
    fixture_t fixture;

    (void)state;
    set_up_fixture(&fixture);
    add_for_broker(&fixture, "loader_two");
    assert_int_equal(load_broker(&fixture), SC_ERR_INVALID);
    assert_logged(&fixture, "plugin loader_two.so: no broker plugin");
    sc_plugins_unload(&fixture.plugins);
}

static void another_interface_version_is_refused_with_both_numbers(void **state)
{
    (void)state;
    assert_refused("abi_newer", SC_ERR_INVALID,
                   "plugin abi_newer.so: built for plugin interface 2, this program has 1");
    assert_refused("abi_older", SC_ERR_INVALID,
                   "plugin abi_older.so: built for plugin interface 0, this program has 1");
}

static void a_descriptor_that_is_too_short_is_refused(void **state)
{
    (void)state;
    assert_refused("loader_short", SC_ERR_INVALID, "its descriptor has 32 bytes");
}

static void a_name_that_is_too_long_is_refused(void **state)
{
    (void)state;
    assert_refused("loader_long_name", SC_ERR_INVALID, "its name must have 1 to 63 bytes");
}

static void a_plugin_that_fails_to_attach_is_refused_by_name(void **state)
{
    (void)state;
    assert_refused("attach_fails", SC_ERR_INVALID,
                   "plugin attach_fails: refused to start: SC_ERR_INVALID");
    assert_refused("loader_no_attach", SC_ERR_INVALID, "plugin none: refused to start");
}

static void a_second_plugin_of_the_same_name_is_refused(void **state)
{
    fixture_t fixture;

    (void)state;
    set_up_fixture(&fixture);
    add(&fixture, "loader_one", NULL);
    add(&fixture, "loader_same_name", NULL);
    assert_int_equal(load_worker(&fixture), SC_ERR_INVALID);
    assert_logged(&fixture, "plugin loader_same_name.so: there is one of the name one already");
    assert_int_equal(fixture.plugins.count, 1);
    sc_plugins_unload(&fixture.plugins);
}

static int set_up(void **state)
{
    const char *build_dir = getenv("SC_BUILD_DIR");

    (void)state;
    if (build_dir == NULL || getenv("SC_SOURCE_DIR") == NULL)
        return -1;
    snprintf(plugin_dir, sizeof(plugin_dir), "%s/tests/plugins", build_dir);
    snprintf(log_path, sizeof(log_path), "/tmp/sc-test-loader-%d", getpid());
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    unlink(log_path);
    return 0;
}

static void the_master_takes_what_it_is_asked_for_and_nothing_else(void **state)
{
    fixture_t fixture;

    (void)state;
    set_up_fixture(&fixture);
    add(&fixture, "loader_one", NULL);
    add(&fixture, "loader_three_halves", NULL);
    add_for_broker(&fixture, "loader_three_halves");
    add_for_master(&fixture, "loader_master", "{\"a\":1}");
    assert_int_equal(load_master(&fixture), SC_OK);
    assert_int_equal(fixture.plugins.count, 1);
    sc_plugins_unload(&fixture.plugins);
    assert_logged(&fixture, "four: attach to master with {\"a\":1}\n");
    assert_logged(&fixture, "four: detach from master\n");
    assert_null(strstr(fixture.log, "five"));
}

static void one_object_may_have_a_half_for_each(void **state)
{
    fixture_t fixture;

    (void)state;
    set_up_fixture(&fixture);
    add(&fixture, "loader_three_halves", NULL);
    add_for_master(&fixture, "loader_three_halves", NULL);
    assert_int_equal(load_master(&fixture), SC_OK);
    sc_plugins_unload(&fixture.plugins);
    assert_int_equal(load_worker(&fixture), SC_OK);
    sc_plugins_unload(&fixture.plugins);
    assert_int_equal(load_broker(&fixture), SC_OK);
    sc_plugins_unload(&fixture.plugins);
    assert_logged(&fixture, "five: attach to master");
    assert_logged(&fixture, "five: attach to worker");
    assert_logged(&fixture, "five: attach to broker");
}

static void a_plugin_without_a_half_for_the_master_is_refused_there(void **state)
{
    fixture_t fixture;

    (void)state;
    set_up_fixture(&fixture);
    add_for_master(&fixture, "loader_one", NULL);
    assert_int_equal(load_master(&fixture), SC_ERR_INVALID);
    assert_logged(&fixture, "plugin loader_one.so: no master plugin");
    sc_plugins_unload(&fixture.plugins);
    assert_refused("loader_master", SC_ERR_INVALID, "--master-plugin");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plugins_attach_in_order_and_detach_in_reverse),
        cmocka_unit_test(a_broker_takes_the_halves_that_are_there),
        cmocka_unit_test(a_path_is_taken_as_it_is),
        cmocka_unit_test(a_missing_plugin_is_refused_with_the_places_that_were_looked_at),
        cmocka_unit_test(a_file_that_is_no_shared_object_is_refused),
        cmocka_unit_test(an_object_without_the_symbol_is_refused),
        cmocka_unit_test(a_broker_plugin_in_a_worker_s_place_is_refused_with_the_right_option),
        cmocka_unit_test(a_worker_plugin_in_a_broker_s_place_is_refused),
        cmocka_unit_test(another_interface_version_is_refused_with_both_numbers),
        cmocka_unit_test(a_descriptor_that_is_too_short_is_refused),
        cmocka_unit_test(a_name_that_is_too_long_is_refused),
        cmocka_unit_test(a_plugin_that_fails_to_attach_is_refused_by_name),
        cmocka_unit_test(a_second_plugin_of_the_same_name_is_refused),
        cmocka_unit_test(the_master_takes_what_it_is_asked_for_and_nothing_else),
        cmocka_unit_test(one_object_may_have_a_half_for_each),
        cmocka_unit_test(a_plugin_without_a_half_for_the_master_is_refused_there),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
