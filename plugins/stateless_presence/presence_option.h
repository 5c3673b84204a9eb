/*
 * presence_option.h: the plugin's options.
 */
#ifndef SC_PRESENCE_OPTION_H
#define SC_PRESENCE_OPTION_H

#include <sc/types.h>

#define SC_PRESENCE_CLAIM_BYTES_MAX 64

/** How trackers learn of those who are there. */
typedef enum sc_presence_mode {
    SC_PRESENCE_AUTO,     /* by the size of the channel */
    SC_PRESENCE_ORIGINAL, /* as sc-stateless-presence 1.0.7: joins that trackers answer with pongs */
    SC_PRESENCE_ROSTER,   /* from the server alone: pings that list users */
} sc_presence_mode_t;

typedef struct sc_presence_options {
    uint32_t interval_ms; /* presenceInterval: from one ping to the next */
    uint32_t timeout_ms;  /* presenceTimeout: how long a client believes what it heard */
    bool guard; /* whether clients are kept from publishing what only the server may say */
    sc_presence_mode_t mode;
    uint32_t
        roster_threshold; /* users or trackers of a channel above which `auto` means `roster` */
    uint32_t coalesce_ms; /* coalesceInterval: how long joins are collected in roster mode */
    uint32_t max_ping_bandwidth; /* bytes a second that each tracker gets of pings in roster mode */
    uint32_t leave_grace_ms;     /* leaveGrace: how long a user whose connection was lost stays */
    char data_claim[SC_PRESENCE_CLAIM_BYTES_MAX + 1]; /* the claim that is the presence data */
    uint32_t max_data_bytes;
} sc_presence_options_t;

/**
 * Reads the options, with defaults for what is missing.
 *
 * @param text   a JSON object; none: defaults
 * @param error  set to one line that names what is wrong, unless SC_OK is returned
 * @return SC_OK; SC_ERR_INVALID: not an object, an unknown name, a wrong type or a value out of range
 */
sc_status_t sc_presence_option_read(sc_str_t text, sc_presence_options_t *options, char *error,
                                    size_t error_bytes);

#endif
