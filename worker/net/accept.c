#include "worker/net/accept.h"

#include "common/alloc.h"

#include <errno.h>
#include <sc/plugin.h>
#include <sys/socket.h>
#include <unistd.h>

#define ACCEPTS_PER_TURN_MAX 64
#define PAUSE_MS 100u

struct sc_accept {
    sc_net_t *net;
    struct event event;
    sc_wheel_timer_t pause_timer;
    int listen_fd;
    uint32_t max_conns; /* 0: no limit */
    sc_accept_cb callback;
    void *arg;
    bool is_short; /* of descriptors, memory or allowed connections; the log knows */
};

/** Leaves new connections in the kernel's queue for a while. */
static void pause_accepting(sc_accept_t *accept, const char *reason)
{
    if (!accept->is_short)
        sc_log(SC_LOG_WARN, "net: no more connections for now: %s", reason);
    accept->is_short = true;
    event_del(&accept->event);
    sc_wheel_start(&accept->net->loop->wheel, &accept->pause_timer, PAUSE_MS);
}

static bool is_full(const sc_accept_t *accept)
{
    return accept->max_conns > 0 && accept->net->conn_count >= accept->max_conns;
}

/** @return false: nothing more to accept in this turn. */
static bool accept_one(sc_accept_t *accept)
{
    int fd;

    if (is_full(accept)) {
        pause_accepting(accept, "maxConnections are open");
        return false;
    }
    fd = accept4(accept->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
        accept->is_short = false;
        accept->callback(fd, accept->arg);
        return true;
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK)
        return false;
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
        pause_accepting(accept, strerror(errno));
        return false;
    }
    return true; /* one that has gone before we came (accept(2), "Error handling") */
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    for (int i = 0; i < ACCEPTS_PER_TURN_MAX; i++)
        if (!accept_one(arg))
            return;
}

static void on_pause_over(sc_wheel_timer_t *timer)
{
    sc_accept_t *accept = sc_list_entry(timer, sc_accept_t, pause_timer);

    if (is_full(accept) || event_add(&accept->event, NULL) != 0)
        sc_wheel_start(&accept->net->loop->wheel, timer, PAUSE_MS);
}

sc_accept_t *sc_accept_start(sc_net_t *net, int listen_fd, uint32_t max_conns,
                             sc_accept_cb callback, void *arg)
{
    sc_accept_t *accept = sc_new(sc_accept_t);

    accept->net = net;
    accept->listen_fd = listen_fd;
    accept->max_conns = max_conns;
    accept->callback = callback;
    accept->arg = arg;
    sc_wheel_timer_init(&accept->pause_timer, on_pause_over);
    if (event_assign(&accept->event, net->loop->base, listen_fd, EV_READ | EV_PERSIST, on_readable,
                     accept) != 0 ||
        event_add(&accept->event, NULL) != 0) {
        sc_log(SC_LOG_ERROR, "net: libevent does not take the listening socket: %s",
               strerror(errno));
        free(accept);
        return NULL;
    }
    return accept;
}

void sc_accept_stop(sc_accept_t *accept)
{
    if (accept == NULL)
        return;
    event_del(&accept->event);
    sc_wheel_stop(&accept->net->loop->wheel, &accept->pause_timer);
    free(accept);
}
