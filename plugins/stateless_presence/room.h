/*
 * room.h: what a broker knows of the channels whose presence it carries: which users are there, which workers have them, and
 * which workers want to hear of it.
 *
 * A room exists while it has a user or a watcher. A user is in it while a worker holds it there (a seat), and for its
 * grace after that. Users, rooms and seats are found in steps of the logarithm of their number or better; what a worker
 * takes along when it dies hangs in a list of its own.
 */
#ifndef SC_ROOM_H
#define SC_ROOM_H

#include "member.h"

typedef struct sc_room sc_room_t;
typedef struct sc_guest sc_guest_t;

/** One worker's hold on one guest. */
typedef struct sc_seat {
    LIST_ENTRY(sc_seat) guest_link;
    LIST_ENTRY(sc_seat) worker_link;
    sc_guest_t *guest;
    uint32_t worker;
} sc_seat_t;

/** A user in a room. Without seats it is in its grace. */
struct sc_guest {
    sc_member_t base;
    sc_room_t *room;
    LIST_HEAD(, sc_seat) seats;
    TAILQ_ENTRY(sc_guest) grace_link;
    uint64_t gone_ms;                       /* when its grace is over; 0: it is in none */
    uint64_t data_set_ms;                   /* when its data was set */
    char socket_id[SC_SOCKET_ID_CHARS + 1]; /* of the socket that came last; "": not known */
};

/** A worker that is subscribed to the room's presence channel. */
typedef struct sc_watcher {
    LIST_ENTRY(sc_watcher) link;
    uint32_t worker;
    uint32_t tracker_count;
} sc_watcher_t;

struct sc_room {
    TAILQ_ENTRY(sc_room) link;
    sc_str_t name;
    sc_members_t guests;
    LIST_HEAD(, sc_watcher) watchers;
    uint32_t tracker_count; /* of all watchers */
    bool is_roster;         /* the mode */
};

LIST_HEAD(sc_seat_list, sc_seat);

typedef struct sc_rooms {
    void *tree; /* by name */
    TAILQ_HEAD(, sc_room) list;
    TAILQ_HEAD(, sc_guest) grace; /* whose is over first, first */
    struct sc_seat_list *seats;   /* of each worker */
    uint32_t worker_count;
} sc_rooms_t;

void sc_rooms_init(sc_rooms_t *rooms, uint32_t worker_count);
void sc_rooms_deinit(sc_rooms_t *rooms);

/** The room of that name, or NULL. */
sc_room_t *sc_rooms_find(const sc_rooms_t *rooms, sc_str_t name);
/** The same, made if need be. Without memory the process ends. */
sc_room_t *sc_rooms_get(sc_rooms_t *rooms, sc_str_t name);
/** Frees a room that has become empty; leaves others. */
void sc_rooms_release(sc_rooms_t *rooms, sc_room_t *room);

/** Adds a user that is not there, without seats. */
sc_guest_t *sc_room_admit(sc_room_t *room, sc_str_t name, sc_str_t json);
/** Takes one out, with its seats. */
void sc_room_dismiss(sc_rooms_t *rooms, sc_guest_t *guest);
/** A worker holds the guest from now on, which ends its grace. @return false: it did already */
bool sc_room_seat(sc_rooms_t *rooms, sc_guest_t *guest, uint32_t worker);
/** A worker no longer holds the guest. @return false: it did not */
bool sc_room_unseat(sc_guest_t *guest, uint32_t worker);
/** The guest, without seats, is in its grace until `gone_ms`, which is not before those of others. */
void sc_room_grant_grace(sc_rooms_t *rooms, sc_guest_t *guest, uint64_t gone_ms);

/** The worker as a watcher, or NULL. */
sc_watcher_t *sc_room_find_watcher(const sc_room_t *room, uint32_t worker);
/** The same, made if need be. */
sc_watcher_t *sc_room_watch(sc_room_t *room, uint32_t worker);
void sc_room_unwatch(sc_room_t *room, sc_watcher_t *watcher);
void sc_room_count_trackers(sc_room_t *room, sc_watcher_t *watcher, uint32_t tracker_count);

#endif
