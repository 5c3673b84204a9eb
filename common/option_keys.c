#include "common/option_keys.h"

#include "common/alloc.h"
#include "common/base64url.h"
#include "common/str.h"

#include <errno.h>
#include <stdio.h>

#define KEY_BYTES_MAX 65536u

/* ---- Memory ------------------------------------------------------------------------------------------------------ */

static void wipe(char **text)
{
    if (*text != NULL)
        explicit_bzero(*text, strlen(*text));
    free(*text);
    *text = NULL;
}

static char *copy(const char *text)
{
    return text != NULL ? sc_strdup(sc_str_from(text)) : NULL;
}

void sc_option_keys_deinit(sc_option_keys_t *keys)
{
    wipe(&keys->auth_key);
    wipe(&keys->auth_private_key);
    wipe(&keys->auth_public_key);
    for (uint32_t i = 0; i < keys->verify.count; i++) {
        wipe(&keys->verify.items[i].text);
        free(keys->verify.items[i].id);
        free(keys->verify.items[i].path);
    }
    free(keys->verify.items);
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

/** Adds an entry with nothing set. */
static sc_verify_key_t *add_verify_key(sc_verify_keys_t *verify)
{
    sc_verify_key_t *key;

    verify->items = sc_realloc(verify->items, (verify->count + 1) * sizeof(*verify->items));
    key = &verify->items[verify->count++];
    memset(key, 0, sizeof(*key));
    return key;
}

/* ---- Files ------------------------------------------------------------------------------------------------------- */

/** Reads a text file. @param drops_line_break  one at its end is not part of the key */
static sc_status_t read_file(const char *option, const char *path, bool drops_line_break,
                             char **text, sc_text_t *error)
{
    char bytes[KEY_BYTES_MAX + 2];
    FILE *file = fopen(path, "re");
    size_t len;
    bool is_read;

    if (file == NULL) {
        sc_text_addf(error, "option %s: can't read %s: %s", option, path, strerror(errno));
        return SC_ERR_INVALID;
    }
    len = fread(bytes, 1, sizeof(bytes), file);
    is_read = ferror(file) == 0;
    fclose(file);
    if (drops_line_break && len > 0 && bytes[len - 1] == '\n')
        len--;
    if (is_read && len > 0 && len <= KEY_BYTES_MAX && memchr(bytes, '\0', len) == NULL)
        *text = sc_strdup(sc_str(bytes, len));
    explicit_bzero(bytes, sizeof(bytes));
    if (*text != NULL)
        return SC_OK;
    sc_text_addf(error, "option %s: %s must be a text of 1 to %u bytes", option, path,
                 KEY_BYTES_MAX);
    return SC_ERR_INVALID;
}

static sc_status_t read_or_copy(const char *option, const char *path, const char *own, char **text,
                                sc_text_t *error)
{
    if (path != NULL)
        return read_file(option, path, strcmp(option, "authKeyFile") == 0, text, error);
    *text = copy(own);
    return SC_OK;
}

/** Takes "FILE" or "KID=FILE" apart. A '=' behind a '/' belongs to the file's name. */
static void split_entry(sc_str_t entry, sc_verify_key_t *key)
{
    const char *equals = memchr(entry.ptr, '=', entry.len);
    size_t id_len = equals != NULL ? (size_t)(equals - entry.ptr) : 0;

    if (equals == NULL || memchr(entry.ptr, '/', id_len) != NULL) {
        key->path = sc_strdup(entry);
        return;
    }
    if (id_len > 0)
        key->id = sc_strdup(sc_str(entry.ptr, id_len));
    key->path = sc_strdup(sc_str(equals + 1, entry.len - id_len - 1));
}

static sc_status_t read_verify_key(sc_str_t entry, sc_verify_keys_t *verify, sc_text_t *error)
{
    static const char option[] = "authVerifyKeyFiles";
    sc_verify_key_t *key;

    if (verify->count == SC_VERIFY_KEYS_MAX) {
        sc_text_addf(error, "option %s: more than %u files", option, SC_VERIFY_KEYS_MAX);
        return SC_ERR_INVALID;
    }
    key = add_verify_key(verify);
    split_entry(entry, key);
    if (key->id != NULL && strlen(key->id) > SC_KEY_ID_BYTES_MAX) {
        sc_text_addf(error, "option %s: a kid of more than %u bytes", option, SC_KEY_ID_BYTES_MAX);
        return SC_ERR_INVALID;
    }
    return read_file(option, key->path, true, &key->text, error);
}

static sc_status_t read_verify_keys(const char *list, sc_verify_keys_t *verify, sc_text_t *error)
{
    sc_str_t rest = sc_str_from(list);
    sc_status_t status = SC_OK;
    sc_str_t entry;

    while (status == SC_OK && sc_str_split(&rest, ',', &entry)) {
        entry = sc_str_trim(entry);
        if (entry.len > 0)
            status = read_verify_key(entry, verify, error);
    }
    return status;
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
        status = read_verify_keys(options->auth_verify_key_files, &keys->verify, error);
    return status;
}

/* ---- From the master to its workers -------------------------------------------------------------------------------- */

/** In base64url: a secret, and a file's name, may be any bytes. */
static json_t *text_to_json(const char *text)
{
    sc_text_t encoded = {0};
    json_t *value;

    if (text == NULL)
        return json_null();
    sc_base64url_add_encoded(&encoded, text, strlen(text));
    value = json_stringn(encoded.len > 0 ? encoded.ptr : "", encoded.len);
    if (encoded.len > 0)
        explicit_bzero(encoded.ptr, encoded.len);
    sc_text_free(&encoded);
    return value;
}

json_t *sc_option_keys_to_json(const sc_options_t *options)
{
    const sc_verify_keys_t *verify = &options->auth_verify_keys;
    json_t *object = json_object();
    json_t *list = json_array();

    for (uint32_t i = 0; i < verify->count; i++) {
        const sc_verify_key_t *key = &verify->items[i];
        json_t *entry = json_object();

        json_object_set_new(entry, "id", text_to_json(key->id));
        json_object_set_new(entry, "path", text_to_json(key->path));
        json_object_set_new(entry, "text", text_to_json(key->text));
        json_array_append_new(list, entry);
    }
    json_object_set_new(object, "authKey", text_to_json(options->auth_key));
    json_object_set_new(object, "authPrivateKey", text_to_json(options->auth_private_key));
    json_object_set_new(object, "authPublicKey", text_to_json(options->auth_public_key));
    json_object_set_new(object, "verifyKeys", list);
    return object;
}

/** @param text  set to the member's text; NULL for null */
static sc_status_t text_from_json(const json_t *object, const char *name, char **text)
{
    const json_t *value = json_object_get(object, name);
    sc_str_t encoded = sc_str_from(json_string_value(value));
    sc_text_t decoded = {0};

    if (json_is_null(value))
        return SC_OK;
    if (!sc_base64url_is_text(encoded) || !sc_base64url_is_canonical(encoded))
        return SC_ERR_INVALID;
    sc_base64url_add_decoded(&decoded, encoded);
    *text = sc_strdup(sc_text_str(&decoded));
    explicit_bzero(decoded.ptr, decoded.len);
    sc_text_free(&decoded);
    return SC_OK;
}

static sc_status_t verify_key_from_json(const json_t *entry, sc_verify_keys_t *verify)
{
    sc_verify_key_t *key = add_verify_key(verify);

    if (text_from_json(entry, "id", &key->id) != SC_OK ||
        text_from_json(entry, "path", &key->path) != SC_OK ||
        text_from_json(entry, "text", &key->text) != SC_OK)
        return SC_ERR_INVALID;
    return key->path != NULL && key->text != NULL ? SC_OK : SC_ERR_INVALID;
}

sc_status_t sc_option_keys_from_json(const json_t *object, sc_option_keys_t *keys)
{
    const json_t *list = json_object_get(object, "verifyKeys");
    sc_status_t status = SC_OK;

    memset(keys, 0, sizeof(*keys));
    if (!json_is_array(list) || json_array_size(list) > SC_VERIFY_KEYS_MAX ||
        text_from_json(object, "authKey", &keys->auth_key) != SC_OK ||
        text_from_json(object, "authPrivateKey", &keys->auth_private_key) != SC_OK ||
        text_from_json(object, "authPublicKey", &keys->auth_public_key) != SC_OK)
        return SC_ERR_INVALID;
    for (size_t i = 0; i < json_array_size(list) && status == SC_OK; i++)
        status = verify_key_from_json(json_array_get(list, i), &keys->verify);
    return status;
}
