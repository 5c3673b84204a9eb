#include "common/alloc.h"

#include "common/log.h"

#include <stdarg.h>
#include <stdio.h>

static void *must_have(void *ptr, size_t size)
{
    if (ptr == NULL)
        sc_die("out of memory: %zu bytes", size);
    return ptr;
}

void *sc_alloc_zeroed(size_t count, size_t size)
{
    return must_have(calloc(count, size), count * size);
}

void *sc_realloc(void *ptr, size_t size)
{
    return must_have(realloc(ptr, size), size);
}

void *sc_try_alloc(size_t size)
{
    return malloc(size);
}

char *sc_strdup(sc_str_t str)
{
    char *copy = must_have(malloc(str.len + 1), str.len + 1);

    if (str.len > 0)
        memcpy(copy, str.ptr, str.len);
    copy[str.len] = '\0';
    return copy;
}

void sc_assert_failed(const char *condition, const char *file, int line)
{
    sc_die("bug: %s does not hold at %s:%d", condition, file, line);
}

void sc_die(const char *format, ...)
{
    char reason[512];
    va_list args;

    va_start(args, format);
    vsnprintf(reason, sizeof(reason), format, args);
    va_end(args);
    sc_log_fatal(reason);
    abort();
}
