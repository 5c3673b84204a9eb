/*
 * presence_packet.c: writes and reads what presence says. See presence_packet.h.
 */
#include "presence_packet.h"

#include <math.h>
#include <stdlib.h>

/* Longest text that is looked at as a number. */
#define NUMBER_BYTES_MAX 32

static void add_data(sc_text_t *packet, sc_str_t data)
{
    if (sc_str_is_none(data))
        return;
    sc_text_add(packet, SC_STR(",\"data\":"));
    sc_text_add(packet, data);
}

void sc_presence_packet_join(sc_text_t *packet, sc_str_t username, uint32_t timeout_ms,
                             sc_str_t socket_id, sc_str_t data)
{
    sc_text_add(packet, SC_STR("{\"type\":\"join\""));
    if (!sc_str_is_none(username)) {
        sc_text_add(packet, SC_STR(",\"username\":"));
        sc_text_add(packet, username);
    }
    sc_text_addf(packet, ",\"timeout\":%u,\"socketId\":", timeout_ms);
    sc_text_add_quoted(packet, socket_id);
    add_data(packet, data);
    sc_text_add(packet, SC_STR("}"));
}

void sc_presence_packet_leave(sc_text_t *packet, sc_str_t username)
{
    sc_text_add(packet, SC_STR("{\"type\":\"leave\",\"username\":"));
    sc_text_add(packet, username);
    sc_text_add(packet, SC_STR("}"));
}

void sc_presence_packet_update(sc_text_t *packet, sc_str_t username, sc_str_t data)
{
    sc_text_add(packet, SC_STR("{\"type\":\"update\",\"username\":"));
    sc_text_add(packet, username);
    add_data(packet, sc_str_is_none(data) ? SC_STR("null") : data);
    sc_text_add(packet, SC_STR("}"));
}

/* ---- Packets about many ------------------------------------------------------------------------------- */

void sc_presence_names_add(sc_presence_names_t *names, sc_str_t name, sc_str_t json, sc_str_t data)
{
    if (names->users.len > 0)
        sc_text_add(&names->users, SC_STR(","));
    if (sc_str_is_none(json))
        sc_text_add_quoted(&names->users, name);
    else
        sc_text_add(&names->users, json);
    if (sc_str_is_none(data))
        return;
    if (names->data.len > 0)
        sc_text_add(&names->data, SC_STR(","));
    sc_text_add_quoted(&names->data, name);
    sc_text_add(&names->data, SC_STR(":"));
    sc_text_add(&names->data, data);
}

void sc_presence_names_clear(sc_presence_names_t *names)
{
    sc_text_clear(&names->users);
    sc_text_clear(&names->data);
}

void sc_presence_names_free(sc_presence_names_t *names)
{
    sc_text_free(&names->users);
    sc_text_free(&names->data);
}

static void add_names(sc_text_t *packet, const sc_presence_names_t *names)
{
    sc_text_add(packet, SC_STR(",\"users\":["));
    sc_text_add(packet, sc_text_str(&names->users));
    sc_text_add(packet, SC_STR("]"));
    if (names->data.len > 0) {
        sc_text_add(packet, SC_STR(",\"data\":{"));
        sc_text_add(packet, sc_text_str(&names->data));
        sc_text_add(packet, SC_STR("}"));
    }
    sc_text_add(packet, SC_STR("}"));
}

void sc_presence_packet_ping(sc_text_t *packet, uint32_t timeout_ms,
                             const sc_presence_names_t *names)
{
    sc_text_addf(packet, "{\"type\":\"ping\",\"timeout\":%u", timeout_ms);
    add_names(packet, names);
}

void sc_presence_packet_roster(sc_text_t *packet, uint32_t part, bool is_last, uint32_t timeout_ms,
                               const sc_presence_names_t *names)
{
    sc_text_addf(packet, "{\"type\":\"roster\",\"part\":%u,\"last\":%s,\"timeout\":%u", part,
                 is_last ? "true" : "false", timeout_ms);
    add_names(packet, names);
}

/* ---- What clients send -------------------------------------------------------------------------------- */

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

void sc_presence_packet_pong(sc_text_t *packet, const sc_presence_pong_t *pong, uint32_t timeout_ms)
{
    sc_text_add(packet, SC_STR("{\"type\":\"pong\",\"channel\":"));
    sc_text_add(packet, pong->channel);
    sc_text_add(packet, SC_STR(",\"username\":"));
    sc_text_add(packet, pong->username);
    sc_text_addf(packet, ",\"timeout\":%u}", timeout_ms);
}

bool sc_presence_packet_asks_for_roster(sc_str_t subscribe_data)
{
    return !sc_str_is_none(subscribe_data) &&
           sc_str_equal(sc_json_member(subscribe_data, "roster"), SC_STR("1"));
}
