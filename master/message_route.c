#include "master/message_route.h"

#include "common/alloc.h"
#include "common/log.h"

/* The sender itself counts the time; what it no longer waits for is forgotten here a little later. */
#define FORGET_AFTER_MS 1000u

/* A message whose sender waits for the answer. */
typedef struct route {
    uint64_t id; /* the key: what the receiver's answer bears */
    sc_list_t node;
    sc_wheel_timer_t timer;
    sc_message_routes_t *routes;
    sc_child_t *from;   /* NULL: the master */
    sc_child_t *to;     /* NULL: the master */
    uint64_t sender_id; /* what the sender's answer bears */
} route_t;

void sc_message_routes_init(sc_message_routes_t *routes, sc_loop_t *loop, sc_messenger_t *own)
{
    memset(routes, 0, sizeof(*routes));
    routes->loop = loop;
    routes->own = own;
    sc_map_init(&routes->by_id);
    sc_list_init(&routes->routes);
}

static sc_str_t key_of(const route_t *route)
{
    return sc_str((const char *)&route->id, sizeof(route->id));
}

static uint32_t *owed_by(sc_message_routes_t *routes, sc_child_t *child)
{
    return child != NULL ? &child->owed_answers : &routes->master_owes;
}

static void free_route(route_t *route)
{
    sc_message_routes_t *routes = route->routes;

    --*owed_by(routes, route->to);
    sc_map_remove(&routes->by_id, key_of(route));
    sc_list_remove(&route->node);
    sc_wheel_stop(&routes->loop->wheel, &route->timer);
    free(route);
}

void sc_message_routes_deinit(sc_message_routes_t *routes)
{
    while (!sc_list_is_empty(&routes->routes))
        free_route(sc_list_entry(routes->routes.next, route_t, node));
    sc_map_deinit(&routes->by_id);
}

static void on_timer(sc_wheel_timer_t *timer)
{
    free_route(sc_list_entry(timer, route_t, timer));
}

static route_t *new_route(sc_message_routes_t *routes, sc_child_t *from, sc_child_t *to,
                          const json_t *message)
{
    json_int_t timeout_ms = json_integer_value(json_object_get(message, "timeout"));
    route_t *route = sc_new(route_t);

    route->routes = routes;
    route->id = ++routes->next_id;
    route->from = from;
    route->to = to;
    route->sender_id = (uint64_t)json_integer_value(json_object_get(message, "id"));
    sc_wheel_timer_init(&route->timer, on_timer);
    sc_wheel_start(&routes->loop->wheel, &route->timer,
                   (timeout_ms > 0 ? (uint64_t)timeout_ms : 0) + FORGET_AFTER_MS);
    sc_map_put(&routes->by_id, key_of(route), route);
    sc_list_init(&route->node);
    sc_list_append(&routes->routes, &route->node);
    ++*owed_by(routes, to);
    return route;
}

/* ---- Answers ------------------------------------------------------------------------------------------------- */

/* Gives the sender the answer, and ends the route. `data` and `error` may be NULL. */
static void give_answer(route_t *route, json_int_t status, json_t *data, json_t *error)
{
    sc_message_routes_t *routes = route->routes;
    sc_child_t *from = route->from;
    json_t *answer;

    /* Too much waits for it already: the answer's text is what has to stay behind. */
    if (from != NULL && from->control != NULL && (data != NULL || error != NULL) &&
        sc_control_backlog(from->control) > SC_MESSAGE_BACKLOG_BYTES) {
        data = error = NULL;
        status = SC_ERR_LIMIT;
    }
    answer =
        json_pack("{s:s,s:I,s:I,s:O*,s:O*}", "type", "messageAnswer", "id",
                  (json_int_t)route->sender_id, "status", status, "data", data, "error", error);
    free_route(route);
    if (from != NULL) {
        sc_child_send(from, answer);
        return;
    }
    sc_messenger_take(routes->own, "messageAnswer", answer);
    json_decref(answer);
}

void sc_message_routes_answer(sc_message_routes_t *routes, sc_child_t *by, const json_t *message)
{
    uint64_t id = (uint64_t)json_integer_value(json_object_get(message, "id"));
    route_t *route = sc_map_get(&routes->by_id, sc_str((const char *)&id, sizeof(id)));

    if (route == NULL)
        return; /* its sender has ended or waits no longer, or it was answered already */
    if (route->to != by) {
        sc_log(SC_LOG_WARN, "%s answered a message that was not for it",
               by != NULL ? by->name : "master");
        return;
    }
    give_answer(route, json_integer_value(json_object_get(message, "status")),
                json_object_get(message, "data"), json_object_get(message, "error"));
}

static bool concerns(const route_t *route, const sc_child_t *child)
{
    return route->to == child || route->from == child;
}

void sc_message_routes_on_exit(sc_message_routes_t *routes, sc_child_t *child)
{
    sc_list_t concerned;

    /* Put aside first: the master's plugins, told from within, may send, answer, and so end other routes. */
    sc_list_init(&concerned);
    sc_list_each(node, &routes->routes)
    {
        if (!concerns(sc_list_entry(node, route_t, node), child))
            continue;
        sc_list_remove(node);
        sc_list_append(&concerned, node);
    }
    while (!sc_list_is_empty(&concerned)) {
        route_t *route = sc_list_entry(concerned.next, route_t, node);

        if (route->from == child)
            free_route(route);
        else
            give_answer(route, SC_ERR_STATE, NULL, NULL);
    }
}

/* ---- Messages ------------------------------------------------------------------------------------------------ */

static const char *kind_of(const sc_child_t *child)
{
    if (child == NULL)
        return sc_process_kind_name(SC_PROCESS_MASTER);
    return sc_process_kind_name(child->kind == SC_CHILD_WORKER ? SC_PROCESS_WORKER
                                                               : SC_PROCESS_BROKER);
}

static bool is_there(const sc_child_t *child)
{
    return child->state != SC_CHILD_DOWN && child->control != NULL;
}

/* As the receiver gets it. */
static json_t *readdress(const sc_child_t *from, const json_t *message, const route_t *route)
{
    json_t *out = json_pack("{s:s,s:O?,s:s,s:I,s:O*}", "type", "message", "plugin",
                            json_object_get(message, "plugin"), "kind", kind_of(from), "process",
                            (json_int_t)(from != NULL ? from->id : 0), "data",
                            json_object_get(message, "data"));

    if (route != NULL)
        json_object_set_new(out, "id", json_integer((json_int_t)route->id));
    return out;
}

/* @param to  NULL: the master */
static sc_status_t forward(sc_message_routes_t *routes, sc_child_t *from, sc_child_t *to,
                           const json_t *message)
{
    bool wants_answer = json_is_integer(json_object_get(message, "id"));
    const route_t *route = NULL;
    json_t *readdressed;

    if (to != NULL && !is_there(to))
        return SC_ERR_STATE;
    if ((wants_answer && *owed_by(routes, to) >= SC_MESSAGE_ROUTES_MAX) ||
        (to != NULL && sc_control_backlog(to->control) > SC_MESSAGE_BACKLOG_BYTES)) {
        sc_log(SC_LOG_WARN, "too much waits for %s: a message to it is refused",
               to != NULL ? to->name : "the master");
        return SC_ERR_LIMIT;
    }
    if (wants_answer)
        route = new_route(routes, from, to, message);
    readdressed = readdress(from, message, route);
    if (to != NULL) {
        sc_child_send(to, readdressed);
        return SC_OK;
    }
    sc_messenger_take(routes->own, "message", readdressed);
    json_decref(readdressed);
    return SC_OK;
}

static sc_status_t forward_to_all(sc_message_routes_t *routes, sc_child_t *from,
                                  sc_child_t *children, uint32_t count, const json_t *message)
{
    for (uint32_t i = 0; i < count; i++) {
        if (is_there(&children[i]))
            (void)forward(routes, from, &children[i], message);
    }
    return SC_OK;
}

static sc_status_t forward_to_one(sc_message_routes_t *routes, sc_child_t *from,
                                  sc_child_t *children, uint32_t count, const json_t *message)
{
    json_int_t id = json_integer_value(json_object_get(message, "process"));

    if (id < 0 || id >= (json_int_t)count)
        return SC_ERR_STATE; /* there is no such process: what a sender is told of one that is down */
    return forward(routes, from, &children[id], message);
}

static sc_status_t dispatch(sc_message_routes_t *routes, sc_child_t *from, const json_t *message)
{
    switch (sc_process_kind_by_name(json_string_value(json_object_get(message, "kind")))) {
    case SC_PROCESS_MASTER:
        return from != NULL ? forward(routes, from, NULL, message) : SC_ERR_INVALID;
    case SC_PROCESS_WORKER:
        return forward_to_one(routes, from, routes->workers, routes->worker_count, message);
    case SC_PROCESS_BROKER:
        return forward_to_one(routes, from, routes->brokers, routes->broker_count, message);
    case SC_PROCESS_ALL_WORKERS:
        return forward_to_all(routes, from, routes->workers, routes->worker_count, message);
    case SC_PROCESS_ALL_BROKERS:
        return forward_to_all(routes, from, routes->brokers, routes->broker_count, message);
    case SC_PROCESS_KINDS:
        break;
    }
    return SC_ERR_INVALID;
}

sc_status_t sc_message_routes_send(sc_message_routes_t *routes, sc_child_t *from,
                                   const json_t *message)
{
    sc_status_t status = dispatch(routes, from, message);
    json_t *id = json_object_get(message, "id");

    if (status != SC_OK && from != NULL && json_is_integer(id))
        sc_child_send(from, json_pack("{s:s,s:O,s:i}", "type", "messageAnswer", "id", id, "status",
                                      (int)status));
    return status;
}
