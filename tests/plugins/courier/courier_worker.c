/*
 * courier_worker.c: the worker half: events of clients send messages.
 *
 *   courier:ask   {kind, id, data, timeout}: answered with {status, data, error} of the message's answer
 *   courier:tell  the same without an answer: answered with the status of sending
 *   courier:burst {kind, id, count}: so many messages "count"; answered with how many were sent
 */
#include "courier.h"

#include <stdlib.h>

typedef struct worker_half {
    courier_t courier;
} worker_half_t;

static const char *const kinds[SC_PROCESS_KINDS] = {"master", "worker", "broker", "workers",
                                                    "brokers"};

static sc_process_t target_of(sc_str_t data)
{
    int kind = 0;

    while (kind < SC_PROCESS_KINDS && !courier_is(data, "kind", kinds[kind]))
        kind++;
    return sc_process((sc_process_kind_t)kind, (uint32_t)courier_number(data, "id", 0));
}

static void end(sc_call_t *call, sc_status_t status)
{
    sc_error_t error = sc_error("StatusError", sc_status_name(status));

    if (status == SC_OK)
        sc_call_answer(call, sc_str_none());
    else
        sc_call_fail(call, &error, sc_str_none());
}

static void on_answer(sc_status_t status, sc_str_t data, sc_str_t error, void *arg)
{
    sc_text_t text = {NULL, 0, 0};

    sc_text_addf(&text, "{\"status\":\"%s\"", sc_status_name(status));
    if (!sc_str_is_none(data))
        sc_text_addf(&text, ",\"data\":%.*s", SC_STR_ARG(data));
    if (!sc_str_is_none(error))
        sc_text_addf(&text, ",\"error\":%.*s", SC_STR_ARG(error));
    sc_text_add(&text, SC_STR("}"));
    sc_call_answer(arg, sc_text_str(&text));
    sc_text_free(&text);
}

static void on_ask(sc_call_t *call, void *arg)
{
    worker_half_t *half = arg;
    sc_str_t data = sc_call_data(call);
    sc_status_t status = sc_messenger_send(half->courier.messenger, target_of(data), COURIER,
                                           sc_json_member(data, "data"), on_answer, call,
                                           (uint32_t)courier_number(data, "timeout", 0));

    if (status != SC_OK)
        end(call, status);
}

static void on_tell(sc_call_t *call, void *arg)
{
    worker_half_t *half = arg;
    sc_str_t data = sc_call_data(call);

    end(call, sc_messenger_send(half->courier.messenger, target_of(data), COURIER,
                                sc_json_member(data, "data"), NULL, NULL, 0));
}

static void on_burst(sc_call_t *call, void *arg)
{
    worker_half_t *half = arg;
    sc_str_t data = sc_call_data(call);
    long long count = courier_number(data, "count", 0);
    long long sent = 0;
    sc_text_t text = {NULL, 0, 0};
    sc_status_t status = SC_OK;

    while (sent < count && status == SC_OK) {
        sc_text_clear(&text);
        sc_text_addf(&text, "{\"do\":\"count\",\"n\":%lld}", sent);
        status = sc_messenger_send(half->courier.messenger, target_of(data), COURIER,
                                   sc_text_str(&text), NULL, NULL, 0);
        sent += status == SC_OK;
    }
    sc_text_clear(&text);
    sc_text_addf(&text, "%lld", sent);
    sc_call_answer(call, sc_text_str(&text));
    sc_text_free(&text);
}

static void on_message(sc_message_t *message, void *arg)
{
    worker_half_t *half = arg;

    courier_handle(&half->courier, message);
}

static sc_status_t attach(sc_worker_t *worker, sc_str_t options, void **state)
{
    worker_half_t *half = calloc(1, sizeof(*half));

    (void)options;
    if (half == NULL)
        return SC_ERR_NOMEM;
    *state = half;
    if (sc_worker_on_call(worker, "courier:ask", on_ask, half) != SC_OK ||
        sc_worker_on_call(worker, "courier:tell", on_tell, half) != SC_OK ||
        sc_worker_on_call(worker, "courier:burst", on_burst, half) != SC_OK)
        return SC_ERR_STATE;
    return courier_open(&half->courier, sc_worker_messenger(worker), on_message, half);
}

static void detach(sc_worker_t *worker, void *state)
{
    worker_half_t *half = state;

    (void)worker;
    courier_close(&half->courier);
    free(half);
}

SC_WORKER_PLUGIN(COURIER, "1.0.0", attach, detach);
