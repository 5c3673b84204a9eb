/*
 * presence_change.h: what the two halves of the plugin tell each other, as bytes.
 *
 * A worker tells the broker that carries `presence>CHANNEL` when a user got its first socket there (add) and
 * when it lost its last (drop). The broker, which hears all workers, knows when a user is gone from all of
 * them, and says so to the trackers. Drops are numbered, from 1 for each worker and broker; the broker
 * confirms them, and a worker repeats to a new broker what the old one had not confirmed.
 *
 *     worker to broker     'A' or 'D'   number   channel bytes   channel   username (JSON text)
 *                          1 byte       8        2               ...       the rest, at least 1
 *     broker to worker     'C'          number   every drop up to this number is done
 *                          1 byte       8
 *
 * Numbers are big-endian. An add has the number 0.
 */
#ifndef SC_PRESENCE_CHANGE_H
#define SC_PRESENCE_CHANGE_H

#include <sc/json.h>

typedef enum sc_presence_change_type {
    SC_PRESENCE_ADD = 'A',
    SC_PRESENCE_DROP = 'D',
    SC_PRESENCE_CONFIRM = 'C',
} sc_presence_change_type_t;

/** Spans of what was read, or of what is to be written. */
typedef struct sc_presence_change {
    sc_presence_change_type_t type;
    uint64_t number;
    sc_str_t channel; /* up to SC_CHANNEL_BYTES_MAX bytes; of a confirmation none */
    sc_str_t
        username; /* JSON text, 1 to SC_PRESENCE_USER_BYTES_MAX bytes; of a confirmation none */
} sc_presence_change_t;

/** Appends a change's bytes. */
void sc_presence_change_write(sc_text_t *bytes, const sc_presence_change_t *change);

/** Reads a change. @return SC_OK; SC_ERR_INVALID: not the bytes of one. */
sc_status_t sc_presence_change_read(sc_str_t bytes, sc_presence_change_t *change);

#endif
