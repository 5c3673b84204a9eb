/*
 * probe_socket.c: socket.h: a client's data, finding clients, sending to one.
 */
#include "probe.h"

static void on_probe_slot(sc_call_t *call, void *arg)
{
    const probe_t *probe = arg;
    sc_socket_t *socket = sc_call_socket(call);
    uintptr_t count = (uintptr_t)sc_socket_get(socket, probe->slot) + 1;
    sc_text_t text = {NULL, 0, 0};

    sc_socket_set(socket, probe->slot, (void *)count);
    sc_text_addf(&text, "%u", (unsigned)count);
    sc_call_answer(call, sc_text_str(&text));
    sc_text_free(&text);
}

static void answer_bool(sc_call_t *call, bool is_true)
{
    sc_call_answer(call, is_true ? SC_STR("true") : SC_STR("false"));
}

static void on_probe_find(sc_call_t *call, void *arg)
{
    const probe_t *probe = arg;
    sc_text_t id = probe_argument(call);
    sc_socket_t *socket = sc_worker_find_socket(probe->worker, sc_text_str(&id));

    answer_bool(call, socket != NULL && sc_socket_is_open(socket));
    sc_text_free(&id);
}

static void add_id(sc_socket_t *socket, void *arg)
{
    sc_text_t *text = arg;

    if (text->ptr[text->len - 1] != '[')
        sc_text_add(text, SC_STR(","));
    sc_text_add_quoted(text, sc_socket_id(socket));
}

static void on_probe_each(sc_call_t *call, void *arg)
{
    const probe_t *probe = arg;
    sc_text_t text = {NULL, 0, 0};

    sc_text_add(&text, SC_STR("["));
    sc_worker_each_socket(probe->worker, add_id, &text);
    sc_text_add(&text, SC_STR("]"));
    sc_call_answer(call, sc_text_str(&text));
    sc_text_free(&text);
}

static void on_probe_subscribed(sc_call_t *call, void *arg)
{
    sc_text_t channel = probe_argument(call);

    (void)arg;
    answer_bool(call, sc_socket_is_subscribed(sc_call_socket(call), sc_text_str(&channel)));
    sc_text_free(&channel);
}

static void on_probe_origin(sc_call_t *call, void *arg)
{
    const sc_socket_t *socket = sc_call_socket(call);
    sc_text_t text = {NULL, 0, 0};

    (void)arg;
    sc_text_add(&text, SC_STR("{"));
    probe_add_text(&text, "address", sc_socket_remote_address(socket));
    probe_add_text(&text, "query", sc_socket_query(socket));
    sc_text_add(&text, SC_STR("}"));
    sc_call_answer(call, sc_text_str(&text));
    sc_text_free(&text);
}

static const char *const phases[] = {"connecting", "open", "closed"};

/* A header's name: what else is known of a socket. */
static void on_probe_socket(sc_call_t *call, void *arg)
{
    const sc_socket_t *socket = sc_call_socket(call);
    sc_text_t name = probe_argument(call);
    sc_text_t text = {NULL, 0, 0};
    sc_socket_traffic_t traffic;

    (void)arg;
    sc_text_add(&name, sc_str("", 1)); /* its NUL */
    sc_socket_traffic(socket, &traffic, sizeof(traffic));
    sc_text_addf(&text,
                 "{\"version\":%d,\"age\":%llu,\"port\":%u,\"receivedMessages\":%llu,"
                 "\"receivedBytes\":%llu,\"sentFrames\":%llu,\"sentBytes\":%llu,\"backlog\":%llu",
                 sc_socket_protocol_version(socket), (unsigned long long)sc_socket_age_ms(socket),
                 sc_socket_remote_port(socket), (unsigned long long)traffic.received_messages,
                 (unsigned long long)traffic.received_bytes,
                 (unsigned long long)traffic.sent_frames, (unsigned long long)traffic.sent_bytes,
                 (unsigned long long)traffic.backlog_bytes);
    probe_add_text(&text, "phase", sc_str_from(phases[sc_socket_phase(socket)]));
    probe_add_text(&text, "header", sc_socket_header(socket, name.ptr));
    sc_text_add(&text, SC_STR("}"));
    sc_call_answer(call, sc_text_str(&text));
    sc_text_free(&text);
    sc_text_free(&name);
}

/* Answers, and cuts the connection before the answer can go. */
static void on_probe_terminate(sc_call_t *call, void *arg)
{
    sc_socket_t *socket = sc_socket_ref(sc_call_socket(call));

    (void)arg;
    sc_call_answer(call, SC_STR("\"too late\""));
    sc_socket_terminate(socket);
    sc_socket_terminate(socket);
    if (sc_socket_phase(socket) != SC_SOCKET_PHASE_CLOSED ||
        sc_socket_emit(socket, SC_STR("late"), sc_str_none(), NULL, NULL, 0) != SC_ERR_STATE)
        sc_log(SC_LOG_ERROR, "probe: a terminated socket is not closed");
    sc_socket_unref(socket);
}

static void on_probe_send_raw(sc_call_t *call, void *arg)
{
    sc_text_t text = probe_argument(call);

    (void)arg;
    probe_end(call, sc_socket_send_raw(sc_call_socket(call), sc_text_str(&text)));
    sc_text_free(&text);
}

/* {channel, data} */
static void on_probe_publish_to_me(sc_call_t *call, void *arg)
{
    sc_text_t channel = probe_member(call, "channel");

    (void)arg;
    probe_end(call, sc_socket_publish(sc_call_socket(call), sc_text_str(&channel),
                                      sc_json_member(sc_call_data(call), "data")));
    sc_text_free(&channel);
}

static void close_socket(sc_socket_t *socket, void *arg)
{
    (void)arg;
    sc_socket_disconnect(socket, 4444, SC_STR("all of you"));
}

static void on_probe_close_all(sc_call_t *call, void *arg)
{
    const probe_t *probe = arg;

    sc_call_answer(call, sc_str_none());
    sc_worker_each_socket(probe->worker, close_socket, NULL);
}

/* The socket is closed, but the call still holds it: everything that sends has to say so. */
static void on_probe_closed(sc_call_t *call, void *arg)
{
    sc_socket_t *socket = sc_call_socket(call);
    sc_status_t status;

    (void)arg;
    sc_socket_disconnect(socket, 4445, SC_STR("by itself"));
    status = sc_socket_emit(socket, SC_STR("late"), sc_str_none(), NULL, NULL, 0);
    if (status == SC_ERR_STATE)
        status = sc_socket_send_raw(socket, SC_STR("late"));
    if (status == SC_ERR_STATE)
        status = sc_socket_publish(socket, SC_STR("late"), sc_str_none());
    if (status == SC_ERR_STATE)
        status = sc_socket_kick_out(socket, SC_STR("late"), sc_str_none());
    if (status != SC_ERR_STATE || sc_socket_is_open(socket))
        sc_log(SC_LOG_ERROR, "probe: a closed socket takes packets: %s", sc_status_name(status));
    else
        sc_log(SC_LOG_INFO, "probe: a closed socket takes no packets");
    sc_call_drop(call);
}

static const probe_handler_t handlers[] = {
    {"probe:slot", on_probe_slot},
    {"probe:find", on_probe_find},
    {"probe:each", on_probe_each},
    {"probe:subscribed", on_probe_subscribed},
    {"probe:origin", on_probe_origin},
    {"probe:socket", on_probe_socket},
    {"probe:terminate", on_probe_terminate},
    {"probe:sendRaw", on_probe_send_raw},
    {"probe:publishToMe", on_probe_publish_to_me},
    {"probe:closeAll", on_probe_close_all},
    {"probe:closed", on_probe_closed},
};

sc_status_t probe_socket_attach(probe_t *probe)
{
    probe->slot = sc_worker_socket_slot(probe->worker);
    if (sc_worker_keep_header(probe->worker, "User-Agent") != SC_OK ||
        sc_worker_keep_header(probe->worker, "x-empty") != SC_OK ||
        sc_worker_keep_header(probe->worker, "X-Last") != SC_OK ||
        sc_worker_keep_header(probe->worker, "user-agent") != SC_OK ||
        sc_worker_keep_header(probe->worker, "") != SC_ERR_INVALID)
        return SC_ERR_STATE;
    return probe_handle(probe, handlers, sizeof(handlers) / sizeof(handlers[0]));
}
