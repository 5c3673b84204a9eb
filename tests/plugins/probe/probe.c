/*
 * probe.c: attaching, and what several parts of the probe need.
 */
#include "probe.h"

#include <stdlib.h>

static void add_name(sc_text_t *out, const char *name)
{
    if (out->len > 0 && out->ptr[out->len - 1] != '{')
        sc_text_add(out, SC_STR(","));
    sc_text_add_quoted(out, sc_str_from(name));
    sc_text_add(out, SC_STR(":"));
}

void probe_add_text(sc_text_t *out, const char *name, sc_str_t text)
{
    add_name(out, name);
    if (sc_str_is_none(text))
        sc_text_add(out, SC_STR("null"));
    else
        sc_text_add_quoted(out, text);
}

void probe_add_json(sc_text_t *out, const char *name, sc_str_t json)
{
    add_name(out, name);
    sc_text_add(out, sc_str_is_none(json) ? SC_STR("null") : json);
}

void probe_answer_list(sc_call_t *call, sc_text_t *list)
{
    sc_text_t answer = {NULL, 0, 0};
    sc_str_t items = sc_text_str(list);

    sc_text_add(&answer, SC_STR("["));
    if (items.len > 0)
        sc_text_add(&answer, sc_str(items.ptr + 1, items.len - 1)); /* without the first comma */
    sc_text_add(&answer, SC_STR("]"));
    sc_call_answer(call, sc_text_str(&answer));
    sc_text_free(&answer);
    sc_text_clear(list);
}

void probe_end(sc_call_t *call, sc_status_t status)
{
    sc_error_t error = sc_error("StatusError", sc_status_name(status));

    if (status == SC_OK)
        sc_call_answer(call, sc_str_none());
    else
        sc_call_fail(call, &error, sc_str_none());
}

static sc_text_t unquoted(sc_str_t json)
{
    sc_text_t text = {NULL, 0, 0};

    if (!sc_str_is_none(json) && sc_text_add_unquoted(&text, json) != SC_OK)
        sc_text_clear(&text);
    return text;
}

sc_text_t probe_argument(sc_call_t *call)
{
    return unquoted(sc_call_data(call));
}

sc_text_t probe_member(sc_call_t *call, const char *name)
{
    return unquoted(sc_json_member(sc_call_data(call), name));
}

sc_status_t probe_handle(probe_t *probe, const probe_handler_t *handlers, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        sc_status_t status =
            sc_worker_on_call(probe->worker, handlers[i].event, handlers[i].callback, probe);

        if (status != SC_OK)
            return status;
    }
    return SC_OK;
}

static sc_status_t attach(sc_worker_t *worker, sc_str_t options, void **state)
{
    probe_t *probe = calloc(1, sizeof(*probe));
    sc_status_t status;

    (void)options;
    if (probe == NULL)
        return SC_ERR_NOMEM;
    *state = probe;
    probe->worker = worker;
    status = probe_process_attach(probe);
    if (status != SC_OK)
        return status;
    status = probe_socket_attach(probe);
    if (status != SC_OK)
        return status;
    status = probe_token_attach(probe);
    if (status != SC_OK)
        return status;
    return probe_exchange_attach(probe);
}

static void detach(sc_worker_t *worker, void *state)
{
    probe_t *probe = state;

    (void)worker;
    probe_exchange_detach(probe);
    sc_text_free(&probe->events);
    sc_text_free(&probe->messages);
    sc_text_free(&probe->relayed);
    free(probe);
}

SC_WORKER_PLUGIN("probe", "1.0.0", attach, detach);
