/*
 * option_foreign.h: options of SocketCluster 5 to 20 that have no meaning here. A configuration that has them works; the log
 * says that they do nothing.
 */
#ifndef SC_COMMON_OPTION_FOREIGN_H
#define SC_COMMON_OPTION_FOREIGN_H

#include <jansson.h>
#include <sc/types.h>

/**
 * Whether a member of a configuration is an option of SocketCluster that has no meaning here, or a value without meaning
 * here of one that has (logLevel is a number there).
 */
bool sc_option_is_foreign(const char *json_name, const json_t *value);
/** Whether a codecEngine of SocketCluster is one of those that each client may choose here, by the name of its module. */
bool sc_option_is_served_codec(const json_t *engine);
/** The name here of an option that SocketCluster calls otherwise; its own name if it has none. */
const char *sc_option_own_name(const char *json_name);

#endif
