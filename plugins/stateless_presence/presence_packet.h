/*
 * presence_packet.h: the form of every packet that presence puts on the wire, and of what it takes.
 *
 *     {"type":"join","username":U,"timeout":T,"socketId":ID}      a user came, or a tracker did
 *     {"type":"ping","timeout":T,"users":["...",...]}             these are there
 *     {"type":"leave","username":U}                               a user went
 *     {"type":"pong","channel":C,"username":U,"timeout":T}        a client answers a join
 *     {"type":"roster","part":N,"last":B,"timeout":T,"users":[U,...]}   who is there, to one who has asked
 *     {"type":"update","username":U,"data":D}                     a user's data has changed; null: it has none any more
 *
 * They are the data of messages on the channels of presence_channel.h. T are milliseconds. A join carries the user's data as
 * a last member "data":D, a ping or roster that of some of its users as "data":{"NAME":D,...}. The server never
 * sends a join without socketId: clients would answer it to a socket called `undefined`.
 * Source: docs/protocol.md, "Presence", "Packets".
 */
#ifndef SC_PRESENCE_PACKET_H
#define SC_PRESENCE_PACKET_H

#include <sc/json.h>

/** Writes a join. `username`: JSON text, none for a tracker who is not a user of the channel. `data`: JSON text or none. */
void sc_presence_packet_join(sc_text_t *packet, sc_str_t username, uint32_t timeout_ms,
                             sc_str_t socket_id, sc_str_t data);
/** Writes a leave. `username`: JSON text. */
void sc_presence_packet_leave(sc_text_t *packet, sc_str_t username);
/** Writes an update. `username`: JSON text; `data`: JSON text or none. */
void sc_presence_packet_update(sc_text_t *packet, sc_str_t username, sc_str_t data);

/** Users in the making of a packet. Zero is empty; sc_presence_names_free when done. */
typedef struct sc_presence_names {
    sc_text_t users;
    sc_text_t data;
} sc_presence_names_t;

/** Adds a user. `json`: how it is to stand there; none: its name as a string. `data`: JSON text or none. */
void sc_presence_names_add(sc_presence_names_t *names, sc_str_t name, sc_str_t json, sc_str_t data);
void sc_presence_names_clear(sc_presence_names_t *names);
void sc_presence_names_free(sc_presence_names_t *names);
/** Bytes that they will take in a packet. */
static inline size_t sc_presence_names_bytes(const sc_presence_names_t *names)
{
    return names->users.len + names->data.len;
}

void sc_presence_packet_ping(sc_text_t *packet, uint32_t timeout_ms,
                             const sc_presence_names_t *names);
void sc_presence_packet_roster(sc_text_t *packet, uint32_t part, bool is_last, uint32_t timeout_ms,
                               const sc_presence_names_t *names);

/** A pong, from a client; spans of the text that it was read from. */
typedef struct sc_presence_pong {
    sc_str_t channel;    /* JSON text of a string */
    sc_str_t username;   /* JSON text */
    uint32_t timeout_ms; /* rounded up */
} sc_presence_pong_t;

/**
 * Reads a pong. Members that it does not know are passed over.
 *
 * @param data  valid JSON, as a client sent it; none for none
 * @return SC_OK; SC_ERR_INVALID: anything but a pong with its three members of the right types
 */
sc_status_t sc_presence_packet_read_pong(sc_str_t data, sc_presence_pong_t *pong);

/** Writes a pong with another timeout. */
void sc_presence_packet_pong(sc_text_t *packet, const sc_presence_pong_t *pong,
                             uint32_t timeout_ms);
/** Whether the data of a #subscribe to `presence>room` asks for rosters: {"roster":1}. `subscribe_data`: valid JSON or none. */
bool sc_presence_packet_asks_for_roster(sc_str_t subscribe_data);

#endif
