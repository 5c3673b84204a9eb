/*
 * cost.c: counts what the process asks of the C library and of the kernel. To be loaded with LD_PRELOAD, so that its functions
 * come before those of the C library, and as a plugin, so that a test can ask.
 *
 *     call "cost"  answered with {"allocations","copied_bytes","sends","receives","live_bytes"}, since the process started
 *
 * Calls are counted for the thread of the loop alone; nanomsg's thread has its own. Bytes are those of all threads.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* RTLD_NEXT */
#endif

#include <sc/sc.h>

#include <dlfcn.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/uio.h>

/* glibc's own, beneath the names that are taken here. */
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *ptr, size_t size);
extern void __libc_free(void *ptr);

static _Thread_local uint64_t allocations;
static _Thread_local uint64_t copied_bytes;
static _Thread_local uint64_t sends;
static _Thread_local uint64_t receives;
static atomic_llong live_bytes;

/* ---- Memory -------------------------------------------------------------------------------------------------- */

static void *note(void *ptr)
{
    if (ptr != NULL) {
        allocations++;
        atomic_fetch_add(&live_bytes, (long long)malloc_usable_size(ptr));
    }
    return ptr;
}

static void forget(void *ptr)
{
    if (ptr != NULL)
        atomic_fetch_sub(&live_bytes, (long long)malloc_usable_size(ptr));
}

SC_API void *malloc(size_t size)
{
    return note(__libc_malloc(size));
}

SC_API void *calloc(size_t count, size_t size)
{
    return note(__libc_calloc(count, size));
}

SC_API void *realloc(void *ptr, size_t size)
{
    long long before = ptr != NULL ? (long long)malloc_usable_size(ptr) : 0;
    void *moved = __libc_realloc(ptr, size);

    if (moved != NULL || size == 0)
        atomic_fetch_sub(&live_bytes, before);
    return note(moved);
}

SC_API void free(void *ptr)
{
    forget(ptr);
    __libc_free(ptr);
}

/* ---- Copies -------------------------------------------------------------------------------------------------- */

/* Copies whose length the compiler knows are no calls and not seen; those of payloads are. Written so that the compiler does not
 * make a call of memcpy of it. */
static void copy(void *to, const void *from, size_t len, bool is_backward)
{
    volatile char *target = to;
    const volatile char *source = from;

    copied_bytes += len;
    for (size_t i = 0; i < len; i++) {
        size_t at = is_backward ? len - 1 - i : i;

        target[at] = source[at];
    }
}

SC_API void *memcpy(void *restrict to, const void *restrict from, size_t len)
{
    copy(to, from, len, false);
    return to;
}

SC_API void *memmove(void *to, const void *from, size_t len)
{
    copy(to, from, len, (uintptr_t)to > (uintptr_t)from);
    return to;
}

/* ---- System calls -------------------------------------------------------------------------------------------- */

/* POSIX has dlsym give functions as object pointers. */
#define NEXT(function) (*(__typeof__(&(function)) *)&(void *){dlsym(RTLD_NEXT, #function)})

SC_API ssize_t send(int fd, const void *bytes, size_t len, int flags)
{
    sends++;
    return NEXT(send)(fd, bytes, len, flags);
}

SC_API ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    sends++;
    return NEXT(sendmsg)(fd, message, flags);
}

SC_API ssize_t writev(int fd, const struct iovec *vectors, int count)
{
    sends++;
    return NEXT(writev)(fd, vectors, count);
}

SC_API ssize_t recv(int fd, void *bytes, size_t len, int flags)
{
    receives++;
    return NEXT(recv)(fd, bytes, len, flags);
}

/* ---- The plugin ---------------------------------------------------------------------------------------------- */

static void on_cost(sc_call_t *call, void *arg)
{
    char text[200];
    int len =
        snprintf(text, sizeof(text),
                 "{\"allocations\":%llu,\"copied_bytes\":%llu,\"sends\":%llu,\"receives\":%llu,"
                 "\"live_bytes\":%lld}",
                 (unsigned long long)allocations, (unsigned long long)copied_bytes,
                 (unsigned long long)sends, (unsigned long long)receives,
                 (long long)atomic_load(&live_bytes));

    (void)arg;
    sc_call_answer(call, sc_str(text, (size_t)len));
}

static sc_status_t attach(sc_worker_t *worker, sc_str_t options, void **state)
{
    (void)options;
    (void)state;
    return sc_worker_on_call(worker, "cost", on_cost, NULL);
}

SC_WORKER_PLUGIN("cost", "1.0.0", attach, NULL);
