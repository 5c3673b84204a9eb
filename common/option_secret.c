#include "common/option_secret.h"

#include "common/alloc.h"
#include "common/verify_keys.h"

#include <malloc.h>
#include <openssl/crypto.h>

#define SECRET_ROW(text, text_name, file, file_name, keeps_line_break)                             \
    {offsetof(sc_options_t, text), offsetof(sc_options_t, file), text_name, file_name,             \
     keeps_line_break},

const sc_secret_t sc_secret_table[SC_SECRET_COUNT] = {SC_SECRET_TABLE(SECRET_ROW)};

static char **text_of(sc_options_t *options, const sc_secret_t *secret)
{
    return (char **)(void *)((char *)options + secret->text_offset);
}

static const char *const_text_of(const sc_options_t *options, size_t offset)
{
    return *(char *const *)(const void *)((const char *)options + offset);
}

void sc_secrets_deinit(sc_secrets_t *secrets)
{
    for (size_t i = 0; i < SC_SECRET_COUNT; i++)
        sc_key_text_wipe(&secrets->texts[i]);
    sc_verify_keys_deinit(&secrets->verify_keys);
}

void sc_secrets_swap(sc_options_t *options, sc_secrets_t *secrets)
{
    sc_verify_keys_t verify_keys = options->auth_verify_keys;

    options->auth_verify_keys = secrets->verify_keys;
    secrets->verify_keys = verify_keys;
    for (size_t i = 0; i < SC_SECRET_COUNT; i++) {
        char **text = text_of(options, &sc_secret_table[i]);
        char *other = secrets->texts[i];

        secrets->texts[i] = *text;
        *text = other;
    }
}

void sc_secrets_forget(sc_options_t *options)
{
    sc_secrets_t secrets = {0};

    sc_secrets_swap(options, &secrets);
    sc_secrets_deinit(&secrets);
}

sc_status_t sc_secrets_read(const sc_options_t *options, sc_secrets_t *secrets, sc_text_t *error)
{
    sc_status_t status = SC_OK;

    memset(secrets, 0, sizeof(*secrets));
    for (size_t i = 0; i < SC_SECRET_COUNT && status == SC_OK; i++) {
        const sc_secret_t *secret = &sc_secret_table[i];
        const char *path = const_text_of(options, secret->file_offset);
        const char *text = const_text_of(options, secret->text_offset);

        if (path != NULL)
            status = sc_key_file_read(secret->file_name, path, !secret->keeps_line_break,
                                      &secrets->texts[i], error);
        else if (text != NULL)
            secrets->texts[i] = sc_strdup(sc_str_from(text));
    }
    if (status == SC_OK)
        status = sc_verify_keys_read(options->auth_verify_key_files, &secrets->verify_keys, error);
    return status;
}

/* ---- From the master to its workers ----------------------------------------------------------------------------- */

static void free_wiped(void *memory)
{
    if (memory != NULL)
        OPENSSL_cleanse(memory, malloc_usable_size(memory));
    free(memory);
}

void sc_secrets_guard_json(bool is_on)
{
    json_set_alloc_funcs(malloc, is_on ? free_wiped : free);
}

json_t *sc_secrets_to_json(const sc_options_t *options)
{
    json_t *object = json_object();

    for (size_t i = 0; i < SC_SECRET_COUNT; i++) {
        const char *text = const_text_of(options, sc_secret_table[i].text_offset);

        json_object_set_new(object, sc_secret_table[i].text_name, sc_key_text_to_json(text));
    }
    json_object_set_new(object, "verifyKeys", sc_verify_keys_to_json(&options->auth_verify_keys));
    return object;
}

sc_status_t sc_secrets_from_json(const json_t *object, sc_secrets_t *secrets)
{
    sc_status_t status = SC_OK;

    memset(secrets, 0, sizeof(*secrets));
    for (size_t i = 0; i < SC_SECRET_COUNT && status == SC_OK; i++) {
        const json_t *value = json_object_get(object, sc_secret_table[i].text_name);

        status = sc_key_text_from_json(value, &secrets->texts[i]);
    }
    if (status == SC_OK)
        status =
            sc_verify_keys_from_json(json_object_get(object, "verifyKeys"), &secrets->verify_keys);
    return status;
}
