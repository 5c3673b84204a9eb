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
    char path[4][64];
    sc_options_t options;
    sc_option_keys_t keys;
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
    sc_option_keys_deinit(&f.keys);
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

static void a_file_that_is_no_key_is_refused_with_its_option(void **state)
{
    (void)state;
    f.options.auth_key_file = f.path[0];
    assert_int_equal(read_keys(), SC_ERR_INVALID);
    assert_error("option authKeyFile: can't read");
    f.options.auth_key_file = NULL;
    f.options.auth_public_key_file = f.path[0];
    write_file(0, SC_STR(""));
    assert_int_equal(read_keys(), SC_ERR_INVALID);
    assert_error("option authPublicKeyFile");
    f.options.auth_public_key_file = NULL;
    f.options.auth_verify_key_files = f.path[1];
    assert_int_equal(read_keys(), SC_ERR_INVALID);
    assert_error("option authVerifyKeyFiles: can't read");
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

static void a_set_survives_the_way_to_another_process(void **state)
{
    sc_verify_key_t item = {.path = (char[]){"p"}, .text = (char[]){"t"}};
    sc_options_t options = {.auth_key = (char[]){"a\xff"},
                            .auth_private_key = (char[]){"b"},
                            .auth_verify_keys = {&item, 1}};
    json_t *object = sc_option_keys_to_json(&options);

    (void)state;
    assert_int_equal(sc_option_keys_from_json(object, &f.keys), SC_OK);
    assert_string_equal(f.keys.auth_key, "a\xff");
    assert_string_equal(f.keys.auth_private_key, "b");
    assert_null(f.keys.auth_public_key);
    assert_int_equal(f.keys.verify.count, 1);
    assert_string_equal(f.keys.verify.items[0].text, "t");
    json_decref(object);
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
        WITH_FILES(a_file_that_is_no_key_is_refused_with_its_option),
        WITH_FILES(a_swap_gives_the_old_keys_back),
        WITH_FILES(a_set_survives_the_way_to_another_process),
        WITH_FILES(what_is_no_set_of_keys_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
