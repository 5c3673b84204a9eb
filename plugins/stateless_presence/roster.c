/*
 * roster.c: channels, their members, and the seats that hold them there. See roster.h.
 */
#include "roster.h"

#include <search.h>
#include <stdlib.h>

/* One holder's hold on one member. */
typedef struct sc_roster_seat {
    TAILQ_ENTRY(sc_roster_seat) link;
    sc_roster_member_t *member;
    uint64_t holder;
} sc_roster_seat_t;

/* A channel is in its tree and list as long as it has members, a member as long as it has seats. */
struct sc_roster {
    void *channels; /* tree by name */
    void *members;  /* tree by channel and name */
    void *seats;    /* tree by member and holder */
    TAILQ_HEAD(, sc_roster_channel) list;
};

/* What a roster holds is small, and the server has admitted it: without memory the process ends. */
static void *must_alloc(size_t bytes)
{
    void *block = calloc(1, bytes);

    if (block == NULL)
        abort();
    return block;
}

/* ---- Trees ------------------------------------------------------------------------------------------- */

static int compare_texts(sc_str_t a, sc_str_t b)
{
    size_t common = a.len < b.len ? a.len : b.len;
    int order = common > 0 ? memcmp(a.ptr, b.ptr, common) : 0;

    if (order != 0)
        return order;
    return (a.len > b.len) - (a.len < b.len);
}

static int compare_addresses(const void *a, const void *b)
{
    return ((uintptr_t)a > (uintptr_t)b) - ((uintptr_t)a < (uintptr_t)b);
}

static int compare_channels(const void *a, const void *b)
{
    return compare_texts(((const sc_roster_channel_t *)a)->name,
                         ((const sc_roster_channel_t *)b)->name);
}

static int compare_members(const void *a, const void *b)
{
    const sc_roster_member_t *left = a;
    const sc_roster_member_t *right = b;
    int order = compare_addresses(left->channel, right->channel);

    return order != 0 ? order : compare_texts(left->user->name, right->user->name);
}

static int compare_seats(const void *a, const void *b)
{
    const sc_roster_seat_t *left = a;
    const sc_roster_seat_t *right = b;
    int order = compare_addresses(left->member, right->member);

    return order != 0 ? order : (left->holder > right->holder) - (left->holder < right->holder);
}

/* A node of a tree begins with the pointer that was put into it. */
static void *find(void *const *tree, const void *key, int (*compare)(const void *, const void *))
{
    void *node = tfind(key, tree, compare);

    return node != NULL ? *(void **)node : NULL;
}

static void insert(void **tree, void *entry, int (*compare)(const void *, const void *))
{
    if (tsearch(entry, tree, compare) == NULL)
        abort();
}

/* ---- Finding and making ------------------------------------------------------------------------------ */

static sc_roster_channel_t *find_channel(const sc_roster_t *roster, sc_str_t name)
{
    sc_roster_channel_t key = {.name = name};

    return find(&roster->channels, &key, compare_channels);
}

static sc_roster_member_t *find_member(const sc_roster_t *roster, sc_str_t channel, sc_str_t name)
{
    sc_presence_user_t user = {.name = name};
    sc_roster_member_t key = {.channel = find_channel(roster, channel), .user = &user};

    return key.channel != NULL ? find(&roster->members, &key, compare_members) : NULL;
}

static sc_roster_seat_t *find_seat(const sc_roster_t *roster, sc_roster_member_t *member,
                                   uint64_t holder)
{
    sc_roster_seat_t key = {.member = member, .holder = holder};

    return find(&roster->seats, &key, compare_seats);
}

static sc_roster_channel_t *make_channel(sc_roster_t *roster, sc_str_t name)
{
    sc_roster_channel_t *channel = must_alloc(sizeof(*channel) + name.len);

    if (name.len > 0)
        memcpy(channel + 1, name.ptr, name.len);
    channel->name = sc_str((char *)(channel + 1), name.len);
    TAILQ_INIT(&channel->members);
    insert(&roster->channels, channel, compare_channels);
    TAILQ_INSERT_TAIL(&roster->list, channel, link);
    return channel;
}

static sc_roster_member_t *make_member(sc_roster_t *roster, sc_str_t channel_name,
                                       sc_presence_user_t *user)
{
    sc_roster_channel_t *channel = find_channel(roster, channel_name);
    sc_roster_member_t *member = must_alloc(sizeof(*member));

    TAILQ_INIT(&member->seats);
    member->user = sc_presence_user_ref(user);
    member->channel = channel != NULL ? channel : make_channel(roster, channel_name);
    insert(&roster->members, member, compare_members);
    TAILQ_INSERT_TAIL(&member->channel->members, member, link);
    return member;
}

static void make_seat(sc_roster_t *roster, sc_roster_member_t *member, uint64_t holder)
{
    sc_roster_seat_t *seat = must_alloc(sizeof(*seat));

    seat->member = member;
    seat->holder = holder;
    insert(&roster->seats, seat, compare_seats);
    TAILQ_INSERT_TAIL(&member->seats, seat, link);
}

/* ---- Removing ------------------------------------------------------------------------------------------ */

static void remove_seat(sc_roster_t *roster, sc_roster_seat_t *seat)
{
    (void)tdelete(seat, &roster->seats, compare_seats);
    TAILQ_REMOVE(&seat->member->seats, seat, link);
    free(seat);
}

static void remove_member(sc_roster_t *roster, sc_roster_member_t *member)
{
    sc_roster_channel_t *channel = member->channel;

    (void)tdelete(member, &roster->members, compare_members);
    TAILQ_REMOVE(&channel->members, member, link);
    sc_presence_user_unref(member->user);
    free(member);
    if (!TAILQ_EMPTY(&channel->members))
        return;
    (void)tdelete(channel, &roster->channels, compare_channels);
    TAILQ_REMOVE(&roster->list, channel, link);
    free(channel);
}

/* ---- The interface ------------------------------------------------------------------------------------- */

sc_roster_t *sc_roster_new(void)
{
    sc_roster_t *roster = must_alloc(sizeof(*roster));

    TAILQ_INIT(&roster->list);
    return roster;
}

void sc_roster_free(sc_roster_t *roster)
{
    sc_roster_channel_t *channel;
    sc_roster_member_t *member;

    if (roster == NULL)
        return;
    while ((channel = TAILQ_FIRST(&roster->list)) != NULL) {
        member = TAILQ_FIRST(&channel->members);
        while (!TAILQ_EMPTY(&member->seats))
            remove_seat(roster, TAILQ_FIRST(&member->seats));
        remove_member(roster, member);
    }
    free(roster);
}

/* The new user has the same name, so the member keeps its place in the tree. One whose data was set before stays out. */
static void take_user(sc_roster_member_t *member, sc_presence_user_t *user)
{
    sc_presence_user_t *former = member->user;

    if (user->set_ms < former->set_ms)
        return;
    member->user = sc_presence_user_ref(user);
    sc_presence_user_unref(former);
}

sc_roster_change_t sc_roster_add(sc_roster_t *roster, sc_str_t channel, sc_presence_user_t *user,
                                 uint64_t holder)
{
    sc_roster_member_t *member = find_member(roster, channel, user->name);

    if (member == NULL) {
        make_seat(roster, make_member(roster, channel, user), holder);
        return SC_ROSTER_USER;
    }
    take_user(member, user);
    if (find_seat(roster, member, holder) != NULL)
        return SC_ROSTER_NOTHING;
    make_seat(roster, member, holder);
    return SC_ROSTER_HOLDER;
}

sc_roster_change_t sc_roster_drop(sc_roster_t *roster, sc_str_t channel, sc_str_t name,
                                  uint64_t holder)
{
    sc_roster_member_t *member = find_member(roster, channel, name);
    sc_roster_seat_t *seat = member != NULL ? find_seat(roster, member, holder) : NULL;

    if (seat == NULL)
        return SC_ROSTER_NOTHING;
    remove_seat(roster, seat);
    if (!TAILQ_EMPTY(&member->seats))
        return SC_ROSTER_HOLDER;
    remove_member(roster, member);
    return SC_ROSTER_USER;
}

bool sc_roster_has(const sc_roster_t *roster, sc_str_t channel, sc_str_t name)
{
    return find_member(roster, channel, name) != NULL;
}

bool sc_roster_holds(const sc_roster_t *roster, sc_str_t channel, sc_str_t name, uint64_t holder)
{
    sc_roster_member_t *member = find_member(roster, channel, name);

    return member != NULL && find_seat(roster, member, holder) != NULL;
}

uint64_t sc_roster_any_holder(const sc_roster_member_t *member)
{
    return TAILQ_FIRST(&member->seats)->holder;
}

const sc_roster_channel_t *sc_roster_next_channel(const sc_roster_t *roster,
                                                  const sc_roster_channel_t *channel)
{
    return channel != NULL ? TAILQ_NEXT(channel, link) : TAILQ_FIRST(&roster->list);
}
