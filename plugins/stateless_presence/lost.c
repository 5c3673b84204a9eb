/*
 * lost.c: see lost.h.
 */
#include "lost.h"

#include <stdlib.h>

static void remove_first(sc_lost_t *lost)
{
    sc_lost_user_t *first = TAILQ_FIRST(&lost->users);

    TAILQ_REMOVE(&lost->users, first, link);
    sc_presence_user_unref(first->user);
    free(first);
}

void sc_lost_init(sc_lost_t *lost)
{
    TAILQ_INIT(&lost->users);
}

void sc_lost_deinit(sc_lost_t *lost)
{
    while (!TAILQ_EMPTY(&lost->users))
        remove_first(lost);
}

void sc_lost_add(sc_lost_t *lost, sc_str_t channel, sc_presence_user_t *user, uint64_t until_ms)
{
    sc_lost_user_t *added = malloc(sizeof(*added) + channel.len);

    if (added == NULL)
        abort();
    if (channel.len > 0)
        memcpy(added + 1, channel.ptr, channel.len);
    added->channel = sc_str((char *)(added + 1), channel.len);
    added->user = sc_presence_user_ref(user);
    added->until_ms = until_ms;
    TAILQ_INSERT_TAIL(&lost->users, added, link);
}

void sc_lost_prune(sc_lost_t *lost, uint64_t now_ms)
{
    while (!TAILQ_EMPTY(&lost->users) && TAILQ_FIRST(&lost->users)->until_ms <= now_ms)
        remove_first(lost);
}
