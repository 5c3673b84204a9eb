/*
 * memory_watch.h: option killWorkerMemoryThreshold: a worker whose memory passes it is replaced. One at a time, so that its clients
 * find others to go to, and in order; one that goes on growing is not waited for.
 *
 * The master measures: a worker that is busy, or stuck, would not report. What counts is memory that is the worker's own
 * (sc_process_private_bytes).
 */
#ifndef SC_MASTER_MEMORY_WATCH_H
#define SC_MASTER_MEMORY_WATCH_H

#include "master/child.h"

/** What is to be done about a worker. */
typedef enum sc_memory_verdict {
    SC_MEMORY_GOOD,
    SC_MEMORY_WAIT,    /* over the threshold, but another one is being replaced */
    SC_MEMORY_REPLACE, /* to be replaced in order */
    SC_MEMORY_KILL,    /* told to end for this already, and grows */
} sc_memory_verdict_t;

typedef struct sc_memory_watch {
    sc_master_t *master;
    sc_wheel_timer_t timer;
} sc_memory_watch_t;

/** Begins to look, if the option asks for it. */
void sc_memory_watch_start(sc_memory_watch_t *watch, sc_master_t *master);
void sc_memory_watch_stop(sc_memory_watch_t *watch);

/**
 * Judges one worker.
 *
 * @param is_free  no other worker is being replaced
 */
sc_memory_verdict_t sc_memory_judge(const sc_child_t *worker, uint64_t bytes, uint64_t threshold,
                                    bool is_free);

#endif
