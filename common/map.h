/*
 * map.h: hash table keyed by bytes. Keys come from clients, so the hash has a random key (SipHash-1-3) and a
 * client can't choose names that collide. An empty map owns no memory.
 *
 * Open addressing with linear probing and backward-shift deletion: no tombstones, at most 3/4 full.
 */
#ifndef SC_COMMON_MAP_H
#define SC_COMMON_MAP_H

#include <sc/types.h>

typedef struct sc_map_slot {
    const char *key; /* borrowed from the value; NULL: free */
    uint32_t key_len;
    uint32_t hash;
    void *value;
} sc_map_slot_t;

typedef struct sc_map {
    sc_map_slot_t *slots;
    uint32_t capacity; /* 0 or a power of two */
    uint32_t count;
} sc_map_t;

/** Zero is an empty map; this says so. */
void sc_map_init(sc_map_t *map);
/** Frees the table, not the values. */
void sc_map_deinit(sc_map_t *map);
/** The value of a key, or NULL. */
void *sc_map_get(const sc_map_t *map, sc_str_t key);
/**
 * Adds a value, or replaces the one of an equal key.
 *
 * @param key    borrowed until removed: lies in the value, as a rule
 * @param value  not NULL
 * @return the value that was replaced, or NULL
 */
void *sc_map_put(sc_map_t *map, sc_str_t key, void *value);
/** Removes a key. @return its value, or NULL. */
void *sc_map_remove(sc_map_t *map, sc_str_t key);
/**
 * Walks the map in no order: start with *cursor 0. The map may not be changed meanwhile.
 *
 * @return the next value, or NULL at the end
 */
void *sc_map_next(const sc_map_t *map, uint32_t *cursor);

/** The random key's hash of bytes; the same within a process only. */
uint32_t sc_map_hash(sc_str_t key);

#endif
