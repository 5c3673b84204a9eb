/*
 * herald_ping.c: see herald_ping.h.
 */
#include "herald_ping.h"

#include "herald_list.h"

/* How many pings after a change to roster mode name those who were there then. */
#define UNSETTLED_PINGS 2

uint32_t sc_herald_timeout_ms(const sc_herald_t *herald, const sc_copy_t *copy)
{
    return sc_pace_timeout_ms(&herald->pace, copy->is_roster, copy->members.cost);
}

static void name_everybody(sc_herald_t *herald, sc_copy_t *copy)
{
    sc_herald_list_t list = {
        .herald = herald, .copy = copy, .timeout_ms = sc_herald_timeout_ms(herald, copy)};
    const sc_member_t *member;

    TAILQ_FOREACH(member, &copy->members.list, link)
    {
        sc_herald_list_add(&list, member);
    }
    if (copy->members.count > 0)
        sc_herald_list_end(&list);
}

/* Besides the others' budget, which is theirs by right (pace.h). @return how many have been named */
static uint32_t name_unsettled(sc_copy_t *copy, sc_herald_list_t *list)
{
    sc_copied_t *copied = (sc_copied_t *)TAILQ_FIRST(&copy->members.list);
    uint32_t named_count = 0;
    uint32_t i;

    for (i = copy->members.count; i > 0; i--) {
        sc_copied_t *next = (sc_copied_t *)TAILQ_NEXT(&copied->base, link);

        if (copied->is_unsettled) {
            sc_herald_list_add(list, &copied->base);
            sc_members_move_last(&copy->members, &copied->base);
            copied->is_unsettled = copy->unsettled_pings > 1;
            named_count++;
        }
        copied = next;
    }
    copy->unsettled_pings--;
    return named_count;
}

static void name_next(sc_herald_t *herald, sc_copy_t *copy)
{
    sc_herald_list_t list = {
        .herald = herald, .copy = copy, .timeout_ms = sc_herald_timeout_ms(herald, copy)};
    uint32_t left_count = copy->members.count;
    uint64_t cost = 0;

    if (copy->unsettled_pings > 0)
        left_count -= name_unsettled(copy, &list);
    for (; left_count > 0 && cost < herald->pace.budget_bytes; left_count--) {
        sc_member_t *member = TAILQ_FIRST(&copy->members.list);

        cost += member->cost;
        sc_herald_list_add(&list, member);
        sc_members_move_last(&copy->members, member);
    }
    if (copy->members.count > 0)
        sc_herald_list_end(&list);
}

static void on_ping_time(void *arg)
{
    sc_copy_t *copy = arg;
    sc_herald_t *herald = copy->owner;

    if (copy->is_roster)
        name_next(herald, copy);
    else
        name_everybody(herald, copy);
}

/* Each channel at its own place in the interval: a worker with many channels does not ping for all of them at once. */
void sc_herald_ping_start(sc_herald_t *herald, sc_copy_t *copy)
{
    uint32_t place = 2166136261u;
    size_t i;

    for (i = 0; i < copy->name.len; i++)
        place = (place ^ (uint8_t)copy->name.ptr[i]) * 16777619u;
    copy->ping_timer = sc_worker_timer(herald->worker, 1 + place % herald->options->interval_ms,
                                       herald->options->interval_ms, on_ping_time, copy);
}

void sc_herald_ping_change_mode(sc_herald_t *herald, sc_copy_t *copy, bool is_roster)
{
    sc_member_t *member;

    if (copy->is_roster == is_roster)
        return;
    copy->is_roster = is_roster;
    copy->unsettled_pings = is_roster ? UNSETTLED_PINGS : 0;
    TAILQ_FOREACH(member, &copy->members.list, link)
    {
        ((sc_copied_t *)member)->is_unsettled = is_roster;
    }
    if (is_roster)
        name_everybody(herald, copy);
}
