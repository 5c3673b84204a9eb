#include "common/option_secret.h"

#include "common/alloc.h"
#include "common/str.h"

#include <errno.h>
#include <malloc.h>
#include <openssl/crypto.h>
#include <stdio.h>

#define FILE_BYTES_MAX 65536u

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

static void wipe(char **text)
{
    if (*text != NULL)
        OPENSSL_cleanse(*text, strlen(*text));
    free(*text);
    *text = NULL;
}

void sc_secrets_deinit(sc_secrets_t *secrets)
{
    for (size_t i = 0; i < SC_SECRET_COUNT; i++)
        wipe(&secrets->texts[i]);
}

void sc_secrets_swap(sc_options_t *options, sc_secrets_t *secrets)
{
    for (size_t i = 0; i < SC_SECRET_COUNT; i++) {
        char **text = text_of(options, &sc_secret_table[i]);
        char *other = secrets->texts[i];

        secrets->texts[i] = *text;
        *text = other;
    }
}

void sc_secrets_forget(sc_options_t *options)
{
    for (size_t i = 0; i < SC_SECRET_COUNT; i++)
        wipe(text_of(options, &sc_secret_table[i]));
}

/* ---- Files ------------------------------------------------------------------------------------------------------ */

static sc_status_t read_file(const sc_secret_t *secret, const char *path, char **text,
                             sc_text_t *error)
{
    char bytes[FILE_BYTES_MAX + 1];
    FILE *file = fopen(path, "re");
    size_t len;
    bool is_read;

    if (file == NULL) {
        sc_text_addf(error, "option %s: can't read %s: %s", secret->file_name, path,
                     strerror(errno));
        return SC_ERR_INVALID;
    }
    setvbuf(file, NULL, _IONBF, 0); /* no copy in a buffer of its own */
    len = fread(bytes, 1, sizeof(bytes), file);
    is_read = ferror(file) == 0;
    fclose(file);
    if (is_read && !secret->keeps_line_break && len > 0 && bytes[len - 1] == '\n')
        len--;
    if (is_read && len > 0 && len <= FILE_BYTES_MAX && memchr(bytes, '\0', len) == NULL)
        *text = sc_strdup(sc_str(bytes, len));
    OPENSSL_cleanse(bytes, sizeof(bytes));
    if (*text != NULL)
        return SC_OK;
    sc_text_addf(error, "option %s: %s must be a text of 1 to %u bytes", secret->file_name, path,
                 FILE_BYTES_MAX);
    return SC_ERR_INVALID;
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
            status = read_file(secret, path, &secrets->texts[i], error);
        else if (text != NULL)
            secrets->texts[i] = sc_strdup(sc_str_from(text));
    }
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

/** In hexadecimal: a secret may be any bytes, and JSON takes only text. */
static json_t *text_to_json(const char *text)
{
    size_t size = text != NULL ? 2 * strlen(text) + 1 : 0;
    char *digits;
    json_t *value;

    if (size == 0)
        return json_null();
    digits = sc_alloc_zeroed(1, size);
    if (OPENSSL_buf2hexstr_ex(digits, size, NULL, (const unsigned char *)text, strlen(text),
                              '\0') != 1)
        sc_die("a key can't be written");
    value = json_string(digits);
    OPENSSL_cleanse(digits, size);
    free(digits);
    return value;
}

json_t *sc_secrets_to_json(const sc_options_t *options)
{
    json_t *object = json_object();

    for (size_t i = 0; i < SC_SECRET_COUNT; i++)
        json_object_set_new(object, sc_secret_table[i].text_name,
                            text_to_json(const_text_of(options, sc_secret_table[i].text_offset)));
    return object;
}

static sc_status_t text_from_json(const json_t *value, char **text)
{
    const char *digits = json_string_value(value);
    size_t size = digits != NULL ? strlen(digits) / 2 + 1 : 0;
    size_t len;

    if (json_is_null(value))
        return SC_OK;
    if (digits == NULL)
        return SC_ERR_INVALID;
    *text = sc_alloc_zeroed(1, size);
    if (OPENSSL_hexstr2buf_ex((unsigned char *)*text, size - 1, &len, digits, '\0') != 1)
        return SC_ERR_INVALID;
    return SC_OK;
}

sc_status_t sc_secrets_from_json(const json_t *object, sc_secrets_t *secrets)
{
    sc_status_t status = SC_OK;

    memset(secrets, 0, sizeof(*secrets));
    for (size_t i = 0; i < SC_SECRET_COUNT && status == SC_OK; i++)
        status = text_from_json(json_object_get(object, sc_secret_table[i].text_name),
                                &secrets->texts[i]);
    return status;
}
