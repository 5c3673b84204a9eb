#include "master/runtime_dir.h"

#include "common/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[64];
static char path[96];

static void make_socket(const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s", path, name);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    close(fd);
}

static bool exists(const char *name)
{
    char full[160];

    snprintf(full, sizeof(full), "%s/%s", path, name);
    return access(full, F_OK) == 0;
}

static void a_folder_is_made_for_us_alone_and_removed(void **state)
{
    sc_runtime_dir_t dir;
    struct stat info;

    (void)state;
    assert_int_equal(sc_runtime_dir_open(&dir, path, NULL), SC_OK);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 07777, 0700);
    make_socket("b0w0.ipc");
    sc_runtime_dir_close(&dir);
    sc_runtime_dir_close(&dir);
    assert_false(exists(""));
}

static void without_a_path_each_cluster_has_its_own(void **state)
{
    sc_runtime_dir_t first;
    sc_runtime_dir_t second;

    (void)state;
    assert_int_equal(sc_runtime_dir_open(&first, NULL, NULL), SC_OK);
    assert_int_equal(sc_runtime_dir_open(&second, NULL, NULL), SC_OK);
    assert_string_not_equal(first.path, second.path);
    sc_runtime_dir_close(&first);
    sc_runtime_dir_close(&second);
    assert_int_not_equal(access(first.path, F_OK), 0);
}

static void sockets_that_are_left_are_removed_and_other_files_and_the_folder_stay(void **state)
{
    sc_runtime_dir_t dir;
    char file_path[160];
    FILE *file;

    (void)state;
    assert_int_equal(mkdir(path, 0700), 0);
    make_socket("old.ipc");
    snprintf(file_path, sizeof(file_path), "%s/note", path);
    file = fopen(file_path, "w");
    fclose(file);
    assert_int_equal(sc_runtime_dir_open(&dir, path, NULL), SC_OK);
    assert_false(exists("old.ipc"));
    assert_true(exists("note"));
    sc_runtime_dir_close(&dir);
    assert_true(exists("note"));
    unlink(file_path);
    rmdir(path);
}

static void a_folder_that_others_may_enter_is_refused(void **state)
{
    sc_runtime_dir_t dir;

    (void)state;
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(chmod(path, 0750), 0);
    assert_int_equal(sc_runtime_dir_open(&dir, path, NULL), SC_ERR_INVALID);
    sc_runtime_dir_close(&dir);
    assert_true(exists(""));
    rmdir(path);
}

static void a_link_is_not_followed(void **state)
{
    sc_runtime_dir_t dir;

    (void)state;
    assert_int_equal(symlink("/tmp", path), 0);
    assert_int_equal(sc_runtime_dir_open(&dir, path, NULL), SC_ERR_IO);
    unlink(path);
}

static void somebody_else_s_folder_is_refused_unless_we_become_them(void **state)
{
    sc_runtime_dir_t dir;

    (void)state;
    if (geteuid() != 0)
        skip();
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(chown(path, 65534, 65534), 0);
    assert_int_equal(sc_runtime_dir_open(&dir, path, NULL), SC_ERR_INVALID);
    assert_int_equal(sc_runtime_dir_open(&dir, path, "nobody"), SC_OK);
    sc_runtime_dir_close(&dir);
    rmdir(path);
}

static void two_clusters_can_not_share_a_folder(void **state)
{
    sc_runtime_dir_t first;
    sc_runtime_dir_t second;

    (void)state;
    assert_int_equal(sc_runtime_dir_open(&first, path, NULL), SC_OK);
    make_socket("b0w0.ipc");
    assert_int_equal(sc_runtime_dir_open(&second, path, NULL), SC_ERR_STATE);
    sc_runtime_dir_close(&second);
    assert_true(exists("b0w0.ipc"));
    sc_runtime_dir_close(&first);
}

static void the_folder_can_be_given_to_the_user_to_become(void **state)
{
    sc_runtime_dir_t dir;
    struct stat info;

    (void)state;
    if (geteuid() != 0)
        skip();
    assert_int_equal(sc_runtime_dir_open(&dir, path, NULL), SC_OK);
    assert_int_equal(sc_runtime_dir_give(&dir, "nobody"), SC_OK);
    assert_int_equal(sc_runtime_dir_give(&dir, "no-such-user-here"), SC_ERR_NOT_FOUND);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_uid, 65534);
    sc_runtime_dir_close(&dir);
}

static void the_pid_file_has_our_pid_while_we_run(void **state)
{
    char text[32] = {0};
    FILE *file;
    int fd;
    int other_fd;

    (void)state;
    assert_int_equal(sc_pid_file_open(path, &fd), SC_OK);
    file = fopen(path, "r");
    assert_non_null(fgets(text, sizeof(text), file));
    fclose(file);
    assert_int_equal(atoi(text), getpid());
    assert_int_equal(sc_pid_file_open(path, &other_fd), SC_ERR_STATE);
    sc_pid_file_close(path, fd);
    assert_int_not_equal(access(path, F_OK), 0);
    assert_int_equal(sc_pid_file_open("/nowhere/pid", &other_fd), SC_ERR_IO);
}

static int set_up(void **state)
{
    (void)state;
    sc_log_init("test", SC_LOG_ERROR, SC_LOG_TEXT);
    snprintf(folder, sizeof(folder), "/tmp/sc-test-dir-XXXXXX");
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(path, sizeof(path), "%s/run", folder);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_folder_is_made_for_us_alone_and_removed),
        cmocka_unit_test(without_a_path_each_cluster_has_its_own),
        cmocka_unit_test(sockets_that_are_left_are_removed_and_other_files_and_the_folder_stay),
        cmocka_unit_test(a_folder_that_others_may_enter_is_refused),
        cmocka_unit_test(a_link_is_not_followed),
        cmocka_unit_test(somebody_else_s_folder_is_refused_unless_we_become_them),
        cmocka_unit_test(two_clusters_can_not_share_a_folder),
        cmocka_unit_test(the_folder_can_be_given_to_the_user_to_become),
        cmocka_unit_test(the_pid_file_has_our_pid_while_we_run),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
