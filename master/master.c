#include "master/master.h"

#include "common/alloc.h"
#include "common/log.h"
#include "common/option_tls.h"
#include "common/timer.h"
#include "master/reload.h"
#include "master/request.h"
#include "master/secrets.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static void each_child(sc_master_t *master, void (*visit)(sc_child_t *child, void *arg), void *arg)
{
    for (uint32_t i = 0; i < master->options->brokers; i++)
        visit(&master->brokers[i], arg);
    for (uint32_t i = 0; i < master->options->workers; i++)
        visit(&master->workers[i], arg);
}

static bool all_serve(const sc_child_t *children, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        if (children[i].state != SC_CHILD_SERVING)
            return false;
    }
    return true;
}

static bool all_down(const sc_child_t *children, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        if (children[i].state != SC_CHILD_DOWN)
            return false;
    }
    return true;
}

static void start_all(sc_child_t *children, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++)
        sc_child_start(&children[i]);
}

static void tell_child(sc_child_t *child, void *arg)
{
    sc_child_send(child, json_pack("{s:s}", "type", (const char *)arg));
}

void sc_master_tell_all(sc_master_t *master, const char *type)
{
    each_child(master, tell_child, (void *)type);
}

/* ---- Stopping ---- */

static void cancel_restart(sc_child_t *child, void *arg)
{
    (void)arg;
    sc_child_cancel_restart(child);
}

static void kill_child(sc_child_t *child, void *arg)
{
    (void)arg;
    if (child->pid > 0)
        sc_log(SC_LOG_WARN, "%s (pid %d) did not end within processTermTimeout and is killed",
               child->name, child->pid);
    sc_child_kill(child);
}

static void on_term_timeout(sc_wheel_timer_t *timer)
{
    each_child(sc_list_entry(timer, sc_master_t, term_timer), kill_child, NULL);
}

static void stop_children(sc_master_t *master, sc_child_t *children, uint64_t count)
{
    /* One deadline for all is term_timer; those of single children only come after it. */
    for (uint64_t i = 0; i < count; i++)
        sc_child_stop(&children[i], "stop", master->options->process_term_timeout_ms + 1000);
}

/* Goes on as far as the children that are left allow: workers first, so that what they have still to publish arrives. */
static void go_on_stopping(sc_master_t *master)
{
    if (master->state == SC_MASTER_STOPPING_WORKERS &&
        all_down(master->workers, master->options->workers)) {
        master->state = SC_MASTER_STOPPING_BROKERS;
        stop_children(master, master->brokers, master->options->brokers);
    }
    if (master->state == SC_MASTER_STOPPING_BROKERS &&
        all_down(master->brokers, master->options->brokers))
        sc_loop_stop(&master->loop);
}

static void stop_cluster(sc_master_t *master, int exit_code)
{
    if (master->state >= SC_MASTER_STOPPING_WORKERS)
        return;
    master->state = SC_MASTER_STOPPING_WORKERS;
    master->exit_code = exit_code;
    sc_master_hooks_tell(&master->hooks, SC_MASTER_EVENT_STOPPING, NULL, false);
    sc_reload_cancel(master);
    sc_memory_watch_stop(&master->memory_watch);
    each_child(master, cancel_restart, NULL);
    stop_children(master, master->workers, master->options->workers);
    sc_listeners_close(&master->listeners);
    sc_wheel_start(&master->loop.wheel, &master->term_timer,
                   master->options->process_term_timeout_ms);
    go_on_stopping(master);
}

/* ---- What children do ---- */

static void print_ready(const sc_master_t *master)
{
    const sc_options_t *options = master->options;

    printf("ready: port %u%s, %llu worker%s, %llu broker%s, pid %d\n", master->listeners.port,
           sc_option_tls_is_on(options) ? " (https, wss)" : "",
           (unsigned long long)options->workers, options->workers == 1 ? "" : "s",
           (unsigned long long)options->brokers, options->brokers == 1 ? "" : "s", getpid());
    if (fflush(stdout) != 0)
        sc_log(SC_LOG_WARN, "the ready line can't be written: %s", strerror(errno));
    sc_log(SC_LOG_INFO, "serving on port %u", master->listeners.port);
}

static void tell_of_death(sc_child_t *broker, const sc_child_t *worker, uint32_t restart_count)
{
    sc_child_send(broker, json_pack("{s:s,s:I,s:I}", "type", "workerDown", "worker",
                                    (json_int_t)worker->id, "restarts", (json_int_t)restart_count));
}

static void tell_brokers_of_death(sc_master_t *master, const sc_child_t *worker)
{
    for (uint32_t i = 0; i < master->options->brokers; i++)
        tell_of_death(&master->brokers[i], worker, worker->restart_count);
}

/* A broker that is new need not wait for those who can't come. The count of one that waits for its restart is that of the
 * process to come already: the one that has ended had one less. */
static void tell_of_absent(sc_master_t *master, sc_child_t *broker)
{
    for (uint32_t i = 0; i < master->options->workers; i++) {
        const sc_child_t *worker = &master->workers[i];

        if (worker->state == SC_CHILD_DOWN && worker->restart_count > 0)
            tell_of_death(broker, worker, worker->restart_count - 1);
    }
}

static void on_child_ready(sc_child_t *child, void *arg)
{
    sc_master_t *master = arg;

    if (child->restart_count > 0)
        sc_log(SC_LOG_INFO, "%s serves again, pid %d, restart %u", child->name, child->pid,
               child->restart_count);
    sc_master_hooks_tell(&master->hooks, SC_MASTER_EVENT_READY, child, false);
    if (master->state == SC_MASTER_STARTING_BROKERS &&
        all_serve(master->brokers, master->options->brokers)) {
        master->state = SC_MASTER_STARTING_WORKERS;
        start_all(master->workers, master->options->workers);
    } else if (master->state == SC_MASTER_STARTING_WORKERS &&
               all_serve(master->workers, master->options->workers)) {
        master->state = SC_MASTER_RUNNING;
        print_ready(master);
        sc_memory_watch_start(&master->memory_watch, master);
        sc_master_hooks_tell(&master->hooks, SC_MASTER_EVENT_SERVING, NULL, false);
    } else if (child->kind == SC_CHILD_WORKER) {
        sc_reload_on_ready(master, child);
    } else {
        tell_of_absent(master, child);
    }
}

/* A worker that takes nothing from a broker is replaced: its messages would pile up for ever. */
static void replace_stalled(sc_master_t *master, const sc_child_t *broker, const json_t *message)
{
    json_int_t id = json_integer_value(json_object_get(message, "worker"));

    if (id < 0 || id >= (json_int_t)master->options->workers)
        return;
    sc_log(SC_LOG_ERROR, "%s takes nothing from %s: it is replaced", master->workers[id].name,
           broker->name);
    sc_child_kill(&master->workers[id]);
}

static void on_child_start(sc_child_t *child, void *arg)
{
    sc_master_t *master = arg;

    sc_master_hooks_tell(&master->hooks, SC_MASTER_EVENT_STARTED, child, false);
}

static void on_child_message(sc_child_t *child, const char *type, const json_t *message, void *arg)
{
    sc_master_t *master = arg;

    if (strcmp(type, "request") == 0)
        sc_request_handle(arg, child, message);
    else if (strcmp(type, "stalled") == 0 && child->kind == SC_CHILD_BROKER)
        replace_stalled(arg, child, message);
    else if (strcmp(type, "message") == 0)
        (void)sc_message_routes_send(&master->routes, child, message);
    else if (strcmp(type, "messageAnswer") == 0)
        sc_message_routes_answer(&master->routes, child, message);
    else
        sc_log(SC_LOG_WARN, "%s sent an unknown message of type %s", child->name, type);
}

static void on_child_exit(sc_child_t *child, bool was_asked, void *arg)
{
    sc_master_t *master = arg;

    if (child->kind == SC_CHILD_WORKER)
        tell_brokers_of_death(master, child);
    sc_message_routes_on_exit(&master->routes, child);
    sc_master_hooks_tell(&master->hooks, SC_MASTER_EVENT_ENDED, child, was_asked);
    switch (master->state) {
    case SC_MASTER_STARTING_BROKERS:
    case SC_MASTER_STARTING_WORKERS:
        sc_log(SC_LOG_ERROR, "%s has ended during the start of the cluster, which is given up",
               child->name);
        stop_cluster(master, EXIT_FAILURE);
        break;
    case SC_MASTER_RUNNING:
        sc_child_restart(child);
        break;
    case SC_MASTER_STOPPING_WORKERS:
    case SC_MASTER_STOPPING_BROKERS:
        go_on_stopping(master);
        break;
    }
}

static const sc_child_handler_t child_handler = {on_child_ready, on_child_message, on_child_exit,
                                                 on_child_start};

sc_status_t sc_master_replace(sc_master_t *master, sc_child_t *worker)
{
    if (master->state != SC_MASTER_RUNNING || worker->state != SC_CHILD_SERVING)
        return SC_ERR_STATE;
    sc_child_stop(worker, "drain", master->options->process_term_timeout_ms);
    return SC_OK;
}

/* ---- Signals ---- */

typedef struct pid_search {
    pid_t pid;
    sc_child_t *found;
} pid_search_t;

static void match_pid(sc_child_t *child, void *arg)
{
    pid_search_t *search = arg;

    if (child->pid == search->pid)
        search->found = child;
}

static void reap_children(sc_master_t *master)
{
    pid_search_t search = {0};
    int wait_status;

    while ((search.pid = waitpid(-1, &wait_status, WNOHANG)) > 0) {
        search.found = NULL;
        each_child(master, match_pid, &search);
        if (search.found != NULL)
            sc_child_handle_exit(search.found, wait_status);
    }
}

static void reload_files(sc_master_t *master)
{
    if (sc_log_open(master->options->log_file) != SC_OK)
        sc_log(SC_LOG_ERROR, "option logFile: can't open %s: %s", master->options->log_file,
               strerror(errno));
    sc_master_tell_all(master, "reload");
    if (sc_master_secrets_renew(master))
        sc_log(SC_LOG_INFO,
               "SIGHUP: the log is opened again; certificates and keys are read again");
    else
        sc_log(SC_LOG_WARN,
               "SIGHUP: the log is opened again; certificates and keys stay as they were");
}

static void on_restart_signal(sc_master_t *master)
{
    if (master->options->kill_master_on_signal) {
        sc_log(SC_LOG_INFO, "SIGUSR2: the cluster stops, as killMasterOnSignal says");
        stop_cluster(master, EXIT_SUCCESS);
    } else if (!master->options->reboot_on_signal) {
        sc_log(SC_LOG_INFO, "SIGUSR2: ignored, as rebootOnSignal says");
    } else {
        (void)sc_reload_start(master);
    }
}

static void on_signal(evutil_socket_t number, short what, void *arg)
{
    sc_master_t *master = arg;

    (void)what;
    switch ((int)number) {
    case SIGCHLD:
        reap_children(master);
        break;
    case SIGHUP:
        reload_files(master);
        break;
    case SIGUSR2:
        on_restart_signal(master);
        break;
    default:
        sc_log(SC_LOG_INFO, "SIG%s: the cluster stops", sigabbrev_np((int)number));
        stop_cluster(master, EXIT_SUCCESS);
        break;
    }
}

static sc_status_t watch_signals(sc_master_t *master)
{
    static const int numbers[SC_MASTER_SIGNALS] = {SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGUSR2};

    signal(SIGPIPE, SIG_IGN);
    for (int i = 0; i < SC_MASTER_SIGNALS; i++) {
        struct event *event = evsignal_new(master->loop.base, numbers[i], on_signal, master);

        if (event == NULL)
            return SC_ERR_IO;
        master->signal_events[i] = event;
        if (event_add(event, NULL) != 0)
            return SC_ERR_IO;
    }
    return SC_OK;
}

/* ---- Its life ---- */

/* What was made as root must be usable afterwards. */
static sc_status_t become_user(sc_master_t *master)
{
    const sc_options_t *options = master->options;
    const struct passwd *entry;
    sc_status_t status;

    if (options->user == NULL)
        return SC_OK;
    status = sc_runtime_dir_give(&master->runtime_dir, options->user);
    if (status != SC_OK)
        return status;
    entry = getpwnam(options->user);
    if (options->log_file != NULL && entry != NULL &&
        fchown(sc_log_fd(), entry->pw_uid, entry->pw_gid) != 0)
        sc_log(SC_LOG_WARN, "option logFile: can't give %s to the user: %s", options->log_file,
               strerror(errno));
    status = sc_process_drop_privileges(options->user);
    if (status != SC_OK)
        sc_log(SC_LOG_ERROR, "option user: can't become %s: %s", options->user, strerror(errno));
    return status;
}

static void make_children(sc_master_t *master)
{
    const sc_options_t *options = master->options;
    sc_child_family_t family = {.loop = &master->loop,
                                .options = master->options,
                                .ticket_keys = master->ticket_keys,
                                .runtime_dir = master->runtime_dir.path,
                                .handler = &child_handler,
                                .arg = master};

    master->brokers = sc_alloc_zeroed(options->brokers, sizeof(sc_child_t));
    master->workers = sc_alloc_zeroed(options->workers, sizeof(sc_child_t));
    for (uint32_t i = 0; i < options->brokers; i++)
        sc_child_init(&master->brokers[i], &family, SC_CHILD_BROKER, i, -1);
    for (uint32_t i = 0; i < options->workers; i++)
        sc_child_init(&master->workers[i], &family, SC_CHILD_WORKER, i, master->listeners.fds[i]);
    master->routes.brokers = master->brokers;
    master->routes.broker_count = (uint32_t)options->brokers;
    master->routes.workers = master->workers;
    master->routes.worker_count = (uint32_t)options->workers;
}

/* ---- Plugins ---- */

/* What the master's own plugins send. */
static sc_status_t transmit(json_t *message, bool must_go, void *arg)
{
    sc_master_t *master = arg;
    const char *type = json_string_value(json_object_get(message, "type"));
    sc_status_t status = SC_OK;

    (void)must_go; /* the routes look at what waits for the receiver */
    if (strcmp(type, "message") == 0)
        status = sc_message_routes_send(&master->routes, NULL, message);
    else
        sc_message_routes_answer(&master->routes, NULL, message);
    json_decref(message);
    return status;
}

static void init_plugins(sc_master_t *master)
{
    sc_list_init(&master->timers);
    sc_messenger_init(&master->messenger, &master->loop,
                      (uint32_t)master->options->ipc_ack_timeout_ms, transmit, master);
    sc_message_routes_init(&master->routes, &master->loop, &master->messenger);
}

static void deinit_plugins(sc_master_t *master)
{
    sc_plugins_unload(&master->plugins);
    sc_timer_stop_all(&master->timers);
    sc_messenger_deinit(&master->messenger);
    sc_message_routes_deinit(&master->routes);
    sc_master_hooks_deinit(&master->hooks);
}

int sc_master_check(const sc_child_setup_t *setup)
{
    sc_master_t master = {.options = setup->options};
    sc_status_t status = sc_loop_init(&master.loop);

    if (status != SC_OK)
        return 1;
    init_plugins(&master);
    status = sc_plugins_load_master(&master.plugins, &master, master.options);
    deinit_plugins(&master);
    sc_loop_deinit(&master.loop);
    return status == SC_OK ? 0 : 1;
}

/* Everything that may fail, before the first child is there. */
static sc_status_t prepare(sc_master_t *master)
{
    const sc_options_t *options = master->options;
    sc_status_t status = sc_loop_init(&master->loop);

    if (status == SC_OK)
        status = watch_signals(master);
    if (status != SC_OK) {
        sc_log(SC_LOG_ERROR, "the event loop can't start: %s", strerror(errno));
        return status;
    }
    status = sc_master_secrets_init(master);
    if (status == SC_OK)
        status = sc_runtime_dir_open(&master->runtime_dir, options->runtime_dir, options->user);
    if (status == SC_OK && options->pid_file != NULL)
        status = sc_pid_file_open(options->pid_file, &master->pid_file_fd);
    if (status == SC_OK)
        status = sc_listeners_open(&master->listeners, options);
    if (status == SC_OK)
        status = become_user(master);
    return status;
}

static void clean_up(sc_master_t *master)
{
    sc_listeners_close(&master->listeners);
    sc_pid_file_close(master->options->pid_file, master->pid_file_fd);
    sc_runtime_dir_close(&master->runtime_dir);
    for (int i = 0; i < SC_MASTER_SIGNALS; i++) {
        if (master->signal_events[i] != NULL)
            event_free(master->signal_events[i]);
    }
    sc_master_secrets_deinit(master);
    sc_loop_deinit(&master->loop);
    free(master->brokers);
    free(master->workers);
}

int sc_master_run(sc_options_t *options)
{
    sc_master_t master = {.options = options, .pid_file_fd = -1, .runtime_dir.fd = -1};
    sc_status_t status;

    master.exit_code = EXIT_FAILURE;
    sc_process_raise_file_limit();
    sc_wheel_timer_init(&master.term_timer, on_term_timeout);
    init_plugins(&master);
    status = prepare(&master);
    if (status == SC_OK) {
        make_children(&master);
        /* Not as root where the option user names another. */
        status = sc_plugins_load_master(&master.plugins, &master, options);
    }
    if (status == SC_OK) {
        sc_log(SC_LOG_INFO, "starting %llu brokers and %llu workers, sockets in %s",
               (unsigned long long)options->brokers, (unsigned long long)options->workers,
               master.runtime_dir.path);
        start_all(master.brokers, options->brokers);
        sc_loop_run(&master.loop);
        sc_log(SC_LOG_INFO, "the cluster has stopped");
    }
    deinit_plugins(&master);
    clean_up(&master);
    return master.exit_code;
}
