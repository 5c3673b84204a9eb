/*
 * report.h: what a worker tells brokers (presence_note.h), each the one that carries the channel's presence channel.
 */
#ifndef SC_REPORT_H
#define SC_REPORT_H

#include "presence_note.h"
#include "presence_user.h"

/** The broker that hears of a channel. */
uint32_t sc_report_broker_of(const sc_worker_t *worker, sc_str_t channel);
/** Sends a note. @return false: the broker is away */
bool sc_report(sc_worker_t *worker, const sc_presence_note_t *note);
/** A user is in the channel. `socket_id`: of the socket that is to be announced; none: nobody is */
void sc_report_add(sc_worker_t *worker, sc_str_t channel, const sc_presence_user_t *user,
                   sc_str_t socket_id);
/** A user has lost its last socket here. `is_lost`: its connection was not closed in order */
void sc_report_drop(sc_worker_t *worker, sc_str_t channel, const sc_presence_user_t *user,
                    bool is_lost);

#endif
