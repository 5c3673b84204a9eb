/*
 * presence.c: the worker half. It follows the sockets of this worker and says who is there.
 *
 * A user is in a channel while a socket that has its token is subscribed. Joins and pings are published by
 * the worker; leaves by the broker half (presence_broker.c), because only brokers hear all workers.
 *
 * Everything about one channel goes through the broker that carries its presence channel, in order: first the
 * broker is told of a user, then the join is published. So a leave that another worker causes in between can't
 * come between the two, and a leave comes behind the pings and joins that were published before it.
 */
#include "presence.h"

#include "drop_queue.h"
#include "guard.h"
#include "presence_change.h"
#include "presence_channel.h"
#include "presence_option.h"
#include "presence_packet.h"
#include "presence_user.h"
#include "roster.h"

#include <sc/exchange.h>
#include <sc/socket.h>
#include <stdlib.h>

/* A socket's slot holds the user (sc_presence_user_t) as which it is in the roster: what the server calls its
 * token may have changed by the time that a listener is called. */
typedef struct presence {
    sc_worker_t *worker;
    sc_presence_options_t options;
    sc_guard_t guard;
    sc_roster_t *roster; /* holders are sockets */
    struct link *links;  /* one for each broker */
    uint32_t broker_count;
    uint32_t slot;
    sc_timer_t *ping_timer;
    sc_counter_t *users; /* members of the roster: a user in three channels counts thrice */
    bool has_logged_too_long;
} presence_t;

/* What is kept for the broker half in one broker. */
typedef struct link {
    presence_t *presence;
    uint32_t broker;
    sc_drop_queue_t drops;    /* that it has not confirmed */
    sc_timer_t *repeat_timer; /* NULL: the drops need not be repeated */
} link_t;

static uint64_t holder_of(const sc_socket_t *socket)
{
    return (uint64_t)(uintptr_t)socket;
}

/* ---- To the trackers ----------------------------------------------------------------------------------- */

static void publish(presence_t *presence, sc_str_t channel, sc_str_t packet)
{
    char place[SC_CHANNEL_BYTES_MAX];
    sc_status_t status = sc_exchange_publish(
        presence->worker, sc_presence_channel_of(channel, place), packet, NULL, NULL);

    /* The next ping says it again. */
    if (status != SC_OK)
        sc_log(SC_LOG_WARN, "presence packet not published: %s", sc_status_name(status));
}

/* `username`: none for a tracker who is not a user of the channel. */
static void publish_join(presence_t *presence, sc_str_t channel, sc_str_t username,
                         const sc_socket_t *socket)
{
    sc_text_t packet = {0};

    sc_presence_packet_join(&packet, username, presence->options.timeout_ms, sc_socket_id(socket));
    publish(presence, channel, sc_text_str(&packet));
    sc_text_free(&packet);
}

static void publish_ping(presence_t *presence, const sc_roster_channel_t *channel,
                         sc_text_t *packet)
{
    const sc_roster_member_t *member;

    sc_text_clear(packet);
    sc_presence_packet_ping_begin(packet, presence->options.timeout_ms);
    TAILQ_FOREACH(member, &channel->members, link)
    {
        sc_presence_packet_ping_user(packet, member->name);
    }
    sc_presence_packet_ping_end(packet);
    publish(presence, channel->name, sc_text_str(packet));
}

static void on_ping_time(void *arg)
{
    presence_t *presence = arg;
    const sc_roster_channel_t *channel = NULL;
    sc_text_t packet = {0};

    while ((channel = sc_roster_next_channel(presence->roster, channel)) != NULL)
        publish_ping(presence, channel, &packet);
    sc_text_free(&packet);
}

/* ---- To the broker half ---------------------------------------------------------------------------------- */

static uint32_t broker_of(const presence_t *presence, sc_str_t channel)
{
    char place[SC_CHANNEL_BYTES_MAX];

    return sc_exchange_broker_of(presence->worker, sc_presence_channel_of(channel, place));
}

static void tell(presence_t *presence, uint32_t broker, const sc_presence_change_t *change)
{
    sc_text_t bytes = {0};
    sc_status_t status;

    sc_presence_change_write(&bytes, change);
    status = sc_exchange_send(presence->worker, broker, SC_PRESENCE_PLUGIN, sc_text_str(&bytes));
    sc_text_free(&bytes);
    /* SC_ERR_STATE: the broker is away; on_link will tell its successor. */
    if (status != SC_OK && status != SC_ERR_STATE)
        sc_log(SC_LOG_WARN, "presence change not sent to broker %u: %s", broker,
               sc_status_name(status));
}

static void tell_add(presence_t *presence, uint32_t broker, sc_str_t channel, sc_str_t username)
{
    sc_presence_change_t change = {
        .type = SC_PRESENCE_ADD, .channel = channel, .username = username};

    tell(presence, broker, &change);
}

static void tell_drop(presence_t *presence, uint32_t broker, const sc_drop_t *drop)
{
    sc_presence_change_t change = {.type = SC_PRESENCE_DROP,
                                   .number = drop->number,
                                   .channel = drop->channel,
                                   .username = drop->json};

    tell(presence, broker, &change);
}

static void remember_drop(presence_t *presence, sc_str_t channel, const sc_presence_user_t *user)
{
    uint32_t broker = broker_of(presence, channel);
    sc_drop_queue_t *drops = &presence->links[broker].drops;
    uint64_t forgotten_count = drops->forgotten_count;

    tell_drop(presence, broker, sc_drop_queue_push(drops, channel, user->name, user->json));
    if (drops->forgotten_count > forgotten_count)
        sc_log(SC_LOG_WARN,
               "broker %u confirms no presence changes: some users will time out, not leave",
               broker);
}

/* Who has come back meanwhile is not to leave. */
static void on_repeat_time(void *arg)
{
    link_t *link = arg;
    const sc_drop_t *drop;

    link->repeat_timer = NULL;
    TAILQ_FOREACH(drop, &link->drops.drops, link)
    {
        if (!sc_roster_has(link->presence->roster, drop->channel, drop->name))
            tell_drop(link->presence, link->broker, drop);
    }
}

/* A broker came, or came again: it knows nobody of this worker. The users are for now, before it decides about
 * anybody. The drops are for a later turn: publications that have waited for the broker come before it, and may be
 * joins and pings of those who have left since. */
static void on_link(uint32_t broker, void *arg)
{
    presence_t *presence = arg;
    link_t *link = &presence->links[broker];
    const sc_roster_channel_t *channel = NULL;
    const sc_roster_member_t *member;

    while ((channel = sc_roster_next_channel(presence->roster, channel)) != NULL) {
        if (broker_of(presence, channel->name) != broker)
            continue;
        TAILQ_FOREACH(member, &channel->members, link)
        {
            tell_add(presence, broker, channel->name, member->json);
        }
    }
    if (link->repeat_timer == NULL && !TAILQ_EMPTY(&link->drops.drops))
        link->repeat_timer = sc_worker_timer(presence->worker, 0, 0, on_repeat_time, link);
}

static void on_broker_message(uint32_t broker, sc_str_t payload, void *arg)
{
    presence_t *presence = arg;
    sc_presence_change_t change;

    if (sc_presence_change_read(payload, &change) != SC_OK || change.type != SC_PRESENCE_CONFIRM) {
        sc_log(SC_LOG_WARN, "broker %u sent an unknown presence message", broker);
        return;
    }
    sc_drop_queue_confirm(&presence->links[broker].drops, change.number);
}

/* ---- What sockets do ------------------------------------------------------------------------------------- */

static void log_too_long(presence_t *presence, sc_str_t channel)
{
    if (presence->has_logged_too_long)
        return;
    presence->has_logged_too_long = true;
    sc_log(
        SC_LOG_WARN,
        "a channel's name of %zu bytes leaves no room for its presence channel: no presence there",
        channel.len);
}

static void enter(presence_t *presence, const sc_socket_t *socket, sc_str_t channel,
                  const sc_presence_user_t *user)
{
    sc_roster_change_t change =
        sc_roster_add(presence->roster, channel, user->name, user->json, holder_of(socket));

    if (change == SC_ROSTER_NOTHING)
        return;
    if (change == SC_ROSTER_USER) {
        sc_counter_add(presence->users, 1);
        tell_add(presence, broker_of(presence, channel), channel, user->json);
    }
    publish_join(presence, channel, user->json, socket);
}

static void leave(presence_t *presence, const sc_socket_t *socket, sc_str_t channel,
                  const sc_presence_user_t *user)
{
    if (sc_roster_drop(presence->roster, channel, user->name, holder_of(socket)) != SC_ROSTER_USER)
        return;
    sc_counter_add(presence->users, -1);
    remember_drop(presence, channel, user);
}

/* Trackers answer this join, with a username or without, to the socket: that is how it learns of them. The
 * username makes a user who tracks its own channel see itself at once. */
static void announce_tracker(presence_t *presence, const sc_socket_t *socket, sc_str_t channel)
{
    const sc_presence_user_t *user = sc_socket_get(socket, presence->slot);
    bool is_member =
        user != NULL && sc_roster_holds(presence->roster, channel, user->name, holder_of(socket));

    publish_join(presence, channel, is_member ? user->json : sc_str_none(), socket);
}

static void on_subscription(const sc_event_t *event, void *arg)
{
    presence_t *presence = arg;
    const sc_presence_user_t *user = sc_socket_get(event->socket, presence->slot);
    sc_str_t subject;

    switch (sc_presence_channel_kind(event->channel, &subject)) {
    case SC_PRESENCE_ORDINARY:
        if (user != NULL)
            enter(presence, event->socket, subject, user);
        break;
    case SC_PRESENCE_TRACKING:
        announce_tracker(presence, event->socket, subject);
        break;
    case SC_PRESENCE_TOO_LONG:
        log_too_long(presence, event->channel);
        break;
    case SC_PRESENCE_PERSONAL:
    case SC_PRESENCE_NONE:
        break;
    }
}

static void on_unsubscription(const sc_event_t *event, void *arg)
{
    presence_t *presence = arg;
    const sc_presence_user_t *user = sc_socket_get(event->socket, presence->slot);
    sc_str_t subject;

    if (user != NULL && sc_presence_channel_kind(event->channel, &subject) == SC_PRESENCE_ORDINARY)
        leave(presence, event->socket, subject, user);
}

/* One socket that enters or leaves all its channels. */
typedef struct move {
    presence_t *presence;
    const sc_socket_t *socket;
    const sc_presence_user_t *user;
    void (*step)(presence_t *presence, const sc_socket_t *socket, sc_str_t channel,
                 const sc_presence_user_t *user);
} move_t;

static void move_in_channel(sc_str_t channel, void *arg)
{
    const move_t *move = arg;
    sc_str_t subject;

    if (sc_presence_channel_kind(channel, &subject) == SC_PRESENCE_ORDINARY)
        move->step(move->presence, move->socket, subject, move->user);
}

/* Takes `user`, NULL for nobody, as the socket's. */
static void become(presence_t *presence, sc_socket_t *socket, sc_presence_user_t *user)
{
    sc_presence_user_t *old_user = sc_socket_get(socket, presence->slot);
    bool same = old_user != NULL && user != NULL && sc_str_equal(old_user->name, user->name);
    move_t leaving = {presence, socket, old_user, leave};
    move_t entering = {presence, socket, user, enter};

    if (old_user != NULL && !same)
        sc_socket_each_channel(socket, move_in_channel, &leaving);
    sc_socket_set(socket, presence->slot, user);
    if (user != NULL && !same)
        sc_socket_each_channel(socket, move_in_channel, &entering);
    sc_presence_user_free(old_user);
}

static void on_authentication(const sc_event_t *event, void *arg)
{
    become(arg, event->socket, sc_presence_user_of_claims(event->token));
}

static void on_deauthentication(const sc_event_t *event, void *arg)
{
    become(arg, event->socket, NULL);
}

/* Also of a socket that never completed its handshake. Its unsubscriptions came before. */
static void on_end(const sc_event_t *event, void *arg)
{
    become(arg, event->socket, NULL);
}

/* ---- The plugin's life ------------------------------------------------------------------------------------- */

static sc_status_t listen_to_sockets(presence_t *presence)
{
    static const struct {
        sc_event_type_t type;
        sc_event_cb callback;
    } listeners[] = {
        {SC_EVENT_SUBSCRIPTION, on_subscription},
        {SC_EVENT_UNSUBSCRIPTION, on_unsubscription},
        {SC_EVENT_AUTHENTICATION, on_authentication},
        {SC_EVENT_DEAUTHENTICATION, on_deauthentication},
        {SC_EVENT_CONNECTION_ABORT, on_end},
        {SC_EVENT_DISCONNECTION, on_end},
    };
    size_t i;

    for (i = 0; i < sizeof(listeners) / sizeof(listeners[0]); i++) {
        sc_status_t status =
            sc_worker_on(presence->worker, listeners[i].type, listeners[i].callback, presence);

        if (status != SC_OK)
            return status;
    }
    return SC_OK;
}

/* Workers ping one after the other, at even distances: each at its own place in the interval by the clock that
 * they share, so a worker that was replaced keeps the place. */
static void start_pinging(presence_t *presence)
{
    const uint64_t interval_ms = presence->options.interval_ms;
    uint64_t place_ms =
        interval_ms * sc_worker_id(presence->worker) / sc_worker_count(presence->worker);
    uint64_t now_ms = sc_worker_now_ms(presence->worker) % interval_ms;
    uint64_t first_ms = (place_ms + interval_ms - now_ms) % interval_ms;

    presence->ping_timer =
        sc_worker_timer(presence->worker, (uint32_t)(first_ms > 0 ? first_ms : interval_ms),
                        presence->options.interval_ms, on_ping_time, presence);
}

static void free_presence(presence_t *presence)
{
    uint32_t i;

    sc_timer_stop(presence->ping_timer);
    for (i = 0; i < presence->broker_count; i++) {
        sc_timer_stop(presence->links[i].repeat_timer);
        sc_drop_queue_deinit(&presence->links[i].drops);
    }
    free(presence->links);
    sc_roster_free(presence->roster);
    free(presence);
}

static presence_t *new_presence(sc_worker_t *worker, const sc_presence_options_t *options)
{
    presence_t *presence = calloc(1, sizeof(*presence));
    uint32_t i;

    if (presence == NULL)
        abort();
    presence->worker = worker;
    presence->options = *options;
    presence->roster = sc_roster_new();
    presence->broker_count = sc_worker_broker_count(worker);
    presence->links = calloc(presence->broker_count, sizeof(*presence->links));
    if (presence->links == NULL)
        abort();
    for (i = 0; i < presence->broker_count; i++) {
        presence->links[i].presence = presence;
        presence->links[i].broker = i;
        sc_drop_queue_init(&presence->links[i].drops);
    }
    presence->slot = sc_worker_socket_slot(worker);
    presence->users =
        sc_worker_counter(worker, "presence_users", "Users that this worker has in channels");
    return presence;
}

static sc_status_t attach(sc_worker_t *worker, sc_str_t text, void **state)
{
    char error[256];
    sc_presence_options_t options;
    presence_t *presence;
    sc_status_t status = sc_presence_option_read(text, &options, error, sizeof(error));

    if (status != SC_OK) {
        sc_log(SC_LOG_ERROR, "plugin " SC_PRESENCE_PLUGIN ": %s", error);
        return status;
    }
    presence = new_presence(worker, &options);
    *state = presence;
    status = listen_to_sockets(presence);
    if (status == SC_OK)
        status =
            sc_exchange_on_broker(worker, SC_PRESENCE_PLUGIN, on_broker_message, on_link, presence);
    if (status == SC_OK && options.guard)
        status = sc_guard_start(&presence->guard, worker, options.timeout_ms);
    if (status == SC_OK)
        start_pinging(presence);
    return status;
}

static void detach_socket(sc_socket_t *socket, void *arg)
{
    presence_t *presence = arg;

    sc_presence_user_free(sc_socket_get(socket, presence->slot));
    sc_socket_set(socket, presence->slot, NULL);
}

static void detach(sc_worker_t *worker, void *state)
{
    if (state == NULL)
        return;
    sc_worker_each_socket(worker, detach_socket, state);
    free_presence(state);
}

SC_WORKER_PLUGIN(SC_PRESENCE_PLUGIN, SC_PRESENCE_VERSION, attach, detach);
