#include "common/verify_keys.h"

#include "common/alloc.h"
#include "common/base64url.h"
#include "common/str.h"

#include <errno.h>
#include <stdio.h>

#define KEY_BYTES_MAX 65536u

/* ---- One key ------------------------------------------------------------------------------------------------------ */

void sc_key_text_wipe(char **text)
{
    if (*text != NULL)
        explicit_bzero(*text, strlen(*text));
    free(*text);
    *text = NULL;
}

sc_status_t sc_key_file_read(const char *option, const char *path, bool drops_line_break,
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
    setvbuf(file, NULL, _IONBF, 0); /* no copy in a buffer of its own */
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

/** In base64url: a secret, and a file's name, may be any bytes. */
json_t *sc_key_text_to_json(const char *text)
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

sc_status_t sc_key_text_from_json(const json_t *value, char **text)
{
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

/* ---- The list ------------------------------------------------------------------------------------------------------ */

void sc_verify_keys_deinit(sc_verify_keys_t *keys)
{
    for (uint32_t i = 0; i < keys->count; i++) {
        sc_key_text_wipe(&keys->items[i].text);
        free(keys->items[i].id);
        free(keys->items[i].path);
    }
    free(keys->items);
    memset(keys, 0, sizeof(*keys));
}

/** Adds an entry with nothing set. */
static sc_verify_key_t *add_entry(sc_verify_keys_t *keys)
{
    sc_verify_key_t *key;

    keys->items = sc_realloc(keys->items, (keys->count + 1) * sizeof(*keys->items));
    key = &keys->items[keys->count++];
    memset(key, 0, sizeof(*key));
    return key;
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

static sc_status_t read_entry(sc_str_t entry, sc_verify_keys_t *keys, sc_text_t *error)
{
    static const char option[] = "authVerifyKeyFiles";
    sc_verify_key_t *key;

    if (keys->count == SC_VERIFY_KEYS_MAX) {
        sc_text_addf(error, "option %s: more than %u files", option, SC_VERIFY_KEYS_MAX);
        return SC_ERR_INVALID;
    }
    key = add_entry(keys);
    split_entry(entry, key);
    if (key->id != NULL && strlen(key->id) > SC_KEY_ID_BYTES_MAX) {
        sc_text_addf(error, "option %s: a kid of more than %u bytes", option, SC_KEY_ID_BYTES_MAX);
        return SC_ERR_INVALID;
    }
    return sc_key_file_read(option, key->path, true, &key->text, error);
}

sc_status_t sc_verify_keys_read(const char *list, sc_verify_keys_t *keys, sc_text_t *error)
{
    sc_str_t rest = sc_str_from(list);
    sc_status_t status = SC_OK;
    sc_str_t entry;

    memset(keys, 0, sizeof(*keys));
    while (status == SC_OK && sc_str_split(&rest, ',', &entry)) {
        entry = sc_str_trim(entry);
        if (entry.len > 0)
            status = read_entry(entry, keys, error);
    }
    return status;
}

/* ---- From the master to its workers -------------------------------------------------------------------------------- */

json_t *sc_verify_keys_to_json(const sc_verify_keys_t *keys)
{
    json_t *array = json_array();

    for (uint32_t i = 0; i < keys->count; i++) {
        json_t *entry = json_object();

        json_object_set_new(entry, "id", sc_key_text_to_json(keys->items[i].id));
        json_object_set_new(entry, "path", sc_key_text_to_json(keys->items[i].path));
        json_object_set_new(entry, "text", sc_key_text_to_json(keys->items[i].text));
        json_array_append_new(array, entry);
    }
    return array;
}

static sc_status_t entry_from_json(const json_t *entry, sc_verify_key_t *key)
{
    if (sc_key_text_from_json(json_object_get(entry, "id"), &key->id) != SC_OK ||
        sc_key_text_from_json(json_object_get(entry, "path"), &key->path) != SC_OK ||
        sc_key_text_from_json(json_object_get(entry, "text"), &key->text) != SC_OK)
        return SC_ERR_INVALID;
    return key->path != NULL && key->text != NULL ? SC_OK : SC_ERR_INVALID;
}

sc_status_t sc_verify_keys_from_json(const json_t *array, sc_verify_keys_t *keys)
{
    sc_status_t status = SC_OK;

    memset(keys, 0, sizeof(*keys));
    if (!json_is_array(array) || json_array_size(array) > SC_VERIFY_KEYS_MAX)
        return SC_ERR_INVALID;
    for (size_t i = 0; i < json_array_size(array) && status == SC_OK; i++)
        status = entry_from_json(json_array_get(array, i), add_entry(keys));
    return status;
}
