/*
 * presence_channel.c: the names of channels as presence reads them.
 */
#include "presence_channel.h"

#define SOCKET_PREFIX "socket/"
#define PREFIX_BYTES (sizeof(SC_PRESENCE_PREFIX) - 1)

static bool is_id_character(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
}

/* `socket/` and a socket's id. Whatever else begins with `socket/` is a channel like others. */
static bool names_socket(sc_str_t name)
{
    const size_t prefix_bytes = sizeof(SOCKET_PREFIX) - 1;
    size_t i;

    if (name.len != prefix_bytes + SC_SOCKET_ID_CHARS ||
        !sc_str_starts_with(name, SC_STR(SOCKET_PREFIX)))
        return false;
    for (i = prefix_bytes; i < name.len; i++) {
        if (!is_id_character(name.ptr[i]))
            return false;
    }
    return true;
}

bool sc_presence_channel_is_reserved(sc_str_t channel)
{
    return sc_str_starts_with(channel, SC_STR(SC_PRESENCE_PREFIX));
}

static sc_presence_kind_t reserved_kind(sc_str_t rest, sc_str_t *subject)
{
    if (names_socket(rest)) {
        *subject = sc_str(rest.ptr + (rest.len - SC_SOCKET_ID_CHARS), SC_SOCKET_ID_CHARS);
        return SC_PRESENCE_PERSONAL;
    }
    if (sc_presence_channel_is_reserved(rest))
        return SC_PRESENCE_NONE;
    *subject = rest;
    return SC_PRESENCE_TRACKING;
}

sc_presence_kind_t sc_presence_channel_kind(sc_str_t channel, sc_str_t *subject)
{
    *subject = sc_str_none();
    if (sc_presence_channel_is_reserved(channel))
        return reserved_kind(sc_str(channel.ptr + PREFIX_BYTES, channel.len - PREFIX_BYTES),
                             subject);
    if (channel.len > SC_CHANNEL_BYTES_MAX - PREFIX_BYTES)
        return SC_PRESENCE_TOO_LONG;
    if (names_socket(channel))
        return SC_PRESENCE_NONE;
    *subject = channel;
    return SC_PRESENCE_ORDINARY;
}

sc_str_t sc_presence_channel_of(sc_str_t channel, char place[SC_CHANNEL_BYTES_MAX])
{
    memcpy(place, SC_PRESENCE_PREFIX, PREFIX_BYTES);
    if (channel.len > 0)
        memcpy(place + PREFIX_BYTES, channel.ptr, channel.len);
    return sc_str(place, PREFIX_BYTES + channel.len);
}
