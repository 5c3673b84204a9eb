/*
 * herald_list.h: packets about many users, as many as it takes, to all trackers of a channel in this worker or to some.
 */
#ifndef SC_HERALD_LIST_H
#define SC_HERALD_LIST_H

#include "herald.h"
#include "presence_packet.h"

/** Some trackers. */
typedef struct sc_herald_group {
    sc_socket_t **sockets;
    size_t count;
} sc_herald_group_t;

/** A list in the making. Zero but for what the maker sets. */
typedef struct sc_herald_list {
    sc_herald_t *herald;
    const sc_copy_t *copy;
    const sc_herald_group_t *to; /* NULL: all trackers */
    uint32_t timeout_ms;
    bool has_data;         /* whether presence data goes along */
    bool is_roster_packet; /* else pings */
    uint32_t part;         /* parts that were sent */
    sc_presence_names_t names;
} sc_herald_list_t;

/** Adds a user; sends a part when it is full. */
void sc_herald_list_add(sc_herald_list_t *list, const sc_member_t *member);
/** Sends the last part, and frees. Pings without users are not sent, a roster is. */
void sc_herald_list_end(sc_herald_list_t *list);

/** Hands a packet to all trackers here, or to a group of them (NULL: all). */
void sc_herald_deliver(sc_herald_t *herald, const sc_copy_t *copy, sc_str_t packet,
                       const sc_herald_group_t *to);

#endif
