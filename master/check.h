/*
 * check.h: --check: whether a cluster of these options would start, without serving.
 */
#ifndef SC_MASTER_CHECK_H
#define SC_MASTER_CHECK_H

#include "common/option_table.h"

/**
 * Loads the plugins in a process like a worker and one like a broker, each forked, so that they find what they will find.
 * Prints "ok", or leaves the line that failed in the log.
 *
 * @return the process's exit code
 */
int sc_check_run(sc_options_t *options);

#endif
