#include "worker/master_link.h"

#include "common/alloc.h"
#include "worker/worker.h"

typedef struct request {
    sc_list_t node;
    sc_wheel_timer_t timer;
    sc_master_link_t *link;
    uint64_t id;
    sc_master_answer_cb callback;
    void *arg;
} request_t;

typedef struct relay_listener {
    sc_list_t node;
    sc_relay_cb callback;
    void *arg;
} relay_listener_t;

void sc_master_link_init(sc_master_link_t *link, sc_loop_t *loop, sc_control_t **control,
                         uint32_t timeout_ms)
{
    memset(link, 0, sizeof(*link));
    link->loop = loop;
    link->control = control;
    link->timeout_ms = timeout_ms;
    sc_list_init(&link->requests);
    sc_list_init(&link->relay_listeners);
}

static void free_request(request_t *request)
{
    sc_wheel_stop(&request->link->loop->wheel, &request->timer);
    sc_list_remove(&request->node);
    request->link->request_count--;
    free(request);
}

void sc_master_link_deinit(sc_master_link_t *link)
{
    sc_list_t *node;

    while (!sc_list_is_empty(&link->requests))
        free_request(sc_list_entry(link->requests.next, request_t, node));
    while ((node = sc_list_pop(&link->relay_listeners)) != NULL)
        free(sc_list_entry(node, relay_listener_t, node));
}

static void end_request(request_t *request, sc_status_t status, sc_str_t answer)
{
    sc_master_answer_cb callback = request->callback;
    void *arg = request->arg;

    free_request(request);
    if (callback != NULL)
        callback(status, answer, arg);
}

static void on_timeout(sc_wheel_timer_t *timer)
{
    end_request(sc_list_entry(timer, request_t, timer), SC_ERR_TIMEOUT, sc_str_none());
}

sc_status_t sc_master_request(sc_worker_t *worker, sc_str_t text, sc_master_answer_cb callback,
                              void *arg)
{
    sc_master_link_t *link = &worker->master;
    json_t *data = sc_json_load(text);
    request_t *request;

    if (!json_is_object(data) || *link->control == NULL ||
        link->request_count >= SC_MASTER_REQUESTS_MAX) {
        sc_status_t status = !json_is_object(data)    ? SC_ERR_INVALID
                             : *link->control == NULL ? SC_ERR_STATE
                                                      : SC_ERR_LIMIT;

        json_decref(data);
        return status;
    }
    request = sc_new(request_t);
    request->link = link;
    request->id = ++link->next_id;
    request->callback = callback;
    request->arg = arg;
    sc_list_init(&request->node);
    sc_list_append(&link->requests, &request->node);
    link->request_count++;
    sc_wheel_timer_init(&request->timer, on_timeout);
    sc_wheel_start(&link->loop->wheel, &request->timer, link->timeout_ms);
    sc_control_send(*link->control, json_pack("{s:s, s:I, s:o}", "type", "request", "id",
                                              (json_int_t)request->id, "data", data));
    return SC_OK;
}

sc_status_t sc_worker_on_relay(sc_worker_t *worker, sc_relay_cb callback, void *arg)
{
    relay_listener_t *listener = sc_new(relay_listener_t);

    listener->callback = callback;
    listener->arg = arg;
    sc_list_init(&listener->node);
    sc_list_append(&worker->master.relay_listeners, &listener->node);
    return SC_OK;
}

static void take_answer(sc_master_link_t *link, const json_t *message)
{
    uint64_t id = (uint64_t)json_integer_value(json_object_get(message, "id"));
    const json_t *data = json_object_get(message, "data");
    sc_text_t text = {0};

    sc_list_each(node, &link->requests)
    {
        request_t *request = sc_list_entry(node, request_t, node);

        if (request->id != id)
            continue;
        if (data != NULL)
            sc_text_add_json(&text, data);
        end_request(request, data != NULL ? SC_OK : SC_ERR_INVALID,
                    data != NULL ? sc_text_str(&text) : sc_str_none());
        break;
    }
    sc_text_free(&text);
}

static void take_relay(sc_master_link_t *link, const json_t *message)
{
    uint32_t from = (uint32_t)json_integer_value(json_object_get(message, "from"));
    sc_text_t text = {0};

    sc_text_add_json(&text, json_object_get(message, "data"));
    sc_list_each(node, &link->relay_listeners)
    {
        relay_listener_t *listener = sc_list_entry(node, relay_listener_t, node);

        listener->callback(from, sc_text_str(&text), listener->arg);
    }
    sc_text_free(&text);
}

bool sc_master_link_on_message(sc_master_link_t *link, const char *type, const json_t *message)
{
    if (strcmp(type, "answer") == 0)
        take_answer(link, message);
    else if (strcmp(type, "relay") == 0 && json_object_get(message, "data") != NULL)
        take_relay(link, message);
    else
        return false;
    return true;
}
