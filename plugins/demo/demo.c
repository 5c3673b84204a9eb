/*
 * demo.c: a chat with rooms, to show presence: the page (page.c), a login without a password, and the rule that
 * messages carry their sender's real name.
 *
 * People speak by publishing {"text":"..."} to `room/NAME`. What the room gets is made here:
 * {"from":USERNAME,"text":"...","time":MILLISECONDS SINCE 1970}.
 */
#include "demo_text.h"
#include "page.h"

#include <inttypes.h>
#include <sc/json.h>
#include <sc/plugin.h>
#include <sc/socket.h>
#include <sc/worker.h>
#include <time.h>

#define ROOM_PREFIX "room/"
#define MS_PER_S 1000
#define NS_PER_MS 1000000

/* ---- demo:login {"username":"Ada"}: the token of that name -------------------------------------------------- */

/* `username` is JSON; `said`, text, may be empty. The claim `presence` is what stateless_presence tells others of a
 * user. */
static sc_status_t set_token(sc_socket_t *socket, sc_str_t username, sc_str_t said)
{
    sc_text_t claims = {0};
    sc_status_t status;

    sc_text_add(&claims, SC_STR("{\"username\":"));
    sc_text_add(&claims, username);
    if (said.len > 0) {
        sc_text_add(&claims, SC_STR(",\"presence\":{\"status\":"));
        sc_text_add_quoted(&claims, said);
        sc_text_add(&claims, SC_STR("}"));
    }
    sc_text_add(&claims, SC_STR("}"));
    status = sc_socket_set_auth_token(socket, sc_text_str(&claims), 0, NULL, NULL);
    sc_text_free(&claims);
    return status;
}

static sc_status_t log_in(sc_socket_t *socket, sc_str_t name)
{
    sc_text_t username = {0};
    sc_status_t status;

    sc_text_add_quoted(&username, name);
    status = set_token(socket, sc_text_str(&username), sc_str_none());
    sc_text_free(&username);
    return status;
}

static void on_login(sc_call_t *call, void *arg)
{
    sc_error_t error = sc_error("LoginError", "A name has 1 to 32 characters");
    sc_str_t data = sc_call_data(call);
    sc_text_t name = {0};
    sc_text_t answer = {0};
    sc_status_t status = SC_ERR_INVALID;

    (void)arg;
    if (!sc_str_is_none(data))
        status = sc_demo_text_read(sc_json_member(data, "username"), SC_DEMO_NAME_CHARS_MAX, &name);
    if (status == SC_OK)
        status = log_in(sc_call_socket(call), sc_text_str(&name));
    if (status == SC_OK) {
        sc_text_add(&answer, SC_STR("{\"username\":"));
        sc_text_add_quoted(&answer, sc_text_str(&name));
        sc_text_add(&answer, SC_STR("}"));
        sc_call_answer(call, sc_text_str(&answer));
    } else {
        sc_call_fail(call, &error, sc_str_none());
    }
    sc_text_free(&name);
    sc_text_free(&answer);
}

/* ---- demo:status {"status":"at lunch"}: a token that says so; "" ends it ------------------------------------- */

static sc_status_t read_status(sc_str_t data, sc_text_t *said)
{
    sc_str_t json = sc_str_is_none(data) ? sc_str_none() : sc_json_member(data, "status");

    if (sc_str_equal(json, SC_STR("\"\"")))
        return SC_OK;
    return sc_demo_text_read(json, SC_DEMO_STATUS_CHARS_MAX, said);
}

static void on_status(sc_call_t *call, void *arg)
{
    sc_error_t error = sc_error("StatusError", "A status is one line of up to 60 characters");
    sc_str_t token = sc_socket_token(sc_call_socket(call));
    sc_text_t said = {0};
    sc_str_t username = sc_str_is_none(token) ? sc_str_none() : sc_json_member(token, "username");
    sc_status_t status = read_status(sc_call_data(call), &said);

    (void)arg;
    if (sc_str_is_none(username))
        error = sc_error("StatusError", "Log in to have a status");
    else if (status == SC_OK)
        status = set_token(sc_call_socket(call), username, sc_text_str(&said));
    if (status == SC_OK && !sc_str_is_none(username))
        sc_call_answer(call, sc_str_none());
    else
        sc_call_fail(call, &error, sc_str_none());
    sc_text_free(&said);
}

/* ---- demo:where: which of the workers this is ---------------------------------------------------------------- */

static void on_where(sc_call_t *call, void *arg)
{
    const sc_worker_t *worker = sc_socket_worker(sc_call_socket(call));
    sc_text_t answer = {0};

    (void)arg;
    sc_text_addf(&answer, "{\"worker\":%u,\"workers\":%u}", sc_worker_id(worker),
                 sc_worker_count(worker));
    sc_call_answer(call, sc_text_str(&answer));
    sc_text_free(&answer);
}

/* ---- What is said in rooms ------------------------------------------------------------------------------------ */

static uint64_t time_ms(void)
{
    struct timespec now;

    if (clock_gettime(CLOCK_REALTIME, &now) != 0)
        return 0;
    return (uint64_t)now.tv_sec * MS_PER_S + (uint64_t)now.tv_nsec / NS_PER_MS;
}

static sc_verdict_t refuse(sc_action_t *action, const char *message)
{
    sc_error_t error = sc_error("ChatError", message);

    sc_action_set_error(action, &error);
    return SC_BLOCK;
}

static void set_message(sc_action_t *action, sc_str_t username, sc_str_t text)
{
    sc_text_t message = {0};

    sc_text_add(&message, SC_STR("{\"from\":"));
    sc_text_add(&message, username);
    sc_text_add(&message, SC_STR(",\"text\":"));
    sc_text_add_quoted(&message, text);
    sc_text_addf(&message, ",\"time\":%" PRIu64 "}", time_ms());
    sc_action_set_data(action, sc_text_str(&message));
    sc_text_free(&message);
}

static sc_verdict_t on_publish_in(sc_action_t *action, void *arg)
{
    sc_str_t channel = sc_action_channel(action);
    sc_str_t token = sc_action_token(action);
    sc_str_t data = sc_action_data(action);
    sc_text_t text = {0};
    sc_str_t username;
    sc_status_t status = SC_ERR_INVALID;

    (void)arg;
    if (!sc_str_starts_with(channel, SC_STR(ROOM_PREFIX)))
        return SC_PASS;
    username = sc_str_is_none(token) ? sc_str_none() : sc_json_member(token, "username");
    if (sc_str_is_none(username))
        return refuse(action, "Log in to speak");
    if (!sc_socket_is_subscribed(sc_action_socket(action), channel))
        return refuse(action, "Enter the room to speak in it");
    if (!sc_str_is_none(data))
        status = sc_demo_text_read(sc_json_member(data, "text"), SC_DEMO_MESSAGE_CHARS_MAX, &text);
    if (status == SC_OK)
        set_message(action, username, sc_text_str(&text));
    sc_text_free(&text);
    if (status == SC_ERR_LIMIT)
        return refuse(action, "A message has at most 500 characters");
    return status == SC_OK ? SC_PASS : refuse(action, "A message is one line of text");
}

/* ---- The plugin's life -------------------------------------------------------------------------------------------- */

static sc_status_t attach(sc_worker_t *worker, sc_str_t options, void **state)
{
    sc_status_t status;

    (void)state;
    if (!sc_str_is_none(options) && !sc_str_equal(options, SC_STR("{}"))) {
        sc_log(SC_LOG_ERROR, "plugin demo: it has no options");
        return SC_ERR_INVALID;
    }
    status = sc_demo_page_serve(worker);
    if (status == SC_OK)
        status = sc_worker_on_call(worker, "demo:login", on_login, NULL);
    if (status == SC_OK)
        status = sc_worker_on_call(worker, "demo:status", on_status, NULL);
    if (status == SC_OK)
        status = sc_worker_on_call(worker, "demo:where", on_where, NULL);
    if (status == SC_OK)
        status = sc_worker_use(worker, SC_ACTION_PUBLISH_IN, on_publish_in, NULL);
    return status;
}

SC_WORKER_PLUGIN("demo", "1.0.0", attach, NULL);
