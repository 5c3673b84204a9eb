/*
 * bus_link.h: one nanomsg pair in the loop: batches out and in, the queue when the other side takes no more, and
 * the instance of the other side.
 *
 * What is added in a turn goes out as one batch at its end. Both sides start with a hello, repeated until the
 * other has answered:
 *
 *     UNKNOWN --a batch of the other side's process--> KNOWN --of a new process--> KNOWN, all counts from 1
 *     KNOWN --sc_bus_link_forget--> UNKNOWN
 *     KNOWN --queue limit, malformed or missing batch--> FAILED --of a new process--> KNOWN
 *
 * Two sides have met when each has heard from the other that it is known. A side that waits too long for that makes a
 * new endpoint and begins anew, for nanomsg's connection may be none (bus_endpoint.h): a worker only while the broker
 * is UNKNOWN to it, for then nothing but hellos can be lost. It waits twice as long each time.
 *
 * Records can be added while KNOWN; otherwise they are dropped, for nobody would know what to do with them.
 */
#ifndef SC_COMMON_BUS_LINK_H
#define SC_COMMON_BUS_LINK_H

#include "common/bus_endpoint.h"
#include "common/bus_format.h"
#include "common/loop.h"

/** A batch is sent once it has this many bytes; a longer record makes a batch of its own. */
#define SC_BUS_BATCH_BYTES_MAX (1u << 20)

typedef struct sc_bus_link sc_bus_link_t;

typedef struct sc_bus_handler {
    /** The other side is a process that was not known before; its first records follow. */
    void (*on_instance)(sc_bus_link_t *link);
    /**
     * A record; its spans are borrowed.
     * @return false: not now. The link stops reading and hands the record out again after sc_bus_link_resume.
     */
    bool (*on_record)(sc_bus_link_t *link, const sc_bus_record_t *record);
    /** The other side has dealt with all our batches up to `seq`; may be NULL. */
    void (*on_confirm)(sc_bus_link_t *link, uint64_t seq);
    /** This turn's batch is about to go: the last moment to add to it; may be NULL. */
    void (*on_flush)(sc_bus_link_t *link);
    /** The link is of no more use before the other side has been restarted (logged). It may be within
     *  sc_bus_link_add. */
    void (*on_failed)(sc_bus_link_t *link);
} sc_bus_handler_t;

typedef struct sc_bus_setup {
    sc_loop_t *loop;
    const char *runtime_dir;
    uint32_t broker_id;
    uint32_t worker_id;
    bool is_broker;    /* the broker binds, the worker connects */
    uint64_t instance; /* of this process */
    uint64_t
        queue_bytes_max; /* batches that wait for the other side; beyond, the link fails. 0: any number */
    const sc_bus_handler_t *handler;
} sc_bus_setup_t;

typedef struct sc_bus_batch {
    sc_list_t node; /* in queue */
    char *msg;      /* of nanomsg */
    size_t len;
    uint64_t seq;
} sc_bus_batch_t;

/** Embedded in a broker's peer or a worker's broker link. All members are this file's own. */
struct sc_bus_link {
    sc_bus_setup_t setup;
    sc_bus_endpoint_t endpoint;
    struct event *receive_event;
    struct event *send_event;
    sc_turn_task_t flush_task;
    sc_wheel_timer_t hello_timer;
    sc_wheel_timer_t look_timer; /* of a worker: whether the broker is another one */
    uint64_t instance;           /* the other side's; 0: UNKNOWN */
    uint64_t gone_instance; /* the last one that was forgotten: what still comes from it is void */
    uint64_t begin_count;   /* how often this side has begun anew, with a new endpoint */
    uint64_t other_begin_count; /* of the other side, by its last hello */
    uint32_t waited_ms;         /* for the other side, since we have begun */
    uint32_t patience_ms;       /* so long */
    bool has_met;               /* the other side has named us */
    bool is_failed;
    bool is_hello_due;
    bool
        is_header_due; /* a batch without records, if there are none: something is to be confirmed */
    char *msg;         /* batch in the making, NULL: none */
    size_t len;
    size_t capacity;
    sc_list_t queue; /* sc_bus_batch_t, full ones that could not be sent yet */
    uint64_t queue_bytes;
    uint64_t sent_seq;     /* of the last batch that was completed */
    uint64_t received_seq; /* of the last batch that came */
    uint64_t handled_seq;  /* of the last one whose records were all handed out */
    char *held_msg;        /* the batch that on_record put off */
    sc_bus_reader_t held;  /* its records from the put off one on */
    uint64_t batches_sent;
    uint64_t batches_received;
};

/** @return SC_OK; SC_ERR_IO: nanomsg refused (logged); the link is closed then */
SC_MUST_CHECK sc_status_t sc_bus_link_open(sc_bus_link_t *link, const sc_bus_setup_t *setup);
/** Closes a link, opened or zero; what waits is dropped. */
void sc_bus_link_close(sc_bus_link_t *link);

/** Whether the other side is there, as far as we know. */
bool sc_bus_link_is_known(const sc_bus_link_t *link);
/**
 * Adds a record to this turn's batch; copied.
 *
 * @return number of the batch that carries it; 0: dropped, the link is not KNOWN
 */
uint64_t sc_bus_link_add(sc_bus_link_t *link, const sc_bus_record_t *record);
/** Calls on_flush at the end of this turn, even if nothing is added. */
void sc_bus_link_flush_later(sc_bus_link_t *link);
/** What has come is to be confirmed at the end of this turn, without waiting for records that could carry it. */
void sc_bus_link_confirm_later(sc_bus_link_t *link);
/** Reads on after an on_record that returned false. */
void sc_bus_link_resume(sc_bus_link_t *link);
/** The other side's process has ended. */
void sc_bus_link_forget(sc_bus_link_t *link);
/** The other side sent what can't be: logs `reason` and fails the link. */
void sc_bus_link_fail(sc_bus_link_t *link, const char *reason);

#endif
