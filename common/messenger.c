#include "common/messenger.h"

#include "common/alloc.h"
#include "common/log.h"
#include "common/str.h"

/* A call that waits for its answer. */
typedef struct waiting_call {
    uint64_t id; /* the key */
    sc_wheel_timer_t timer;
    sc_messenger_t *messenger;
    sc_answer_cb callback;
    void *arg;
} waiting_call_t;

typedef struct handler {
    sc_message_handler_cb callback;
    void *arg;
    size_t plugin_len;
    char plugin[];
} handler_t;

struct sc_message {
    sc_list_t node;
    sc_messenger_t *messenger;
    uint64_t id; /* the master's number of it; 0: no answer is wanted */
    sc_process_t from;
    bool has_data;
    sc_text_t data;
};

static const char *const kind_names[SC_PROCESS_KINDS] = {
    [SC_PROCESS_MASTER] = "master",       [SC_PROCESS_WORKER] = "worker",
    [SC_PROCESS_BROKER] = "broker",       [SC_PROCESS_ALL_WORKERS] = "workers",
    [SC_PROCESS_ALL_BROKERS] = "brokers",
};

const char *sc_process_kind_name(sc_process_kind_t kind)
{
    return (unsigned)kind < SC_PROCESS_KINDS ? kind_names[kind] : NULL;
}

sc_process_kind_t sc_process_kind_by_name(const char *name)
{
    int kind = 0;

    while (kind < SC_PROCESS_KINDS && (name == NULL || strcmp(kind_names[kind], name) != 0))
        kind++;
    return (sc_process_kind_t)kind;
}

/* ---- Its life ------------------------------------------------------------------------------------------------ */

void sc_messenger_init(sc_messenger_t *messenger, sc_loop_t *loop, uint32_t timeout_ms,
                       sc_messenger_transmit_cb transmit, void *arg)
{
    memset(messenger, 0, sizeof(*messenger));
    messenger->loop = loop;
    messenger->timeout_ms = timeout_ms;
    messenger->transmit = transmit;
    messenger->arg = arg;
    sc_map_init(&messenger->waiting);
    sc_map_init(&messenger->handlers);
    sc_list_init(&messenger->open);
}

static sc_status_t transmit_linked(json_t *message, bool must_go, void *arg)
{
    sc_control_t *control = *(sc_control_t **)arg;

    if (control == NULL || (!must_go && sc_control_backlog(control) > SC_MESSAGE_BACKLOG_BYTES)) {
        json_decref(message);
        return control == NULL ? SC_ERR_STATE : SC_ERR_LIMIT;
    }
    sc_control_send(control, message);
    return SC_OK;
}

void sc_messenger_init_linked(sc_messenger_t *messenger, sc_loop_t *loop, uint32_t timeout_ms,
                              sc_control_t **control)
{
    sc_messenger_init(messenger, loop, timeout_ms, transmit_linked, control);
}

static sc_str_t key_of(const waiting_call_t *call)
{
    return sc_str((const char *)&call->id, sizeof(call->id));
}

static void free_call(waiting_call_t *call)
{
    sc_map_remove(&call->messenger->waiting, key_of(call));
    sc_wheel_stop(&call->messenger->loop->wheel, &call->timer);
    free(call);
}

static void free_message(sc_message_t *message)
{
    message->messenger->open_count--;
    sc_list_remove(&message->node);
    sc_text_free(&message->data);
    free(message);
}

void sc_messenger_deinit(sc_messenger_t *messenger)
{
    void *value;
    uint32_t cursor = 0;

    while ((value = sc_map_next(&messenger->waiting, &cursor)) != NULL) {
        free_call(value);
        cursor = 0; /* the map has changed */
    }
    cursor = 0;
    while ((value = sc_map_next(&messenger->handlers, &cursor)) != NULL)
        free(value);
    while (!sc_list_is_empty(&messenger->open))
        free_message(sc_list_entry(messenger->open.next, sc_message_t, node));
    sc_map_deinit(&messenger->waiting);
    sc_map_deinit(&messenger->handlers);
}

static bool is_plugin_name(sc_str_t name)
{
    return name.len > 0 && name.len <= SC_PLUGIN_NAME_BYTES_MAX;
}

sc_status_t sc_messenger_on(sc_messenger_t *messenger, const char *plugin,
                            sc_message_handler_cb callback, void *arg)
{
    sc_str_t name = sc_str_from(plugin);
    handler_t *handler;

    if (!is_plugin_name(name) || callback == NULL)
        return SC_ERR_INVALID;
    if (sc_map_get(&messenger->handlers, name) != NULL)
        return SC_ERR_STATE;
    handler = sc_alloc_zeroed(1, sizeof(*handler) + name.len);
    handler->callback = callback;
    handler->arg = arg;
    handler->plugin_len = name.len;
    memcpy(handler->plugin, name.ptr, name.len);
    sc_map_put(&messenger->handlers, sc_str(handler->plugin, name.len), handler);
    return SC_OK;
}

/* ---- Sending ------------------------------------------------------------------------------------------------- */

static void end_call(waiting_call_t *call, sc_status_t status, sc_str_t data, sc_str_t error)
{
    sc_answer_cb callback = call->callback;
    void *arg = call->arg;

    free_call(call);
    callback(status, data, error, arg);
}

static void on_timeout(sc_wheel_timer_t *timer)
{
    end_call(sc_list_entry(timer, waiting_call_t, timer), SC_ERR_TIMEOUT, sc_str_none(),
             sc_str_none());
}

/* Adds a text as a JSON string, so that what is in it passes the master unparsed. */
static sc_status_t add_text(json_t *message, const char *name, sc_str_t text)
{
    if (sc_str_is_none(text))
        return SC_OK;
    if (text.len > SC_MESSAGE_BYTES_MAX)
        return SC_ERR_LIMIT;
    return json_object_set_new(message, name, json_stringn(text.ptr, text.len)) == 0
               ? SC_OK
               : SC_ERR_INVALID;
}

static waiting_call_t *new_call(sc_messenger_t *messenger, sc_answer_cb callback, void *arg)
{
    waiting_call_t *call = sc_new(waiting_call_t);

    call->messenger = messenger;
    call->id = ++messenger->next_id;
    call->callback = callback;
    call->arg = arg;
    sc_wheel_timer_init(&call->timer, on_timeout);
    sc_map_put(&messenger->waiting, key_of(call), call);
    return call;
}

static sc_status_t transmit_call(sc_messenger_t *messenger, json_t *message, sc_answer_cb callback,
                                 void *arg, uint32_t timeout_ms)
{
    waiting_call_t *call = new_call(messenger, callback, arg);
    sc_status_t status;

    if (timeout_ms == 0)
        timeout_ms = messenger->timeout_ms;
    json_object_set_new(message, "id", json_integer((json_int_t)call->id));
    json_object_set_new(message, "timeout", json_integer((json_int_t)timeout_ms));
    status = messenger->transmit(message, false, messenger->arg);
    if (status == SC_OK)
        sc_wheel_start(&messenger->loop->wheel, &call->timer, timeout_ms);
    else
        free_call(call);
    return status;
}

sc_status_t sc_messenger_send(sc_messenger_t *messenger, sc_process_t to, const char *plugin,
                              sc_str_t data, sc_answer_cb callback, void *arg, uint32_t timeout_ms)
{
    const char *kind = sc_process_kind_name(to.kind);
    bool is_for_all = to.kind == SC_PROCESS_ALL_WORKERS || to.kind == SC_PROCESS_ALL_BROKERS;
    json_t *message;
    sc_status_t status;

    if (kind == NULL || !is_plugin_name(sc_str_from(plugin)) || (is_for_all && callback != NULL))
        return SC_ERR_INVALID;
    if (callback != NULL && messenger->waiting.count >= SC_MESSAGES_MAX)
        return SC_ERR_LIMIT;
    message = json_pack("{s:s,s:s,s:s,s:I}", "type", "message", "plugin", plugin, "kind", kind,
                        "process", (json_int_t)to.id);
    status = message != NULL ? add_text(message, "data", data) : SC_ERR_INVALID;
    if (status != SC_OK) {
        json_decref(message);
        return status;
    }
    if (callback != NULL)
        return transmit_call(messenger, message, callback, arg, timeout_ms);
    return messenger->transmit(message, false, messenger->arg);
}

/* ---- Answering ----------------------------------------------------------------------------------------------- */

static json_t *new_answer(uint64_t id, sc_status_t status)
{
    return json_pack("{s:s,s:I,s:i}", "type", "messageAnswer", "id", (json_int_t)id, "status",
                     (int)status);
}

static void answer_status(sc_messenger_t *messenger, uint64_t id, sc_status_t status)
{
    (void)messenger->transmit(new_answer(id, status), true, messenger->arg);
}

/* An answer that can't go is replaced by the reason, so that its sender does not wait in vain. */
static void end_message(sc_message_t *message, const char *name, sc_str_t text)
{
    sc_messenger_t *messenger = message->messenger;
    uint64_t id = message->id;
    sc_status_t status;
    json_t *answer;

    if (id != 0) {
        answer = new_answer(id, SC_OK);
        status = add_text(answer, name, text);
        if (status == SC_OK)
            status = messenger->transmit(answer, false, messenger->arg);
        else
            json_decref(answer);
        if (status == SC_ERR_LIMIT || status == SC_ERR_INVALID)
            answer_status(messenger, id, status);
    }
    free_message(message);
}

void sc_message_answer(sc_message_t *message, sc_str_t data)
{
    end_message(message, "data", data);
}

void sc_message_fail(sc_message_t *message, sc_str_t error)
{
    end_message(message, "error", sc_str_is_none(error) ? SC_STR("null") : error);
}

void sc_message_drop(sc_message_t *message)
{
    free_message(message);
}

sc_process_t sc_message_from(const sc_message_t *message)
{
    return message->from;
}

sc_str_t sc_message_data(const sc_message_t *message)
{
    return message->has_data ? sc_text_str(&message->data) : sc_str_none();
}

bool sc_message_wants_answer(const sc_message_t *message)
{
    return message->id != 0;
}

/* ---- What comes ---------------------------------------------------------------------------------------------- */

static sc_str_t text_member(const json_t *message, const char *name)
{
    const json_t *text = json_object_get(message, name);

    return json_is_string(text) ? sc_str(json_string_value(text), json_string_length(text))
                                : sc_str_none();
}

static uint64_t uint_member(const json_t *message, const char *name)
{
    json_int_t value = json_integer_value(json_object_get(message, name));

    return value > 0 ? (uint64_t)value : 0;
}

static sc_message_t *new_message(sc_messenger_t *messenger, const json_t *control_message)
{
    const char *kind = json_string_value(json_object_get(control_message, "kind"));
    sc_str_t data = text_member(control_message, "data");
    sc_message_t *message = sc_new(sc_message_t);

    message->messenger = messenger;
    message->id = uint_member(control_message, "id");
    message->from = sc_process(sc_process_kind_by_name(kind),
                               (uint32_t)uint_member(control_message, "process"));
    message->has_data = !sc_str_is_none(data);
    sc_text_add(&message->data, data);
    sc_list_init(&message->node);
    sc_list_append(&messenger->open, &message->node);
    messenger->open_count++;
    return message;
}

static void take_message(sc_messenger_t *messenger, const json_t *control_message)
{
    sc_str_t plugin = text_member(control_message, "plugin");
    uint64_t id = uint_member(control_message, "id");
    const handler_t *handler = sc_map_get(&messenger->handlers, plugin);

    if (handler == NULL) {
        sc_log(SC_LOG_WARN, "a message to plugin %.*s, which handles none here",
               SC_STR_ARG(plugin));
        if (id != 0)
            answer_status(messenger, id, SC_ERR_NOT_FOUND);
        return;
    }
    if (messenger->open_count >= SC_MESSAGES_MAX) {
        sc_log(SC_LOG_WARN, "%d messages have not been ended: one to plugin %.*s is refused",
               SC_MESSAGES_MAX, SC_STR_ARG(plugin));
        if (id != 0)
            answer_status(messenger, id, SC_ERR_LIMIT);
        return;
    }
    handler->callback(new_message(messenger, control_message), handler->arg);
}

static void take_answer(sc_messenger_t *messenger, const json_t *message)
{
    uint64_t id = uint_member(message, "id");
    sc_status_t status = (sc_status_t)json_integer_value(json_object_get(message, "status"));
    waiting_call_t *call = sc_map_get(&messenger->waiting, sc_str((const char *)&id, sizeof(id)));

    if (call != NULL) /* else it comes after its timeout */
        end_call(call, status, text_member(message, "data"), text_member(message, "error"));
}

bool sc_messenger_take(sc_messenger_t *messenger, const char *type, const json_t *message)
{
    if (strcmp(type, "message") == 0)
        take_message(messenger, message);
    else if (strcmp(type, "messageAnswer") == 0)
        take_answer(messenger, message);
    else
        return false;
    return true;
}
