/*
 * request.h: what workers ask the master for (sc_master_request in sc/exchange.h).
 */
#ifndef SC_MASTER_REQUEST_H
#define SC_MASTER_REQUEST_H

#include "master/master.h"

/** Handles a control message `request` and sends its `answer`, whatever the request is. */
void sc_request_handle(sc_master_t *master, sc_child_t *child, const json_t *message);

#endif
