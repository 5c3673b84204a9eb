#include "broker/route.h"

#include "common/alloc.h"

#define WORD_BITS 64u

void sc_route_table_init(sc_route_table_t *table, uint32_t worker_count)
{
    sc_map_init(&table->routes);
    table->words = (worker_count + WORD_BITS - 1) / WORD_BITS;
}

void sc_route_table_deinit(sc_route_table_t *table)
{
    uint32_t cursor = 0;
    void *route;

    while ((route = sc_map_next(&table->routes, &cursor)) != NULL)
        free(route);
    sc_map_deinit(&table->routes);
}

static sc_str_t name_of(const sc_route_t *route)
{
    return sc_str((const char *)&route->workers[route->words], route->name_len);
}

static uint64_t bit_of(uint32_t worker)
{
    return (uint64_t)1 << (worker % WORD_BITS);
}

static sc_route_t *new_route(sc_route_table_t *table, sc_str_t channel)
{
    size_t bitmap_bytes = table->words * sizeof(uint64_t);
    sc_route_t *route = sc_alloc_zeroed(1, sizeof(*route) + bitmap_bytes + channel.len);

    route->name_len = (uint32_t)channel.len;
    route->words = table->words;
    if (channel.len > 0)
        memcpy(&route->workers[route->words], channel.ptr, channel.len);
    sc_map_put(&table->routes, name_of(route), route);
    return route;
}

bool sc_route_add(sc_route_table_t *table, sc_str_t channel, uint32_t worker)
{
    sc_route_t *route = sc_map_get(&table->routes, channel);
    uint64_t *word;

    sc_assert(worker / WORD_BITS < table->words);
    if (route == NULL)
        route = new_route(table, channel);
    word = &route->workers[worker / WORD_BITS];
    if ((*word & bit_of(worker)) != 0)
        return false;
    *word |= bit_of(worker);
    return true;
}

static void free_if_empty(sc_route_table_t *table, sc_route_t *route)
{
    if (sc_route_next(route, 0) != UINT32_MAX)
        return;
    sc_map_remove(&table->routes, name_of(route));
    free(route);
}

bool sc_route_remove(sc_route_table_t *table, sc_str_t channel, uint32_t worker)
{
    sc_route_t *route = sc_map_get(&table->routes, channel);
    uint64_t *word;

    if (route == NULL || worker / WORD_BITS >= route->words)
        return false;
    word = &route->workers[worker / WORD_BITS];
    if ((*word & bit_of(worker)) == 0)
        return false;
    *word &= ~bit_of(worker);
    free_if_empty(table, route);
    return true;
}

const sc_route_t *sc_route_find(const sc_route_table_t *table, sc_str_t channel)
{
    return sc_map_get(&table->routes, channel);
}

uint32_t sc_route_next(const sc_route_t *route, uint32_t from)
{
    for (uint32_t at = from / WORD_BITS; at < route->words; at++) {
        uint64_t word = route->workers[at];

        if (at == from / WORD_BITS)
            word &= UINT64_MAX << (from % WORD_BITS);
        if (word != 0)
            return at * WORD_BITS + (uint32_t)__builtin_ctzll(word);
    }
    return UINT32_MAX;
}

void sc_route_remove_worker(sc_route_table_t *table, uint32_t worker,
                            sc_route_removed_cb on_removed, void *arg)
{
    /* The map can't be changed while it is walked. */
    sc_route_t **empty = sc_alloc_zeroed(table->routes.count + 1u, sizeof(*empty));
    uint32_t count = 0;
    uint32_t cursor = 0;
    sc_route_t *route;

    while ((route = sc_map_next(&table->routes, &cursor)) != NULL) {
        uint64_t *word = &route->workers[worker / WORD_BITS];

        if ((*word & bit_of(worker)) == 0)
            continue;
        *word &= ~bit_of(worker);
        on_removed(name_of(route), worker, arg);
        if (sc_route_next(route, 0) == UINT32_MAX)
            empty[count++] = route;
    }
    for (uint32_t i = 0; i < count; i++)
        free_if_empty(table, empty[i]);
    free(empty);
}
