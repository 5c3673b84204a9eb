/*
 * presence_change.c: bytes of the messages between the plugin's halves. See presence_change.h.
 */
#include "presence_change.h"

#include "presence_user.h"

#define NUMBER_BYTES 8
#define HEAD_BYTES (1 + NUMBER_BYTES)
#define LENGTH_BYTES 2

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

void sc_presence_change_write(sc_text_t *bytes, const sc_presence_change_t *change)
{
    const char type = (char)change->type;

    sc_text_add(bytes, sc_str(&type, 1));
    add_number(bytes, change->number, NUMBER_BYTES);
    if (change->type == SC_PRESENCE_CONFIRM)
        return;
    add_number(bytes, change->channel.len, LENGTH_BYTES);
    sc_text_add(bytes, change->channel);
    sc_text_add(bytes, change->username);
}

static sc_status_t read_user(sc_str_t bytes, sc_presence_change_t *change)
{
    size_t channel_bytes;

    if (bytes.len < LENGTH_BYTES)
        return SC_ERR_INVALID;
    channel_bytes = (size_t)read_number(bytes.ptr, LENGTH_BYTES);
    bytes = sc_str(bytes.ptr + LENGTH_BYTES, bytes.len - LENGTH_BYTES);
    if (channel_bytes > SC_CHANNEL_BYTES_MAX || channel_bytes >= bytes.len ||
        bytes.len - channel_bytes > SC_PRESENCE_USER_BYTES_MAX)
        return SC_ERR_INVALID;
    change->channel = sc_str(bytes.ptr, channel_bytes);
    change->username = sc_str(bytes.ptr + channel_bytes, bytes.len - channel_bytes);
    return SC_OK;
}

sc_status_t sc_presence_change_read(sc_str_t bytes, sc_presence_change_t *change)
{
    sc_str_t rest;

    if (sc_str_is_none(bytes) || bytes.len < HEAD_BYTES)
        return SC_ERR_INVALID;
    rest = sc_str(bytes.ptr + HEAD_BYTES, bytes.len - HEAD_BYTES);
    change->number = read_number(bytes.ptr + 1, NUMBER_BYTES);
    change->channel = sc_str_none();
    change->username = sc_str_none();
    switch (bytes.ptr[0]) {
    case SC_PRESENCE_CONFIRM:
        change->type = SC_PRESENCE_CONFIRM;
        return rest.len == 0 ? SC_OK : SC_ERR_INVALID;
    case SC_PRESENCE_ADD:
        change->type = SC_PRESENCE_ADD;
        return read_user(rest, change);
    case SC_PRESENCE_DROP:
        change->type = SC_PRESENCE_DROP;
        return read_user(rest, change);
    default:
        return SC_ERR_INVALID;
    }
}
