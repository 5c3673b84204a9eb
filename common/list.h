/*
 * list.h: doubly linked list whose nodes lie in the objects. A node that is in no list points at itself.
 */
#ifndef SC_COMMON_LIST_H
#define SC_COMMON_LIST_H

#include <stdbool.h>
#include <stddef.h>

typedef struct sc_list {
    struct sc_list *next;
    struct sc_list *prev;
} sc_list_t;

/** The object of `type` whose `member` is the node. */
#define sc_list_entry(node, type, member) ((type *)(void *)((char *)(node)-offsetof(type, member)))

/** Walks a list from its head's first node; `node` may be removed in the body. */
#define sc_list_each(node, head)                                                                   \
    for (sc_list_t *node = (head)->next, *node##_next = node->next; node != (head);                \
         node = node##_next, node##_next = node->next)

static inline void sc_list_init(sc_list_t *node)
{
    node->next = node;
    node->prev = node;
}

static inline bool sc_list_is_empty(const sc_list_t *head)
{
    return head->next == head;
}

/** Whether a node is in a list. */
static inline bool sc_list_is_linked(const sc_list_t *node)
{
    return node->next != node;
}

/** Puts a node that is in no list at the end. */
static inline void sc_list_append(sc_list_t *head, sc_list_t *node)
{
    node->next = head;
    node->prev = head->prev;
    head->prev->next = node;
    head->prev = node;
}

/** Takes a node out of its list; one that is in none stays so. */
static inline void sc_list_remove(sc_list_t *node)
{
    node->prev->next = node->next;
    node->next->prev = node->prev;
    sc_list_init(node);
}

/** Takes the first node out; NULL: the list is empty. */
static inline sc_list_t *sc_list_pop(sc_list_t *head)
{
    sc_list_t *node = head->next;

    if (node == head)
        return NULL;
    sc_list_remove(node);
    return node;
}

/** Moves all nodes of `from` to the end of `to`. */
static inline void sc_list_move_all(sc_list_t *to, sc_list_t *from)
{
    if (sc_list_is_empty(from))
        return;
    from->next->prev = to->prev;
    to->prev->next = from->next;
    from->prev->next = to;
    to->prev = from->prev;
    sc_list_init(from);
}

#endif
