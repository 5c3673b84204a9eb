/*
 * presence_world.c: processes, what clients do, and messages on their way. See presence_world.h.
 */
#include "presence_world_private.h"

#include "common/alloc.h"
#include "common/timer.h"

#include <inttypes.h>
#include <stdio.h>

extern const sc_worker_plugin_t sc_worker_plugin;
extern const sc_broker_plugin_t sc_broker_plugin;

/* ---- Queues ---------------------------------------------------------------------------------------------- */

void world_push(queue_t *queue, message_kind_t kind, sc_str_t bytes, unsigned target)
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
        world_push(&worker->to_broker, SUBSCRIBE, sc_str_none(), 0);
        worker->unanswered_count = 1;
    }
    worker->on_link(0, worker->arg);
    world_push(&worker->to_broker, SYNCED, sc_str_none(), 0);
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
    world_note_truth(world);
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
    world_note_truth(world);
    fire(socket, (sc_event_t){.type = SC_EVENT_DEAUTHENTICATION});
}

void world_enter(world_t *world, unsigned number)
{
    sc_socket_t *socket = &world->sockets[number];

    if (!socket->is_open || socket->is_in)
        return;
    socket->is_in = true;
    socket->since_ms = world->now_ms;
    world_note_truth(world);
    fire(socket, (sc_event_t){.type = SC_EVENT_SUBSCRIPTION, .channel = SC_STR(ROOM)});
}

static void leave_with(world_t *world, sc_socket_t *socket, int code)
{
    if (!socket->is_in)
        return;
    socket->is_in = false;
    world_note_truth(world);
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
        world_push(&worker->to_broker, SUBSCRIBE, sc_str_none(), 0);
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
        world_push(&worker->to_broker, UNSUBSCRIBE, sc_str_none(), 0);
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
    world_note_truth(world);
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
    world_note_truth(world);
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
        world_push(&world->workers[id].from_broker, SUBSCRIBED, sc_str_none(), 0);
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
            world_push(&world->sockets[message->target].worker->from_broker, PONG, bytes,
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
        world_hear(target, bytes);
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
                world_give_up(&world->sockets[i], user, "its time was over");
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
