/*
 * attach_fails.c: a plugin that does not like its options.
 */
#include <sc/sc.h>

static sc_status_t attach(sc_worker_t *worker, sc_str_t options, void **state)
{
    (void)worker;
    (void)options;
    (void)state;
    return SC_ERR_INVALID;
}

SC_WORKER_PLUGIN("attach_fails", "1.0.0", attach, NULL);
