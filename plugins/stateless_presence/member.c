/*
 * member.c: the users of one channel. See member.h.
 */
#include "member.h"

#include <search.h>
#include <stdlib.h>

static int compare(const void *a, const void *b)
{
    sc_str_t left = ((const sc_member_t *)a)->name;
    sc_str_t right = ((const sc_member_t *)b)->name;
    size_t common = left.len < right.len ? left.len : right.len;
    int order = common > 0 ? memcmp(left.ptr, right.ptr, common) : 0;

    return order != 0 ? order : (left.len > right.len) - (left.len < right.len);
}

/* As sc_text_add_quoted writes it, and a comma. */
static uint32_t cost_of(sc_str_t name)
{
    uint32_t cost = 3;
    size_t i;

    for (i = 0; i < name.len; i++) {
        unsigned char c = (unsigned char)name.ptr[i];

        if (c == '"' || c == '\\')
            cost += 2;
        else
            cost += c < ' ' ? 6 : 1;
    }
    return cost;
}

static sc_str_t put_text(char **place, sc_str_t text)
{
    sc_str_t copy = sc_str(*place, text.len);

    if (text.len > 0)
        memcpy(*place, text.ptr, text.len);
    *place += text.len;
    return copy;
}

void sc_members_init(sc_members_t *members, size_t member_bytes)
{
    memset(members, 0, sizeof(*members));
    TAILQ_INIT(&members->list);
    members->member_bytes = member_bytes;
}

void sc_members_deinit(sc_members_t *members)
{
    while (!TAILQ_EMPTY(&members->list))
        sc_members_remove(members, TAILQ_FIRST(&members->list));
}

void *sc_members_find(const sc_members_t *members, sc_str_t name)
{
    sc_member_t key = {.name = name};
    void *node = tfind(&key, &members->tree, compare);

    return node != NULL ? *(void **)node : NULL;
}

void *sc_members_add(sc_members_t *members, sc_str_t name, sc_str_t json)
{
    /* A string without escapes holds its own name. */
    bool is_within =
        json.len == name.len + 2 && name.len > 0 && memcmp(json.ptr + 1, name.ptr, name.len) == 0;
    sc_member_t *member = calloc(1, members->member_bytes + json.len + (is_within ? 0 : name.len));
    char *place;

    if (member == NULL)
        abort();
    place = (char *)member + members->member_bytes;
    member->json = put_text(&place, json);
    member->name = is_within ? sc_str(member->json.ptr + 1, name.len) : put_text(&place, name);
    member->cost = cost_of(name);
    if (tsearch(member, &members->tree, compare) == NULL)
        abort();
    TAILQ_INSERT_TAIL(&members->list, member, link);
    members->count++;
    members->cost += member->cost;
    return member;
}

void sc_members_remove(sc_members_t *members, void *removed)
{
    sc_member_t *member = removed;

    (void)tdelete(member, &members->tree, compare);
    TAILQ_REMOVE(&members->list, member, link);
    members->count--;
    members->cost -= member->cost;
    free((char *)member->data.ptr);
    free(member);
}

void sc_members_move_last(sc_members_t *members, sc_member_t *member)
{
    TAILQ_REMOVE(&members->list, member, link);
    TAILQ_INSERT_TAIL(&members->list, member, link);
}

bool sc_member_set_data(sc_member_t *member, sc_str_t data)
{
    char *copy = NULL;

    if (sc_str_is_none(data) == sc_str_is_none(member->data) && sc_str_equal(data, member->data))
        return false;
    if (!sc_str_is_none(data)) {
        copy = malloc(data.len + 1);
        if (copy == NULL)
            abort();
        memcpy(copy, data.ptr, data.len);
    }
    free((char *)member->data.ptr);
    member->data = sc_str(copy, data.len);
    return true;
}
