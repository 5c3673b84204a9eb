/*
 * guard.c: middleware on publishIn and subscribe. See guard.h.
 */
#include "guard.h"

#include "presence_channel.h"
#include "presence_packet.h"
#include "presence_user.h"

#include <sc/socket.h>

/* A pong with the longest channel and username, every character of them escaped, is shorter. */
#define PONG_BYTES_MAX (6 * (SC_CHANNEL_BYTES_MAX + SC_PRESENCE_USER_BYTES_MAX) + 256)

static bool is_own_name(sc_str_t claims, sc_str_t username)
{
    sc_presence_user_t *own = sc_presence_user_of_claims(claims, NULL, 0, NULL);
    sc_presence_user_t *said = sc_presence_user_new(username);
    bool same = own != NULL && said != NULL && sc_str_equal(own->name, said->name);

    sc_presence_user_unref(own);
    sc_presence_user_unref(said);
    return same;
}

/* Ordinary channels only: a pong for `presence>room` would make a user present there. A client that subscribes to a channel and to
 * its presence at once may have the answer about presence first, and pongs at once. */
static bool is_own_channel(const sc_socket_t *socket, sc_str_t channel)
{
    sc_str_t subject;

    return sc_presence_channel_kind(channel, &subject) == SC_PRESENCE_ORDINARY &&
           (sc_socket_is_subscribed(socket, channel) || sc_socket_is_subscribing(socket, channel));
}

static bool is_true_pong(const sc_guard_t *guard, const sc_action_t *action,
                         const sc_presence_pong_t *pong, sc_str_t channel)
{
    return pong->timeout_ms <= guard->timeout_ms &&
           is_own_name(sc_action_token(action), pong->username) &&
           is_own_channel(sc_action_socket(action), channel);
}

/* A channel's mode may have changed since the join that this pong answers. In roster mode the user's next ping may come later than
 * the pong promises; a tracker would take the user for gone until then. */
static void prolong(const sc_guard_t *guard, sc_action_t *action, const sc_presence_pong_t *pong,
                    sc_str_t channel)
{
    uint32_t timeout_ms = guard->promise_ms(channel, guard->arg);
    sc_text_t packet = {0};

    if (timeout_ms <= pong->timeout_ms)
        return;
    sc_presence_packet_pong(&packet, pong, timeout_ms);
    sc_action_set_data(action, sc_text_str(&packet));
    sc_text_free(&packet);
}

static bool take_pong(const sc_guard_t *guard, sc_action_t *action)
{
    sc_str_t data = sc_action_data(action);
    sc_text_t channel = {0};
    sc_presence_pong_t pong;
    bool is_true = false;

    if (data.len > PONG_BYTES_MAX || sc_presence_packet_read_pong(data, &pong) != SC_OK)
        return false;
    if (sc_text_add_unquoted(&channel, pong.channel) == SC_OK)
        is_true = is_true_pong(guard, action, &pong, sc_text_str(&channel));
    if (is_true)
        prolong(guard, action, &pong, sc_text_str(&channel));
    sc_text_free(&channel);
    return is_true;
}

static sc_verdict_t on_publish_in(sc_action_t *action, void *arg)
{
    const sc_guard_t *guard = arg;
    sc_str_t channel = sc_action_channel(action);
    sc_str_t id;

    if (!sc_presence_channel_is_reserved(channel))
        return SC_PASS;
    if (sc_presence_channel_kind(channel, &id) == SC_PRESENCE_PERSONAL && take_pong(guard, action))
        return SC_PASS;
    sc_counter_add(guard->refused, 1);
    return SC_BLOCK_SILENT;
}

static sc_verdict_t on_subscribe(sc_action_t *action, void *arg)
{
    const sc_guard_t *guard = arg;
    sc_error_t error;
    sc_str_t id;

    if (sc_presence_channel_kind(sc_action_channel(action), &id) != SC_PRESENCE_PERSONAL ||
        sc_str_equal(id, sc_socket_id(sc_action_socket(action))))
        return SC_PASS;
    error =
        sc_error("PresenceError", "A socket may only subscribe to its own presence>socket channel");
    sc_action_set_error(action, &error);
    sc_counter_add(guard->refused, 1);
    return SC_BLOCK;
}

sc_status_t sc_guard_start(sc_guard_t *guard, sc_worker_t *worker, uint32_t timeout_ms,
                           uint32_t (*promise_ms)(sc_str_t channel, void *arg), void *arg)
{
    sc_status_t status;

    guard->promise_ms = promise_ms;
    guard->arg = arg;
    guard->timeout_ms = timeout_ms;
    guard->refused = sc_worker_counter(
        worker, "presence_refused",
        "Publications and subscriptions of clients that the presence guard refused");
    status = sc_worker_use(worker, SC_ACTION_PUBLISH_IN, on_publish_in, guard);
    if (status != SC_OK)
        return status;
    return sc_worker_use(worker, SC_ACTION_SUBSCRIBE, on_subscribe, guard);
}
