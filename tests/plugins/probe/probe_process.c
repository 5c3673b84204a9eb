/*
 * probe_process.c: worker.h: the process, its events, timers and counters; json.h.
 */
#include "probe.h"

#include <stdlib.h>

/* ---- Events ---------------------------------------------------------------------------------------------- */

static const char *const event_names[] = {
    [SC_EVENT_CONNECTION] = "connection",
    [SC_EVENT_CONNECTION_ABORT] = "connectionAbort",
    [SC_EVENT_DISCONNECTION] = "disconnection",
    [SC_EVENT_SUBSCRIPTION] = "subscription",
    [SC_EVENT_UNSUBSCRIPTION] = "unsubscription",
    [SC_EVENT_AUTHENTICATION] = "authentication",
    [SC_EVENT_DEAUTHENTICATION] = "deauthentication",
    [SC_EVENT_BAD_AUTH_TOKEN] = "badAuthToken",
    [SC_EVENT_AUTH_TOKEN_SIGNED] = "authTokenSigned",
    [SC_EVENT_RAW] = "raw",
};

static void on_event(const sc_event_t *event, void *arg)
{
    probe_t *probe = arg;
    sc_text_t *out = &probe->events;

    sc_text_add(out, SC_STR(",{"));
    probe_add_text(out, "type", sc_str_from(event_names[event->type]));
    probe_add_text(out, "id", sc_socket_id(event->socket));
    probe_add_text(out, "channel", event->channel);
    if (event->type == SC_EVENT_RAW)
        probe_add_text(out, "data", event->data);
    else
        probe_add_json(out, "data", event->data);
    probe_add_json(out, "token", event->token);
    probe_add_json(out, "oldToken", event->old_token);
    probe_add_text(out, "reason", event->reason);
    sc_text_addf(out, ",\"code\":%d}", event->code);
}

static void on_probe_events(sc_call_t *call, void *arg)
{
    probe_t *probe = arg;

    probe_answer_list(call, &probe->events);
}

/* ---- The process ------------------------------------------------------------------------------------------- */

static void on_probe_about(sc_call_t *call, void *arg)
{
    const probe_t *probe = arg;
    sc_text_t text = {NULL, 0, 0};

    sc_text_addf(
        &text, "{\"id\":%u,\"workers\":%u,\"brokers\":%u,\"sockets\":%u,\"open\":%u,\"now\":%llu}",
        sc_worker_id(probe->worker), sc_worker_count(probe->worker),
        sc_worker_broker_count(probe->worker), sc_worker_socket_count(probe->worker),
        sc_worker_open_socket_count(probe->worker),
        (unsigned long long)sc_worker_now_ms(probe->worker));
    sc_call_answer(call, sc_text_str(&text));
    sc_text_free(&text);
}

static void on_probe_option(sc_call_t *call, void *arg)
{
    const probe_t *probe = arg;
    sc_text_t name = probe_argument(call);
    sc_text_t value = {NULL, 0, 0};
    sc_status_t status;

    sc_text_add(&name, sc_str("", 1)); /* its NUL */
    status = sc_worker_option(probe->worker, name.ptr, &value);
    if (status == SC_OK)
        sc_call_answer(call, sc_text_str(&value));
    else
        probe_end(call, status);
    sc_text_free(&value);
    sc_text_free(&name);
}

static void on_probe_json(sc_call_t *call, void *arg)
{
    sc_text_t text = {NULL, 0, 0};
    json_t *json = sc_json_load(sc_call_data(call));

    (void)arg;
    if (json == NULL) {
        probe_end(call, SC_ERR_INVALID);
        return;
    }
    sc_text_add_json(&text, json);
    json_decref(json);
    sc_call_answer(call, sc_text_str(&text));
    sc_text_free(&text);
}

/* ---- Timers -------------------------------------------------------------------------------------------------- */

/* One trial: a timer that fires once, one that stops itself at the third time, and one that is stopped before. */
typedef struct trial {
    sc_call_t *call;
    sc_timer_t *repeating;
    unsigned once_count;
    unsigned repeat_count;
    unsigned stopped_count;
} trial_t;

static void on_once(void *arg)
{
    trial_t *trial = arg;

    trial->once_count++;
}

static void on_stopped(void *arg)
{
    trial_t *trial = arg;

    trial->stopped_count++;
}

static void on_trial_end(void *arg)
{
    trial_t *trial = arg;
    sc_text_t text = {NULL, 0, 0};

    sc_text_addf(&text, "{\"once\":%u,\"repeated\":%u,\"stopped\":%u}", trial->once_count,
                 trial->repeat_count, trial->stopped_count);
    sc_call_answer(trial->call, sc_text_str(&text));
    sc_text_free(&text);
    free(trial);
}

static void on_repeat(void *arg)
{
    trial_t *trial = arg;

    if (++trial->repeat_count == 3)
        sc_timer_stop(trial->repeating);
}

static void on_probe_timers(sc_call_t *call, void *arg)
{
    probe_t *probe = arg;
    trial_t *trial = calloc(1, sizeof(*trial));

    if (trial == NULL) {
        probe_end(call, SC_ERR_NOMEM);
        return;
    }
    trial->call = call;
    sc_worker_timer(probe->worker, 0, 0, on_once, trial);
    trial->repeating = sc_worker_timer(probe->worker, 20, 20, on_repeat, trial);
    sc_timer_stop(sc_worker_timer(probe->worker, 40, 40, on_stopped, trial));
    sc_timer_stop(NULL);
    sc_worker_timer(probe->worker, 500, 0, on_trial_end, trial);
}

/* ---- Counters -------------------------------------------------------------------------------------------------- */

static void add_counter(const char *name, const char *help, int64_t value, void *arg)
{
    sc_text_t *text = arg;

    (void)help;
    if (text->ptr[text->len - 1] != '{')
        sc_text_add(text, SC_STR(","));
    sc_text_addf(text, "\"%s\":%lld", name, (long long)value);
}

static void on_probe_counters(sc_call_t *call, void *arg)
{
    probe_t *probe = arg;
    sc_text_t text = {NULL, 0, 0};

    sc_counter_add(probe->calls, 2);
    sc_counter_add(sc_worker_counter(probe->worker, "probe_calls", "Said once already."), -1);
    sc_text_add(&text, SC_STR("{"));
    sc_worker_each_counter(probe->worker, add_counter, &text);
    sc_text_add(&text, SC_STR("}"));
    sc_call_answer(call, sc_text_str(&text));
    sc_text_free(&text);
}

static const probe_handler_t handlers[] = {
    {"probe:events", on_probe_events}, {"probe:about", on_probe_about},
    {"probe:option", on_probe_option}, {"probe:json", on_probe_json},
    {"probe:timers", on_probe_timers}, {"probe:counters", on_probe_counters},
};

sc_status_t probe_process_attach(probe_t *probe)
{
    probe->calls =
        sc_worker_counter(probe->worker, "probe_calls", "Times that a test asked for counters.");
    /* Those of the first version; the plugin recorder has all. */
    for (int type = 0; type <= SC_EVENT_RAW; type++) {
        sc_status_t status = sc_worker_on(probe->worker, (sc_event_type_t)type, on_event, probe);

        if (status != SC_OK)
            return status;
    }
    return probe_handle(probe, handlers, sizeof(handlers) / sizeof(handlers[0]));
}
