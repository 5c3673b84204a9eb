/*
 * api_worker.c: what plugins ask of their process: include/sc/worker.h (events, calls and middleware are in protocol/hooks.c and
 * protocol/middleware.c).
 */
#include "common/timer.h"
#include "worker/net/conn_tls.h"
#include "worker/worker.h"

uint32_t sc_worker_id(const sc_worker_t *worker)
{
    return worker->setup->id;
}

uint32_t sc_worker_count(const sc_worker_t *worker)
{
    return (uint32_t)worker->options->workers;
}

uint32_t sc_worker_broker_count(const sc_worker_t *worker)
{
    return (uint32_t)worker->options->brokers;
}

uint32_t sc_worker_socket_count(const sc_worker_t *worker)
{
    return worker->socket_count;
}

uint32_t sc_worker_open_socket_count(const sc_worker_t *worker)
{
    return worker->open_count;
}

uint64_t sc_worker_now_ms(const sc_worker_t *worker)
{
    return sc_loop_now_ms(&worker->loop);
}

sc_status_t sc_worker_option(const sc_worker_t *worker, const char *name, sc_text_t *out)
{
    const sc_option_t *option = sc_option_by_json_name(sc_str_from(name));

    return option != NULL ? sc_option_to_json(worker->options, option, out) : SC_ERR_NOT_FOUND;
}

sc_timer_t *sc_worker_timer(sc_worker_t *worker, uint32_t first_ms, uint32_t every_ms,
                            sc_timer_cb callback, void *arg)
{
    return sc_timer_start(&worker->loop, &worker->timers, first_ms, every_ms, callback, arg);
}

sc_messenger_t *sc_worker_messenger(sc_worker_t *worker)
{
    return &worker->messenger;
}

sc_counter_t *sc_worker_counter(sc_worker_t *worker, const char *name, const char *help)
{
    return sc_counters_get(&worker->counters, name, help);
}

static void set_own(sc_worker_t *worker, const char *name, const char *help, uint64_t value)
{
    sc_counters_get(&worker->counters, name, help)->value = (int64_t)value;
}

static void refresh_tls(sc_worker_t *worker, const sc_net_tls_t *tls)
{
    set_own(worker, "tls_handshakes", "TLS handshakes that were done", tls->handshake_count);
    set_own(worker, "tls_resumed", "TLS handshakes that resumed a session", tls->resumed_count);
    set_own(worker, "tls_failed", "TLS handshakes that failed", tls->failed_count);
    set_own(worker, "tls_deferred", "Steps of TLS handshakes that had to wait for a later turn",
            tls->deferred_count);
}

/* The worker's own figures are kept where they arise; they become counters when somebody looks. */
static void refresh_own(sc_worker_t *worker)
{
    const sc_net_t *net = &worker->net;

    set_own(worker, "connections", "Connections that are open, HTTP included", net->conn_count);
    set_own(worker, "sockets", "Sockets that are open", worker->socket_count);
    set_own(worker, "sockets_json", "Sockets that speak JSON",
            worker->codec_socket_count[sc_codec_json.index]);
    set_own(worker, "sockets_min_bin", "Sockets that speak sc-codec-min-bin",
            worker->codec_socket_count[sc_codec_minbin.index]);
    set_own(worker, "unreadable_messages", "Messages that their socket's codec could not read",
            worker->unreadable_count);
    set_own(worker, "arrays_sent", "Frames of several packets that went to clients",
            worker->array_count);
    set_own(worker, "shaken_sockets", "Sockets whose handshake is completed", worker->open_count);
    set_own(worker, "messages_received", "WebSocket messages from clients",
            worker->received_messages);
    set_own(worker, "read_calls", "System calls that read from clients", net->read_count);
    set_own(worker, "write_calls", "System calls that wrote to clients", net->write_count);
    set_own(worker, "newcomer_waits",
            "Times that a connection before its handshake was put off to a later turn",
            net->newcomer_wait_count);
    set_own(worker, "read_bytes", "Bytes read from clients", net->read_bytes_count);
    set_own(worker, "written_bytes", "Bytes written to clients", net->written_bytes_count);
    set_own(worker, "backlog_kills", "Connections closed because they did not read",
            net->backlog_kill_count);
    if (net->tls != NULL)
        refresh_tls(worker, net->tls);
}

static void refresh_deflate(sc_worker_t *worker)
{
    sc_ws_deflate_counts_t counts;

    if (worker->deflate == NULL)
        return;
    counts = sc_ws_deflate_get_counts(worker->deflate);
    set_own(worker, "deflate_sockets", "Sockets that have agreed on compression",
            worker->deflate_socket_count);
    set_own(worker, "deflated", "Messages compressed, each once for all who get it",
            counts.deflated);
    set_own(worker, "deflated_from_bytes", "Their bytes before", counts.deflated_from_bytes);
    set_own(worker, "deflated_to_bytes", "Their bytes after", counts.deflated_to_bytes);
    set_own(worker, "deflate_not_smaller", "Messages that compression did not make smaller",
            counts.not_smaller);
    set_own(worker, "inflated", "Compressed messages from clients", counts.inflated);
    set_own(worker, "inflated_from_bytes", "Their bytes as they came", counts.inflated_from_bytes);
    set_own(worker, "inflated_to_bytes", "Their bytes inflated", counts.inflated_to_bytes);
    set_own(worker, "inflate_refused", "Compressed messages that were malformed or over a limit",
            counts.refused);
    set_own(worker, "deflate_buffer_bytes", "Bytes held for compressing and inflating now",
            counts.buffer_bytes);
}

static void refresh_exchange(sc_worker_t *worker)
{
    sc_exchange_counts_t counts;

    if (worker->exchange == NULL)
        return;
    counts = sc_exchange_get_counts(worker->exchange);
    set_own(worker, "published", "Messages given to brokers", counts.published);
    set_own(worker, "acknowledged", "Messages that brokers have acknowledged", counts.acknowledged);
    set_own(worker, "resent", "Messages sent again to a new broker", counts.resent);
    set_own(worker, "received", "Messages from brokers", counts.received);
    set_own(worker, "duplicates", "Messages from brokers that had come before", counts.duplicates);
    set_own(worker, "batches_sent", "Batches sent to brokers", counts.batches_sent);
    set_own(worker, "batches_received", "Batches from brokers", counts.batches_received);
    set_own(worker, "broker_restarts", "Brokers that were replaced", counts.broker_restarts);
    set_own(worker, "backlog_bytes", "Bytes of messages not acknowledged yet",
            counts.backlog_bytes);
    set_own(worker, "channels", "Channels known", counts.channels);
}

void sc_worker_each_counter(sc_worker_t *worker, sc_counter_cb callback, void *arg)
{
    refresh_own(worker);
    refresh_deflate(worker);
    refresh_exchange(worker);
    sc_list_each(node, &worker->counters.in_order)
    {
        const sc_counter_t *counter = sc_list_entry(node, sc_counter_t, node);

        callback(counter->name, counter->help, counter->value, arg);
    }
}
