#include "worker/worker.h"

#include "common/alloc.h"
#include "common/log.h"
#include "common/timer.h"
#include "worker/protocol/fanout.h"
#include "worker/protocol/middleware.h"
#include "worker/protocol/packet_error.h"
#include "worker/protocol/socket.h"
#include "worker/protocol/subscription.h"

#include <netinet/in.h>
#include <time.h>

/* How long a closing connection may take nothing, and then not close. */
#define LINGER_MS 3000u
/* How often an ending worker looks whether it is done. */
#define END_LOOK_MS 20u
/* A draining worker closes its sockets over so many looks: those who come back do not come all at once. */
#define DRAIN_LOOKS 50u
/* Of processTermTimeout, what an ending worker takes before it gives up: the master kills at the end of it. */
#define END_SHARE_PERCENT 80u

int64_t sc_worker_wall_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- Opening a WebSocket --------------------------------------------------------------------------------- */

/* 401 with the error's message, or with the error itself if it has none (docs/protocol.md, "Answers other than 101"). */
static void refuse_opening(sc_action_t *action)
{
    sc_str_t error = sc_action_error(action);
    sc_str_t message = sc_json_member(error, "message");
    sc_text_t body = {0};

    if (sc_str_is_none(message))
        message = error;
    if (sc_text_add_unquoted(&body, message) != SC_OK)
        sc_text_add(&body, message);
    sc_http_upgrade_refuse(action->http, 401, sc_text_str(&body));
    sc_text_free(&body);
}

static void on_opening_asked(sc_action_t *action, bool is_allowed)
{
    char address[INET6_ADDRSTRLEN];
    sc_ws_deflate_terms_t deflate;
    sc_event_t event = {.type = SC_EVENT_HANDSHAKE};
    sc_text_t kept = {0};
    sc_str_t query;
    sc_conn_t *conn;
    char *headers;

    if (!is_allowed) {
        refuse_opening(action);
        return;
    }
    /* The request goes with its answer; what the socket keeps of it is copied first. */
    query = sc_http_query(action->http);
    sc_text_add(&kept, query);
    if (!sc_str_is_none(query))
        query = sc_text_str(&kept);
    headers = sc_hooks_take_headers(&action->worker->hooks, action->http);
    conn = sc_http_upgrade_finish(action->http, address, sizeof(address), &deflate);
    if (conn != NULL) {
        event.socket = sc_socket_open(action->worker, conn, address, query, &deflate);
        event.socket->headers = headers;
        sc_hooks_tell(&action->worker->hooks, &event);
    } else {
        free(headers);
    }
    sc_text_free(&kept);
}

static void on_websocket(sc_http_request_t *request, void *arg)
{
    sc_action_t *action = sc_action_new(arg, SC_ACTION_HANDSHAKE_WS, NULL, on_opening_asked);

    action->http = request;
    sc_action_run(action);
}

/* ---- Messages ---------------------------------------------------------------------------------------------- */

static void on_message(sc_channel_t *channel, sc_str_t data, void *arg)
{
    sc_fanout_message(arg, channel, data);
}

static void on_standing(sc_channel_t *channel, void *arg)
{
    (void)arg;
    sc_subscription_on_standing(channel);
}

static const sc_exchange_handler_t exchange_handler = {.on_message = on_message,
                                                       .on_standing = on_standing};

/* ---- The end ----------------------------------------------------------------------------------------------- */

static void end_some_sockets(sc_worker_t *worker, uint32_t count)
{
    int code = worker->is_draining ? SC_CLOSE_PING_TIMEOUT : SC_WS_CLOSE_GOING_AWAY;
    sc_str_t reason = worker->is_draining ? SC_STR("Server restart") : SC_STR("Server shutdown");

    sc_list_each(node, &worker->sockets)
    {
        sc_socket_t *socket = sc_list_entry(node, sc_socket_t, node);

        if (count == 0)
            break;
        if (!sc_socket_is_alive(socket))
            continue;
        sc_socket_end(socket, code, reason);
        count--;
    }
}

static bool is_done(const sc_worker_t *worker)
{
    sc_exchange_counts_t counts = sc_exchange_get_counts(worker->exchange);

    return worker->net.conn_count == 0 && worker->socket_count == 0 && counts.backlog_bytes == 0;
}

static void on_end_timer(sc_wheel_timer_t *timer)
{
    sc_worker_t *worker = sc_list_entry(timer, sc_worker_t, end_timer);

    end_some_sockets(worker, worker->is_draining ? worker->drain_step : UINT32_MAX);
    if (is_done(worker) || sc_loop_now_ms(&worker->loop) >= worker->end_by_ms)
        sc_loop_stop(&worker->loop);
    else
        sc_wheel_start(&worker->loop.wheel, &worker->end_timer, END_LOOK_MS);
}

static void begin_end(sc_worker_t *worker, bool is_draining)
{
    if (worker->state == SC_WORKER_ENDING)
        return;
    sc_log(SC_LOG_INFO, "%s with %u sockets", is_draining ? "draining" : "stopping",
           worker->socket_count);
    worker->state = SC_WORKER_ENDING;
    worker->is_draining = is_draining;
    worker->drain_step = worker->socket_count / DRAIN_LOOKS + 1;
    worker->end_by_ms = sc_loop_now_ms(&worker->loop) +
                        worker->options->process_term_timeout_ms * END_SHARE_PERCENT / 100;
    sc_accept_stop(worker->accept);
    worker->accept = NULL;
    sc_http_drain(worker->http);
    on_end_timer(&worker->end_timer);
}

/* ---- The master ---------------------------------------------------------------------------------------------- */

static void on_control_message(sc_control_t *control, const char *type, const json_t *message,
                               void *arg)
{
    sc_worker_t *worker = arg;

    (void)control;
    if (strcmp(type, "stop") == 0)
        begin_end(worker, false);
    else if (strcmp(type, "drain") == 0)
        begin_end(worker, true);
    else if (strcmp(type, "reload") == 0) {
        if (sc_log_open(worker->options->log_file) != SC_OK)
            sc_log(SC_LOG_ERROR, "can't open the log file again");
    } else if (strcmp(type, "secrets") == 0)
        sc_worker_renew_secrets(worker, message);
    else if (strcmp(type, "ticketKeys") == 0)
        sc_worker_renew_ticket_keys(worker, message);
    else if (!sc_master_link_on_message(&worker->master, type, message) &&
             !sc_messenger_take(&worker->messenger, type, message))
        sc_log(SC_LOG_WARN, "unknown message from the master: %s", type);
}

static void on_control_closed(sc_control_t *control, void *arg)
{
    sc_worker_t *worker = arg;

    (void)control;
    /* Nobody would start or stop us any more: better to serve nobody than to be in the way of a new master. */
    sc_log(SC_LOG_ERROR, "the master has gone");
    worker->exit_status = 1;
    sc_loop_stop(&worker->loop);
}

/* ---- The beginning --------------------------------------------------------------------------------------------- */

static void on_accepted(int fd, void *arg)
{
    sc_worker_t *worker = arg;

    sc_http_open(worker->http, fd);
}

static void serve(sc_worker_t *worker)
{
    if (worker->state != SC_WORKER_STARTING)
        return;
    worker->state = SC_WORKER_SERVING;
    sc_wheel_stop(&worker->loop.wheel, &worker->start_timer);
    worker->accept =
        sc_accept_start(&worker->net, worker->setup->listen_fd,
                        (uint32_t)worker->options->max_connections, on_accepted, worker);
    sc_control_send_type(worker->control, "ready");
}

static void on_links_up(void *arg)
{
    serve(arg);
}

static void on_start_timer(sc_wheel_timer_t *timer)
{
    sc_log(SC_LOG_WARN, "not every broker is there yet; serving without");
    serve(sc_list_entry(timer, sc_worker_t, start_timer));
}

static sc_ws_deflate_t *new_deflate(const sc_options_t *options)
{
    sc_ws_deflate_setup_t setup = {.window_bits = (uint8_t)options->deflate_window_bits,
                                   .level = (uint8_t)options->deflate_level,
                                   .threshold_bytes = (uint32_t)options->deflate_threshold_bytes,
                                   .payload_bytes_max = options->max_payload_bytes,
                                   .inflate_ratio_max = options->inflate_ratio_max};

    return options->per_message_deflate ? sc_ws_deflate_new(&setup) : NULL;
}

/* What needs neither master nor brokers; a check does no more. */
static sc_status_t init_alone(sc_worker_t *worker, const sc_child_setup_t *setup)
{
    const sc_options_t *options = setup->options;
    sc_http_setup_t http_setup = {.worker = worker,
                                  .net = &worker->net,
                                  .options = options,
                                  .on_websocket = on_websocket,
                                  .arg = worker};
    sc_status_t status;

    worker->setup = setup;
    worker->options = options;
    status = sc_loop_init(&worker->loop);
    if (status != SC_OK)
        return status;
    sc_net_init(&worker->net, &worker->loop, options->max_socket_backlog_bytes, LINGER_MS);
    sc_hooks_init(&worker->hooks);
    sc_action_pool_init(&worker->actions);
    sc_counters_init(&worker->counters);
    sc_list_init(&worker->timers);
    sc_list_init(&worker->sockets);
    sc_map_init(&worker->sockets_by_id);
    sc_ping_frames_init(&worker->ping_frames);
    worker->deflate = new_deflate(options);
    sc_master_link_init(&worker->master, &worker->loop, &worker->control,
                        (uint32_t)options->ack_timeout_ms);
    sc_messenger_init_linked(&worker->messenger, &worker->loop,
                             (uint32_t)options->ipc_ack_timeout_ms, &worker->control);
    sc_wheel_timer_init(&worker->start_timer, on_start_timer);
    sc_wheel_timer_init(&worker->end_timer, on_end_timer);
    worker->http = sc_http_new(&http_setup);
    if (worker->http == NULL)
        return SC_ERR_INVALID;
    return sc_worker_take_secrets(worker);
}

/* @param runtime_dir  where the brokers are; NULL: there are none, as in a check */
static sc_status_t init_exchange(sc_worker_t *worker, const char *runtime_dir)
{
    sc_exchange_setup_t exchange_setup = {.loop = &worker->loop,
                                          .options = worker->options,
                                          .runtime_dir = runtime_dir,
                                          .worker_id = worker->setup->id,
                                          .restart_count = worker->setup->restart_count,
                                          .handler = &exchange_handler,
                                          .arg = worker};

    worker->exchange = sc_exchange_new(&exchange_setup);
    return worker->exchange != NULL ? SC_OK : SC_ERR_IO;
}

/* Clients first, while there are plugins to hear of it; a worker that got only half-way too. */
static void deinit(sc_worker_t *worker)
{
    sc_accept_stop(worker->accept);
    sc_net_deinit(&worker->net);
    sc_socket_finish_all(worker);
    sc_exchange_abandon(worker->exchange);
    sc_plugins_unload(&worker->plugins);
    sc_timer_stop_all(&worker->timers);
    sc_master_link_deinit(&worker->master);
    sc_messenger_deinit(&worker->messenger);
    sc_action_pool_deinit(&worker->actions);
    sc_http_free(worker->http);
    sc_exchange_free(worker->exchange);
    sc_auth_free(worker->auth);
    sc_control_close(worker->control);
    sc_ping_frames_deinit(&worker->ping_frames);
    sc_ws_deflate_free(worker->deflate);
    sc_hooks_deinit(&worker->hooks);
    sc_counters_deinit(&worker->counters);
    sc_map_deinit(&worker->sockets_by_id);
    sc_text_free(&worker->scratch);
    sc_text_free(&worker->translated);
    sc_loop_deinit(&worker->loop);
    free(worker);
}

static sc_status_t start(sc_worker_t *worker, const sc_child_setup_t *setup)
{
    sc_status_t status = init_alone(worker, setup);

    if (status != SC_OK)
        return status;
    worker->control = sc_control_open(&worker->loop, setup->control_fd, on_control_message,
                                      on_control_closed, worker);
    status = init_exchange(worker, setup->runtime_dir);
    if (status == SC_OK)
        status = sc_plugins_load_worker(&worker->plugins, worker, worker->options);
    if (status != SC_OK)
        return status;
    sc_exchange_on_up(worker->exchange, on_links_up, worker);
    sc_wheel_start(&worker->loop.wheel, &worker->start_timer,
                   worker->options->broker_gather_timeout_ms);
    return SC_OK;
}

int sc_worker_main(const sc_child_setup_t *setup)
{
    sc_worker_t *worker = sc_new(sc_worker_t);
    int exit_status = 1;

    if (start(worker, setup) == SC_OK) {
        sc_loop_run(&worker->loop);
        exit_status = worker->exit_status;
    }
    deinit(worker);
    return exit_status;
}

int sc_worker_check(const sc_child_setup_t *setup)
{
    sc_worker_t *worker;
    sc_status_t status = sc_worker_check_secrets(setup->options, true);

    if (status != SC_OK)
        return 1;
    worker = sc_new(sc_worker_t);
    status = init_alone(worker, setup);
    if (status == SC_OK)
        status = init_exchange(worker, NULL);
    if (status == SC_OK)
        status = sc_plugins_load_worker(&worker->plugins, worker, worker->options);
    deinit(worker);
    return status == SC_OK ? 0 : 1;
}
