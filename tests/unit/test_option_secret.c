/*
 * test_option_secret.c: texts of keys and certificates: read from their files, again and again, exchanged, and handed over.
 */
#include "common/option_secret.h"

#include "common/alloc.h"
#include "common/str.h"
#include "common/verify_keys.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/sc-test-secret-XXXXXX";

static char *write_file(const char *name, const char *bytes, size_t len)
{
    sc_text_t path = {0};
    FILE *file;

    sc_text_addf(&path, "%s/%s%c", folder, name, '\0');
    file = fopen(path.ptr, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    fclose(file);
    return path.ptr;
}

static char *text(const char *bytes)
{
    return sc_strdup(sc_str_from(bytes));
}

static void clear(sc_options_t *options)
{
    sc_secrets_forget(options);
    free(options->auth_key_file);
    free(options->auth_public_key_file);
    free(options->auth_verify_key_files);
    free(options->tls_key);
    free(options->tls_passphrase_file);
    memset(options, 0, sizeof(*options));
}

static void files_are_read_and_other_texts_are_kept(void **state)
{
    sc_options_t options = {.auth_key_file = write_file("auth", "secret\n\n", 8),
                            .auth_public_key_file = write_file("public", "pem\n", 4),
                            .auth_private_key = text("inline too"),
                            .auth_verify_key_files = write_file("old", "before\n", 7),
                            .tls_key = write_file("key", "pem\n", 4),
                            .tls_passphrase_file = write_file("phrase", "word\n", 5),
                            .tls_cert_pem = text("inline")};
    sc_text_t error = {0};
    sc_secrets_t secrets;

    (void)state;
    assert_int_equal(sc_secrets_read(&options, &secrets, &error), SC_OK);
    sc_secrets_swap(&options, &secrets);
    sc_secrets_deinit(&secrets);
    assert_string_equal(options.auth_key, "secret\n");
    assert_string_equal(options.tls_key_pem, "pem\n");
    assert_string_equal(options.tls_passphrase, "word");
    assert_string_equal(options.tls_cert_pem, "inline");
    assert_string_equal(options.auth_public_key, "pem\n");
    assert_string_equal(options.auth_private_key, "inline too");
    assert_int_equal(options.auth_verify_keys.count, 1);
    assert_string_equal(options.auth_verify_keys.items[0].text, "before");
    clear(&options);
}

static void a_file_is_read_anew_and_a_refused_set_can_be_swapped_back(void **state)
{
    sc_options_t options = {.tls_key = write_file("key", "new", 3), .tls_key_pem = text("old")};
    sc_text_t error = {0};
    sc_secrets_t secrets;

    (void)state;
    assert_int_equal(sc_secrets_read(&options, &secrets, &error), SC_OK);
    assert_string_equal(options.tls_key_pem, "old");
    sc_secrets_swap(&options, &secrets);
    assert_string_equal(options.tls_key_pem, "new");
    sc_secrets_swap(&options, &secrets);
    assert_string_equal(options.tls_key_pem, "old");
    sc_secrets_deinit(&secrets);
    assert_null(secrets.texts[0]);
    clear(&options);
}

static void a_file_of_the_list_that_has_gone_changes_nothing(void **state)
{
    sc_options_t options = {.auth_key = text("in force"),
                            .auth_verify_key_files = text("/nowhere")};
    sc_text_t error = {0};
    sc_secrets_t secrets;

    (void)state;
    assert_int_equal(sc_secrets_read(&options, &secrets, &error), SC_ERR_INVALID);
    assert_non_null(memmem(error.ptr, error.len, "option authVerifyKeyFiles: can't read", 37));
    sc_secrets_deinit(&secrets);
    sc_text_free(&error);
    assert_string_equal(options.auth_key, "in force");
    clear(&options);
}

static void assert_refused(char *path, const char *part)
{
    sc_options_t options = {.tls_key = path};
    sc_text_t error = {0};
    sc_secrets_t secrets;

    assert_int_equal(sc_secrets_read(&options, &secrets, &error), SC_ERR_INVALID);
    sc_text_add(&error, sc_str("", 1));
    assert_non_null(strstr(error.ptr, "option tlsKey: "));
    assert_non_null(strstr(error.ptr, part));
    sc_secrets_deinit(&secrets);
    sc_text_free(&error);
    clear(&options);
}

static void a_file_that_is_no_text_of_some_length_is_refused_by_name(void **state)
{
    char *long_text = calloc(1, 70000);

    (void)state;
    assert_non_null(long_text);
    memset(long_text, 'x', 70000);
    assert_refused(text("/nowhere/key"), "can't read /nowhere/key: No such file");
    assert_refused(text("/"), "/ must be a text");
    assert_refused(write_file("empty", "", 0), "/empty must be a text of 1 to 65536 bytes");
    assert_refused(write_file("nul", "a\0b", 3), "/nul must be a text of 1 to 65536 bytes");
    assert_refused(write_file("long", long_text, 65537), "/long must be a text");
    free(long_text);
}

static void a_set_comes_out_of_json_as_it_went_in(void **state)
{
    sc_options_t options = {.auth_key = text("\x01\xff\"any bytes\n"),
                            .tls_cert_pem = text("x"),
                            .auth_verify_key_files = write_file("list", "t", 1)};
    sc_text_t error = {0};
    json_t *object;
    sc_options_t other = {.tls_key_pem = text("not in the set")};
    sc_secrets_t secrets;

    (void)state;
    assert_int_equal(
        sc_verify_keys_read(options.auth_verify_key_files, &options.auth_verify_keys, &error),
        SC_OK);
    object = sc_secrets_to_json(&options);
    assert_int_equal(sc_secrets_from_json(object, &secrets), SC_OK);
    sc_secrets_swap(&other, &secrets);
    assert_int_equal(other.auth_verify_keys.count, 1);
    assert_string_equal(other.auth_verify_keys.items[0].text, "t");
    assert_string_equal(other.auth_key, options.auth_key);
    assert_string_equal(other.tls_cert_pem, "x");
    assert_null(other.tls_key_pem);
    sc_secrets_deinit(&secrets);
    json_decref(object);
    clear(&options);
    clear(&other);
}

static void json_that_is_no_set_is_refused(void **state)
{
#define TEXTS_BUT_ONE                                                                              \
    "\"tlsCertPem\":null,\"tlsKeyPem\":null,\"tlsPassphrase\":null,\"authPrivateKey\":null,"       \
    "\"authPublicKey\":null"
    static const char *const texts[] = {
        "{}",
        "[]",
        "{\"tlsCertPem\":1}",
        "{\"tlsCertPem\":\"?\"}",
        "{" TEXTS_BUT_ONE ",\"authKey\":null}",
        "{" TEXTS_BUT_ONE ",\"verifyKeys\":[]}",
        "{" TEXTS_BUT_ONE ",\"authKey\":7,\"verifyKeys\":[]}",
        "{" TEXTS_BUT_ONE ",\"authKey\":null,\"verifyKeys\":[{}]}",
        "{" TEXTS_BUT_ONE
        ",\"authKey\":null,\"verifyKeys\":[{\"id\":null,\"path\":\"cA\",\"text\":null}]}",
    };
    json_t *whole = json_loads("{" TEXTS_BUT_ONE ",\"authKey\":null,\"verifyKeys\":[]}", 0, NULL);
    sc_secrets_t none;

    (void)state;
    assert_int_equal(sc_secrets_from_json(whole, &none), SC_OK);
    sc_secrets_deinit(&none);
    json_decref(whole);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        json_t *object = json_loads(texts[i], 0, NULL);
        sc_secrets_t secrets;

        assert_int_equal(sc_secrets_from_json(object, &secrets), SC_ERR_INVALID);
        sc_secrets_deinit(&secrets);
        json_decref(object);
    }
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) != NULL ? 0 : -1;
}

static int remove_folder(void **state)
{
    char command[128];

    (void)state;
    snprintf(command, sizeof(command), "rm -r %s", folder);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_are_read_and_other_texts_are_kept),
        cmocka_unit_test(a_file_is_read_anew_and_a_refused_set_can_be_swapped_back),
        cmocka_unit_test(a_file_of_the_list_that_has_gone_changes_nothing),
        cmocka_unit_test(a_file_that_is_no_text_of_some_length_is_refused_by_name),
        cmocka_unit_test(a_set_comes_out_of_json_as_it_went_in),
        cmocka_unit_test(json_that_is_no_set_is_refused),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
