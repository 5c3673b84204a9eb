/*
 * member.h: the users of one channel: by name, and in a row.
 *
 * Both halves keep such sets: the broker of who is there, the workers of what they have told their trackers. Names
 * are found in a balanced tree (libc's tsearch), not in a hash table: clients choose them, and no choice of theirs
 * makes a tree slow. An empty set owns no memory.
 */
#ifndef SC_MEMBER_H
#define SC_MEMBER_H

#include <sc/types.h>
#include <sys/queue.h>

/** A user in a channel; the first member of the owner's own struct. Read only. */
typedef struct sc_member {
    TAILQ_ENTRY(sc_member) link;
    sc_str_t name;
    sc_str_t json; /* of the username */
    sc_str_t data; /* presence data, JSON text; none */
    uint32_t cost; /* bytes that its name takes in a ping: quoted, and a comma */
} sc_member_t;

typedef struct sc_members {
    void *tree;
    TAILQ_HEAD(sc_member_list, sc_member) list; /* newest last, unless the owner moves them */
    size_t member_bytes;                        /* of the owner's struct */
    uint32_t count;
    uint64_t cost; /* of all */
} sc_members_t;

/** `member_bytes`: size of the owner's struct, which begins with a sc_member_t. */
void sc_members_init(sc_members_t *members, size_t member_bytes);
/** Frees all members; what an owner's struct holds is the owner's to free before. */
void sc_members_deinit(sc_members_t *members);

/** The member of that name, or NULL. */
void *sc_members_find(const sc_members_t *members, sc_str_t name);
/** Adds one that is not there; the rest of the owner's struct is zero. Copied. Without memory the process ends. */
void *sc_members_add(sc_members_t *members, sc_str_t name, sc_str_t json);
/** Takes one out and frees it. */
void sc_members_remove(sc_members_t *members, void *member);
/** Moves one to the end of the row. */
void sc_members_move_last(sc_members_t *members, sc_member_t *member);

/** Sets or, with none, takes away the data; copied. @return whether it is another than before */
bool sc_member_set_data(sc_member_t *member, sc_str_t data);

#endif
