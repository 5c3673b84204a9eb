#include "common/option_load.h"

#include "common/alloc.h"
#include "common/option_deflate.h"
#include "common/option_foreign.h"
#include "common/option_secret.h"
#include "common/option_tls.h"
#include "common/option_value.h"
#include "common/str.h"

#include <errno.h>
#include <openssl/rand.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#define RANDOM_KEY_BYTES 32u
#define RANDOM_ID_BYTES 16u

#define COUNT_ONE(kind, field, json, flag, letter, min, max, fallback, help) +1
enum { OPTION_COUNT = 0 SC_OPTION_TABLE(COUNT_ONE) };

/* Where a value comes from; a later one wins. */
typedef enum option_source {
    FROM_DEFAULT,
    FROM_FILE,
    FROM_ENVIRONMENT,
    FROM_FLAG,
} option_source_t;

/* Loading in progress. */
typedef struct option_load {
    sc_options_t *options;
    sc_options_report_t *report;
    option_source_t sources[OPTION_COUNT];
    const char *config_path;
    bool has_protocol_options; /* SocketCluster's; they count with protocol "https" alone */
} option_load_t;

/* A flag as it stands on the command line. */
typedef struct flag {
    const sc_option_t *option; /* NULL: one of the commands, or --config */
    sc_str_t name;             /* without dashes */
    char *value;               /* NULL: it takes none */
    char shown[80];            /* as it was written, for messages */
} flag_t;

static sc_status_t fail(option_load_t *load, const char *format, ...) SC_PRINTF(2, 3);

static sc_status_t fail(option_load_t *load, const char *format, ...)
{
    char reason[1024];
    va_list args;

    va_start(args, format);
    vsnprintf(reason, sizeof(reason), format, args);
    va_end(args);
    for (char *at = reason; *at != '\0'; at++) {
        if ((unsigned char)*at < 0x20)
            *at = '?'; /* one line, whatever stood in a value */
    }
    sc_text_clear(&load->report->error);
    sc_text_add(&load->report->error, sc_str_from(reason));
    return SC_ERR_INVALID;
}

/* Ends a set_text or set_json: notes the source, or completes the error with where the value stands. */
static sc_status_t note_set(option_load_t *load, const sc_option_t *option, option_source_t source,
                            sc_status_t status, const char *where, sc_text_t *why)
{
    if (status == SC_OK)
        load->sources[option - sc_option_table] = source;
    else
        status = fail(load, "option %s %.*s", where, SC_STR_ARG(sc_text_str(why)));
    sc_text_free(why);
    return status;
}

static sc_status_t set_text(option_load_t *load, const sc_option_t *option, option_source_t source,
                            const char *value, const char *where)
{
    sc_text_t why = {0};
    sc_status_t status;

    /* The first plugin of a source replaces those of the sources before it; the others are added. */
    if (option->kind == SC_OPTION_PLUGINS && load->sources[option - sc_option_table] != source)
        sc_option_clear(load->options, option);
    status = sc_option_set_text(load->options, option, value, &why);
    return note_set(load, option, source, status, where, &why);
}

static void warn_foreign(option_load_t *load, const char *name)
{
    sc_text_addf(&load->report->warnings, "option %s of SocketCluster has no meaning here\n", name);
}

static sc_status_t set_members(option_load_t *load, option_source_t source, const json_t *document,
                               const char *origin);

/* perMessageDeflate as an object: each of its members is an option here. */
static sc_status_t set_deflate(option_load_t *load, option_source_t source, const json_t *object,
                               const char *origin)
{
    sc_text_t ignored = {0};
    sc_text_t why = {0};
    json_t *flat;
    sc_status_t status = sc_option_deflate_flatten(object, &flat, &ignored, &why);
    sc_str_t rest = sc_text_str(&ignored);
    sc_str_t name;

    if (status != SC_OK)
        status = fail(load, "option \"perMessageDeflate\" in %s %.*s", origin,
                      SC_STR_ARG(sc_text_str(&why)));
    else
        status = set_members(load, source, flat, origin);
    while (sc_str_split(&rest, '\n', &name)) {
        if (name.len > 0)
            sc_text_addf(&load->report->warnings, "perMessageDeflate: %.*s has no meaning here\n",
                         SC_STR_ARG(name));
    }
    json_decref(flat);
    sc_text_free(&ignored);
    sc_text_free(&why);
    return status;
}

static sc_status_t set_json(option_load_t *load, option_source_t source, const sc_option_t *option,
                            const json_t *value, const char *where)
{
    sc_text_t why = {0};
    sc_status_t status = sc_option_set_json(load->options, option, value, &why);

    return note_set(load, option, source, status, where, &why);
}

/* SocketCluster's protocolOptions: what Node.js's https module takes. */
static sc_status_t set_protocol_options(option_load_t *load, option_source_t source,
                                        const json_t *members, const char *origin)
{
    sc_status_t status = SC_OK;
    const char *name;
    json_t *value;
    char where[256];

    if (!json_is_object(members) && !json_is_null(members))
        return fail(load, "option \"protocolOptions\" in %s is no JSON object", origin);
    load->has_protocol_options = true;
    json_object_foreach((json_t *)members, name, value)
    {
        const char *own_name = sc_option_tls_own_name(name);
        json_t *own_value = sc_option_tls_own_value(name, value);

        snprintf(where, sizeof(where), "protocolOptions.%.100s", name);
        if (own_name == NULL)
            warn_foreign(load, where);
        else
            status = set_json(load, source, sc_option_by_json_name(sc_str_from(own_name)),
                              own_value, where);
        json_decref(own_value);
        if (status != SC_OK)
            break;
    }
    return status;
}

/* One member of a configuration. `origin`: "SOCKETCLUSTER_OPTIONS" or the file's name. */
static sc_status_t set_member(option_load_t *load, option_source_t source, const char *name,
                              const json_t *value, const char *origin)
{
    const sc_option_t *option = sc_option_by_json_name(sc_str_from(sc_option_own_name(name)));
    char where[256];

    if (strcmp(name, "perMessageDeflate") == 0 && json_is_object(value))
        return set_deflate(load, source, value, origin);
    if (strcmp(name, "protocolOptions") == 0)
        return set_protocol_options(load, source, value, origin);
    /* One that is served needs no setting: each client has its own codec (option codec). */
    if (strcmp(name, "codecEngine") == 0)
        return sc_option_is_served_codec(value)
                   ? SC_OK
                   : fail(load,
                          "option \"codecEngine\" in %s: only sc-formatter (JSON) and "
                          "sc-codec-min-bin are spoken here",
                          origin);
    if (sc_option_is_foreign(name, value)) {
        warn_foreign(load, name);
        return SC_OK;
    }
    if (option == NULL)
        return fail(load, "unknown option \"%.100s\" in %s; --help and --print-config show all",
                    name, origin);
    snprintf(where, sizeof(where), "\"%s\" in %s", name, origin);
    return set_json(load, source, option, value, where);
}

static sc_status_t set_members(option_load_t *load, option_source_t source, const json_t *document,
                               const char *origin)
{
    const char *name;
    json_t *value;

    if (!json_is_object(document))
        return fail(load, "%s is not a JSON object", origin);
    json_object_foreach((json_t *)document, name, value)
    {
        sc_status_t status = set_member(load, source, name, value, origin);

        if (status != SC_OK)
            return status;
    }
    return SC_OK;
}

/* The parser's own text may show what stands near the error, which may be a key. */
static sc_status_t fail_json(option_load_t *load, const char *origin, const json_error_t *error)
{
    return fail(load, "%s is not JSON (or has a name twice): see line %d, column %d", origin,
                error->line, error->column);
}

static sc_status_t load_file(option_load_t *load)
{
    FILE *file = fopen(load->config_path, "re");
    sc_status_t status;
    json_error_t error;
    json_t *document;

    if (file == NULL)
        return fail(load, "--config: can't read %s: %s", load->config_path, strerror(errno));
    document = json_loadf(file, JSON_REJECT_DUPLICATES, &error);
    fclose(file);
    if (document == NULL)
        return fail_json(load, load->config_path, &error);
    status = set_members(load, FROM_FILE, document, load->config_path);
    json_decref(document);
    return status;
}

static sc_status_t load_variable(option_load_t *load, const char *variable, const char *json_name)
{
    const char *value = getenv(variable);

    if (value == NULL || value[0] == '\0')
        return SC_OK;
    return set_text(load, sc_option_by_json_name(sc_str_from(json_name)), FROM_ENVIRONMENT, value,
                    variable);
}

static sc_status_t load_options_variable(option_load_t *load)
{
    static const char variable[] = "SOCKETCLUSTER_OPTIONS";
    char *value = getenv(variable);
    sc_status_t status;
    json_error_t error;
    json_t *document;

    if (value == NULL || value[0] == '\0')
        return SC_OK;
    document = json_loads(value, JSON_REJECT_DUPLICATES, &error);
    explicit_bzero(value,
                   strlen(value)); /* it may hold keys, and a process's environment can be read */
    unsetenv(variable);
    if (document == NULL)
        return fail_json(load, variable, &error);
    status = set_members(load, FROM_ENVIRONMENT, document, variable);
    json_decref(document);
    return status;
}

/* As SocketCluster's sample server: what is in SOCKETCLUSTER_OPTIONS wins over the single variables. */
static sc_status_t load_environment(option_load_t *load)
{
    sc_status_t status = load_variable(load, "SOCKETCLUSTER_WORKERS", "workers");

    if (status == SC_OK)
        status = load_variable(load, "SOCKETCLUSTER_BROKERS", "brokers");
    if (status == SC_OK)
        status = load_variable(load, "SOCKETCLUSTER_PORT", "port");
    if (status == SC_OK)
        status = load_options_variable(load);
    return status;
}

/* What the command line alone has. */
static const struct {
    const char *name;
    bool has_value;
    sc_options_command_t command;
} command_flags[] = {
    {"config", true, SC_COMMAND_RUN},
    {"check", false, SC_COMMAND_CHECK},
    {"help", false, SC_COMMAND_HELP},
    {"version", false, SC_COMMAND_VERSION},
    {"print-config", false, SC_COMMAND_PRINT_CONFIG},
    {"print-options", false, SC_COMMAND_PRINT_OPTIONS},
};

#define COMMAND_FLAG_COUNT (sizeof(command_flags) / sizeof(command_flags[0]))

/* Index in command_flags, or COMMAND_FLAG_COUNT. */
static size_t find_command_flag(sc_str_t name)
{
    size_t i = 0;

    while (i < COMMAND_FLAG_COUNT && !sc_str_equal(sc_str_from(command_flags[i].name), name))
        i++;
    return i;
}

/* Splits "--name", "--name=value", "-x" or "-xvalue" into name and value (NULL: none in this argument). */
static bool split_flag(char *argument, flag_t *flag)
{
    char *equals = strchr(argument, '=');

    memset(flag, 0, sizeof(*flag));
    if (argument[0] != '-' || argument[1] == '\0')
        return false;
    if (argument[1] != '-') {
        flag->option = sc_option_by_letter(argument[1]);
        flag->name = argument[1] == 'h' ? SC_STR("help") : sc_str(argument + 1, 1);
        flag->value = argument[2] != '\0' ? argument + 2 : NULL;
        snprintf(flag->shown, sizeof(flag->shown), "-%c", argument[1]);
        return true;
    }
    flag->name = sc_str_from(argument + 2);
    if (equals != NULL) {
        flag->name.len = (size_t)(equals - argument) - 2;
        flag->value = equals + 1;
    }
    flag->option = sc_option_by_flag(flag->name);
    snprintf(flag->shown, sizeof(flag->shown), "--%.*s", SC_STR_ARG(flag->name));
    return true;
}

/* Reads the flag at argv[*at] and moves *at behind it. */
static sc_status_t next_flag(option_load_t *load, int argc, char **argv, int *at, flag_t *flag)
{
    char *argument = argv[(*at)++];
    size_t command;
    bool has_value;

    if (!split_flag(argument, flag))
        return fail(load, "%.100s is not an option; --help shows all", argument);
    command = find_command_flag(flag->name);
    if (flag->option == NULL && command == COMMAND_FLAG_COUNT)
        return fail(load, "unknown option %s; --help shows all", flag->shown);
    has_value = flag->option != NULL ? flag->option->kind != SC_OPTION_BOOL
                                     : command_flags[command].has_value;
    if (!has_value && flag->value != NULL)
        return fail(load, "option %s takes no value", flag->shown);
    if (has_value && flag->value == NULL) {
        if (*at >= argc)
            return fail(load, "option %s needs a value", flag->shown);
        flag->value = argv[(*at)++];
    }
    return SC_OK;
}

/* The first pass over the command line: what is to be done, and with which file. */
static sc_status_t find_commands(option_load_t *load, int argc, char **argv)
{
    for (int at = 1; at < argc;) {
        flag_t flag;
        sc_status_t status = next_flag(load, argc, argv, &at, &flag);

        if (status != SC_OK)
            return status;
        if (flag.option != NULL)
            continue;
        if (flag.value != NULL)
            load->config_path = flag.value;
        else
            load->report->command = command_flags[find_command_flag(flag.name)].command;
    }
    return SC_OK;
}

static sc_status_t load_flags(option_load_t *load, int argc, char **argv)
{
    for (int at = 1; at < argc;) {
        flag_t flag;
        sc_status_t status = next_flag(load, argc, argv, &at, &flag);

        if (status == SC_OK && flag.option != NULL)
            status = set_text(load, flag.option, FROM_FLAG,
                              flag.value != NULL ? flag.value : "true", flag.shown);
        if (status != SC_OK)
            return status;
    }
    return SC_OK;
}

/* The command line of a process can be read by everyone on the machine. */
static void hide_secret_flags(option_load_t *load, int argc, char **argv)
{
    for (int at = 1; at < argc;) {
        flag_t flag;

        if (next_flag(load, argc, argv, &at, &flag) != SC_OK)
            return; /* the run ends with this error */
        if (flag.option != NULL && flag.option->kind == SC_OPTION_SECRET)
            memset(flag.value, '*', strlen(flag.value));
    }
}

/* A key may be given itself or as a file. Where both are given, the later source wins; within one it is a mistake. */
static sc_status_t choose_key(option_load_t *load, const sc_secret_t *secret)
{
    const sc_option_t *key = sc_option_by_json_name(sc_str_from(secret->text_name));
    const sc_option_t *file = sc_option_by_json_name(sc_str_from(secret->file_name));
    option_source_t key_source = load->sources[key - sc_option_table];
    option_source_t file_source = load->sources[file - sc_option_table];

    if (!sc_option_is_set(load->options, key) || !sc_option_is_set(load->options, file))
        return SC_OK;
    if (key_source == file_source)
        return fail(load, "options %s and %s: only one of them may be given", secret->text_name,
                    secret->file_name);
    sc_option_clear(load->options, key_source > file_source ? file : key);
    return SC_OK;
}

/* SocketCluster's own default is http, which its protocolOptions do not change. */
static void drop_idle_protocol_options(option_load_t *load)
{
    static const char *const names[] = {"tlsCertPem", "tlsKeyPem", "tlsPassphrase"};
    const char *protocol = load->options->protocol;

    if (!load->has_protocol_options || (protocol != NULL && strcmp(protocol, "https") == 0))
        return;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        sc_option_clear(load->options, sc_option_by_json_name(sc_str_from(names[i])));
    sc_text_add(&load->report->warnings,
                SC_STR("option protocolOptions does nothing: protocol is not https\n"));
}

static sc_status_t resolve_tls(option_load_t *load)
{
    sc_text_t error = {0};
    sc_status_t status;

    drop_idle_protocol_options(load);
    status = sc_option_tls_check(load->options, &error);
    if (status != SC_OK)
        status = fail(load, "%.*s", SC_STR_ARG(sc_text_str(&error)));
    sc_text_free(&error);
    return status;
}

static sc_status_t read_secrets(option_load_t *load)
{
    sc_secrets_t secrets;
    sc_text_t error = {0};
    sc_status_t status = sc_secrets_read(load->options, &secrets, &error);

    if (status == SC_OK)
        sc_secrets_swap(load->options, &secrets);
    else
        status = fail(load, "%.*s", SC_STR_ARG(sc_text_str(&error)));
    sc_secrets_deinit(&secrets);
    sc_text_free(&error);
    return status;
}

/* Makes a text of `count` random bytes in hexadecimal. */
static sc_status_t make_random(option_load_t *load, const char *json_name, size_t count,
                               char **text)
{
    unsigned char bytes[RANDOM_KEY_BYTES];
    sc_text_t hex = {0};

    sc_assert(count <= sizeof(bytes));
    if (RAND_bytes(bytes, (int)count) != 1)
        return fail(load, "no random numbers for a random %s", json_name);
    for (size_t i = 0; i < count; i++)
        sc_text_addf(&hex, "%02x", bytes[i]);
    *text = sc_strdup(sc_text_str(&hex));
    explicit_bzero(hex.ptr, hex.len);
    explicit_bzero(bytes, sizeof(bytes));
    sc_text_free(&hex);
    return SC_OK;
}

static sc_status_t resolve_keys(option_load_t *load)
{
    const sc_options_t *options = load->options;
    sc_status_t status = resolve_tls(load);

    for (size_t i = 0; i < SC_SECRET_COUNT && status == SC_OK; i++)
        status = choose_key(load, &sc_secret_table[i]);
    if (status == SC_OK)
        status = read_secrets(load);
    if (status == SC_OK && options->auth_key == NULL && options->auth_private_key == NULL &&
        options->auth_public_key == NULL && options->auth_verify_keys.count == 0)
        status = make_random(load, "authKey", RANDOM_KEY_BYTES, &load->options->auth_key);
    return status;
}

/* The processors that this process may use, which in a container are fewer than the machine has. */
static uint64_t count_cores(void)
{
    cpu_set_t cores;
    int count = 0;

    if (sched_getaffinity(0, sizeof(cores), &cores) == 0)
        count = CPU_COUNT(&cores);
    return count > 0 ? (uint64_t)count : 1;
}

static sc_status_t load_all(option_load_t *load, int argc, char **argv)
{
    sc_status_t status = SC_OK;

    if (load->config_path != NULL)
        status = load_file(load);
    if (status == SC_OK)
        status = load_environment(load);
    if (status == SC_OK)
        status = load_flags(load, argc, argv);
    hide_secret_flags(load, argc, argv);
    if (status == SC_OK)
        status = resolve_keys(load);
    if (status == SC_OK && load->options->instance_id == NULL)
        status = make_random(load, "instanceId", RANDOM_ID_BYTES, &load->options->instance_id);
    if (load->options->workers == 0)
        load->options->workers = count_cores();
    return status;
}

sc_status_t sc_options_load(sc_options_t *options, int argc, char **argv,
                            sc_options_report_t *report)
{
    option_load_t load = {.options = options, .report = report};
    sc_status_t status;

    memset(options, 0, sizeof(*options));
    memset(report, 0, sizeof(*report));
    for (size_t i = 0; i < sc_option_count; i++)
        sc_option_reset(options, &sc_option_table[i]);
    status = find_commands(&load, argc, argv);
    if (status != SC_OK)
        return status;
    if (report->command != SC_COMMAND_RUN && report->command != SC_COMMAND_CHECK)
        return SC_OK;
    return load_all(&load, argc, argv);
}

void sc_options_free(sc_options_t *options)
{
    sc_secrets_forget(options);
    for (size_t i = 0; i < sc_option_count; i++)
        sc_option_clear(options, &sc_option_table[i]);
}

void sc_options_report_free(sc_options_report_t *report)
{
    sc_text_free(&report->error);
    sc_text_free(&report->warnings);
}
