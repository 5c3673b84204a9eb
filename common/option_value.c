#include "common/option_value.h"

#include "common/alloc.h"
#include "common/str.h"

/* The most of a wrong value that is shown. */
#define SHOWN_BYTES_MAX 60

sc_str_t sc_option_enum_values(const sc_option_t *option)
{
    sc_str_t rest = sc_str_from(option->help);
    sc_str_t values = sc_str_none();

    (void)sc_str_split(&rest, ':', &values);
    return values;
}

bool sc_option_has_auto(const sc_option_t *option)
{
    return option->offset == offsetof(sc_options_t, workers);
}

void sc_option_describe(const sc_option_t *option, sc_text_t *out)
{
    switch (option->kind) {
    case SC_OPTION_BOOL:
        sc_text_add(out, SC_STR("true or false"));
        break;
    case SC_OPTION_UINT:
        sc_text_addf(out, "a number from %llu to %llu%s", (unsigned long long)option->minimum,
                     (unsigned long long)option->maximum,
                     sc_option_has_auto(option) ? ", or auto" : "");
        break;
    case SC_OPTION_STRING:
    case SC_OPTION_SECRET:
        sc_text_addf(out, "a text of %llu to %llu bytes", (unsigned long long)option->minimum,
                     (unsigned long long)option->maximum);
        break;
    case SC_OPTION_LIST:
        sc_text_add(out, SC_STR("a text with commas, or an array of texts"));
        break;
    case SC_OPTION_ENUM:
        sc_text_addf(out, "one of %.*s", SC_STR_ARG(sc_option_enum_values(option)));
        break;
    case SC_OPTION_PLUGINS:
        sc_text_add(out,
                    SC_STR("NAME or PATH, with =JSON (an object) for its options; in JSON an array "
                           "of {\"name\":..., \"options\":{...}}"));
        break;
    }
}

/* "is "x": not a number from 1 to 64"; a secret is not shown. */
static sc_status_t refuse(const sc_option_t *option, const char *value, sc_text_t *why)
{
    if (option->kind == SC_OPTION_SECRET || option->kind == SC_OPTION_PLUGINS)
        sc_text_add(why, SC_STR("is not "));
    else
        sc_text_addf(why, "is %.*s%s: not ", SHOWN_BYTES_MAX, value,
                     strlen(value) > SHOWN_BYTES_MAX ? "..." : "");
    sc_option_describe(option, why);
    return SC_ERR_INVALID;
}

static void *value_of(sc_options_t *options, const sc_option_t *option)
{
    return (char *)options + option->offset;
}

bool sc_option_is_set(const sc_options_t *options, const sc_option_t *option)
{
    return *(char *const *)(const void *)((const char *)options + option->offset) != NULL;
}

static void clear_plugins(sc_plugin_options_t *plugins)
{
    for (uint32_t i = 0; i < plugins->count; i++) {
        free(plugins->items[i].name);
        free(plugins->items[i].options);
    }
    free(plugins->items);
    memset(plugins, 0, sizeof(*plugins));
}

void sc_option_clear(sc_options_t *options, const sc_option_t *option)
{
    void *value = value_of(options, option);

    switch (option->kind) {
    case SC_OPTION_BOOL:
        *(bool *)value = false;
        break;
    case SC_OPTION_UINT:
        *(uint64_t *)value = 0;
        break;
    case SC_OPTION_SECRET:
        if (*(char **)value != NULL)
            explicit_bzero(*(char **)value, strlen(*(char **)value));
        free(*(char **)value);
        *(char **)value = NULL;
        break;
    case SC_OPTION_STRING:
    case SC_OPTION_LIST:
    case SC_OPTION_ENUM:
        free(*(char **)value);
        *(char **)value = NULL;
        break;
    case SC_OPTION_PLUGINS:
        clear_plugins(value);
        break;
    }
}

static bool is_enum_value(const sc_option_t *option, sc_str_t value)
{
    sc_str_t rest = sc_option_enum_values(option);
    sc_str_t allowed;

    while (sc_str_split(&rest, '|', &allowed)) {
        if (sc_str_equal(allowed, value))
            return true;
    }
    return false;
}

static bool is_text_allowed(const sc_option_t *option, sc_str_t value)
{
    if (option->kind == SC_OPTION_ENUM)
        return is_enum_value(option, value);
    return value.len >= option->minimum && value.len <= option->maximum;
}

static void replace_text(sc_options_t *options, const sc_option_t *option, sc_str_t value)
{
    sc_option_clear(options, option);
    *(char **)value_of(options, option) = sc_strdup(value);
}

/* Adds a plugin; `options_json` is taken, may be NULL. */
static sc_status_t add_plugin(sc_plugin_options_t *plugins, const sc_option_t *option,
                              sc_str_t name, char *options_json, sc_text_t *why)
{
    sc_plugin_option_t *item;

    if (name.len == 0 || plugins->count >= option->maximum) {
        free(options_json);
        if (name.len == 0)
            sc_text_add(why, SC_STR("has a plugin without a name"));
        else
            sc_text_addf(why, "has more than %llu plugins", (unsigned long long)option->maximum);
        return SC_ERR_INVALID;
    }
    plugins->items = sc_realloc(plugins->items, (plugins->count + 1) * sizeof(*plugins->items));
    item = &plugins->items[plugins->count++];
    item->name = sc_strdup(name);
    item->options = options_json;
    return SC_OK;
}

/* NAME, PATH or either with =JSON. */
static sc_status_t add_plugin_text(sc_plugin_options_t *plugins, const sc_option_t *option,
                                   const char *value, sc_text_t *why)
{
    const char *equals = strchr(value, '=');
    sc_str_t name = sc_str(value, equals != NULL ? (size_t)(equals - value) : strlen(value));
    char *options_json = NULL;

    if (equals != NULL) {
        json_t *document = json_loads(equals + 1, 0, NULL);

        if (!json_is_object(document)) {
            json_decref(document);
            sc_text_addf(why, "has options for %.*s that are no JSON object", SC_STR_ARG(name));
            return SC_ERR_INVALID;
        }
        json_decref(document);
        options_json = sc_strdup(sc_str_from(equals + 1));
    }
    return add_plugin(plugins, option, name, options_json, why);
}

static sc_status_t set_uint(sc_options_t *options, const sc_option_t *option, uint64_t number,
                            const char *shown, sc_text_t *why)
{
    if (number < option->minimum || number > option->maximum)
        return refuse(option, shown, why);
    *(uint64_t *)value_of(options, option) = number;
    return SC_OK;
}

static sc_status_t set_uint_text(sc_options_t *options, const sc_option_t *option,
                                 const char *value, sc_text_t *why)
{
    uint64_t number = 0;

    if (sc_option_has_auto(option) && strcmp(value, "auto") == 0)
        return set_uint(options, option, 0, value, why);
    if (sc_str_to_uint(sc_str_from(value), &number) != SC_OK)
        return refuse(option, value, why);
    return set_uint(options, option, number, value, why);
}

sc_status_t sc_option_set_text(sc_options_t *options, const sc_option_t *option, const char *value,
                               sc_text_t *why)
{
    switch (option->kind) {
    case SC_OPTION_BOOL:
        if (strcmp(value, "true") != 0 && strcmp(value, "false") != 0)
            return refuse(option, value, why);
        *(bool *)value_of(options, option) = value[0] == 't';
        return SC_OK;
    case SC_OPTION_UINT:
        return set_uint_text(options, option, value, why);
    case SC_OPTION_STRING:
    case SC_OPTION_LIST:
    case SC_OPTION_ENUM:
    case SC_OPTION_SECRET:
        if (!is_text_allowed(option, sc_str_from(value)))
            return refuse(option, value, why);
        replace_text(options, option, sc_str_from(value));
        return SC_OK;
    case SC_OPTION_PLUGINS:
        return add_plugin_text(value_of(options, option), option, value, why);
    }
    return SC_ERR_INVALID;
}

void sc_option_reset(sc_options_t *options, const sc_option_t *option)
{
    sc_text_t why = {0};
    sc_status_t status;

    sc_option_clear(options, option);
    if (option->fallback == NULL)
        return;
    status = sc_option_set_text(options, option, option->fallback, &why);
    sc_assert(status == SC_OK); /* the table's own value */
    sc_text_free(&why);
}

/* A list in JSON: a text as it is, an array joined by commas. */
static sc_status_t set_list_json(sc_options_t *options, const sc_option_t *option,
                                 const json_t *value, const char *shown, sc_text_t *why)
{
    sc_text_t joined = {0};
    sc_status_t status = SC_OK;

    for (size_t i = 0; i < json_array_size(value) && status == SC_OK; i++) {
        const char *item = json_string_value(json_array_get(value, i));

        if (item == NULL || strchr(item, ',') != NULL)
            status = refuse(option, shown, why);
        else
            sc_text_addf(&joined, "%s%s", i > 0 ? "," : "", item);
    }
    if (status == SC_OK && !is_text_allowed(option, sc_text_str(&joined)))
        status = refuse(option, shown, why);
    if (status == SC_OK)
        replace_text(options, option, sc_text_str(&joined));
    sc_text_free(&joined);
    return status;
}

static sc_status_t add_plugin_json(sc_plugin_options_t *plugins, const sc_option_t *option,
                                   const json_t *value, sc_text_t *why)
{
    const char *name = json_string_value(json_object_get(value, "name"));
    const json_t *plugin_options = json_object_get(value, "options");
    const char *key;
    json_t *member;

    if (json_is_string(value))
        return add_plugin(plugins, option, sc_str_from(json_string_value(value)), NULL, why);
    if (name == NULL || (plugin_options != NULL && !json_is_object(plugin_options)))
        return refuse(option, "", why);
    json_object_foreach((json_t *)value, key, member)
    {
        if (strcmp(key, "name") != 0 && strcmp(key, "options") != 0) {
            sc_text_addf(
                why, "has an unknown member \"%s\" at plugin %s; name and options may stand there",
                key, name);
            return SC_ERR_INVALID;
        }
    }
    return add_plugin(plugins, option, sc_str_from(name),
                      plugin_options != NULL ? json_dumps(plugin_options, JSON_COMPACT) : NULL,
                      why);
}

static sc_status_t set_plugins_json(sc_options_t *options, const sc_option_t *option,
                                    const json_t *value, sc_text_t *why)
{
    sc_plugin_options_t *plugins = value_of(options, option);

    if (!json_is_array(value))
        return refuse(option, "", why);
    clear_plugins(plugins);
    for (size_t i = 0; i < json_array_size(value); i++) {
        sc_status_t status = add_plugin_json(plugins, option, json_array_get(value, i), why);

        if (status != SC_OK)
            return status;
    }
    return SC_OK;
}

/* 8000.0 is a number like 8000 to whoever writes JSON. */
static bool is_whole(const json_t *value)
{
    double number = json_number_value(value);

    return json_is_number(value) && number >= 0 && number <= 9007199254740992.0 &&
           (double)(uint64_t)number == number;
}

static sc_status_t set_typed_json(sc_options_t *options, const sc_option_t *option,
                                  const json_t *value, const char *shown, sc_text_t *why)
{
    const char *string = json_string_value(value);

    if (option->kind == SC_OPTION_PLUGINS)
        return set_plugins_json(options, option, value, why);
    if (option->kind == SC_OPTION_LIST && json_is_array(value))
        return set_list_json(options, option, value, shown, why);
    if (option->kind == SC_OPTION_UINT && is_whole(value))
        return set_uint(options, option, (uint64_t)json_number_value(value), shown, why);
    if (option->kind == SC_OPTION_BOOL && json_is_boolean(value)) {
        *(bool *)value_of(options, option) = json_is_true(value);
        return SC_OK;
    }
    if (option->kind == SC_OPTION_ENUM && json_is_number(value))
        string = shown; /* "protocolVersion": 1, "tlsMinVersion": 1.3 */
    if (string == NULL || option->kind == SC_OPTION_BOOL ||
        (option->kind == SC_OPTION_UINT && !sc_option_has_auto(option)))
        return refuse(option, shown, why);
    return sc_option_set_text(options, option, string, why);
}

sc_status_t sc_option_set_json(sc_options_t *options, const sc_option_t *option,
                               const json_t *value, sc_text_t *why)
{
    sc_status_t status;
    char *shown;

    if (json_is_null(value)) {
        sc_option_reset(options, option);
        return SC_OK;
    }
    shown = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    status = set_typed_json(options, option, value, shown != NULL ? shown : "?", why);
    free(shown);
    return status;
}
