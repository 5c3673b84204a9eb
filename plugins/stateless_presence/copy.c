/*
 * copy.c: the data of copies. See copy.h.
 */
#include "copy.h"

#include <sc/socket.h>
#include <search.h>
#include <stdlib.h>

/* More places than these are given back when nobody waits. */
#define NEWCOMERS_KEPT 16u

static int compare(const void *a, const void *b)
{
    sc_str_t left = ((const sc_copy_t *)a)->name;
    sc_str_t right = ((const sc_copy_t *)b)->name;
    size_t common = left.len < right.len ? left.len : right.len;
    int order = common > 0 ? memcmp(left.ptr, right.ptr, common) : 0;

    return order != 0 ? order : (left.len > right.len) - (left.len < right.len);
}

/* ---- All copies --------------------------------------------------------------------------------------- */

void sc_copies_init(sc_copies_t *copies)
{
    copies->tree = NULL;
    TAILQ_INIT(&copies->list);
}

void sc_copies_deinit(sc_copies_t *copies)
{
    while (!TAILQ_EMPTY(&copies->list))
        sc_copies_remove(copies, TAILQ_FIRST(&copies->list));
}

sc_copy_t *sc_copies_find(const sc_copies_t *copies, sc_str_t name)
{
    sc_copy_t key = {.name = name};
    void *node = tfind(&key, &copies->tree, compare);

    return node != NULL ? *(void **)node : NULL;
}

sc_copy_t *sc_copies_add(sc_copies_t *copies, sc_str_t name)
{
    sc_copy_t *copy = calloc(1, sizeof(*copy) + name.len);

    if (copy == NULL)
        abort();
    if (name.len > 0)
        memcpy(copy + 1, name.ptr, name.len);
    copy->name = sc_str((char *)(copy + 1), name.len);
    sc_members_init(&copy->members, sizeof(sc_copied_t));
    TAILQ_INIT(&copy->pending);
    if (tsearch(copy, &copies->tree, compare) == NULL)
        abort();
    TAILQ_INSERT_TAIL(&copies->list, copy, link);
    return copy;
}

void sc_copies_remove(sc_copies_t *copies, sc_copy_t *copy)
{
    (void)tdelete(copy, &copies->tree, compare);
    TAILQ_REMOVE(&copies->list, copy, link);
    sc_copy_clear_newcomers(copy);
    free(copy->newcomers);
    sc_members_deinit(&copy->members);
    free(copy);
}

/* ---- Users -------------------------------------------------------------------------------------------- */

sc_copied_t *sc_copy_add(sc_copy_t *copy, sc_str_t name, sc_str_t json, bool *is_new)
{
    sc_copied_t *copied = sc_members_find(&copy->members, name);

    *is_new = copied == NULL;
    return copied != NULL ? copied : sc_members_add(&copy->members, name, json);
}

void sc_copy_set_pending(sc_copy_t *copy, sc_copied_t *copied, bool is_pending)
{
    if (copied->is_pending == is_pending)
        return;
    copied->is_pending = is_pending;
    if (is_pending)
        TAILQ_INSERT_TAIL(&copy->pending, copied, pending_link);
    else
        TAILQ_REMOVE(&copy->pending, copied, pending_link);
}

void sc_copy_remove(sc_copy_t *copy, sc_copied_t *copied)
{
    sc_copy_set_pending(copy, copied, false);
    sc_members_remove(&copy->members, copied);
}

/* ---- Newcomers ------------------------------------------------------------------------------------------ */

void sc_copy_add_newcomer(sc_copy_t *copy, sc_socket_t *socket, sc_answer_t answer)
{
    if (copy->newcomer_count == copy->newcomer_capacity) {
        copy->newcomer_capacity = copy->newcomer_capacity == 0 ? 4 : copy->newcomer_capacity * 2;
        copy->newcomers =
            realloc(copy->newcomers, copy->newcomer_capacity * sizeof(*copy->newcomers));
        if (copy->newcomers == NULL)
            abort();
    }
    copy->newcomers[copy->newcomer_count].socket = sc_socket_ref(socket);
    copy->newcomers[copy->newcomer_count++].answer = answer;
}

void sc_copy_clear_newcomers(sc_copy_t *copy)
{
    uint32_t i;

    for (i = 0; i < copy->newcomer_count; i++)
        sc_socket_unref(copy->newcomers[i].socket);
    copy->newcomer_count = 0;
    if (copy->newcomer_capacity <= NEWCOMERS_KEPT)
        return;
    free(copy->newcomers);
    copy->newcomers = NULL;
    copy->newcomer_capacity = 0;
}
