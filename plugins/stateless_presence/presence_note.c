/*
 * presence_note.c: bytes of the messages between the plugin's halves. See presence_note.h.
 */
#include "presence_note.h"

#include "presence_user.h"

#define NUMBER_BYTES 8
#define HEAD_BYTES 19
#define ENTRY_HEAD_BYTES 7
#define NO_DATA UINT32_MAX

static void add_number(sc_text_t *bytes, uint64_t number, unsigned byte_count)
{
    char out[NUMBER_BYTES];
    unsigned i;

    for (i = 0; i < byte_count; i++)
        out[i] = (char)(number >> (8 * (byte_count - 1 - i)));
    sc_text_add(bytes, sc_str(out, byte_count));
}

static uint64_t read_number(const char *bytes, unsigned byte_count)
{
    uint64_t number = 0;
    unsigned i;

    for (i = 0; i < byte_count; i++)
        number = number << 8 | (uint8_t)bytes[i];
    return number;
}

/* Takes a span of `len` bytes off the front of `rest`. */
static bool take(sc_str_t *rest, size_t len, sc_str_t *out)
{
    if (len > rest->len)
        return false;
    *out = sc_str(rest->ptr, len);
    *rest = sc_str(rest->ptr + len, rest->len - len);
    return true;
}

/* ---- Notes ------------------------------------------------------------------------------------------- */

void sc_presence_note_write(sc_text_t *bytes, const sc_presence_note_t *note)
{
    const char type = (char)note->type;

    sc_text_add(bytes, sc_str(&type, 1));
    add_number(bytes, note->flags, 1);
    add_number(bytes, note->number, NUMBER_BYTES);
    add_number(bytes, note->channel.len, 2);
    add_number(bytes, note->username.len, 2);
    add_number(bytes, note->socket_id.len, 1);
    add_number(bytes, sc_str_is_none(note->data) ? NO_DATA : note->data.len, 4);
    sc_text_add(bytes, note->channel);
    sc_text_add(bytes, note->username);
    sc_text_add(bytes, note->socket_id);
    sc_text_add(bytes, note->data);
}

/* What a note of its type can't do without. */
static bool is_whole(const sc_presence_note_t *note)
{
    switch (note->type) {
    case SC_NOTE_ADD:
    case SC_NOTE_DROP:
    case SC_NOTE_JOIN:
    case SC_NOTE_LEAVE:
    case SC_NOTE_DATA:
        return !sc_str_is_none(note->username);
    case SC_NOTE_TRACK:
    case SC_NOTE_ANNOUNCE:
        return !sc_str_is_none(note->socket_id);
    case SC_NOTE_LIST:
        return !sc_str_is_none(note->data);
    case SC_NOTE_COUNT:
    case SC_NOTE_MODE:
    case SC_NOTE_END:
        return true;
    }
    return false;
}

static bool take_optional(sc_str_t *rest, size_t len, size_t max, sc_str_t *out)
{
    *out = sc_str_none();
    return len <= max && (len == 0 || take(rest, len, out));
}

sc_status_t sc_presence_note_read(sc_str_t bytes, sc_presence_note_t *note)
{
    uint64_t data_len;
    size_t channel_len;
    sc_str_t rest;

    if (sc_str_is_none(bytes) || bytes.len < HEAD_BYTES)
        return SC_ERR_INVALID;
    rest = sc_str(bytes.ptr + HEAD_BYTES, bytes.len - HEAD_BYTES);
    note->type = (sc_presence_note_type_t)(uint8_t)bytes.ptr[0];
    note->flags = (uint8_t)bytes.ptr[1];
    note->number = read_number(bytes.ptr + 2, NUMBER_BYTES);
    channel_len = (size_t)read_number(bytes.ptr + 10, 2);
    data_len = read_number(bytes.ptr + 15, 4);
    note->data = sc_str_none();
    if (channel_len > SC_CHANNEL_BYTES_MAX || !take(&rest, channel_len, &note->channel) ||
        !take_optional(&rest, (size_t)read_number(bytes.ptr + 12, 2), SC_PRESENCE_USER_BYTES_MAX,
                       &note->username) ||
        !take_optional(&rest, (size_t)read_number(bytes.ptr + 14, 1), SC_SOCKET_ID_CHARS,
                       &note->socket_id))
        return SC_ERR_INVALID;
    if (data_len != NO_DATA && !take(&rest, (size_t)data_len, &note->data))
        return SC_ERR_INVALID;
    return rest.len == 0 && is_whole(note) ? SC_OK : SC_ERR_INVALID;
}

/* ---- Entries ----------------------------------------------------------------------------------------- */

void sc_presence_entry_write(sc_text_t *bytes, const sc_presence_entry_t *entry)
{
    add_number(bytes, entry->username.len, 2);
    add_number(bytes, entry->socket_id.len, 1);
    add_number(bytes, sc_str_is_none(entry->data) ? NO_DATA : entry->data.len, 4);
    sc_text_add(bytes, entry->username);
    sc_text_add(bytes, entry->socket_id);
    sc_text_add(bytes, entry->data);
}

sc_status_t sc_presence_entry_read(sc_str_t *rest, sc_presence_entry_t *entry)
{
    sc_str_t head;
    uint64_t data_len;

    if (!take(rest, ENTRY_HEAD_BYTES, &head) ||
        !take_optional(rest, (size_t)read_number(head.ptr, 2), SC_PRESENCE_USER_BYTES_MAX,
                       &entry->username) ||
        !take_optional(rest, (size_t)read_number(head.ptr + 2, 1), SC_SOCKET_ID_CHARS,
                       &entry->socket_id))
        return SC_ERR_INVALID;
    entry->data = sc_str_none();
    data_len = read_number(head.ptr + 3, 4);
    if (data_len != NO_DATA && !take(rest, (size_t)data_len, &entry->data))
        return SC_ERR_INVALID;
    return sc_str_is_none(entry->username) ? SC_ERR_INVALID : SC_OK;
}
