#include "master/memory_watch.h"

#include "common/log.h"
#include "master/master.h"

/* While a worker is over the threshold, looks come closer. */
#define CLOSE_LOOK_MS 1000u

/* Half as much again: no time for others to go first, none for goodbyes. */
static uint64_t hard_limit(uint64_t threshold)
{
    return threshold + threshold / 2;
}

sc_memory_verdict_t sc_memory_judge(const sc_child_t *worker, uint64_t bytes, uint64_t threshold,
                                    bool is_free)
{
    if (bytes <= threshold)
        return SC_MEMORY_GOOD;
    if (worker->state == SC_CHILD_STOPPING)
        return bytes > hard_limit(threshold) ? SC_MEMORY_KILL : SC_MEMORY_WAIT;
    if (worker->state != SC_CHILD_SERVING)
        return SC_MEMORY_WAIT; /* its plugins may need much to start with: the log shall say why it is replaced for ever */
    return is_free || bytes > hard_limit(threshold) ? SC_MEMORY_REPLACE : SC_MEMORY_WAIT;
}

static bool is_anybody_replaced(const sc_master_t *master)
{
    bool is_any = master->reload.is_running;

    for (uint32_t i = 0; i < master->options->workers && !is_any; i++)
        is_any = master->workers[i].state != SC_CHILD_SERVING;
    return is_any;
}

static void replace(sc_master_t *master, sc_child_t *worker, uint64_t bytes)
{
    worker->is_over_memory = true;
    sc_log(
        SC_LOG_WARN,
        "%s (pid %d) has %llu bytes of memory of its own, killWorkerMemoryThreshold is %llu: it is "
        "replaced",
        worker->name, worker->pid, (unsigned long long)bytes,
        (unsigned long long)master->options->worker_memory_bytes);
    (void)sc_master_replace(master, worker);
}

static void kill_growing(const sc_master_t *master, sc_child_t *worker, uint64_t bytes)
{
    sc_log(
        SC_LOG_WARN,
        "%s (pid %d) has %llu bytes while it ends, killWorkerMemoryThreshold is %llu: it is killed",
        worker->name, worker->pid, (unsigned long long)bytes,
        (unsigned long long)master->options->worker_memory_bytes);
    sc_child_kill(worker);
}

/* Returns whether the worker is over the threshold. */
static bool look_at(sc_master_t *master, sc_child_t *worker)
{
    uint64_t bytes;

    if (worker->pid <= 0 || sc_process_private_bytes(worker->pid, &bytes) != SC_OK)
        return false;
    switch (sc_memory_judge(worker, bytes, master->options->worker_memory_bytes,
                            !is_anybody_replaced(master))) {
    case SC_MEMORY_GOOD:
        return false;
    case SC_MEMORY_WAIT:
        break;
    case SC_MEMORY_REPLACE:
        replace(master, worker, bytes);
        break;
    case SC_MEMORY_KILL:
        kill_growing(master, worker, bytes);
        break;
    }
    return true;
}

static void on_timer(sc_wheel_timer_t *timer)
{
    sc_memory_watch_t *watch = sc_list_entry(timer, sc_memory_watch_t, timer);
    sc_master_t *master = watch->master;
    uint64_t interval_ms = master->options->worker_status_interval_ms;
    bool is_any_over = false;

    for (uint32_t i = 0; i < master->options->workers && master->state == SC_MASTER_RUNNING; i++)
        is_any_over = look_at(master, &master->workers[i]) || is_any_over;
    if (is_any_over && interval_ms > CLOSE_LOOK_MS)
        interval_ms = CLOSE_LOOK_MS;
    sc_wheel_start(&master->loop.wheel, timer, interval_ms);
}

void sc_memory_watch_start(sc_memory_watch_t *watch, sc_master_t *master)
{
    watch->master = master;
    sc_wheel_timer_init(&watch->timer, on_timer);
    if (master->options->worker_memory_bytes > 0)
        sc_wheel_start(&master->loop.wheel, &watch->timer,
                       master->options->worker_status_interval_ms);
}

void sc_memory_watch_stop(sc_memory_watch_t *watch)
{
    if (watch->master != NULL)
        sc_wheel_stop(&watch->master->loop.wheel, &watch->timer);
}
