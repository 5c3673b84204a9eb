/*
 * bus_format.h: batches and records between a worker and a broker: bytes in, bytes out, no I/O.
 *
 * A batch is one nanomsg message: a header, then records until its end. All numbers are little endian and
 * unsigned; nothing is aligned.
 *
 *      0      3         4          12           20      28          36
 *     +------+---------+----------+------------+-------+-----------+----------...
 *     | SCB  | version | sender 8 | receiver 8 | seq 8 | confirm 8 | records
 *     +------+---------+----------+------------+-------+-----------+----------...
 *
 *     sender    instance of the process that sends: another one after every restart, never 0
 *     receiver  instance that the batch is meant for; 0: the sender doesn't know the other side (yet)
 *     seq       number of the batch, from 1, counted for each pair of instances; 0: a hello, which has no records.
 *               Without a receiver it wants an answer, with one it is the answer
 *     confirm   every batch of the other side up to this number has been dealt with; in a hello: how often the sender
 *               has begun anew, so that a hello that was repeated is told from one on another connection
 *
 *     type 1                                         what follows
 *     +---+----------+---------+
 *     | 1 | length 2 | channel |                     SUBSCRIBE    worker to broker: send me its messages
 *     | 2 |          |         |                     UNSUBSCRIBE  worker to broker
 *     | 3 |          |         |                     SUBSCRIBED   broker to worker: answers SUBSCRIBE
 *     +---+----------+---------+
 *     | 4 |                                          SYNCED       worker to broker: you know all that stands
 *     +---+----------+---------------+-------+---------+------+
 *     | 5 | length 2 | data length 4 | seq 8 | channel | data | PUBLISH  worker to broker; seq is the worker's,
 *     +---+----------+---------------+-------+---------+------+          from 1 for each broker
 *     | 6 | length 2 | data length 4 | seq 8 | origin 8 | channel | data |  MESSAGE  broker to worker
 *     +---+----------+---------------+-------+---------+------+---------+
 *     | 7 | count 4 | seq 8 |                        ACK          broker to worker: publications seq to
 *     +---+---------+-------+----------+-----------+              seq + count - 1 are safe
 *     | 8 | length 1 | length 4 | plugin | payload |  PLUGIN       either way, between the halves of a plugin
 *     +---+----------+----------+--------+---------+
 *
 * A data length of 0xffffffff means that there is no data, which is not the same as empty data.
 */
#ifndef SC_COMMON_BUS_FORMAT_H
#define SC_COMMON_BUS_FORMAT_H

#include <sc/types.h>

#define SC_BUS_HEADER_BYTES 36u
/** Longest data or payload of a record, in bytes. */
#define SC_BUS_DATA_BYTES_MAX 0x7fffffffu

typedef struct sc_bus_header {
    uint64_t sender;
    uint64_t receiver;
    uint64_t seq;
    uint64_t confirm;
} sc_bus_header_t;

typedef enum sc_bus_type {
    SC_BUS_SUBSCRIBE = 1,
    SC_BUS_UNSUBSCRIBE,
    SC_BUS_SUBSCRIBED,
    SC_BUS_SYNCED,
    SC_BUS_PUBLISH,
    SC_BUS_MESSAGE,
    SC_BUS_ACK,
    SC_BUS_PLUGIN,
} sc_bus_type_t;

/** One record; which fields count is in the drawing above. */
typedef struct sc_bus_record {
    sc_bus_type_t type;
    uint32_t count;
    uint64_t seq;
    uint64_t origin;
    sc_str_t name; /* the channel's or the plugin's */
    sc_str_t data; /* data or payload; none: there is none */
} sc_bus_record_t;

/** Reads the records of a batch. The spans that it hands out lie in the batch. */
typedef struct sc_bus_reader {
    const char *at;
    const char *end;
} sc_bus_reader_t;

/** Writes SC_BUS_HEADER_BYTES bytes. */
void sc_bus_header_write(char *out, const sc_bus_header_t *header);
/** @return SC_OK; SC_ERR_PROTOCOL: too short, another version, or no sender */
SC_MUST_CHECK sc_status_t sc_bus_header_read(sc_str_t batch, sc_bus_header_t *header);

/** Bytes that the record takes. Its lengths must be within the limits that sc_bus_reader_next checks. */
size_t sc_bus_record_size(const sc_bus_record_t *record);
/** Writes a record: sc_bus_record_size bytes. */
void sc_bus_record_write(char *out, const sc_bus_record_t *record);

/** Starts at the first record of a batch whose header was read. */
void sc_bus_reader_init(sc_bus_reader_t *reader, sc_str_t batch);
bool sc_bus_reader_is_at_end(const sc_bus_reader_t *reader);
/**
 * Reads the next record; the reader is not at its end.
 *
 * @return SC_OK; SC_ERR_PROTOCOL: cut off, an unknown type, or a length or number that can't be
 */
SC_MUST_CHECK sc_status_t sc_bus_reader_next(sc_bus_reader_t *reader, sc_bus_record_t *record);

/** The broker that carries a channel, 0 to `broker_count` - 1: the same in every process. */
uint32_t sc_bus_broker_of(sc_str_t channel, uint32_t broker_count);

/* An instance says whose it is, so that no two processes of a cluster have the same one:
 * 16 bits for the process, 16 for how often it was restarted, 32 random ones. */

/** A new instance of a worker. */
uint64_t sc_bus_worker_instance(uint32_t worker_id, uint32_t restart_count);
/** A new instance of a broker. */
uint64_t sc_bus_broker_instance(uint32_t broker_id, uint32_t restart_count);
/** Whether the instance is of a process that was started later than the one of `restart_count`. */
bool sc_bus_instance_is_after(uint64_t instance, uint32_t restart_count);

#endif
