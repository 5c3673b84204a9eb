/*
 * herald_ping.h: the pings that name, every presenceInterval, who is there, and what a change of the mode means to them.
 */
#ifndef SC_HERALD_PING_H
#define SC_HERALD_PING_H

#include "herald.h"

/** The timeout of a packet that names somebody now. */
uint32_t sc_herald_timeout_ms(const sc_herald_t *herald, const sc_copy_t *copy);
/** Pings from now on. */
void sc_herald_ping_start(sc_herald_t *herald, sc_copy_t *copy);
/** The copy, which is pinged, is in that mode from now on; it may be in it already. */
void sc_herald_ping_change_mode(sc_herald_t *herald, sc_copy_t *copy, bool is_roster);

#endif
