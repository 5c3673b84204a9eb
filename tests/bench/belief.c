#include "belief.h"

#include "client.h"

#include <stdlib.h>
#include <string.h>

static const uint64_t LATE_NS = 1000000000u; /* beyond this, news of one who has gone are wrong */

void sc_belief_init(sc_belief_t *belief, uint32_t clients, uint32_t rooms, uint32_t room_size)
{
    uint64_t places = (uint64_t)rooms * room_size;

    if (places % clients != 0 || room_size > clients)
        sc_bench_fail("%u rooms of %u can't be dealt to %u clients", rooms, room_size, clients);
    *belief = (sc_belief_t){.client_count = clients, .room_count = rooms, .room_size = room_size};
    belief->rooms_each = (uint32_t)(places / clients);
    belief->users = sc_bench_alloc(clients, sizeof *belief->users);
    belief->expiry_ms = sc_bench_alloc(places * room_size, sizeof *belief->expiry_ms);
    belief->start_ns = sc_now_ns();
}

void sc_belief_deinit(sc_belief_t *belief)
{
    free(belief->users);
    free(belief->expiry_ms);
}

uint32_t sc_belief_room(const sc_belief_t *belief, uint32_t client, uint32_t nth)
{
    uint64_t place = client + (uint64_t)nth * belief->client_count;

    return (uint32_t)(place / belief->room_size);
}

/* @return which member of the room a client is; room_size or more: none */
static uint32_t member_of(const sc_belief_t *belief, uint32_t room, uint32_t client)
{
    uint32_t first = (uint32_t)((uint64_t)room * belief->room_size % belief->client_count);

    return (client + belief->client_count - first) % belief->client_count;
}

/* @return NULL: one of the two isn't in that room */
static uint32_t *entry_of(const sc_belief_t *belief, uint32_t client, uint32_t room, uint32_t user)
{
    uint32_t own;
    uint32_t other;
    uint64_t nth;

    if (room >= belief->room_count || user >= belief->client_count)
        return NULL;
    own = member_of(belief, room, client);
    other = member_of(belief, room, user);
    if (own >= belief->room_size || other >= belief->room_size)
        return NULL;
    nth = ((uint64_t)room * belief->room_size + own) / belief->client_count;
    return &belief->expiry_ms[(client * (uint64_t)belief->rooms_each + nth) * belief->room_size +
                              other];
}

static bool is_there(const sc_user_t *user)
{
    return user->state == SC_USER_JOINING || user->state == SC_USER_PRESENT;
}

static uint32_t since_start_ms(const sc_belief_t *belief, uint64_t now_ns)
{
    return (uint32_t)((now_ns - belief->start_ns) / 1000000u) + 1;
}

static uint64_t later(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

void sc_belief_present(sc_belief_t *belief, uint32_t client, uint32_t room, uint32_t user,
                       uint64_t timeout_ms, uint64_t now_ns)
{
    uint32_t *entry = entry_of(belief, client, room, user);
    sc_user_t *who;

    if (entry == NULL) {
        belief->phantom_count++;
        return;
    }
    who = &belief->users[user];
    if (who->state == SC_USER_AWAY ||
        (who->state == SC_USER_GONE && now_ns - who->since_ns > LATE_NS))
        belief->phantom_count++;
    if (*entry == 0) {
        who->believer_count++;
        belief->last_change_ns = now_ns;
        if (is_there(who)) {
            belief->true_count++;
            sc_histogram_add(&belief->join_time,
                             now_ns - later(who->since_ns, belief->users[client].since_ns));
        } else {
            belief->ghost_count++;
        }
    }
    *entry = since_start_ms(belief, now_ns) + (uint32_t)timeout_ms;
}

static void drop_entry(sc_belief_t *belief, uint32_t *entry, sc_user_t *who, uint64_t now_ns)
{
    *entry = 0;
    who->believer_count--;
    belief->last_change_ns = now_ns;
    if (is_there(who)) {
        belief->true_count--;
        belief->flicker_count++;
    } else {
        belief->ghost_count--;
        sc_histogram_add(&belief->leave_time, now_ns - who->since_ns);
    }
}

void sc_belief_absent(sc_belief_t *belief, uint32_t client, uint32_t room, uint32_t user,
                      uint64_t now_ns)
{
    uint32_t *entry = entry_of(belief, client, room, user);

    if (entry != NULL && *entry != 0)
        drop_entry(belief, entry, &belief->users[user], now_ns);
}

/* @return who the k-th entry of a client is about */
static uint32_t user_of(const sc_belief_t *belief, uint32_t client, uint32_t k)
{
    uint64_t room = sc_belief_room(belief, client, k / belief->room_size);

    return (uint32_t)((room * belief->room_size + k % belief->room_size) % belief->client_count);
}

void sc_belief_expire(sc_belief_t *belief, uint64_t now_ns)
{
    uint32_t now_ms = since_start_ms(belief, now_ns);
    uint32_t each = belief->rooms_each * belief->room_size;

    for (uint32_t client = 0; client < belief->client_count; client++) {
        uint32_t *entries = belief->expiry_ms + client * (uint64_t)each;

        for (uint32_t k = 0; k < each; k++) {
            if (entries[k] != 0 && entries[k] < now_ms)
                drop_entry(belief, &entries[k], &belief->users[user_of(belief, client, k)], now_ns);
        }
    }
}

void sc_belief_set_user(sc_belief_t *belief, uint32_t user, sc_user_state_t state, uint64_t now_ns)
{
    sc_user_t *who = &belief->users[user];

    if (state == SC_USER_JOINING) {
        belief->true_count += is_there(who) ? 0 : who->believer_count;
        belief->ghost_count -= is_there(who) ? 0 : who->believer_count;
        who->since_ns = now_ns;
    }
    who->state = state;
}

static void forget_all(sc_belief_t *belief, uint32_t client)
{
    uint32_t each = belief->rooms_each * belief->room_size;
    uint32_t *entries = belief->expiry_ms + client * (uint64_t)each;

    for (uint32_t k = 0; k < each; k++) {
        sc_user_t *who = &belief->users[user_of(belief, client, k)];

        if (entries[k] == 0)
            continue;
        who->believer_count--;
        if (is_there(who))
            belief->true_count--;
        else
            belief->ghost_count--;
        entries[k] = 0;
    }
}

void sc_belief_user_gone(sc_belief_t *belief, uint32_t user, uint64_t now_ns)
{
    sc_user_t *who = &belief->users[user];

    forget_all(belief, user);
    belief->true_count -= who->believer_count;
    belief->ghost_count += who->believer_count;
    who->state = SC_USER_GONE;
    who->since_ns = now_ns;
}

bool sc_belief_is_exact(const sc_belief_t *belief)
{
    uint64_t wanted = 0;

    if (belief->ghost_count > 0)
        return false;
    for (uint32_t room = 0; room < belief->room_count; room++) {
        uint64_t first = (uint64_t)room * belief->room_size;
        uint64_t there = 0;

        for (uint32_t k = 0; k < belief->room_size; k++)
            there += is_there(&belief->users[(first + k) % belief->client_count]);
        wanted += there * there;
    }
    return belief->true_count == wanted;
}
