/*
 * fake_worker.c: see fake_worker.h.
 */
#include "fake_worker.h"

#include "common/timer.h"
#include "plugins/stateless_presence/presence_note.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void write_down(sc_worker_t *worker, const char *format, ...) SC_PRINTF(2, 3);

static void write_down(sc_worker_t *worker, const char *format, ...)
{
    size_t used = strlen(worker->log);
    va_list args;

    va_start(args, format);
    (void)vsnprintf(worker->log + used, sizeof(worker->log) - used, format, args);
    va_end(args);
}

void fake_expect(sc_worker_t *worker, const char *log)
{
    assert_string_equal(worker->log, log);
    worker->log[0] = '\0';
}

/* ---- The interface: worker --------------------------------------------------------------------------- */

uint32_t sc_worker_id(const sc_worker_t *worker)
{
    return worker->id;
}

uint32_t sc_worker_count(const sc_worker_t *worker)
{
    (void)worker;
    return 4;
}

uint32_t sc_worker_broker_count(const sc_worker_t *worker)
{
    (void)worker;
    return FAKE_BROKERS;
}

uint64_t sc_worker_now_ms(const sc_worker_t *worker)
{
    return worker->now_ms;
}

sc_status_t sc_worker_option(const sc_worker_t *worker, const char *name, sc_text_t *out)
{
    (void)worker;
    if (strcmp(name, "path") != 0)
        return SC_ERR_NOT_FOUND;
    sc_text_add(out, SC_STR("\"/socketcluster/\""));
    return SC_OK;
}

sc_status_t sc_worker_on(sc_worker_t *worker, sc_event_type_t type, sc_event_cb callback, void *arg)
{
    worker->listeners[type] = callback;
    worker->listener_args[type] = arg;
    return SC_OK;
}

sc_status_t sc_worker_use(sc_worker_t *worker, sc_action_type_t type, sc_middleware_cb callback,
                          void *arg)
{
    worker->middleware[type] = callback;
    worker->middleware_args[type] = arg;
    return SC_OK;
}

static uint64_t clock_of(void *arg)
{
    return ((const sc_worker_t *)arg)->now_ms;
}

sc_timer_t *sc_worker_timer(sc_worker_t *worker, uint32_t first_ms, uint32_t every_ms,
                            sc_timer_cb callback, void *arg)
{
    if (!worker->has_timers) {
        sc_wheel_init(&worker->loop.wheel, clock_of, worker);
        sc_list_init(&worker->timers);
        worker->has_timers = true;
    }
    return sc_timer_start(&worker->loop, &worker->timers, first_ms, every_ms, callback, arg);
}

sc_counter_t *sc_worker_counter(sc_worker_t *worker, const char *name, const char *help)
{
    (void)name;
    (void)help;
    return &worker->counter;
}

void sc_counter_add(sc_counter_t *counter, int64_t amount)
{
    counter->value += amount;
}

/* ---- The interface: exchange --------------------------------------------------------------------------- */

sc_status_t sc_exchange_publish(sc_worker_t *worker, sc_str_t channel, sc_str_t data,
                                sc_publish_done_cb done, void *arg)
{
    (void)done;
    (void)arg;
    write_down(worker, "publish %.*s %.*s; ", SC_STR_ARG(channel), SC_STR_ARG(data));
    return SC_OK;
}

uint32_t sc_exchange_broker_of(const sc_worker_t *worker, sc_str_t channel)
{
    (void)worker;
    return (uint32_t)channel.len % FAKE_BROKERS;
}

sc_status_t sc_exchange_deliver(sc_worker_t *worker, sc_str_t channel, sc_str_t data)
{
    write_down(worker, "deliver %.*s %.*s; ", SC_STR_ARG(channel), SC_STR_ARG(data));
    return SC_OK;
}

sc_status_t sc_exchange_deliver_to(sc_worker_t *worker, sc_str_t channel, sc_str_t data,
                                   sc_socket_t *const *sockets, size_t count)
{
    size_t i;

    write_down(worker, "deliver %.*s %.*s to ", SC_STR_ARG(channel), SC_STR_ARG(data));
    for (i = 0; i < count; i++)
        write_down(worker, "%c", sockets[i]->id[0]);
    write_down(worker, "; ");
    return SC_OK;
}

static sc_str_t or_dash(sc_str_t text)
{
    return sc_str_is_none(text) ? SC_STR("-") : text;
}

static void write_note(sc_worker_t *worker, uint32_t broker, const sc_presence_note_t *note)
{
    sc_str_t user = or_dash(note->username);
    sc_str_t id = or_dash(note->socket_id);

    switch (note->type) {
    case SC_NOTE_ADD:
        write_down(worker, "add %u %.*s %.*s %.*s%s%.*s; ", broker, SC_STR_ARG(note->channel),
                   SC_STR_ARG(user), SC_STR_ARG(id), note->data.len > 0 ? " " : "",
                   SC_STR_ARG(note->data));
        break;
    case SC_NOTE_DROP:
        write_down(worker, "drop %u %.*s %.*s%s; ", broker, SC_STR_ARG(note->channel),
                   SC_STR_ARG(user), (note->flags & SC_NOTE_LOST) != 0 ? " lost" : "");
        break;
    case SC_NOTE_TRACK:
        write_down(worker, "track %u %.*s %.*s %.*s %u; ", broker, SC_STR_ARG(note->channel),
                   SC_STR_ARG(user), SC_STR_ARG(id), (unsigned)note->number);
        break;
    case SC_NOTE_COUNT:
        write_down(worker, "count %u %.*s %u; ", broker, SC_STR_ARG(note->channel),
                   (unsigned)note->number);
        break;
    default:
        fail_msg("a worker sent a note of type %c", (int)note->type);
    }
}

sc_status_t sc_exchange_send(sc_worker_t *worker, uint32_t broker, const char *plugin,
                             sc_str_t payload)
{
    sc_presence_note_t note;

    if (!worker->is_linked)
        return SC_ERR_STATE;
    assert_string_equal(plugin, "stateless_presence");
    assert_int_equal(sc_presence_note_read(payload, &note), SC_OK);
    write_note(worker, broker, &note);
    return SC_OK;
}

sc_status_t sc_exchange_on_broker(sc_worker_t *worker, const char *plugin,
                                  sc_broker_message_cb on_message, sc_link_cb on_link, void *arg)
{
    assert_string_equal(plugin, "stateless_presence");
    worker->on_message = on_message;
    worker->on_link = on_link;
    worker->link_arg = arg;
    return SC_OK;
}

/* ---- The interface: socket ------------------------------------------------------------------------------ */

sc_worker_t *sc_socket_worker(const sc_socket_t *socket)
{
    return socket->worker;
}

sc_socket_t *sc_socket_ref(sc_socket_t *socket)
{
    socket->ref_count++;
    return socket;
}

void sc_socket_unref(sc_socket_t *socket)
{
    assert_true(socket->ref_count > 0);
    socket->ref_count--;
}

sc_str_t sc_socket_id(const sc_socket_t *socket)
{
    return sc_str_from(socket->id);
}

sc_str_t sc_socket_token(const sc_socket_t *socket)
{
    return sc_str_from(socket->token);
}

sc_status_t sc_socket_set_auth_token(sc_socket_t *socket, sc_str_t claims, uint32_t expires_s,
                                     sc_answer_cb callback, void *arg)
{
    (void)expires_s;
    (void)callback;
    (void)arg;
    (void)snprintf(socket->own_token, sizeof(socket->own_token), "%.*s", SC_STR_ARG(claims));
    socket->token = socket->own_token;
    return SC_OK;
}

static int find_channel(const sc_socket_t *socket, sc_str_t channel)
{
    int i;

    for (i = 0; i < FAKE_CHANNELS; i++) {
        if (channel.len > 0 && sc_str_equal(sc_str_from(socket->channels[i]), channel))
            return i;
    }
    return -1;
}

bool sc_socket_is_subscribing(const sc_socket_t *socket, sc_str_t channel)
{
    return sc_str_equal(sc_str_from(socket->asked_channel), channel);
}

bool sc_socket_is_subscribed(const sc_socket_t *socket, sc_str_t channel)
{
    return find_channel(socket, channel) >= 0;
}

void sc_socket_each_channel(const sc_socket_t *socket, sc_channel_cb callback, void *arg)
{
    int i;

    for (i = 0; i < FAKE_CHANNELS; i++) {
        if (socket->channels[i][0] != '\0')
            callback(sc_str_from(socket->channels[i]), arg);
    }
}

void sc_worker_each_socket(sc_worker_t *worker, sc_socket_cb callback, void *arg)
{
    (void)worker;
    (void)callback;
    (void)arg;
}

uint32_t sc_worker_socket_slot(sc_worker_t *worker)
{
    (void)worker;
    return 0;
}

void *sc_socket_get(const sc_socket_t *socket, uint32_t slot)
{
    assert_int_equal(slot, 0);
    return socket->slot;
}

void sc_socket_set(sc_socket_t *socket, uint32_t slot, void *value)
{
    assert_int_equal(slot, 0);
    socket->slot = value;
}

/* ---- The interface: action ------------------------------------------------------------------------------ */

sc_socket_t *sc_action_socket(const sc_action_t *action)
{
    return action->socket;
}

sc_str_t sc_action_channel(const sc_action_t *action)
{
    return action->channel;
}

sc_str_t sc_action_data(const sc_action_t *action)
{
    return action->data;
}

sc_str_t sc_action_token(const sc_action_t *action)
{
    return sc_socket_token(action->socket);
}

void sc_action_set_data(sc_action_t *action, sc_str_t data)
{
    sc_text_clear(&action->changed_data);
    sc_text_add(&action->changed_data, data);
}

void sc_action_set_error(sc_action_t *action, const sc_error_t *error)
{
    (void)snprintf(action->error_name, sizeof(action->error_name), "%.*s", SC_STR_ARG(error->name));
    (void)snprintf(action->error_message, sizeof(action->error_message), "%.*s",
                   SC_STR_ARG(error->message));
}

/* ---- The interface: call ---------------------------------------------------------------------------------- */

sc_status_t sc_worker_on_call(sc_worker_t *worker, const char *name, sc_call_cb callback, void *arg)
{
    int i;

    for (i = 0; worker->calls[i].name[0] != '\0'; i++)
        assert_true(i + 1 < FAKE_CALLS);
    (void)snprintf(worker->calls[i].name, sizeof(worker->calls[i].name), "%s", name);
    worker->calls[i].callback = callback;
    worker->calls[i].arg = arg;
    return SC_OK;
}

sc_socket_t *sc_call_socket(const sc_call_t *call)
{
    return call->socket;
}

sc_str_t sc_call_data(const sc_call_t *call)
{
    return call->data;
}

void sc_call_answer(sc_call_t *call, sc_str_t data)
{
    assert_false(call->has_ended);
    call->has_ended = true;
    sc_text_add(&call->answer, data);
}

void sc_call_fail(sc_call_t *call, const sc_error_t *error, sc_str_t data)
{
    (void)data;
    assert_false(call->has_ended);
    call->has_ended = true;
    (void)snprintf(call->error_name, sizeof(call->error_name), "%.*s", SC_STR_ARG(error->name));
}

/* ---- The server's part ----------------------------------------------------------------------------------- */

static void fire(sc_socket_t *socket, const sc_event_t *event)
{
    sc_worker_t *worker = socket->worker;

    if (worker->listeners[event->type] != NULL)
        worker->listeners[event->type](event, worker->listener_args[event->type]);
}

void fake_connect(sc_worker_t *worker, sc_socket_t *socket, const char *id)
{
    memset(socket, 0, sizeof(*socket));
    socket->worker = worker;
    memset(socket->id, 'A', SC_SOCKET_ID_CHARS);
    memcpy(socket->id, id, strlen(id));
}

void fake_authenticate(sc_socket_t *socket, const char *token)
{
    sc_event_t event = {.type = SC_EVENT_AUTHENTICATION,
                        .socket = socket,
                        .token = sc_str_from(token),
                        .old_token = sc_str_from(socket->token)};

    socket->token = token;
    fire(socket, &event);
}

void fake_deauthenticate(sc_socket_t *socket)
{
    sc_event_t event = {.type = SC_EVENT_DEAUTHENTICATION,
                        .socket = socket,
                        .old_token = sc_str_from(socket->token)};

    socket->token = NULL;
    fire(socket, &event);
}

void fake_subscribe_with(sc_socket_t *socket, const char *channel, const char *data)
{
    sc_event_t event = {.type = SC_EVENT_SUBSCRIPTION,
                        .socket = socket,
                        .channel = sc_str_from(channel),
                        .data = sc_str_from(data)};
    int i = find_channel(socket, sc_str_from(channel));

    if (i < 0) {
        for (i = 0; socket->channels[i][0] != '\0'; i++)
            assert_true(i + 1 < FAKE_CHANNELS);
        (void)snprintf(socket->channels[i], sizeof(socket->channels[i]), "%s", channel);
    }
    fire(socket, &event);
}

void fake_subscribe(sc_socket_t *socket, const char *channel)
{
    fake_subscribe_with(socket, channel, NULL);
}

static void unsubscribe(sc_socket_t *socket, const char *channel, int code)
{
    sc_event_t event = {.type = SC_EVENT_UNSUBSCRIPTION,
                        .socket = socket,
                        .channel = sc_str_from(channel),
                        .code = code};
    int i = find_channel(socket, sc_str_from(channel));

    assert_true(i >= 0);
    socket->channels[i][0] = '\0';
    fire(socket, &event);
}

void fake_unsubscribe(sc_socket_t *socket, const char *channel)
{
    unsubscribe(socket, channel, 0);
}

void fake_disconnect_with(sc_socket_t *socket, int code)
{
    sc_event_t event = {.type = SC_EVENT_DISCONNECTION, .socket = socket, .code = code};
    char channel[64];
    int i;

    for (i = 0; i < FAKE_CHANNELS; i++) {
        (void)snprintf(channel, sizeof(channel), "%s", socket->channels[i]);
        if (channel[0] != '\0')
            unsubscribe(socket, channel, code);
    }
    fire(socket, &event);
}

void fake_disconnect(sc_socket_t *socket)
{
    fake_disconnect_with(socket, 1000);
}

void fake_link(sc_worker_t *worker, uint32_t broker)
{
    worker->is_linked = true;
    worker->on_link(broker, worker->link_arg);
}

void fake_pass_time(sc_worker_t *worker, uint32_t ms)
{
    uint64_t end_ms = worker->now_ms + ms;

    while (worker->now_ms < end_ms) {
        worker->now_ms++;
        if (worker->has_timers)
            sc_wheel_advance(&worker->loop.wheel);
    }
}

void fake_stop_timers(sc_worker_t *worker)
{
    if (worker->has_timers)
        sc_timer_stop_all(&worker->timers);
}

sc_verdict_t fake_ask(sc_worker_t *worker, sc_action_type_t type, sc_action_t *action)
{
    assert_non_null(worker->middleware[type]);
    return worker->middleware[type](action, worker->middleware_args[type]);
}

void fake_call(sc_worker_t *worker, const char *name, sc_call_t *call)
{
    int i;

    for (i = 0; strcmp(worker->calls[i].name, name) != 0; i++)
        assert_true(i + 1 < FAKE_CALLS);
    worker->calls[i].callback(call, worker->calls[i].arg);
    assert_true(call->has_ended);
}
