/*
 * idle: what it costs a server to take connections, to hold them, and to ping them.
 */
#include "client.h"
#include "option.h"
#include "proc_tree.h"

#include <stdio.h>
#include <string.h>

enum { TURN_NS = 20000000 };

typedef struct idle {
    uint64_t port;
    uint64_t pid;
    uint64_t connections;
    uint64_t concurrency; /* connections that wait for their handshake's answer */
    uint64_t ping_milli;  /* how long pings are answered */
    uint64_t settle_milli;
    uint64_t limit_seconds;
    uint64_t source_first; /* of several programs at once, each has addresses of its own */
    const char *protocol;
    const char *path;
    sc_load_t load;
    bool is_nchan;
    sc_client_t *clients;
    uint32_t ready_count;
    uint32_t lost_count;
} idle_t;

static void on_open(sc_client_t *client)
{
    idle_t *idle = client->load->arg;

    if (idle->is_nchan)
        idle->ready_count++;
    else
        sc_client_send_handshake(client, NULL);
}

static void on_text(sc_client_t *client, const char *text, size_t len)
{
    idle_t *idle = client->load->arg;

    if (sc_packet_rid(text, len) == 1)
        idle->ready_count++;
}

static void on_close(sc_client_t *client)
{
    idle_t *idle = client->load->arg;

    idle->lost_count++;
}

static void connect_all(idle_t *idle)
{
    uint64_t start_ns = sc_now_ns();
    uint32_t opened = 0;

    while (idle->ready_count < idle->connections) {
        while (opened < idle->connections && opened - idle->ready_count < idle->concurrency) {
            sc_client_open(&idle->load, &idle->clients[opened], opened, idle->path);
            opened++;
        }
        sc_load_turn(&idle->load, TURN_NS);
        if (idle->lost_count > 0)
            sc_bench_fail("%u of %u connections were lost", idle->lost_count, opened);
        if (sc_now_ns() - start_ns > idle->limit_seconds * 1000000000u)
            sc_bench_fail("connecting took too long: %u are ready", idle->ready_count);
    }
}

static void answer_pings(idle_t *idle, uint64_t duration_ms)
{
    uint64_t until_ns = sc_now_ns() + duration_ms * 1000000u;

    while (sc_now_ns() < until_ns)
        sc_load_turn(&idle->load, TURN_NS);
}

static void measure(idle_t *idle)
{
    sc_tree_t start;
    sc_tree_t connected;
    sc_tree_t settled;
    sc_tree_t pinged;
    sc_tree_memory_t without;
    sc_tree_memory_t with;
    double count = (double)idle->connections;
    uint64_t start_ns;
    uint64_t connected_ns;
    uint64_t pings;

    sc_tree_read(&start, (pid_t)idle->pid);
    sc_tree_memory(&start, &without);
    start_ns = sc_now_ns();
    connect_all(idle);
    connected_ns = sc_now_ns();
    sc_tree_read(&connected, (pid_t)idle->pid);
    answer_pings(idle, idle->settle_milli); /* the first ping asks for the version */
    sc_tree_read(&settled, (pid_t)idle->pid);
    sc_tree_memory(&settled, &with);
    pings = idle->load.counters.ping_count;
    answer_pings(idle, idle->ping_milli);
    sc_tree_read(&pinged, (pid_t)idle->pid);
    (void)printf("{\"connections\":%llu,\"connects_per_second\":%.0f,\"connect_cpu_us\":%.1f,"
                 "\"pss_bytes_each\":%.0f,\"private_dirty_bytes_each\":%.0f,"
                 "\"pings\":%llu,\"ping_cores\":%.5f,\"lost\":%u,",
                 (unsigned long long)idle->connections,
                 count / ((double)(connected_ns - start_ns) / 1e9),
                 (double)sc_tree_used_ns(&start, &connected) / 1e3 / count,
                 ((double)with.pss_bytes - (double)without.pss_bytes) / count,
                 ((double)with.private_dirty_bytes - (double)without.private_dirty_bytes) / count,
                 (unsigned long long)(idle->load.counters.ping_count - pings),
                 (double)sc_tree_used_ns(&settled, &pinged) / ((double)idle->ping_milli * 1e6),
                 idle->lost_count);
    sc_tree_print(&start, &connected, "connect_cpu_us_by_process", count);
    (void)printf("}\n");
}

int main(int argc, char **argv)
{
    static const sc_load_handler_t HANDLER = {on_open, on_text, on_close};
    static idle_t idle = {.connections = 1000,
                          .concurrency = 128,
                          .ping_milli = 8000,
                          .settle_milli = 1000,
                          .limit_seconds = 60,
                          .protocol = "sc",
                          .path = "/socketcluster/"};
    const sc_bench_option_t table[] = {{"--port", &idle.port, NULL},
                                       {"--pid", &idle.pid, NULL},
                                       {"--connections", &idle.connections, NULL},
                                       {"--concurrency", &idle.concurrency, NULL},
                                       {"--ping-milliseconds", &idle.ping_milli, NULL},
                                       {"--settle-milliseconds", &idle.settle_milli, NULL},
                                       {"--limit", &idle.limit_seconds, NULL},
                                       {"--source-first", &idle.source_first, NULL},
                                       {"--protocol", NULL, &idle.protocol},
                                       {"--path", NULL, &idle.path},
                                       {NULL, NULL, NULL}};

    sc_bench_options(argc, argv, table);
    if (idle.port == 0 || idle.pid == 0 || idle.connections == 0 || idle.ping_milli == 0)
        sc_bench_fail("--port and --pid of the server are needed");
    idle.is_nchan = strcmp(idle.protocol, "nchan") == 0;
    if (idle.is_nchan)
        idle.path = "/sub/idle";
    idle.clients = sc_bench_alloc((size_t)idle.connections, sizeof *idle.clients);
    sc_bench_need_descriptors((size_t)idle.connections);
    sc_load_init(&idle.load, (uint16_t)idle.port, !idle.is_nchan, HANDLER, &idle);
    idle.load.source_first = (uint32_t)idle.source_first;
    idle.load.source_count = (uint32_t)(idle.connections / 20000 + 1);
    measure(&idle);
    return 0;
}
