/*
 * master_link.h: what a worker's plugins say to the master (sc_master_request), and what other workers' plugins say to them
 * through it (sc_worker_on_relay).
 */
#ifndef SC_WORKER_MASTER_LINK_H
#define SC_WORKER_MASTER_LINK_H

#include "common/control.h"

#include <sc/exchange.h>

/** Requests that may wait for the master's answer; more are refused with SC_ERR_LIMIT. */
#define SC_MASTER_REQUESTS_MAX 1024u

typedef struct sc_master_link {
    sc_loop_t *loop;
    sc_control_t **control; /* the worker's; NULL behind it: no master, as in a check */
    uint32_t timeout_ms;
    uint32_t request_count; /* waiting */
    uint64_t next_id;
    sc_list_t requests;
    sc_list_t relay_listeners;
} sc_master_link_t;

void sc_master_link_init(sc_master_link_t *link, sc_loop_t *loop, sc_control_t **control,
                         uint32_t timeout_ms);
/** Drops what waits without a word: plugins are detached by then. */
void sc_master_link_deinit(sc_master_link_t *link);
/** Takes `answer` and `relay` messages. @return false: it is neither. */
bool sc_master_link_on_message(sc_master_link_t *link, const char *type, const json_t *message);

#endif
