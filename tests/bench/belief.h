/*
 * belief.h: what each simulated client believes about who is present, compared at every change with who
 * really is.
 *
 * `rooms` rooms of `room_size` members are dealt to `clients` clients in turn, like cards, so that client,
 * room and a member's place follow from each other by arithmetic: place p = room * room_size + k belongs to
 * client p % clients.
 */
#ifndef SC_BENCH_BELIEF_H
#define SC_BENCH_BELIEF_H

#include "histogram.h"

#include <stdbool.h>
#include <stdint.h>

typedef enum sc_user_state {
    SC_USER_AWAY,    /* never was there */
    SC_USER_JOINING, /* has asked to subscribe */
    SC_USER_PRESENT, /* all its subscriptions are answered */
    SC_USER_GONE
} sc_user_state_t;

typedef struct sc_user {
    sc_user_state_t state;
    uint64_t since_ns;       /* of joining or going */
    uint64_t believer_count; /* entries of clients that are there and hold this user for present */
} sc_user_t;

typedef struct sc_belief {
    uint32_t client_count;
    uint32_t room_count;
    uint32_t room_size;
    uint32_t rooms_each; /* for each client */
    sc_user_t *users;
    uint32_t *expiry_ms; /* for each client, of its rooms, of their members; 0: absent */
    uint64_t start_ns;
    uint64_t last_change_ns;
    uint64_t true_count;    /* entries: present, and it is so */
    uint64_t ghost_count;   /* entries: present, but gone */
    uint64_t flicker_count; /* a user was taken for gone that was there all the time */
    uint64_t
        phantom_count; /* a user was taken for present that never came or went over a second ago */
    sc_histogram_t join_time;  /* from when both have subscribed until one knows */
    sc_histogram_t leave_time; /* from a user's end until a client knows */
} sc_belief_t;

void sc_belief_init(sc_belief_t *belief, uint32_t clients, uint32_t rooms, uint32_t room_size);
void sc_belief_deinit(sc_belief_t *belief);

/** @return the n-th room of a client */
uint32_t sc_belief_room(const sc_belief_t *belief, uint32_t client, uint32_t nth);

/** A client learns that a user is in a room. */
void sc_belief_present(sc_belief_t *belief, uint32_t client, uint32_t room, uint32_t user,
                       uint64_t timeout_ms, uint64_t now_ns);
/** A client learns that a user has left. */
void sc_belief_absent(sc_belief_t *belief, uint32_t client, uint32_t room, uint32_t user,
                      uint64_t now_ns);
/** Drops what has timed out, as each client does once a second. */
void sc_belief_expire(sc_belief_t *belief, uint64_t now_ns);

void sc_belief_set_user(sc_belief_t *belief, uint32_t user, sc_user_state_t state, uint64_t now_ns);
/** A user goes, and its client forgets everything. */
void sc_belief_user_gone(sc_belief_t *belief, uint32_t user, uint64_t now_ns);

/** @return whether each client that is there believes exactly what is so */
bool sc_belief_is_exact(const sc_belief_t *belief);

#endif
