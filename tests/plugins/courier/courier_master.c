/*
 * courier_master.c: the master half. Beside what all halves do: "events" answers with what the master has told of, "replace"
 * {worker} has a worker replaced, "ticks" answers with how often a timer has fired, "ask" {worker, data} sends on to a worker as the
 * broker half does, "option" answers with the option instanceId. Its option {"refuse":true} makes it refuse to start, {"thread":true} starts a thread.
 */
#include "courier.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#define TICK_MS 20u

typedef struct master_half {
    courier_t courier;
    sc_master_t *master;
    sc_text_t events; /* objects, each after a ',' */
    long long tick_count;
} master_half_t;

static const char *const event_names[SC_MASTER_EVENT_TYPES] = {
    [SC_MASTER_EVENT_STARTED] = "started",   [SC_MASTER_EVENT_READY] = "ready",
    [SC_MASTER_EVENT_ENDED] = "ended",       [SC_MASTER_EVENT_SERVING] = "serving",
    [SC_MASTER_EVENT_STOPPING] = "stopping",
};

static void on_event(const sc_master_event_t *event, void *arg)
{
    master_half_t *half = arg;

    sc_text_addf(&half->events,
                 ",{\"type\":\"%s\",\"process\":\"%s %u\",\"pid\":%d,\"restarts\":%u,\"code\":%d,"
                 "\"signal\":%d,\"asked\":%s}",
                 event_names[event->type],
                 event->process.kind == SC_PROCESS_WORKER   ? "worker"
                 : event->process.kind == SC_PROCESS_BROKER ? "broker"
                                                            : "master",
                 event->process.id, event->pid, event->restart_count, event->exit_code,
                 event->signal, event->was_asked ? "true" : "false");
    if (event->type == SC_MASTER_EVENT_STOPPING)
        sc_log(SC_LOG_INFO, "courier: the cluster stops");
}

static void answer_events(const master_half_t *half, sc_message_t *message)
{
    sc_text_t text = {NULL, 0, 0};
    sc_str_t events = sc_text_str(&half->events);

    sc_text_add(&text, SC_STR("["));
    if (events.len > 0)
        sc_text_add(&text, sc_str(events.ptr + 1, events.len - 1)); /* without the first comma */
    sc_text_add(&text, SC_STR("]"));
    sc_message_answer(message, sc_text_str(&text));
    sc_text_free(&text);
}

static void answer_quoted(sc_message_t *message, const char *text)
{
    sc_text_t quoted = {NULL, 0, 0};

    sc_text_add_quoted(&quoted, sc_str_from(text));
    sc_message_answer(message, sc_text_str(&quoted));
    sc_text_free(&quoted);
}

static void answer_option(const master_half_t *half, sc_message_t *message)
{
    sc_text_t value = {NULL, 0, 0};

    if (sc_master_option(half->master, "instanceId", &value) == SC_OK &&
        sc_master_option(half->master, "authKey", &value) == SC_ERR_NOT_FOUND)
        sc_message_answer(message, sc_text_str(&value));
    else
        sc_message_answer(message, sc_str_none());
    sc_text_free(&value);
}

static void answer_ticks(const master_half_t *half, sc_message_t *message)
{
    sc_text_t text = {NULL, 0, 0};

    sc_text_addf(&text, "%lld", half->tick_count);
    sc_message_answer(message, sc_text_str(&text));
    sc_text_free(&text);
}

static void on_worker_answer(sc_status_t status, sc_str_t data, sc_str_t error, void *arg)
{
    sc_message_t *message = arg;

    (void)error;
    if (status == SC_OK)
        sc_message_answer(message, data);
    else
        answer_quoted(message, sc_status_name(status));
}

static void ask(master_half_t *half, sc_message_t *message)
{
    sc_str_t data = sc_message_data(message);
    uint32_t worker = (uint32_t)courier_number(data, "worker", 0);
    sc_status_t status =
        sc_messenger_send(half->courier.messenger, sc_process(SC_PROCESS_WORKER, worker), COURIER,
                          sc_json_member(data, "data"), on_worker_answer, message, 0);

    if (status != SC_OK)
        answer_quoted(message, sc_status_name(status));
}

static void on_message(sc_message_t *message, void *arg)
{
    master_half_t *half = arg;
    sc_str_t data = sc_message_data(message);

    if (courier_is(data, "do", "events"))
        answer_events(half, message);
    else if (courier_is(data, "do", "replace"))
        answer_quoted(message, sc_status_name(sc_master_replace_worker(
                                   half->master, (uint32_t)courier_number(data, "worker", 0))));
    else if (courier_is(data, "do", "option"))
        answer_option(half, message);
    else if (courier_is(data, "do", "ticks"))
        answer_ticks(half, message);
    else if (courier_is(data, "do", "ask"))
        ask(half, message);
    else
        courier_handle(&half->courier, message);
}

static void on_tick(void *arg)
{
    master_half_t *half = arg;

    half->tick_count++;
}

static void *sleep_for_ever(void *arg)
{
    pause();
    return arg;
}

static sc_status_t attach(sc_master_t *master, sc_str_t options, void **state)
{
    master_half_t *half = calloc(1, sizeof(*half));
    pthread_t thread;

    if (half == NULL)
        return SC_ERR_NOMEM;
    half->master = master;
    *state = half;
    if (sc_str_equal(sc_json_member(options, "refuse"), SC_STR("true"))) {
        free(half);
        return SC_ERR_INVALID;
    }
    if (sc_str_equal(sc_json_member(options, "thread"), SC_STR("true")) &&
        pthread_create(&thread, NULL, sleep_for_ever, NULL) != 0)
        return SC_ERR_STATE;
    for (int type = 0; type < SC_MASTER_EVENT_TYPES; type++) {
        if (sc_master_on(master, (sc_master_event_type_t)type, on_event, half) != SC_OK)
            return SC_ERR_STATE;
    }
    sc_master_timer(master, TICK_MS, TICK_MS, on_tick, half);
    return courier_open(&half->courier, sc_master_messenger(master), on_message, half);
}

static void detach(sc_master_t *master, void *state)
{
    master_half_t *half = state;

    (void)master;
    sc_log(SC_LOG_INFO, "courier: the master half is detached in process %d", (int)getpid());
    courier_close(&half->courier);
    sc_text_free(&half->events);
    free(half);
}

SC_MASTER_PLUGIN(COURIER, "1.0.0", attach, detach);
