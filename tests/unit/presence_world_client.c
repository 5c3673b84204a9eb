/*
 * presence_world_client.c: what clients hear and believe, and whether it is so. See presence_world.h.
 */
#include "presence_world_private.h"

#include "common/alloc.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* Whom a socket has had there for that long is known to all. (Who moves from one socket to another may leave in between: the first
 * one's end may reach the broker before the second one's beginning does.) */
#define STABLE_MS 1500

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
void world_note_truth(world_t *world)
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

void world_give_up(sc_socket_t *socket, int user, const char *what)
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
            world_give_up(socket, user, "not in the roster");
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
    world_push(&worker->to_broker, PONG, said, (unsigned)(target - socket->world->sockets));
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
        world_give_up(socket, user, "leave");
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

void world_hear(sc_socket_t *socket, sc_str_t data)
{
    json_t *packet = sc_json_load(data);

    if (packet == NULL)
        sc_die("a packet that is no JSON");
    hear_packet(socket, packet);
    json_decref(packet);
}
