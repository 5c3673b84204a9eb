#include "worker/protocol/auth_expiry.h"

#include "common/alloc.h"
#include "worker/protocol/auth_state.h"
#include "worker/protocol/packet_error.h"
#include "worker/protocol/subscription.h"
#include "worker/worker.h"

#include <math.h>

/** The timer does not know of changes of the wall clock, so it looks at that from time to time; any `exp` fits then, too. */
#define SLEEP_MS_MAX 600000.0

typedef struct sc_auth_expiry {
    sc_wheel_timer_t timer;
    sc_socket_t *socket;
} sc_auth_expiry_t;

static void sleep_until_expiry(sc_auth_expiry_t *expiry)
{
    sc_socket_t *socket = expiry->socket;
    /* It has run out when the present is past it, not when it is equal. */
    double left_ms = floor(socket->expires_s * 1000) + 1 - (double)sc_worker_wall_ms();

    if (left_ms < 0)
        left_ms = 0;
    sc_wheel_start(&socket->worker->loop.wheel, &expiry->timer,
                   (uint64_t)(left_ms < SLEEP_MS_MAX ? left_ms : SLEEP_MS_MAX));
}

static void on_timer(sc_wheel_timer_t *timer)
{
    sc_auth_expiry_t *expiry = sc_list_entry(timer, sc_auth_expiry_t, timer);
    double expired_s;

    if (!sc_auth_state_expire(expiry->socket, &expired_s))
        sleep_until_expiry(expiry);
}

void sc_auth_expiry_set(sc_socket_t *socket)
{
    if (!socket->worker->options->end_subscriptions_on_expiry)
        return;
    if (socket->claims == NULL || socket->expires_s == 0) {
        sc_auth_expiry_stop(socket);
        return;
    }
    if (socket->expiry == NULL) {
        socket->expiry = sc_new(sc_auth_expiry_t);
        socket->expiry->socket = socket;
        sc_wheel_timer_init(&socket->expiry->timer, on_timer);
    }
    sleep_until_expiry(socket->expiry);
}

void sc_auth_expiry_stop(sc_socket_t *socket)
{
    if (socket->expiry == NULL)
        return;
    sc_wheel_stop(&socket->worker->loop.wheel, &socket->expiry->timer);
    free(socket->expiry);
    socket->expiry = NULL;
}

/** One walk. @return whether the map has changed under it: it may have missed some */
static bool end_those_it_meets(sc_socket_t *socket)
{
    sc_subscription_t *subscription;
    uint32_t cursor = 0;
    bool has_ended = false;

    while ((subscription = sc_map_next(&socket->subscriptions, &cursor)) != NULL) {
        if (!subscription->is_by_token)
            continue;
        sc_subscription_kick_out(subscription, SC_STR(SC_TOKEN_EXPIRED_TEXT));
        has_ended = true;
    }
    return has_ended;
}

void sc_auth_expiry_end_subscriptions(sc_socket_t *socket)
{
    while (end_those_it_meets(socket))
        continue;
}
