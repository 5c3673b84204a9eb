/*
 * control.h: the link between the master and a child: a socketpair that carries JSON objects, each after its length
 * (32 bits, big endian). Either side notices the end of the other by end of file.
 *
 * Messages, by their member "type":
 *   child to master   ready {port?}              it serves
 *                     request {id, data}         sc_master_request of a plugin; answered by `answer`
 *                     message {plugin, kind, process, data?, id?, timeout?}  of a plugin, to a process of that kind and
 *                                                number (sc/message.h); with an id it wants an answer. `data` is JSON in a
 *                                                string: nobody on the way looks into it
 *                     messageAnswer {id, status, data? | error?}  to a `message`; `id` is the one that came with it
 *                     stalled {worker}           from a broker: that worker takes nothing more, or their link is broken:
 *                                                to be killed and replaced
 *   master to child   stop {}                    end in order: no new connections, close sockets with 1001
 *                     drain {}                   the same for a worker that is being replaced: 4001, spread
 *                     reload {}                  SIGHUP: open the log again
 *                     secrets {secrets, ticketKeys}  to workers: keys and certificates that were read again
 *                                                (option_secret.h), good for a worker: the master has tried them
 *                     ticketKeys {ticketKeys}    to workers: other keys for TLS session tickets
 *                     answer {id, data | error}  to `request`
 *                     relay {from, data}         from another worker
 *                     message, messageAnswer     as above; kind and process are the sender's
 *                     workerDown {worker, restarts}  to brokers: the process of that worker that was started with this
 *                                                restart count has ended; to a broker that is ready, also for each
 *                                                worker that is not running then
 */
#ifndef SC_COMMON_CONTROL_H
#define SC_COMMON_CONTROL_H

#include "common/loop.h"

#include <jansson.h>

/** Longest message, in bytes: a bound against our own bugs, not a user's limit. */
#define SC_CONTROL_BYTES_MAX (16u << 20)

typedef struct sc_control sc_control_t;

/** `type`: the message's, NUL-terminated; `message` is borrowed. */
typedef void (*sc_control_message_cb)(sc_control_t *control, const char *type,
                                      const json_t *message, void *arg);
/** The other side has gone, or broke the form (logged). The link is not to be used but for sc_control_close. */
typedef void (*sc_control_closed_cb)(sc_control_t *control, void *arg);

/**
 * Makes the two ends of a link: sockets that do not block and close on exec.
 * @return SC_OK; SC_ERR_IO, errno says why
 */
SC_MUST_CHECK sc_status_t sc_control_pair(int fds[2]);

/**
 * Reads and writes one end in a loop.
 *
 * @param fd  taken
 * @return the link; never NULL
 */
sc_control_t *sc_control_open(sc_loop_t *loop, int fd, sc_control_message_cb on_message,
                              sc_control_closed_cb on_closed, void *arg);
/** Queues a message. Takes `message` (an object with a member "type"). Never blocks. */
void sc_control_send(sc_control_t *control, json_t *message);
/** Bytes that are queued. */
size_t sc_control_backlog(const sc_control_t *control);
/** Queues {"type": type}. */
void sc_control_send_type(sc_control_t *control, const char *type);
/** Closes and frees; from within a callback too. NULL does nothing. */
void sc_control_close(sc_control_t *control);

#endif
