#include "common/option_deflate.h"

#include "common/alloc.h"

/* What a setting becomes. */
typedef struct setting {
    const char *name;
    const char *own_name; /* an option of ours; NULL: it means nothing here */
} setting_t;

static const setting_t settings[] = {
    {"threshold", "perMessageDeflateThreshold"},
    {"serverMaxWindowBits", "perMessageDeflateWindowBits"},
    {"clientMaxWindowBits", NULL}, /* a client's window may have any size */
    {"concurrencyLimit", NULL},
    {"memLevel", NULL},
    {"zlibInflateOptions", NULL},
};

static const setting_t zlib_settings[] = {
    {"level", "perMessageDeflateLevel"},
    {"windowBits", "perMessageDeflateWindowBits"},
    {"chunkSize", NULL},
    {"memLevel", NULL},
    {"strategy", NULL},
};

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* What never happens here; older modules know neither name. */
static bool is_takeover(const char *name)
{
    return strcmp(name, "serverNoContextTakeover") == 0 ||
           strcmp(name, "clientNoContextTakeover") == 0;
}

static const setting_t *find(const setting_t *table, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(table[i].name, name) == 0)
            return &table[i];
    }
    return NULL;
}

static sc_status_t refuse(const char *name, sc_text_t *why)
{
    sc_text_addf(why,
                 "has an unknown member \"%.100s\"; write perMessageDeflate: true and "
                 "perMessageDeflateThreshold, perMessageDeflateLevel, perMessageDeflateWindowBits",
                 name);
    return SC_ERR_INVALID;
}

static void add(const setting_t *setting, json_t *value, json_t *flat, sc_text_t *ignored)
{
    if (setting->own_name == NULL)
        sc_text_addf(ignored, "%s\n", setting->name);
    else if (json_object_set(flat, setting->own_name, value) != 0)
        sc_die("out of memory: options");
}

static sc_status_t add_zlib(const json_t *object, json_t *flat, sc_text_t *ignored, sc_text_t *why)
{
    const char *name;
    json_t *value;

    if (!json_is_object(object)) {
        sc_text_add(why, SC_STR("has a zlibDeflateOptions that is not an object"));
        return SC_ERR_INVALID;
    }
    json_object_foreach((json_t *)object, name, value)
    {
        const setting_t *setting = find(zlib_settings, COUNT_OF(zlib_settings), name);

        if (setting == NULL)
            return refuse(name, why);
        add(setting, value, flat, ignored);
    }
    return SC_OK;
}

static sc_status_t add_member(const char *name, json_t *value, json_t *flat, sc_text_t *ignored,
                              sc_text_t *why)
{
    const setting_t *setting = find(settings, COUNT_OF(settings), name);

    if (strcmp(name, "zlibDeflateOptions") == 0)
        return add_zlib(value, flat, ignored, why);
    if (is_takeover(name)) {
        if (json_is_false(value)) /* what is asked for costs memory only, and is not there */
            sc_text_addf(ignored, "%s\n", name);
        return SC_OK;
    }
    if (setting == NULL)
        return refuse(name, why);
    add(setting, value, flat, ignored);
    return SC_OK;
}

sc_status_t sc_option_deflate_flatten(const json_t *object, json_t **flat, sc_text_t *ignored,
                                      sc_text_t *why)
{
    const char *name;
    json_t *value;

    *flat = json_pack("{s:b}", "perMessageDeflate", 1);
    if (*flat == NULL)
        sc_die("out of memory: options");
    json_object_foreach((json_t *)object, name, value)
    {
        sc_status_t status = add_member(name, value, *flat, ignored, why);

        if (status == SC_OK)
            continue;
        json_decref(*flat);
        *flat = NULL;
        return status;
    }
    return SC_OK;
}
