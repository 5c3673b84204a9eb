/*
 * route.h: which workers want a channel's messages. A set of workers is a bitmap; a channel that nobody wants is
 * not in the table.
 */
#ifndef SC_BROKER_ROUTE_H
#define SC_BROKER_ROUTE_H

#include "common/map.h"

typedef struct sc_route {
    uint32_t name_len;
    uint32_t words;     /* of the bitmap */
    uint64_t workers[]; /* a bit a worker; behind it the name */
} sc_route_t;

typedef struct sc_route_table {
    sc_map_t routes; /* of sc_route_t */
    uint32_t words;
} sc_route_table_t;

/** An empty table for workers 0 to `worker_count` - 1. */
void sc_route_table_init(sc_route_table_t *table, uint32_t worker_count);
void sc_route_table_deinit(sc_route_table_t *table);
/** Adds a worker to a channel. @return false: it was there. */
bool sc_route_add(sc_route_table_t *table, sc_str_t channel, uint32_t worker);
/** Takes a worker out of a channel. @return false: it was not there. */
bool sc_route_remove(sc_route_table_t *table, sc_str_t channel, uint32_t worker);
/** The workers of a channel; NULL: none. */
const sc_route_t *sc_route_find(const sc_route_table_t *table, sc_str_t channel);
/** The first worker of a route from number `from` on; UINT32_MAX: no more. */
uint32_t sc_route_next(const sc_route_t *route, uint32_t from);

typedef void (*sc_route_removed_cb)(sc_str_t channel, uint32_t worker, void *arg);
/** Takes a worker out of all channels and tells of each. The callback may read the table, not change it. */
void sc_route_remove_worker(sc_route_table_t *table, uint32_t worker,
                            sc_route_removed_cb on_removed, void *arg);

#endif
