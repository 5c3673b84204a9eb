#include "common/plugin_loader.h"

#include "common/alloc.h"
#include "common/log.h"
#include "common/process.h"
#include "common/str.h"

#include <dlfcn.h>
#include <stdio.h>
#include <unistd.h>

#define PATH_BYTES_MAX 4096

/* Both halves of a plugin begin alike, so what can be checked before the types part is checked once. */
typedef struct plugin_head {
    uint32_t abi;
    uint32_t size;
    const char *name;
    const char *version;
} plugin_head_t;

_Static_assert(offsetof(sc_worker_plugin_t, version) == offsetof(plugin_head_t, version) &&
                   offsetof(sc_broker_plugin_t, version) == offsetof(plugin_head_t, version) &&
                   offsetof(sc_master_plugin_t, version) == offsetof(plugin_head_t, version),
               "the halves of a plugin begin alike");

struct sc_loaded_plugin {
    const plugin_head_t *head;
    const sc_worker_plugin_t *worker_half; /* one of these three */
    const sc_broker_plugin_t *broker_half;
    const sc_master_plugin_t *master_half;
    sc_worker_t *worker;
    sc_broker_t *broker;
    sc_master_t *master;
    void *state; /* the plugin's own */
};

/* Where NAME.so may be: pluginDir, plugins/ beside the program's folder, the installed folder. */
static void plugin_path(char path[PATH_BYTES_MAX], int place, const char *name,
                        const sc_options_t *options)
{
    char program[PATH_BYTES_MAX];
    ssize_t len;

    path[0] = '\0';
    if (place == 0 && options->plugin_dir != NULL)
        snprintf(path, PATH_BYTES_MAX, "%s/%s.so", options->plugin_dir, name);
    if (place == 1) {
        len = readlink("/proc/self/exe", program, sizeof(program) - 1);
        program[len > 0 ? len : 0] = '\0';
        for (int level = 0; level < 2 && strrchr(program, '/') != NULL; level++)
            *strrchr(program, '/') = '\0';
        if (snprintf(path, PATH_BYTES_MAX, "%s/plugins/%s.so", program, name) >= PATH_BYTES_MAX)
            path[0] = '\0';
    }
    if (place == 2)
        snprintf(path, PATH_BYTES_MAX, "%s/%s.so", SC_PLUGIN_DIR, name);
}

/* Finds a plugin's file; says where it was looked for if there is none. */
static sc_status_t find_file(const char *name, const sc_options_t *options,
                             char path[PATH_BYTES_MAX])
{
    sc_text_t looked = {0};

    if (strchr(name, '/') != NULL) {
        snprintf(path, PATH_BYTES_MAX, "%s", name);
        if (access(path, F_OK) == 0)
            return SC_OK;
        sc_log(SC_LOG_ERROR, "plugin %s: there is no such file", name);
        return SC_ERR_NOT_FOUND;
    }
    for (int place = 0; place < 3; place++) {
        plugin_path(path, place, name, options);
        if (path[0] != '\0' && access(path, F_OK) == 0) {
            sc_text_free(&looked);
            return SC_OK;
        }
        if (path[0] != '\0')
            sc_text_addf(&looked, "%s%s", looked.len > 0 ? ", " : "", path);
    }
    sc_log(SC_LOG_ERROR, "plugin %s: not found; looked for %.*s", name,
           SC_STR_ARG(sc_text_str(&looked)));
    sc_text_free(&looked);
    return SC_ERR_NOT_FOUND;
}

static const char *file_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash != NULL ? slash + 1 : path;
}

/* Opens a plugin's file. It is never closed: code of it may be running, and leak reports need its names. */
static sc_status_t open_file(const char *name, const sc_options_t *options,
                             char path[PATH_BYTES_MAX], void **object)
{
    sc_status_t status = find_file(name, options, path);

    if (status != SC_OK)
        return status;
    *object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (*object == NULL) {
        sc_log(SC_LOG_ERROR, "plugin %s: can't be loaded: %s", file_name(path), dlerror());
        return SC_ERR_INVALID;
    }
    return SC_OK;
}

/* The version stands first and is checked first: of another version nothing else may be looked at. */
static sc_status_t check_head(const plugin_head_t *head, const char *path, size_t size_min)
{
    const char *file = file_name(path);

    if (head->abi != SC_ABI_VERSION) {
        sc_log(SC_LOG_ERROR, "plugin %s: built for plugin interface %u, this program has %u", file,
               head->abi, SC_ABI_VERSION);
        return SC_ERR_INVALID;
    }
    if (head->size < size_min) {
        sc_log(SC_LOG_ERROR, "plugin %s: its descriptor has %u bytes, this program needs %zu", file,
               head->size, size_min);
        return SC_ERR_INVALID;
    }
    if (head->name == NULL || head->name[0] == '\0' ||
        strnlen(head->name, SC_PLUGIN_NAME_BYTES_MAX + 1) > SC_PLUGIN_NAME_BYTES_MAX) {
        sc_log(SC_LOG_ERROR, "plugin %s: its name must have 1 to %d bytes", file,
               SC_PLUGIN_NAME_BYTES_MAX);
        return SC_ERR_INVALID;
    }
    return SC_OK;
}

static bool is_loaded(const sc_plugins_t *plugins, const char *name)
{
    for (uint32_t i = 0; i < plugins->count; i++) {
        if (strcmp(plugins->items[i].head->name, name) == 0)
            return true;
    }
    return false;
}

static sc_status_t attach_half(struct sc_loaded_plugin *plugin, sc_str_t options)
{
    if (plugin->worker_half != NULL) {
        if (plugin->worker_half->attach == NULL)
            return SC_ERR_INVALID;
        return plugin->worker_half->attach(plugin->worker, options, &plugin->state);
    }
    if (plugin->master_half != NULL) {
        if (plugin->master_half->attach == NULL)
            return SC_ERR_INVALID;
        return plugin->master_half->attach(plugin->master, options, &plugin->state);
    }
    if (plugin->broker_half->attach == NULL)
        return SC_ERR_INVALID;
    return plugin->broker_half->attach(plugin->broker, options, &plugin->state);
}

/* Attaches a plugin that was checked and keeps it. */
static sc_status_t attach(sc_plugins_t *plugins, struct sc_loaded_plugin plugin, const char *path,
                          const char *options_json)
{
    sc_status_t status;

    if (is_loaded(plugins, plugin.head->name)) {
        sc_log(SC_LOG_ERROR, "plugin %s: there is one of the name %s already", file_name(path),
               plugin.head->name);
        return SC_ERR_INVALID;
    }
    status = attach_half(&plugin, sc_str_from(options_json));
    if (status != SC_OK) {
        sc_log(SC_LOG_ERROR, "plugin %s: refused to start: %s", plugin.head->name,
               sc_status_name(status));
        return status;
    }
    plugins->items = sc_realloc(plugins->items, (plugins->count + 1) * sizeof(*plugins->items));
    plugins->items[plugins->count++] = plugin;
    sc_log(SC_LOG_DEBUG, "plugin %s %s attached", plugin.head->name,
           plugin.head->version != NULL ? plugin.head->version : "");
    return SC_OK;
}

static sc_status_t load_worker_half(sc_plugins_t *plugins, sc_worker_t *worker,
                                    const sc_options_t *options, const sc_plugin_option_t *option)
{
    struct sc_loaded_plugin plugin = {.worker = worker};
    char path[PATH_BYTES_MAX];
    sc_status_t status;
    void *object;

    status = open_file(option->name, options, path, &object);
    if (status != SC_OK)
        return status;
    plugin.worker_half = dlsym(object, SC_WORKER_PLUGIN_SYMBOL);
    if (plugin.worker_half == NULL) {
        const char *reason = "no plugin: it does not export " SC_WORKER_PLUGIN_SYMBOL;

        if (dlsym(object, SC_BROKER_PLUGIN_SYMBOL) != NULL)
            reason = "it is for brokers only: load it with --broker-plugin";
        else if (dlsym(object, SC_MASTER_PLUGIN_SYMBOL) != NULL)
            reason = "it is for the master only: load it with --master-plugin";
        sc_log(SC_LOG_ERROR, "plugin %s: %s", file_name(path), reason);
        return SC_ERR_INVALID;
    }
    plugin.head = (const plugin_head_t *)(const void *)plugin.worker_half;
    status = check_head(plugin.head, path,
                        offsetof(sc_worker_plugin_t, detach) + sizeof(plugin.worker_half->detach));
    if (status != SC_OK)
        return status;
    return attach(plugins, plugin, path, option->options);
}

sc_status_t sc_plugins_load_worker(sc_plugins_t *plugins, sc_worker_t *worker,
                                   const sc_options_t *options)
{
    for (uint32_t i = 0; i < options->plugins.count; i++) {
        sc_status_t status = load_worker_half(plugins, worker, options, &options->plugins.items[i]);

        if (status != SC_OK)
            return status;
    }
    return SC_OK;
}

static sc_status_t load_broker_half(sc_plugins_t *plugins, sc_broker_t *broker,
                                    const sc_options_t *options, const sc_plugin_option_t *option,
                                    bool must_have)
{
    struct sc_loaded_plugin plugin = {.broker = broker};
    char path[PATH_BYTES_MAX];
    sc_status_t status;
    void *object;

    status = open_file(option->name, options, path, &object);
    if (status != SC_OK)
        return status;
    plugin.broker_half = dlsym(object, SC_BROKER_PLUGIN_SYMBOL);
    if (plugin.broker_half == NULL) {
        if (!must_have)
            return SC_OK;
        sc_log(SC_LOG_ERROR, "plugin %s: no broker plugin: it does not export %s", file_name(path),
               SC_BROKER_PLUGIN_SYMBOL);
        return SC_ERR_INVALID;
    }
    plugin.head = (const plugin_head_t *)(const void *)plugin.broker_half;
    status = check_head(plugin.head, path,
                        offsetof(sc_broker_plugin_t, detach) + sizeof(plugin.broker_half->detach));
    if (status != SC_OK)
        return status;
    return attach(plugins, plugin, path, option->options);
}

sc_status_t sc_plugins_load_broker(sc_plugins_t *plugins, sc_broker_t *broker,
                                   const sc_options_t *options)
{
    sc_status_t status = SC_OK;

    for (uint32_t i = 0; i < options->plugins.count && status == SC_OK; i++)
        status = load_broker_half(plugins, broker, options, &options->plugins.items[i], false);
    for (uint32_t i = 0; i < options->broker_plugins.count && status == SC_OK; i++)
        status =
            load_broker_half(plugins, broker, options, &options->broker_plugins.items[i], true);
    return status;
}

static sc_status_t load_master_half(sc_plugins_t *plugins, sc_master_t *master,
                                    const sc_options_t *options, const sc_plugin_option_t *option)
{
    struct sc_loaded_plugin plugin = {.master = master};
    char path[PATH_BYTES_MAX];
    sc_status_t status;
    void *object;

    status = open_file(option->name, options, path, &object);
    if (status != SC_OK)
        return status;
    plugin.master_half = dlsym(object, SC_MASTER_PLUGIN_SYMBOL);
    if (plugin.master_half == NULL) {
        sc_log(SC_LOG_ERROR, "plugin %s: no master plugin: it does not export %s", file_name(path),
               SC_MASTER_PLUGIN_SYMBOL);
        return SC_ERR_INVALID;
    }
    plugin.head = (const plugin_head_t *)(const void *)plugin.master_half;
    status = check_head(plugin.head, path,
                        offsetof(sc_master_plugin_t, detach) + sizeof(plugin.master_half->detach));
    if (status == SC_OK)
        status = attach(plugins, plugin, path, option->options);
    if (status == SC_OK && sc_process_thread_count() > 1) {
        sc_log(SC_LOG_ERROR, "plugin %s: has started a thread in the master, which can't fork then",
               file_name(path));
        return SC_ERR_INVALID;
    }
    return status;
}

sc_status_t sc_plugins_load_master(sc_plugins_t *plugins, sc_master_t *master,
                                   const sc_options_t *options)
{
    sc_status_t status = SC_OK;

    for (uint32_t i = 0; i < options->master_plugins.count && status == SC_OK; i++)
        status = load_master_half(plugins, master, options, &options->master_plugins.items[i]);
    return status;
}

static void detach(const struct sc_loaded_plugin *plugin)
{
    if (plugin->worker_half != NULL && plugin->worker_half->detach != NULL)
        plugin->worker_half->detach(plugin->worker, plugin->state);
    if (plugin->broker_half != NULL && plugin->broker_half->detach != NULL)
        plugin->broker_half->detach(plugin->broker, plugin->state);
    if (plugin->master_half != NULL && plugin->master_half->detach != NULL)
        plugin->master_half->detach(plugin->master, plugin->state);
}

void sc_plugins_unload(sc_plugins_t *plugins)
{
    while (plugins->count > 0)
        detach(&plugins->items[--plugins->count]);
    free(plugins->items);
    memset(plugins, 0, sizeof(*plugins));
}
