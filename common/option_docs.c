#include "common/option_docs.h"

#include "common/option_value.h"
#include "common/str.h"

/* Where the help of a flag begins. */
#define HELP_COLUMN 34
#define HELP_LINE_BYTES 100

/* Where a word that is longer than a line may be broken: behind the last '|' that fits, else at its end. */
static size_t fitting(sc_str_t word)
{
    const char *bar;

    if (word.len <= HELP_LINE_BYTES - HELP_COLUMN)
        return word.len;
    bar = memrchr(word.ptr, '|', HELP_LINE_BYTES - HELP_COLUMN);
    return bar != NULL ? (size_t)(bar - word.ptr) + 1 : word.len;
}

/* Adds text in lines of at most HELP_LINE_BYTES, each but the first indented to the help's column. */
static void add_wrapped(sc_text_t *out, sc_str_t text)
{
    size_t column = HELP_COLUMN;
    sc_str_t word;

    while (sc_str_split(&text, ' ', &word)) {
        for (size_t len = fitting(word); len < word.len; len = fitting(word)) {
            sc_text_addf(out, "%.*s\n%*s", (int)len, word.ptr, HELP_COLUMN, "");
            word = sc_str(word.ptr + len, word.len - len);
        }
        if (column + 1 + word.len > HELP_LINE_BYTES && column > HELP_COLUMN) {
            sc_text_addf(out, "\n%*s", HELP_COLUMN, "");
            column = HELP_COLUMN;
        }
        sc_text_addf(out, "%s%.*s", column > HELP_COLUMN ? " " : "", SC_STR_ARG(word));
        column += 1 + word.len;
    }
    sc_text_add(out, SC_STR("\n"));
}

static const char *placeholder(const sc_option_t *option)
{
    switch (option->kind) {
    case SC_OPTION_BOOL:
        return "";
    case SC_OPTION_UINT:
        return " N";
    case SC_OPTION_PLUGINS:
        return " NAME[=JSON]";
    default:
        return " TEXT";
    }
}

static void add_help_row(sc_text_t *out, const char *names, sc_str_t help)
{
    sc_text_addf(out, "  %-*s", HELP_COLUMN - 2, names);
    if (strlen(names) > HELP_COLUMN - 3)
        sc_text_addf(out, "\n%*s", HELP_COLUMN, "");
    add_wrapped(out, help);
}

static void add_option_help(sc_text_t *out, const sc_option_t *option)
{
    sc_text_t names = {0};
    sc_text_t help = {0};

    if (option->letter != 0)
        sc_text_addf(&names, "-%c, ", option->letter);
    sc_text_addf(&names, "--%s%s%c", option->flag, placeholder(option), '\0');
    sc_text_addf(&help, "%s", option->help);
    if (option->fallback != NULL)
        sc_text_addf(&help, " [%s]", option->fallback);
    add_help_row(out, names.ptr, sc_text_str(&help));
    sc_text_free(&names);
    sc_text_free(&help);
}

void sc_option_docs_help(sc_text_t *out)
{
    sc_text_add(
        out,
        SC_STR("usage: sc-cluster [OPTION...]\n\n"
               "A realtime server for clients of SocketCluster: workers, brokers, plugins.\n\n"));
    for (size_t i = 0; i < sc_option_count; i++) {
        if (sc_option_table[i].flag != NULL)
            add_option_help(out, &sc_option_table[i]);
    }
    add_help_row(out, "--config FILE",
                 SC_STR("JSON file of options, by their names there (--print-config)"));
    add_help_row(out, "--check", SC_STR("check options and plugins, then exit"));
    add_help_row(out, "--print-config",
                 SC_STR("print a file for --config with all options and their defaults"));
    add_help_row(out, "--print-options", SC_STR("print what all options mean, as Markdown"));
    add_help_row(out, "--version", SC_STR("print the version"));
    add_help_row(out, "-h, --help", SC_STR("print this"));
    sc_text_add(
        out,
        SC_STR("\nLater ones win: defaults, --config, SOCKETCLUSTER_WORKERS, "
               "SOCKETCLUSTER_BROKERS,\nSOCKETCLUSTER_PORT and SOCKETCLUSTER_OPTIONS (JSON) in "
               "the environment, flags.\n"));
}

static bool is_bare_json(const sc_option_t *option)
{
    return option->kind == SC_OPTION_BOOL || option->kind == SC_OPTION_UINT;
}

static void add_default(sc_text_t *out, const sc_option_t *option)
{
    if (option->kind == SC_OPTION_PLUGINS)
        sc_text_add(out, SC_STR("[]"));
    else if (option->fallback == NULL)
        sc_text_add(out, SC_STR("null"));
    else if (is_bare_json(option))
        sc_text_add(out, sc_str_from(option->fallback));
    else
        sc_text_add_quoted(out, sc_str_from(option->fallback));
}

void sc_option_docs_config(sc_text_t *out)
{
    sc_text_add(out, SC_STR("{\n"));
    for (size_t i = 0; i < sc_option_count; i++) {
        sc_text_addf(out, "  \"%s\": ", sc_option_table[i].json_name);
        add_default(out, &sc_option_table[i]);
        sc_text_add(out, i + 1 < sc_option_count ? SC_STR(",\n") : SC_STR("\n"));
    }
    sc_text_add(out, SC_STR("}\n"));
}

/* A bar would end the cell. */
static void add_cell(sc_text_t *out, sc_str_t text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '|')
            sc_text_add(out, SC_STR("\\"));
        sc_text_add(out, sc_str(&text.ptr[i], 1));
    }
}

static void add_markdown_row(sc_text_t *out, const sc_option_t *option)
{
    sc_text_t range = {0};

    sc_text_addf(out, "| `%s` | ", option->json_name);
    if (option->letter != 0)
        sc_text_addf(out, "`-%c`, ", option->letter);
    if (option->flag != NULL)
        sc_text_addf(out, "`--%s`", option->flag);
    sc_text_add(out, SC_STR(" | `"));
    add_default(out, option);
    sc_text_add(out, SC_STR("` | "));
    sc_option_describe(option, &range);
    add_cell(out, sc_text_str(&range));
    sc_text_add(out, SC_STR(" | "));
    add_cell(out, sc_str_from(option->help));
    sc_text_add(out, SC_STR(" |\n"));
    sc_text_free(&range);
}

void sc_option_docs_markdown(sc_text_t *out)
{
    sc_text_add(
        out,
        SC_STR("| name | flag | default | may be | meaning |\n| --- | --- | --- | --- | --- |\n"));
    for (size_t i = 0; i < sc_option_count; i++)
        add_markdown_row(out, &sc_option_table[i]);
}
