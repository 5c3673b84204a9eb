/*
 * courier_broker.c: the broker half. "ask" sends what stands in "data" on to worker "worker" and answers with its answer: a
 * message's way from a worker over a broker to a worker and back.
 */
#include "courier.h"

#include <stdlib.h>

typedef struct broker_half {
    courier_t courier;
    sc_broker_t *broker;
} broker_half_t;

static void on_answer(sc_status_t status, sc_str_t data, sc_str_t error, void *arg)
{
    sc_message_t *message = arg;

    (void)error;
    if (status == SC_OK)
        sc_message_answer(message, data);
    else
        sc_message_fail(message, SC_STR("{\"message\":\"the worker did not answer\"}"));
}

static void ask(broker_half_t *half, sc_message_t *message)
{
    sc_str_t data = sc_message_data(message);
    uint32_t worker = (uint32_t)courier_number(data, "worker", 0);
    sc_status_t status =
        sc_messenger_send(half->courier.messenger, sc_process(SC_PROCESS_WORKER, worker), COURIER,
                          sc_json_member(data, "data"), on_answer, message, 0);

    if (status != SC_OK)
        on_answer(status, sc_str_none(), sc_str_none(), message);
}

static void answer_option(broker_half_t *half, sc_message_t *message)
{
    sc_text_t value = {NULL, 0, 0};

    if (sc_broker_option(half->broker, "ipcAckTimeout", &value) == SC_OK &&
        sc_broker_option(half->broker, "authKey", &value) == SC_ERR_NOT_FOUND)
        sc_message_answer(message, sc_text_str(&value));
    else
        sc_message_answer(message, sc_str_none());
    sc_text_free(&value);
}

static void on_message(sc_message_t *message, void *arg)
{
    broker_half_t *half = arg;

    if (courier_is(sc_message_data(message), "do", "ask"))
        ask(half, message);
    else if (courier_is(sc_message_data(message), "do", "option"))
        answer_option(half, message);
    else
        courier_handle(&half->courier, message);
}

static sc_status_t attach(sc_broker_t *broker, sc_str_t options, void **state)
{
    broker_half_t *half = calloc(1, sizeof(*half));

    (void)options;
    if (half == NULL)
        return SC_ERR_NOMEM;
    half->broker = broker;
    *state = half;
    return courier_open(&half->courier, sc_broker_messenger(broker), on_message, half);
}

static void detach(sc_broker_t *broker, void *state)
{
    broker_half_t *half = state;

    (void)broker;
    courier_close(&half->courier);
    free(half);
}

SC_BROKER_PLUGIN(COURIER, "1.0.0", attach, detach);
