#include "common/log.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char log_path[64];

/* Begins an empty log of one process. */
static void start(sc_log_level_t level, sc_log_format_t format)
{
    unlink(log_path);
    sc_log_init("sc-test", level, format);
    assert_int_equal(sc_log_open(log_path), SC_OK);
}

/* What the log holds; the caller frees it. */
static char *read_log(void)
{
    FILE *file = fopen(log_path, "r");
    char *text = calloc(1, 65536);
    size_t len;

    assert_non_null(file);
    len = fread(text, 1, 65535, file);
    text[len] = '\0';
    fclose(file);
    return text;
}

static int count(const char *text, const char *part)
{
    int found = 0;

    for (const char *at = strstr(text, part); at != NULL; at = strstr(at + 1, part))
        found++;
    return found;
}

static void a_line_has_time_level_process_and_text(void **state)
{
    char *text;
    int year;
    char rest[128];

    (void)state;
    start(SC_LOG_INFO, SC_LOG_TEXT);
    sc_log(SC_LOG_WARN, "port %d", 8000);
    text = read_log();
    assert_int_equal(sscanf(text, "%4d-%*2d-%*2dT%*2d:%*2d:%*2d.%*3dZ %127[^\n]", &year, rest), 2);
    assert_true(year >= 2024);
    assert_string_equal(rest, "warn sc-test: port 8000");
    assert_int_equal(text[strlen(text) - 1], '\n');
    free(text);
}

static void lines_below_the_level_are_not_written(void **state)
{
    char *text;

    (void)state;
    start(SC_LOG_WARN, SC_LOG_TEXT);
    sc_log(SC_LOG_INFO, "too low");
    sc_log(SC_LOG_ERROR, "high enough");
    text = read_log();
    assert_null(strstr(text, "too low"));
    assert_non_null(strstr(text, "high enough"));
    assert_false(sc_log_enabled(SC_LOG_INFO));
    free(text);
}

static void control_characters_and_broken_utf8_never_reach_the_line(void **state)
{
    char *text;

    (void)state;
    start(SC_LOG_INFO, SC_LOG_TEXT);
    sc_log(SC_LOG_INFO, "[%s]", "a\nb\x1b[31m\r\xc2\x9b\xff\xc3\xa9\xe2\x82");
    text = read_log();
    assert_non_null(strstr(text, "[a\\nb\\u001b[31m\\u000d??\?\xc3\xa9??]\n"));
    assert_int_equal(count(text, "\n"), 1);
    free(text);
}

static void a_json_line_is_one_object_whatever_the_text_is(void **state)
{
    json_t *line;
    char *text;

    (void)state;
    start(SC_LOG_INFO, SC_LOG_JSON);
    sc_log(SC_LOG_ERROR, "%s", "say \"hi\"\\\n\x01\xfe\xc3\xa9");
    text = read_log();
    line = json_loads(text, 0, NULL);
    assert_non_null(line);
    assert_string_equal(json_string_value(json_object_get(line, "level")), "error");
    assert_string_equal(json_string_value(json_object_get(line, "process")), "sc-test");
    assert_string_equal(json_string_value(json_object_get(line, "text")),
                        "say \"hi\"\\\n\x01?\xc3\xa9");
    assert_int_equal(strlen(json_string_value(json_object_get(line, "time"))), 24);
    json_decref(line);
    free(text);
}

static void an_endless_text_is_cut(void **state)
{
    char *endless = malloc(100001);
    char *text;

    (void)state;
    memset(endless, '\n', 100000);
    endless[100000] = '\0';
    start(SC_LOG_INFO, SC_LOG_JSON);
    sc_log(SC_LOG_INFO, "%s and more", endless);
    text = read_log();
    assert_int_equal(count(text, "\n"), 1);
    assert_string_equal(text + strlen(text) - 3, "\"}\n");
    free(text);
    free(endless);
}

static void log_flood(int number)
{
    sc_log(SC_LOG_INFO, "flood %d", number);
}

static void a_flood_of_one_kind_is_limited_counted_and_hides_no_other(void **state)
{
    char *text;

    (void)state;
    start(SC_LOG_INFO, SC_LOG_TEXT);
    for (int i = 0; i < 500; i++)
        log_flood(i);
    sc_log(SC_LOG_INFO, "another kind");
    text = read_log();
    assert_int_equal(count(text, ": flood "), 10);
    assert_int_equal(count(text, "another kind"), 1);
    free(text);
    usleep(1100000);
    sc_log(SC_LOG_INFO, "any kind, later");
    text = read_log();
    assert_non_null(strstr(text, "490 more lines of this kind were left out: flood %d"));
    log_flood(1000);
    free(text);
    text = read_log();
    assert_non_null(strstr(text, "flood 1000"));
    free(text);
}

static void a_log_is_opened_again_after_it_was_moved(void **state)
{
    char moved[80];
    char *text;

    (void)state;
    start(SC_LOG_INFO, SC_LOG_TEXT);
    snprintf(moved, sizeof(moved), "%s.1", log_path);
    assert_int_equal(rename(log_path, moved), 0);
    assert_int_equal(sc_log_open(log_path), SC_OK);
    sc_log(SC_LOG_INFO, "after the move");
    text = read_log();
    assert_non_null(strstr(text, "after the move"));
    free(text);
    unlink(moved);
}

static void a_log_that_can_not_be_opened_leaves_the_old_one(void **state)
{
    char *text;

    (void)state;
    start(SC_LOG_INFO, SC_LOG_TEXT);
    assert_int_equal(sc_log_open("/nowhere/at/all"), SC_ERR_IO);
    sc_log(SC_LOG_INFO, "still here");
    text = read_log();
    assert_non_null(strstr(text, "still here"));
    free(text);
}

static int set_up(void **state)
{
    (void)state;
    snprintf(log_path, sizeof(log_path), "/tmp/sc-test-log-%d", getpid());
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    unlink(log_path);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_has_time_level_process_and_text),
        cmocka_unit_test(lines_below_the_level_are_not_written),
        cmocka_unit_test(control_characters_and_broken_utf8_never_reach_the_line),
        cmocka_unit_test(a_json_line_is_one_object_whatever_the_text_is),
        cmocka_unit_test(an_endless_text_is_cut),
        cmocka_unit_test(a_flood_of_one_kind_is_limited_counted_and_hides_no_other),
        cmocka_unit_test(a_log_is_opened_again_after_it_was_moved),
        cmocka_unit_test(a_log_that_can_not_be_opened_leaves_the_old_one),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
