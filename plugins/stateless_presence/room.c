/*
 * room.c: users, workers and watchers of channels. See room.h.
 */
#include "room.h"

#include <search.h>
#include <stdlib.h>

/* What a room holds is small, and the server has admitted it: without memory the process ends. */
static void *must_alloc(size_t bytes)
{
    void *block = calloc(1, bytes);

    if (block == NULL)
        abort();
    return block;
}

static int compare(const void *a, const void *b)
{
    sc_str_t left = ((const sc_room_t *)a)->name;
    sc_str_t right = ((const sc_room_t *)b)->name;
    size_t common = left.len < right.len ? left.len : right.len;
    int order = common > 0 ? memcmp(left.ptr, right.ptr, common) : 0;

    return order != 0 ? order : (left.len > right.len) - (left.len < right.len);
}

/* ---- Rooms ------------------------------------------------------------------------------------------- */

void sc_rooms_init(sc_rooms_t *rooms, uint32_t worker_count)
{
    memset(rooms, 0, sizeof(*rooms));
    TAILQ_INIT(&rooms->list);
    TAILQ_INIT(&rooms->grace);
    rooms->worker_count = worker_count;
    rooms->seats = must_alloc(worker_count * sizeof(*rooms->seats));
}

static void empty_room(sc_rooms_t *rooms, sc_room_t *room)
{
    while (!TAILQ_EMPTY(&room->guests.list))
        sc_room_dismiss(rooms, (sc_guest_t *)TAILQ_FIRST(&room->guests.list));
    while (!LIST_EMPTY(&room->watchers))
        sc_room_unwatch(room, LIST_FIRST(&room->watchers));
}

void sc_rooms_deinit(sc_rooms_t *rooms)
{
    sc_room_t *room;

    while ((room = TAILQ_FIRST(&rooms->list)) != NULL) {
        empty_room(rooms, room);
        sc_rooms_release(rooms, room);
    }
    free(rooms->seats);
}

sc_room_t *sc_rooms_find(const sc_rooms_t *rooms, sc_str_t name)
{
    sc_room_t key = {.name = name};
    void *node = tfind(&key, &rooms->tree, compare);

    return node != NULL ? *(void **)node : NULL;
}

sc_room_t *sc_rooms_get(sc_rooms_t *rooms, sc_str_t name)
{
    sc_room_t *room = sc_rooms_find(rooms, name);

    if (room != NULL)
        return room;
    room = must_alloc(sizeof(*room) + name.len);
    if (name.len > 0)
        memcpy(room + 1, name.ptr, name.len);
    room->name = sc_str((char *)(room + 1), name.len);
    sc_members_init(&room->guests, sizeof(sc_guest_t));
    LIST_INIT(&room->watchers);
    if (tsearch(room, &rooms->tree, compare) == NULL)
        abort();
    TAILQ_INSERT_TAIL(&rooms->list, room, link);
    return room;
}

void sc_rooms_release(sc_rooms_t *rooms, sc_room_t *room)
{
    if (room->guests.count > 0 || !LIST_EMPTY(&room->watchers))
        return;
    (void)tdelete(room, &rooms->tree, compare);
    TAILQ_REMOVE(&rooms->list, room, link);
    free(room);
}

/* ---- Guests ------------------------------------------------------------------------------------------- */

static void end_grace(sc_rooms_t *rooms, sc_guest_t *guest)
{
    if (guest->gone_ms == 0)
        return;
    TAILQ_REMOVE(&rooms->grace, guest, grace_link);
    guest->gone_ms = 0;
}

sc_guest_t *sc_room_admit(sc_room_t *room, sc_str_t name, sc_str_t json)
{
    sc_guest_t *guest = sc_members_add(&room->guests, name, json);

    guest->room = room;
    LIST_INIT(&guest->seats);
    return guest;
}

static void remove_seat(sc_seat_t *seat)
{
    LIST_REMOVE(seat, guest_link);
    LIST_REMOVE(seat, worker_link);
    free(seat);
}

void sc_room_dismiss(sc_rooms_t *rooms, sc_guest_t *guest)
{
    while (!LIST_EMPTY(&guest->seats))
        remove_seat(LIST_FIRST(&guest->seats));
    end_grace(rooms, guest);
    sc_members_remove(&guest->room->guests, guest);
}

/* A guest has as many seats as workers have it: mostly one. */
static sc_seat_t *find_seat(const sc_guest_t *guest, uint32_t worker)
{
    sc_seat_t *seat;

    LIST_FOREACH(seat, &guest->seats, guest_link)
    {
        if (seat->worker == worker)
            return seat;
    }
    return NULL;
}

bool sc_room_seat(sc_rooms_t *rooms, sc_guest_t *guest, uint32_t worker)
{
    sc_seat_t *seat;

    if (find_seat(guest, worker) != NULL)
        return false;
    end_grace(rooms, guest);
    seat = must_alloc(sizeof(*seat));
    seat->guest = guest;
    seat->worker = worker;
    LIST_INSERT_HEAD(&guest->seats, seat, guest_link);
    LIST_INSERT_HEAD(&rooms->seats[worker], seat, worker_link);
    return true;
}

bool sc_room_unseat(sc_guest_t *guest, uint32_t worker)
{
    sc_seat_t *seat = find_seat(guest, worker);

    if (seat == NULL)
        return false;
    remove_seat(seat);
    return true;
}

void sc_room_grant_grace(sc_rooms_t *rooms, sc_guest_t *guest, uint64_t gone_ms)
{
    end_grace(rooms, guest);
    guest->gone_ms = gone_ms;
    TAILQ_INSERT_TAIL(&rooms->grace, guest, grace_link);
}

/* ---- Watchers ----------------------------------------------------------------------------------------- */

sc_watcher_t *sc_room_find_watcher(const sc_room_t *room, uint32_t worker)
{
    sc_watcher_t *watcher;

    LIST_FOREACH(watcher, &room->watchers, link)
    {
        if (watcher->worker == worker)
            return watcher;
    }
    return NULL;
}

sc_watcher_t *sc_room_watch(sc_room_t *room, uint32_t worker)
{
    sc_watcher_t *watcher = sc_room_find_watcher(room, worker);

    if (watcher != NULL)
        return watcher;
    watcher = must_alloc(sizeof(*watcher));
    watcher->worker = worker;
    LIST_INSERT_HEAD(&room->watchers, watcher, link);
    return watcher;
}

void sc_room_unwatch(sc_room_t *room, sc_watcher_t *watcher)
{
    room->tracker_count -= watcher->tracker_count;
    LIST_REMOVE(watcher, link);
    free(watcher);
}

void sc_room_count_trackers(sc_room_t *room, sc_watcher_t *watcher, uint32_t tracker_count)
{
    room->tracker_count += tracker_count - watcher->tracker_count;
    watcher->tracker_count = tracker_count;
}
