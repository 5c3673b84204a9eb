/*
 * presence_world.c: see presence_world.h.
 */
#include "presence_world.h"

#include "common/alloc.h"
#include "common/timer.h"
#include "plugins/stateless_presence/presence_packet.h"

#include <inttypes.h>
#include <stdio.h>

#define ROOM "room"
#define TRACKING "presence>room"
#define PLUGIN "stateless_presence"
/* Whom a socket has had there for that long is known to all. (Who moves from one socket to another may leave in between: the first
 * one's end may reach the broker before the second one's beginning does.) */
#define STABLE_MS 1500

extern const sc_worker_plugin_t sc_worker_plugin;
extern const sc_broker_plugin_t sc_broker_plugin;

typedef enum message_kind { NOTE, SUBSCRIBE, UNSUBSCRIBE, SUBSCRIBED, SYNCED, PONG } message_kind_t;

typedef struct message {
    struct message *next;
    message_kind_t kind;
    unsigned target; /* of a pong: the socket */
    size_t len;
    char bytes[];
} message_t;

typedef struct queue {
    message_t *first;
    message_t *last;
} queue_t;

/* What one process has of libevent: timers by the world's clock. */
typedef struct process {
    world_t *world;
    sc_loop_t loop; /* its wheel only */
    sc_list_t timers;
    void *plugin;
} process_t;

struct sc_worker {
    process_t process;
    unsigned id;
    sc_event_cb listeners[SC_EVENT_TYPES];
    sc_middleware_cb publish_in;
    void *publish_in_arg;
    sc_broker_message_cb on_message;
    sc_link_cb on_link;
    void *arg;
    unsigned interest_count; /* sockets that want presence>room */
    unsigned unanswered_count;
    bool stands;
    queue_t to_broker;
    queue_t from_broker;
};

struct sc_broker {
    process_t process;
    sc_broker_event_cb listeners[SC_BROKER_EVENT_TYPES];
    void *arg;
    bool wants[WORLD_WORKERS];
    bool is_synced[WORLD_WORKERS];
    bool is_ready;
};

typedef struct belief {
    uint64_t expires_ms; /* 0: absent */
    int data;            /* 0: none, or not told */
    bool is_seen;        /* by the roster that is coming in */
} belief_t;

struct sc_socket {
    world_t *world;
    sc_worker_t *worker; /* NULL: not connected */
    char id[SC_SOCKET_ID_CHARS + 1];
    void *slot;
    unsigned refs;
    bool is_open;
    int user; /* -1: nobody */
    char token[96];
    bool is_in;        /* subscribed to the room */
    uint64_t since_ms; /* in the room as this user */
    bool tracks;       /* has asked to subscribe to presence>room */
    bool is_tracker;   /* and stands */
    bool asks;
    int next_part; /* of a roster; -1: none is coming in */
    belief_t beliefs[WORLD_USERS];
};

struct sc_action {
    sc_socket_t *socket;
    sc_str_t channel;
    sc_str_t data;
    sc_text_t changed;
};

struct sc_counter {
    int64_t value;
};

struct world {
    uint64_t now_ms;
    uint64_t grace_ms;
    const char *options;
    sc_worker_t workers[WORLD_WORKERS];
    sc_broker_t broker;
    sc_socket_t sockets[WORLD_SOCKETS];
    uint64_t since_ms[WORLD_USERS]; /* there since; 0: not there */
    unsigned pong_count;
    unsigned id_count;
    bool has_flickered;
    sc_counter_t counter;
};

/* ---- Queues ---------------------------------------------------------------------------------------------- */

static void push(queue_t *queue, message_kind_t kind, sc_str_t bytes, unsigned target)
{
    message_t *message = sc_alloc_zeroed(1, sizeof(*message) + bytes.len + 1);

    message->kind = kind;
    message->target = target;
    message->len = bytes.len;
    if (bytes.len > 0)
        memcpy(message->bytes, bytes.ptr, bytes.len);
    if (queue->last != NULL)
        queue->last->next = message;
    else
        queue->first = message;
    queue->last = message;
}

static message_t *pop(queue_t *queue)
{
    message_t *message = queue->first;

    if (message == NULL)
        return NULL;
    queue->first = message->next;
    if (queue->first == NULL)
        queue->last = NULL;
    return message;
}

static void clear(queue_t *queue)
{
    message_t *message;

    while ((message = pop(queue)) != NULL)
        free(message);
}

/* ---- Processes --------------------------------------------------------------------------------------------- */

static uint64_t clock_of(void *arg)
{
    return ((const world_t *)arg)->now_ms;
}

static void init_process(process_t *process, world_t *world)
{
    process->world = world;
    sc_wheel_init(&process->loop.wheel, clock_of, world);
    sc_list_init(&process->timers);
}

static void start_worker(world_t *world, unsigned id)
{
    sc_worker_t *worker = &world->workers[id];

    memset(worker, 0, sizeof(*worker));
    init_process(&worker->process, world);
    worker->id = id;
    if (sc_worker_plugin.attach(worker, sc_str_from(world->options), &worker->process.plugin) !=
        SC_OK)
        sc_die("the plugin does not attach");
}

static void start_broker(world_t *world)
{
    sc_broker_t *broker = &world->broker;

    memset(broker, 0, sizeof(*broker));
    init_process(&broker->process, world);
    if (sc_broker_plugin.attach(broker, sc_str_from(world->options), &broker->process.plugin) !=
        SC_OK)
        sc_die("the plugin does not attach");
}

static void end_worker(sc_worker_t *worker)
{
    clear(&worker->to_broker);
    clear(&worker->from_broker);
    sc_worker_plugin.detach(worker, worker->process.plugin);
    sc_timer_stop_all(&worker->process.timers);
}

static void end_broker(sc_broker_t *broker)
{
    sc_broker_plugin.detach(broker, broker->process.plugin);
    sc_timer_stop_all(&broker->process.timers);
}

/* The worker meets the broker: the order of worker/exchange/broker_link.c. */
static void link_up(sc_worker_t *worker)
{
    clear(&worker->from_broker);
    clear(&worker->to_broker);
    worker->unanswered_count = 0;
    worker->stands = false;
    if (worker->interest_count > 0) {
        push(&worker->to_broker, SUBSCRIBE, sc_str_none(), 0);
        worker->unanswered_count = 1;
    }
    worker->on_link(0, worker->arg);
    push(&worker->to_broker, SYNCED, sc_str_none(), 0);
}

world_t *world_new(const char *options, uint64_t grace_ms)
{
    world_t *world = sc_new(world_t);

    world->options = options;
    world->grace_ms = grace_ms;
    world->now_ms = 1000;
    start_broker(world);
    for (unsigned i = 0; i < WORLD_WORKERS; i++) {
        start_worker(world, i);
        link_up(&world->workers[i]);
    }
    for (unsigned i = 0; i < WORLD_SOCKETS; i++)
        world->sockets[i].world = world;
    return world;
}

void world_free(world_t *world)
{
    for (unsigned i = 0; i < WORLD_SOCKETS; i++)
        world_close(world, i, 1000);
    for (unsigned i = 0; i < WORLD_WORKERS; i++)
        end_worker(&world->workers[i]);
    end_broker(&world->broker);
    free(world);
}

/* ---- Who is there ------------------------------------------------------------------------------------------ */

static bool is_there(const world_t *world, int user)
{
    for (unsigned i = 0; i < WORLD_SOCKETS; i++) {
        if (world->sockets[i].is_open && world->sockets[i].is_in && world->sockets[i].user == user)
            return true;
    }
    return false;
}

/* After each thing that clients do. */
static void note_truth(world_t *world)
{
    for (int user = 0; user < WORLD_USERS; user++) {
        if (!is_there(world, user)) {
            world->since_ms[user] = 0;
        } else if (world->since_ms[user] == 0) {
            world->since_ms[user] = world->now_ms;
        }
    }
}

static bool is_stable(const world_t *world, int user)
{
    for (unsigned i = 0; i < WORLD_SOCKETS; i++) {
        const sc_socket_t *socket = &world->sockets[i];

        if (socket->is_open && socket->is_in && socket->user == user &&
            world->now_ms - socket->since_ms > STABLE_MS)
            return true;
    }
    return false;
}

static void complain(world_t *world, const sc_socket_t *socket, int user, const char *what)
{
    world->has_flickered = true;
    (void)fprintf(
        stderr, "at %" PRIu64 " ms socket %u gave up user %d, who is there since %" PRIu64 ": %s\n",
        world->now_ms, (unsigned)(socket - world->sockets), user, world->since_ms[user], what);
}

static void give_up(sc_socket_t *socket, int user, const char *what)
{
    world_t *world = socket->world;

    if (socket->beliefs[user].expires_ms == 0)
        return;
    memset(&socket->beliefs[user], 0, sizeof(socket->beliefs[user]));
    if (is_stable(world, user))
        complain(world, socket, user, what);
}

/* ---- Clients: what they hear --------------------------------------------------------------------------------- */

static int user_of_name(const char *name)
{
    return name != NULL && name[0] == 'u' ? atoi(name + 1) : -1;
}

static int data_of_json(const json_t *data)
{
    return (int)json_integer_value(json_object_get(data, "n"));
}

static void believe(sc_socket_t *socket, const char *name, const json_t *packet)
{
    int user = user_of_name(name);

    socket->beliefs[user].expires_ms =
        socket->world->now_ms + (uint64_t)json_integer_value(json_object_get(packet, "timeout"));
    socket->beliefs[user].is_seen = true;
}

static void believe_all(sc_socket_t *socket, const json_t *packet)
{
    json_t *data = json_object_get(packet, "data");
    const char *name;
    json_t *value;
    size_t i;

    json_array_foreach(json_object_get(packet, "users"), i, value)
    {
        believe(socket, json_string_value(value), packet);
    }
    json_object_foreach(data, name, value)
    {
        socket->beliefs[user_of_name(name)].data = data_of_json(value);
    }
}

static void hear_roster(sc_socket_t *socket, const json_t *packet)
{
    int part = (int)json_integer_value(json_object_get(packet, "part"));

    if (part == 0) {
        for (int user = 0; user < WORLD_USERS; user++)
            socket->beliefs[user].is_seen = false;
        socket->next_part = 0;
    }
    if (part != socket->next_part)
        return;
    socket->next_part++;
    for (size_t i = 0; i < json_array_size(json_object_get(packet, "users")); i++) {
        const char *name = json_string_value(json_array_get(json_object_get(packet, "users"), i));

        socket->beliefs[user_of_name(name)].data = 0;
    }
    believe_all(socket, packet);
    if (!json_is_true(json_object_get(packet, "last")))
        return;
    socket->next_part = -1;
    for (int user = 0; user < WORLD_USERS; user++) {
        if (!socket->beliefs[user].is_seen)
            give_up(socket, user, "not in the roster");
    }
}

static sc_socket_t *find_socket(world_t *world, const char *id)
{
    for (unsigned i = 0; i < WORLD_SOCKETS; i++) {
        if (world->sockets[i].is_open && strcmp(world->sockets[i].id, id) == 0)
            return &world->sockets[i];
    }
    return NULL;
}

/* As the published client: whoever is logged in answers, in the channel or not; the guard decides. */
static void answer(sc_socket_t *socket, const json_t *packet)
{
    const char *id = json_string_value(json_object_get(packet, "socketId"));
    sc_worker_t *worker = socket->worker;
    sc_socket_t *target = find_socket(socket->world, id);
    char data[128];
    char channel[64];
    sc_action_t action = {.socket = socket};
    sc_str_t said;

    if (socket->user < 0)
        return;
    socket->world->pong_count++;
    (void)snprintf(channel, sizeof(channel), "presence>socket/%s", id);
    (void)snprintf(data, sizeof(data),
                   "{\"type\":\"pong\",\"channel\":\"" ROOM
                   "\",\"username\":\"u%d\",\"timeout\":%lld}",
                   socket->user, (long long)json_integer_value(json_object_get(packet, "timeout")));
    action.channel = sc_str_from(channel);
    action.data = sc_str_from(data);
    if (worker->publish_in(&action, worker->publish_in_arg) != SC_PASS || target == NULL)
        return;
    said = action.changed.len > 0 ? sc_text_str(&action.changed) : action.data;
    push(&worker->to_broker, PONG, said, (unsigned)(target - socket->world->sockets));
    sc_text_free(&action.changed);
}

static void hear_packet(sc_socket_t *socket, const json_t *packet)
{
    const char *type = json_string_value(json_object_get(packet, "type"));
    const char *name = json_string_value(json_object_get(packet, "username"));
    int user = user_of_name(name);

    if (strcmp(type, "ping") == 0) {
        believe_all(socket, packet);
    } else if (strcmp(type, "roster") == 0) {
        hear_roster(socket, packet);
    } else if (strcmp(type, "leave") == 0) {
        give_up(socket, user, "leave");
    } else if (strcmp(type, "update") == 0) {
        if (socket->beliefs[user].expires_ms != 0)
            socket->beliefs[user].data = data_of_json(json_object_get(packet, "data"));
    } else if (user >= 0) {
        believe(socket, name, packet);
        if (strcmp(type, "join") == 0)
            socket->beliefs[user].data = data_of_json(json_object_get(packet, "data"));
    }
    if (strcmp(type, "join") == 0)
        answer(socket, packet);
}

static void hear(sc_socket_t *socket, sc_str_t data)
{
    json_t *packet = sc_json_load(data);

    if (packet == NULL)
        sc_die("a packet that is no JSON");
    hear_packet(socket, packet);
    json_decref(packet);
}

/* ---- Clients: what they do ----------------------------------------------------------------------------------- */

static void fire(sc_socket_t *socket, sc_event_t event)
{
    sc_worker_t *worker = socket->worker;

    event.socket = socket;
    if (worker->listeners[event.type] != NULL)
        worker->listeners[event.type](&event, worker->arg);
}

void world_connect(world_t *world, unsigned number, unsigned worker)
{
    sc_socket_t *socket = &world->sockets[number];

    if (socket->is_open || socket->refs > 0)
        return;
    memset(socket, 0, sizeof(*socket));
    socket->world = world;
    socket->worker = &world->workers[worker];
    (void)snprintf(socket->id, sizeof(socket->id), "%020u", ++world->id_count);
    socket->is_open = true;
    socket->user = -1;
    socket->next_part = -1;
}

void world_log_in(world_t *world, unsigned number, unsigned user, unsigned data)
{
    sc_socket_t *socket = &world->sockets[number];

    if (!socket->is_open)
        return;
    if (data > 0)
        (void)snprintf(socket->token, sizeof(socket->token),
                       "{\"username\":\"u%u\",\"presence\":{\"n\":%u}}", user, data);
    else
        (void)snprintf(socket->token, sizeof(socket->token), "{\"username\":\"u%u\"}", user);
    if (socket->user != (int)user)
        socket->since_ms = world->now_ms;
    socket->user = (int)user;
    note_truth(world);
    fire(socket,
         (sc_event_t){.type = SC_EVENT_AUTHENTICATION, .token = sc_str_from(socket->token)});
}

void world_log_out(world_t *world, unsigned number)
{
    sc_socket_t *socket = &world->sockets[number];

    if (!socket->is_open || socket->user < 0)
        return;
    socket->user = -1;
    socket->token[0] = '\0';
    note_truth(world);
    fire(socket, (sc_event_t){.type = SC_EVENT_DEAUTHENTICATION});
}

void world_enter(world_t *world, unsigned number)
{
    sc_socket_t *socket = &world->sockets[number];

    if (!socket->is_open || socket->is_in)
        return;
    socket->is_in = true;
    socket->since_ms = world->now_ms;
    note_truth(world);
    fire(socket, (sc_event_t){.type = SC_EVENT_SUBSCRIPTION, .channel = SC_STR(ROOM)});
}

static void leave_with(world_t *world, sc_socket_t *socket, int code)
{
    if (!socket->is_in)
        return;
    socket->is_in = false;
    note_truth(world);
    fire(socket,
         (sc_event_t){.type = SC_EVENT_UNSUBSCRIPTION, .channel = SC_STR(ROOM), .code = code});
}

void world_leave(world_t *world, unsigned number)
{
    leave_with(world, &world->sockets[number], 0);
}

static void stand(sc_socket_t *socket)
{
    socket->is_tracker = true;
    fire(socket, (sc_event_t){.type = SC_EVENT_SUBSCRIPTION,
                              .channel = SC_STR(TRACKING),
                              .data = socket->asks ? SC_STR("{\"roster\":1}") : sc_str_none()});
}

void world_track(world_t *world, unsigned number, bool asks_for_roster)
{
    sc_socket_t *socket = &world->sockets[number];
    sc_worker_t *worker = socket->worker;

    if (!socket->is_open || socket->tracks)
        return;
    socket->tracks = true;
    socket->asks = asks_for_roster;
    if (worker->interest_count++ == 0) {
        push(&worker->to_broker, SUBSCRIBE, sc_str_none(), 0);
        worker->unanswered_count++;
        worker->stands = false;
    } else if (worker->stands) {
        stand(socket);
    }
}

static void untrack_with(sc_socket_t *socket, int code)
{
    sc_worker_t *worker = socket->worker;

    if (!socket->tracks)
        return;
    socket->tracks = false;
    memset(socket->beliefs, 0, sizeof(socket->beliefs));
    if (socket->is_tracker)
        fire(socket, (sc_event_t){.type = SC_EVENT_UNSUBSCRIPTION,
                                  .channel = SC_STR(TRACKING),
                                  .code = code});
    socket->is_tracker = false;
    if (--worker->interest_count == 0) {
        worker->stands = false;
        push(&worker->to_broker, UNSUBSCRIBE, sc_str_none(), 0);
    }
}

void world_untrack(world_t *world, unsigned number)
{
    if (world->sockets[number].is_open)
        untrack_with(&world->sockets[number], 0);
}

void world_close(world_t *world, unsigned number, int code)
{
    sc_socket_t *socket = &world->sockets[number];

    if (!socket->is_open)
        return;
    socket->is_open = false;
    leave_with(world, socket, code);
    untrack_with(socket, code);
    note_truth(world);
    fire(socket, (sc_event_t){.type = SC_EVENT_DISCONNECTION, .code = code});
}

/* ---- The ends of processes ------------------------------------------------------------------------------------- */

static void tell_broker(world_t *world, sc_broker_event_type_t type, unsigned worker,
                        const char *channel, sc_str_t data)
{
    sc_broker_event_t event = {
        .type = type, .worker = worker, .channel = sc_str_from(channel), .data = data};

    world->broker.listeners[type](&event, world->broker.arg);
}

static void become_ready(world_t *world)
{
    for (unsigned i = 0; i < WORLD_WORKERS; i++) {
        if (!world->broker.is_synced[i])
            return;
    }
    if (world->broker.is_ready)
        return;
    world->broker.is_ready = true;
    tell_broker(world, SC_BROKER_READY, 0, NULL, sc_str_none());
}

void world_kill_worker(world_t *world, unsigned id)
{
    sc_worker_t *worker = &world->workers[id];

    for (unsigned i = 0; i < WORLD_SOCKETS; i++) {
        if (world->sockets[i].is_open && world->sockets[i].worker == worker)
            world_close(
                world, i,
                1006); /* for the clients' sake; what the plugin makes of it, nobody hears */
    }
    note_truth(world);
    end_worker(worker);
    if (world->broker.wants[id]) {
        world->broker.wants[id] = false;
        tell_broker(world, SC_BROKER_UNSUBSCRIBE, id, TRACKING, sc_str_none());
    }
    tell_broker(world, SC_BROKER_WORKER_DOWN, id, NULL, sc_str_none());
    clear(&worker->from_broker); /* what it was told meanwhile */
    start_worker(world, id);
    link_up(&world->workers[id]);
}

void world_kill_broker(world_t *world)
{
    end_broker(&world->broker);
    start_broker(world);
    for (unsigned i = 0; i < WORLD_WORKERS; i++)
        link_up(&world->workers[i]);
}

/* ---- Messages on their way ---------------------------------------------------------------------------------------- */

static void take_at_broker(world_t *world, unsigned id, const message_t *message)
{
    sc_broker_t *broker = &world->broker;
    sc_str_t bytes = sc_str(message->bytes, message->len);

    switch (message->kind) {
    case NOTE:
        tell_broker(world, SC_BROKER_MESSAGE, id, NULL, bytes);
        break;
    case SUBSCRIBE:
        if (!broker->wants[id]) {
            broker->wants[id] = true;
            tell_broker(world, SC_BROKER_SUBSCRIBE, id, TRACKING, sc_str_none());
        }
        push(&world->workers[id].from_broker, SUBSCRIBED, sc_str_none(), 0);
        break;
    case UNSUBSCRIBE:
        if (broker->wants[id]) {
            broker->wants[id] = false;
            tell_broker(world, SC_BROKER_UNSUBSCRIBE, id, TRACKING, sc_str_none());
        }
        break;
    case SYNCED:
        broker->is_synced[id] = true;
        become_ready(world);
        break;
    case PONG:
        if (world->sockets[message->target].worker != NULL)
            push(&world->sockets[message->target].worker->from_broker, PONG, bytes,
                 message->target);
        break;
    default:
        sc_die("a message that no worker sends");
    }
}

static void on_subscribed(world_t *world, sc_worker_t *worker)
{
    if (worker->unanswered_count == 0 || --worker->unanswered_count > 0 ||
        worker->interest_count == 0)
        return;
    worker->stands = true;
    for (unsigned i = 0; i < WORLD_SOCKETS; i++) {
        sc_socket_t *socket = &world->sockets[i];

        if (socket->is_open && socket->worker == worker && socket->tracks && !socket->is_tracker)
            stand(socket);
    }
}

static void take_at_worker(world_t *world, sc_worker_t *worker, const message_t *message)
{
    sc_str_t bytes = sc_str(message->bytes, message->len);
    sc_socket_t *target = &world->sockets[message->target];

    if (message->kind == NOTE)
        worker->on_message(0, bytes, worker->arg);
    else if (message->kind == SUBSCRIBED)
        on_subscribed(world, worker);
    else if (target->is_open && target->worker == worker && target->tracks)
        hear(target, bytes);
}

void world_step(world_t *world, unsigned queue)
{
    sc_worker_t *worker = &world->workers[queue / 2];
    message_t *message = pop(queue % 2 == 0 ? &worker->to_broker : &worker->from_broker);

    if (message == NULL)
        return;
    if (queue % 2 == 0)
        take_at_broker(world, worker->id, message);
    else
        take_at_worker(world, worker, message);
    free(message);
}

static void expire(world_t *world)
{
    for (unsigned i = 0; i < WORLD_SOCKETS; i++) {
        for (int user = 0; user < WORLD_USERS; user++) {
            uint64_t expires_ms = world->sockets[i].beliefs[user].expires_ms;

            if (expires_ms != 0 && expires_ms < world->now_ms)
                give_up(&world->sockets[i], user, "its time was over");
        }
    }
}

void world_pass_time(world_t *world, uint32_t ms)
{
    uint64_t end_ms = world->now_ms + ms;

    while (world->now_ms < end_ms) {
        world->now_ms += 8;
        for (unsigned i = 0; i < WORLD_WORKERS; i++)
            sc_wheel_advance(&world->workers[i].process.loop.wheel);
        sc_wheel_advance(&world->broker.process.loop.wheel);
        expire(world);
    }
}

static void run_all(world_t *world)
{
    bool is_empty = false;

    while (!is_empty) {
        is_empty = true;
        for (unsigned queue = 0; queue < WORLD_QUEUES; queue++) {
            const sc_worker_t *worker = &world->workers[queue / 2];

            is_empty =
                is_empty && worker->to_broker.first == NULL && worker->from_broker.first == NULL;
            world_step(world, queue);
        }
    }
}

void world_settle(world_t *world, uint32_t ms)
{
    for (uint32_t passed = 0; passed < ms; passed += 16) {
        run_all(world);
        world_pass_time(world, 16);
    }
    run_all(world);
}

/* ---- What is so --------------------------------------------------------------------------------------------------- */

static bool is_belief_true(const world_t *world, const sc_socket_t *socket, int user)
{
    bool believes = socket->beliefs[user].expires_ms != 0;
    bool is_so = world->since_ms[user] != 0;

    if (believes == is_so)
        return true;
    (void)fprintf(stderr, "at %" PRIu64 " ms socket %u (worker %u%s) believes that user %d is %s\n",
                  world->now_ms, (unsigned)(socket - world->sockets), socket->worker->id,
                  socket->asks ? ", asks" : "", user, believes ? "there" : "away");
    return false;
}

/* All who have asked for rosters know everybody's data, so they agree. */
static bool is_data_agreed(const world_t *world, int user)
{
    const sc_socket_t *first = NULL;

    for (unsigned i = 0; i < WORLD_SOCKETS; i++) {
        const sc_socket_t *socket = &world->sockets[i];

        if (!socket->is_open || !socket->is_tracker || !socket->asks)
            continue;
        if (first == NULL)
            first = socket;
        if (socket->beliefs[user].data == first->beliefs[user].data)
            continue;
        (void)fprintf(stderr,
                      "at %" PRIu64 " ms sockets differ about the data of user %d: %d, %d\n",
                      world->now_ms, user, first->beliefs[user].data, socket->beliefs[user].data);
        return false;
    }
    return true;
}

bool world_is_true(const world_t *world)
{
    bool is_true = true;

    for (int user = 0; user < WORLD_USERS; user++) {
        for (unsigned i = 0; i < WORLD_SOCKETS; i++) {
            if (world->sockets[i].is_open && world->sockets[i].is_tracker)
                is_true = is_belief_true(world, &world->sockets[i], user) && is_true;
        }
        is_true = is_data_agreed(world, user) && is_true;
    }
    return is_true;
}

unsigned world_pong_count(const world_t *world)
{
    return world->pong_count;
}

bool world_has_flickered(const world_t *world)
{
    return world->has_flickered;
}

/* ---- The plugin interface: worker --------------------------------------------------------------------------------- */

uint32_t sc_worker_broker_count(const sc_worker_t *worker)
{
    (void)worker;
    return 1;
}

uint64_t sc_worker_now_ms(const sc_worker_t *worker)
{
    return worker->process.world->now_ms;
}

sc_status_t sc_worker_on(sc_worker_t *worker, sc_event_type_t type, sc_event_cb callback, void *arg)
{
    worker->listeners[type] = callback;
    worker->arg = arg;
    return SC_OK;
}

sc_status_t sc_worker_use(sc_worker_t *worker, sc_action_type_t type, sc_middleware_cb callback,
                          void *arg)
{
    if (type == SC_ACTION_PUBLISH_IN) {
        worker->publish_in = callback;
        worker->publish_in_arg = arg;
    }
    return SC_OK;
}

sc_timer_t *sc_worker_timer(sc_worker_t *worker, uint32_t first_ms, uint32_t every_ms,
                            sc_timer_cb callback, void *arg)
{
    return sc_timer_start(&worker->process.loop, &worker->process.timers, first_ms, every_ms,
                          callback, arg);
}

sc_counter_t *sc_worker_counter(sc_worker_t *worker, const char *name, const char *help)
{
    (void)name;
    (void)help;
    return &worker->process.world->counter;
}

void sc_counter_add(sc_counter_t *counter, int64_t amount)
{
    counter->value += amount;
}

uint32_t sc_worker_socket_slot(sc_worker_t *worker)
{
    (void)worker;
    return 0;
}

void sc_worker_each_socket(sc_worker_t *worker, sc_socket_cb callback, void *arg)
{
    (void)worker;
    (void)callback;
    (void)arg;
}

uint32_t sc_exchange_broker_of(const sc_worker_t *worker, sc_str_t channel)
{
    (void)worker;
    (void)channel;
    return 0;
}

sc_status_t sc_exchange_send(sc_worker_t *worker, uint32_t broker, const char *plugin,
                             sc_str_t payload)
{
    (void)broker;
    (void)plugin;
    push(&worker->to_broker, NOTE, payload, 0);
    return SC_OK;
}

sc_status_t sc_exchange_on_broker(sc_worker_t *worker, const char *plugin,
                                  sc_broker_message_cb on_message, sc_link_cb on_link, void *arg)
{
    (void)plugin;
    worker->on_message = on_message;
    worker->on_link = on_link;
    worker->arg = arg;
    return SC_OK;
}

sc_status_t sc_exchange_deliver(sc_worker_t *worker, sc_str_t channel, sc_str_t data)
{
    world_t *world = worker->process.world;

    (void)channel;
    for (unsigned i = 0; i < WORLD_SOCKETS; i++) {
        if (world->sockets[i].is_open && world->sockets[i].worker == worker &&
            world->sockets[i].tracks)
            hear(&world->sockets[i], data);
    }
    return SC_OK;
}

sc_status_t sc_exchange_deliver_to(sc_worker_t *worker, sc_str_t channel, sc_str_t data,
                                   sc_socket_t *const *sockets, size_t count)
{
    (void)worker;
    (void)channel;
    for (size_t i = 0; i < count; i++) {
        if (sockets[i]->is_open && sockets[i]->tracks)
            hear(sockets[i], data);
    }
    return SC_OK;
}

/* ---- The plugin interface: socket, action -------------------------------------------------------------------------- */

sc_socket_t *sc_socket_ref(sc_socket_t *socket)
{
    socket->refs++;
    return socket;
}

void sc_socket_unref(sc_socket_t *socket)
{
    sc_assert(socket->refs > 0);
    socket->refs--;
}

sc_str_t sc_socket_id(const sc_socket_t *socket)
{
    return sc_str_from(socket->id);
}

void *sc_socket_get(const sc_socket_t *socket, uint32_t slot)
{
    (void)slot;
    return socket->slot;
}

void sc_socket_set(sc_socket_t *socket, uint32_t slot, void *value)
{
    (void)slot;
    socket->slot = value;
}

bool sc_socket_is_subscribed(const sc_socket_t *socket, sc_str_t channel)
{
    return sc_str_equal(channel, SC_STR(ROOM)) && socket->is_in;
}

void sc_socket_each_channel(const sc_socket_t *socket, sc_channel_cb callback, void *arg)
{
    if (socket->is_in)
        callback(SC_STR(ROOM), arg);
    if (socket->is_tracker)
        callback(SC_STR(TRACKING), arg);
}

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
    return action->socket->user >= 0 ? sc_str_from(action->socket->token) : sc_str_none();
}

void sc_action_set_data(sc_action_t *action, sc_str_t data)
{
    sc_text_clear(&action->changed);
    sc_text_add(&action->changed, data);
}

void sc_action_set_error(sc_action_t *action, const sc_error_t *error)
{
    (void)action;
    (void)error;
}

/* ---- The plugin interface: broker ----------------------------------------------------------------------------------- */

uint32_t sc_broker_worker_count(const sc_broker_t *broker)
{
    (void)broker;
    return WORLD_WORKERS;
}

uint64_t sc_broker_now_ms(const sc_broker_t *broker)
{
    return broker->process.world->now_ms;
}

sc_status_t sc_broker_on(sc_broker_t *broker, const char *plugin, sc_broker_event_type_t type,
                         sc_broker_event_cb callback, void *arg)
{
    (void)plugin;
    broker->listeners[type] = callback;
    broker->arg = arg;
    return SC_OK;
}

sc_timer_t *sc_broker_timer(sc_broker_t *broker, uint32_t first_ms, uint32_t every_ms,
                            sc_broker_timer_cb callback, void *arg)
{
    return sc_timer_start(&broker->process.loop, &broker->process.timers, first_ms, every_ms,
                          callback, arg);
}

sc_status_t sc_broker_send(sc_broker_t *broker, uint32_t worker, const char *plugin,
                           sc_str_t payload)
{
    (void)plugin;
    push(&broker->process.world->workers[worker].from_broker, NOTE, payload, 0);
    return SC_OK;
}
