/*
 * room_news.c: see room_news.h.
 */
#include "room_news.h"

#include "presence.h"

/* A list goes in parts of about this size. */
#define LIST_PART_BYTES (64u * 1024)

static void send_bytes(sc_broker_t *broker, uint32_t worker, const sc_text_t *bytes)
{
    sc_status_t status = sc_broker_send(broker, worker, SC_PRESENCE_PLUGIN, sc_text_str(bytes));

    /* SC_ERR_STATE: the worker is about to be replaced; its successor begins anew. */
    if (status != SC_OK && status != SC_ERR_STATE)
        sc_log(SC_LOG_WARN, "presence note not sent to worker %u: %s", worker,
               sc_status_name(status));
}

static void tell(sc_broker_t *broker, uint32_t worker, const sc_presence_note_t *note)
{
    sc_text_t bytes = {0};

    sc_presence_note_write(&bytes, note);
    send_bytes(broker, worker, &bytes);
    sc_text_free(&bytes);
}

void sc_room_news_tell(sc_broker_t *broker, const sc_room_t *room, sc_presence_note_t note)
{
    const sc_watcher_t *watcher;
    sc_text_t bytes = {0};

    if (LIST_EMPTY(&room->watchers))
        return;
    note.channel = room->name;
    sc_presence_note_write(&bytes, &note);
    LIST_FOREACH(watcher, &room->watchers, link)
    {
        send_bytes(broker, watcher->worker, &bytes);
    }
    sc_text_free(&bytes);
}

static uint8_t mode_flag(const sc_room_t *room)
{
    return room->is_roster ? SC_NOTE_ROSTER : 0;
}

void sc_room_news_list(sc_broker_t *broker, const sc_room_t *room, uint32_t worker)
{
    sc_presence_note_t note = {.type = SC_NOTE_LIST,
                               .flags = (uint8_t)(SC_NOTE_FIRST | mode_flag(room)),
                               .channel = room->name};
    const sc_member_t *member;
    sc_text_t entries = {0};

    TAILQ_FOREACH(member, &room->guests.list, link)
    {
        sc_presence_entry_t entry = {.username = member->json, .data = member->data};
        const sc_guest_t *guest = (const sc_guest_t *)member;

        if (!room->is_roster && guest->socket_id[0] != '\0')
            entry.socket_id = sc_str_from(guest->socket_id);
        sc_presence_entry_write(&entries, &entry);
        if (entries.len < LIST_PART_BYTES)
            continue;
        note.data = sc_text_str(&entries);
        tell(broker, worker, &note);
        note.flags = mode_flag(room);
        sc_text_clear(&entries);
    }
    note.data = sc_text_str(&entries);
    note.flags |= SC_NOTE_LAST;
    tell(broker, worker, &note);
    sc_text_free(&entries);
}

void sc_room_news_end(sc_broker_t *broker, const sc_room_t *room, uint32_t worker)
{
    sc_presence_note_t note = {.type = SC_NOTE_END, .channel = room->name};

    tell(broker, worker, &note);
}
