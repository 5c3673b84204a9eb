#include "worker/counter.h"

#include "common/alloc.h"

void sc_counters_init(sc_counters_t *counters)
{
    sc_map_init(&counters->by_name);
    sc_list_init(&counters->in_order);
}

void sc_counters_deinit(sc_counters_t *counters)
{
    sc_list_t *node;

    while ((node = sc_list_pop(&counters->in_order)) != NULL) {
        sc_counter_t *counter = sc_list_entry(node, sc_counter_t, node);

        free(counter->name);
        free(counter->help);
        free(counter);
    }
    sc_map_deinit(&counters->by_name);
}

sc_counter_t *sc_counters_get(sc_counters_t *counters, const char *name, const char *help)
{
    sc_counter_t *counter = sc_map_get(&counters->by_name, sc_str_from(name));

    if (counter != NULL)
        return counter;
    counter = sc_new(sc_counter_t);
    counter->name = sc_strdup(sc_str_from(name));
    counter->help = sc_strdup(sc_str_from(help));
    sc_list_init(&counter->node);
    sc_list_append(&counters->in_order, &counter->node);
    sc_map_put(&counters->by_name, sc_str_from(counter->name), counter);
    return counter;
}

void sc_counter_add(sc_counter_t *counter, int64_t amount)
{
    counter->value += amount;
}
