/*
 * master.h: the process that starts, watches, replaces and stops the others. It has no thread and no connection, and
 * never touches nanomsg: only such a process may fork.
 */
#ifndef SC_MASTER_MASTER_H
#define SC_MASTER_MASTER_H

#include "common/loop.h"
#include "common/messenger.h"
#include "common/plugin_loader.h"
#include "master/api_master.h"
#include "master/child.h"
#include "master/listener.h"
#include "master/memory_watch.h"
#include "master/message_route.h"
#include "master/runtime_dir.h"

/** Moves forward only, but for RUNNING, in which children come and go. */
typedef enum sc_master_state {
    SC_MASTER_STARTING_BROKERS, /* until each has sent `ready` */
    SC_MASTER_STARTING_WORKERS, /* until each has sent `ready`; then the `ready` line is printed */
    SC_MASTER_RUNNING, /* until a signal, or SC_MASTER_STOPPING_* at once where a start fails */
    SC_MASTER_STOPPING_WORKERS, /* until none is left */
    SC_MASTER_STOPPING_BROKERS, /* until none is left; then the loop ends */
} sc_master_state_t;

/** A rolling restart: reload.h. */
typedef struct sc_reload {
    bool is_running;
    uint32_t worker; /* the one that is being replaced */
} sc_reload_t;

#define SC_MASTER_SIGNALS 5

struct sc_master {
    sc_options_t *options;
    sc_loop_t loop;
    struct event *signal_events[SC_MASTER_SIGNALS];
    sc_runtime_dir_t runtime_dir;
    int pid_file_fd;
    sc_listeners_t listeners;
    sc_child_t *brokers; /* options->brokers of them */
    sc_child_t *workers; /* options->workers of them */
    sc_master_state_t state;
    sc_reload_t reload;
    sc_wheel_timer_t term_timer;   /* from the order to stop until everything left is killed */
    sc_wheel_timer_t ticket_timer; /* until ticket_keys are replaced */
    uint8_t ticket_keys[SC_TICKET_KEYS_BYTES];
    sc_memory_watch_t memory_watch;
    sc_message_routes_t routes; /* of messages between plugins */
    sc_messenger_t messenger;   /* of the master's own plugins */
    sc_plugins_t plugins;
    sc_master_hooks_t hooks;
    sc_list_t timers; /* of plugins */
    int exit_code;
};

/**
 * Runs the cluster until it is told to stop.
 *
 * @param options  complete; outlives the call. Keys and certificates in it are replaced on SIGHUP
 * @return the process's exit code: 0 after a signal, 1 after a start that failed
 */
int sc_master_run(sc_options_t *options);

/** Loads and unloads the master's plugins, for --check. @return 0; 1: a plugin failed (logged). */
int sc_master_check(const sc_child_setup_t *setup);

/** Replaces a worker that serves as a rolling restart does. @return SC_OK; SC_ERR_STATE: not now. */
sc_status_t sc_master_replace(sc_master_t *master, sc_child_t *worker);
/** Sends {"type": type} to every child. */
void sc_master_tell_all(sc_master_t *master, const char *type);

#endif
