/*
 * trace_app.c: options of the application of the golden traces: {"echo":"authed","middleware":"NAME"}.
 */
#include "trace_app.h"

#include <stdlib.h>

static sc_status_t attach_middleware(trace_app_t *app, sc_str_t option)
{
    sc_text_t name = {NULL, 0, 0};
    sc_status_t status;

    if (sc_str_is_none(option))
        return SC_OK;
    status = sc_text_add_unquoted(&name, option);
    if (status == SC_OK)
        status = trace_middleware_attach(app, sc_text_str(&name));
    sc_text_free(&name);
    return status;
}

static sc_status_t attach(sc_worker_t *worker, sc_str_t options, void **state)
{
    trace_app_t *app = calloc(1, sizeof(*app));
    sc_status_t status;

    if (app == NULL)
        return SC_ERR_NOMEM;
    *state = app;
    app->worker = worker;
    app->is_echo_authed = sc_str_equal(sc_json_member(options, "echo"), SC_STR("\"authed\""));
    status = trace_calls_attach(app);
    if (status != SC_OK)
        return status;
    return attach_middleware(app, sc_json_member(options, "middleware"));
}

static void detach(sc_worker_t *worker, void *state)
{
    (void)worker;
    free(state);
}

SC_WORKER_PLUGIN("trace_app", "1.0.0", attach, detach);
