/*
 * presence_packet.h: the form of every packet that presence puts on the wire, and of the one that it takes.
 *
 *     {"type":"join","username":U,"timeout":T,"socketId":ID}      a user came, or a tracker did
 *     {"type":"ping","timeout":T,"users":["...",...]}             these are there
 *     {"type":"leave","username":U}                               a user went
 *     {"type":"pong","channel":C,"username":U,"timeout":T}        a client answers a join
 *
 * They are the data of messages on the channels of presence_channel.h. T are milliseconds. The server never
 * sends a join without socketId: clients would answer it to a socket called `undefined`.
 * Source: docs/protocol.md, "Presence", "Packets".
 */
#ifndef SC_PRESENCE_PACKET_H
#define SC_PRESENCE_PACKET_H

#include <sc/json.h>

/** Writes a join. `username`: JSON text, none for a tracker who is not a user of the channel. */
void sc_presence_packet_join(sc_text_t *packet, sc_str_t username, uint32_t timeout_ms,
                             sc_str_t socket_id);
/** Writes a leave. `username`: JSON text. */
void sc_presence_packet_leave(sc_text_t *packet, sc_str_t username);

/** Begins a ping, adds one user's name to it, ends it. */
void sc_presence_packet_ping_begin(sc_text_t *packet, uint32_t timeout_ms);
void sc_presence_packet_ping_user(sc_text_t *packet, sc_str_t name);
void sc_presence_packet_ping_end(sc_text_t *packet);

/** A pong; spans of the text that it was read from. */
typedef struct sc_presence_pong {
    sc_str_t channel;    /* JSON text of a string */
    sc_str_t username;   /* JSON text */
    uint32_t timeout_ms; /* rounded up */
} sc_presence_pong_t;

/**
 * Reads a pong.
 *
 * @param data  valid JSON, as a client sent it; none for none
 * @return SC_OK; SC_ERR_INVALID: anything but a pong with its three members of the right types
 */
sc_status_t sc_presence_packet_read_pong(sc_str_t data, sc_presence_pong_t *pong);

#endif
