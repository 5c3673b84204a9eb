#include "master/reload.h"

#include "common/log.h"

/* Asks the next worker to drain. One that is down or starting has, or will have, the new code anyway. */
static void drain_next(sc_master_t *master)
{
    sc_reload_t *reload = &master->reload;

    for (; reload->worker < master->options->workers; reload->worker++) {
        sc_child_t *worker = &master->workers[reload->worker];

        if (worker->state == SC_CHILD_SERVING) {
            sc_child_stop(worker, "drain", master->options->process_term_timeout_ms);
            return;
        }
    }
    reload->is_running = false;
    sc_log(SC_LOG_INFO, "rolling restart: all workers are replaced");
}

bool sc_reload_start(sc_master_t *master)
{
    if (master->state != SC_MASTER_RUNNING || master->reload.is_running) {
        sc_log(SC_LOG_WARN, "rolling restart: not now, %s",
               master->reload.is_running ? "one is going on"
                                         : "the cluster is starting or stopping");
        return false;
    }
    sc_log(SC_LOG_INFO, "rolling restart: workers are replaced one by one");
    master->reload.is_running = true;
    master->reload.worker = 0;
    drain_next(master);
    return true;
}

void sc_reload_on_ready(sc_master_t *master, const sc_child_t *worker)
{
    if (!master->reload.is_running || worker->id != master->reload.worker)
        return;
    master->reload.worker++;
    drain_next(master);
}

void sc_reload_cancel(sc_master_t *master)
{
    master->reload.is_running = false;
}
