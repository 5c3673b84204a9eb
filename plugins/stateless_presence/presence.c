/*
 * presence.c: the worker half. It follows the sockets of this worker, and tells brokers who has come and who has gone.
 *
 * A user is in a channel while a socket that has its token is subscribed. The broker that carries the channel's presence channel
 * hears of the user's first socket in this worker and of the end of its last one, and of each socket in between, whose
 * join is announced in original mode. What it says to the trackers of this worker goes through the herald (herald.h).
 *
 * Everything about one channel takes the way through one broker, in order. What a broker had not dealt with when it died is told
 * to the next one as it stands then (on_link).
 */
#include "presence.h"

#include "guard.h"
#include "herald.h"
#include "lost.h"
#include "presence_channel.h"
#include "presence_note.h"
#include "presence_option.h"
#include "presence_packet.h"
#include "presence_user.h"
#include "report.h"
#include "roster.h"

#include <sc/exchange.h>
#include <sc/socket.h>
#include <stdlib.h>

/* Close codes of a connection that was lost rather than closed: without a close frame, and by the server when
 * nothing had come for too long. */
#define CLOSE_ABNORMAL 1006
#define CLOSE_PING_TIMEOUT 4001

/* A socket's slot holds the user (sc_presence_user_t) as which it is in the roster: what the server calls its
 * token may have changed by the time that a listener is called. */
typedef struct presence {
    sc_worker_t *worker;
    sc_presence_options_t options;
    sc_presence_claim_t claim;
    sc_guard_t guard;
    sc_herald_t herald;
    sc_roster_t *roster; /* holders are sockets */
    sc_lost_t lost;
    sc_timer_t *lost_timer; /* NULL: nobody is lost */
    uint32_t slot;
    sc_counter_t *users; /* members of the roster: a user in three channels counts thrice */
    bool has_logged_too_long;
    bool has_logged_data;
} presence_t;

static uint64_t holder_of(const sc_socket_t *socket)
{
    return (uint64_t)(uintptr_t)socket;
}

static const sc_socket_t *socket_of(uint64_t holder)
{
    return (const sc_socket_t *)(uintptr_t)holder;
}

/* ---- To the broker half, for the herald ---------------------------------------------------------------------------------- */

static bool tell_track(sc_copy_t *copy, sc_socket_t *socket, void *arg)
{
    const presence_t *presence = arg;
    const sc_presence_user_t *user = sc_socket_get(socket, presence->slot);
    sc_presence_note_t note = {.type = SC_NOTE_TRACK,
                               .number = copy->tracker_count,
                               .channel = copy->name,
                               .socket_id = sc_socket_id(socket)};

    /* The username makes a user who tracks its own channel see itself at once. */
    if (user != NULL &&
        sc_roster_holds(presence->roster, copy->name, user->name, holder_of(socket)))
        note.username = user->json;
    copy->told_count = copy->tracker_count;
    return sc_report(presence->worker, &note);
}

static void tell_count(sc_copy_t *copy, void *arg)
{
    const presence_t *presence = arg;
    sc_presence_note_t note = {
        .type = SC_NOTE_COUNT, .number = copy->tracker_count, .channel = copy->name};

    copy->told_count = copy->tracker_count;
    (void)sc_report(presence->worker, &note);
}

/* ---- From the broker half -------------------------------------------------------------------------------- */

typedef struct carrier {
    const presence_t *presence;
    uint32_t broker;
} carrier_t;

static bool is_carried(sc_str_t channel, void *arg)
{
    const carrier_t *carrier = arg;

    return sc_report_broker_of(carrier->presence->worker, channel) == carrier->broker;
}

/* In their grace; a new broker gives them the whole of it again. Who has come back is in the roster. */
static void tell_lost(presence_t *presence, carrier_t *carrier)
{
    const sc_lost_user_t *lost;

    sc_lost_prune(&presence->lost, sc_worker_now_ms(presence->worker));
    TAILQ_FOREACH(lost, &presence->lost.users, link)
    {
        if (!is_carried(lost->channel, carrier) ||
            sc_roster_has(presence->roster, lost->channel, lost->user->name))
            continue;
        sc_report_add(presence->worker, lost->channel, lost->user, sc_str_none());
        sc_report_drop(presence->worker, lost->channel, lost->user, true);
    }
}

/* A broker came, or came again: it knows nobody of this worker. It decides about nobody before it has heard this. */
static void on_link(uint32_t broker, void *arg)
{
    presence_t *presence = arg;
    carrier_t carrier = {presence, broker};
    const sc_roster_channel_t *channel = NULL;
    const sc_roster_member_t *member;

    while ((channel = sc_roster_next_channel(presence->roster, channel)) != NULL) {
        if (!is_carried(channel->name, &carrier))
            continue;
        TAILQ_FOREACH(member, &channel->members, link)
        {
            sc_report_add(presence->worker, channel->name, member->user,
                          sc_socket_id(socket_of(sc_roster_any_holder(member))));
        }
    }
    tell_lost(presence, &carrier);
    sc_herald_on_link(&presence->herald, is_carried, &carrier);
}

static void on_broker_message(uint32_t broker, sc_str_t payload, void *arg)
{
    presence_t *presence = arg;
    sc_presence_note_t note;

    if (sc_presence_note_read(payload, &note) != SC_OK ||
        sc_herald_take(&presence->herald, &note) != SC_OK)
        sc_log(SC_LOG_WARN, "broker %u sent an unknown presence message", broker);
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
                  sc_presence_user_t *user)
{
    sc_roster_change_t change = sc_roster_add(presence->roster, channel, user, holder_of(socket));

    if (change == SC_ROSTER_NOTHING)
        return;
    if (change == SC_ROSTER_USER)
        sc_counter_add(presence->users, 1);
    sc_report_add(presence->worker, channel, user, sc_socket_id(socket));
}

/* The socket is there already, but its token is another. */
static void renew(presence_t *presence, const sc_socket_t *socket, sc_str_t channel,
                  sc_presence_user_t *user)
{
    (void)sc_roster_add(presence->roster, channel, user, holder_of(socket));
    if (user->set_ms != 0)
        sc_report_add(presence->worker, channel, user, sc_str_none());
}

static void on_lost_time(void *arg)
{
    presence_t *presence = arg;
    uint64_t now_ms = sc_worker_now_ms(presence->worker);
    const sc_lost_user_t *first;

    presence->lost_timer = NULL;
    sc_lost_prune(&presence->lost, now_ms);
    first = TAILQ_FIRST(&presence->lost.users);
    if (first != NULL)
        presence->lost_timer = sc_worker_timer(
            presence->worker, (uint32_t)(first->until_ms - now_ms), 0, on_lost_time, presence);
}

static void remember_lost(presence_t *presence, sc_str_t channel, sc_presence_user_t *user)
{
    uint32_t grace_ms = presence->options.leave_grace_ms;

    if (grace_ms == 0)
        return;
    sc_lost_add(&presence->lost, channel, user, sc_worker_now_ms(presence->worker) + grace_ms);
    if (presence->lost_timer == NULL)
        presence->lost_timer =
            sc_worker_timer(presence->worker, grace_ms, 0, on_lost_time, presence);
}

static void leave(presence_t *presence, const sc_socket_t *socket, sc_str_t channel,
                  sc_presence_user_t *user, bool is_lost)
{
    if (sc_roster_drop(presence->roster, channel, user->name, holder_of(socket)) != SC_ROSTER_USER)
        return;
    sc_counter_add(presence->users, -1);
    sc_report_drop(presence->worker, channel, user, is_lost);
    if (is_lost)
        remember_lost(presence, channel, user);
}

static void leave_for_good(presence_t *presence, const sc_socket_t *socket, sc_str_t channel,
                           sc_presence_user_t *user)
{
    leave(presence, socket, channel, user, false);
}

static void on_subscription(const sc_event_t *event, void *arg)
{
    presence_t *presence = arg;
    sc_presence_user_t *user = sc_socket_get(event->socket, presence->slot);
    sc_str_t subject;

    switch (sc_presence_channel_kind(event->channel, &subject)) {
    case SC_PRESENCE_ORDINARY:
        if (user != NULL)
            enter(presence, event->socket, subject, user);
        break;
    case SC_PRESENCE_TRACKING:
        sc_herald_track(&presence->herald, subject, event->socket,
                        sc_presence_packet_asks_for_roster(event->data));
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
    sc_presence_user_t *user = sc_socket_get(event->socket, presence->slot);
    bool is_lost = event->code == CLOSE_ABNORMAL || event->code == CLOSE_PING_TIMEOUT;
    sc_str_t subject;

    switch (sc_presence_channel_kind(event->channel, &subject)) {
    case SC_PRESENCE_ORDINARY:
        if (user != NULL)
            leave(presence, event->socket, subject, user, is_lost);
        break;
    case SC_PRESENCE_TRACKING:
        sc_herald_untrack(&presence->herald, subject);
        break;
    default:
        break;
    }
}

/* One socket that enters or leaves all its channels. */
typedef struct move {
    presence_t *presence;
    const sc_socket_t *socket;
    sc_presence_user_t *user;
    void (*step)(presence_t *presence, const sc_socket_t *socket, sc_str_t channel,
                 sc_presence_user_t *user);
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
    move_t leaving = {presence, socket, old_user, leave_for_good};
    move_t entering = {presence, socket, user, same ? renew : enter};

    /* Data counts from when it was set. A token without any says nothing, unless it takes the place of one that had. */
    if (user != NULL && sc_str_is_none(user->data) && !(same && !sc_str_is_none(old_user->data)))
        user->set_ms = 0;
    if (old_user != NULL && !same)
        sc_socket_each_channel(socket, move_in_channel, &leaving);
    sc_socket_set(socket, presence->slot, user);
    if (user != NULL)
        sc_socket_each_channel(socket, move_in_channel, &entering);
    sc_presence_user_unref(old_user);
}

static void log_data(presence_t *presence)
{
    if (presence->has_logged_data)
        return;
    presence->has_logged_data = true;
    sc_log(SC_LOG_WARN,
           "the claim %s of a token is no object of at most %u bytes: no presence data",
           presence->claim.name, presence->claim.bytes_max);
}

static void on_authentication(const sc_event_t *event, void *arg)
{
    presence_t *presence = arg;
    bool is_refused;
    sc_presence_user_t *user = sc_presence_user_of_claims(
        event->token, &presence->claim, sc_worker_now_ms(presence->worker), &is_refused);

    if (is_refused)
        log_data(presence);
    become(presence, event->socket, user);
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

static const sc_herald_handler_t herald_handler = {tell_track, tell_count};

static uint32_t promise_ms(sc_str_t channel, void *arg)
{
    const presence_t *presence = arg;

    return sc_herald_promise_ms(&presence->herald, channel);
}

static void free_presence(presence_t *presence)
{
    sc_timer_stop(presence->lost_timer);
    sc_lost_deinit(&presence->lost);
    sc_herald_deinit(&presence->herald);
    sc_roster_free(presence->roster);
    free(presence);
}

static presence_t *new_presence(sc_worker_t *worker, const sc_presence_options_t *options)
{
    presence_t *presence = calloc(1, sizeof(*presence));

    if (presence == NULL)
        abort();
    presence->worker = worker;
    presence->options = *options;
    presence->claim.name = presence->options.data_claim;
    presence->claim.bytes_max = options->max_data_bytes;
    presence->roster = sc_roster_new();
    sc_lost_init(&presence->lost);
    sc_herald_init(&presence->herald, worker, &presence->options, &herald_handler, presence);
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
        status = sc_guard_start(&presence->guard, worker, options.timeout_ms, promise_ms, presence);
    return status;
}

static void detach_socket(sc_socket_t *socket, void *arg)
{
    presence_t *presence = arg;

    sc_presence_user_unref(sc_socket_get(socket, presence->slot));
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
