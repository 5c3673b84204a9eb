/*
 * backlog.h: what this worker has published through one broker and the broker has not acknowledged. Numbers are
 * given without gaps, so the entries lie in a ring that is indexed by them.
 */
#ifndef SC_EXCHANGE_BACKLOG_H
#define SC_EXCHANGE_BACKLOG_H

#include <sc/exchange.h>

typedef struct sc_backlog_entry {
    uint64_t seq;
    sc_publish_done_cb done; /* may be NULL */
    void *arg;
    void (*after)(void *arg); /* called after `done`; NULL: nobody waits for it */
    void *after_arg;
    uint32_t channel_len;
    uint32_t data_len;
    bool has_data;
    char bytes[]; /* channel, then data */
} sc_backlog_entry_t;

typedef struct sc_backlog {
    sc_backlog_entry_t **ring; /* NULL at a place: acknowledged before an older one */
    uint32_t capacity;         /* 0 or a power of two */
    uint64_t first_seq;        /* the oldest that may be unacknowledged */
    uint64_t next_seq;         /* the next publication's */
    uint64_t bytes;            /* that the entries take */
} sc_backlog_t;

/** Numbers begin at 1. */
void sc_backlog_init(sc_backlog_t *backlog);
/** Frees all entries; nobody is told. */
void sc_backlog_deinit(sc_backlog_t *backlog);
/** Bytes that a publication would take. */
uint64_t sc_backlog_cost(sc_str_t channel, sc_str_t data);
/**
 * Keeps a publication; channel and data are copied.
 *
 * @return the entry, borrowed, with its number; NULL: no memory
 */
sc_backlog_entry_t *sc_backlog_add(sc_backlog_t *backlog, sc_str_t channel, sc_str_t data,
                                   sc_publish_done_cb done, void *arg);
/** Takes an entry out: the caller frees it. NULL: it is not there (any more). */
sc_backlog_entry_t *sc_backlog_take(sc_backlog_t *backlog, uint64_t seq);
/** The entry of that number, borrowed, or NULL. Walk from first_seq to next_seq for all. */
sc_backlog_entry_t *sc_backlog_get(const sc_backlog_t *backlog, uint64_t seq);

sc_str_t sc_backlog_channel(const sc_backlog_entry_t *entry);
sc_str_t sc_backlog_data(const sc_backlog_entry_t *entry);

#endif
