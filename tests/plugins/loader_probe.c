/*
 * loader_probe.c: a plugin that logs when it is attached and detached. Definitions say what it exports and how it is
 * malformed: NAME, HAS_WORKER, HAS_BROKER, HAS_MASTER, SIZE, ATTACH_WORKER, ATTACH_BROKER.
 */
#include <sc/plugin.h>

#ifndef SIZE
#define SIZE sizeof(sc_worker_plugin_t)
#endif
#ifndef ATTACH_WORKER
#define ATTACH_WORKER attach_worker
#endif
#ifndef ATTACH_BROKER
#define ATTACH_BROKER attach_broker
#endif

static int own_state;

static sc_status_t log_attach(const char *half, sc_str_t options, void **state)
{
    sc_log(SC_LOG_INFO, "%s: attach to %s with %.*s", NAME, half, SC_STR_ARG(options));
    *state = &own_state;
    return SC_OK;
}

static void log_detach(const char *half, const void *state)
{
    sc_log(SC_LOG_INFO, "%s: detach from %s%s", NAME, half,
           state == &own_state ? "" : " with a wrong state");
}

#ifdef HAS_WORKER
__attribute__((unused)) static sc_status_t attach_worker(sc_worker_t *worker, sc_str_t options,
                                                         void **state)
{
    (void)worker;
    return log_attach("worker", options, state);
}

static void detach_worker(sc_worker_t *worker, void *state)
{
    (void)worker;
    log_detach("worker", state);
}

extern SC_API const sc_worker_plugin_t sc_worker_plugin;
const sc_worker_plugin_t sc_worker_plugin = {SC_ABI_VERSION, (uint32_t)SIZE, NAME,
                                             "1.0.0",        ATTACH_WORKER,  detach_worker};
#endif

#ifdef HAS_BROKER
__attribute__((unused)) static sc_status_t attach_broker(sc_broker_t *broker, sc_str_t options,
                                                         void **state)
{
    (void)broker;
    return log_attach("broker", options, state);
}

static void detach_broker(sc_broker_t *broker, void *state)
{
    (void)broker;
    log_detach("broker", state);
}

extern SC_API const sc_broker_plugin_t sc_broker_plugin;
const sc_broker_plugin_t sc_broker_plugin = {SC_ABI_VERSION, (uint32_t)SIZE, NAME,
                                             "1.0.0",        ATTACH_BROKER,  detach_broker};
#endif

#ifdef HAS_MASTER
static sc_status_t attach_master(sc_master_t *master, sc_str_t options, void **state)
{
    (void)master;
    return log_attach("master", options, state);
}

static void detach_master(sc_master_t *master, void *state)
{
    (void)master;
    log_detach("master", state);
}

extern SC_API const sc_master_plugin_t sc_master_plugin;
const sc_master_plugin_t sc_master_plugin = {SC_ABI_VERSION, (uint32_t)SIZE, NAME,
                                             "1.0.0",        attach_master,  detach_master};
#endif
