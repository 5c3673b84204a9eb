#include "common/loop.h"

#include "common/alloc.h"
#include "common/log.h"

#include <time.h>

/* Work may lead to more work. Beyond this many passes the rest waits for the next turn, so that a chain of work can't
 * keep descriptors and timers waiting. */
#define PASSES_MAX 16

static uint64_t read_clock_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

uint64_t sc_loop_now_ms(const sc_loop_t *loop)
{
    /* Reading the clock late is no change that a caller could notice. */
    sc_loop_t *mutable_loop = (sc_loop_t *)loop;

    if (loop->is_asleep) {
        mutable_loop->turn_ms = read_clock_ms();
        mutable_loop->is_asleep = false;
    }
    return loop->turn_ms;
}

static uint64_t wheel_clock(void *arg)
{
    return sc_loop_now_ms(arg);
}

/* Only wakes the loop: each turn advances the wheel. */
static void on_wheel_due(evutil_socket_t fd, short what, void *arg)
{
    sc_loop_t *loop = arg;

    (void)fd;
    (void)what;
    loop->armed_tick = UINT64_MAX;
}

sc_status_t sc_loop_init(sc_loop_t *loop)
{
    memset(loop, 0, sizeof(*loop));
    loop->is_asleep = true;
    loop->armed_tick = UINT64_MAX;
    for (int phase = 0; phase < SC_TURN_PHASES; phase++)
        sc_list_init(&loop->tasks[phase]);
    sc_wheel_init(&loop->wheel, wheel_clock, loop);
    loop->base = event_base_new();
    if (loop->base == NULL)
        return SC_ERR_IO;
    loop->wheel_event = evtimer_new(loop->base, on_wheel_due, loop);
    if (loop->wheel_event == NULL) {
        sc_loop_deinit(loop);
        return SC_ERR_IO;
    }
    return SC_OK;
}

void sc_loop_deinit(sc_loop_t *loop)
{
    if (loop->wheel_event != NULL)
        event_free(loop->wheel_event);
    if (loop->base != NULL)
        event_base_free(loop->base);
    loop->wheel_event = NULL;
    loop->base = NULL;
}

/* One libevent timer for the wheel's next work. It is left alone while it fires soon enough: a wheel whose timers were
 * all stopped costs one waking. */
static void arm_wheel(sc_loop_t *loop)
{
    uint64_t due_ms;
    uint64_t now_ms;
    struct timeval wait;

    if (loop->wheel.next_tick >= loop->armed_tick)
        return;
    now_ms = sc_loop_now_ms(loop);
    due_ms = loop->wheel.next_tick * SC_WHEEL_TICK_MS;
    due_ms = due_ms > now_ms ? due_ms - now_ms : 0;
    wait.tv_sec = (time_t)(due_ms / 1000);
    wait.tv_usec = (suseconds_t)(due_ms % 1000 * 1000);
    if (event_add(loop->wheel_event, &wait) != 0)
        sc_die("the loop's timer can't be started");
    loop->armed_tick = loop->wheel.next_tick;
}

static void run_phase(sc_loop_t *loop, sc_turn_phase_t phase)
{
    sc_list_t tasks;
    sc_list_t *node;

    sc_list_init(&tasks);
    sc_list_move_all(&tasks, &loop->tasks[phase]);
    while ((node = sc_list_pop(&tasks)) != NULL) {
        sc_turn_task_t *task = sc_list_entry(node, sc_turn_task_t, node);

        task->run(task);
    }
}

static bool has_tasks(const sc_loop_t *loop, int phases)
{
    for (int phase = 0; phase < phases; phase++) {
        if (!sc_list_is_empty(&loop->tasks[phase]))
            return true;
    }
    return false;
}

static void end_turn(sc_loop_t *loop)
{
    for (int pass = 0; pass < PASSES_MAX && has_tasks(loop, SC_TURN_FREE); pass++) {
        for (int phase = 0; phase < SC_TURN_FREE; phase++)
            run_phase(loop, (sc_turn_phase_t)phase);
    }
    run_phase(loop, SC_TURN_FREE);
}

void sc_loop_run(sc_loop_t *loop)
{
    while (!loop->is_stopping) {
        int flags = EVLOOP_ONCE | EVLOOP_NO_EXIT_ON_EMPTY;

        loop->turn_count++;
        arm_wheel(loop);
        if (has_tasks(loop, SC_TURN_PHASES))
            flags = EVLOOP_NONBLOCK;
        loop->is_asleep = true;
        if (event_base_loop(loop->base, flags) < 0)
            sc_die("the event loop failed");
        sc_wheel_advance(&loop->wheel);
        end_turn(loop);
    }
}

void sc_loop_stop(sc_loop_t *loop)
{
    loop->is_stopping = true;
}

void sc_turn_task_init(sc_turn_task_t *task, void (*run)(sc_turn_task_t *task))
{
    sc_list_init(&task->node);
    task->run = run;
}

void sc_loop_defer(sc_loop_t *loop, sc_turn_phase_t phase, sc_turn_task_t *task)
{
    if (!sc_list_is_linked(&task->node))
        sc_list_append(&loop->tasks[phase], &task->node);
}

void sc_turn_task_cancel(sc_turn_task_t *task)
{
    sc_list_remove(&task->node);
}
