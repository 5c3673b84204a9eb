/*
 * plugin.h: how a shared object becomes a plugin.
 *
 * A plugin is one file, NAME.so, that exports one symbol for workers, one for brokers, one for the master, or several,
 * each made by a macro at the end of this header. `--plugin NAME` loads the worker half into every worker and, if there
 * is one, the broker half into every broker; `--broker-plugin NAME` loads the broker half alone. The master half (see
 * master.h) is loaded by `--master-plugin NAME` alone. Options follow the name:
 * `--plugin 'presence={"presenceInterval":5000}'`.
 *
 * `attach` runs once per process, before anything is served. It registers what the plugin wants to hear of
 * (worker.h, broker.h) and checks its options. Anything but SC_OK stops the start with a line that names the
 * plugin. `detach` runs when the process ends in order.
 *
 * Everything happens in one thread, the process's event loop. A callback that blocks holds up every client
 * of its worker. Pointers that a callback is given are borrowed until it returns, unless its comment says
 * otherwise. No callback is called from within a call of the plugin's own, unless that call says so.
 */
#ifndef SC_PLUGIN_H
#define SC_PLUGIN_H

#include <sc/types.h>

SC_EXTERN_C_BEGIN

/** Version of this interface. It grows when a meaning or a layout changes, not when something is added. */
#define SC_ABI_VERSION 1u

/** What a worker plugin exports. */
typedef struct sc_worker_plugin {
    uint32_t abi;        /* SC_ABI_VERSION; first in every version: any loader can read it */
    uint32_t size;       /* of this struct as the plugin knew it; it only grows at the end */
    const char *name;    /* as in --plugin and in the log; 1 to SC_PLUGIN_NAME_BYTES_MAX bytes */
    const char *version; /* the plugin's own */
    /* `options`: the JSON text given with the plugin, none if there was none; borrowed.
     * `*state`: the plugin's own, handed to detach; NULL at first. */
    sc_status_t (*attach)(sc_worker_t *worker, sc_str_t options, void **state);
    void (*detach)(sc_worker_t *worker, void *state); /* may be NULL */
} sc_worker_plugin_t;

/** What a broker plugin exports. */
typedef struct sc_broker_plugin {
    uint32_t abi;
    uint32_t size;
    const char *name;
    const char *version;
    sc_status_t (*attach)(sc_broker_t *broker, sc_str_t options, void **state);
    void (*detach)(sc_broker_t *broker, void *state);
} sc_broker_plugin_t;

/** What a master plugin exports. */
typedef struct sc_master_plugin {
    uint32_t abi;
    uint32_t size;
    const char *name;
    const char *version;
    sc_status_t (*attach)(sc_master_t *master, sc_str_t options, void **state);
    void (*detach)(sc_master_t *master, void *state);
} sc_master_plugin_t;

#define SC_WORKER_PLUGIN_SYMBOL "sc_worker_plugin"
#define SC_BROKER_PLUGIN_SYMBOL "sc_broker_plugin"
#define SC_MASTER_PLUGIN_SYMBOL "sc_master_plugin"

/** Exports a worker plugin; the last line of its source. */
#define SC_WORKER_PLUGIN(name, version, attach, detach)                                            \
    extern SC_API const sc_worker_plugin_t sc_worker_plugin;                                       \
    const sc_worker_plugin_t sc_worker_plugin = {                                                  \
        SC_ABI_VERSION, (uint32_t)sizeof(sc_worker_plugin_t), name, version, attach, detach}

/** Exports a broker plugin. */
#define SC_BROKER_PLUGIN(name, version, attach, detach)                                            \
    extern SC_API const sc_broker_plugin_t sc_broker_plugin;                                       \
    const sc_broker_plugin_t sc_broker_plugin = {                                                  \
        SC_ABI_VERSION, (uint32_t)sizeof(sc_broker_plugin_t), name, version, attach, detach}

/** Exports a master plugin. */
#define SC_MASTER_PLUGIN(name, version, attach, detach)                                            \
    extern SC_API const sc_master_plugin_t sc_master_plugin;                                       \
    const sc_master_plugin_t sc_master_plugin = {                                                  \
        SC_ABI_VERSION, (uint32_t)sizeof(sc_master_plugin_t), name, version, attach, detach}

typedef enum sc_log_level {
    SC_LOG_DEBUG,
    SC_LOG_INFO,
    SC_LOG_WARN,
    SC_LOG_ERROR,
} sc_log_level_t;

/**
 * Writes one line to the log: level, time, process, then the text. Lines of one format are limited to a few
 * per second; what was left out is counted in a later line. Never log a token or a key.
 *
 * @param format  printf's; UTF-8; line breaks in the result are escaped
 * Thread: the process's only. Since ABI 1.
 */
SC_API void sc_log(sc_log_level_t level, const char *format, ...) SC_PRINTF(2, 3);

SC_EXTERN_C_END

#endif
