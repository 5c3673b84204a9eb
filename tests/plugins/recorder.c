/*
 * recorder.c: notes every event of a worker (sc/worker.h), as it is told, for tests of their order. Event `recorder:events` answers with
 * the list since the last time: {type, id, channel, token, oldToken, reason, code, phase, hasToken, channels, data}; id is
 * null without a socket; hasToken, phase and channels are what the socket says at that moment.
 *
 * Middleware: a handshake whose query has block=CODE is blocked with that status code, one with block=silent silently;
 * where the query has end=NAME the middleware of that name (handshake, authenticate, subscribe, publishIn) ends the socket and lets
 * pass, as does with end=warning the listener of warnings;
 * subscriptions to, and publications in, "forbidden" are blocked with an error; event `recorder:login` CLAIMS gives a token.
 */
#include <sc/sc.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct recorder {
    sc_text_t events; /* objects, each after a ',' */
} recorder_t;

static const char *const event_names[SC_EVENT_TYPES] = {
    [SC_EVENT_CONNECTION] = "connection",
    [SC_EVENT_CONNECTION_ABORT] = "connectionAbort",
    [SC_EVENT_DISCONNECTION] = "disconnection",
    [SC_EVENT_SUBSCRIPTION] = "subscription",
    [SC_EVENT_UNSUBSCRIPTION] = "unsubscription",
    [SC_EVENT_AUTHENTICATION] = "authentication",
    [SC_EVENT_DEAUTHENTICATION] = "deauthentication",
    [SC_EVENT_BAD_AUTH_TOKEN] = "badAuthToken",
    [SC_EVENT_AUTH_TOKEN_SIGNED] = "authTokenSigned",
    [SC_EVENT_RAW] = "raw",
    [SC_EVENT_HANDSHAKE] = "handshake",
    [SC_EVENT_CLOSURE] = "closure",
    [SC_EVENT_AUTH_STATE_CHANGE] = "authStateChange",
    [SC_EVENT_WARNING] = "warning",
};

static const char *const phases[] = {"connecting", "open", "closed"};

static void add_text(sc_text_t *out, const char *name, sc_str_t text)
{
    if (sc_str_is_none(text))
        return;
    sc_text_addf(out, ",\"%s\":", name);
    sc_text_add_quoted(out, text);
}

static void add_json(sc_text_t *out, const char *name, sc_str_t json)
{
    if (sc_str_is_none(json))
        return;
    sc_text_addf(out, ",\"%s\":", name);
    sc_text_add(out, json);
}

static void add_socket(sc_text_t *out, const sc_socket_t *socket)
{
    if (socket == NULL)
        return;
    add_text(out, "id", sc_socket_id(socket));
    add_text(out, "phase", sc_str_from(phases[sc_socket_phase(socket)]));
    add_text(out, "query", sc_socket_query(socket));
    sc_text_addf(out, ",\"hasToken\":%s,\"channels\":%u",
                 sc_socket_is_authenticated(socket) ? "true" : "false",
                 sc_socket_channel_count(socket));
}

static bool shall_end(const sc_socket_t *socket, const char *where)
{
    char wanted[32];
    sc_str_t query;

    if (socket == NULL)
        return false;
    query = sc_socket_query(socket);
    snprintf(wanted, sizeof(wanted), "end=%s", where);
    return !sc_str_is_none(query) && memmem(query.ptr, query.len, wanted, strlen(wanted)) != NULL;
}

static void on_event(const sc_event_t *event, void *arg)
{
    recorder_t *recorder = arg;
    sc_text_t *out = &recorder->events;

    sc_text_addf(out, ",{\"type\":\"%s\"", event_names[event->type]);
    add_socket(out, event->socket);
    add_text(out, "channel", event->channel);
    if (event->type == SC_EVENT_RAW)
        add_text(out, "data", event->data);
    else
        add_json(out, "data", event->data);
    add_json(out, "token", event->token);
    add_json(out, "oldToken", event->old_token);
    add_text(out, "reason", event->reason);
    if (event->code != 0)
        sc_text_addf(out, ",\"code\":%d", event->code);
    sc_text_add(out, SC_STR("}"));
    if (event->type == SC_EVENT_WARNING && shall_end(event->socket, "warning"))
        sc_socket_terminate(event->socket);
}

static void on_events(sc_call_t *call, void *arg)
{
    recorder_t *recorder = arg;
    sc_text_t answer = {NULL, 0, 0};
    sc_str_t events = sc_text_str(&recorder->events);

    sc_text_add(&answer, SC_STR("["));
    if (events.len > 0)
        sc_text_add(&answer, sc_str(events.ptr + 1, events.len - 1)); /* without the first comma */
    sc_text_add(&answer, SC_STR("]"));
    sc_call_answer(call, sc_text_str(&answer));
    sc_text_free(&answer);
    sc_text_clear(&recorder->events);
}

static void on_login(sc_call_t *call, void *arg)
{
    (void)arg;
    if (sc_socket_set_auth_token(sc_call_socket(call), sc_call_data(call), 0, NULL, NULL) == SC_OK)
        sc_call_answer(call, sc_str_none());
    else
        sc_call_drop(call);
}

static void on_logout(sc_call_t *call, void *arg)
{
    (void)arg;
    (void)sc_socket_deauthenticate(sc_call_socket(call), NULL, NULL);
    sc_call_answer(call, sc_str_none());
}

/* "block=4501" in the query: the number; 0: there is none. */
static uint16_t code_in(sc_str_t query)
{
    char text[64] = {0};
    const char *at;

    memcpy(text, query.ptr, query.len < sizeof(text) - 1 ? query.len : sizeof(text) - 1);
    at = strstr(text, "block=");
    return at != NULL ? (uint16_t)strtoul(at + strlen("block="), NULL, 10) : 0;
}

static sc_verdict_t on_handshake(sc_action_t *action, void *arg)
{
    sc_str_t query = sc_socket_query(sc_action_socket(action));
    sc_error_t error = sc_error("HandshakeError", "Not you");

    (void)arg;
    if (shall_end(sc_action_socket(action), "handshake"))
        sc_socket_terminate(sc_action_socket(action));
    if (sc_str_is_none(query) || memmem(query.ptr, query.len, "block=", 6) == NULL)
        return SC_PASS;
    if (memmem(query.ptr, query.len, "block=silent", 12) != NULL)
        return SC_BLOCK_SILENT;
    error.status_code = code_in(query);
    sc_action_set_error(action, &error);
    return SC_BLOCK;
}

/* An opening whose query has "refuse" is refused. */
static sc_verdict_t on_opening(sc_action_t *action, void *arg)
{
    sc_str_t query = sc_http_query(sc_action_http(action));
    sc_error_t error = sc_error("OpeningError", "Not this one");

    (void)arg;
    if (sc_str_is_none(query) || memmem(query.ptr, query.len, "refuse", 6) == NULL)
        return SC_PASS;
    sc_action_set_error(action, &error);
    return SC_BLOCK;
}

static sc_verdict_t on_token(sc_action_t *action, void *arg)
{
    (void)arg;
    if (shall_end(sc_action_socket(action), "authenticate"))
        sc_socket_disconnect(sc_action_socket(action), 4444, SC_STR("by middleware"));
    return SC_PASS;
}

static sc_verdict_t on_channel(sc_action_t *action, void *arg)
{
    sc_error_t error = sc_error("ForbiddenError", "Not here");

    (void)arg;
    if (shall_end(sc_action_socket(action),
                  sc_action_type(action) == SC_ACTION_SUBSCRIBE ? "subscribe" : "publishIn"))
        sc_socket_terminate(sc_action_socket(action));
    if (!sc_str_equal(sc_action_channel(action), SC_STR("forbidden")))
        return SC_PASS;
    sc_action_set_error(action, &error);
    return SC_BLOCK;
}

static sc_status_t attach(sc_worker_t *worker, sc_str_t options, void **state)
{
    recorder_t *recorder = calloc(1, sizeof(*recorder));

    (void)options;
    if (recorder == NULL)
        return SC_ERR_NOMEM;
    *state = recorder;
    for (int type = 0; type < SC_EVENT_TYPES; type++) {
        if (sc_worker_on(worker, (sc_event_type_t)type, on_event, recorder) != SC_OK)
            return SC_ERR_STATE;
    }
    if (sc_worker_use(worker, SC_ACTION_HANDSHAKE, on_handshake, NULL) != SC_OK ||
        sc_worker_use(worker, SC_ACTION_HANDSHAKE_WS, on_opening, NULL) != SC_OK ||
        sc_worker_use(worker, SC_ACTION_AUTHENTICATE, on_token, NULL) != SC_OK ||
        sc_worker_use(worker, SC_ACTION_SUBSCRIBE, on_channel, NULL) != SC_OK ||
        sc_worker_use(worker, SC_ACTION_PUBLISH_IN, on_channel, NULL) != SC_OK ||
        sc_worker_on_call(worker, "recorder:login", on_login, NULL) != SC_OK ||
        sc_worker_on_call(worker, "recorder:logout", on_logout, NULL) != SC_OK)
        return SC_ERR_STATE;
    return sc_worker_on_call(worker, "recorder:events", on_events, recorder);
}

static void detach(sc_worker_t *worker, void *state)
{
    recorder_t *recorder = state;

    (void)worker;
    sc_text_free(&recorder->events);
    free(recorder);
}

SC_WORKER_PLUGIN("recorder", "1.0.0", attach, detach);
