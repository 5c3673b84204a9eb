#include "master/child.h"

#include "common/alloc.h"
#include "common/log.h"
#include "common/option_secret.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* A process that lives shorter is dying of something that its successor will meet too. */
#define QUICK_DEATH_MS 5000u
/* The same for one that has to go because of its memory: that takes longer to show. */
#define QUICK_GROWTH_MS 60000u
#define RESTART_DELAY_MS_FIRST 100u
#define RESTART_DELAY_MS_MAX 5000u
/* What a process has to end after it has closed its control link. */
#define UNLINKED_TIMEOUT_MS 2000u

static void on_restart_due(sc_wheel_timer_t *timer)
{
    sc_child_start(sc_list_entry(timer, sc_child_t, restart_timer));
}

static void on_kill_due(sc_wheel_timer_t *timer)
{
    sc_child_t *child = sc_list_entry(timer, sc_child_t, kill_timer);

    sc_log(SC_LOG_WARN, "%s (pid %d) did not end in time and is killed", child->name, child->pid);
    sc_child_kill(child);
}

void sc_child_init(sc_child_t *child, const sc_child_family_t *family, sc_child_kind_t kind,
                   uint32_t id, int listen_fd)
{
    memset(child, 0, sizeof(*child));
    child->kind = kind;
    child->id = id;
    snprintf(child->name, sizeof(child->name), "%s %u",
             kind == SC_CHILD_WORKER ? "worker" : "broker", id);
    child->listen_fd = listen_fd;
    child->loop = family->loop;
    child->options = family->options;
    child->ticket_keys = family->ticket_keys;
    child->runtime_dir = family->runtime_dir;
    child->handler = family->handler;
    child->arg = family->arg;
    sc_wheel_timer_init(&child->restart_timer, on_restart_due);
    sc_wheel_timer_init(&child->kill_timer, on_kill_due);
}

static void on_message(sc_control_t *control, const char *type, const json_t *message, void *arg)
{
    sc_child_t *child = arg;

    (void)control;
    if (strcmp(type, "ready") != 0) {
        child->handler->on_message(child, type, message, child->arg);
        return;
    }
    if (child->state != SC_CHILD_STARTING)
        return; /* asked to stop meanwhile */
    child->state = SC_CHILD_SERVING;
    child->handler->on_ready(child, child->arg);
}

/* A process that can no longer be told anything is of no use. Mostly it is just ending. */
static void on_control_closed(sc_control_t *control, void *arg)
{
    sc_child_t *child = arg;

    sc_control_close(control);
    child->control = NULL;
    if (!sc_wheel_is_running(&child->kill_timer))
        sc_wheel_start(&child->loop->wheel, &child->kill_timer, UNLINKED_TIMEOUT_MS);
}

/* Closes all descriptors but the standard ones and those listed; nothing of the master's may stay open, least of all the
 * other children's ends. Without libevent: it would take the master's events out of the epoll set that both share. */
static void close_all_but(const int *kept, size_t count)
{
    int from = STDERR_FILENO + 1;

    for (;;) {
        int next = -1;

        for (size_t i = 0; i < count; i++) {
            if (kept[i] >= from && (next < 0 || kept[i] < next))
                next = kept[i];
        }
        if (next < 0)
            break;
        if (next > from)
            close_range((unsigned)from, (unsigned)next - 1, 0);
        from = next + 1;
    }
    close_range((unsigned)from, ~0u, 0);
}

/* The master alone hears signals: those of a terminal or of a service manager go to all processes, and the children
 * shall end in the order in which the master tells them to. */
static void reset_signals(void)
{
    static const int ignored[] = {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGPIPE};
    sigset_t none;

    for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
        signal(ignored[i], SIG_IGN);
    signal(SIGCHLD, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

_Noreturn void sc_child_become(const sc_child_setup_t *setup, const char *title, pid_t parent_pid,
                               int (*main_of_child)(const sc_child_setup_t *setup))
{
    int kept[] = {setup->control_fd, setup->listen_fd, sc_log_fd()};

    sc_process_end_with_parent(parent_pid);
    close_all_but(kept, sizeof(kept) / sizeof(kept[0]));
    reset_signals();
    sc_process_set_title(title);
    sc_log_set_process(title);
    exit(main_of_child(setup));
}

static _Noreturn void run_child(const sc_child_t *child, int control_fd, pid_t parent_pid)
{
    sc_child_setup_t setup = {
        .options = child->options,
        .ticket_keys = child->ticket_keys,
        .runtime_dir = child->runtime_dir,
        .id = child->id,
        .restart_count = child->restart_count,
        .control_fd = control_fd,
        .listen_fd = child->listen_fd,
    };
    char title[32];

    snprintf(title, sizeof(title), "sc-%s-%u", child->kind == SC_CHILD_WORKER ? "worker" : "broker",
             child->id);
    if (child->kind == SC_CHILD_BROKER)
        sc_secrets_forget(setup.options);
    sc_child_become(&setup, title, parent_pid,
                    child->kind == SC_CHILD_WORKER ? sc_worker_main : sc_broker_main);
}

/* Forks with all signals held back, so that none reaches a child before it has reset them. */
static pid_t fork_child(const sc_child_t *child, int control_fd)
{
    pid_t parent_pid = getpid();
    sigset_t all;
    sigset_t before;
    pid_t pid;

    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &before);
    pid = fork();
    if (pid == 0)
        run_child(child, control_fd, parent_pid);
    sigprocmask(SIG_SETMASK, &before, NULL);
    return pid;
}

void sc_child_start(sc_child_t *child)
{
    int fds[2];

    sc_assert(child->state == SC_CHILD_DOWN);
    sc_wheel_stop(&child->loop->wheel, &child->restart_timer);
    if (sc_control_pair(fds) != SC_OK) {
        sc_log(SC_LOG_ERROR, "%s can't be started: %s", child->name, strerror(errno));
        child->quick_deaths++;
        sc_child_restart(child);
        return;
    }
    child->pid = fork_child(child, fds[1]);
    close(fds[1]);
    if (child->pid < 0) {
        sc_log(SC_LOG_ERROR, "%s can't be started: fork: %s", child->name, strerror(errno));
        child->pid = 0;
        close(fds[0]);
        child->quick_deaths++;
        sc_child_restart(child);
        return;
    }
    child->state = SC_CHILD_STARTING;
    child->started_ms = sc_loop_now_ms(child->loop);
    child->started_at_s = (int64_t)time(NULL);
    child->control = sc_control_open(child->loop, fds[0], on_message, on_control_closed, child);
    child->is_over_memory = false;
    sc_log(SC_LOG_DEBUG, "%s started, pid %d", child->name, child->pid);
    if (child->handler->on_start != NULL)
        child->handler->on_start(child, child->arg);
}

uint64_t sc_child_restart_delay_ms(uint32_t quick_deaths)
{
    uint64_t delay_ms = RESTART_DELAY_MS_FIRST;

    if (quick_deaths < 2)
        return 0;
    for (uint32_t i = 2; i < quick_deaths && delay_ms < RESTART_DELAY_MS_MAX; i++)
        delay_ms *= 2;
    return delay_ms < RESTART_DELAY_MS_MAX ? delay_ms : RESTART_DELAY_MS_MAX;
}

void sc_child_restart(sc_child_t *child)
{
    uint64_t delay_ms = sc_child_restart_delay_ms(child->quick_deaths);

    child->restart_count++;
    if (delay_ms == 0 && child->quick_deaths == 0) {
        sc_child_start(child);
        return;
    }
    if (delay_ms > 0)
        sc_log(SC_LOG_WARN,
               "%s has ended %u times within %u s of its start; the next start waits %llu ms",
               child->name, child->quick_deaths,
               (child->is_over_memory ? QUICK_GROWTH_MS : QUICK_DEATH_MS) / 1000,
               (unsigned long long)delay_ms);
    sc_wheel_start(&child->loop->wheel, &child->restart_timer, delay_ms);
}

void sc_child_cancel_restart(sc_child_t *child)
{
    sc_wheel_stop(&child->loop->wheel, &child->restart_timer);
}

void sc_child_stop(sc_child_t *child, const char *how, uint64_t timeout_ms)
{
    if (child->state == SC_CHILD_DOWN)
        return;
    child->state = SC_CHILD_STOPPING;
    sc_child_send(child, json_pack("{s:s}", "type", how));
    sc_wheel_start(&child->loop->wheel, &child->kill_timer, timeout_ms);
}

void sc_child_kill(sc_child_t *child)
{
    if (child->pid > 0 && kill(child->pid, SIGKILL) != 0)
        sc_log(SC_LOG_ERROR, "%s (pid %d) can't be killed: %s", child->name, child->pid,
               strerror(errno));
}

/* Puts how a process ended into words: "exit code 1", "killed by SIGSEGV". */
static void describe_exit(int wait_status, char *text, size_t text_bytes)
{
    const char *signal_name;

    if (WIFEXITED(wait_status)) {
        snprintf(text, text_bytes, "exit code %d", WEXITSTATUS(wait_status));
        return;
    }
    signal_name = sigabbrev_np(WTERMSIG(wait_status));
    snprintf(text, text_bytes, "killed by SIG%s", signal_name != NULL ? signal_name : "?");
}

void sc_child_handle_exit(sc_child_t *child, int wait_status)
{
    uint64_t lived_ms = sc_loop_now_ms(child->loop) - child->started_ms;
    bool was_asked = child->state == SC_CHILD_STOPPING;
    bool is_clean = WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 0;
    uint64_t quick_ms = child->is_over_memory ? QUICK_GROWTH_MS : QUICK_DEATH_MS;
    char how[64];

    describe_exit(wait_status, how, sizeof(how));
    sc_log(was_asked && is_clean ? SC_LOG_INFO : SC_LOG_ERROR, "%s (pid %d) has ended: %s%s",
           child->name, child->pid, how, was_asked ? ", as it was told to" : "");
    if ((was_asked && !child->is_over_memory) || lived_ms >= quick_ms)
        child->quick_deaths = 0;
    else
        child->quick_deaths++;
    child->ended_pid = child->pid;
    child->wait_status = wait_status;
    sc_wheel_stop(&child->loop->wheel, &child->kill_timer);
    sc_control_close(child->control);
    child->control = NULL;
    child->pid = 0;
    child->state = SC_CHILD_DOWN;
    child->handler->on_exit(child, was_asked, child->arg);
}

void sc_child_send(sc_child_t *child, json_t *message)
{
    if (child->control != NULL)
        sc_control_send(child->control, message);
    else
        json_decref(message);
}

const char *sc_child_state_name(sc_child_state_t state)
{
    switch (state) {
    case SC_CHILD_DOWN:
        return "down";
    case SC_CHILD_STARTING:
        return "starting";
    case SC_CHILD_SERVING:
        return "serving";
    case SC_CHILD_STOPPING:
        return "stopping";
    }
    return "unknown";
}
