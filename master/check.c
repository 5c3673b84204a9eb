#include "master/check.h"

#include "common/log.h"
#include "master/child.h"
#include "master/master.h"
#include "master/runtime_dir.h"

#include <errno.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

/* Runs one check in a process of its own. */
static bool passes(const sc_child_setup_t *setup, const char *title,
                   int (*check)(const sc_child_setup_t *setup))
{
    pid_t parent_pid = getpid();
    pid_t pid = fork();
    int wait_status;

    if (pid == 0)
        sc_child_become(setup, title, parent_pid, check);
    if (pid < 0 || waitpid(pid, &wait_status, 0) != pid) {
        sc_log(SC_LOG_ERROR, "--check: %s", strerror(errno));
        return false;
    }
    if (WIFSIGNALED(wait_status))
        sc_log(SC_LOG_ERROR, "--check: %s was killed by SIG%s", title,
               sigabbrev_np(WTERMSIG(wait_status)));
    return WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 0;
}

int sc_check_run(sc_options_t *options)
{
    sc_child_setup_t setup = {.options = options, .control_fd = -1, .listen_fd = -1};
    sc_runtime_dir_t dir;
    bool is_good;

    /* Not the one of the options: a cluster that runs may be using it. */
    if (sc_runtime_dir_open(&dir, NULL, NULL) != SC_OK)
        return EXIT_FAILURE;
    setup.runtime_dir = dir.path;
    is_good =
        passes(&setup, "sc-worker-check", sc_worker_check) &&
        passes(&setup, "sc-broker-check", sc_broker_check) &&
        (options->master_plugins.count == 0 || passes(&setup, "sc-master-check", sc_master_check));
    sc_runtime_dir_close(&dir);
    if (is_good)
        printf("ok\n");
    return is_good ? EXIT_SUCCESS : EXIT_FAILURE;
}
