#include "common/wheel.h"

#include "common/alloc.h"

/* 34 years: far beyond any option, and safe to add to a clock. */
#define DELAY_MS_MAX ((uint64_t)1 << 40)

static uint64_t tick_at(uint64_t now_ms)
{
    return now_ms / SC_WHEEL_TICK_MS;
}

void sc_wheel_init(sc_wheel_t *wheel, uint64_t (*clock)(void *arg), void *clock_arg)
{
    for (uint32_t i = 0; i < SC_WHEEL_SLOTS; i++) {
        sc_list_init(&wheel->near[i]);
        sc_list_init(&wheel->far[i]);
    }
    wheel->clock = clock;
    wheel->clock_arg = clock_arg;
    wheel->tick = tick_at(clock(clock_arg));
    wheel->next_tick = UINT64_MAX;
    wheel->count = 0;
}

void sc_wheel_timer_init(sc_wheel_timer_t *timer, void (*fire)(sc_wheel_timer_t *timer))
{
    sc_list_init(&timer->node);
    timer->due_tick = 0;
    timer->fire = fire;
}

bool sc_wheel_is_running(const sc_wheel_timer_t *timer)
{
    return sc_list_is_linked(&timer->node);
}

/* Puts a timer into its slot and notes when that slot has to be looked at. */
static void place(sc_wheel_t *wheel, sc_wheel_timer_t *timer)
{
    uint64_t block = timer->due_tick / SC_WHEEL_SLOTS;
    uint64_t look_tick = timer->due_tick;

    if (timer->due_tick - wheel->tick < SC_WHEEL_SLOTS) {
        sc_list_append(&wheel->near[timer->due_tick % SC_WHEEL_SLOTS], &timer->node);
    } else {
        sc_list_append(&wheel->far[block % SC_WHEEL_SLOTS], &timer->node);
        look_tick = block * SC_WHEEL_SLOTS;
    }
    if (look_tick < wheel->next_tick)
        wheel->next_tick = look_tick;
}

void sc_wheel_start(sc_wheel_t *wheel, sc_wheel_timer_t *timer, uint64_t delay_ms)
{
    uint64_t due_ms = wheel->clock(wheel->clock_arg);

    due_ms += delay_ms < DELAY_MS_MAX ? delay_ms : DELAY_MS_MAX;
    sc_wheel_stop(wheel, timer);
    timer->due_tick = tick_at(due_ms + SC_WHEEL_TICK_MS - 1);
    if (timer->due_tick <= wheel->tick)
        timer->due_tick = wheel->tick + 1;
    place(wheel, timer);
    wheel->count++;
}

void sc_wheel_stop(sc_wheel_t *wheel, sc_wheel_timer_t *timer)
{
    if (!sc_wheel_is_running(timer))
        return;
    sc_list_remove(&timer->node);
    sc_assert(wheel->count > 0);
    wheel->count--;
}

/* Moves what is due in the block of 256 ticks that begins now to the near slots. What is due whole rounds later lies
 * in the same far slot and stays. */
static void cascade(sc_wheel_t *wheel)
{
    uint64_t block = wheel->tick / SC_WHEEL_SLOTS;
    sc_list_t moved;

    sc_list_init(&moved);
    sc_list_move_all(&moved, &wheel->far[block % SC_WHEEL_SLOTS]);
    for (sc_list_t *node = sc_list_pop(&moved); node != NULL; node = sc_list_pop(&moved))
        place(wheel, sc_list_entry(node, sc_wheel_timer_t, node));
}

/* A timer's callback may stop, start or free any timer, its own too: so one at a time, from a list of its own that they
 * can be taken out of. */
static void fire_slot(sc_wheel_t *wheel)
{
    sc_list_t due;
    sc_list_t *node;

    sc_list_init(&due);
    sc_list_move_all(&due, &wheel->near[wheel->tick % SC_WHEEL_SLOTS]);
    while ((node = sc_list_pop(&due)) != NULL) {
        sc_wheel_timer_t *timer = sc_list_entry(node, sc_wheel_timer_t, node);

        wheel->count--;
        timer->fire(timer);
    }
}

static uint64_t find_next_tick(const sc_wheel_t *wheel)
{
    uint64_t block = wheel->tick / SC_WHEEL_SLOTS;
    uint64_t next_tick = UINT64_MAX;

    for (uint64_t i = 1; i <= SC_WHEEL_SLOTS && next_tick == UINT64_MAX; i++) {
        if (!sc_list_is_empty(&wheel->far[(block + i) % SC_WHEEL_SLOTS]))
            next_tick = (block + i) * SC_WHEEL_SLOTS;
    }
    for (uint64_t i = 1; i < SC_WHEEL_SLOTS && wheel->tick + i < next_tick; i++) {
        if (!sc_list_is_empty(&wheel->near[(wheel->tick + i) % SC_WHEEL_SLOTS]))
            next_tick = wheel->tick + i;
    }
    return next_tick;
}

void sc_wheel_advance(sc_wheel_t *wheel)
{
    uint64_t now_tick = tick_at(wheel->clock(wheel->clock_arg));

    while (wheel->next_tick <= now_tick) {
        wheel->tick = wheel->next_tick;
        if (wheel->tick % SC_WHEEL_SLOTS == 0)
            cascade(wheel);
        fire_slot(wheel);
        wheel->next_tick = find_next_tick(wheel);
    }
    if (wheel->tick < now_tick)
        wheel->tick = now_tick;
}
