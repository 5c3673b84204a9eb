/*
 * message.h: messages between the processes of a cluster: a plugin in the master, in a worker or in a broker speaks to
 * the plugin of the same name in another process, and may get an answer.
 *
 * Messages go through the master, over the link that each process has with it. They are for what is rare: settings, requests,
 * orders. What is frequent, or many shall hear, is published (exchange.h); what has to keep its order with
 * publications goes to the broker half of a plugin (sc_exchange_send).
 *
 * What is promised: messages of one process to one other arrive in their order, each at most once. One whose process
 * ends before it has read it is lost; whoever waits for its answer is told so at once. A process that ends itself calls
 * no callback any more.
 */
#ifndef SC_MESSAGE_H
#define SC_MESSAGE_H

#include <sc/socket.h>

SC_EXTERN_C_BEGIN

/** Longest data of a message, and of its answer, in bytes. */
#define SC_MESSAGE_BYTES_MAX 1048576
/** Answers that one process may wait for, and messages that it may have without having ended them. */
#define SC_MESSAGES_MAX 4096

/** A kind of process, or all of a kind. */
typedef enum sc_process_kind {
    SC_PROCESS_MASTER,
    SC_PROCESS_WORKER,
    SC_PROCESS_BROKER,
    SC_PROCESS_ALL_WORKERS, /* that are there, the sender too if it is one; as a receiver only */
    SC_PROCESS_ALL_BROKERS, /* likewise */
    SC_PROCESS_KINDS
} sc_process_kind_t;

/** A process of the cluster. */
typedef struct sc_process {
    sc_process_kind_t kind;
    uint32_t id; /* of a worker or a broker, from 0; else 0 */
} sc_process_t;

static inline sc_process_t sc_process(sc_process_kind_t kind, uint32_t id)
{
    sc_process_t process;

    process.kind = kind;
    process.id = id;
    return process;
}

/** What a process sends and gets messages with; one per process, there as long as it is. */
typedef struct sc_messenger sc_messenger_t;
/** A message that has come. */
typedef struct sc_message sc_message_t;

SC_API sc_messenger_t *sc_worker_messenger(sc_worker_t *worker);
SC_API sc_messenger_t *sc_broker_messenger(sc_broker_t *broker);
SC_API sc_messenger_t *sc_master_messenger(sc_master_t *master);

/**
 * A message came. The callback must end it once, then or later: with sc_message_answer, sc_message_fail or
 * sc_message_drop. It stays valid until then, even if its sender waits no longer.
 */
typedef void (*sc_message_handler_cb)(sc_message_t *message, void *arg);

/**
 * Handles messages to a plugin; one handler per plugin. Register in `attach`: messages that come earlier wait.
 *
 * @param plugin  the plugin's own name; copied
 * @return SC_OK; SC_ERR_INVALID: the name; SC_ERR_STATE: it has a handler already
 * Thread: the process's only. Since ABI 1.
 */
SC_API SC_MUST_CHECK sc_status_t sc_messenger_on(sc_messenger_t *messenger, const char *plugin,
                                                 sc_message_handler_cb callback, void *arg);

/**
 * Sends a message. A worker or broker that is starting gets it as soon as its plugins are attached. Sending to
 * oneself goes the same way; only the master can't.
 *
 * @param plugin        to whom: the name under which it called sc_messenger_on
 * @param data          JSON text in UTF-8, none for none; at most SC_MESSAGE_BYTES_MAX; passed on as it is, not
 *                      checked; copied
 * @param callback,arg  if not NULL, called once in a later turn: with the answer (SC_OK, and `data` or `error`), or with
 *                      SC_ERR_STATE: there is no such process now, or it ended before it answered;
 *                      SC_ERR_NOT_FOUND: no plugin of that name handles messages there;
 *                      SC_ERR_LIMIT: too much waits for that process; SC_ERR_TIMEOUT.
 *                      NULL for all workers or brokers: ask each for itself
 * @param timeout_ms    0: option ipcAckTimeout
 * @return SC_OK; else the callback will not be called: SC_ERR_INVALID: the receiver, the plugin's name, data that is no
 *         UTF-8 or a callback for all; SC_ERR_LIMIT: `data` is too long, or SC_MESSAGES_MAX answers or too many bytes
 *         wait; SC_ERR_STATE: the master's link is gone, or, in the master, there is no such process now
 * Thread: the process's only. Since ABI 1.
 */
SC_API SC_MUST_CHECK sc_status_t sc_messenger_send(sc_messenger_t *messenger, sc_process_t to,
                                                   const char *plugin, sc_str_t data,
                                                   sc_answer_cb callback, void *arg,
                                                   uint32_t timeout_ms);

/** Who sent it. */
SC_API sc_process_t sc_message_from(const sc_message_t *message);
/** JSON text as it was sent, none if there was none. Lives until the message ends. */
SC_API sc_str_t sc_message_data(const sc_message_t *message);
/** Whether the sender waits for an answer; without, answering sends nothing and does no harm. */
SC_API bool sc_message_wants_answer(const sc_message_t *message);
/** Answers and ends the message. `data`: JSON text in UTF-8, none for no result; copied. What is too long, or no UTF-8, reaches
 *  the sender as SC_ERR_LIMIT or SC_ERR_INVALID. */
SC_API void sc_message_answer(sc_message_t *message, sc_str_t data);
/** Answers with an error and ends the message. `error`: JSON text, any value but none; copied. */
SC_API void sc_message_fail(sc_message_t *message, sc_str_t error);
/** Ends the message without an answer; the sender will time out. */
SC_API void sc_message_drop(sc_message_t *message);

SC_EXTERN_C_END

#endif
