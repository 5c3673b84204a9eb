#include "common/timer.h"

#include "common/alloc.h"

struct sc_timer {
    sc_list_t node;
    sc_wheel_timer_t wheel_timer;
    sc_loop_t *loop;
    uint32_t every_ms;
    bool is_firing;
    bool is_stopped; /* while firing: freed when the callback is back */
    sc_timer_cb callback;
    void *arg;
};

static void free_timer(sc_timer_t *timer)
{
    sc_wheel_stop(&timer->loop->wheel, &timer->wheel_timer);
    sc_list_remove(&timer->node);
    free(timer);
}

static void on_fire(sc_wheel_timer_t *wheel_timer)
{
    sc_timer_t *timer = sc_list_entry(wheel_timer, sc_timer_t, wheel_timer);

    /* Started again first: a slow callback must not put off what comes after it. */
    if (timer->every_ms > 0)
        sc_wheel_start(&timer->loop->wheel, &timer->wheel_timer, timer->every_ms);
    timer->is_firing = true;
    timer->callback(timer->arg);
    timer->is_firing = false;
    if (timer->is_stopped || timer->every_ms == 0)
        free_timer(timer);
}

sc_timer_t *sc_timer_start(sc_loop_t *loop, sc_list_t *timers, uint32_t first_ms, uint32_t every_ms,
                           sc_timer_cb callback, void *arg)
{
    sc_timer_t *timer = sc_new(sc_timer_t);

    timer->loop = loop;
    timer->every_ms = every_ms;
    timer->callback = callback;
    timer->arg = arg;
    sc_list_init(&timer->node);
    sc_list_append(timers, &timer->node);
    sc_wheel_timer_init(&timer->wheel_timer, on_fire);
    sc_wheel_start(&loop->wheel, &timer->wheel_timer, first_ms);
    return timer;
}

void sc_timer_stop(sc_timer_t *timer)
{
    if (timer == NULL)
        return;
    if (timer->is_firing)
        timer->is_stopped = true;
    else
        free_timer(timer);
}

void sc_timer_stop_all(sc_list_t *timers)
{
    while (!sc_list_is_empty(timers))
        free_timer(sc_list_entry(timers->next, sc_timer_t, node));
}
