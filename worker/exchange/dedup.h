/*
 * dedup.h: what was seen of each origin through one broker. A broker hands on an origin's messages in the order of
 * their numbers, so the highest one says it all: what is not above it was seen before, or was not for us.
 */
#ifndef SC_EXCHANGE_DEDUP_H
#define SC_EXCHANGE_DEDUP_H

#include "common/map.h"

/** Origins that are remembered: several times as many as can live at once (256 workers and a broker). Beyond, the one
 *  that was silent for longest is forgotten. */
#define SC_DEDUP_ORIGINS_MAX 1024u

typedef struct sc_dedup_origin {
    uint64_t origin;
    uint64_t seq;     /* highest that was seen */
    uint64_t used_at; /* value of `clock` then */
} sc_dedup_origin_t;

typedef struct sc_dedup {
    sc_map_t origins;        /* of sc_dedup_origin_t */
    sc_dedup_origin_t *last; /* messages of one origin come in runs */
    uint64_t clock;          /* counts messages */
} sc_dedup_t;

void sc_dedup_init(sc_dedup_t *dedup);
void sc_dedup_deinit(sc_dedup_t *dedup);
/** Notes a message. @return whether it is new; false: skip it. */
bool sc_dedup_note(sc_dedup_t *dedup, uint64_t origin, uint64_t seq);

#endif
