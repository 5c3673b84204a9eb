/*
 * presence_broker.c: the broker half. It alone hears all workers, so it alone decides: who has come, who has gone, and in which
 * mode a channel is. Each worker that is subscribed to `presence>room` gets the list of who is in `room`, and from then on every
 * change, in order on one link (presence_note.h); what it makes of them for its trackers is the worker half's business.
 *
 * A broker that has just started does not know yet who is where: until all workers have told it, it tells nobody anything. Then
 * every watcher gets the list, and finds out by itself what its trackers have missed.
 */
#include "presence.h"

#include "presence_channel.h"
#include "presence_note.h"
#include "presence_option.h"
#include "presence_user.h"
#include "room.h"
#include "room_news.h"

#include <sc/broker.h>
#include <sc/worker.h>
#include <stdlib.h>

typedef struct presence {
    sc_broker_t *broker;
    sc_presence_options_t options;
    sc_rooms_t rooms;
    sc_timer_t *grace_timer; /* NULL: nobody is in grace */
    bool is_ready;
} presence_t;

/* Before it is ready a broker tells nobody anything. */
static void tell_watchers(const presence_t *presence, const sc_room_t *room,
                          sc_presence_note_t note)
{
    if (presence->is_ready)
        sc_room_news_tell(presence->broker, room, note);
}

/* ---- The mode ------------------------------------------------------------------------------------------- */

/* Back below three quarters only, so that one user who comes and goes does not switch it each time. */
static bool is_to_be_roster(const presence_t *presence, const sc_room_t *room)
{
    uint64_t size =
        room->guests.count > room->tracker_count ? room->guests.count : room->tracker_count;
    uint64_t threshold = presence->options.roster_threshold;

    if (presence->options.mode != SC_PRESENCE_AUTO)
        return presence->options.mode == SC_PRESENCE_ROSTER;
    return size > (room->is_roster ? threshold * 3 / 4 : threshold);
}

static void review_mode(presence_t *presence, sc_room_t *room)
{
    sc_presence_note_t note = {.type = SC_NOTE_MODE};
    bool is_roster = is_to_be_roster(presence, room);

    if (room->is_roster == is_roster)
        return;
    room->is_roster = is_roster;
    note.flags = room->is_roster ? SC_NOTE_ROSTER : 0;
    tell_watchers(presence, room, note);
}

/* ---- Going ----------------------------------------------------------------------------------------------- */

static void leave(presence_t *presence, sc_guest_t *guest, sc_str_t json)
{
    sc_room_t *room = guest->room;
    sc_presence_note_t note = {.type = SC_NOTE_LEAVE, .username = json};

    tell_watchers(presence, room, note);
    sc_room_dismiss(&presence->rooms, guest);
    review_mode(presence, room);
    sc_rooms_release(&presence->rooms, room);
}

static void on_grace_time(void *arg)
{
    presence_t *presence = arg;
    uint64_t now_ms = sc_broker_now_ms(presence->broker);
    sc_guest_t *guest;

    presence->grace_timer = NULL;
    while ((guest = TAILQ_FIRST(&presence->rooms.grace)) != NULL && guest->gone_ms <= now_ms)
        leave(presence, guest, guest->base.json);
    if (guest != NULL)
        presence->grace_timer = sc_broker_timer(
            presence->broker, (uint32_t)(guest->gone_ms - now_ms), 0, on_grace_time, presence);
}

static void begin_grace(presence_t *presence, sc_guest_t *guest)
{
    uint32_t grace_ms = presence->options.leave_grace_ms;

    sc_room_grant_grace(&presence->rooms, guest, sc_broker_now_ms(presence->broker) + grace_ms);
    if (presence->grace_timer == NULL)
        presence->grace_timer =
            sc_broker_timer(presence->broker, grace_ms, 0, on_grace_time, presence);
}

/* The guest's last seat has gone. How the last one went decides. */
static void on_last_seat_gone(presence_t *presence, sc_guest_t *guest, sc_str_t json, bool is_lost)
{
    if (is_lost && presence->options.leave_grace_ms > 0)
        begin_grace(presence, guest);
    else
        leave(presence, guest, json);
}

static void take_drop(presence_t *presence, uint32_t worker, const sc_presence_note_t *note,
                      const sc_presence_user_t *user)
{
    sc_room_t *room = sc_rooms_find(&presence->rooms, note->channel);
    sc_guest_t *guest = room != NULL ? sc_members_find(&room->guests, user->name) : NULL;

    if (guest != NULL && sc_room_unseat(guest, worker) && LIST_EMPTY(&guest->seats))
        on_last_seat_gone(presence, guest, user->json, (note->flags & SC_NOTE_LOST) != 0);
}

/* Its users did not say goodbye: they are lost. */
static void on_worker_down(const sc_broker_event_t *event, void *arg)
{
    presence_t *presence = arg;
    struct sc_seat_list *seats;

    if (event->worker >= presence->rooms.worker_count)
        return;
    seats = &presence->rooms.seats[event->worker];
    while (!LIST_EMPTY(seats)) {
        sc_guest_t *guest = LIST_FIRST(seats)->guest;

        (void)sc_room_unseat(guest, event->worker);
        if (LIST_EMPTY(&guest->seats))
            on_last_seat_gone(presence, guest, guest->base.json, true);
    }
}

/* ---- Coming ---------------------------------------------------------------------------------------------- */

/* Data that was set later wins, however the workers that tell it come one after the other.
 * @return whether it has changed */
static bool take_data(sc_guest_t *guest, const sc_presence_note_t *note)
{
    if (note->number < guest->data_set_ms)
        return false;
    guest->data_set_ms = note->number;
    return sc_member_set_data(&guest->base, note->data);
}

static void note_socket(sc_guest_t *guest, sc_str_t socket_id)
{
    if (sc_str_is_none(socket_id))
        return;
    memcpy(guest->socket_id, socket_id.ptr, socket_id.len);
    guest->socket_id[socket_id.len] = '\0';
}

static void announce(presence_t *presence, const sc_room_t *room, const sc_guest_t *guest,
                     sc_str_t json, sc_str_t socket_id)
{
    sc_presence_note_t note = {.type = SC_NOTE_ANNOUNCE, .username = json, .socket_id = socket_id};

    if (guest != NULL)
        note.data = guest->base.data;
    tell_watchers(presence, room, note);
}

static void take_newcomer(presence_t *presence, sc_room_t *room, uint32_t worker,
                          const sc_presence_note_t *add, const sc_presence_user_t *user)
{
    sc_guest_t *guest = sc_room_admit(room, user->name, user->json);
    sc_presence_note_t note = {.type = SC_NOTE_JOIN, .username = user->json, .data = add->data};

    (void)sc_room_seat(&presence->rooms, guest, worker);
    note_socket(guest, add->socket_id);
    (void)take_data(guest, add);
    review_mode(presence, room);
    if (!room->is_roster)
        note.socket_id = add->socket_id;
    tell_watchers(presence, room, note);
}

/* Who comes back within its grace was never away: not a word. */
static void take_known(presence_t *presence, sc_guest_t *guest, uint32_t worker,
                       const sc_presence_note_t *add, const sc_presence_user_t *user)
{
    sc_presence_note_t note = {.type = SC_NOTE_DATA, .username = user->json};
    bool is_back = guest->gone_ms != 0;

    (void)sc_room_seat(&presence->rooms, guest, worker);
    note_socket(guest, add->socket_id);
    if (take_data(guest, add)) {
        note.data = guest->base.data;
        tell_watchers(presence, guest->room, note);
    }
    if (!is_back && !guest->room->is_roster && !sc_str_is_none(add->socket_id))
        announce(presence, guest->room, guest, user->json, add->socket_id);
}

static void take_add(presence_t *presence, uint32_t worker, const sc_presence_note_t *add,
                     const sc_presence_user_t *user)
{
    sc_room_t *room = sc_rooms_get(&presence->rooms, add->channel);
    sc_guest_t *guest = sc_members_find(&room->guests, user->name);

    if (guest == NULL)
        take_newcomer(presence, room, worker, add, user);
    else
        take_known(presence, guest, worker, add, user);
}

/* ---- Trackers --------------------------------------------------------------------------------------------- */

static void take_count(presence_t *presence, uint32_t worker, const sc_presence_note_t *note)
{
    sc_room_t *room = sc_rooms_find(&presence->rooms, note->channel);
    sc_watcher_t *watcher = room != NULL ? sc_room_find_watcher(room, worker) : NULL;

    if (watcher == NULL || note->number > UINT32_MAX)
        return;
    sc_room_count_trackers(room, watcher, (uint32_t)note->number);
    review_mode(presence, room);
}

/* In roster mode its own worker answers it. One that asked before it knew of that mode gets what all get with the change. */
static void take_track(presence_t *presence, uint32_t worker, const sc_presence_note_t *note,
                       const sc_presence_user_t *user)
{
    const sc_room_t *room;
    const sc_guest_t *guest = NULL;

    take_count(presence, worker, note);
    room = sc_rooms_find(&presence->rooms, note->channel);
    if (room == NULL || room->is_roster)
        return;
    if (user != NULL)
        guest = sc_members_find(&room->guests, user->name);
    announce(presence, room, guest, note->username, note->socket_id);
}

static void on_subscribe(const sc_broker_event_t *event, void *arg)
{
    presence_t *presence = arg;
    sc_room_t *room;
    sc_str_t subject;

    if (sc_presence_channel_kind(event->channel, &subject) != SC_PRESENCE_TRACKING)
        return;
    room = sc_rooms_get(&presence->rooms, subject);
    if (TAILQ_EMPTY(&room->guests.list) && LIST_EMPTY(&room->watchers))
        room->is_roster = is_to_be_roster(presence, room);
    (void)sc_room_watch(room, event->worker);
    if (presence->is_ready)
        sc_room_news_list(presence->broker, room, event->worker);
}

static void on_unsubscribe(const sc_broker_event_t *event, void *arg)
{
    presence_t *presence = arg;
    sc_watcher_t *watcher = NULL;
    sc_room_t *room;
    sc_str_t subject;

    if (sc_presence_channel_kind(event->channel, &subject) != SC_PRESENCE_TRACKING)
        return;
    room = sc_rooms_find(&presence->rooms, subject);
    if (room != NULL)
        watcher = sc_room_find_watcher(room, event->worker);
    if (watcher == NULL)
        return;
    sc_room_unwatch(room, watcher);
    sc_room_news_end(presence->broker, room, event->worker);
    review_mode(presence, room);
    sc_rooms_release(&presence->rooms, room);
}

/* ---- From the workers --------------------------------------------------------------------------------------- */

static sc_status_t take_note(presence_t *presence, uint32_t worker, const sc_presence_note_t *note,
                             const sc_presence_user_t *user)
{
    switch (note->type) {
    case SC_NOTE_ADD:
        take_add(presence, worker, note, user);
        return SC_OK;
    case SC_NOTE_DROP:
        take_drop(presence, worker, note, user);
        return SC_OK;
    case SC_NOTE_TRACK:
        take_track(presence, worker, note, user);
        return SC_OK;
    case SC_NOTE_COUNT:
        take_count(presence, worker, note);
        return SC_OK;
    default:
        return SC_ERR_INVALID;
    }
}

static sc_status_t read_and_take(presence_t *presence, const sc_broker_event_t *event)
{
    sc_presence_user_t *user = NULL;
    sc_presence_note_t note;
    sc_str_t subject;
    sc_status_t status;

    if (event->worker >= presence->rooms.worker_count ||
        sc_presence_note_read(event->data, &note) != SC_OK ||
        sc_presence_channel_kind(note.channel, &subject) != SC_PRESENCE_ORDINARY)
        return SC_ERR_INVALID;
    if (!sc_str_is_none(note.username)) {
        user = sc_presence_user_new(note.username);
        if (user == NULL)
            return SC_ERR_INVALID;
    }
    status = take_note(presence, event->worker, &note, user);
    sc_presence_user_unref(user);
    return status;
}

static void on_message(const sc_broker_event_t *event, void *arg)
{
    if (read_and_take(arg, event) != SC_OK)
        sc_log(SC_LOG_WARN, "worker %u sent an unknown presence message", event->worker);
}

static void on_ready(const sc_broker_event_t *event, void *arg)
{
    presence_t *presence = arg;
    const sc_watcher_t *watcher;
    sc_room_t *room;

    (void)event;
    presence->is_ready = true;
    TAILQ_FOREACH(room, &presence->rooms.list, link)
    {
        LIST_FOREACH(watcher, &room->watchers, link)
        {
            sc_room_news_list(presence->broker, room, watcher->worker);
        }
    }
}

/* ---- The plugin's life --------------------------------------------------------------------------------- */

static sc_status_t listen_to_broker(presence_t *presence)
{
    static const struct {
        sc_broker_event_type_t type;
        sc_broker_event_cb callback;
    } listeners[] = {
        {SC_BROKER_MESSAGE, on_message},
        {SC_BROKER_SUBSCRIBE, on_subscribe},
        {SC_BROKER_UNSUBSCRIBE, on_unsubscribe},
        {SC_BROKER_WORKER_DOWN, on_worker_down},
        {SC_BROKER_READY, on_ready},
    };
    size_t i;

    for (i = 0; i < sizeof(listeners) / sizeof(listeners[0]); i++) {
        sc_status_t status = sc_broker_on(presence->broker, SC_PRESENCE_PLUGIN, listeners[i].type,
                                          listeners[i].callback, presence);

        if (status != SC_OK)
            return status;
    }
    return SC_OK;
}

static sc_status_t attach(sc_broker_t *broker, sc_str_t text, void **state)
{
    char error[256];
    sc_presence_options_t options;
    presence_t *presence;
    sc_status_t status = sc_presence_option_read(text, &options, error, sizeof(error));

    if (status != SC_OK) {
        sc_log(SC_LOG_ERROR, "plugin " SC_PRESENCE_PLUGIN ": %s", error);
        return status;
    }
    presence = calloc(1, sizeof(*presence));
    if (presence == NULL)
        abort();
    presence->broker = broker;
    presence->options = options;
    sc_rooms_init(&presence->rooms, sc_broker_worker_count(broker));
    *state = presence;
    return listen_to_broker(presence);
}

static void detach(sc_broker_t *broker, void *state)
{
    presence_t *presence = state;

    (void)broker;
    if (presence == NULL)
        return;
    sc_timer_stop(presence->grace_timer);
    sc_rooms_deinit(&presence->rooms);
    free(presence);
}

SC_BROKER_PLUGIN(SC_PRESENCE_PLUGIN, SC_PRESENCE_VERSION, attach, detach);
