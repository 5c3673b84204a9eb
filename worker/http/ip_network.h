/*
 * ip_network.h: addresses and networks of IPv4 and IPv6 as texts and as bytes. IPv4 is kept as IPv6 (::ffff:0:0/96), so that
 * the two ways to write an IPv4 address are one.
 */
#ifndef SC_HTTP_IP_NETWORK_H
#define SC_HTTP_IP_NETWORK_H

#include <sc/types.h>

typedef struct sc_ip {
    uint8_t bytes[16];
} sc_ip_t;

typedef struct sc_ip_network {
    sc_ip_t address;
    uint8_t prefix_bits; /* of 128 */
} sc_ip_network_t;

/** @return SC_OK; SC_ERR_INVALID: not an address. */
SC_MUST_CHECK sc_status_t sc_ip_parse(sc_str_t text, sc_ip_t *address);
/** Writes an address, IPv4 as IPv4. @param text  INET6_ADDRSTRLEN bytes at least */
void sc_ip_write(const sc_ip_t *address, char *text, size_t size);
/** "ADDRESS/BITS" or "ADDRESS". @return SC_OK; SC_ERR_INVALID: neither. */
SC_MUST_CHECK sc_status_t sc_ip_network_parse(sc_str_t text, sc_ip_network_t *network);
bool sc_ip_network_has(const sc_ip_network_t *network, const sc_ip_t *address);

#endif
