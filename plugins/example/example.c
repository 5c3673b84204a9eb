/*
 * example.c: a whole plugin: a call, a middleware and an event. docs/plugins.md walks through it.
 *
 * Try it: sc-cluster --plugin example; then, in a client: socket.emit('greet', 'Ada', console.log)
 */
#include <sc/sc.h>

/* A call: a client emits `greet` with a name and is answered with a greeting. */
static void on_greet(sc_call_t *call, void *arg)
{
    sc_error_t error = sc_error("GreetError", "Send a name, as a string");
    sc_text_t greeting = {0};
    sc_text_t answer = {0};

    (void)arg;
    sc_text_add(&greeting, SC_STR("Hello, "));
    if (sc_text_add_unquoted(&greeting, sc_call_data(call)) == SC_OK) {
        sc_text_add_quoted(&answer, sc_text_str(&greeting));
        sc_call_answer(call, sc_text_str(&answer)); /* ends the call; the text is copied */
    } else {
        sc_call_fail(call, &error, sc_str_none()); /* ends the call, too */
    }
    sc_text_free(&greeting);
    sc_text_free(&answer);
}

/* A middleware: channels that begin with `members/` are for authenticated clients. */
static sc_verdict_t on_subscribe(sc_action_t *action, void *arg)
{
    sc_error_t error = sc_error("MembersOnlyError", "Log in first");

    (void)arg;
    if (!sc_str_starts_with(sc_action_channel(action), SC_STR("members/")) ||
        sc_socket_is_authenticated(sc_action_socket(action)))
        return SC_PASS;
    sc_action_set_error(action, &error);
    return SC_BLOCK;
}

/* An event: a client has completed its handshake. */
static void on_connection(const sc_event_t *event, void *arg)
{
    (void)arg;
    sc_log(SC_LOG_INFO, "example: hello, socket %.*s", SC_STR_ARG(sc_socket_id(event->socket)));
}

static sc_status_t attach(sc_worker_t *worker, sc_str_t options, void **state)
{
    (void)options, (void)state; /* not needed; what one puts into *state, detach gets */
    if (sc_worker_on_call(worker, "greet", on_greet, NULL) != SC_OK ||
        sc_worker_use(worker, SC_ACTION_SUBSCRIBE, on_subscribe, NULL) != SC_OK)
        return SC_ERR_STATE; /* the start stops with a line that names the plugin */
    return sc_worker_on(worker, SC_EVENT_CONNECTION, on_connection, NULL);
}

SC_WORKER_PLUGIN("example", "1.0.0", attach, NULL);
