/*
 * presence_note.h: what the two halves of the plugin tell each other, as bytes.
 *
 *     type   flags   number   channel length   username length   id length   data length   channel username id data
 *     1      1       8        2                2                 1           4             ...
 *
 * Numbers are big-endian. A data length of 0xffffffff means that there is no data; a username or id of length 0 that there
 * is none. The channel is the ordinary one, `room`, not `presence>room`.
 *
 * A worker tells the broker that carries `presence>CHANNEL`:
 *
 *     ADD       a socket of this worker has entered as that user; id: the socket's, none if it is there already and only its
 *               data is news; data: presence data; number: when that was set, by the clock that all processes share
 *     DROP      the user's last socket of this worker is out; flag LOST: its connection was lost, not closed
 *     TRACK     a socket has begun to track the channel and asks who is there, as published clients do; username: if it
 *               is in the channel itself; number: how many trackers this worker has now
 *     COUNT     number: how many trackers this worker has now
 *
 * The broker tells each worker that is subscribed to `presence>CHANNEL`, in this order on the link:
 *
 *     LIST      a part of who is there; flags FIRST, LAST, and ROSTER for the mode; data: entries, see below
 *     JOIN      the user came; id: of the socket that is to be announced at once, none: announce it with others; data
 *     ANNOUNCE  a further socket of a user, or one that tracks; id; username: none for a tracker that is not in the channel
 *     LEAVE     the user went
 *     DATA      the user's data has changed; data: none if it has none any more
 *     MODE      flag ROSTER: the mode from now on
 *     END       nothing more comes: the worker has unsubscribed
 *
 * An entry of a LIST: username length 2, id length 1, data length 4, username, id, data. The id is there in original mode: of a socket
 * of the user, for those who have not heard of it yet.
 */
#ifndef SC_PRESENCE_NOTE_H
#define SC_PRESENCE_NOTE_H

#include <sc/json.h>

typedef enum sc_presence_note_type {
    SC_NOTE_ADD = 'A',
    SC_NOTE_DROP = 'D',
    SC_NOTE_TRACK = 'T',
    SC_NOTE_COUNT = 'N',
    SC_NOTE_LIST = 'S',
    SC_NOTE_JOIN = 'J',
    SC_NOTE_ANNOUNCE = 'K',
    SC_NOTE_LEAVE = 'L',
    SC_NOTE_DATA = 'U',
    SC_NOTE_MODE = 'M',
    SC_NOTE_END = 'E',
} sc_presence_note_type_t;

#define SC_NOTE_LOST 1u   /* of a DROP */
#define SC_NOTE_FIRST 1u  /* of a LIST */
#define SC_NOTE_LAST 2u   /* of a LIST */
#define SC_NOTE_ROSTER 4u /* of a LIST, of a MODE */

/** Spans of what was read, or of what is to be written. */
typedef struct sc_presence_note {
    sc_presence_note_type_t type;
    uint8_t flags;
    uint64_t number;
    sc_str_t channel;   /* up to SC_CHANNEL_BYTES_MAX bytes */
    sc_str_t username;  /* JSON text, up to SC_PRESENCE_USER_BYTES_MAX bytes; none */
    sc_str_t socket_id; /* up to SC_SOCKET_ID_CHARS bytes; none */
    sc_str_t data;      /* JSON text, of a LIST entries; none */
} sc_presence_note_t;

/** One user in a LIST. */
typedef struct sc_presence_entry {
    sc_str_t username;  /* JSON text, 1 to SC_PRESENCE_USER_BYTES_MAX bytes */
    sc_str_t socket_id; /* up to SC_SOCKET_ID_CHARS bytes; none */
    sc_str_t data;      /* JSON text; none */
} sc_presence_entry_t;

/** Appends a note's bytes. */
void sc_presence_note_write(sc_text_t *bytes, const sc_presence_note_t *note);
/** Reads a note. @return SC_OK; SC_ERR_INVALID: not the bytes of one, or a part is missing that its type has. */
SC_MUST_CHECK sc_status_t sc_presence_note_read(sc_str_t bytes, sc_presence_note_t *note);

/** Appends an entry's bytes to the data of a LIST. */
void sc_presence_entry_write(sc_text_t *bytes, const sc_presence_entry_t *entry);
/** Takes the next entry off `rest`, which is not empty. @return SC_OK; SC_ERR_INVALID: not the bytes of one. */
SC_MUST_CHECK sc_status_t sc_presence_entry_read(sc_str_t *rest, sc_presence_entry_t *entry);

#endif
