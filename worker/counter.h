/*
 * counter.h: named counters of a worker: plugins' and its own (sc_worker_counter).
 */
#ifndef SC_WORKER_COUNTER_H
#define SC_WORKER_COUNTER_H

#include "common/list.h"
#include "common/map.h"

#include <sc/worker.h>

struct sc_counter {
    sc_list_t node;
    char *name;
    char *help;
    int64_t value;
};

typedef struct sc_counters {
    sc_map_t by_name;
    sc_list_t in_order;
} sc_counters_t;

void sc_counters_init(sc_counters_t *counters);
void sc_counters_deinit(sc_counters_t *counters);
/** The counter of that name, made on first use. */
sc_counter_t *sc_counters_get(sc_counters_t *counters, const char *name, const char *help);

#endif
