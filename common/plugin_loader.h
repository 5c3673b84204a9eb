/*
 * plugin_loader.h: finds a plugin's file, opens it, checks what it was built for, and attaches it.
 */
#ifndef SC_COMMON_PLUGIN_LOADER_H
#define SC_COMMON_PLUGIN_LOADER_H

#include "common/option_table.h"

#include <sc/plugin.h>

/** The plugins of one process, in load order. Zero is none. */
typedef struct sc_plugins {
    struct sc_loaded_plugin *items;
    uint32_t count;
} sc_plugins_t;

/**
 * Loads and attaches the worker half of each of options->plugins. A failure is logged as one line that names the plugin
 * and the reason: not found (and where it was looked for), no plugin (the symbol is missing), built for
 * another interface version (names both), attach failed.
 *
 * @return SC_OK; SC_ERR_NOT_FOUND, SC_ERR_INVALID, or what attach returned: loading stops at the first
 */
SC_MUST_CHECK sc_status_t sc_plugins_load_worker(sc_plugins_t *plugins, sc_worker_t *worker,
                                                 const sc_options_t *options);
/** The same for a broker: the broker half of each of options->plugins that has one, then of brokerPlugins, which must. */
SC_MUST_CHECK sc_status_t sc_plugins_load_broker(sc_plugins_t *plugins, sc_broker_t *broker,
                                                 const sc_options_t *options);
/** The same for the master: the master half of each of masterPlugins, which must have one and must not start threads. */
SC_MUST_CHECK sc_status_t sc_plugins_load_master(sc_plugins_t *plugins, sc_master_t *master,
                                                 const sc_options_t *options);
/** Detaches in reverse order. Objects stay mapped: leak reports keep their names. */
void sc_plugins_unload(sc_plugins_t *plugins);

#endif
