/*
 * link_end.h: one end of a link, for tests of the other: it writes down as text what comes, and sends what it is told.
 */
#ifndef SC_TEST_LINK_END_H
#define SC_TEST_LINK_END_H

#include "common/bus_link.h"

#include <sc/json.h>

typedef struct link_end {
    sc_bus_link_t link;
    sc_loop_t *loop;
    sc_text_t log;           /* "SUBSCRIBE a;PUBLISH 1 a=data;" */
    uint32_t instance_count; /* of the other side's processes */
    uint32_t failed_count;
    uint64_t confirmed; /* highest number */
    bool confirms;      /* each record at the end of its turn */
    bool puts_off;      /* records are not taken now */
} link_end_t;

/** Makes an empty directory for sockets. */
void make_runtime_dir(char path[64]);
void remove_runtime_dir(const char *path);

/** A descriptor that has connected to the broker's endpoint `name`, as nanomsg does; it says nothing more. */
int connect_silently(const char *runtime_dir, const char *name);
/** A descriptor that listens at `name`, to which the symbolic link `link_name` is made to point, in a broker's place. */
int listen_silently(const char *runtime_dir, const char *name, const char *link_name);
/** Whether nanomsg's handshake came, answered with our half of it. */
bool answer_handshake(int fd);

/** Opens an end with a new instance. It is a broker's, or a worker's. */
void link_end_open(link_end_t *end, sc_loop_t *loop, const char *runtime_dir, uint32_t broker_id,
                   uint32_t worker_id, bool is_broker);
void link_end_close(link_end_t *end);
/** Turns until the other side is known, and forgets what was written down. */
void link_end_meet(link_end_t *end);
/** Turns until that, and no more, was written down; then forgets it. */
void link_end_expect(link_end_t *end, const char *log);
/** Whether each side has taken all that the other one has sent, or can't: it is unknown, failed, or puts records off. */
bool link_is_settled(const sc_bus_link_t *one, const sc_bus_link_t *other);
/** Adds a record of a name and data, NULL: none. */
void link_end_send(link_end_t *end, sc_bus_type_t type, const char *name, const char *data);
/** Adds a PUBLISH, or a MESSAGE. */
void link_end_send_message(link_end_t *end, sc_bus_type_t type, uint64_t origin, uint64_t seq,
                           const char *channel, const char *data);

#endif
