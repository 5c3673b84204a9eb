#include "master/api_master.h"

#include "common/alloc.h"
#include "common/timer.h"
#include "master/master.h"

#include <sys/wait.h>

uint32_t sc_master_worker_count(const sc_master_t *master)
{
    return (uint32_t)master->options->workers;
}

uint32_t sc_master_broker_count(const sc_master_t *master)
{
    return (uint32_t)master->options->brokers;
}

uint64_t sc_master_now_ms(const sc_master_t *master)
{
    return sc_loop_now_ms(&master->loop);
}

sc_status_t sc_master_option(const sc_master_t *master, const char *name, sc_text_t *out)
{
    const sc_option_t *option = sc_option_by_json_name(sc_str_from(name));

    return option != NULL ? sc_option_to_json(master->options, option, out) : SC_ERR_NOT_FOUND;
}

sc_messenger_t *sc_master_messenger(sc_master_t *master)
{
    return &master->messenger;
}

sc_timer_t *sc_master_timer(sc_master_t *master, uint32_t first_ms, uint32_t every_ms,
                            sc_master_timer_cb callback, void *arg)
{
    return sc_timer_start(&master->loop, &master->timers, first_ms, every_ms, callback, arg);
}

sc_status_t sc_master_replace_worker(sc_master_t *master, uint32_t worker)
{
    if (worker >= master->options->workers)
        return SC_ERR_INVALID;
    return sc_master_replace(master, &master->workers[worker]);
}

/* ---- Events ---------------------------------------------------------------------------------------------------- */

sc_status_t sc_master_on(sc_master_t *master, sc_master_event_type_t type,
                         sc_master_event_cb callback, void *arg)
{
    sc_master_listener_t listener = {callback, arg};
    sc_master_hooks_t *hooks = &master->hooks;
    uint32_t count;

    if ((unsigned)type >= SC_MASTER_EVENT_TYPES || callback == NULL)
        return SC_ERR_INVALID;
    count = hooks->by_type[type].count + 1;
    hooks->by_type[type].items = sc_realloc(hooks->by_type[type].items, count * sizeof(listener));
    hooks->by_type[type].items[count - 1] = listener;
    hooks->by_type[type].count = count;
    return SC_OK;
}

void sc_master_hooks_deinit(sc_master_hooks_t *hooks)
{
    for (unsigned type = 0; type < SC_MASTER_EVENT_TYPES; type++)
        free(hooks->by_type[type].items);
    memset(hooks, 0, sizeof(*hooks));
}

static void describe(sc_master_event_t *event, const sc_child_t *child)
{
    event->process = sc_process(
        child->kind == SC_CHILD_WORKER ? SC_PROCESS_WORKER : SC_PROCESS_BROKER, child->id);
    event->restart_count = child->restart_count;
    event->pid = child->pid;
    if (event->type != SC_MASTER_EVENT_ENDED)
        return;
    event->pid = child->ended_pid;
    event->exit_code = WIFEXITED(child->wait_status) ? WEXITSTATUS(child->wait_status) : -1;
    event->signal = WIFSIGNALED(child->wait_status) ? WTERMSIG(child->wait_status) : 0;
}

void sc_master_hooks_tell(const sc_master_hooks_t *hooks, sc_master_event_type_t type,
                          const sc_child_t *child, bool was_asked)
{
    sc_master_event_t event = {.type = type, .was_asked = was_asked};

    if (child != NULL)
        describe(&event, child);
    for (uint32_t i = 0; i < hooks->by_type[type].count; i++) {
        sc_master_listener_t listener = hooks->by_type[type].items[i];

        listener.callback(&event, listener.arg);
    }
}
