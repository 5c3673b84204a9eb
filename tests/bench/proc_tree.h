/*
 * proc_tree.h: CPU time and memory of a server with all processes that it started.
 */
#ifndef SC_BENCH_PROC_TREE_H
#define SC_BENCH_PROC_TREE_H

#include <stdint.h>
#include <sys/types.h>

enum { SC_TREE_MAX = 64, SC_TREE_NAME_BYTES = 24 };

typedef struct sc_tree_process {
    pid_t pid;
    char name[SC_TREE_NAME_BYTES];
    uint64_t cpu_ns; /* user and system, all threads */
} sc_tree_process_t;

typedef struct sc_tree {
    uint32_t count;
    sc_tree_process_t processes[SC_TREE_MAX];
} sc_tree_t;

typedef struct sc_tree_memory {
    uint64_t pss_bytes;           /* shared pages divided among those that share them */
    uint64_t private_dirty_bytes; /* what the processes wrote themselves */
} sc_tree_memory_t;

/** Takes the time of `root` and its descendants as they are now. */
void sc_tree_read(sc_tree_t *tree, pid_t root);
/** @return the sum over all processes of `after` of what they used since `before` */
uint64_t sc_tree_used_ns(const sc_tree_t *before, const sc_tree_t *after);
/** Prints "name":{"sc-worker-0":share,...}: CPU microseconds of each process, divided by `divisor`. */
void sc_tree_print(const sc_tree_t *before, const sc_tree_t *after, const char *name,
                   double divisor);
void sc_tree_memory(const sc_tree_t *tree, sc_tree_memory_t *memory);
/** @return CPU time of this process */
uint64_t sc_own_cpu_ns(void);

#endif
