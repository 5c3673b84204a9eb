/*
 * messenger.h: a process's end of the messages between plugins (sc/message.h): who handles them here, which answers are
 * waited for, which are owed. How messages travel is the owner's: over the control link in workers and brokers, into
 * master/message_route.c in the master.
 */
#ifndef SC_COMMON_MESSENGER_H
#define SC_COMMON_MESSENGER_H

#include "common/control.h"
#include "common/map.h"

#include <sc/message.h>

/** Bytes that may wait on a control link before messages of plugins are refused: the link is there for other things too. */
#define SC_MESSAGE_BACKLOG_BYTES (8u << 20)

/**
 * Sends a control message (`message` or `messageAnswer`, see control.h) on its way.
 *
 * @param message   taken
 * @param must_go   small, and to be sent whatever waits
 * @return SC_OK; SC_ERR_STATE, SC_ERR_LIMIT: see sc_messenger_send; SC_ERR_INVALID: no such receiver
 */
typedef sc_status_t (*sc_messenger_transmit_cb)(json_t *message, bool must_go, void *arg);

struct sc_messenger {
    sc_loop_t *loop;
    uint32_t timeout_ms; /* of those who name none */
    sc_messenger_transmit_cb transmit;
    void *arg;
    uint64_t next_id;
    sc_map_t waiting;  /* calls that wait for an answer, by their id */
    sc_map_t handlers; /* by plugin */
    sc_list_t open;    /* sc_message_t that have not ended */
    uint32_t open_count;
};

void sc_messenger_init(sc_messenger_t *messenger, sc_loop_t *loop, uint32_t timeout_ms,
                       sc_messenger_transmit_cb transmit, void *arg);
/** The same for a process whose messages go over its control link; NULL behind it: there is none, as in a check. */
void sc_messenger_init_linked(sc_messenger_t *messenger, sc_loop_t *loop, uint32_t timeout_ms,
                              sc_control_t **control);
/** Frees what waits and what is owed without a word: plugins are detached by then. */
void sc_messenger_deinit(sc_messenger_t *messenger);
/** Takes control messages `message` and `messageAnswer`. @return false: it is neither. */
bool sc_messenger_take(sc_messenger_t *messenger, const char *type, const json_t *message);

/** "worker"; NULL: no such kind. */
const char *sc_process_kind_name(sc_process_kind_t kind);
/** @return SC_PROCESS_KINDS: no kind has that name. */
sc_process_kind_t sc_process_kind_by_name(const char *name);

#endif
