/*
 * presence_packet.c: writes and reads what presence says. See presence_packet.h.
 */
#include "presence_packet.h"

#include <math.h>
#include <stdlib.h>

/* Longest text that is looked at as a number. */
#define NUMBER_BYTES_MAX 32

void sc_presence_packet_join(sc_text_t *packet, sc_str_t username, uint32_t timeout_ms,
                             sc_str_t socket_id)
{
    sc_text_add(packet, SC_STR("{\"type\":\"join\""));
    if (!sc_str_is_none(username)) {
        sc_text_add(packet, SC_STR(",\"username\":"));
        sc_text_add(packet, username);
    }
    sc_text_addf(packet, ",\"timeout\":%u,\"socketId\":", timeout_ms);
    sc_text_add_quoted(packet, socket_id);
    sc_text_add(packet, SC_STR("}"));
}

void sc_presence_packet_leave(sc_text_t *packet, sc_str_t username)
{
    sc_text_add(packet, SC_STR("{\"type\":\"leave\",\"username\":"));
    sc_text_add(packet, username);
    sc_text_add(packet, SC_STR("}"));
}

void sc_presence_packet_ping_begin(sc_text_t *packet, uint32_t timeout_ms)
{
    sc_text_addf(packet, "{\"type\":\"ping\",\"timeout\":%u,\"users\":[", timeout_ms);
}

void sc_presence_packet_ping_user(sc_text_t *packet, sc_str_t name)
{
    if (packet->len > 0 && packet->ptr[packet->len - 1] != '[')
        sc_text_add(packet, SC_STR(","));
    sc_text_add_quoted(packet, name);
}

void sc_presence_packet_ping_end(sc_text_t *packet)
{
    sc_text_add(packet, SC_STR("]}"));
}

/* A number of milliseconds from above 0 to UINT32_MAX; a fraction is rounded up. */
static bool read_timeout(sc_str_t json, uint32_t *timeout_ms)
{
    char text[NUMBER_BYTES_MAX + 1];
    char *end;
    double value;

    if (sc_str_is_none(json) || json.len == 0 || json.len > NUMBER_BYTES_MAX)
        return false;
    memcpy(text, json.ptr, json.len);
    text[json.len] = '\0';
    value = strtod(text, &end);
    if (*end != '\0' || !(value > 0) || value > UINT32_MAX)
        return false;
    *timeout_ms = (uint32_t)ceil(value);
    return true;
}

sc_status_t sc_presence_packet_read_pong(sc_str_t data, sc_presence_pong_t *pong)
{
    if (sc_str_is_none(data) || !sc_str_equal(sc_json_member(data, "type"), SC_STR("\"pong\"")))
        return SC_ERR_INVALID;
    pong->channel = sc_json_member(data, "channel");
    pong->username = sc_json_member(data, "username");
    if (pong->channel.len == 0 || pong->channel.ptr[0] != '"' || pong->username.len == 0)
        return SC_ERR_INVALID;
    return read_timeout(sc_json_member(data, "timeout"), &pong->timeout_ms) ? SC_OK
                                                                            : SC_ERR_INVALID;
}
