/*
 * crash.c: ends its worker as a bug in a plugin would. Event `crash`: abort().
 */
#include <sc/sc.h>
#include <stdlib.h>

static void on_crash(sc_call_t *call, void *arg)
{
    (void)arg;
    sc_call_drop(call);
    abort();
}

static sc_status_t attach(sc_worker_t *worker, sc_str_t options, void **state)
{
    (void)options;
    (void)state;
    return sc_worker_on_call(worker, "crash", on_crash, NULL);
}

SC_WORKER_PLUGIN("crash", "1.0.0", attach, NULL);
