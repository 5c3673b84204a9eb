/*
 * fanout: messages of publishers to the subscribers of channels.
 *
 * Closed loop (the default): `inflight` messages are on their way in each channel (or, with --spread 1, in all
 * channels together, from one to the next); when the last subscriber has one, the next is published. This
 * measures what the server can carry and what CPU time a delivery costs.
 * Open loop (--rate): messages are published at fixed times, whether or not earlier ones have arrived, and a
 * delivery's latency counts from the time at which its message was due. So a server that stalls can't make
 * the generator stall with it and hide the wait.
 */
#include "client.h"
#include "histogram.h"
#include "option.h"
#include "proc_tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    STAMP_BYTES = 33, /* @ slot (8 hex digits) sequence number (8) time (16) */
    CONNECTING_MAX = 128,
    SUBSCRIBING_MAX = 64, /* unanswered #subscribe for each socket */
    TURN_NS = 50000000
};

typedef enum phase { PHASE_CONNECT, PHASE_SUBSCRIBE, PHASE_RUN } phase_t;

typedef struct slot {
    uint32_t channel;
    uint32_t sequence; /* of the message that is on its way */
    uint32_t remaining;
} slot_t;

typedef struct fanout_option {
    uint64_t port;
    uint64_t pid;
    uint64_t channels;
    uint64_t subscribers; /* for each channel */
    uint64_t subscriber_sockets;
    uint64_t publisher_sockets;
    uint64_t inflight;
    uint64_t spread;
    uint64_t rate; /* messages a second over all channels */
    uint64_t payload_bytes;
    uint64_t with_ack;
    uint64_t seconds_milli;
    uint64_t warmup_milli;
    uint64_t limit_seconds;
    const char *protocol;
    const char *path;
} fanout_option_t;

typedef struct fanout {
    fanout_option_t option;
    sc_load_t load;
    bool is_nchan;
    phase_t phase;
    sc_client_t *clients; /* subscribers first */
    char **paths;         /* nchan: one for each client */
    uint32_t client_count;
    uint32_t ready_count; /* clients whose handshake is answered */
    uint64_t *subscribed; /* for each subscriber socket: answers to #subscribe */
    uint64_t subscribed_count;
    slot_t *slots;
    uint32_t slot_count;
    char *packet; /* a publication, without its stamp and channel */
    uint32_t sequence;
    uint64_t published_count;
    uint64_t delivered_count;
    uint64_t unexpected_count; /* deliveries of a message that isn't on its way: doubled or late */
    bool is_measuring;
    sc_histogram_t latency;
    sc_histogram_t ack_latency;
    uint64_t ack_count;
} fanout_t;

/* ---- publishing ---- */

static void hex(char *out, uint64_t value, size_t digits)
{
    static const char DIGITS[] = "0123456789abcdef";

    for (size_t i = digits; i > 0; i--) {
        out[i - 1] = DIGITS[value & 15];
        value >>= 4;
    }
}

static uint64_t unhex(const char *text, size_t digits)
{
    uint64_t value = 0;

    for (size_t i = 0; i < digits; i++) {
        char c = text[i];

        value = value << 4 | (uint64_t)(c <= '9' ? c - '0' : c - 'a' + 10);
    }
    return value;
}

static void publish(fanout_t *fanout, uint32_t slot_index, uint32_t sequence, uint32_t channel,
                    uint64_t due_ns)
{
    uint64_t publisher = channel % fanout->option.publisher_sockets;
    sc_client_t *client = &fanout->clients[fanout->option.subscriber_sockets + publisher];
    size_t payload_bytes = (size_t)fanout->option.payload_bytes;
    char *packet = fanout->packet;
    char *stamp = packet;
    char *end;

    if (!fanout->is_nchan)
        stamp += sprintf(
            packet, "{\"event\":\"#publish\",\"data\":{\"channel\":\"c%u\",\"data\":\"", channel);
    *stamp = '@';
    hex(stamp + 1, slot_index, 8);
    hex(stamp + 9, sequence, 8);
    hex(stamp + 17, due_ns, 16);
    memset(stamp + STAMP_BYTES, 'x', payload_bytes - STAMP_BYTES);
    end = stamp + payload_bytes;
    if (!fanout->is_nchan && fanout->option.with_ack)
        end +=
            sprintf(end, "\"},\"cid\":%llu}", (unsigned long long)fanout->published_count + 1000);
    else if (!fanout->is_nchan)
        end += sprintf(end, "\"}}");
    sc_client_send(client, packet, (size_t)(end - packet));
    fanout->published_count++;
}

static void publish_slot(fanout_t *fanout, uint32_t index)
{
    slot_t *slot = &fanout->slots[index];

    slot->sequence = ++fanout->sequence;
    slot->remaining = (uint32_t)fanout->option.subscribers;
    publish(fanout, index, slot->sequence, slot->channel, sc_now_ns());
}

static void finish_slot(fanout_t *fanout, uint32_t index)
{
    slot_t *slot = &fanout->slots[index];

    if (fanout->option.spread)
        slot->channel = (slot->channel + fanout->slot_count) % (uint32_t)fanout->option.channels;
    publish_slot(fanout, index);
}

static void make_slots(fanout_t *fanout)
{
    const fanout_option_t *option = &fanout->option;

    fanout->slot_count = (uint32_t)(option->inflight * (option->spread ? 1 : option->channels));
    fanout->slots = sc_bench_alloc(fanout->slot_count, sizeof *fanout->slots);
    for (uint32_t i = 0; i < fanout->slot_count; i++)
        fanout->slots[i].channel =
            (uint32_t)(option->spread ? i % option->channels : i / option->inflight);
}

/* ---- what arrives ---- */

static void take_delivery(fanout_t *fanout, const char *stamp)
{
    uint32_t index = (uint32_t)unhex(stamp + 1, 8);
    uint32_t sequence = (uint32_t)unhex(stamp + 9, 8);
    uint64_t due_ns = unhex(stamp + 17, 16);

    fanout->delivered_count++;
    if (fanout->is_measuring)
        sc_histogram_add(&fanout->latency, fanout->load.now_ns - due_ns);
    if (fanout->option.rate > 0)
        return;
    if (index >= fanout->slot_count || fanout->slots[index].sequence != sequence ||
        fanout->slots[index].remaining == 0) {
        fanout->unexpected_count++;
        return;
    }
    if (--fanout->slots[index].remaining == 0)
        finish_slot(fanout, index);
}

static void send_subscribe(fanout_t *fanout, sc_client_t *client, uint64_t nth)
{
    uint64_t subscription = client->index + nth * fanout->option.subscriber_sockets;

    if (subscription >= fanout->option.channels * fanout->option.subscribers)
        return;
    sc_client_sendf(client,
                    "{\"event\":\"#subscribe\",\"data\":{\"channel\":\"c%llu\"},\"cid\":%llu}",
                    (unsigned long long)(subscription / fanout->option.subscribers),
                    (unsigned long long)(nth + 2));
}

static void take_answer(fanout_t *fanout, sc_client_t *client, uint64_t rid, bool is_error)
{
    if (is_error)
        sc_bench_fail("answer %llu is an error", (unsigned long long)rid);
    if (rid == 1) {
        fanout->ready_count++;
        return;
    }
    if (fanout->phase == PHASE_SUBSCRIBE) {
        uint64_t answered = ++fanout->subscribed[client->index];

        fanout->subscribed_count++;
        send_subscribe(fanout, client, answered + SUBSCRIBING_MAX - 1);
        return;
    }
    fanout->ack_count++;
}

static void on_text(sc_client_t *client, const char *text, size_t len)
{
    fanout_t *fanout = client->load->arg;
    size_t head_len = len < 128 ? len : 128;
    const char *stamp = memchr(text, '@', head_len);
    uint64_t rid;

    if (stamp != NULL && len - (size_t)(stamp - text) >= STAMP_BYTES) {
        take_delivery(fanout, stamp);
        return;
    }
    if (fanout->is_nchan) { /* to a publisher: the state of the channel */
        fanout->ack_count++;
        return;
    }
    rid = sc_packet_rid(text, len);
    if (rid > 0)
        take_answer(fanout, client, rid, sc_packet_has_error(text, len));
}

static void on_open(sc_client_t *client)
{
    fanout_t *fanout = client->load->arg;

    if (fanout->is_nchan)
        fanout->ready_count++;
    else
        sc_client_send_handshake(client, NULL);
}

static void on_close(sc_client_t *client)
{
    sc_bench_fail("connection %u was closed", client->index);
}

/* ---- phases ---- */

static void check_limit(fanout_t *fanout, uint64_t start_ns, const char *what)
{
    if (sc_now_ns() - start_ns > fanout->option.limit_seconds * 1000000000u)
        sc_bench_fail("%s took too long", what);
}

static const char *path_of(fanout_t *fanout, uint32_t index)
{
    uint32_t subscriber_sockets = (uint32_t)fanout->option.subscriber_sockets;
    char path[64];

    if (!fanout->is_nchan)
        return fanout->option.path;
    if (index < subscriber_sockets)
        (void)snprintf(path, sizeof path, "/sub/c%u", index / (uint32_t)fanout->option.subscribers);
    else
        (void)snprintf(path, sizeof path, "/pub/c%u", index - subscriber_sockets);
    fanout->paths[index] = strdup(path);
    if (fanout->paths[index] == NULL)
        sc_bench_fail("no memory");
    return fanout->paths[index];
}

static void connect_all(fanout_t *fanout)
{
    uint64_t start_ns = sc_now_ns();
    uint32_t opened = 0;

    while (fanout->ready_count < fanout->client_count) {
        while (opened < fanout->client_count && opened - fanout->ready_count < CONNECTING_MAX) {
            sc_client_open(&fanout->load, &fanout->clients[opened], opened,
                           path_of(fanout, opened));
            opened++;
        }
        sc_load_turn(&fanout->load, TURN_NS);
        check_limit(fanout, start_ns, "connecting");
    }
}

static void subscribe_all(fanout_t *fanout)
{
    uint64_t start_ns = sc_now_ns();
    uint64_t wanted = fanout->option.channels * fanout->option.subscribers;

    fanout->phase = PHASE_SUBSCRIBE;
    if (fanout->is_nchan)
        wanted = 0;
    for (uint32_t i = 0; wanted > 0 && i < fanout->option.subscriber_sockets; i++) {
        for (uint64_t nth = 0; nth < SUBSCRIBING_MAX; nth++)
            send_subscribe(fanout, &fanout->clients[i], nth);
    }
    while (fanout->subscribed_count < wanted) {
        sc_load_turn(&fanout->load, TURN_NS);
        check_limit(fanout, start_ns, "subscribing");
    }
    fanout->phase = PHASE_RUN;
}

static void run_closed(fanout_t *fanout, uint64_t until_ns)
{
    uint64_t now_ns;

    while ((now_ns = sc_now_ns()) < until_ns)
        sc_load_turn(&fanout->load, until_ns - now_ns < TURN_NS ? until_ns - now_ns : TURN_NS);
}

static void run_open(fanout_t *fanout, uint64_t until_ns)
{
    uint64_t interval_ns = 1000000000u / fanout->option.rate;
    uint64_t due_ns = sc_now_ns();
    uint64_t now_ns;

    while ((now_ns = sc_now_ns()) < until_ns) {
        for (; due_ns <= now_ns; due_ns += interval_ns) {
            uint32_t channel = (uint32_t)(fanout->published_count % fanout->option.channels);

            publish(fanout, 0, 0, channel, due_ns);
        }
        sc_load_turn(&fanout->load, due_ns - now_ns);
    }
}

static void run(fanout_t *fanout, uint64_t duration_ms)
{
    uint64_t until_ns = sc_now_ns() + duration_ms * 1000000u;

    if (fanout->option.rate > 0)
        run_open(fanout, until_ns);
    else
        run_closed(fanout, until_ns);
}

static void measure(fanout_t *fanout, const sc_tree_t *subscribing, const sc_tree_t *subscribed)
{
    const fanout_option_t *option = &fanout->option;
    sc_tree_t before;
    sc_tree_t after;
    uint64_t delivered = fanout->delivered_count;
    uint64_t published = fanout->published_count;
    uint64_t own_ns = sc_own_cpu_ns();
    uint64_t recv_calls = fanout->load.counters.recv_calls;
    uint64_t start_ns = sc_now_ns();
    double seconds;

    sc_tree_read(&before, (pid_t)option->pid);
    fanout->is_measuring = true;
    run(fanout, option->seconds_milli);
    fanout->is_measuring = false;
    sc_tree_read(&after, (pid_t)option->pid);
    seconds = (double)(sc_now_ns() - start_ns) / 1e9;
    delivered = fanout->delivered_count - delivered;
    published = fanout->published_count - published;
    if (delivered == 0)
        sc_bench_fail("nothing was delivered");
    (void)printf("{\"channels\":%llu,\"subscribers\":%llu,\"payload_bytes\":%llu,"
                 "\"messages_per_second\":%.0f,\"deliveries_per_second\":%.0f,",
                 (unsigned long long)option->channels, (unsigned long long)option->subscribers,
                 (unsigned long long)option->payload_bytes, (double)published / seconds,
                 (double)delivered / seconds);
    (void)printf("\"cpu_us_per_delivery\":%.3f,\"cpu_us_per_subscribe\":%.2f,"
                 "\"client_cpu_us_per_delivery\":%.3f,\"deliveries_per_recv\":%.2f,"
                 "\"unexpected\":%llu,",
                 (double)sc_tree_used_ns(&before, &after) / 1e3 / (double)delivered,
                 (double)sc_tree_used_ns(subscribing, subscribed) / 1e3 /
                     (double)(option->channels * option->subscribers),
                 (double)(sc_own_cpu_ns() - own_ns) / 1e3 / (double)delivered,
                 (double)delivered / (double)(fanout->load.counters.recv_calls - recv_calls),
                 (unsigned long long)fanout->unexpected_count);
    sc_tree_print(&before, &after, "cpu_us_by_process", (double)delivered);
    (void)printf(",");
    sc_histogram_print(&fanout->latency, "latency_us");
    (void)printf("}\n");
}

static void read_options(fanout_t *fanout, int argc, char **argv)
{
    fanout_option_t *option = &fanout->option;
    const sc_bench_option_t table[] = {{"--port", &option->port, NULL},
                                       {"--pid", &option->pid, NULL},
                                       {"--channels", &option->channels, NULL},
                                       {"--subscribers", &option->subscribers, NULL},
                                       {"--sockets", &option->subscriber_sockets, NULL},
                                       {"--publishers", &option->publisher_sockets, NULL},
                                       {"--inflight", &option->inflight, NULL},
                                       {"--spread", &option->spread, NULL},
                                       {"--rate", &option->rate, NULL},
                                       {"--payload", &option->payload_bytes, NULL},
                                       {"--ack", &option->with_ack, NULL},
                                       {"--milliseconds", &option->seconds_milli, NULL},
                                       {"--warmup", &option->warmup_milli, NULL},
                                       {"--limit", &option->limit_seconds, NULL},
                                       {"--protocol", NULL, &option->protocol},
                                       {"--path", NULL, &option->path},
                                       {NULL, NULL, NULL}};

    *option = (fanout_option_t){.channels = 1,
                                .subscribers = 1,
                                .inflight = 1,
                                .payload_bytes = 64,
                                .seconds_milli = 2000,
                                .warmup_milli = 500,
                                .limit_seconds = 60,
                                .protocol = "sc",
                                .path = "/socketcluster/"};
    sc_bench_options(argc, argv, table);
    fanout->is_nchan = strcmp(option->protocol, "nchan") == 0;
    if (option->port == 0 || option->pid == 0 || option->payload_bytes < STAMP_BYTES ||
        option->channels == 0 || option->subscribers == 0 || option->inflight == 0)
        sc_bench_fail("--port and --pid of the server are needed; --payload is %d at least",
                      STAMP_BYTES);
    if (option->subscriber_sockets == 0 || fanout->is_nchan)
        option->subscriber_sockets = option->channels * option->subscribers;
    if (option->publisher_sockets == 0 || fanout->is_nchan)
        option->publisher_sockets = option->channels;
}

int main(int argc, char **argv)
{
    static const sc_load_handler_t HANDLER = {on_open, on_text, on_close};
    fanout_t *fanout = sc_bench_alloc(1, sizeof *fanout);
    fanout_option_t *option = &fanout->option;
    sc_tree_t subscribing;
    sc_tree_t subscribed;

    read_options(fanout, argc, argv);
    fanout->client_count = (uint32_t)(option->subscriber_sockets + option->publisher_sockets);
    fanout->clients = sc_bench_alloc(fanout->client_count, sizeof *fanout->clients);
    fanout->paths = sc_bench_alloc(fanout->client_count, sizeof *fanout->paths);
    fanout->subscribed = sc_bench_alloc(fanout->client_count, sizeof *fanout->subscribed);
    fanout->packet = sc_bench_alloc(1, (size_t)option->payload_bytes + 256);
    make_slots(fanout);
    sc_bench_need_descriptors(fanout->client_count);
    sc_load_init(&fanout->load, (uint16_t)option->port, !fanout->is_nchan, HANDLER, fanout);
    fanout->load.source_count = fanout->client_count / 20000 + 1;

    connect_all(fanout);
    sc_tree_read(&subscribing, (pid_t)option->pid);
    subscribe_all(fanout);
    sc_tree_read(&subscribed, (pid_t)option->pid);
    for (uint32_t i = 0; option->rate == 0 && i < fanout->slot_count; i++)
        publish_slot(fanout, i);
    run(fanout, option->warmup_milli);
    measure(fanout, &subscribing, &subscribed);
    return 0;
}
