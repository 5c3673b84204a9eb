#include "common/option_keys.h"

#include "common/alloc.h"
#include "common/verify_keys.h"

/* ---- Memory ------------------------------------------------------------------------------------------------------ */

static char *copy(const char *text)
{
    return text != NULL ? sc_strdup(sc_str_from(text)) : NULL;
}

void sc_option_keys_deinit(sc_option_keys_t *keys)
{
    sc_key_text_wipe(&keys->auth_key);
    sc_key_text_wipe(&keys->auth_private_key);
    sc_key_text_wipe(&keys->auth_public_key);
    sc_verify_keys_deinit(&keys->verify);
    memset(keys, 0, sizeof(*keys));
}

static void swap_texts(char **a, char **b)
{
    char *text = *a;

    *a = *b;
    *b = text;
}

void sc_option_keys_swap(sc_options_t *options, sc_option_keys_t *keys)
{
    sc_verify_keys_t verify = options->auth_verify_keys;

    options->auth_verify_keys = keys->verify;
    keys->verify = verify;
    swap_texts(&options->auth_key, &keys->auth_key);
    swap_texts(&options->auth_private_key, &keys->auth_private_key);
    swap_texts(&options->auth_public_key, &keys->auth_public_key);
}

/* ---- Files ------------------------------------------------------------------------------------------------------- */

static sc_status_t read_or_copy(const char *option, const char *path, const char *own, char **text,
                                sc_text_t *error)
{
    if (path != NULL)
        return sc_key_file_read(option, path, strcmp(option, "authKeyFile") == 0, text, error);
    *text = copy(own);
    return SC_OK;
}

sc_status_t sc_option_keys_read(const sc_options_t *options, sc_option_keys_t *keys,
                                sc_text_t *error)
{
    sc_status_t status;

    memset(keys, 0, sizeof(*keys));
    status = read_or_copy("authKeyFile", options->auth_key_file, options->auth_key, &keys->auth_key,
                          error);
    if (status == SC_OK)
        status = read_or_copy("authPrivateKeyFile", options->auth_private_key_file,
                              options->auth_private_key, &keys->auth_private_key, error);
    if (status == SC_OK)
        status = read_or_copy("authPublicKeyFile", options->auth_public_key_file,
                              options->auth_public_key, &keys->auth_public_key, error);
    if (status == SC_OK)
        status = sc_verify_keys_read(options->auth_verify_key_files, &keys->verify, error);
    return status;
}

/* ---- From the master to its workers -------------------------------------------------------------------------------- */

json_t *sc_option_keys_to_json(const sc_options_t *options)
{
    json_t *object = json_object();

    json_object_set_new(object, "authKey", sc_key_text_to_json(options->auth_key));
    json_object_set_new(object, "authPrivateKey", sc_key_text_to_json(options->auth_private_key));
    json_object_set_new(object, "authPublicKey", sc_key_text_to_json(options->auth_public_key));
    json_object_set_new(object, "verifyKeys", sc_verify_keys_to_json(&options->auth_verify_keys));
    return object;
}

sc_status_t sc_option_keys_from_json(const json_t *object, sc_option_keys_t *keys)
{
    sc_status_t status;

    memset(keys, 0, sizeof(*keys));
    status = sc_key_text_from_json(json_object_get(object, "authKey"), &keys->auth_key);
    if (status == SC_OK)
        status = sc_key_text_from_json(json_object_get(object, "authPrivateKey"),
                                       &keys->auth_private_key);
    if (status == SC_OK)
        status =
            sc_key_text_from_json(json_object_get(object, "authPublicKey"), &keys->auth_public_key);
    if (status == SC_OK)
        status = sc_verify_keys_from_json(json_object_get(object, "verifyKeys"), &keys->verify);
    return status;
}
