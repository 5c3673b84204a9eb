/*
 * test_presence_property.c: whatever clients do and whatever dies, in whatever order messages are taken: when nothing is under way
 * any more, each tracker believes exactly what is so, and nobody who stayed was given up meanwhile. Thousands of random steps over two
 * workers and a broker (presence_world.h), through changes of the mode.
 *
 * A run that fails names its seed; SC_SEED repeats it, SC_RUNS makes more.
 */
#include "presence_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define STEPS 1500
#define SETTLE_EVERY 60

typedef struct setting {
    const char *options;
    uint32_t grace_ms;
    unsigned kill_weight; /* of a hundred steps */
} setting_t;

static void act(world_t *world, unsigned *seed, const setting_t *setting)
{
    unsigned socket = (unsigned)rand_r(seed) % WORLD_SOCKETS;
    unsigned number = (unsigned)rand_r(seed);
    static const int codes[] = {1000, 1006, 4001, 1001};

    if ((unsigned)rand_r(seed) % 1000 < setting->kill_weight) {
        if (number % 3 == 0)
            world_kill_worker(world, number / 3 % WORLD_WORKERS);
        else
            world_kill_broker(world);
        return;
    }
    world_connect(world, socket, number % WORLD_WORKERS);
    switch (number / WORLD_WORKERS % 10) {
    case 0:
    case 1:
        world_log_in(world, socket, number / 64 % WORLD_USERS, number / 1024 % 4);
        break;
    case 2:
    case 3:
        world_enter(world, socket);
        break;
    case 4:
        world_leave(world, socket);
        break;
    case 5:
    case 6:
        world_track(world, socket, number / 64 % 2 == 0);
        break;
    case 7:
        world_untrack(world, socket);
        break;
    case 8:
        world_close(world, socket, codes[number / 64 % 4]);
        break;
    default:
        world_log_out(world, socket);
    }
}

static bool run(const setting_t *setting, unsigned first_seed)
{
    world_t *world = world_new(setting->options, setting->grace_ms);
    unsigned seed = first_seed;
    bool is_true = true;
    int step;

    for (step = 1; is_true && step <= STEPS; step++) {
        act(world, &seed, setting);
        /* Some messages are taken now, others after what comes next. */
        while (rand_r(&seed) % 4 != 0)
            world_step(world, (unsigned)rand_r(&seed) % WORLD_QUEUES);
        if (rand_r(&seed) % 8 == 0)
            world_pass_time(world, (uint32_t)rand_r(&seed) % 40);
        if (step % SETTLE_EVERY == 0) {
            world_settle(world, setting->grace_ms + 1200);
            is_true = world_is_true(world) && !world_has_flickered(world);
        }
    }
    world_free(world);
    return is_true;
}

static void run_all(const setting_t *setting)
{
    const char *fixed = getenv("SC_SEED");
    const char *runs = getenv("SC_RUNS");
    unsigned count = runs != NULL ? (unsigned)atoi(runs) : 12;
    unsigned i;

    if (fixed != NULL) {
        assert_true(run(setting, (unsigned)atoi(fixed)));
        return;
    }
    for (i = 1; i <= count; i++) {
        if (!run(setting, i))
            fail_msg("options %s: SC_SEED=%u", setting->options, i);
    }
}

/* Nothing times out here: a leave that is lost is a ghost for ever. */
#define FOR_EVER "\"presenceInterval\":1000,\"presenceTimeout\":80000000"

static void no_leave_is_lost_in_original_mode(void **state)
{
    const setting_t setting = {"{" FOR_EVER ",\"mode\":\"original\"}", 0, 0};

    (void)state;
    run_all(&setting);
}

static void no_leave_is_lost_when_processes_die(void **state)
{
    const setting_t setting = {"{" FOR_EVER ",\"mode\":\"original\"}", 0, 25};

    (void)state;
    run_all(&setting);
}

static void no_leave_is_lost_in_roster_mode(void **state)
{
    const setting_t setting = {"{" FOR_EVER ",\"mode\":\"roster\"}", 0, 25};

    (void)state;
    run_all(&setting);
}

static void no_leave_is_lost_while_the_mode_changes_to_and_fro(void **state)
{
    const setting_t setting = {"{" FOR_EVER ",\"rosterThreshold\":3}", 0, 25};

    (void)state;
    run_all(&setting);
}

static void after_a_grace_all_is_true_again(void **state)
{
    const setting_t setting = {"{" FOR_EVER ",\"rosterThreshold\":3,\"leaveGrace\":300}", 300, 15};

    (void)state;
    run_all(&setting);
}

/* Here everything times out soon that is not named again. */
static void nobodys_time_runs_out_while_the_mode_changes_to_and_fro(void **state)
{
    const setting_t setting = {
        "{\"presenceInterval\":400,\"rosterThreshold\":3,\"maxPingBandwidth\":330}", 0, 15};

    (void)state;
    run_all(&setting);
}

static void in_roster_mode_there_are_no_pongs(void **state)
{
    world_t *world = world_new("{\"mode\":\"roster\"}", 0);
    unsigned i;

    (void)state;
    for (i = 0; i < WORLD_SOCKETS; i++) {
        world_connect(world, i, i % WORLD_WORKERS);
        world_log_in(world, i, i % WORLD_USERS, 0);
        world_track(world, i, i % 2 == 0);
        world_enter(world, i);
    }
    world_settle(world, 200);
    assert_true(world_is_true(world));
    assert_int_equal(world_pong_count(world), 0);
    world_free(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_leave_is_lost_in_original_mode),
        cmocka_unit_test(no_leave_is_lost_when_processes_die),
        cmocka_unit_test(no_leave_is_lost_in_roster_mode),
        cmocka_unit_test(no_leave_is_lost_while_the_mode_changes_to_and_fro),
        cmocka_unit_test(after_a_grace_all_is_true_again),
        cmocka_unit_test(nobodys_time_runs_out_while_the_mode_changes_to_and_fro),
        cmocka_unit_test(in_roster_mode_there_are_no_pongs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
