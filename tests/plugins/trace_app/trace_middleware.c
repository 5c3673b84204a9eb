/*
 * trace_middleware.c: the middleware of the traces *-mw. What it does hangs on the channel, the data, the user or the
 * query, as it did when they were recorded.
 */
#include "trace_app.h"

static bool is_text(sc_str_t text, const char *expected)
{
    return sc_str_equal(text, sc_str_from(expected));
}

/* Blocks with the four kinds of refusals that the traces have: an Error, none, a string, a named Error. */
static sc_verdict_t block_by_kind(sc_action_t *action, sc_str_t kind, const char *message,
                                  sc_str_t json, sc_str_t fields)
{
    sc_error_t error = sc_error(NULL, message);

    if (is_text(kind, "true"))
        return SC_BLOCK_SILENT;
    if (is_text(kind, "str")) {
        error.json = json;
    } else if (is_text(kind, "obj")) {
        error.name = SC_STR("CustomError");
        error.fields = fields;
    } else if (!is_text(kind, "err")) {
        return SC_PASS;
    }
    sc_action_set_error(action, &error);
    return SC_BLOCK;
}

/* The characters of a JSON string without escapes; none for anything else. */
static sc_str_t plain_string(sc_str_t json)
{
    if (json.len < 2 || json.ptr[0] != '"')
        return sc_str_none();
    return sc_str(json.ptr + 1, json.len - 2);
}

static sc_verdict_t on_subscribe(sc_action_t *action, void *arg)
{
    sc_str_t channel = sc_action_channel(action);

    (void)arg;
    return block_by_kind(action, channel, is_text(channel, "obj") ? "sub obj" : "sub no",
                         SC_STR("\"sub str\""), SC_STR("\"code\":7,\"silent\":false"));
}

static sc_verdict_t on_publish_in(sc_action_t *action, void *arg)
{
    sc_str_t kind = plain_string(sc_action_data(action));

    (void)arg;
    if (is_text(kind, "err"))
        sc_action_set_ack_data(action, SC_STR("\"ackwitherr\""));
    if (is_text(kind, "ack"))
        sc_action_set_ack_data(action, SC_STR("{\"ack\":1}"));
    if (is_text(kind, "change"))
        sc_action_set_data(action, SC_STR("\"changed\""));
    return block_by_kind(action, kind, is_text(kind, "obj") ? "pub obj" : "pub no",
                         SC_STR("\"pub str\""), SC_STR("\"code\":7"));
}

static sc_verdict_t on_publish_out(sc_action_t *action, void *arg)
{
    sc_str_t text = plain_string(sc_action_data(action));
    sc_text_t changed = {NULL, 0, 0};

    (void)arg;
    if (is_text(text, "blockme"))
        return SC_BLOCK;
    if (sc_str_is_none(text))
        return SC_PASS;
    sc_text_addf(&changed, "\"seen %.*s\"", SC_STR_ARG(text));
    sc_action_set_data(action, sc_text_str(&changed));
    sc_text_free(&changed);
    return SC_PASS;
}

static sc_verdict_t on_emit(sc_action_t *action, void *arg)
{
    sc_str_t kind = plain_string(sc_action_data(action));

    (void)arg;
    if (!is_text(sc_action_event(action), "foo"))
        return SC_PASS;
    return block_by_kind(action, kind, is_text(kind, "obj") ? "emit obj" : "emit no",
                         SC_STR("\"emit str\""), SC_STR("\"code\":7"));
}

static sc_verdict_t on_authenticate(sc_action_t *action, void *arg)
{
    sc_str_t user = plain_string(sc_json_member(sc_action_token(action), "username"));
    sc_error_t error = sc_error(NULL, "auth no");

    (void)arg;
    error.is_bad_token = is_text(user, "bad");
    if (!error.is_bad_token && !is_text(user, "alice"))
        return SC_PASS;
    sc_action_set_error(action, &error);
    return SC_BLOCK;
}

/* Which of the trace's clients this is: the replay puts its name into the query. */
static sc_str_t client_of(sc_action_t *action)
{
    sc_str_t query = sc_socket_query(sc_action_socket(action));
    sc_str_t key = SC_STR("client=");

    if (!sc_str_starts_with(query, key))
        return sc_str_none();
    return sc_str(query.ptr + key.len, query.len - key.len);
}

static sc_verdict_t block_handshake(sc_action_t *action, sc_str_t client)
{
    sc_error_t error = sc_error(NULL, "sc no");

    if (is_text(client, "b")) {
        error.message = SC_STR("sc 4500");
        error.status_code = 4500;
    } else if (is_text(client, "c")) {
        error.json = SC_STR("\"str\"");
        error.status_code = 4501;
    } else if (!is_text(client, "a")) {
        return SC_BLOCK_SILENT;
    }
    sc_action_set_error(action, &error);
    return SC_BLOCK;
}

static sc_verdict_t on_handshake_14(sc_action_t *action, void *arg)
{
    (void)arg;
    return block_handshake(action, client_of(action));
}

/* Version 20 had no string with a code: its third client was blocked silently. */
static sc_verdict_t on_handshake_20(sc_action_t *action, void *arg)
{
    sc_str_t client = client_of(action);

    (void)arg;
    return block_handshake(action, is_text(client, "c") ? SC_STR("d") : client);
}

static sc_verdict_t on_upgrade(sc_action_t *action, void *arg)
{
    sc_str_t query = sc_http_query(sc_action_http(action));
    sc_error_t error = sc_error(NULL, "not today");

    (void)arg;
    if (is_text(query, "silent") || is_text(query, "true"))
        return SC_BLOCK_SILENT;
    if (is_text(query, "str"))
        error.json = SC_STR("\"plain string\"");
    else if (!is_text(query, "err"))
        return SC_PASS;
    sc_action_set_error(action, &error);
    return SC_BLOCK;
}

/* The application of subscribe-blocked-later: its middleware came after that of presence. */
static sc_verdict_t on_subscribe_room(sc_action_t *action, void *arg)
{
    sc_error_t error = sc_error(NULL, "blocked");

    (void)arg;
    if (!is_text(sc_action_channel(action), "room"))
        return SC_PASS;
    sc_action_set_error(action, &error);
    return SC_BLOCK;
}

typedef struct trace_middleware {
    const char *name;
    sc_action_type_t type;
    sc_middleware_cb callback;
} trace_middleware_t;

static const trace_middleware_t table[] = {
    {"subscribe", SC_ACTION_SUBSCRIBE, on_subscribe},
    {"subscribeRoom", SC_ACTION_SUBSCRIBE, on_subscribe_room},
    {"publishIn", SC_ACTION_PUBLISH_IN, on_publish_in},
    {"publishOut", SC_ACTION_PUBLISH_OUT, on_publish_out},
    {"emit", SC_ACTION_EMIT, on_emit},
    {"authenticate", SC_ACTION_AUTHENTICATE, on_authenticate},
    {"handshake14", SC_ACTION_HANDSHAKE, on_handshake_14},
    {"handshake20", SC_ACTION_HANDSHAKE, on_handshake_20},
    {"upgrade", SC_ACTION_HANDSHAKE_WS, on_upgrade},
};

sc_status_t trace_middleware_attach(trace_app_t *app, sc_str_t name)
{
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        if (is_text(name, table[i].name))
            return sc_worker_use(app->worker, table[i].type, table[i].callback, app);
    sc_log(SC_LOG_ERROR, "trace_app: no middleware %.*s", SC_STR_ARG(name));
    return SC_ERR_INVALID;
}
