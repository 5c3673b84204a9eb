/*
 * process.h: what each process sets up for itself: title, limits, death of the parent, privileges.
 */
#ifndef SC_COMMON_PROCESS_H
#define SC_COMMON_PROCESS_H

#include "common/option_table.h"

/** The keys that seal TLS session tickets (a name, HMAC, AES), and how long they are in use. */
#define SC_TICKET_KEYS_BYTES 80u
#define SC_TICKET_KEYS_MS (12u * 3600 * 1000)

/** What a child inherits from the master that forked it. All borrowed, and alive as long as the child. */
typedef struct sc_child_setup {
    /* Checked and complete: workers is a count, keys are read from their files. The child's own copy, which wipes the
     * keys that it has no use for. */
    sc_options_t *options;
    const uint8_t *ticket_keys; /* SC_TICKET_KEYS_BYTES, the same in all workers; NULL: none */
    const char *runtime_dir;    /* where the ipc sockets are */
    uint32_t id;                /* of the worker or broker, from 0; the same after a restart */
    uint32_t restart_count;     /* how many of this id came before; grows, never repeats */
    int control_fd;             /* its end of the link to the master */
    int listen_fd;              /* a worker's listening socket, does not block; -1 in a broker */
} sc_child_setup_t;

/**
 * Whether a worker could take the keys and certificates of these options, which are read from their files.
 *
 * @param is_new_cert  the certificate is not the one in force: it must not have expired
 * @return SC_OK; SC_ERR_INVALID (logged)
 */
SC_MUST_CHECK sc_status_t sc_worker_check_secrets(const sc_options_t *options, bool is_new_cert);
/** Runs a worker until it ends; called in the child after fork. @return the exit status. */
int sc_worker_main(const sc_child_setup_t *setup);
/** The same for a broker. */
int sc_broker_main(const sc_child_setup_t *setup);
/**
 * Loads a worker's plugins as sc_worker_main does, but serves nothing: for --check. `runtime_dir` is a new folder that
 * nobody else uses; both descriptors are -1. @return 0; 1: a plugin failed (logged).
 */
int sc_worker_check(const sc_child_setup_t *setup);
/** The same for a broker. */
int sc_broker_check(const sc_child_setup_t *setup);

/**
 * Keeps the arguments' memory for sc_process_set_title. First thing in main.
 */
void sc_process_init(int argc, char **argv);
/** Names the process for ps and top: "sc-worker-0". */
void sc_process_set_title(const char *title);
/** Raises the limit of open descriptors as far as it goes. @return the limit. */
uint64_t sc_process_raise_file_limit(void);
/** The process ends when its parent does (PR_SET_PDEATHSIG), checked against a parent that has gone already. */
void sc_process_end_with_parent(int parent_pid);
/** How many threads this process has. @return 0: it can't be found out. */
uint32_t sc_process_thread_count(void);
/**
 * The memory that is a process's own: anonymous pages, in RAM or swapped out. What it shares with others (programs, libraries) would
 * stay if it went. From /proc/PID/status, which may be read of a process that has changed its user, and costs no walk
 * through its page tables, both unlike smaps_rollup.
 *
 * @return SC_OK; SC_ERR_IO: there is no such process, or no such file
 */
SC_MUST_CHECK sc_status_t sc_process_private_bytes(int pid, uint64_t *bytes);
/** Becomes another user for good: groups, group, user. @return SC_OK; SC_ERR_NOT_FOUND: no such user; SC_ERR_IO. */
SC_MUST_CHECK sc_status_t sc_process_drop_privileges(const char *user);

#endif
