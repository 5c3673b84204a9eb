/*
 * child.h: one worker or broker as the master sees it: a process, its control link, and its life over restarts.
 */
#ifndef SC_MASTER_CHILD_H
#define SC_MASTER_CHILD_H

#include "common/control.h"
#include "common/loop.h"
#include "common/process.h"

#include <sys/types.h>

typedef enum sc_child_kind {
    SC_CHILD_BROKER,
    SC_CHILD_WORKER,
} sc_child_kind_t;

typedef enum sc_child_state {
    SC_CHILD_DOWN,     /* no process: not started yet, over, or waiting for its restart */
    SC_CHILD_STARTING, /* forked; `ready` has not come */
    SC_CHILD_SERVING,  /* has sent `ready` */
    SC_CHILD_STOPPING, /* was asked to end */
} sc_child_state_t;

typedef struct sc_child sc_child_t;

/** What the master wants to hear of. */
typedef struct sc_child_handler {
    void (*on_ready)(sc_child_t *child, void *arg);
    /** Any message but `ready`. */
    void (*on_message)(sc_child_t *child, const char *type, const json_t *message, void *arg);
    /** The process has ended; `was_asked`: by sc_child_stop. It may be started again. */
    void (*on_exit)(sc_child_t *child, bool was_asked, void *arg);
    /** The process was forked; may be NULL. */
    void (*on_start)(sc_child_t *child, void *arg);
} sc_child_handler_t;

struct sc_child {
    sc_child_kind_t kind;
    uint32_t id;
    char name[16]; /* "worker 0" */
    sc_child_state_t state;
    pid_t pid; /* 0: none */
    sc_control_t *control;
    uint32_t restart_count;
    uint32_t quick_deaths; /* one after the other, soon after the start */
    uint32_t owed_answers; /* message_route.h */
    pid_t ended_pid;       /* of the process that has ended last, */
    int wait_status;       /* and its status of waitpid */
    bool is_over_memory;   /* is told to end for that: memory_watch.h */
    uint64_t started_ms;   /* by the loop's clock */
    int64_t started_at_s;  /* since 1970 */
    int listen_fd;         /* -1 in a broker */
    sc_loop_t *loop;
    sc_options_t *options;
    const uint8_t *ticket_keys;
    const char *runtime_dir;
    sc_wheel_timer_t restart_timer;
    sc_wheel_timer_t kill_timer;
    const sc_child_handler_t *handler;
    void *arg;
};

/** What all children of a master share. All borrowed; must outlive the children. */
typedef struct sc_child_family {
    sc_loop_t *loop;
    sc_options_t *options;
    const uint8_t *ticket_keys; /* of TLS sessions; what they are at each fork */
    const char *runtime_dir;
    const sc_child_handler_t *handler;
    void *arg;
} sc_child_family_t;

/** @param listen_fd  a worker's listening socket, borrowed; -1 for a broker */
void sc_child_init(sc_child_t *child, const sc_child_family_t *family, sc_child_kind_t kind,
                   uint32_t id, int listen_fd);
/** Forks the process. A failure counts as a death soon after the start: on_exit is not called, it is tried again. */
void sc_child_start(sc_child_t *child);
/** Starts it again: at once, or later if it keeps dying soon after its start (logged). */
void sc_child_restart(sc_child_t *child);
/**
 * Asks the process to end, and kills it after `timeout_ms`. Does nothing where no process is.
 *
 * @param how  "stop" or "drain" (control.h)
 */
void sc_child_stop(sc_child_t *child, const char *how, uint64_t timeout_ms);
/** Ends the process at once; on_exit follows. */
void sc_child_kill(sc_child_t *child);
/** Gives up a restart that is waiting. */
void sc_child_cancel_restart(sc_child_t *child);
/** The process has ended with this status of waitpid: logs how, and calls on_exit. */
void sc_child_handle_exit(sc_child_t *child, int wait_status);
/** Sends a message if there is a link; takes `message`. */
void sc_child_send(sc_child_t *child, json_t *message);

/** "starting". */
const char *sc_child_state_name(sc_child_state_t state);
/** How long the next start waits after so many quick deaths in a row: 0, 100, 200, 400 ... 5000 ms. */
uint64_t sc_child_restart_delay_ms(uint32_t quick_deaths);

/**
 * In a process that has just been forked: closes what it does not need, resets signals, names it (in the log too), ties its life to its
 * parent's, runs `main` and exits with what it returns.
 */
_Noreturn void sc_child_become(const sc_child_setup_t *setup, const char *title, pid_t parent_pid,
                               int (*main_of_child)(const sc_child_setup_t *setup));

#endif
