#include "common/option_docs.h"

#include "common/str.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* A file of the source tree; the caller frees it. */
static sc_text_t read_source(const char *name)
{
    sc_text_t content = {0};
    char path[512];
    FILE *file;
    size_t len;

    snprintf(path, sizeof(path), "%s/%s", getenv("SC_SOURCE_DIR"), name);
    file = fopen(path, "r");
    assert_non_null(file);
    do {
        len = fread(sc_text_reserve(&content, 4096), 1, 4096, file);
        content.len += len;
    } while (len > 0);
    fclose(file);
    return content;
}

static void assert_contains(const sc_text_t *text, const char *part)
{
    if (memmem(text->ptr, text->len, part, strlen(part)) == NULL)
        fail_msg("\"%s\" is missing", part);
}

static void help_names_every_flag_in_lines_that_fit(void **state)
{
    sc_text_t help = {0};
    sc_str_t rest;
    sc_str_t line;

    (void)state;
    sc_option_docs_help(&help);
    for (size_t i = 0; i < sc_option_count; i++) {
        if (sc_option_table[i].flag != NULL)
            assert_contains(&help, sc_option_table[i].flag);
    }
    rest = sc_text_str(&help);
    while (sc_str_split(&rest, '\n', &line))
        assert_in_range(line.len, 0, 100);
    sc_text_free(&help);
}

static void the_sample_configuration_has_every_option_with_its_default(void **state)
{
    sc_text_t expected = {0};
    sc_text_t sample = read_source("deploy/sc-cluster.json");
    json_t *document = json_loadb(sample.ptr, sample.len, JSON_REJECT_DUPLICATES, NULL);

    (void)state;
    sc_option_docs_config(&expected);
    assert_int_equal(json_object_size(document), sc_option_count);
    if (!sc_str_equal(sc_text_str(&expected), sc_text_str(&sample)))
        fail_msg("deploy/sc-cluster.json is old: write it anew with sc-cluster --print-config");
    json_decref(document);
    sc_text_free(&expected);
    sc_text_free(&sample);
}

static void the_documentation_of_options_is_up_to_date(void **state)
{
    sc_text_t expected = {0};
    sc_text_t page = read_source("docs/options.md");

    (void)state;
    sc_option_docs_markdown(&expected);
    if (memmem(page.ptr, page.len, expected.ptr, expected.len) == NULL)
        fail_msg(
            "the table in docs/options.md is old: write it anew with sc-cluster --print-options");
    sc_text_free(&expected);
    sc_text_free(&page);
}

static void names_flags_and_letters_are_unique_and_found(void **state)
{
    (void)state;
    for (size_t i = 0; i < sc_option_count; i++) {
        const sc_option_t *option = &sc_option_table[i];

        assert_ptr_equal(sc_option_by_json_name(sc_str_from(option->json_name)), option);
        if (option->flag != NULL)
            assert_ptr_equal(sc_option_by_flag(sc_str_from(option->flag)), option);
        if (option->letter != 0)
            assert_ptr_equal(sc_option_by_letter(option->letter), option);
    }
    assert_null(sc_option_by_json_name(SC_STR("nothing")));
    assert_null(sc_option_by_flag(SC_STR("nothing")));
    assert_null(sc_option_by_letter(0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(help_names_every_flag_in_lines_that_fit),
        cmocka_unit_test(the_sample_configuration_has_every_option_with_its_default),
        cmocka_unit_test(the_documentation_of_options_is_up_to_date),
        cmocka_unit_test(names_flags_and_letters_are_unique_and_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
