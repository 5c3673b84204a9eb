/*
 * herald.c: what trackers are told, and when. See herald.h.
 */
#include "herald.h"

#include "herald_list.h"
#include "herald_ping.h"
#include "presence_packet.h"
#include "presence_user.h"

#include <sc/exchange.h>
#include <sc/socket.h>
#include <stdlib.h>

static void say(sc_herald_t *herald, const sc_copy_t *copy, sc_text_t *packet)
{
    sc_herald_deliver(herald, copy, sc_text_str(packet), NULL);
    sc_text_free(packet);
}

/* ---- What waits for the end of the coalesceInterval ------------------------------------------------------- */

static void announce_pending(sc_herald_t *herald, sc_copy_t *copy)
{
    sc_herald_list_t list = {.herald = herald,
                             .copy = copy,
                             .timeout_ms = sc_herald_timeout_ms(herald, copy),
                             .has_data = true};
    sc_copied_t *copied;

    while ((copied = TAILQ_FIRST(&copy->pending)) != NULL) {
        sc_copy_set_pending(copy, copied, false);
        sc_herald_list_add(&list, &copied->base);
    }
    sc_herald_list_end(&list);
}

/* To one group of newcomers: those with pings, or those with roster packets. */
static void list_all(sc_herald_t *herald, sc_copy_t *copy, const sc_herald_group_t *to,
                     bool is_roster_packet)
{
    sc_herald_list_t list = {.herald = herald,
                             .copy = copy,
                             .timeout_ms = sc_herald_timeout_ms(herald, copy),
                             .to = to,
                             .has_data = is_roster_packet,
                             .is_roster_packet = is_roster_packet};
    const sc_member_t *member;

    if (to->count == 0)
        return;
    TAILQ_FOREACH(member, &copy->members.list, link)
    {
        sc_herald_list_add(&list, member);
    }
    sc_herald_list_end(&list);
}

static void put_in_group(sc_herald_t *herald, sc_copy_t *copy, const sc_newcomer_t *newcomer,
                         sc_herald_group_t *pings, sc_herald_group_t *rosters)
{
    if (newcomer->answer == SC_ANSWER_ROSTER)
        rosters->sockets[rosters->count++] = newcomer->socket;
    else if (newcomer->answer == SC_ANSWER_PINGS || copy->is_roster ||
             !herald->handler->on_track(copy, newcomer->socket, herald->arg))
        pings->sockets[pings->count++] = newcomer->socket;
}

static void answer_newcomers(sc_herald_t *herald, sc_copy_t *copy)
{
    size_t count = copy->newcomer_count;
    sc_socket_t **sockets = calloc(2 * count + 1, sizeof(*sockets));
    sc_herald_group_t pings = {sockets, 0};
    sc_herald_group_t rosters = {NULL, 0};
    size_t i;

    if (sockets == NULL)
        abort();
    rosters.sockets = sockets + count;
    for (i = 0; i < count; i++)
        put_in_group(herald, copy, &copy->newcomers[i], &pings, &rosters);
    list_all(herald, copy, &pings, false);
    list_all(herald, copy, &rosters, true);
    free(sockets);
    sc_copy_clear_newcomers(copy);
}

static void on_flush_time(void *arg)
{
    sc_copy_t *copy = arg;
    sc_herald_t *herald = copy->owner;

    copy->flush_timer = NULL;
    if (copy->told_count != copy->tracker_count)
        herald->handler->on_count(copy, herald->arg);
    if (!copy->is_known)
        return;
    announce_pending(herald, copy);
    if (copy->newcomer_count > 0)
        answer_newcomers(herald, copy);
}

static void flush_later(sc_herald_t *herald, sc_copy_t *copy)
{
    if (copy->flush_timer == NULL)
        copy->flush_timer =
            sc_worker_timer(herald->worker, herald->options->coalesce_ms, 0, on_flush_time, copy);
}

/* ---- Notes of the broker ---------------------------------------------------------------------------------- */

static void say_leave(sc_herald_t *herald, const sc_copy_t *copy, sc_str_t json)
{
    sc_text_t packet = {0};

    sc_presence_packet_leave(&packet, json);
    say(herald, copy, &packet);
}

static void say_join(sc_herald_t *herald, const sc_copy_t *copy, sc_str_t username,
                     sc_str_t socket_id, sc_str_t data)
{
    sc_text_t packet = {0};

    sc_presence_packet_join(&packet, username, sc_herald_timeout_ms(herald, copy), socket_id, data);
    say(herald, copy, &packet);
}

static void take_data(sc_herald_t *herald, const sc_copy_t *copy, sc_copied_t *copied,
                      sc_str_t json, sc_str_t data)
{
    sc_text_t packet = {0};

    if (!sc_member_set_data(&copied->base, data) || copied->is_pending)
        return;
    sc_presence_packet_update(&packet, json, data);
    say(herald, copy, &packet);
}

static void take_entry(sc_herald_t *herald, sc_copy_t *copy, const sc_presence_entry_t *entry,
                       const sc_presence_user_t *user)
{
    bool is_new;
    sc_copied_t *copied = sc_copy_add(copy, user->name, user->json, &is_new);

    copied->list_number = copy->list_number;
    if (copy->is_known && !is_new) {
        take_data(herald, copy, copied, user->json, entry->data);
        return;
    }
    (void)sc_member_set_data(&copied->base, entry->data);
    if (!copy->is_known)
        return;
    if (sc_str_is_none(entry->socket_id))
        sc_copy_set_pending(copy, copied, true);
    else
        say_join(herald, copy, entry->username, entry->socket_id, entry->data);
}

static sc_status_t take_entries(sc_herald_t *herald, sc_copy_t *copy, sc_str_t rest)
{
    sc_presence_entry_t entry;

    while (rest.len > 0) {
        sc_presence_user_t *user = NULL;

        if (sc_presence_entry_read(&rest, &entry) == SC_OK)
            user = sc_presence_user_new(entry.username);
        if (user == NULL)
            return SC_ERR_INVALID;
        take_entry(herald, copy, &entry, user);
        sc_presence_user_unref(user);
    }
    return SC_OK;
}

/* Who was not in the list has gone, unheard, while the broker was away. */
static void end_list(sc_herald_t *herald, sc_copy_t *copy, bool is_roster)
{
    sc_copied_t *copied = (sc_copied_t *)TAILQ_FIRST(&copy->members.list);

    while (copied != NULL) {
        sc_copied_t *next = (sc_copied_t *)TAILQ_NEXT(&copied->base, link);

        if (copied->list_number != copy->list_number) {
            say_leave(herald, copy, copied->base.json);
            sc_copy_remove(copy, copied);
        }
        copied = next;
    }
    copy->is_listing = false;
    if (copy->is_known) {
        sc_herald_ping_change_mode(herald, copy, is_roster);
    } else {
        copy->is_known = true;
        copy->is_roster = is_roster;
        sc_herald_ping_start(herald, copy);
    }
    if (copy->newcomer_count > 0 || !TAILQ_EMPTY(&copy->pending))
        flush_later(herald, copy);
}

static sc_status_t take_list(sc_herald_t *herald, sc_copy_t *copy, const sc_presence_note_t *note)
{
    sc_status_t status;

    if ((note->flags & SC_NOTE_FIRST) != 0) {
        copy->list_number++;
        copy->is_listing = true;
    }
    if (!copy->is_listing)
        return SC_ERR_INVALID;
    status = take_entries(herald, copy, note->data);
    if (status == SC_OK && (note->flags & SC_NOTE_LAST) != 0)
        end_list(herald, copy, (note->flags & SC_NOTE_ROSTER) != 0);
    return status;
}

static void take_join(sc_herald_t *herald, sc_copy_t *copy, const sc_presence_note_t *note,
                      const sc_presence_user_t *user)
{
    bool is_new;
    sc_copied_t *copied = sc_copy_add(copy, user->name, user->json, &is_new);

    copied->list_number = copy->list_number;
    (void)sc_member_set_data(&copied->base, note->data);
    if (sc_str_is_none(note->socket_id)) {
        sc_copy_set_pending(copy, copied, true);
        flush_later(herald, copy);
    } else {
        sc_copy_set_pending(copy, copied, false);
        say_join(herald, copy, note->username, note->socket_id, note->data);
    }
}

static void take_leave(sc_herald_t *herald, sc_copy_t *copy, const sc_presence_note_t *note,
                       sc_copied_t *copied)
{
    say_leave(herald, copy, note->username);
    if (copied != NULL)
        sc_copy_remove(copy, copied);
}

static void stop_and_remove(sc_herald_t *herald, sc_copy_t *copy)
{
    sc_timer_stop(copy->flush_timer);
    sc_timer_stop(copy->ping_timer);
    sc_copies_remove(&herald->copies, copy);
}

/* Notes about single users; they mean something to a copy that is known only. */
static sc_status_t take_change(sc_herald_t *herald, sc_copy_t *copy, const sc_presence_note_t *note,
                               const sc_presence_user_t *user)
{
    sc_copied_t *copied = user != NULL ? sc_members_find(&copy->members, user->name) : NULL;

    switch (note->type) {
    case SC_NOTE_JOIN:
        take_join(herald, copy, note, user);
        return SC_OK;
    case SC_NOTE_ANNOUNCE:
        say_join(herald, copy, note->username, note->socket_id, note->data);
        return SC_OK;
    case SC_NOTE_LEAVE:
        take_leave(herald, copy, note, copied);
        return SC_OK;
    case SC_NOTE_DATA:
        if (copied != NULL)
            take_data(herald, copy, copied, note->username, note->data);
        return SC_OK;
    case SC_NOTE_MODE:
        sc_herald_ping_change_mode(herald, copy, (note->flags & SC_NOTE_ROSTER) != 0);
        return SC_OK;
    default:
        return SC_ERR_INVALID;
    }
}

static sc_status_t read_change(sc_herald_t *herald, sc_copy_t *copy, const sc_presence_note_t *note)
{
    sc_presence_user_t *user = NULL;
    sc_status_t status;

    if (copy == NULL || !copy->is_known)
        return SC_OK;
    if (!sc_str_is_none(note->username)) {
        user = sc_presence_user_new(note->username);
        if (user == NULL)
            return SC_ERR_INVALID;
    }
    status = take_change(herald, copy, note, user);
    sc_presence_user_unref(user);
    return status;
}

static sc_copy_t *get_copy(sc_herald_t *herald, sc_str_t channel)
{
    sc_copy_t *copy = sc_copies_find(&herald->copies, channel);

    if (copy != NULL)
        return copy;
    copy = sc_copies_add(&herald->copies, channel);
    copy->owner = herald;
    return copy;
}

sc_status_t sc_herald_take(sc_herald_t *herald, const sc_presence_note_t *note)
{
    sc_copy_t *copy;

    if (note->type == SC_NOTE_LIST)
        return take_list(herald, get_copy(herald, note->channel), note);
    copy = sc_copies_find(&herald->copies, note->channel);
    if (note->type != SC_NOTE_END)
        return read_change(herald, copy, note);
    /* A tracker that has come meanwhile has made the worker subscribe again: a list is on its way. */
    if (copy != NULL && copy->tracker_count == 0)
        stop_and_remove(herald, copy);
    return SC_OK;
}

/* ---- Trackers --------------------------------------------------------------------------------------------- */

void sc_herald_track(sc_herald_t *herald, sc_str_t channel, sc_socket_t *socket,
                     bool asks_for_roster)
{
    sc_copy_t *copy = get_copy(herald, channel);
    sc_answer_t answer = asks_for_roster ? SC_ANSWER_ROSTER : SC_ANSWER_BY_MODE;

    copy->tracker_count++;
    if (copy->is_known && !copy->is_roster && !asks_for_roster) {
        if (herald->handler->on_track(copy, socket, herald->arg))
            return;
        /* Nobody will hear of it, so nobody will answer. */
        answer = SC_ANSWER_PINGS;
    }
    sc_copy_add_newcomer(copy, socket, answer);
    flush_later(herald, copy);
}

void sc_herald_untrack(sc_herald_t *herald, sc_str_t channel)
{
    sc_copy_t *copy = sc_copies_find(&herald->copies, channel);

    if (copy == NULL || copy->tracker_count == 0)
        return;
    copy->tracker_count--;
    /* Of the last one the broker hears by the end of the subscription. */
    if (copy->tracker_count > 0)
        flush_later(herald, copy);
}

void sc_herald_on_link(sc_herald_t *herald, bool (*is_carried)(sc_str_t channel, void *arg),
                       void *arg)
{
    sc_copy_t *copy = TAILQ_FIRST(&herald->copies.list);

    while (copy != NULL) {
        sc_copy_t *next = TAILQ_NEXT(copy, link);

        if (is_carried(copy->name, arg)) {
            copy->is_listing = false;
            if (copy->tracker_count == 0)
                stop_and_remove(herald, copy);
            else
                herald->handler->on_count(copy, herald->arg);
        }
        copy = next;
    }
}

uint32_t sc_herald_promise_ms(const sc_herald_t *herald, sc_str_t channel)
{
    const sc_copy_t *copy = sc_copies_find(&herald->copies, channel);

    return copy != NULL && copy->is_known ? sc_herald_timeout_ms(herald, copy) : 0;
}

/* ---- Life ------------------------------------------------------------------------------------------------- */

void sc_herald_init(sc_herald_t *herald, sc_worker_t *worker, const sc_presence_options_t *options,
                    const sc_herald_handler_t *handler, void *arg)
{
    herald->worker = worker;
    herald->options = options;
    herald->pace = sc_pace_of(options);
    herald->handler = handler;
    herald->arg = arg;
    sc_copies_init(&herald->copies);
}

void sc_herald_deinit(sc_herald_t *herald)
{
    while (!TAILQ_EMPTY(&herald->copies.list))
        stop_and_remove(herald, TAILQ_FIRST(&herald->copies.list));
}
