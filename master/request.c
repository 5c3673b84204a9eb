#include "master/request.h"

#include "common/log.h"
#include "master/reload.h"

#include <unistd.h>

static json_t *describe_children(const sc_child_t *children, uint64_t count)
{
    json_t *list = json_array();

    for (uint64_t i = 0; i < count; i++) {
        const sc_child_t *child = &children[i];

        json_array_append_new(list,
                              json_pack("{s:I,s:i,s:s,s:I,s:I}", "id", (json_int_t)child->id, "pid",
                                        (int)child->pid, "state", sc_child_state_name(child->state),
                                        "restarts", (json_int_t)child->restart_count, "startedAt",
                                        (json_int_t)child->started_at_s));
    }
    return list;
}

static json_t *describe_cluster(const sc_master_t *master)
{
    return json_pack("{s:{s:i},s:i,s:o,s:o}", "master", "pid", (int)getpid(), "port",
                     (int)master->listeners.port, "workers",
                     describe_children(master->workers, master->options->workers), "brokers",
                     describe_children(master->brokers, master->options->brokers));
}

/* Sends data to one worker or all (-1). Returns the answer, or NULL: there is no such worker. */
static json_t *relay(sc_master_t *master, const sc_child_t *from, const json_t *data)
{
    json_t *to = json_object_get(data, "worker");
    json_t *payload = json_object_get(data, "data");
    json_int_t sent = 0;

    if (!json_is_integer(to) || json_integer_value(to) < -1 ||
        json_integer_value(to) >= (json_int_t)master->options->workers)
        return NULL;
    for (uint32_t i = 0; i < master->options->workers; i++) {
        if (json_integer_value(to) >= 0 && json_integer_value(to) != i)
            continue;
        sent += master->workers[i].control != NULL;
        sc_child_send(&master->workers[i], json_pack("{s:s,s:I,s:O?}", "type", "relay", "from",
                                                     (json_int_t)from->id, "data", payload));
    }
    return json_pack("{s:I}", "sent", sent);
}

static json_t *restart_workers(sc_master_t *master)
{
    return json_pack("{s:b}", "started", sc_reload_start(master));
}

void sc_request_handle(sc_master_t *master, sc_child_t *child, const json_t *message)
{
    const json_t *data = json_object_get(message, "data");
    const char *type = json_string_value(json_object_get(data, "type"));
    json_t *id = json_object_get(message, "id");
    json_t *answer = NULL;
    const char *error = "unknown request";

    if (type == NULL)
        error = "a request is an object with a type";
    else if (strcmp(type, "status") == 0)
        answer = describe_cluster(master);
    else if (strcmp(type, "restartWorkers") == 0)
        answer = restart_workers(master);
    else if (strcmp(type, "relay") == 0 && child->kind == SC_CHILD_WORKER) {
        answer = relay(master, child, data);
        error = "no such worker";
    }
    if (answer != NULL)
        sc_child_send(child,
                      json_pack("{s:s,s:O?,s:o}", "type", "answer", "id", id, "data", answer));
    else
        sc_child_send(child,
                      json_pack("{s:s,s:O?,s:s}", "type", "answer", "id", id, "error", error));
}
