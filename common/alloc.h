/*
 * alloc.h: memory. What we size ourselves is small: without it the process ends, and the master starts
 * another. What a client sizes comes from sc_try_alloc, after its limit was checked.
 */
#ifndef SC_COMMON_ALLOC_H
#define SC_COMMON_ALLOC_H

#include <sc/types.h>
#include <stdlib.h>

/** Zeroed memory for one object; never NULL. Free with free(). */
#define sc_new(type) ((type *)sc_alloc_zeroed(1, sizeof(type)))

/** Zeroed memory for `count` times `size` bytes; never NULL; ends the process without memory. */
void *sc_alloc_zeroed(size_t count, size_t size);
/** As realloc, but never NULL: ends the process without memory. */
void *sc_realloc(void *ptr, size_t size);
/** Memory, not zeroed, or NULL. */
void *sc_try_alloc(size_t size);
/** A NUL-terminated copy; never NULL. */
char *sc_strdup(sc_str_t str);

/**
 * A condition that holds unless we have a bug; kept in release. Never on what came from a peer, our other
 * processes included.
 */
#define sc_assert(condition)                                                                       \
    ((condition) ? (void)0 : sc_assert_failed(#condition, __FILE__, __LINE__))

_Noreturn void sc_assert_failed(const char *condition, const char *file, int line);
/** Logs why and ends the process with abort(): the master sees it and starts another. */
_Noreturn void sc_die(const char *format, ...) SC_PRINTF(1, 2);

#endif
