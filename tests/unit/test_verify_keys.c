/*
 * test_verify_keys.c: entries of authVerifyKeyFiles are read, and handed on as they are.
 */
#include "common/verify_keys.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

typedef struct fixture {
    char path[4][64];
    sc_verify_keys_t keys;
    sc_text_t error;
} fixture_t;

static fixture_t f;
static char dir[32]; /* of the files */

static int set_up(void **state)
{
    (void)state;
    memset(&f, 0, sizeof(f));
    strcpy(dir, "/tmp/sc-keys-XXXXXX");
    if (mkdtemp(dir) == NULL)
        return -1;
    for (int i = 0; i < 4; i++)
        snprintf(f.path[i], sizeof(f.path[i]), "%s/%d", dir, i);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    sc_verify_keys_deinit(&f.keys);
    sc_text_free(&f.error);
    for (int i = 0; i < 4; i++)
        unlink(f.path[i]);
    return rmdir(dir);
}

static void write_file(int index, sc_str_t bytes)
{
    FILE *file = fopen(f.path[index], "w");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes.ptr, 1, bytes.len, file), bytes.len);
    assert_int_equal(fclose(file), 0);
}

static sc_status_t read_list(const char *list)
{
    sc_verify_keys_deinit(&f.keys);
    sc_text_clear(&f.error);
    return sc_verify_keys_read(list, &f.keys, &f.error);
}

static void assert_error(const char *part)
{
    sc_text_add(&f.error, sc_str("", 1));
    if (strstr(f.error.ptr, part) == NULL)
        fail_msg("%s is not in: %s", part, f.error.ptr);
}

static void no_list_is_an_empty_one(void **state)
{
    (void)state;
    assert_int_equal(read_list(NULL), SC_OK);
    assert_int_equal(f.keys.count, 0);
    assert_int_equal(read_list(" , ,"), SC_OK);
    assert_int_equal(f.keys.count, 0);
}

static void entries_of_the_list_may_name_their_kid(void **state)
{
    char list[400];

    (void)state;
    for (int i = 0; i < 3; i++)
        write_file(i, SC_STR("key\n"));
    write_file(3, SC_STR("=in a name"));
    snprintf(list, sizeof(list), "%s, old=%s ,=%s,,%s", f.path[0], f.path[1], f.path[2], f.path[3]);
    assert_int_equal(read_list(list), SC_OK);
    assert_int_equal(f.keys.count, 4);
    assert_null(f.keys.items[0].id);
    assert_string_equal(f.keys.items[0].path, f.path[0]);
    assert_string_equal(f.keys.items[0].text, "key");
    assert_string_equal(f.keys.items[1].id, "old");
    assert_string_equal(f.keys.items[1].path, f.path[1]);
    assert_null(f.keys.items[2].id);
    assert_string_equal(f.keys.items[2].path, f.path[2]);
    assert_string_equal(f.keys.items[3].text, "=in a name");
}

static void an_equals_sign_behind_a_slash_belongs_to_the_name(void **state)
{
    char list[100];

    (void)state;
    snprintf(list, sizeof(list), "%s/no=file", dir);
    assert_int_equal(read_list(list), SC_ERR_INVALID);
    assert_null(f.keys.items[0].id);
    assert_error("authVerifyKeyFiles: can't read /tmp/sc-keys-");
}

static void what_is_no_key_is_refused(void **state)
{
    char long_id[400];
    sc_text_t many = {0};

    (void)state;
    assert_int_equal(read_list(f.path[0]), SC_ERR_INVALID);
    assert_error("option authVerifyKeyFiles: can't read");
    write_file(0, SC_STR("\n"));
    assert_int_equal(read_list(f.path[0]), SC_ERR_INVALID);
    assert_error("must be a text of 1 to 65536 bytes");
    write_file(0, SC_STR("a\0b"));
    assert_int_equal(read_list(f.path[0]), SC_ERR_INVALID);
    write_file(0, SC_STR("good"));
    memset(long_id, 'k', sizeof(long_id));
    snprintf(long_id + SC_KEY_ID_BYTES_MAX + 1, 100, "=%s", f.path[0]);
    assert_int_equal(read_list(long_id), SC_ERR_INVALID);
    assert_error("a kid of more than 128 bytes");
    assert_int_equal(read_list(long_id + 1), SC_OK);
    for (unsigned i = 0; i < SC_VERIFY_KEYS_MAX + 1; i++)
        sc_text_addf(&many, "%s,", f.path[0]);
    sc_text_add(&many, sc_str("", 1));
    assert_int_equal(read_list(many.ptr), SC_ERR_INVALID);
    assert_error("more than 16 files");
    assert_int_equal(read_list(many.ptr + strlen(f.path[0]) + 1), SC_OK);
    assert_int_equal(f.keys.count, SC_VERIFY_KEYS_MAX);
    sc_text_free(&many);
}

static void the_longest_key_is_taken_and_a_longer_one_is_not(void **state)
{
    static char bytes[65538];

    (void)state;
    memset(bytes, 'k', sizeof(bytes));
    write_file(0, sc_str(bytes, 65536));
    assert_int_equal(read_list(f.path[0]), SC_OK);
    assert_int_equal(strlen(f.keys.items[0].text), 65536);
    bytes[65536] = '\n';
    write_file(0, sc_str(bytes, 65537));
    assert_int_equal(read_list(f.path[0]), SC_OK);
    write_file(0, sc_str(bytes, 65538));
    assert_int_equal(read_list(f.path[0]), SC_ERR_INVALID);
}

static void all_bytes_survive_the_way_to_another_process(void **state)
{
    char odd[] = "k\xff\"\\\x01y";
    sc_verify_key_t items[] = {{.path = odd, .text = odd},
                               {.id = odd, .path = (char[]){"p"}, .text = (char[]){"t"}}};
    sc_verify_keys_t keys = {items, 2};
    json_t *array = sc_verify_keys_to_json(&keys);
    char *text = json_dumps(array, JSON_COMPACT);
    json_t *read;

    (void)state;
    assert_non_null(text);
    read = json_loads(text, 0, NULL);
    assert_int_equal(sc_verify_keys_from_json(read, &f.keys), SC_OK);
    assert_int_equal(f.keys.count, 2);
    assert_null(f.keys.items[0].id);
    assert_string_equal(f.keys.items[0].text, odd);
    assert_string_equal(f.keys.items[1].id, odd);
    assert_string_equal(f.keys.items[1].path, "p");
    json_decref(read);
    json_decref(array);
    free(text);
}

static void what_is_no_list_of_keys_is_refused(void **state)
{
    static const char *const texts[] = {
        "{}",
        "[{}]",
        "[7]",
        "[{\"id\":null,\"path\":\"cA\",\"text\":null}]",
        "[{\"id\":null,\"path\":null,\"text\":\"cA\"}]",
        "[{\"id\":\"!\",\"path\":\"cA\",\"text\":\"cA\"}]",
        "[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]",
    };

    (void)state;
    assert_int_equal(sc_verify_keys_from_json(NULL, &f.keys), SC_ERR_INVALID);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        json_t *value = json_loads(texts[i], 0, NULL);

        assert_non_null(value);
        assert_int_equal(sc_verify_keys_from_json(value, &f.keys), SC_ERR_INVALID);
        sc_verify_keys_deinit(&f.keys);
        json_decref(value);
    }
}

#define WITH_FILES(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FILES(no_list_is_an_empty_one),
        WITH_FILES(entries_of_the_list_may_name_their_kid),
        WITH_FILES(an_equals_sign_behind_a_slash_belongs_to_the_name),
        WITH_FILES(what_is_no_key_is_refused),
        WITH_FILES(the_longest_key_is_taken_and_a_longer_one_is_not),
        WITH_FILES(all_bytes_survive_the_way_to_another_process),
        WITH_FILES(what_is_no_list_of_keys_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
