#include "worker/exchange/dedup.h"

#include "common/alloc.h"

void sc_dedup_init(sc_dedup_t *dedup)
{
    memset(dedup, 0, sizeof(*dedup));
}

void sc_dedup_deinit(sc_dedup_t *dedup)
{
    uint32_t cursor = 0;
    void *origin;

    while ((origin = sc_map_next(&dedup->origins, &cursor)) != NULL)
        free(origin);
    sc_map_deinit(&dedup->origins);
    sc_dedup_init(dedup);
}

static sc_str_t key_of(const uint64_t *origin)
{
    return sc_str((const char *)origin, sizeof(*origin));
}

static void forget_oldest(sc_dedup_t *dedup)
{
    uint32_t cursor = 0;
    sc_dedup_origin_t *oldest = NULL;
    sc_dedup_origin_t *seen;

    while ((seen = sc_map_next(&dedup->origins, &cursor)) != NULL) {
        if (oldest == NULL || seen->used_at < oldest->used_at)
            oldest = seen;
    }
    if (oldest == NULL)
        return;
    sc_map_remove(&dedup->origins, key_of(&oldest->origin));
    free(oldest);
}

static sc_dedup_origin_t *find_or_add(sc_dedup_t *dedup, uint64_t origin)
{
    sc_dedup_origin_t *seen;

    if (dedup->last != NULL && dedup->last->origin == origin)
        return dedup->last;
    seen = sc_map_get(&dedup->origins, key_of(&origin));
    if (seen == NULL) {
        if (dedup->origins.count >= SC_DEDUP_ORIGINS_MAX)
            forget_oldest(dedup);
        seen = sc_new(sc_dedup_origin_t);
        seen->origin = origin;
        sc_map_put(&dedup->origins, key_of(&seen->origin), seen);
    }
    dedup->last = seen;
    return seen;
}

bool sc_dedup_note(sc_dedup_t *dedup, uint64_t origin, uint64_t seq)
{
    sc_dedup_origin_t *seen = find_or_add(dedup, origin);

    seen->used_at = ++dedup->clock;
    if (seq <= seen->seq)
        return false;
    seen->seq = seq;
    return true;
}
