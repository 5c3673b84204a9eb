#include "master/runtime_dir.h"

#include "common/log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static sc_status_t fail_io(const sc_runtime_dir_t *dir, const char *what)
{
    sc_log(SC_LOG_ERROR, "option runtimeDir: %s: %s: %s", dir->path, what, strerror(errno));
    return SC_ERR_IO;
}

static sc_status_t make(sc_runtime_dir_t *dir, const char *path)
{
    if (path == NULL) {
        snprintf(dir->path, sizeof(dir->path), "/tmp/sc-cluster-XXXXXX");
        if (mkdtemp(dir->path) == NULL)
            return fail_io(dir, "can't make it");
        dir->is_made = true;
        return SC_OK;
    }
    if ((size_t)snprintf(dir->path, sizeof(dir->path), "%s", path) >= sizeof(dir->path)) {
        errno = ENAMETOOLONG;
        return fail_io(dir, "can't make it");
    }
    if (mkdir(dir->path, 0700) == 0)
        dir->is_made = true;
    else if (errno != EEXIST)
        return fail_io(dir, "can't make it");
    return SC_OK;
}

/* Whoever may write there could stand between workers and brokers. */
static sc_status_t check_owner(const sc_runtime_dir_t *dir, const char *user)
{
    const struct passwd *entry = user != NULL ? getpwnam(user) : NULL;
    struct stat info;

    if (fstat(dir->fd, &info) != 0)
        return fail_io(dir, "can't look at it");
    if (info.st_uid != geteuid() && (entry == NULL || info.st_uid != entry->pw_uid)) {
        sc_log(SC_LOG_ERROR, "option runtimeDir: %s belongs to user %u, not to us", dir->path,
               (unsigned)info.st_uid);
        return SC_ERR_INVALID;
    }
    if ((info.st_mode & 07777) != 0700) {
        sc_log(SC_LOG_ERROR, "option runtimeDir: %s has mode %04o; it must be 0700", dir->path,
               (unsigned)info.st_mode & 07777);
        return SC_ERR_INVALID;
    }
    if (info.st_nlink == 0) {
        sc_log(SC_LOG_ERROR, "option runtimeDir: %s was removed by another cluster; start again",
               dir->path);
        return SC_ERR_STATE;
    }
    return SC_OK;
}

static void remove_sockets(const sc_runtime_dir_t *dir)
{
    int fd = openat(dir->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *listing = fd >= 0 ? fdopendir(fd) : NULL;
    const struct dirent *entry;

    if (listing == NULL) {
        if (fd >= 0)
            close(fd);
        return;
    }
    while ((entry = readdir(listing)) != NULL) {
        struct stat info;

        if (fstatat(dir->fd, entry->d_name, &info, AT_SYMLINK_NOFOLLOW) == 0 &&
            (S_ISSOCK(info.st_mode) || S_ISLNK(info.st_mode)) &&
            unlinkat(dir->fd, entry->d_name, 0) != 0)
            sc_log(SC_LOG_WARN, "%s/%s can't be removed: %s", dir->path, entry->d_name,
                   strerror(errno));
    }
    closedir(listing);
}

sc_status_t sc_runtime_dir_open(sc_runtime_dir_t *dir, const char *path, const char *user)
{
    sc_status_t status;

    memset(dir, 0, sizeof(*dir));
    dir->fd = -1;
    status = make(dir, path);
    if (status != SC_OK)
        return status;
    dir->fd = open(dir->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (dir->fd < 0)
        return fail_io(dir, "can't open it");
    if (flock(dir->fd, LOCK_EX | LOCK_NB) != 0) {
        sc_log(SC_LOG_ERROR, "option runtimeDir: %s is in use by another cluster", dir->path);
        status = SC_ERR_STATE;
    }
    if (status == SC_OK)
        status = check_owner(dir, user);
    if (status != SC_OK) {
        close(dir->fd);
        dir->fd = -1;
        return status;
    }
    remove_sockets(dir);
    return SC_OK;
}

sc_status_t sc_runtime_dir_give(const sc_runtime_dir_t *dir, const char *user)
{
    const struct passwd *entry = getpwnam(user);

    if (entry == NULL) {
        sc_log(SC_LOG_ERROR, "option user: there is no user %s", user);
        return SC_ERR_NOT_FOUND;
    }
    if (fchown(dir->fd, entry->pw_uid, entry->pw_gid) != 0)
        return fail_io(dir, "can't give it to the user");
    return SC_OK;
}

void sc_runtime_dir_close(sc_runtime_dir_t *dir)
{
    if (dir->fd < 0)
        return;
    remove_sockets(dir);
    if (dir->is_made && rmdir(dir->path) != 0)
        sc_log(SC_LOG_WARN, "%s can't be removed: %s", dir->path, strerror(errno));
    close(dir->fd);
    dir->fd = -1;
}

sc_status_t sc_pid_file_open(const char *path, int *fd)
{
    char text[16];
    int len = snprintf(text, sizeof(text), "%d\n", getpid());

    *fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (*fd >= 0 && flock(*fd, LOCK_EX | LOCK_NB) != 0) {
        sc_log(SC_LOG_ERROR, "option pidFile: %s belongs to a process that runs", path);
        close(*fd);
        *fd = -1;
        return SC_ERR_STATE;
    }
    if (*fd < 0 || ftruncate(*fd, 0) != 0 || write(*fd, text, (size_t)len) != len) {
        sc_log(SC_LOG_ERROR, "option pidFile: can't write %s: %s", path, strerror(errno));
        if (*fd >= 0)
            close(*fd);
        *fd = -1;
        return SC_ERR_IO;
    }
    return SC_OK;
}

void sc_pid_file_close(const char *path, int fd)
{
    if (fd < 0)
        return;
    if (unlink(path) != 0 && ftruncate(fd, 0) != 0)
        sc_log(SC_LOG_WARN, "%s can't be removed: %s", path, strerror(errno));
    close(fd);
}
