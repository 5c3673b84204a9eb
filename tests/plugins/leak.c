/*
 * leak.c: takes memory and keeps it. Event `leak` BYTES: so much more at once; answered. Event `leak:steadily` BYTES: so much
 * every 50 ms from then on, also while the worker ends.
 */
#include <sc/sc.h>
#include <stdlib.h>

#define EVERY_MS 50u

typedef struct block {
    struct block *next;
} block_t;

typedef struct leak {
    sc_worker_t *worker;
    block_t *blocks; /* so that it is no leak to a sanitizer */
    size_t step_bytes;
} leak_t;

static void take(leak_t *leak, size_t bytes)
{
    block_t *block = malloc(sizeof(block_t) + bytes);

    if (block == NULL)
        abort();
    memset(block, 1, sizeof(block_t) + bytes); /* untouched pages are no memory */
    block->next = leak->blocks;
    leak->blocks = block;
}

static size_t size_of(sc_call_t *call)
{
    json_t *json = sc_json_load(sc_call_data(call));
    json_int_t bytes = json_integer_value(json);

    json_decref(json);
    return bytes > 0 ? (size_t)bytes : 0;
}

static void on_leak(sc_call_t *call, void *arg)
{
    take(arg, size_of(call));
    sc_call_answer(call, sc_str_none());
}

static void on_step(void *arg)
{
    leak_t *leak = arg;

    take(leak, leak->step_bytes);
}

static void on_steadily(sc_call_t *call, void *arg)
{
    leak_t *leak = arg;

    leak->step_bytes = size_of(call);
    sc_worker_timer(leak->worker, EVERY_MS, EVERY_MS, on_step, leak);
    sc_call_answer(call, sc_str_none());
}

static sc_status_t attach(sc_worker_t *worker, sc_str_t options, void **state)
{
    leak_t *leak = calloc(1, sizeof(*leak));

    (void)options;
    if (leak == NULL)
        return SC_ERR_NOMEM;
    *state = leak;
    leak->worker = worker;
    if (sc_worker_on_call(worker, "leak", on_leak, leak) != SC_OK)
        return SC_ERR_STATE;
    return sc_worker_on_call(worker, "leak:steadily", on_steadily, leak);
}

static void detach(sc_worker_t *worker, void *state)
{
    leak_t *leak = state;

    (void)worker;
    while (leak->blocks != NULL) {
        block_t *block = leak->blocks;

        leak->blocks = block->next;
        free(block);
    }
    free(leak);
}

SC_WORKER_PLUGIN("leak", "1.0.0", attach, detach);
