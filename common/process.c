#include "common/process.h"

#include "common/alloc.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

/* Of /proc/PID/status; the lines that are looked for stand near its beginning. */
#define STATUS_BYTES 4096
#define KIB_BYTES 1024u

extern char **environ;

/* The memory that /proc/PID/cmdline shows: the arguments, then the environment, without a gap. */
static struct {
    char *start;
    size_t len;
    char **environment; /* where it lies now */
} title_area;

/* Moves the environment out of the area and extends the area over where it was. The copies lie in one block that the area
 * keeps: a variable that is removed later is still somebody's. */
static char *take_environment(char *end)
{
    size_t count = 0;
    size_t bytes = 0;
    char **copy;
    char *at;

    for (; environ[count] != NULL; count++)
        bytes += strlen(environ[count]) + 1;
    copy = sc_alloc_zeroed(1, (count + 1) * sizeof(char *) + bytes);
    at = (char *)(copy + count + 1);
    for (size_t i = 0; i < count; i++) {
        size_t len = strlen(environ[i]) + 1;

        copy[i] = memcpy(at, environ[i], len);
        at += len;
        if (environ[i] == end)
            end = environ[i] + len;
    }
    title_area.environment = copy;
    environ = copy;
    return end;
}

void sc_process_init(int argc, char **argv)
{
    char *end = argc > 0 ? argv[0] : NULL;

    for (int i = 0; i < argc; i++) {
        if (argv[i] == end)
            end = argv[i] + strlen(argv[i]) + 1;
    }
    if (end == NULL)
        return;
    end = take_environment(end);
    title_area.start = argv[0];
    title_area.len = (size_t)(end - argv[0]);
}

void sc_process_set_title(const char *title)
{
    size_t len = strlen(title);

    prctl(PR_SET_NAME, title); /* the kernel cuts it at 15 characters */
    if (title_area.len == 0)
        return;
    if (len >= title_area.len)
        len = title_area.len - 1;
    memset(title_area.start, 0, title_area.len);
    memcpy(title_area.start, title, len);
}

uint64_t sc_process_raise_file_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return 1024; /* what POSIX systems give as a rule */
    if (limit.rlim_cur < limit.rlim_max) {
        struct rlimit raised = {.rlim_cur = limit.rlim_max, .rlim_max = limit.rlim_max};

        if (setrlimit(RLIMIT_NOFILE, &raised) == 0)
            limit = raised;
    }
    return limit.rlim_cur;
}

void sc_process_end_with_parent(int parent_pid)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent_pid)
        _exit(EXIT_FAILURE); /* it went before the kernel was told */
}

/* The number of a line "Name:   123 kB" of a process's status; 0: there is no such line. */
static uint64_t status_number(const char *status, const char *name)
{
    const char *line = strstr(status, name);

    return line != NULL ? strtoull(line + strlen(name), NULL, 10) : 0;
}

static sc_status_t read_status(const char *path, char *status, size_t size)
{
    FILE *file = fopen(path, "re");
    size_t len;

    if (file == NULL)
        return SC_ERR_IO;
    len = fread(status, 1, size - 1, file);
    status[len] = '\0';
    fclose(file);
    return len > 0 ? SC_OK : SC_ERR_IO;
}

uint32_t sc_process_thread_count(void)
{
    char status[STATUS_BYTES];

    if (read_status("/proc/self/status", status, sizeof(status)) != SC_OK)
        return 0;
    return (uint32_t)status_number(status, "\nThreads:");
}

sc_status_t sc_process_private_bytes(int pid, uint64_t *bytes)
{
    char status[STATUS_BYTES];
    char path[64];

    snprintf(path, sizeof(path), "/proc/%d/status", pid);
    if (read_status(path, status, sizeof(status)) != SC_OK || strstr(status, "\nRssAnon:") == NULL)
        return SC_ERR_IO; /* a zombie has a status without memory */
    *bytes = (status_number(status, "\nRssAnon:") + status_number(status, "\nVmSwap:")) * KIB_BYTES;
    return SC_OK;
}

sc_status_t sc_process_drop_privileges(const char *user)
{
    const struct passwd *entry;

    errno = 0;
    entry = getpwnam(user);
    if (entry == NULL)
        return errno == 0 || errno == ENOENT ? SC_ERR_NOT_FOUND : SC_ERR_IO;
    if (initgroups(user, entry->pw_gid) != 0 || setgid(entry->pw_gid) != 0 ||
        setuid(entry->pw_uid) != 0)
        return SC_ERR_IO;
    if (entry->pw_uid != 0 && setuid(0) == 0)
        sc_die("the privileges of root came back after becoming %s", user);
    return SC_OK;
}
