/*
 * pace.c: see pace.h.
 */
#include "pace.h"

#define MS_PER_S 1000u
/* What a packet takes besides its names: frame, channel, type, timeout. */
#define PACKET_BYTES 128u
#define TIMEOUT_MS_MAX INT32_MAX

sc_pace_t sc_pace_of(const sc_presence_options_t *options)
{
    uint64_t bytes = (uint64_t)options->max_ping_bandwidth * options->interval_ms / MS_PER_S;
    sc_pace_t pace = {.timeout_ms = options->timeout_ms, .budget_bytes = 1};

    /* With less than a packet in an interval it is one name for each ping. */
    if (bytes > PACKET_BYTES)
        pace.budget_bytes = bytes - PACKET_BYTES;
    return pace;
}

uint32_t sc_pace_timeout_ms(const sc_pace_t *pace, bool is_roster, uint64_t cost)
{
    uint64_t pings = (cost + pace->budget_bytes - 1) / pace->budget_bytes;
    uint64_t timeout_ms = pace->timeout_ms;

    if (!is_roster)
        return pace->timeout_ms;
    timeout_ms *= (pings > 0 ? pings : 1) + 1;
    return timeout_ms < TIMEOUT_MS_MAX ? (uint32_t)timeout_ms : TIMEOUT_MS_MAX;
}
