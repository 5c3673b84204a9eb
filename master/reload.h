/*
 * reload.h: the rolling restart (SIGUSR2). Workers are replaced one by one: one drains and ends, its successor takes over
 * the listening socket, in whose backlog connections wait meanwhile, and serves; then comes the next. (Old and new can't
 * overlap: a worker's links to the brokers are its number's, not its process's.)
 */
#ifndef SC_MASTER_RELOAD_H
#define SC_MASTER_RELOAD_H

#include "master/master.h"

/** Begins a rolling restart; one that is going on goes on. @return whether it began */
bool sc_reload_start(sc_master_t *master);
/** A worker serves: if it is the successor that is waited for, the next is replaced. */
void sc_reload_on_ready(sc_master_t *master, const sc_child_t *worker);
/** The cluster stops: no more replacing. */
void sc_reload_cancel(sc_master_t *master);

#endif
