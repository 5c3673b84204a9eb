/*
 * log.h: one line per event on standard error or in a file: level, time, process, text; as text or JSON.
 * sc_log (sc/plugin.h) writes them; this header sets it up.
 */
#ifndef SC_COMMON_LOG_H
#define SC_COMMON_LOG_H

#include <sc/plugin.h>

typedef enum sc_log_format {
    SC_LOG_TEXT,
    SC_LOG_JSON,
} sc_log_format_t;

/**
 * Says how this process logs.
 *
 * @param process  name in each line, such as "sc-worker-0"; copied
 * @param level    lines below it are not written
 */
void sc_log_init(const char *process, sc_log_level_t level, sc_log_format_t format);

/** Names another process in each line from now on: a child that has been forked. Copied. */
void sc_log_set_process(const char *process);

/**
 * Opens the log file (append), or opens it again after a rotation; NULL: standard error.
 *
 * @param path  must live as long as the process
 * @return SC_OK; SC_ERR_IO: errno says why; lines go where they went before
 */
SC_MUST_CHECK sc_status_t sc_log_open(const char *path);

/** The descriptor that lines go to, for a child that closes what it did not open. */
int sc_log_fd(void);

/** Whether a line of that level would be written, for what is costly to put together. */
bool sc_log_enabled(sc_log_level_t level);

/** Writes the last line of a process: no limit, no allocation. */
void sc_log_fatal(const char *reason);

#endif
