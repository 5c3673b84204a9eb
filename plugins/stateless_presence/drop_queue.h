/*
 * drop_queue.h: the drops that a worker has told one broker and that it has not yet confirmed, oldest first.
 *
 * Usually it holds the drops of the last two seconds. While a broker is down it grows, up to a limit; beyond
 * it the oldest drops are forgotten: their users time out in place of leaving.
 */
#ifndef SC_DROP_QUEUE_H
#define SC_DROP_QUEUE_H

#include <sc/types.h>
#include <sys/queue.h>

/** Most that a queue holds, in bytes of memory. */
#define SC_DROP_QUEUE_BYTES_MAX (8u * 1024 * 1024)

/** One drop. Read only. */
typedef struct sc_drop {
    TAILQ_ENTRY(sc_drop) link;
    uint64_t number;
    sc_str_t channel;
    sc_str_t name; /* of the user */
    sc_str_t json;
} sc_drop_t;

typedef struct sc_drop_queue {
    TAILQ_HEAD(sc_drop_list, sc_drop) drops;
    uint64_t last_number; /* of the drop that was pushed last; 0 at first */
    size_t bytes;
    uint64_t forgotten_count; /* drops that the limit has cost, ever */
} sc_drop_queue_t;

void sc_drop_queue_init(sc_drop_queue_t *queue);
void sc_drop_queue_deinit(sc_drop_queue_t *queue);

/** Adds a drop with the next number; all copied. @return it, until the next call. */
const sc_drop_t *sc_drop_queue_push(sc_drop_queue_t *queue, sc_str_t channel, sc_str_t name,
                                    sc_str_t json);
/** Forgets the drops up to and with a number. */
void sc_drop_queue_confirm(sc_drop_queue_t *queue, uint64_t number);

#endif
