/*
 * broker_probe.c: both halves of a plugin that lets tests try broker.h and messages between workers and brokers.
 *
 * Event `broker:ask` {broker, text} sends a text to the broker half and answers with the next text that this broker
 * sends back. `broker:links` answers with how often each broker has come up. The broker half understands "about",
 * "events", "publish CHANNEL JSON", "carries CHANNEL", "later" (after a timer) and "echo ...".
 */
#include <sc/sc.h>
#include <stdlib.h>

#define NAME "broker_probe"
#define BROKERS_MAX 64u
#define ASKS_MAX 16u
#define LATER_MS 30u

/* ---- The worker's half ------------------------------------------------------------------------------------- */

typedef struct worker_half {
    sc_worker_t *worker;
    uint32_t link_count[BROKERS_MAX];
    sc_call_t *asks[BROKERS_MAX][ASKS_MAX]; /* of each broker, in the order of asking */
    uint32_t ask_count[BROKERS_MAX];
} worker_half_t;

static void on_link(uint32_t broker, void *arg)
{
    worker_half_t *half = arg;

    if (broker < BROKERS_MAX)
        half->link_count[broker]++;
}

static void on_answer(uint32_t broker, sc_str_t payload, void *arg)
{
    worker_half_t *half = arg;
    sc_call_t *call;

    if (broker >= BROKERS_MAX || half->ask_count[broker] == 0) {
        sc_log(SC_LOG_ERROR, "broker_probe: nobody has asked broker %u", broker);
        return;
    }
    call = half->asks[broker][0];
    half->ask_count[broker]--;
    memmove(&half->asks[broker][0], &half->asks[broker][1],
            half->ask_count[broker] * sizeof(half->asks[broker][0]));
    sc_call_answer(call, payload);
}

static void fail_with_status(sc_call_t *call, sc_status_t status)
{
    sc_error_t error = sc_error("StatusError", sc_status_name(status));

    sc_call_fail(call, &error, sc_str_none());
}

static void on_ask(sc_call_t *call, void *arg)
{
    worker_half_t *half = arg;
    sc_str_t number = sc_json_member(sc_call_data(call), "broker");
    sc_text_t text = {NULL, 0, 0};
    uint32_t broker = sc_str_is_none(number) ? 0 : (uint32_t)strtoul(number.ptr, NULL, 10);
    sc_status_t status = sc_text_add_unquoted(&text, sc_json_member(sc_call_data(call), "text"));

    if (status == SC_OK)
        status = sc_exchange_send(half->worker, broker, NAME, sc_text_str(&text));
    if (status == SC_OK && (broker >= BROKERS_MAX || half->ask_count[broker] == ASKS_MAX))
        status = SC_ERR_LIMIT;
    if (status == SC_OK)
        half->asks[broker][half->ask_count[broker]++] = call;
    else
        fail_with_status(call, status);
    sc_text_free(&text);
}

static void on_links(sc_call_t *call, void *arg)
{
    const worker_half_t *half = arg;
    sc_text_t text = {NULL, 0, 0};

    for (uint32_t i = 0; i < sc_worker_broker_count(half->worker) && i < BROKERS_MAX; i++)
        sc_text_addf(&text, "%s%u", i == 0 ? "[" : ",", half->link_count[i]);
    sc_text_add(&text, SC_STR("]"));
    sc_call_answer(call, sc_text_str(&text));
    sc_text_free(&text);
}

static sc_status_t attach_worker(sc_worker_t *worker, sc_str_t options, void **state)
{
    worker_half_t *half = calloc(1, sizeof(*half));
    sc_status_t status;

    (void)options;
    if (half == NULL)
        return SC_ERR_NOMEM;
    *state = half;
    half->worker = worker;
    status = sc_exchange_on_broker(worker, NAME, on_answer, on_link, half);
    if (status != SC_OK)
        return status;
    status = sc_worker_on_call(worker, "broker:ask", on_ask, half);
    if (status != SC_OK)
        return status;
    return sc_worker_on_call(worker, "broker:links", on_links, half);
}

static void detach_worker(sc_worker_t *worker, void *state)
{
    (void)worker;
    free(state);
}

SC_WORKER_PLUGIN(NAME, "1.0.0", attach_worker, detach_worker);

/* ---- The broker's half --------------------------------------------------------------------------------------- */

typedef struct broker_half {
    sc_broker_t *broker;
    sc_text_t events; /* objects, each after a ',' */
    sc_text_t options;
} broker_half_t;

typedef struct later {
    broker_half_t *half;
    uint32_t worker;
} later_t;

static const char *const event_names[SC_BROKER_EVENT_TYPES] = {
    [SC_BROKER_SUBSCRIBE] = "subscribe", [SC_BROKER_UNSUBSCRIBE] = "unsubscribe",
    [SC_BROKER_PUBLISH] = "publish",     [SC_BROKER_MESSAGE] = "message",
    [SC_BROKER_WORKER_UP] = "workerUp",  [SC_BROKER_WORKER_DOWN] = "workerDown",
    [SC_BROKER_READY] = "ready",
};

static void send_back(broker_half_t *half, uint32_t worker, sc_str_t json)
{
    sc_status_t status = sc_broker_send(half->broker, worker, NAME, json);

    if (status != SC_OK)
        sc_log(SC_LOG_ERROR, "broker_probe: no answer to worker %u: %s", worker,
               sc_status_name(status));
}

static void on_event(const sc_broker_event_t *event, void *arg)
{
    broker_half_t *half = arg;
    sc_text_t *out = &half->events;

    sc_text_addf(out, ",{\"type\":\"%s\",\"worker\":%u,\"channel\":", event_names[event->type],
                 event->worker);
    sc_text_add_quoted(out, event->channel);
    sc_text_add(out, SC_STR(",\"data\":"));
    sc_text_add(out, sc_str_is_none(event->data) ? SC_STR("null") : event->data);
    sc_text_add(out, SC_STR("}"));
}

static void answer_events(broker_half_t *half, uint32_t worker)
{
    sc_text_t text = {NULL, 0, 0};
    sc_str_t events = sc_text_str(&half->events);

    sc_text_add(&text, SC_STR("["));
    if (events.len > 0)
        sc_text_add(&text, sc_str(events.ptr + 1, events.len - 1));
    sc_text_add(&text, SC_STR("]"));
    sc_text_clear(&half->events);
    send_back(half, worker, sc_text_str(&text));
    sc_text_free(&text);
}

static void answer_about(broker_half_t *half, uint32_t worker)
{
    sc_text_t text = {NULL, 0, 0};

    sc_text_addf(&text, "{\"id\":%u,\"brokers\":%u,\"workers\":%u,\"now\":%llu,\"options\":",
                 sc_broker_id(half->broker), sc_broker_count(half->broker),
                 sc_broker_worker_count(half->broker),
                 (unsigned long long)sc_broker_now_ms(half->broker));
    sc_text_add(&text, half->options.len > 0 ? sc_text_str(&half->options) : SC_STR("null"));
    sc_text_add(&text, SC_STR("}"));
    send_back(half, worker, sc_text_str(&text));
    sc_text_free(&text);
}

static void answer_status(broker_half_t *half, uint32_t worker, sc_status_t status)
{
    sc_text_t text = {NULL, 0, 0};

    sc_text_add_quoted(&text, sc_str_from(sc_status_name(status)));
    send_back(half, worker, sc_text_str(&text));
    sc_text_free(&text);
}

/* "CHANNEL JSON" */
static void publish(broker_half_t *half, uint32_t worker, sc_str_t rest)
{
    const char *space = memchr(rest.ptr, ' ', rest.len);
    size_t len = space != NULL ? (size_t)(space - rest.ptr) : rest.len;
    sc_str_t data = space != NULL ? sc_str(space + 1, rest.len - len - 1) : sc_str_none();

    answer_status(half, worker, sc_broker_publish(half->broker, sc_str(rest.ptr, len), data));
}

static void on_later(void *arg)
{
    later_t *later = arg;

    send_back(later->half, later->worker, SC_STR("\"later\""));
    free(later);
}

static void answer_later(broker_half_t *half, uint32_t worker)
{
    later_t *later = malloc(sizeof(*later));

    if (later == NULL) {
        answer_status(half, worker, SC_ERR_NOMEM);
        return;
    }
    later->half = half;
    later->worker = worker;
    if (sc_broker_timer(half->broker, LATER_MS, 0, on_later, later) == NULL)
        free(later);
}

static bool takes(sc_str_t text, const char *word, sc_str_t *rest)
{
    sc_str_t prefix = sc_str_from(word);

    if (!sc_str_starts_with(text, prefix))
        return false;
    *rest = sc_str(text.ptr + prefix.len, text.len - prefix.len);
    return true;
}

static void on_message(const sc_broker_event_t *event, void *arg)
{
    broker_half_t *half = arg;
    sc_str_t rest;

    if (takes(event->data, "about", &rest))
        answer_about(half, event->worker);
    else if (takes(event->data, "events", &rest))
        answer_events(half, event->worker);
    else if (takes(event->data, "publish ", &rest))
        publish(half, event->worker, rest);
    else if (takes(event->data, "carries ", &rest))
        send_back(half, event->worker,
                  sc_broker_carries(half->broker, rest) ? SC_STR("true") : SC_STR("false"));
    else if (takes(event->data, "later", &rest))
        answer_later(half, event->worker);
    else if (takes(event->data, "echo ", &rest))
        send_back(half, event->worker, rest);
}

static sc_status_t attach_broker(sc_broker_t *broker, sc_str_t options, void **state)
{
    broker_half_t *half = calloc(1, sizeof(*half));

    if (half == NULL)
        return SC_ERR_NOMEM;
    *state = half;
    half->broker = broker;
    if (!sc_str_is_none(options))
        sc_text_add(&half->options, options);
    for (int type = 0; type < SC_BROKER_EVENT_TYPES; type++) {
        sc_broker_event_cb callback = type == SC_BROKER_MESSAGE ? on_message : on_event;
        sc_status_t status =
            sc_broker_on(broker, NAME, (sc_broker_event_type_t)type, callback, half);

        if (status != SC_OK)
            return status;
    }
    return SC_OK;
}

static void detach_broker(sc_broker_t *broker, void *state)
{
    broker_half_t *half = state;

    (void)broker;
    sc_text_free(&half->events);
    sc_text_free(&half->options);
    free(half);
}

SC_BROKER_PLUGIN(NAME, "1.0.0", attach_broker, detach_broker);
