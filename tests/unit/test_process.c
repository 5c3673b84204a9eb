#include "common/process.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* The beginning of a file under /proc/self; NULs become blanks. */
static void read_own(const char *name, char *text, size_t text_bytes)
{
    char path[64];
    FILE *file;
    size_t len;

    snprintf(path, sizeof(path), "/proc/self/%s", name);
    file = fopen(path, "r");
    assert_non_null(file);
    len = fread(text, 1, text_bytes - 1, file);
    fclose(file);
    text[len] = '\0';
    for (size_t i = 0; i < len; i++)
        text[i] = text[i] == '\0' ? ' ' : text[i];
}

static void the_title_replaces_name_arguments_and_environment(void **state)
{
    char text[65536];

    (void)state;
    sc_process_set_title("sc-test-7");
    read_own("comm", text, sizeof(text));
    assert_string_equal(text, "sc-test-7\n");
    read_own("cmdline", text, sizeof(text));
    assert_memory_equal(text, "sc-test-7 ", 10);
    assert_int_equal(strspn(text + 9, " "), strlen(text + 9));
    read_own("environ", text, sizeof(text));
    assert_null(strstr(text, "SC_SOURCE_DIR"));
    assert_non_null(getenv("SC_SOURCE_DIR")); /* the process itself still has it */
}

static void a_title_may_be_shorter_or_longer_than_the_one_before(void **state)
{
    char title[70000];
    char text[100];

    (void)state;
    memset(title, 'x', sizeof(title) - 1);
    title[sizeof(title) - 1] = '\0';
    sc_process_set_title(title); /* is cut */
    sc_process_set_title("short");
    read_own("cmdline", text, sizeof(text));
    assert_memory_equal(text, "short ", 6);
}

static void the_limit_of_descriptors_is_raised_as_far_as_it_goes(void **state)
{
    struct rlimit limit;

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = 64;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_int_equal(sc_process_raise_file_limit(), limit.rlim_max);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_int_equal(limit.rlim_cur, limit.rlim_max);
}

static void a_child_ends_with_its_parent(void **state)
{
    int fds[2];
    char byte;

    (void)state;
    assert_int_equal(pipe(fds), 0);
    if (fork() == 0) { /* the parent that dies */
        pid_t parent_pid = getpid();

        if (fork() == 0) {
            sc_process_end_with_parent(parent_pid);
            pause();
            _exit(0);
        }
        usleep(100000);
        kill(getpid(), SIGKILL);
    }
    close(fds[1]);
    assert_int_equal(read(fds[0], &byte, 1),
                     0); /* all copies of the other end are closed: both have ended */
    close(fds[0]);
}

static void a_child_whose_parent_has_gone_already_ends_at_once(void **state)
{
    int status;
    pid_t pid = fork();

    (void)state;
    if (pid == 0) {
        sc_process_end_with_parent(getppid() + 1);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_FAILURE);
}

static void an_unknown_user_is_not_found(void **state)
{
    (void)state;
    assert_int_equal(sc_process_drop_privileges("no-such-user-here"), SC_ERR_NOT_FOUND);
}

static void privileges_are_dropped_for_good(void **state)
{
    int status;
    pid_t pid;

    (void)state;
    if (geteuid() != 0)
        skip();
    pid = fork();
    if (pid == 0) {
        bool is_dropped =
            sc_process_drop_privileges("nobody") == SC_OK && geteuid() != 0 && getegid() != 0;

        _exit(is_dropped && setuid(0) != 0 ? 0 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void what_a_process_allocates_and_uses_counts_as_its_own_memory(void **state)
{
    size_t taken = 64u << 20;
    uint64_t before;
    uint64_t after;
    char *bytes;

    (void)state;
    assert_int_equal(sc_process_private_bytes(getpid(), &before), SC_OK);
    bytes = malloc(taken);
    assert_non_null(bytes);
    memset(bytes, 1, taken);
    assert_int_equal(sc_process_private_bytes(getpid(), &after), SC_OK);
    assert_true(after - before > taken * 9 / 10);
    free(bytes);
}

static void a_process_that_has_ended_has_no_memory(void **state)
{
    pid_t pid = fork();
    siginfo_t info;
    uint64_t bytes;

    (void)state;
    if (pid == 0)
        _exit(0);
    assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0); /* a zombie */
    assert_int_equal(sc_process_private_bytes(pid, &bytes), SC_ERR_IO);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    assert_int_equal(sc_process_private_bytes(pid, &bytes), SC_ERR_IO);
}

static void *wait_for_release(void *arg)
{
    pthread_mutex_lock(arg);
    pthread_mutex_unlock(arg);
    return NULL;
}

static void threads_are_counted(void **state)
{
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    uint32_t before = sc_process_thread_count();
    pthread_t thread;

    (void)state;
    assert_true(before >= 1);
    pthread_mutex_lock(&mutex);
    assert_int_equal(pthread_create(&thread, NULL, wait_for_release, &mutex), 0);
    assert_int_equal(sc_process_thread_count(), before + 1);
    pthread_mutex_unlock(&mutex);
    pthread_join(thread, NULL);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_title_replaces_name_arguments_and_environment),
        cmocka_unit_test(a_title_may_be_shorter_or_longer_than_the_one_before),
        cmocka_unit_test(the_limit_of_descriptors_is_raised_as_far_as_it_goes),
        cmocka_unit_test(a_child_ends_with_its_parent),
        cmocka_unit_test(a_child_whose_parent_has_gone_already_ends_at_once),
        cmocka_unit_test(an_unknown_user_is_not_found),
        cmocka_unit_test(privileges_are_dropped_for_good),
        cmocka_unit_test(what_a_process_allocates_and_uses_counts_as_its_own_memory),
        cmocka_unit_test(a_process_that_has_ended_has_no_memory),
        cmocka_unit_test(threads_are_counted),
    };

    sc_process_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
