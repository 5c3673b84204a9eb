#include "common/map.h"

#include "common/alloc.h"

#include <endian.h>
#include <sys/random.h>

#define CAPACITY_MIN 4u

static uint64_t rotate_left(uint64_t x, unsigned bits)
{
    return (x << bits) | (x >> (64 - bits));
}

static void sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[1] = rotate_left(v[1], 13) ^ v[0];
    v[0] = rotate_left(v[0], 32);
    v[2] += v[3];
    v[3] = rotate_left(v[3], 16) ^ v[2];
    v[0] += v[3];
    v[3] = rotate_left(v[3], 21) ^ v[0];
    v[2] += v[1];
    v[1] = rotate_left(v[1], 17) ^ v[2];
    v[2] = rotate_left(v[2], 32);
}

static uint64_t load_le64(const char *bytes, size_t count)
{
    uint64_t word = 0;

    if (count > 0)
        memcpy(&word, bytes, count);
    return le64toh(word);
}

/* SipHash-1-3 (Aumasson and Bernstein, 2012, with one and three rounds). */
static uint64_t siphash(sc_str_t key, const uint64_t secret[2])
{
    uint64_t v[4] = {secret[0] ^ 0x736f6d6570736575u, secret[1] ^ 0x646f72616e646f6du,
                     secret[0] ^ 0x6c7967656e657261u, secret[1] ^ 0x7465646279746573u};
    size_t whole = key.len & ~(size_t)7;
    uint64_t word;

    for (size_t at = 0; at < whole; at += 8) {
        word = load_le64(key.ptr + at, 8);
        v[3] ^= word;
        sip_round(v);
        v[0] ^= word;
    }
    word = load_le64(key.len > whole ? key.ptr + whole : NULL, key.len - whole);
    word |= (uint64_t)key.len << 56;
    v[3] ^= word;
    sip_round(v);
    v[0] ^= word;
    v[2] ^= 0xff;
    for (int i = 0; i < 3; i++)
        sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

uint32_t sc_map_hash(sc_str_t key)
{
    /* Drawn once per process: the only state here, and constant from then on. */
    static uint64_t secret[2];
    static bool is_drawn;

    if (!is_drawn) {
        if (getrandom(secret, sizeof(secret), 0) != (ssize_t)sizeof(secret))
            sc_die("no random numbers for hash tables");
        is_drawn = true;
    }
    return (uint32_t)siphash(key, secret);
}

void sc_map_init(sc_map_t *map)
{
    memset(map, 0, sizeof(*map));
}

void sc_map_deinit(sc_map_t *map)
{
    free(map->slots);
    sc_map_init(map);
}

/* The slot of a key, or the free one where it would go. The map has at least one free slot. */
static sc_map_slot_t *find_slot(const sc_map_t *map, sc_str_t key, uint32_t hash)
{
    uint32_t mask = map->capacity - 1;

    for (uint32_t at = hash & mask;; at = (at + 1) & mask) {
        sc_map_slot_t *slot = &map->slots[at];

        if (slot->key == NULL)
            return slot;
        if (slot->hash == hash && sc_str_equal(sc_str(slot->key, slot->key_len), key))
            return slot;
    }
}

static void resize(sc_map_t *map, uint32_t capacity)
{
    sc_map_t grown = {sc_alloc_zeroed(capacity, sizeof(sc_map_slot_t)), capacity, map->count};

    for (uint32_t i = 0; i < map->capacity; i++) {
        const sc_map_slot_t *slot = &map->slots[i];

        if (slot->key != NULL)
            *find_slot(&grown, sc_str(slot->key, slot->key_len), slot->hash) = *slot;
    }
    free(map->slots);
    *map = grown;
}

void *sc_map_get(const sc_map_t *map, sc_str_t key)
{
    if (map->count == 0)
        return NULL;
    return find_slot(map, key, sc_map_hash(key))->value;
}

void *sc_map_put(sc_map_t *map, sc_str_t key, void *value)
{
    uint32_t hash = sc_map_hash(key);
    sc_map_slot_t *slot;
    void *old;

    sc_assert(value != NULL && key.len <= UINT32_MAX);
    if ((map->count + 1) * 4ull > map->capacity * 3ull)
        resize(map, map->capacity == 0 ? CAPACITY_MIN : map->capacity * 2);
    slot = find_slot(map, key, hash);
    old = slot->value;
    if (slot->key == NULL)
        map->count++;
    /* An empty name may come without an address; a key that is there has one. */
    slot->key = key.ptr != NULL ? key.ptr : "";
    slot->key_len = (uint32_t)key.len;
    slot->hash = hash;
    slot->value = value;
    return old;
}

/* Closes the gap at `at`: moves back what was pushed past its own place by it. */
static void shift_back(sc_map_t *map, uint32_t at)
{
    uint32_t mask = map->capacity - 1;
    uint32_t next = at;

    for (;;) {
        uint32_t home;

        next = (next + 1) & mask;
        if (map->slots[next].key == NULL)
            break;
        home = map->slots[next].hash & mask;
        if (((next - home) & mask) >= ((next - at) & mask)) {
            map->slots[at] = map->slots[next];
            at = next;
        }
    }
    memset(&map->slots[at], 0, sizeof(map->slots[at]));
}

void *sc_map_remove(sc_map_t *map, sc_str_t key)
{
    sc_map_slot_t *slot;
    void *value;

    if (map->count == 0)
        return NULL;
    slot = find_slot(map, key, sc_map_hash(key));
    if (slot->key == NULL)
        return NULL;
    value = slot->value;
    shift_back(map, (uint32_t)(slot - map->slots));
    map->count--;
    if (map->count == 0)
        sc_map_deinit(map);
    else if (map->capacity > CAPACITY_MIN && map->count * 8ull < map->capacity)
        resize(map, map->capacity / 2);
    return value;
}

void *sc_map_next(const sc_map_t *map, uint32_t *cursor)
{
    while (*cursor < map->capacity) {
        const sc_map_slot_t *slot = &map->slots[(*cursor)++];

        if (slot->key != NULL)
            return slot->value;
    }
    return NULL;
}
