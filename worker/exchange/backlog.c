#include "worker/exchange/backlog.h"

#include "common/alloc.h"

#define CAPACITY_MIN 16u

void sc_backlog_init(sc_backlog_t *backlog)
{
    memset(backlog, 0, sizeof(*backlog));
    backlog->first_seq = 1;
    backlog->next_seq = 1;
}

void sc_backlog_deinit(sc_backlog_t *backlog)
{
    for (uint64_t seq = backlog->first_seq; seq != backlog->next_seq; seq++)
        free(backlog->ring[seq & (backlog->capacity - 1)]);
    free(backlog->ring);
    sc_backlog_init(backlog);
}

uint64_t sc_backlog_cost(sc_str_t channel, sc_str_t data)
{
    return sizeof(sc_backlog_entry_t) + sizeof(sc_backlog_entry_t *) + channel.len + data.len;
}

static sc_backlog_entry_t **place(const sc_backlog_t *backlog, uint64_t seq)
{
    return &backlog->ring[seq & (backlog->capacity - 1)];
}

static void resize(sc_backlog_t *backlog, uint32_t capacity)
{
    sc_backlog_t other = *backlog;

    other.capacity = capacity;
    other.ring = sc_alloc_zeroed(capacity, sizeof(*other.ring));
    for (uint64_t seq = backlog->first_seq; seq != backlog->next_seq; seq++)
        *place(&other, seq) = *place(backlog, seq);
    free(backlog->ring);
    *backlog = other;
}

sc_backlog_entry_t *sc_backlog_add(sc_backlog_t *backlog, sc_str_t channel, sc_str_t data,
                                   sc_publish_done_cb done, void *arg)
{
    sc_backlog_entry_t *entry = sc_try_alloc(sizeof(*entry) + channel.len + data.len);

    if (entry == NULL)
        return NULL;
    if (backlog->next_seq - backlog->first_seq == backlog->capacity)
        resize(backlog, backlog->capacity == 0 ? CAPACITY_MIN : backlog->capacity * 2);
    entry->seq = backlog->next_seq++;
    entry->done = done;
    entry->arg = arg;
    entry->after = NULL;
    entry->channel_len = (uint32_t)channel.len;
    entry->data_len = (uint32_t)data.len;
    entry->has_data = !sc_str_is_none(data);
    if (channel.len > 0)
        memcpy(entry->bytes, channel.ptr, channel.len);
    if (data.len > 0)
        memcpy(entry->bytes + channel.len, data.ptr, data.len);
    backlog->bytes += sc_backlog_cost(channel, data);
    *place(backlog, entry->seq) = entry;
    return entry;
}

/* A ring that a wait for a broker has made large is given back. */
static void shrink(sc_backlog_t *backlog)
{
    if (backlog->first_seq != backlog->next_seq || backlog->capacity <= CAPACITY_MIN * 16)
        return;
    free(backlog->ring);
    backlog->ring = NULL;
    backlog->capacity = 0;
}

sc_backlog_entry_t *sc_backlog_take(sc_backlog_t *backlog, uint64_t seq)
{
    sc_backlog_entry_t *entry;

    if (seq < backlog->first_seq || seq >= backlog->next_seq)
        return NULL;
    entry = *place(backlog, seq);
    if (entry == NULL)
        return NULL;
    *place(backlog, seq) = NULL;
    backlog->bytes -= sc_backlog_cost(sc_backlog_channel(entry), sc_backlog_data(entry));
    while (backlog->first_seq != backlog->next_seq && *place(backlog, backlog->first_seq) == NULL)
        backlog->first_seq++;
    shrink(backlog);
    return entry;
}

sc_backlog_entry_t *sc_backlog_get(const sc_backlog_t *backlog, uint64_t seq)
{
    if (seq < backlog->first_seq || seq >= backlog->next_seq)
        return NULL;
    return *place(backlog, seq);
}

sc_str_t sc_backlog_channel(const sc_backlog_entry_t *entry)
{
    return sc_str(entry->bytes, entry->channel_len);
}

sc_str_t sc_backlog_data(const sc_backlog_entry_t *entry)
{
    return entry->has_data ? sc_str(entry->bytes + entry->channel_len, entry->data_len)
                           : sc_str_none();
}
