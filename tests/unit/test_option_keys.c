/*
 * test_option_keys.c: the files of keys are read, read anew without harm where one has gone bad, and handed on as they are.
 */
#include "common/option_keys.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

typedef struct fixture {
    char dir[32];
    char path[4][64];
    sc_options_t options;
    sc_option_keys_t keys;
    sc_text_t error;
} fixture_t;

static fixture_t f;

static int set_up(void **state)
{
    (void)state;
    memset(&f, 0, sizeof(f));
    strcpy(f.dir, "/tmp/sc-keys-XXXXXX");
    if (mkdtemp(f.dir) == NULL)
        return -1;
    for (int i = 0; i < 4; i++)
        snprintf(f.path[i], sizeof(f.path[i]), "%s/%d", f.dir, i);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    sc_option_keys_deinit(&f.keys);
    sc_text_free(&f.error);
    for (int i = 0; i < 4; i++)
        unlink(f.path[i]);
    return rmdir(f.dir);
}

static void write_file(int index, sc_str_t bytes)
{
    FILE *file = fopen(f.path[index], "w");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes.ptr, 1, bytes.len, file), bytes.len);
    assert_int_equal(fclose(file), 0);
}

static sc_status_t read_keys(void)
{
    sc_option_keys_deinit(&f.keys);
    sc_text_clear(&f.error);
    return sc_option_keys_read(&f.options, &f.keys, &f.error);
}

static void assert_error(const char *part)
{
    sc_text_add(&f.error, sc_str("", 1));
    if (strstr(f.error.ptr, part) == NULL)
        fail_msg("%s is not in: %s", part, f.error.ptr);
}

static void each_key_comes_from_its_file_or_from_the_options(void **state)
{
    (void)state;
    write_file(0, SC_STR("secret\n\n"));
    write_file(1, SC_STR("pem\n"));
    f.options.auth_key_file = f.path[0];
    f.options.auth_public_key_file = f.path[1];
    f.options.auth_private_key = (char[]){"inline"};
    assert_int_equal(read_keys(), SC_OK);
    assert_string_equal(f.keys.auth_key, "secret\n");
    assert_string_equal(f.keys.auth_public_key, "pem\n");
    assert_string_equal(f.keys.auth_private_key, "inline");
    assert_int_equal(f.keys.verify.count, 0);
}

static void entries_of_the_list_may_name_their_kid(void **state)
{
    char list[400];

    (void)state;
    for (int i = 0; i < 3; i++)
        write_file(i, SC_STR("key\n"));
    write_file(3, SC_STR("=in a name"));
    snprintf(list, sizeof(list), "%s, old=%s ,=%s,,%s", f.path[0], f.path[1], f.path[2], f.path[3]);
    f.options.auth_verify_key_files = list;
    assert_int_equal(read_keys(), SC_OK);
    assert_int_equal(f.keys.verify.count, 4);
    assert_null(f.keys.verify.items[0].id);
    assert_string_equal(f.keys.verify.items[0].path, f.path[0]);
    assert_string_equal(f.keys.verify.items[0].text, "key");
    assert_string_equal(f.keys.verify.items[1].id, "old");
    assert_string_equal(f.keys.verify.items[1].path, f.path[1]);
    assert_null(f.keys.verify.items[2].id);
    assert_string_equal(f.keys.verify.items[2].path, f.path[2]);
    assert_string_equal(f.keys.verify.items[3].text, "=in a name");
}

static void an_equals_sign_behind_a_slash_belongs_to_the_name(void **state)
{
    char list[100];

    (void)state;
    snprintf(list, sizeof(list), "%s/no=file", f.dir);
    f.options.auth_verify_key_files = list;
    assert_int_equal(read_keys(), SC_ERR_INVALID);
    assert_null(f.keys.verify.items[0].id);
    assert_error("authVerifyKeyFiles: can't read /tmp/sc-keys-");
}

static void what_is_no_key_is_refused_with_the_option(void **state)
{
    char long_id[400];
    sc_text_t many = {0};

    (void)state;
    f.options.auth_key_file = f.path[0];
    assert_int_equal(read_keys(), SC_ERR_INVALID);
    assert_error("option authKeyFile: can't read");
    write_file(0, SC_STR("\n"));
    assert_int_equal(read_keys(), SC_ERR_INVALID);
    assert_error("must be a text of 1 to 65536 bytes");
    write_file(0, SC_STR("a\0b"));
    assert_int_equal(read_keys(), SC_ERR_INVALID);
    write_file(0, SC_STR("good"));
    memset(long_id, 'k', sizeof(long_id));
    snprintf(long_id + SC_KEY_ID_BYTES_MAX + 1, 100, "=%s", f.path[0]);
    f.options.auth_verify_key_files = long_id;
    assert_int_equal(read_keys(), SC_ERR_INVALID);
    assert_error("a kid of more than 128 bytes");
    for (unsigned i = 0; i < SC_VERIFY_KEYS_MAX + 1; i++)
        sc_text_addf(&many, "%s,", f.path[0]);
    sc_text_add(&many, sc_str("", 1));
    f.options.auth_verify_key_files = many.ptr;
    assert_int_equal(read_keys(), SC_ERR_INVALID);
    assert_error("more than 16 files");
    sc_text_free(&many);
}

static void a_swap_gives_the_old_keys_back(void **state)
{
    (void)state;
    write_file(0, SC_STR("first"));
    f.options.auth_key_file = f.path[0];
    f.options.auth_verify_key_files = f.path[0];
    assert_int_equal(read_keys(), SC_OK);
    sc_option_keys_swap(&f.options, &f.keys);
    assert_null(f.keys.auth_key);
    write_file(0, SC_STR("second"));
    assert_int_equal(read_keys(), SC_OK);
    assert_string_equal(f.options.auth_key, "first");
    sc_option_keys_swap(&f.options, &f.keys);
    assert_string_equal(f.options.auth_key, "second");
    assert_string_equal(f.options.auth_verify_keys.items[0].text, "second");
    assert_string_equal(f.keys.verify.items[0].text, "first");
    unlink(f.path[0]);
    assert_int_equal(read_keys(), SC_ERR_INVALID);
    assert_string_equal(f.options.auth_key, "second");
    sc_option_keys_deinit(&f.keys);
    sc_option_keys_swap(&f.options, &f.keys);
}

static void all_bytes_survive_the_way_to_another_process(void **state)
{
    char odd[] = "k\xff\"\\\x01y";
    sc_verify_key_t items[] = {{.path = odd, .text = odd},
                               {.id = odd, .path = (char[]){"p"}, .text = (char[]){"t"}}};
    sc_options_t options = {.auth_key = odd, .auth_verify_keys = {items, 2}};
    json_t *object = sc_option_keys_to_json(&options);
    char *text = json_dumps(object, JSON_COMPACT);
    json_t *read;

    (void)state;
    assert_non_null(text);
    read = json_loads(text, 0, NULL);
    assert_int_equal(sc_option_keys_from_json(read, &f.keys), SC_OK);
    assert_string_equal(f.keys.auth_key, odd);
    assert_null(f.keys.auth_private_key);
    assert_null(f.keys.auth_public_key);
    assert_int_equal(f.keys.verify.count, 2);
    assert_null(f.keys.verify.items[0].id);
    assert_string_equal(f.keys.verify.items[0].text, odd);
    assert_string_equal(f.keys.verify.items[1].id, odd);
    assert_string_equal(f.keys.verify.items[1].path, "p");
    json_decref(read);
    json_decref(object);
    free(text);
}

static void what_is_no_set_of_keys_is_refused(void **state)
{
    static const char *const texts[] = {
        "{}",
        "[]",
        "{\"authKey\":null,\"authPrivateKey\":null,\"authPublicKey\":null}",
        "{\"authKey\":\"!\",\"authPrivateKey\":null,\"authPublicKey\":null,\"verifyKeys\":[]}",
        "{\"authKey\":7,\"authPrivateKey\":null,\"authPublicKey\":null,\"verifyKeys\":[]}",
        "{\"authKey\":null,\"authPrivateKey\":null,\"authPublicKey\":null,\"verifyKeys\":[{}]}",
        "{\"authKey\":null,\"authPrivateKey\":null,\"authPublicKey\":null,"
        "\"verifyKeys\":[{\"id\":null,\"path\":\"cA\",\"text\":null}]}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        json_t *object = json_loads(texts[i], 0, NULL);

        assert_non_null(object);
        assert_int_equal(sc_option_keys_from_json(object, &f.keys), SC_ERR_INVALID);
        sc_option_keys_deinit(&f.keys);
        json_decref(object);
    }
}

#define WITH_FILES(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FILES(each_key_comes_from_its_file_or_from_the_options),
        WITH_FILES(entries_of_the_list_may_name_their_kid),
        WITH_FILES(an_equals_sign_behind_a_slash_belongs_to_the_name),
        WITH_FILES(what_is_no_key_is_refused_with_the_option),
        WITH_FILES(a_swap_gives_the_old_keys_back),
        WITH_FILES(all_bytes_survive_the_way_to_another_process),
        WITH_FILES(what_is_no_set_of_keys_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
