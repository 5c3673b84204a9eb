/*
 * presence: users that join channels at once, stay, vanish and come back, each with the packets of the
 * published presence client: it subscribes presence>socket/ID, presence>room and room, answers every join that
 * names a socketId with a pong, and believes what joins, pings, pongs and leaves tell it. With --roster they ask for
 * rosters, as this project's own client does: {"roster":1} in the subscription.
 *
 * What every client believes is compared with who is there at every change (belief.h).
 */
#include "belief.h"
#include "client.h"
#include "jwt.h"
#include "option.h"
#include "proc_tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    ID_BYTES = 40,
    CONNECTING_MAX = 64,
    TURN_NS = 10000000,
    EXPIRE_NS = 1000000000 /* presenceCheckInterval of the published client */
};

typedef struct user {
    char id[ID_BYTES]; /* the socket's */
    uint32_t answer_count;
    bool is_ready;
} user_t;

typedef struct presence {
    uint64_t port;
    uint64_t pid;
    uint64_t user_count;
    uint64_t room_count;
    uint64_t room_size; /* 0: all users */
    uint64_t hold_milli;
    uint64_t limit_seconds; /* for each phase */
    uint64_t does_return;
    uint64_t asks_for_roster;
    const char *auth_key;
    const char *path;
    sc_load_t load;
    sc_belief_t belief;
    sc_client_t *clients;
    user_t *users;
    uint32_t ready_count;
    uint64_t lost_count;
    uint64_t refused_count;
    uint64_t pong_count;
    uint64_t roster_count; /* packets */
    uint64_t expired_at_ns;
    uint64_t pss_bytes; /* the most that was seen */
    bool is_converged;  /* in all phases */
} presence_t;

/* A span of an incoming packet. */
typedef struct span {
    const char *text;
    size_t len;
} span_t;

static uint64_t number_at(const char *text, const char *end)
{
    uint64_t value = 0;

    for (; text < end && *text >= '0' && *text <= '9'; text++)
        value = value * 10 + (uint64_t)(*text - '0');
    return value;
}

static uint64_t find_number(span_t span, const char *key)
{
    const char *value = memmem(span.text, span.len, key, strlen(key));

    return value != NULL ? number_at(value + strlen(key), span.text + span.len) : 0;
}

/* ---- what the published client does ---- */

static void answer_join(presence_t *presence, sc_client_t *client, span_t packet, uint32_t room)
{
    size_t id_len = 0;
    const char *id = sc_packet_find(packet.text, packet.len, "\"socketId\":\"", &id_len);

    if (id == NULL)
        return;
    presence->pong_count++;
    sc_client_sendf(
        client,
        "{\"event\":\"#publish\",\"data\":{\"channel\":\"presence>socket/%.*s\",\"data\":"
        "{\"type\":\"pong\",\"channel\":\"room%u\",\"username\":\"u%u\","
        "\"timeout\":%llu}}}",
        (int)id_len, id, room, client->index,
        (unsigned long long)find_number(packet, "\"timeout\":"));
}

static void take_ping(presence_t *presence, sc_client_t *client, span_t packet, uint32_t room)
{
    uint64_t timeout_ms = find_number(packet, "\"timeout\":");
    const char *end = packet.text + packet.len;
    const char *at = memmem(packet.text, packet.len, "\"users\":[", 9);

    if (at == NULL)
        return;
    for (at += 9; at < end && *at == '"'; at++) {
        sc_belief_present(&presence->belief, client->index, room, (uint32_t)number_at(at + 2, end),
                          timeout_ms, presence->load.now_ns);
        at = memchr(at + 1, '"', (size_t)(end - at) - 1);
        if (at == NULL || ++at == end || *at != ',')
            return;
    }
}

static void take_presence(presence_t *presence, sc_client_t *client, span_t packet, uint32_t room)
{
    uint64_t now_ns = presence->load.now_ns;
    size_t type_len = 0;
    size_t name_len = 0;
    const char *type = sc_packet_find(packet.text, packet.len, "\"type\":\"", &type_len);
    const char *name = sc_packet_find(packet.text, packet.len, "\"username\":\"u", &name_len);
    uint32_t user = name != NULL ? (uint32_t)number_at(name, name + name_len) : 0;

    if (type == NULL)
        return;
    if (type_len == 5) {
        if (name != NULL)
            sc_belief_absent(&presence->belief, client->index, room, user, now_ns);
    } else if (memcmp(type, "ping", 4) == 0) {
        take_ping(presence, client, packet, room);
    } else if (memcmp(type, "roster", type_len) == 0) {
        /* One that has just come has nobody to give up. */
        presence->roster_count++;
        take_ping(presence, client, packet, room);
    } else if (memcmp(type, "pong", 4) == 0 || memcmp(type, "join", 4) == 0) {
        if (name != NULL)
            sc_belief_present(&presence->belief, client->index, room, user,
                              find_number(packet, "\"timeout\":"), now_ns);
        if (type[0] == 'j')
            answer_join(presence, client, packet, room);
    }
}

static void take_publish(presence_t *presence, sc_client_t *client, const char *text, size_t len)
{
    static const char TO_ONE[] = "presence>socket/";
    static const char TO_ALL[] = "presence>room";
    size_t channel_len = 0;
    const char *channel = sc_packet_find(text, len, "\"channel\":\"", &channel_len);
    span_t packet;

    if (channel == NULL)
        return;
    packet.text = channel + channel_len;
    packet.len = len - (size_t)(packet.text - text);
    if (channel_len > sizeof TO_ALL - 1 && memcmp(channel, TO_ALL, sizeof TO_ALL - 1) == 0)
        take_presence(presence, client, packet,
                      (uint32_t)number_at(channel + sizeof TO_ALL - 1, packet.text));
    else if (channel_len > sizeof TO_ONE - 1 && memcmp(channel, TO_ONE, sizeof TO_ONE - 1) == 0 &&
             memmem(packet.text, packet.len, "\"pong\"", 6) != NULL)
        take_presence(presence, client, packet,
                      (uint32_t)find_number(packet, "\"channel\":\"room"));
}

/* ---- connections ---- */

static void take_handshake(presence_t *presence, sc_client_t *client, const char *text, size_t len)
{
    user_t *user = &presence->users[client->index];
    size_t id_len = 0;
    const char *id = sc_packet_find(text, len, "\"id\":\"", &id_len);

    if (id == NULL || id_len >= ID_BYTES ||
        memmem(text, len, "\"isAuthenticated\":true", 22) == NULL)
        sc_bench_fail("the handshake's answer: %.*s", (int)len, text);
    memcpy(user->id, id, id_len);
    user->id[id_len] = '\0';
    user->is_ready = true;
    presence->ready_count++;
}

static void take_answer(presence_t *presence, sc_client_t *client, const char *text, size_t len)
{
    user_t *user = &presence->users[client->index];

    if (sc_packet_has_error(text, len)) {
        if (presence->refused_count++ == 0)
            (void)fprintf(stderr, "refused: %.*s\n", (int)len, text);
        return;
    }
    user->answer_count++;
    if (user->answer_count == 1 + 2 * presence->belief.rooms_each)
        sc_belief_set_user(&presence->belief, client->index, SC_USER_PRESENT,
                           presence->load.now_ns);
}

static void on_text(sc_client_t *client, const char *text, size_t len)
{
    presence_t *presence = client->load->arg;
    uint64_t rid = sc_packet_rid(text, len);

    if (rid == 1)
        take_handshake(presence, client, text, len);
    else if (rid > 1)
        take_answer(presence, client, text, len);
    else
        take_publish(presence, client, text, len);
}

static void on_open(sc_client_t *client)
{
    presence_t *presence = client->load->arg;
    char payload[64];
    char token[512];

    (void)snprintf(payload, sizeof payload, "{\"username\":\"u%u\",\"exp\":4102444800}",
                   client->index);
    sc_jwt_sign(payload, presence->auth_key, token, sizeof token);
    sc_client_send_handshake(client, token);
}

static void on_close(sc_client_t *client)
{
    presence_t *presence = client->load->arg;

    if (presence->lost_count++ == 0)
        (void)fprintf(stderr, "connection %u was closed\n", client->index);
    sc_belief_user_gone(&presence->belief, client->index, presence->load.now_ns);
}

static void turn(presence_t *presence)
{
    sc_load_turn(&presence->load, TURN_NS);
    if (presence->load.now_ns - presence->expired_at_ns < EXPIRE_NS)
        return;
    presence->expired_at_ns = presence->load.now_ns;
    sc_belief_expire(&presence->belief, presence->load.now_ns);
}

/* ---- phases ---- */

/* Those who do something at once: the user `first` and every `step`-th after it. */
typedef struct group {
    uint32_t first;
    uint32_t step;
} group_t;

static const group_t EVERYBODY = {0, 1};
static const group_t HALF = {1, 2};

/* What a phase cost, printed as "name":{...}. */
typedef struct meter {
    sc_tree_t tree;
    uint64_t start_ns;
    uint64_t received_bytes;
    uint64_t pong_count;
    uint64_t flicker_count;
} meter_t;

static void meter_start(meter_t *meter, presence_t *presence)
{
    sc_tree_read(&meter->tree, (pid_t)presence->pid);
    meter->start_ns = sc_now_ns();
    meter->received_bytes = presence->load.counters.received_bytes;
    meter->pong_count = presence->pong_count;
    meter->flicker_count = presence->belief.flicker_count;
}

static void meter_print(const meter_t *meter, presence_t *presence, const char *name,
                        uint64_t end_ns)
{
    double count = (double)presence->user_count;
    sc_tree_memory_t memory;
    sc_tree_t tree;

    sc_tree_read(&tree, (pid_t)presence->pid);
    sc_tree_memory(&tree, &memory);
    if (memory.pss_bytes > presence->pss_bytes)
        presence->pss_bytes = memory.pss_bytes;
    (void)printf("\"%s\":{\"seconds\":%.3f,\"server_cpu_s\":%.3f,\"received_bytes_each\":%.0f,"
                 "\"pongs\":%llu,\"flickers\":%llu,\"is_exact\":%s},",
                 name, (double)(end_ns - meter->start_ns) / 1e9,
                 (double)sc_tree_used_ns(&meter->tree, &tree) / 1e9,
                 (double)(presence->load.counters.received_bytes - meter->received_bytes) / count,
                 (unsigned long long)(presence->pong_count - meter->pong_count),
                 (unsigned long long)(presence->belief.flicker_count - meter->flicker_count),
                 sc_belief_is_exact(&presence->belief) ? "true" : "false");
    (void)fflush(stdout);
}

/* Connects the users of a group; the time of handshakes isn't that of presence. */
static void connect_group(presence_t *presence, group_t group)
{
    uint64_t start_ns = sc_now_ns();
    uint32_t ready = presence->ready_count;
    uint32_t opened = 0;
    uint32_t next = group.first;

    while (next < presence->user_count || presence->ready_count - ready < opened) {
        while (next < presence->user_count &&
               opened - (presence->ready_count - ready) < CONNECTING_MAX) {
            sc_client_open(&presence->load, &presence->clients[next], next, presence->path);
            next += group.step;
            opened++;
        }
        turn(presence);
        if (sc_now_ns() - start_ns > presence->limit_seconds * 1000000000u)
            sc_bench_fail("connecting took too long");
    }
}

static void subscribe(sc_client_t *client, uint32_t cid, const char *prefix, const char *name)
{
    sc_client_sendf(client, "{\"event\":\"#subscribe\",\"data\":{\"channel\":\"%s%s\"},\"cid\":%u}",
                    prefix, name, cid);
}

static void join(presence_t *presence, uint32_t index)
{
    sc_client_t *client = &presence->clients[index];
    uint32_t cid = 2;

    sc_belief_set_user(&presence->belief, index, SC_USER_JOINING, sc_now_ns());
    presence->users[index].answer_count = 0;
    subscribe(client, cid++, "presence>socket/", presence->users[index].id);
    for (uint32_t i = 0; i < presence->belief.rooms_each; i++) {
        char room[24];

        (void)snprintf(room, sizeof room, "room%u", sc_belief_room(&presence->belief, index, i));
        if (presence->asks_for_roster)
            sc_client_sendf(client,
                            "{\"event\":\"#subscribe\",\"data\":{\"channel\":\"presence>%s\","
                            "\"data\":{\"roster\":1}},\"cid\":%u}",
                            room, cid++);
        else
            subscribe(client, cid++, "presence>", room);
        subscribe(client, cid++, "", room);
    }
    sc_load_flush(&presence->load);
}

/* Turns until all believe what is so, or the limit.
 * @return the time of the last change that led there, or now */
static uint64_t converge(presence_t *presence)
{
    uint64_t start_ns = sc_now_ns();
    uint64_t changed_ns;

    while (!sc_belief_is_exact(&presence->belief)) {
        turn(presence);
        if (sc_now_ns() - start_ns > presence->limit_seconds * 1000000000u &&
            !sc_belief_is_exact(&presence->belief)) {
            presence->is_converged = false;
            return sc_now_ns();
        }
    }
    changed_ns = presence->belief.last_change_ns;
    return changed_ns > start_ns ? changed_ns : start_ns;
}

static void join_group(presence_t *presence, group_t group, const char *phase)
{
    meter_t meter;

    connect_group(presence, group);
    meter_start(&meter, presence);
    for (uint32_t i = group.first; i < presence->user_count; i += group.step)
        join(presence, i);
    meter_print(&meter, presence, phase, converge(presence));
}

static void hold(presence_t *presence)
{
    meter_t meter;
    uint64_t until_ns = sc_now_ns() + presence->hold_milli * 1000000u;

    meter_start(&meter, presence);
    while (sc_now_ns() < until_ns)
        turn(presence);
    meter_print(&meter, presence, "hold", sc_now_ns());
}

static void vanish_group(presence_t *presence, group_t group)
{
    meter_t meter;

    meter_start(&meter, presence);
    for (uint32_t i = group.first; i < presence->user_count; i += group.step) {
        sc_client_close(&presence->clients[i]);
        sc_belief_user_gone(&presence->belief, i, sc_now_ns());
    }
    meter_print(&meter, presence, "vanish", converge(presence));
}

static void run(presence_t *presence)
{
    const sc_belief_t *belief = &presence->belief;

    (void)printf("{\"users\":%llu,\"rooms\":%llu,\"room_size\":%llu,",
                 (unsigned long long)presence->user_count, (unsigned long long)presence->room_count,
                 (unsigned long long)presence->room_size);
    join_group(presence, EVERYBODY, "join");
    hold(presence);
    vanish_group(presence, HALF);
    if (presence->does_return)
        join_group(presence, HALF, "return");
    sc_histogram_print(&belief->join_time, "join_us");
    (void)printf(",");
    sc_histogram_print(&belief->leave_time, "leave_us");
    (void)printf(
        ",\"pss_bytes\":%llu,\"flickers\":%llu,\"phantoms\":%llu,\"lost\":%llu,"
        "\"refused\":%llu,\"rosters\":%llu,\"converged\":%s}\n",
        (unsigned long long)presence->pss_bytes, (unsigned long long)belief->flicker_count,
        (unsigned long long)belief->phantom_count, (unsigned long long)presence->lost_count,
        (unsigned long long)presence->refused_count, (unsigned long long)presence->roster_count,
        presence->is_converged ? "true" : "false");
}

int main(int argc, char **argv)
{
    static const sc_load_handler_t HANDLER = {on_open, on_text, on_close};
    static presence_t presence = {.user_count = 100,
                                  .room_count = 1,
                                  .hold_milli = 2000,
                                  .limit_seconds = 60,
                                  .auth_key = "bench",
                                  .path = "/socketcluster/",
                                  .is_converged = true};
    const sc_bench_option_t table[] = {{"--port", &presence.port, NULL},
                                       {"--pid", &presence.pid, NULL},
                                       {"--users", &presence.user_count, NULL},
                                       {"--rooms", &presence.room_count, NULL},
                                       {"--room-size", &presence.room_size, NULL},
                                       {"--hold-milliseconds", &presence.hold_milli, NULL},
                                       {"--limit", &presence.limit_seconds, NULL},
                                       {"--return", &presence.does_return, NULL},
                                       {"--roster", &presence.asks_for_roster, NULL},
                                       {"--auth-key", NULL, &presence.auth_key},
                                       {"--path", NULL, &presence.path},
                                       {NULL, NULL, NULL}};

    sc_bench_options(argc, argv, table);
    if (presence.port == 0 || presence.pid == 0 || presence.user_count == 0)
        sc_bench_fail("--port and --pid of the server are needed");
    if (presence.room_size == 0)
        presence.room_size = presence.user_count;
    sc_belief_init(&presence.belief, (uint32_t)presence.user_count, (uint32_t)presence.room_count,
                   (uint32_t)presence.room_size);
    presence.clients = sc_bench_alloc((size_t)presence.user_count, sizeof *presence.clients);
    presence.users = sc_bench_alloc((size_t)presence.user_count, sizeof *presence.users);
    sc_bench_need_descriptors((size_t)presence.user_count);
    sc_load_init(&presence.load, (uint16_t)presence.port, true, HANDLER, &presence);
    run(&presence);
    return 0;
}
