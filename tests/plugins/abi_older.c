/*
 * abi_older.c: a plugin that was built for an earlier version of the plugin interface. It must be refused before anything but
 * the first member of its struct is used.
 */
#include <sc/plugin.h>

extern SC_API const sc_worker_plugin_t sc_worker_plugin;
const sc_worker_plugin_t sc_worker_plugin = {SC_ABI_VERSION - 1u, 0, NULL, NULL, NULL, NULL};
