#include "common/option_table.h"

#include "common/str.h"

#define OPTION_ROW(kind, field, json, flag, letter, min, max, fallback, help)                      \
    {SC_OPTION_##kind, offsetof(sc_options_t, field), json, flag, letter, min, max, fallback, help},

const sc_option_t sc_option_table[] = {SC_OPTION_TABLE(OPTION_ROW)};
const size_t sc_option_count = sizeof(sc_option_table) / sizeof(sc_option_table[0]);

const sc_option_t *sc_option_by_json_name(sc_str_t name)
{
    for (size_t i = 0; i < sc_option_count; i++) {
        if (sc_str_equal(sc_str_from(sc_option_table[i].json_name), name))
            return &sc_option_table[i];
    }
    return NULL;
}

const sc_option_t *sc_option_by_flag(sc_str_t flag)
{
    for (size_t i = 0; i < sc_option_count; i++) {
        const char *own_flag = sc_option_table[i].flag;

        if (own_flag != NULL && sc_str_equal(sc_str_from(own_flag), flag))
            return &sc_option_table[i];
    }
    return NULL;
}

const sc_option_t *sc_option_by_letter(int letter)
{
    for (size_t i = 0; i < sc_option_count; i++) {
        if (letter != 0 && sc_option_table[i].letter == letter)
            return &sc_option_table[i];
    }
    return NULL;
}

static void add_plugins(const sc_plugin_options_t *plugins, sc_text_t *out)
{
    sc_text_add(out, SC_STR("["));
    for (uint32_t i = 0; i < plugins->count; i++) {
        sc_text_add(out, i > 0 ? SC_STR(",{\"name\":") : SC_STR("{\"name\":"));
        sc_text_add_quoted(out, sc_str_from(plugins->items[i].name));
        if (plugins->items[i].options != NULL)
            sc_text_addf(out, ",\"options\":%s", plugins->items[i].options);
        sc_text_add(out, SC_STR("}"));
    }
    sc_text_add(out, SC_STR("]"));
}

static void add_string(const char *string, sc_text_t *out)
{
    if (string == NULL)
        sc_text_add(out, SC_STR("null"));
    else
        sc_text_add_quoted(out, sc_str_from(string));
}

sc_status_t sc_option_to_json(const sc_options_t *options, const sc_option_t *option,
                              sc_text_t *out)
{
    const void *value = (const char *)options + option->offset;

    switch (option->kind) {
    case SC_OPTION_SECRET:
        return SC_ERR_NOT_FOUND;
    case SC_OPTION_BOOL:
        sc_text_add(out, *(const bool *)value ? SC_STR("true") : SC_STR("false"));
        break;
    case SC_OPTION_UINT:
        sc_text_add_uint(out, *(const uint64_t *)value);
        break;
    case SC_OPTION_STRING:
    case SC_OPTION_LIST:
    case SC_OPTION_ENUM:
        add_string(*(char *const *)value, out);
        break;
    case SC_OPTION_PLUGINS:
        add_plugins(value, out);
        break;
    }
    return SC_OK;
}
