/*
 * trace_calls.c: the application events of the golden traces, and `trace:...`, by which the replay does on the server
 * side what the recording program did there.
 */
#include "trace_app.h"

#include <stdlib.h>

#define NUMBER_CHARS 24

/* The number in a member of an object; `fallback` if it is not there or no number. */
static long member_number(sc_str_t object, const char *name, long fallback)
{
    sc_str_t text = sc_json_member(object, name);
    char digits[NUMBER_CHARS];
    char *end = NULL;
    long number;

    if (text.len == 0 || text.len >= sizeof(digits))
        return fallback;
    memcpy(digits, text.ptr, text.len);
    digits[text.len] = '\0';
    number = strtol(digits, &end, 10);
    return end != digits && *end == '\0' ? number : fallback;
}

static bool is_member_true(sc_str_t object, const char *name)
{
    return sc_str_equal(sc_json_member(object, name), SC_STR("true"));
}

/* Adds the characters of a string member. False: it is not there or no string. */
static bool member_string(sc_str_t object, const char *name, sc_text_t *out)
{
    sc_str_t text = sc_json_member(object, name);

    return !sc_str_is_none(text) && sc_text_add_unquoted(out, text) == SC_OK;
}

static void fail_with_status(sc_call_t *call, sc_status_t status)
{
    sc_error_t error = sc_error("StatusError", sc_status_name(status));

    sc_call_fail(call, &error, sc_str_none());
}

static void end_with_status(sc_call_t *call, sc_status_t status)
{
    if (status == SC_OK)
        sc_call_answer(call, sc_str_none());
    else
        fail_with_status(call, status);
}

/* ---- The events of the traces -------------------------------------------------------------------------- */

static void on_echo(sc_call_t *call, void *arg)
{
    const trace_app_t *app = arg;

    if (!app->is_echo_authed)
        sc_call_answer(call, sc_call_data(call));
    else if (sc_socket_is_authenticated(sc_call_socket(call)))
        sc_call_answer(call, SC_STR("{\"authed\":true}"));
    else
        sc_call_answer(call, SC_STR("{\"authed\":false}"));
}

static void on_noreply(sc_call_t *call, void *arg)
{
    (void)arg;
    sc_call_answer(call, sc_str_none());
}

static void on_fail(sc_call_t *call, void *arg)
{
    sc_error_t error = sc_error(NULL, "boom");

    (void)arg;
    sc_call_fail(call, &error, sc_str_none());
}

static void on_failstr(sc_call_t *call, void *arg)
{
    sc_error_t error = sc_error(NULL, NULL);

    (void)arg;
    error.json = SC_STR("\"boom string\"");
    sc_call_fail(call, &error, sc_str_none());
}

static void on_failobj(sc_call_t *call, void *arg)
{
    sc_error_t error = sc_error("MyErr", "m");

    (void)arg;
    error.fields = SC_STR("\"extra\":[1]");
    sc_call_fail(call, &error, sc_str_none());
}

static void on_faildata(sc_call_t *call, void *arg)
{
    sc_error_t error = sc_error(NULL, "boom");

    (void)arg;
    sc_call_fail(call, &error, SC_STR("{\"some\":\"data\"}"));
}

static void on_login(sc_call_t *call, void *arg)
{
    (void)arg;
    end_with_status(
        call, sc_socket_set_auth_token(sc_call_socket(call), sc_call_data(call), 0, NULL, NULL));
}

static void on_deauth(sc_call_t *call, void *arg)
{
    (void)arg;
    end_with_status(call, sc_socket_deauthenticate(sc_call_socket(call), NULL, NULL));
}

static void on_kick(sc_call_t *call, void *arg)
{
    sc_text_t channel = {NULL, 0, 0};
    sc_text_t message = {NULL, 0, 0};
    bool has_channel = member_string(sc_call_data(call), "channel", &channel);
    bool has_message = member_string(sc_call_data(call), "message", &message);

    (void)arg;
    end_with_status(call, sc_socket_kick_out(sc_call_socket(call),
                                             has_channel ? sc_text_str(&channel) : sc_str_none(),
                                             has_message ? sc_text_str(&message) : sc_str_none()));
    sc_text_free(&channel);
    sc_text_free(&message);
}

/* {code, data}: a reason is a text; data of another type is handed on as its JSON. */
static void disconnect_caller(sc_call_t *call)
{
    sc_str_t data = sc_json_member(sc_call_data(call), "data");
    sc_text_t reason = {NULL, 0, 0};

    if (!sc_str_is_none(data) && sc_text_add_unquoted(&reason, data) != SC_OK)
        sc_text_add(&reason, data);
    sc_socket_disconnect(sc_call_socket(call), (int)member_number(sc_call_data(call), "code", 1000),
                         sc_str_is_none(data) ? sc_str_none() : sc_text_str(&reason));
    sc_text_free(&reason);
}

static void on_closeme(sc_call_t *call, void *arg)
{
    (void)arg;
    disconnect_caller(call);
    sc_call_drop(call);
}

static void add_channel(sc_str_t channel, void *arg)
{
    sc_text_t *text = arg;

    if (text->ptr[text->len - 1] != '[')
        sc_text_add(text, SC_STR(","));
    sc_text_add_quoted(text, channel);
}

static void on_dump(sc_call_t *call, void *arg)
{
    const trace_app_t *app = arg;
    const sc_socket_t *socket = sc_call_socket(call);
    sc_str_t token = sc_socket_token(socket);
    sc_text_t text = {NULL, 0, 0};

    sc_text_addf(&text, "{\"worker\":%u,\"subs\":[", sc_worker_id(app->worker));
    sc_socket_each_channel(socket, add_channel, &text);
    sc_text_addf(&text, "],\"count\":%u,\"auth\":", sc_socket_channel_count(socket));
    sc_text_add(&text, sc_str_is_none(token) ? SC_STR("null") : token);
    sc_text_add(&text, SC_STR("}"));
    sc_call_answer(call, sc_text_str(&text));
    sc_text_free(&text);
}

/* ---- What the recording program did itself --------------------------------------------------------------- */

/* The client has confirmed, or not: ends the call that asked for it. */
static void on_confirmed(sc_status_t status, sc_str_t data, sc_str_t error, void *arg)
{
    sc_call_t *call = arg;
    sc_error_t failure = sc_error(NULL, NULL);

    if (status != SC_OK) {
        fail_with_status(call, status);
        return;
    }
    if (sc_str_is_none(error)) {
        sc_call_answer(call, data);
        return;
    }
    failure.json = error;
    sc_call_fail(call, &failure, data);
}

/* {claims, expiresIn?, confirm?} */
static void on_trace_set_token(sc_call_t *call, void *arg)
{
    sc_str_t request = sc_call_data(call);
    uint32_t expires_s = (uint32_t)member_number(request, "expiresIn", 0);
    bool is_confirmed = is_member_true(request, "confirm");
    sc_status_t status;

    (void)arg;
    status = sc_socket_set_auth_token(sc_call_socket(call), sc_json_member(request, "claims"),
                                      expires_s, is_confirmed ? on_confirmed : NULL, call);
    if (!is_confirmed || status != SC_OK)
        end_with_status(call, status);
}

/* {confirm?} */
static void on_trace_deauthenticate(sc_call_t *call, void *arg)
{
    bool is_confirmed = is_member_true(sc_call_data(call), "confirm");
    sc_status_t status =
        sc_socket_deauthenticate(sc_call_socket(call), is_confirmed ? on_confirmed : NULL, call);

    (void)arg;
    if (!is_confirmed || status != SC_OK)
        end_with_status(call, status);
}

/* {channel, data} */
static void on_trace_publish(sc_call_t *call, void *arg)
{
    trace_app_t *app = arg;
    sc_text_t channel = {NULL, 0, 0};

    if (!member_string(sc_call_data(call), "channel", &channel))
        fail_with_status(call, SC_ERR_INVALID);
    else
        end_with_status(call, sc_exchange_publish(app->worker, sc_text_str(&channel),
                                                  sc_json_member(sc_call_data(call), "data"), NULL,
                                                  NULL));
    sc_text_free(&channel);
}

/* {event, data?, timeout?}: emits to the caller and answers with the client's answer. */
static void on_trace_emit(sc_call_t *call, void *arg)
{
    sc_str_t request = sc_call_data(call);
    sc_text_t event = {NULL, 0, 0};
    sc_status_t status = SC_ERR_INVALID;

    (void)arg;
    if (member_string(request, "event", &event))
        status = sc_socket_emit(sc_call_socket(call), sc_text_str(&event),
                                sc_json_member(request, "data"), on_confirmed, call,
                                (uint32_t)member_number(request, "timeout", 0));
    if (status != SC_OK)
        fail_with_status(call, status);
    sc_text_free(&event);
}

typedef struct trace_handler {
    const char *event;
    sc_call_cb callback;
} trace_handler_t;

static const trace_handler_t handlers[] = {
    {"echo", on_echo},
    {"noreply", on_noreply},
    {"fail", on_fail},
    {"failing", on_fail},
    {"failstr", on_failstr},
    {"failobj", on_failobj},
    {"faildata", on_faildata},
    {"login", on_login},
    {"deauth", on_deauth},
    {"kick", on_kick},
    {"closeme", on_closeme},
    {"dump", on_dump},
    {"trace:setAuthToken", on_trace_set_token},
    {"trace:deauthenticate", on_trace_deauthenticate},
    {"trace:publish", on_trace_publish},
    {"trace:emit", on_trace_emit},
};

sc_status_t trace_calls_attach(trace_app_t *app)
{
    for (size_t i = 0; i < sizeof(handlers) / sizeof(handlers[0]); i++) {
        sc_status_t status =
            sc_worker_on_call(app->worker, handlers[i].event, handlers[i].callback, app);

        if (status != SC_OK)
            return status;
    }
    return SC_OK;
}
