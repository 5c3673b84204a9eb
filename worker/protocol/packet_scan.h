/*
 * packet_scan.h: finds the parts of a packet as spans of its text, and checks in the same pass that the text is JSON
 * (RFC 8259). No document is made, nothing is copied.
 */
#ifndef SC_PROTOCOL_PACKET_SCAN_H
#define SC_PROTOCOL_PACKET_SCAN_H

#include "common/json_scan.h"

#include <sc/types.h>

/** The members of a packet that mean something. Of duplicate members the last counts. */
typedef struct sc_packet {
    sc_json_value_t event;
    sc_json_value_t cid;
    sc_json_value_t rid;
    sc_json_value_t error;
    sc_json_value_t data;
    sc_json_value_t channel;    /* data.channel, if data is an object */
    sc_json_value_t inner_data; /* data.data */
} sc_packet_t;

/**
 * Scans one packet (docs/protocol.md, "Packets").
 *
 * @param text  UTF-8 (checked by the caller); white space around is allowed
 * @param packet  set in any case; unless SC_OK all its members are SC_JSON_NONE
 * @return SC_OK: an object; SC_AGAIN: an array, not looked into: see sc_packet_scan_array; SC_ERR_INVALID: not JSON, or
 *         another value; SC_ERR_LIMIT: deeper than SC_JSON_DEPTH_MAX
 */
SC_MUST_CHECK sc_status_t sc_packet_scan(sc_str_t text, sc_packet_t *packet);

typedef void (*sc_packet_element_cb)(sc_str_t element, sc_json_kind_t kind, void *arg);
/** Checks a whole array, then hands its elements' texts to the callback in order. @return as sc_packet_scan, SC_OK for an array. */
SC_MUST_CHECK sc_status_t sc_packet_scan_array(sc_str_t text, sc_packet_element_cb callback,
                                               void *arg);

#endif
