#include "client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    READ_BYTES = 256 * 1024,
    EVENTS_PER_TURN = 512,
    OPCODE_TEXT = 1,
    OPCODE_CLOSE = 8,
    OPCODE_PING = 9,
    OPCODE_PONG = 10
};

static const uint8_t MASK[4] = {0x9c, 0x35, 0xe1, 0x47};

uint64_t sc_now_ns(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void sc_bench_fail(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)vfprintf(stderr, format, args);
    va_end(args);
    (void)fputc('\n', stderr);
    exit(1);
}

void *sc_bench_alloc(size_t count, size_t size)
{
    void *memory = calloc(count > 0 ? count : 1, size);

    if (memory == NULL)
        sc_bench_fail("no memory");
    return memory;
}

void sc_bench_need_descriptors(size_t count)
{
    struct rlimit limit;
    rlim_t wanted = (rlim_t)count + 64;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        sc_bench_fail("getrlimit: %s", strerror(errno));
    if (limit.rlim_cur >= wanted)
        return;
    limit.rlim_cur = wanted;
    if (limit.rlim_max < wanted)
        limit.rlim_max = wanted; /* root may */
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
        sc_bench_fail("%zu descriptors are needed: %s", count, strerror(errno));
}

static void bytes_append(sc_bytes_t *bytes, const void *data, size_t len)
{
    if (bytes->len + len > bytes->cap) {
        bytes->cap = (bytes->len + len) * 2;
        bytes->data = realloc(bytes->data, bytes->cap);
        if (bytes->data == NULL)
            sc_bench_fail("no memory");
    }
    if (len > 0)
        memcpy(bytes->data + bytes->len, data, len);
    bytes->len += len;
}

static void bytes_free(sc_bytes_t *bytes)
{
    free(bytes->data);
    *bytes = (sc_bytes_t){0};
}

/* ---- the loop ---- */

void sc_load_init(sc_load_t *load, uint16_t port, bool speaks_sc, sc_load_handler_t handler,
                  void *arg)
{
    *load = (sc_load_t){.port = port, .speaks_sc = speaks_sc, .handler = handler, .arg = arg};
    load->source_count = 1;
    load->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (load->epoll_fd < 0)
        sc_bench_fail("epoll_create1: %s", strerror(errno));
    load->read_buf = sc_bench_alloc(1, READ_BYTES);
    load->now_ns = sc_now_ns();
}

void sc_load_deinit(sc_load_t *load)
{
    free(load->read_buf);
    (void)close(load->epoll_fd);
}

static void watch(sc_client_t *client, int operation, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = client};

    if (epoll_ctl(client->load->epoll_fd, operation, client->fd, &event) != 0)
        sc_bench_fail("epoll_ctl: %s", strerror(errno));
}

static void mark_dirty(sc_client_t *client)
{
    if (client->is_dirty)
        return;
    client->is_dirty = true;
    client->next_dirty = client->load->dirty;
    client->load->dirty = client;
}

static void lose(sc_client_t *client)
{
    sc_client_close(client);
    client->load->handler.on_close(client);
}

static void flush_client(sc_client_t *client)
{
    ssize_t sent;

    if (client->state < SC_CLIENT_UPGRADING || client->out.len == 0)
        return;
    sent = send(client->fd, client->out.data, client->out.len, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN) {
        lose(client);
        return;
    }
    if (sent > 0) {
        client->load->counters.sent_bytes += (uint64_t)sent;
        client->out.len -= (size_t)sent;
        memmove(client->out.data, client->out.data + sent, client->out.len);
    }
    if ((client->out.len > 0) != client->awaits_space) {
        client->awaits_space = client->out.len > 0;
        watch(client, EPOLL_CTL_MOD, EPOLLIN | (client->awaits_space ? EPOLLOUT : 0u));
    }
}

void sc_load_flush(sc_load_t *load)
{
    while (load->dirty != NULL) {
        sc_client_t *client = load->dirty;

        load->dirty = client->next_dirty;
        client->is_dirty = false;
        if (!client->awaits_space)
            flush_client(client);
    }
}

/* ---- frames ---- */

static void put_frame(sc_client_t *client, uint8_t opcode, const void *payload, size_t len)
{
    uint8_t head[14] = {(uint8_t)(0x80u | opcode)};
    size_t head_len = 2;
    size_t start;

    if (len < 126) {
        head[1] = (uint8_t)(0x80u | len);
    } else if (len < 65536) {
        head[1] = 0x80u | 126u;
        head[2] = (uint8_t)(len >> 8);
        head[3] = (uint8_t)len;
        head_len = 4;
    } else {
        head[1] = 0x80u | 127u;
        for (size_t i = 0; i < 8; i++)
            head[2 + i] = (uint8_t)((uint64_t)len >> (56 - 8 * i));
        head_len = 10;
    }
    memcpy(head + head_len, MASK, sizeof MASK);
    bytes_append(&client->out, head, head_len + sizeof MASK);
    start = client->out.len;
    bytes_append(&client->out, payload, len);
    for (size_t i = 0; i < len; i++)
        client->out.data[start + i] ^= MASK[i & 3];
    mark_dirty(client);
}

void sc_client_send(sc_client_t *client, const char *text, size_t len)
{
    put_frame(client, OPCODE_TEXT, text, len);
}

void sc_client_sendf(sc_client_t *client, const char *format, ...)
{
    char text[4096];
    va_list args;
    int len;

    va_start(args, format);
    len = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (len < 0 || (size_t)len >= sizeof text)
        sc_bench_fail("a packet is too long");
    sc_client_send(client, text, (size_t)len);
}

static void take_text(sc_client_t *client, const char *text, size_t len)
{
    sc_load_t *load = client->load;

    if (load->speaks_sc && len == 0) {
        load->counters.ping_count++;
        sc_client_send(client, "", 0);
    } else if (load->speaks_sc && len == 2 && text[0] == '#') {
        load->counters.ping_count++;
        sc_client_send(client, "#2", 2);
    } else {
        load->counters.text_count++;
        load->handler.on_text(client, text, len);
    }
}

static void take_frame(sc_client_t *client, uint8_t first, const uint8_t *payload, size_t len)
{
    switch (first) {
    case 0x80 | OPCODE_TEXT:
        take_text(client, (const char *)payload, len);
        return;
    case 0x80 | OPCODE_PING:
        client->load->counters.ping_count++;
        put_frame(client, OPCODE_PONG, payload, len);
        return;
    case 0x80 | OPCODE_PONG:
        return;
    case 0x80 | OPCODE_CLOSE:
        lose(client);
        return;
    default: /* none of the servers fragments, compresses or sends binary frames here */
        (void)fprintf(stderr, "unexpected frame 0x%02x of %zu bytes\n", first, len);
        lose(client);
    }
}

/* @return the bytes of the frame at `data`, 0: incomplete */
static size_t frame_size(const uint8_t *data, size_t len, size_t *head_len)
{
    uint64_t payload_len;

    if (len < 2)
        return 0;
    payload_len = data[1] & 0x7fu;
    *head_len = 2;
    if (payload_len == 126) {
        *head_len = 4;
        if (len < 4)
            return 0;
        payload_len = (uint64_t)data[2] << 8 | data[3];
    } else if (payload_len == 127) {
        *head_len = 10;
        if (len < 10)
            return 0;
        payload_len = 0;
        for (size_t i = 2; i < 10; i++)
            payload_len = payload_len << 8 | data[i];
    }
    return len - *head_len >= payload_len ? *head_len + (size_t)payload_len : 0;
}

/* @return the bytes that were taken */
static size_t take_frames(sc_client_t *client, const uint8_t *data, size_t len)
{
    size_t taken = 0;

    while (client->state == SC_CLIENT_OPEN) {
        size_t head_len = 0;
        size_t size = frame_size(data + taken, len - taken, &head_len);

        if (size == 0)
            break;
        take_frame(client, data[taken], data + taken + head_len, size - head_len);
        taken += size;
    }
    return taken;
}

/* ---- connections ---- */

static size_t take_upgrade(sc_client_t *client, const uint8_t *data, size_t len)
{
    const uint8_t *end = memmem(data, len, "\r\n\r\n", 4);

    if (end == NULL)
        return 0;
    if (len < 12 || memcmp(data, "HTTP/1.1 101", 12) != 0) {
        (void)fprintf(stderr, "no upgrade: %.*s\n", (int)(end - data), (const char *)data);
        lose(client);
        return 0;
    }
    client->state = SC_CLIENT_OPEN;
    client->load->handler.on_open(client);
    return (size_t)(end - data) + 4;
}

static void take_bytes(sc_client_t *client, const uint8_t *data, size_t len)
{
    size_t taken = 0;

    if (client->state == SC_CLIENT_UPGRADING)
        taken = take_upgrade(client, data, len);
    if (client->state == SC_CLIENT_OPEN)
        taken += take_frames(client, data + taken, len - taken);
    if (client->state == SC_CLIENT_CLOSED)
        return;
    if (data == client->in.data) {
        client->in.len -= taken;
        memmove(client->in.data, client->in.data + taken, client->in.len);
    } else {
        bytes_append(&client->in, data + taken, len - taken);
    }
    if (client->in.len == 0 && client->in.cap > 4096)
        bytes_free(&client->in);
}

static void read_client(sc_client_t *client)
{
    sc_load_t *load = client->load;
    ssize_t got = recv(client->fd, load->read_buf, READ_BYTES, 0);

    if (got < 0 && errno == EAGAIN)
        return;
    if (got <= 0) {
        lose(client);
        return;
    }
    load->now_ns = sc_now_ns();
    load->counters.recv_calls++;
    load->counters.received_bytes += (uint64_t)got;
    if (client->in.len == 0) {
        take_bytes(client, load->read_buf, (size_t)got);
        return;
    }
    bytes_append(&client->in, load->read_buf, (size_t)got);
    take_bytes(client, client->in.data, client->in.len);
}

static void finish_connect(sc_client_t *client)
{
    static const char REQUEST[] = "GET %s HTTP/1.1\r\n"
                                  "Host: 127.0.0.1:%u\r\n"
                                  "Upgrade: websocket\r\n"
                                  "Connection: Upgrade\r\n"
                                  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                                  "Sec-WebSocket-Version: 13\r\n\r\n";
    char head[512];
    int error = 0;
    socklen_t error_len = sizeof error;
    int len;

    if (getsockopt(client->fd, SOL_SOCKET, SO_ERROR, &error, &error_len) != 0 || error != 0) {
        lose(client);
        return;
    }
    len = snprintf(head, sizeof head, REQUEST, client->path, client->load->port);
    if (len < 0 || (size_t)len >= sizeof head)
        sc_bench_fail("the path is too long");
    client->state = SC_CLIENT_UPGRADING;
    client->awaits_space = false;
    watch(client, EPOLL_CTL_MOD, EPOLLIN);
    bytes_append(&client->out, head, (size_t)len);
    mark_dirty(client);
}

static void handle_event(sc_client_t *client, uint32_t events)
{
    if (client->state == SC_CLIENT_CONNECTING) {
        finish_connect(client);
        return;
    }
    if (events & EPOLLOUT)
        flush_client(client);
    if (client->state != SC_CLIENT_CLOSED && (events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
        read_client(client);
}

void sc_load_turn(sc_load_t *load, uint64_t timeout_ns)
{
    struct epoll_event events[EVENTS_PER_TURN];
    struct timespec timeout = {.tv_sec = (time_t)(timeout_ns / 1000000000u),
                               .tv_nsec = (long)(timeout_ns % 1000000000u)};
    int count;

    sc_load_flush(load);
    count = epoll_pwait2(load->epoll_fd, events, EVENTS_PER_TURN, &timeout, NULL);
    load->now_ns = sc_now_ns();
    for (int i = 0; i < count; i++) {
        sc_client_t *client = events[i].data.ptr;

        if (client->state == SC_CLIENT_CLOSED) /* by an event before it in this turn */
            continue;
        handle_event(client, events[i].events);
        sc_load_flush(load);
    }
}

/* Many ports: each source address has some 28,000 of its own. */
static void bind_source(sc_client_t *client)
{
    uint32_t host =
        INADDR_LOOPBACK + client->load->source_first + client->index % client->load->source_count;
    struct sockaddr_in source = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(host)};
    int on = 1;

    if (setsockopt(client->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on) != 0 ||
        bind(client->fd, (struct sockaddr *)&source, sizeof source) != 0)
        sc_bench_fail("bind: %s", strerror(errno));
}

void sc_client_open(sc_load_t *load, sc_client_t *client, uint32_t index, const char *path)
{
    struct sockaddr_in server = {.sin_family = AF_INET,
                                 .sin_port = htons(load->port),
                                 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int on = 1;

    *client = (sc_client_t){.load = load, .index = index, .path = path};
    client->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (client->fd < 0)
        sc_bench_fail("socket: %s", strerror(errno));
    if (load->source_count > 1 || load->source_first > 0)
        bind_source(client);
    if (setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0)
        sc_bench_fail("TCP_NODELAY: %s", strerror(errno));
    if (connect(client->fd, (struct sockaddr *)&server, sizeof server) != 0 && errno != EINPROGRESS)
        sc_bench_fail("connect: %s", strerror(errno));
    client->state = SC_CLIENT_CONNECTING;
    client->awaits_space = true; /* it may queue packets now; they follow the upgrade */
    watch(client, EPOLL_CTL_ADD, EPOLLOUT);
}

void sc_client_close(sc_client_t *client)
{
    if (client->state == SC_CLIENT_CLOSED)
        return;
    client->state = SC_CLIENT_CLOSED;
    (void)close(client->fd);
    bytes_free(&client->out);
    bytes_free(&client->in);
}

/* ---- packets ---- */

void sc_client_send_handshake(sc_client_t *client, const char *token)
{
    if (token == NULL)
        sc_client_sendf(client,
                        "{\"event\":\"#handshake\",\"data\":{\"authToken\":null},\"cid\":1}");
    else
        sc_client_sendf(
            client, "{\"event\":\"#handshake\",\"data\":{\"authToken\":\"%s\"},\"cid\":1}", token);
}

uint64_t sc_packet_rid(const char *text, size_t len)
{
    uint64_t rid = 0;

    if (len < 8 || memcmp(text, "{\"rid\":", 7) != 0)
        return 0;
    for (size_t i = 7; i < len && text[i] >= '0' && text[i] <= '9'; i++)
        rid = rid * 10 + (uint64_t)(text[i] - '0');
    return rid;
}

bool sc_packet_has_error(const char *text, size_t len)
{
    return memmem(text, len, "\"error\":", 8) != NULL;
}

const char *sc_packet_find(const char *text, size_t len, const char *key, size_t *value_len)
{
    const char *value = memmem(text, len, key, strlen(key));
    const char *end;

    if (value == NULL)
        return NULL;
    value += strlen(key);
    end = memchr(value, '"', len - (size_t)(value - text));
    if (end == NULL)
        return NULL;
    *value_len = (size_t)(end - value);
    return value;
}
