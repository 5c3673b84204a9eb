#include "broker/broker.h"

#include "common/alloc.h"
#include "common/log.h"
#include "common/timer.h"

#include <inttypes.h>

/* ---- GATHERING and READY ------------------------------------------------------------------- */

static uint32_t count_missing(const sc_broker_t *broker)
{
    uint32_t missing = 0;

    for (uint32_t i = 0; i < broker->worker_count; i++) {
        if (!broker->peers[i].is_settled)
            missing++;
    }
    return missing;
}

static void become_ready(sc_broker_t *broker)
{
    sc_broker_event_t event = {.type = SC_BROKER_READY};

    broker->is_ready = true;
    sc_wheel_stop(&broker->loop.wheel, &broker->gather_timer);
    sc_broker_hooks_tell(&broker->hooks, &event);
    for (uint32_t i = 0; i < broker->worker_count; i++)
        sc_bus_link_resume(&broker->peers[i].bus);
    sc_deliver_on_ready(&broker->deliver);
}

void sc_broker_on_settled(sc_broker_t *broker)
{
    if (!broker->is_ready && count_missing(broker) == 0)
        become_ready(broker);
}

static void on_gather_timer(sc_wheel_timer_t *timer)
{
    sc_broker_t *broker = sc_list_entry(timer, sc_broker_t, gather_timer);

    sc_log(SC_LOG_WARN, "%" PRIu32 " of %" PRIu32 " workers have not come; delivering without them",
           count_missing(broker), broker->worker_count);
    become_ready(broker);
}

/* ---- The master ---------------------------------------------------------------------------- */

static void on_worker_down(sc_broker_t *broker, const json_t *message)
{
    json_t *worker = json_object_get(message, "worker");
    json_t *restarts = json_object_get(message, "restarts");
    uint32_t restart_count = UINT32_MAX;

    if (!json_is_integer(worker) || json_integer_value(worker) < 0 ||
        json_integer_value(worker) >= broker->worker_count) {
        sc_log(SC_LOG_WARN, "the master names a worker that is not there");
        return;
    }
    if (json_is_integer(restarts))
        restart_count = (uint32_t)json_integer_value(restarts);
    sc_peer_on_worker_down(&broker->peers[json_integer_value(worker)], restart_count);
}

static void on_control_message(sc_control_t *control, const char *type, const json_t *message,
                               void *arg)
{
    sc_broker_t *broker = arg;

    (void)control;
    if (strcmp(type, "stop") == 0)
        sc_loop_stop(&broker->loop);
    else if (strcmp(type, "workerDown") == 0)
        on_worker_down(broker, message);
    else if (sc_messenger_take(&broker->messenger, type, message))
        return;
    else if (strcmp(type, "reload") != 0)
        sc_log(SC_LOG_WARN, "unknown message from the master: %s", type);
    else if (sc_log_open(broker->options->log_file) != SC_OK)
        sc_log(SC_LOG_ERROR, "can't open the log file again");
}

static void on_control_closed(sc_control_t *control, void *arg)
{
    sc_broker_t *broker = arg;

    sc_log(SC_LOG_ERROR, "the master has gone");
    sc_control_close(control);
    broker->control = NULL;
    sc_loop_stop(&broker->loop);
}

/* ---- Start and end ------------------------------------------------------------------------- */

/* What needs neither master nor workers; a check does no more. */
static sc_status_t init_alone(sc_broker_t *broker, const sc_child_setup_t *setup)
{
    broker->setup = setup;
    broker->options = setup->options;
    broker->id = setup->id;
    broker->worker_count = (uint32_t)setup->options->workers;
    broker->broker_count = (uint32_t)setup->options->brokers;
    broker->instance = sc_bus_broker_instance(setup->id, setup->restart_count);
    sc_list_init(&broker->timers);
    sc_route_table_init(&broker->routes, broker->worker_count);
    sc_deliver_init(&broker->deliver, broker);
    sc_wheel_timer_init(&broker->gather_timer, on_gather_timer);
    sc_messenger_init_linked(&broker->messenger, &broker->loop,
                             (uint32_t)broker->options->ipc_ack_timeout_ms, &broker->control);
    return sc_loop_init(&broker->loop);
}

static sc_status_t open_peers(sc_broker_t *broker)
{
    broker->peers = sc_alloc_zeroed(broker->worker_count, sizeof(*broker->peers));
    for (uint32_t i = 0; i < broker->worker_count; i++) {
        sc_status_t status = sc_peer_open(&broker->peers[i], broker, i);

        if (status != SC_OK)
            return status;
    }
    return SC_OK;
}

static sc_status_t start(sc_broker_t *broker)
{
    sc_status_t status;

    broker->control = sc_control_open(&broker->loop, broker->setup->control_fd, on_control_message,
                                      on_control_closed, broker);
    status = sc_plugins_load_broker(&broker->plugins, broker, broker->options);
    if (status == SC_OK)
        status = open_peers(broker);
    if (status != SC_OK)
        return status;
    sc_wheel_start(&broker->loop.wheel, &broker->gather_timer,
                   broker->options->broker_gather_timeout_ms);
    sc_control_send_type(broker->control, "ready");
    return SC_OK;
}

static void deinit(sc_broker_t *broker)
{
    sc_plugins_unload(&broker->plugins);
    sc_timer_stop_all(&broker->timers);
    sc_messenger_deinit(&broker->messenger);
    for (uint32_t i = 0; broker->peers != NULL && i < broker->worker_count; i++)
        sc_peer_close(&broker->peers[i]);
    free(broker->peers);
    sc_deliver_deinit(&broker->deliver);
    sc_route_table_deinit(&broker->routes);
    sc_control_close(broker->control);
    sc_broker_hooks_deinit(&broker->hooks);
    sc_loop_deinit(&broker->loop);
    free(broker);
}

int sc_broker_main(const sc_child_setup_t *setup)
{
    sc_broker_t *broker = sc_new(sc_broker_t);
    sc_status_t status = init_alone(broker, setup);

    if (status == SC_OK)
        status = start(broker);
    if (status == SC_OK)
        sc_loop_run(&broker->loop);
    deinit(broker);
    return status == SC_OK ? 0 : 1;
}

int sc_broker_check(const sc_child_setup_t *setup)
{
    sc_broker_t *broker = sc_new(sc_broker_t);
    sc_status_t status = init_alone(broker, setup);

    if (status == SC_OK)
        status = sc_plugins_load_broker(&broker->plugins, broker, broker->options);
    deinit(broker);
    return status == SC_OK ? 0 : 1;
}
