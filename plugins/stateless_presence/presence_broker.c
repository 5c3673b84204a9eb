/*
 * presence_broker.c: the broker half. It knows which workers have which users in the channels whose presence
 * this broker carries, and publishes the leave when the last of them has lost one.
 *
 * A broker that has just started does not know yet who is where: until all workers have told it, it holds leaves
 * back. It confirms a drop only when the leave has been on its way for a second, so that a broker's death costs no
 * leave; trackers ignore the leave of somebody who is not there, so saying one twice does no harm.
 */
#include "presence.h"

#include "presence_change.h"
#include "presence_channel.h"
#include "presence_option.h"
#include "presence_packet.h"
#include "presence_user.h"
#include "roster.h"

#include <sc/broker.h>
#include <stdlib.h>

/* How often drops are confirmed: those that were done by the time before. */
#define CONFIRM_EVERY_MS 1000

/* Numbers of a worker's drops: confirmed <= aged <= done. 0: none. */
typedef struct worker_drops {
    uint64_t done;
    uint64_t aged; /* done by the last time */
    uint64_t confirmed;
} worker_drops_t;

typedef struct presence {
    sc_broker_t *broker;
    sc_roster_t *roster; /* holders are workers */
    sc_roster_t
        *held; /* who has lost its last holder before we were ready; the holder means nothing */
    worker_drops_t *drops; /* one for each worker */
    uint32_t worker_count;
    bool is_ready;
} presence_t;

static void publish_leave(presence_t *presence, sc_str_t channel, sc_str_t username)
{
    char place[SC_CHANNEL_BYTES_MAX];
    sc_text_t packet = {0};
    sc_status_t status;

    sc_presence_packet_leave(&packet, username);
    status = sc_broker_publish(presence->broker, sc_presence_channel_of(channel, place),
                               sc_text_str(&packet));
    sc_text_free(&packet);
    if (status != SC_OK)
        sc_log(SC_LOG_WARN, "presence leave not published: %s", sc_status_name(status));
}

static void on_gone(sc_str_t channel, sc_str_t name, sc_str_t json, void *arg)
{
    presence_t *presence = arg;

    if (presence->is_ready)
        publish_leave(presence, channel, json);
    else
        (void)sc_roster_add(presence->held, channel, name, json, 0);
}

/* A drop of somebody whom we never had means that the worker told our predecessor: it leaves now. */
static void drop(presence_t *presence, uint32_t worker, const sc_presence_change_t *change,
                 const sc_presence_user_t *user)
{
    (void)sc_roster_drop(presence->roster, change->channel, user->name, worker);
    if (!sc_roster_has(presence->roster, change->channel, user->name))
        on_gone(change->channel, user->name, user->json, presence);
    if (change->number > presence->drops[worker].done)
        presence->drops[worker].done = change->number;
}

static void on_message(const sc_broker_event_t *event, void *arg)
{
    presence_t *presence = arg;
    sc_presence_change_t change;
    sc_presence_user_t *user = NULL;
    sc_str_t subject;

    if (event->worker < presence->worker_count &&
        sc_presence_change_read(event->data, &change) == SC_OK &&
        change.type != SC_PRESENCE_CONFIRM &&
        sc_presence_channel_kind(change.channel, &subject) == SC_PRESENCE_ORDINARY)
        user = sc_presence_user_new(change.username);
    if (user == NULL) {
        sc_log(SC_LOG_WARN, "worker %u sent an unknown presence message", event->worker);
        return;
    }
    if (change.type == SC_PRESENCE_ADD)
        (void)sc_roster_add(presence->roster, change.channel, user->name, user->json,
                            event->worker);
    else
        drop(presence, event->worker, &change, user);
    sc_presence_user_free(user);
}

/* Its successor numbers its drops from 1 again. */
static void on_worker_down(const sc_broker_event_t *event, void *arg)
{
    presence_t *presence = arg;

    if (event->worker >= presence->worker_count)
        return;
    memset(&presence->drops[event->worker], 0, sizeof(presence->drops[event->worker]));
    sc_roster_drop_holder(presence->roster, event->worker, on_gone, presence);
}

static void on_ready(const sc_broker_event_t *event, void *arg)
{
    presence_t *presence = arg;
    const sc_roster_channel_t *channel = NULL;
    const sc_roster_member_t *member;

    (void)event;
    presence->is_ready = true;
    while ((channel = sc_roster_next_channel(presence->held, channel)) != NULL) {
        TAILQ_FOREACH(member, &channel->members, link)
        {
            if (!sc_roster_has(presence->roster, channel->name, member->name))
                publish_leave(presence, channel->name, member->json);
        }
    }
    sc_roster_free(presence->held);
    presence->held = sc_roster_new();
}

static void confirm(presence_t *presence, uint32_t worker)
{
    worker_drops_t *drops = &presence->drops[worker];
    sc_presence_change_t change = {.type = SC_PRESENCE_CONFIRM, .number = drops->aged};
    sc_text_t bytes = {0};
    sc_status_t status = SC_OK;

    if (drops->aged > drops->confirmed) {
        sc_presence_change_write(&bytes, &change);
        status = sc_broker_send(presence->broker, worker, SC_PRESENCE_PLUGIN, sc_text_str(&bytes));
        sc_text_free(&bytes);
    }
    if (status == SC_OK)
        drops->confirmed = drops->aged;
    drops->aged = drops->done;
}

static void on_confirm_time(void *arg)
{
    presence_t *presence = arg;
    uint32_t worker;

    if (!presence->is_ready)
        return;
    for (worker = 0; worker < presence->worker_count; worker++)
        confirm(presence, worker);
}

/* ---- The plugin's life --------------------------------------------------------------------------------- */

static presence_t *new_presence(sc_broker_t *broker)
{
    presence_t *presence = calloc(1, sizeof(*presence));

    if (presence == NULL)
        abort();
    presence->broker = broker;
    presence->worker_count = sc_broker_worker_count(broker);
    presence->drops = calloc(presence->worker_count, sizeof(*presence->drops));
    if (presence->drops == NULL)
        abort();
    presence->roster = sc_roster_new();
    presence->held = sc_roster_new();
    return presence;
}

static sc_status_t attach(sc_broker_t *broker, sc_str_t text, void **state)
{
    char error[256];
    sc_presence_options_t options;
    presence_t *presence;
    sc_status_t status = sc_presence_option_read(text, &options, error, sizeof(error));

    if (status != SC_OK) {
        sc_log(SC_LOG_ERROR, "plugin " SC_PRESENCE_PLUGIN ": %s", error);
        return status;
    }
    presence = new_presence(broker);
    *state = presence;
    status = sc_broker_on(broker, SC_PRESENCE_PLUGIN, SC_BROKER_MESSAGE, on_message, presence);
    if (status == SC_OK)
        status = sc_broker_on(broker, SC_PRESENCE_PLUGIN, SC_BROKER_WORKER_DOWN, on_worker_down,
                              presence);
    if (status == SC_OK)
        status = sc_broker_on(broker, SC_PRESENCE_PLUGIN, SC_BROKER_READY, on_ready, presence);
    if (status == SC_OK)
        (void)sc_broker_timer(broker, CONFIRM_EVERY_MS, CONFIRM_EVERY_MS, on_confirm_time,
                              presence);
    return status;
}

static void detach(sc_broker_t *broker, void *state)
{
    presence_t *presence = state;

    (void)broker;
    if (presence == NULL)
        return;
    sc_roster_free(presence->roster);
    sc_roster_free(presence->held);
    free(presence->drops);
    free(presence);
}

SC_BROKER_PLUGIN(SC_PRESENCE_PLUGIN, SC_PRESENCE_VERSION, attach, detach);
