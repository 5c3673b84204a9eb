/*
 * farewell.c: tells what the server knows of a client's end, which that client can't ask for any more: publishes
 * {"id":ID,"code":N,"reason":"..."} on the channel `farewell` when a socket has ended. Without a reason it is null.
 */
#include <sc/sc.h>

static void on_disconnection(const sc_event_t *event, void *arg)
{
    sc_worker_t *worker = arg;
    sc_text_t text = {NULL, 0, 0};
    sc_status_t status;

    sc_text_add(&text, SC_STR("{\"id\":"));
    sc_text_add_quoted(&text, sc_socket_id(event->socket));
    sc_text_addf(&text, ",\"code\":%d,\"reason\":", event->code);
    if (sc_str_is_none(event->reason))
        sc_text_add(&text, SC_STR("null"));
    else
        sc_text_add_quoted(&text, event->reason);
    sc_text_add(&text, SC_STR("}"));
    status = sc_exchange_publish(worker, SC_STR("farewell"), sc_text_str(&text), NULL, NULL);
    if (status != SC_OK)
        sc_log(SC_LOG_ERROR, "farewell: %s", sc_status_name(status));
    sc_text_free(&text);
}

static sc_status_t attach(sc_worker_t *worker, sc_str_t options, void **state)
{
    (void)options;
    (void)state;
    return sc_worker_on(worker, SC_EVENT_DISCONNECTION, on_disconnection, worker);
}

SC_WORKER_PLUGIN("farewell", "1.0.0", attach, NULL);
