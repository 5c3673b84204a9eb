/*
 * floor: what the system itself takes, measured beside the servers.
 *
 *     floor --mode send --sockets N --payload P --inflight K --batch B
 *         A bare loop of send() to each of N TCP connections, B messages in one call; another process reads them.
 *     floor --mode connect
 *         accept(), two requests and two answers on each connection; another process makes them.
 *     floor --mode ping
 *         One byte to and fro over a nanomsg pair between two processes: the least that a message waits.
 *     floor --mode stream --payload P
 *         Messages one way over a nanomsg pair.
 */
#include "client.h"
#include "histogram.h"
#include "option.h"
#include "proc_tree.h"

#include <arpa/inet.h>
#include <errno.h>
#include <nanomsg/nn.h>
#include <nanomsg/pair.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BUFFER_BYTES = 256 * 1024, EVENTS = 512 };

typedef struct floor_option {
    uint64_t sockets;
    uint64_t payload_bytes;
    uint64_t inflight; /* batches on their way */
    uint64_t batch;    /* messages in one send() */
    uint64_t milliseconds;
    const char *mode;
} floor_option_t;

/* The other process of a measurement; ended by kill. */
static pid_t start_child(void)
{
    pid_t pid = fork();

    if (pid < 0)
        sc_bench_fail("fork: %s", strerror(errno));
    if (pid == 0)
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    return pid;
}

static void end_child(pid_t pid)
{
    (void)kill(pid, SIGKILL);
    (void)waitpid(pid, NULL, 0);
}

static uint64_t cpu_of(pid_t pid)
{
    sc_tree_t tree;

    sc_tree_read(&tree, pid);
    return tree.processes[0].cpu_ns;
}

/* ---- send ---- */

static int listen_anywhere(struct sockaddr_in *address)
{
    socklen_t address_len = sizeof *address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);

    *address =
        (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (listener < 0 || bind(listener, (struct sockaddr *)address, sizeof *address) != 0 ||
        listen(listener, 128) != 0 ||
        getsockname(listener, (struct sockaddr *)address, &address_len) != 0)
        sc_bench_fail("listen: %s", strerror(errno));
    return listener;
}

static void connect_pairs(int *left, int *right, size_t count)
{
    struct sockaddr_in address;
    int listener = listen_anywhere(&address);
    int on = 1;

    for (size_t i = 0; i < count; i++) {
        left[i] = socket(AF_INET, SOCK_STREAM, 0);
        if (left[i] < 0 || connect(left[i], (struct sockaddr *)&address, sizeof address) != 0 ||
            setsockopt(left[i], IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0)
            sc_bench_fail("connect: %s", strerror(errno));
        right[i] = accept(listener, NULL, NULL);
        if (right[i] < 0)
            sc_bench_fail("accept: %s", strerror(errno));
    }
    (void)close(listener);
}

/* Reads all sockets and writes a byte to `done_fd` for each message that all have got. */
static _Noreturn void read_all(const int *sockets, const floor_option_t *option, size_t size,
                               int done_fd)
{
    uint64_t message_bytes = option->sockets * size;
    uint64_t pending_bytes = 0;
    char *buffer = sc_bench_alloc(1, BUFFER_BYTES);
    int epoll_fd = epoll_create1(0);

    for (size_t i = 0; i < option->sockets; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.fd = sockets[i]};

        if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, sockets[i], &event) != 0)
            sc_bench_fail("epoll_ctl: %s", strerror(errno));
    }
    for (;;) {
        struct epoll_event events[EVENTS];
        int count = epoll_wait(epoll_fd, events, EVENTS, -1);

        for (int i = 0; i < count; i++) {
            ssize_t got = recv(events[i].data.fd, buffer, BUFFER_BYTES, 0);

            pending_bytes += got > 0 ? (uint64_t)got : 0;
        }
        for (; pending_bytes >= message_bytes; pending_bytes -= message_bytes) {
            if (write(done_fd, "x", 1) != 1)
                _exit(1);
        }
    }
}

static void send_all(const int *sockets, uint64_t count, const char *frame, size_t size)
{
    for (uint64_t i = 0; i < count; i++) {
        if (send(sockets[i], frame, size, MSG_NOSIGNAL) != (ssize_t)size)
            sc_bench_fail("send: %s", strerror(errno));
    }
}

static void measure_send(const floor_option_t *option)
{
    size_t size = ((size_t)option->payload_bytes + 4) * (size_t)option->batch;
    int *left = sc_bench_alloc((size_t)option->sockets, sizeof *left);
    int *right = sc_bench_alloc((size_t)option->sockets, sizeof *right);
    char *frame = sc_bench_alloc(1, size);
    uint64_t until_ns;
    uint64_t own_ns;
    uint64_t deliveries = 0;
    int done[2];
    char byte;
    pid_t reader;

    sc_bench_need_descriptors(2 * (size_t)option->sockets);
    connect_pairs(left, right, (size_t)option->sockets);
    if (pipe(done) != 0)
        sc_bench_fail("pipe: %s", strerror(errno));
    reader = start_child();
    if (reader == 0)
        read_all(right, option, size, done[1]);
    for (uint64_t i = 0; i < option->inflight; i++)
        send_all(left, option->sockets, frame, size);
    own_ns = sc_own_cpu_ns();
    until_ns = sc_now_ns() + option->milliseconds * 1000000u;
    while (sc_now_ns() < until_ns) {
        if (read(done[0], &byte, 1) != 1)
            sc_bench_fail("the reader is gone");
        send_all(left, option->sockets, frame, size);
        deliveries += option->sockets * option->batch;
    }
    own_ns = sc_own_cpu_ns() - own_ns;
    (void)printf("{\"cpu_us_per_delivery\":%.3f,\"deliveries_per_second\":%.0f}\n",
                 (double)own_ns / 1e3 / (double)deliveries,
                 (double)deliveries * 1e3 / (double)option->milliseconds);
    end_child(reader);
}

/* ---- connect ---- */

static const char REQUEST[] = "GET /socketcluster/ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
static const char ANSWER[] = "HTTP/1.1 101 Switching Protocols\r\n\r\n";

static bool exchange(int fd, const char *text, bool speaks_first)
{
    char buffer[512];
    ssize_t len = (ssize_t)strlen(text);

    if (speaks_first && send(fd, text, (size_t)len, MSG_NOSIGNAL) != len)
        return false;
    if (recv(fd, buffer, sizeof buffer, 0) <= 0)
        return false;
    return speaks_first || send(fd, text, (size_t)len, MSG_NOSIGNAL) == len;
}

static _Noreturn void connect_forever(const struct sockaddr_in *address)
{
    const struct linger reset = {.l_onoff = 1}; /* no port is held after the close */

    for (;;) {
        int fd = socket(AF_INET, SOCK_STREAM, 0);

        if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset) != 0 ||
            connect(fd, (const struct sockaddr *)address, sizeof *address) != 0 ||
            !exchange(fd, REQUEST, true) || !exchange(fd, REQUEST, true))
            _exit(1);
        (void)close(fd);
    }
}

static void measure_connect(const floor_option_t *option)
{
    struct sockaddr_in address;
    int listener = listen_anywhere(&address);
    uint64_t until_ns = sc_now_ns() + option->milliseconds * 1000000u;
    uint64_t own_ns = sc_own_cpu_ns();
    uint64_t count = 0;
    pid_t client = start_child();

    if (client == 0)
        connect_forever(&address);
    for (; sc_now_ns() < until_ns; count++) {
        int fd = accept(listener, NULL, NULL);

        if (fd < 0 || !exchange(fd, ANSWER, false) || !exchange(fd, ANSWER, false))
            sc_bench_fail("accept: %s", strerror(errno));
        (void)close(fd);
    }
    (void)printf("{\"cpu_us_per_connection\":%.2f}\n",
                 (double)(sc_own_cpu_ns() - own_ns) / 1e3 / (double)count);
    end_child(client);
    (void)close(listener);
}

/* ---- nanomsg ---- */

static int open_pair(const char *url, bool binds)
{
    int pair = nn_socket(AF_SP, NN_PAIR);

    if (pair < 0 || (binds ? nn_bind(pair, url) : nn_connect(pair, url)) < 0)
        sc_bench_fail("nanomsg: %s", nn_strerror(nn_errno()));
    return pair;
}

static _Noreturn void echo_all(const char *url)
{
    int pair = open_pair(url, false);
    void *message;
    int size;

    while ((size = nn_recv(pair, &message, NN_MSG, 0)) >= 0) {
        if (nn_send(pair, &message, NN_MSG, 0) < 0)
            break;
    }
    _exit(0);
}

static _Noreturn void stream_all(const char *url, size_t size)
{
    int pair = open_pair(url, false);
    char *message = sc_bench_alloc(1, size);

    while (nn_send(pair, message, size, 0) >= 0)
        continue;
    _exit(0);
}

static void receive_one(int pair)
{
    void *message;

    if (nn_recv(pair, &message, NN_MSG, 0) < 0)
        sc_bench_fail("nn_recv: %s", nn_strerror(nn_errno()));
    (void)nn_freemsg(message);
}

static void measure_ping(const floor_option_t *option, const char *url)
{
    static sc_histogram_t histogram;
    pid_t echo = start_child();
    uint64_t until_ns;
    uint64_t used_ns;
    int pair;

    if (echo == 0)
        echo_all(url);
    pair = open_pair(url, true);
    if (nn_send(pair, "x", 1, 0) < 0)
        sc_bench_fail("nn_send: %s", nn_strerror(nn_errno()));
    receive_one(pair);
    used_ns = sc_own_cpu_ns() + cpu_of(echo);
    until_ns = sc_now_ns() + option->milliseconds * 1000000u;
    for (uint64_t start_ns = sc_now_ns(); start_ns < until_ns; start_ns = sc_now_ns()) {
        if (nn_send(pair, "x", 1, 0) < 0)
            sc_bench_fail("nn_send: %s", nn_strerror(nn_errno()));
        receive_one(pair);
        sc_histogram_add(&histogram, sc_now_ns() - start_ns);
    }
    used_ns = sc_own_cpu_ns() + cpu_of(echo) - used_ns;
    (void)printf("{\"cpu_us_per_message\":%.2f,",
                 (double)used_ns / 1e3 / (2.0 * (double)histogram.count));
    sc_histogram_print(&histogram, "round_trip_us");
    (void)printf("}\n");
    end_child(echo);
}

static void measure_stream(const floor_option_t *option, const char *url)
{
    pid_t sender = start_child();
    uint64_t count = 0;
    uint64_t until_ns;
    uint64_t used_ns;
    int pair;

    if (sender == 0)
        stream_all(url, (size_t)option->payload_bytes);
    pair = open_pair(url, true);
    receive_one(pair);
    used_ns = sc_own_cpu_ns() + cpu_of(sender);
    until_ns = sc_now_ns() + option->milliseconds * 1000000u;
    while (sc_now_ns() < until_ns) {
        receive_one(pair);
        count++;
    }
    used_ns = sc_own_cpu_ns() + cpu_of(sender) - used_ns;
    (void)printf("{\"cpu_us_per_message\":%.2f,\"messages_per_second\":%.0f}\n",
                 (double)used_ns / 1e3 / (double)count,
                 (double)count * 1e3 / (double)option->milliseconds);
    end_child(sender);
}

int main(int argc, char **argv)
{
    floor_option_t option = {.sockets = 100,
                             .payload_bytes = 64,
                             .inflight = 1,
                             .batch = 1,
                             .milliseconds = 1000,
                             .mode = "send"};
    const sc_bench_option_t table[] = {{"--sockets", &option.sockets, NULL},
                                       {"--payload", &option.payload_bytes, NULL},
                                       {"--inflight", &option.inflight, NULL},
                                       {"--batch", &option.batch, NULL},
                                       {"--milliseconds", &option.milliseconds, NULL},
                                       {"--mode", NULL, &option.mode},
                                       {NULL, NULL, NULL}};
    char url[64];

    sc_bench_options(argc, argv, table);
    if (option.sockets * option.payload_bytes * option.inflight * option.batch == 0 ||
        option.milliseconds == 0)
        sc_bench_fail("a number is 0");
    (void)snprintf(url, sizeof url, "ipc:///tmp/sc-bench-floor-%d", (int)getpid());
    if (strcmp(option.mode, "send") == 0)
        measure_send(&option);
    else if (strcmp(option.mode, "connect") == 0)
        measure_connect(&option);
    else if (strcmp(option.mode, "ping") == 0)
        measure_ping(&option, url);
    else if (strcmp(option.mode, "stream") == 0)
        measure_stream(&option, url);
    else
        sc_bench_fail("--mode is send, connect, ping or stream");
    (void)unlink(url + strlen("ipc://"));
    return 0;
}
