/*
 * master.h: what a master plugin hooks into: the life of the cluster's processes, timers, messages.
 *
 * The master starts, watches and replaces all others. A plugin in it can take the whole cluster down, so it is
 * loaded only where `--master-plugin NAME` asks for it, and these rules are stricter than elsewhere:
 *
 *  - Never block: while the master waits nobody is replaced.
 *  - Never start a thread: only a process without threads may fork. A plugin that has started one in `attach` is
 *    refused.
 *  - Workers and brokers are forked from the master without exec. They have a copy of the plugin's memory, but none of it is
 *    called there: no callback, no `detach`. Descriptors are closed. Functions registered with atexit, and destructors of
 *    the shared object, do run there at the end: have none. A plugin with several halves keeps its state in
 *    `*state`, not in static variables, which the halves of children would find as the master left them.
 *  - A file that the master has loaded is loaded in workers and brokers too: if it also has their halves, a rolling restart gives
 *    them no new code. Put the master half into a file of its own.
 *  - It runs as the user of option `user`, with all secrets of the options in memory.
 */
#ifndef SC_MASTER_H
#define SC_MASTER_H

#include <sc/message.h>
#include <sc/plugin.h>

SC_EXTERN_C_BEGIN

SC_API uint32_t sc_master_worker_count(const sc_master_t *master);
SC_API uint32_t sc_master_broker_count(const sc_master_t *master);
/** Milliseconds since some moment in the past; never goes back. */
SC_API uint64_t sc_master_now_ms(const sc_master_t *master);
/** As sc_worker_option. Since ABI 1. */
SC_API SC_MUST_CHECK sc_status_t sc_master_option(const sc_master_t *master, const char *name,
                                                  sc_text_t *out);

typedef enum sc_master_event_type {
    SC_MASTER_EVENT_STARTED, /* a worker or broker was forked (process, pid, restart_count) */
    SC_MASTER_EVENT_READY,   /* it serves (process, pid, restart_count) */
    SC_MASTER_EVENT_ENDED, /* it has ended (process, pid, restart_count, exit_code, signal, was_asked); unless the cluster
                                stops it will be started again */
    SC_MASTER_EVENT_SERVING,  /* all serve, for the first time */
    SC_MASTER_EVENT_STOPPING, /* the cluster has begun to stop */
    SC_MASTER_EVENT_TYPES
} sc_master_event_type_t;

/** Fields may be added at the end. */
typedef struct sc_master_event {
    sc_master_event_type_t type;
    sc_process_t process;
    int pid;
    uint32_t restart_count; /* how many processes of this id came before this one */
    int exit_code;          /* 0 to 255; -1: a signal has ended it */
    int signal;             /* its number; 0: it has ended by itself */
    bool was_asked;         /* it was told to stop, or to make place for a successor */
} sc_master_event_t;

typedef void (*sc_master_event_cb)(const sc_master_event_t *event, void *arg);

/**
 * Listens to one type of event. Listeners are called in the order of registration.
 *
 * @return SC_OK; SC_ERR_INVALID: no such type
 * Since ABI 1.
 */
SC_API SC_MUST_CHECK sc_status_t sc_master_on(sc_master_t *master, sc_master_event_type_t type,
                                              sc_master_event_cb callback, void *arg);

typedef void (*sc_master_timer_cb)(void *arg);
/** As sc_worker_timer. Since ABI 1. */
SC_API sc_timer_t *sc_master_timer(sc_master_t *master, uint32_t first_ms, uint32_t every_ms,
                                   sc_master_timer_cb callback, void *arg);
/**
 * Replaces one worker, as SIGUSR2 does with all: its sockets are closed with 4001, a few at a time, and its successor takes
 * over what waits to be accepted.
 *
 * @return SC_OK: it was told to end; SC_ERR_INVALID: no such worker; SC_ERR_STATE: it does not serve now, or the
 *         cluster starts or stops
 * Since ABI 1.
 */
SC_API sc_status_t sc_master_replace_worker(sc_master_t *master, uint32_t worker);

SC_EXTERN_C_END

#endif
