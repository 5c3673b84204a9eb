/*
 * runtime_dir.h: the folder of the sockets between processes, open to nobody else, and the file of the master's pid.
 */
#ifndef SC_MASTER_RUNTIME_DIR_H
#define SC_MASTER_RUNTIME_DIR_H

#include <sc/types.h>
#include <sys/types.h>

typedef struct sc_runtime_dir {
    char path[128];
    int fd; /* locked while it is ours; -1: not open */
    bool is_made;
} sc_runtime_dir_t;

/**
 * Makes the folder with mode 0700, or takes one that is there: it must be ours, closed to others and in use by no other
 * cluster. Sockets that are left in it are removed.
 *
 * @param path  option runtimeDir; NULL: a new one under /tmp
 * @param user  the user that the cluster will become, whose folder it may be too; NULL: none
 * @return SC_OK; SC_ERR_IO, SC_ERR_INVALID (somebody else's, or not 0700), SC_ERR_STATE (in use): logged
 */
SC_MUST_CHECK sc_status_t sc_runtime_dir_open(sc_runtime_dir_t *dir, const char *path,
                                              const char *user);
/** Gives the folder to the user that the cluster will become. @return SC_OK; SC_ERR_NOT_FOUND, SC_ERR_IO: logged */
SC_MUST_CHECK sc_status_t sc_runtime_dir_give(const sc_runtime_dir_t *dir, const char *user);
/** Removes the sockets, and the folder if sc_runtime_dir_open has made it. */
void sc_runtime_dir_close(sc_runtime_dir_t *dir);

/**
 * Writes our process id into a file and keeps it locked.
 *
 * @param fd  set to the file; for sc_pid_file_close
 * @return SC_OK; SC_ERR_IO, SC_ERR_STATE (a process that runs has it): logged
 */
SC_MUST_CHECK sc_status_t sc_pid_file_open(const char *path, int *fd);
/** Removes the file; where the folder does not let us any more, empties it. */
void sc_pid_file_close(const char *path, int fd);

#endif
