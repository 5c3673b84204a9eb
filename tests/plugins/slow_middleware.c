/*
 * slow_middleware.c: middleware that decides later, to show that the packets of one socket keep their order while
 * those of others do not wait.
 *
 * Options: {"delayMs":N} (100 by default). Actions wait that long when their channel or event begins with "slow";
 * the verdict on those that begin with "slow-block" is a block, on "slow-silent" a silent one. A handshake or an
 * upgrade waits when the query of its URL has "slow" in it.
 */
#include <sc/sc.h>
#include <stdlib.h>
#include <string.h>

#define DELAY_MS_DEFAULT 100u

typedef struct slow {
    sc_worker_t *worker;
    uint32_t delay_ms;
} slow_t;

typedef struct waiting {
    sc_action_t *action;
    sc_verdict_t verdict;
} waiting_t;

static void on_time(void *arg)
{
    waiting_t *waiting = arg;

    if (waiting->verdict == SC_BLOCK) {
        sc_error_t error = sc_error("SlowError", "blocked after a while");

        sc_action_set_error(waiting->action, &error);
    }
    sc_action_continue(waiting->action, waiting->verdict);
    free(waiting);
}

static bool has_slow(sc_str_t text)
{
    return !sc_str_is_none(text) && memmem(text.ptr, text.len, "slow", 4) != NULL;
}

static bool is_slow(sc_action_t *action)
{
    sc_str_t slow = SC_STR("slow");

    switch (sc_action_type(action)) {
    case SC_ACTION_HANDSHAKE_WS:
        return has_slow(sc_http_query(sc_action_http(action)));
    case SC_ACTION_HANDSHAKE:
    case SC_ACTION_AUTHENTICATE:
        return has_slow(sc_socket_query(sc_action_socket(action)));
    case SC_ACTION_EMIT:
        return sc_str_starts_with(sc_action_event(action), slow);
    case SC_ACTION_SUBSCRIBE:
    case SC_ACTION_PUBLISH_IN:
    case SC_ACTION_PUBLISH_OUT:
        return sc_str_starts_with(sc_action_channel(action), slow);
    case SC_ACTION_TYPES:
        break;
    }
    return false;
}

static sc_verdict_t verdict_of(sc_action_t *action)
{
    sc_str_t name = sc_action_type(action) == SC_ACTION_EMIT ? sc_action_event(action)
                                                             : sc_action_channel(action);

    if (sc_str_starts_with(name, SC_STR("slow-block")))
        return SC_BLOCK;
    if (sc_str_starts_with(name, SC_STR("slow-silent")))
        return SC_BLOCK_SILENT;
    return SC_PASS;
}

static sc_verdict_t on_action(sc_action_t *action, void *arg)
{
    slow_t *slow = arg;
    waiting_t *waiting;

    if (!is_slow(action))
        return SC_PASS;
    waiting = malloc(sizeof(*waiting));
    if (waiting == NULL)
        return SC_BLOCK_SILENT;
    waiting->action = action;
    waiting->verdict = verdict_of(action);
    if (sc_worker_timer(slow->worker, slow->delay_ms, 0, on_time, waiting) == NULL) {
        free(waiting);
        return SC_BLOCK_SILENT;
    }
    return SC_LATER;
}

static void on_echo(sc_call_t *call, void *arg)
{
    (void)arg;
    sc_call_answer(call, sc_call_data(call));
}

static sc_status_t attach(sc_worker_t *worker, sc_str_t options, void **state)
{
    sc_str_t delay = sc_json_member(options, "delayMs");
    slow_t *slow = calloc(1, sizeof(*slow));
    sc_status_t status;

    if (slow == NULL)
        return SC_ERR_NOMEM;
    *state = slow;
    slow->worker = worker;
    slow->delay_ms = DELAY_MS_DEFAULT;
    if (!sc_str_is_none(delay))
        slow->delay_ms = (uint32_t)strtoul(delay.ptr, NULL, 10);
    for (int type = 0; type < SC_ACTION_TYPES; type++) {
        status = sc_worker_use(worker, (sc_action_type_t)type, on_action, slow);
        if (status != SC_OK)
            return status;
    }
    status = sc_worker_on_call(worker, "slow", on_echo, slow);
    if (status != SC_OK)
        return status;
    return sc_worker_on_call(worker, "slow-block", on_echo, slow);
}

static void detach(sc_worker_t *worker, void *state)
{
    (void)worker;
    free(state);
}

SC_WORKER_PLUGIN("slow_middleware", "1.0.0", attach, detach);
