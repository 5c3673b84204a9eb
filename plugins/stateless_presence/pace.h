/*
 * pace.h: how fast a tracker is told, over and over, who is there, and how long it may believe it.
 *
 * In original mode each ping names everybody. In roster mode a ping names those that have not been named for the
 * longest time, as many as the bandwidth allows, so the larger the roster, the longer it takes until somebody is
 * named again. Nobody's time may run out before that:
 *
 *     Members stand in the order in which they were named last; a newcomer is named when it comes, so it stands last. Whoever is
 *     named when all members cost C has at most C before it. Each ping takes at least the budget B from the front, or all.
 *     So after at most ceil(C / B) pings it is named again, however the roster grows: what comes later stands behind it.
 *
 * The timeout is that of ceil(C / B) + 1 pings.
 */
#ifndef SC_PACE_H
#define SC_PACE_H

#include "presence_option.h"

typedef struct sc_pace {
    uint32_t timeout_ms;   /* presenceTimeout: that of one ping */
    uint64_t budget_bytes; /* that a ping may take */
} sc_pace_t;

sc_pace_t sc_pace_of(const sc_presence_options_t *options);
/** The timeout of who is named now. @param cost  of all members */
uint32_t sc_pace_timeout_ms(const sc_pace_t *pace, bool is_roster, uint64_t cost);

#endif
