/*
 * drop_queue.c: drops that wait for their confirmation. See drop_queue.h.
 */
#include "drop_queue.h"

#include <stdlib.h>

static size_t drop_bytes(const sc_drop_t *drop)
{
    return sizeof(*drop) + drop->channel.len + drop->name.len + drop->json.len;
}

static sc_str_t put_text(char **place, sc_str_t text)
{
    sc_str_t copy = sc_str(*place, text.len);

    if (text.len > 0)
        memcpy(*place, text.ptr, text.len);
    *place += text.len;
    return copy;
}

static void remove_first(sc_drop_queue_t *queue)
{
    sc_drop_t *drop = TAILQ_FIRST(&queue->drops);

    TAILQ_REMOVE(&queue->drops, drop, link);
    queue->bytes -= drop_bytes(drop);
    free(drop);
}

void sc_drop_queue_init(sc_drop_queue_t *queue)
{
    memset(queue, 0, sizeof(*queue));
    TAILQ_INIT(&queue->drops);
}

void sc_drop_queue_deinit(sc_drop_queue_t *queue)
{
    while (!TAILQ_EMPTY(&queue->drops))
        remove_first(queue);
}

const sc_drop_t *sc_drop_queue_push(sc_drop_queue_t *queue, sc_str_t channel, sc_str_t name,
                                    sc_str_t json)
{
    sc_drop_t *drop = malloc(sizeof(*drop) + channel.len + name.len + json.len);
    char *place;

    if (drop == NULL)
        abort();
    place = (char *)(drop + 1);
    drop->channel = put_text(&place, channel);
    drop->name = put_text(&place, name);
    drop->json = put_text(&place, json);
    drop->number = ++queue->last_number;
    TAILQ_INSERT_TAIL(&queue->drops, drop, link);
    queue->bytes += drop_bytes(drop);
    while (queue->bytes > SC_DROP_QUEUE_BYTES_MAX && TAILQ_FIRST(&queue->drops) != drop) {
        remove_first(queue);
        queue->forgotten_count++;
    }
    return drop;
}

void sc_drop_queue_confirm(sc_drop_queue_t *queue, uint64_t number)
{
    while (!TAILQ_EMPTY(&queue->drops) && TAILQ_FIRST(&queue->drops)->number <= number)
        remove_first(queue);
}
