/*
 * presence_world.h: a cluster of two workers and one broker with both halves of stateless_presence in them, in one process and by a
 * clock of its own, with clients that behave like the published one, or like one that asks for rosters. It knows at every moment who
 * is there and what each client believes.
 *
 * Messages between the processes wait in queues until world_step takes one out. A client that gives up somebody who has been there
 * for long, and who still is, fails the test.
 */
#ifndef SC_TEST_PRESENCE_WORLD_H
#define SC_TEST_PRESENCE_WORLD_H

#include <sc/sc.h>

#define WORLD_WORKERS 2
#define WORLD_SOCKETS 24
#define WORLD_USERS 10

typedef struct world world_t;

/** `options`: of the plugin, JSON; `grace_ms`: its leaveGrace. */
world_t *world_new(const char *options, uint64_t grace_ms);
void world_free(world_t *world);

/* What clients do; a step that is not possible in a client's state does nothing. `socket`: below WORLD_SOCKETS. */
void world_connect(world_t *world, unsigned socket, unsigned worker);
void world_log_in(world_t *world, unsigned socket, unsigned user, unsigned data);
void world_log_out(world_t *world, unsigned socket);
void world_enter(world_t *world, unsigned socket);
void world_leave(world_t *world, unsigned socket);
void world_track(world_t *world, unsigned socket, bool asks_for_roster);
void world_untrack(world_t *world, unsigned socket);
/** `code`: the close code, 1006 for a connection that is lost. */
void world_close(world_t *world, unsigned socket, int code);

/* What happens to processes. */
void world_kill_worker(world_t *world, unsigned worker);
void world_kill_broker(world_t *world);

/** Hands on one message of the queue, if there is one. */
void world_step(world_t *world, unsigned queue);
#define WORLD_QUEUES (2 * WORLD_WORKERS)
void world_pass_time(world_t *world, uint32_t ms);
/** Hands on all messages, and lets `ms` pass, until nothing is under way. */
void world_settle(world_t *world, uint32_t ms);

/** Whether each client that tracks believes exactly what is so; writes down what is not. */
bool world_is_true(const world_t *world);
/** How many pongs clients have sent. */
unsigned world_pong_count(const world_t *world);
/** Whether somebody was given up wrongly; what, is on stderr. */
bool world_has_flickered(const world_t *world);

#endif
