/*
 * test_bus_recovery.c: the promise between workers and brokers, with real processes: workers publish to each other
 * while brokers, and in one test a worker, are killed at random moments. Whatever was acknowledged must have
 * reached every subscriber exactly once and in its publisher's order.
 *
 * All that is random follows from a seed, which a failure prints.
 */
#include "common/alloc.h"
#include "common/log.h"
#include "common/process.h"
#include "worker/exchange/exchange.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define WORKERS 3
#define BROKERS 2
#define CHANNELS 6
#define LIVES_MAX 32 /* processes that one worker may have one after the other */
#define RECEIVED_MAX 200000
#define PUBLISH_FOR_MS 1200
#define DEADLINE_MS 20000
#define VICTIM (WORKERS - 1) /* the worker that may be killed */
/* Long messages and workers that are busy for a while fill the links, so that a killed broker takes batches along. */
#define PADDING_BYTES 16000
#define BUSY_MS 40

/* ---- What the processes share -------------------------------------------------------------- */

typedef struct received {
    uint8_t channel;
    uint8_t worker;
    uint8_t life;
    uint32_t number;
} received_t;

typedef struct life {
    uint32_t published[CHANNELS];
    uint32_t acknowledged[CHANNELS]; /* the highest number such that all up to it are */
    uint32_t received_count;
    bool is_standing; /* all its subscriptions have been confirmed once */
    bool is_done;     /* has published all, and all is acknowledged */
    uint32_t acks_before_messages;
    uint64_t resent;
    received_t received[RECEIVED_MAX];
} life_t;

typedef struct shared {
    uint32_t seed;
    volatile bool may_publish;
    volatile bool must_finish; /* publish no more */
    volatile bool must_exit;
    bool wants[WORKERS][CHANNELS];
    life_t lives[WORKERS][LIVES_MAX];
} shared_t;

static shared_t *shared;
static sc_options_t options;
static char runtime_dir[64];

static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

static uint64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void sleep_ms(uint32_t ms)
{
    struct timespec pause = {ms / 1000, (long)(ms % 1000) * 1000000};

    nanosleep(&pause, NULL);
}

/* ---- A worker process ---------------------------------------------------------------------- */

typedef struct publication {
    uint32_t channel;
    uint32_t number;
} publication_t;

typedef struct test_worker {
    uint32_t id;
    uint32_t life_number;
    life_t *life;
    sc_loop_t loop;
    sc_exchange_t *exchange;
    sc_channel_t *held[CHANNELS];
    bool stands[CHANNELS];
    uint32_t own_received[CHANNELS];
    struct event *tick;
    uint32_t random;
} test_worker_t;

static sc_str_t channel_name(uint32_t channel)
{
    static const char *const names[CHANNELS] = {"a", "room:1", "room:2", "", "news", "long/name"};

    return sc_str_from(names[channel]);
}

static uint32_t channel_index(sc_str_t name)
{
    uint32_t channel = 0;

    while (!sc_str_equal(channel_name(channel), name))
        channel++;
    return channel;
}

static void on_message(sc_channel_t *channel, sc_str_t data, void *arg)
{
    test_worker_t *worker = arg;
    received_t *received = &worker->life->received[worker->life->received_count];
    unsigned from;
    unsigned life;
    unsigned number;
    char text[64]; /* the beginning */

    snprintf(text, sizeof(text), "%.*s", data.len < sizeof(text) ? (int)data.len : 63, data.ptr);
    if (sscanf(text, "[%u,%u,%u,", &from, &life, &number) != 3)
        abort();
    received->channel = (uint8_t)channel_index(sc_channel_name(channel));
    received->worker = (uint8_t)from;
    received->life = (uint8_t)life;
    received->number = number;
    if (from == worker->id && life == worker->life_number)
        worker->own_received[received->channel] = number;
    worker->life->received_count++;
}

static void on_standing(sc_channel_t *channel, void *arg)
{
    test_worker_t *worker = arg;
    bool all = true;

    worker->stands[channel_index(sc_channel_name(channel))] = true;
    for (uint32_t i = 0; i < CHANNELS; i++)
        all = all && (worker->stands[i] || !shared->wants[worker->id][i]);
    worker->life->is_standing = all;
}

static test_worker_t *the_worker; /* of this process, for callbacks whose argument is another */

static void on_done(sc_status_t status, void *arg)
{
    publication_t *publication = arg;
    life_t *life = the_worker->life;

    if (status != SC_OK)
        abort();
    if (shared->wants[the_worker->id][publication->channel] &&
        the_worker->own_received[publication->channel] < publication->number)
        life->acks_before_messages++;
    if (life->acknowledged[publication->channel] < publication->number)
        life->acknowledged[publication->channel] = publication->number;
    free(publication);
}

static void publish_some(test_worker_t *worker)
{
    uint32_t count = next_random(&worker->random) % 12;

    for (uint32_t i = 0; i < count; i++) {
        publication_t *publication = sc_new(publication_t);
        bool is_long = next_random(&worker->random) % 4 == 0;
        char text[PADDING_BYTES + 64];

        publication->channel = next_random(&worker->random) % CHANNELS;
        publication->number = worker->life->published[publication->channel] + 1;
        snprintf(text, sizeof(text), "[%u,%u,%u,\"%*s\"]", worker->id, worker->life_number,
                 publication->number, is_long ? PADDING_BYTES : 0, "");
        if (sc_exchange_submit(worker->exchange, channel_name(publication->channel),
                               sc_str_from(text), on_done, publication, NULL) != SC_OK)
            abort();
        worker->life->published[publication->channel]++;
    }
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
    test_worker_t *worker = arg;
    sc_exchange_counts_t counts = sc_exchange_get_counts(worker->exchange);

    (void)fd;
    (void)what;
    if (shared->may_publish && !shared->must_finish && worker->life->is_standing) {
        publish_some(worker);
        if (next_random(&worker->random) % 16 == 0)
            sleep_ms(BUSY_MS);
    }
    worker->life->resent = counts.resent;
    worker->life->is_done = shared->must_finish && counts.backlog_bytes == 0;
    if (shared->must_exit)
        sc_loop_stop(&worker->loop);
}

static void open_worker(test_worker_t *worker)
{
    static const sc_exchange_handler_t handler = {on_message, on_standing};
    struct timeval interval = {0, 2000};
    sc_exchange_setup_t setup = {.loop = &worker->loop,
                                 .options = &options,
                                 .runtime_dir = runtime_dir,
                                 .worker_id = worker->id,
                                 .restart_count = worker->life_number,
                                 .handler = &handler,
                                 .arg = worker};

    if (sc_loop_init(&worker->loop) != SC_OK)
        abort();
    worker->exchange = sc_exchange_new(&setup);
    worker->tick = event_new(worker->loop.base, -1, EV_PERSIST, on_tick, worker);
    if (worker->exchange == NULL || worker->tick == NULL || event_add(worker->tick, &interval) != 0)
        abort();
    for (uint32_t i = 0; i < CHANNELS; i++) {
        if (!shared->wants[worker->id][i])
            continue;
        worker->held[i] = sc_exchange_hold(worker->exchange, channel_name(i));
        sc_channel_join(worker->held[i]);
    }
}

static void run_worker(uint32_t id, uint32_t life_number)
{
    test_worker_t worker = {.id = id, .life_number = life_number};

    worker.life = &shared->lives[id][life_number];
    worker.random = shared->seed * 31 + id * 7 + life_number;
    the_worker = &worker;
    open_worker(&worker);
    sc_loop_run(&worker.loop);
    event_free(worker.tick);
    sc_exchange_free(worker.exchange);
    sc_loop_deinit(&worker.loop);
    exit(0);
}

/* ---- The master's part --------------------------------------------------------------------- */

typedef struct child {
    pid_t pid;
    uint32_t life_number;
    int control_fd; /* of a broker */
} child_t;

static child_t workers[WORKERS];
static child_t brokers[BROKERS];

static void remove_runtime_dir(void)
{
    DIR *listing = opendir(runtime_dir);
    const struct dirent *entry;

    while (listing != NULL && (entry = readdir(listing)) != NULL)
        unlinkat(dirfd(listing), entry->d_name, 0);
    if (listing != NULL)
        closedir(listing);
    rmdir(runtime_dir);
}

/* A test that fails leaves no processes and files behind. */
static void clean_up(void)
{
    for (uint32_t i = 0; i < WORKERS; i++) {
        if (workers[i].pid > 0)
            kill(workers[i].pid, SIGKILL);
    }
    for (uint32_t i = 0; i < BROKERS; i++) {
        if (brokers[i].pid > 0)
            kill(brokers[i].pid, SIGKILL);
    }
    remove_runtime_dir();
}

/* Ends the test with a reason, whose first number is the seed. */
#define FAIL(...)                                                                                  \
    do {                                                                                           \
        clean_up();                                                                                \
        fail_msg(__VA_ARGS__);                                                                     \
    } while (0)

static void start_worker(uint32_t id)
{
    fflush(NULL);
    workers[id].pid = fork();
    assert_true(workers[id].pid >= 0);
    if (workers[id].pid > 0)
        return;
    for (uint32_t i = 0; i < BROKERS; i++)
        close(brokers[i].control_fd);
    run_worker(id, workers[id].life_number);
}

static void start_broker(uint32_t id)
{
    int fds[2];
    sc_child_setup_t setup = {.options = &options,
                              .runtime_dir = runtime_dir,
                              .id = id,
                              .restart_count = brokers[id].life_number,
                              .listen_fd = -1};

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    fflush(NULL);
    brokers[id].control_fd = fds[0];
    brokers[id].pid = fork();
    assert_true(brokers[id].pid >= 0);
    if (brokers[id].pid == 0) {
        for (uint32_t i = 0; i < BROKERS; i++)
            close(brokers[i].control_fd);
        setup.control_fd = fds[1];
        if (fcntl(fds[1], F_SETFL, O_NONBLOCK) != 0)
            abort();
        exit(sc_broker_main(&setup));
    }
    close(fds[1]);
}

static void kill_and_wait(child_t *child)
{
    assert_int_equal(kill(child->pid, SIGKILL), 0);
    assert_int_equal(waitpid(child->pid, NULL, 0), child->pid);
    child->life_number++;
    assert_true(child->life_number < LIVES_MAX);
}

static void kill_broker(uint32_t id)
{
    kill_and_wait(&brokers[id]);
    close(brokers[id].control_fd);
    brokers[id].control_fd = -1;
    start_broker(id);
}

static void tell_broker(uint32_t id, const char *text)
{
    size_t len = strlen(text);
    unsigned char head[4] = {0, 0, (unsigned char)(len >> 8), (unsigned char)len};

    assert_int_equal(write(brokers[id].control_fd, head, sizeof(head)), sizeof(head));
    assert_int_equal(write(brokers[id].control_fd, text, len), len);
}

static void kill_victim(void)
{
    char text[80];

    snprintf(text, sizeof(text), "{\"type\":\"workerDown\",\"worker\":%d,\"restarts\":%u}", VICTIM,
             workers[VICTIM].life_number);
    kill_and_wait(&workers[VICTIM]);
    for (uint32_t i = 0; i < BROKERS; i++)
        tell_broker(i, text);
    start_worker(VICTIM);
}

static life_t *life_of(uint32_t worker)
{
    return &shared->lives[worker][workers[worker].life_number];
}

static void wait_until(bool (*holds)(void), const char *what)
{
    uint64_t deadline_ms = now_ms() + DEADLINE_MS;

    while (!holds()) {
        if (now_ms() > deadline_ms)
            FAIL("seed %u: %s", shared->seed, what);
        sleep_ms(2);
    }
}

static bool all_stand(void)
{
    for (uint32_t i = 0; i < WORKERS; i++) {
        if (!life_of(i)->is_standing)
            return false;
    }
    return true;
}

static bool all_done(void)
{
    for (uint32_t i = 0; i < WORKERS; i++) {
        if (!life_of(i)->is_done)
            return false;
    }
    return true;
}

static void set_up(uint32_t seed)
{
    uint32_t random = seed;

    shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(shared, MAP_FAILED);
    shared->seed = seed;
    for (uint32_t i = 0; i < WORKERS; i++) {
        for (uint32_t c = 0; c < CHANNELS; c++)
            shared->wants[i][c] = next_random(&random) % 3 > 0;
    }
    memset(&options, 0, sizeof(options));
    options.workers = WORKERS;
    options.brokers = BROKERS;
    options.publish_backlog_bytes = 64 << 20;
    options.broker_gather_timeout_ms = 10000;
    strcpy(runtime_dir, "/tmp/sc-recovery-XXXXXX");
    assert_non_null(mkdtemp(runtime_dir));
    sc_log_init("test", SC_LOG_ERROR, SC_LOG_TEXT);
    memset(workers, 0, sizeof(workers));
    memset(brokers, 0, sizeof(brokers));
    for (uint32_t i = 0; i < BROKERS; i++)
        brokers[i].control_fd = -1;
    for (uint32_t i = 0; i < BROKERS; i++)
        start_broker(i);
    for (uint32_t i = 0; i < WORKERS; i++)
        start_worker(i);
}

static void expect_clean_end(pid_t pid)
{
    int status;

    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void tear_down(void)
{
    shared->must_exit = true;
    for (uint32_t i = 0; i < WORKERS; i++)
        expect_clean_end(workers[i].pid);
    for (uint32_t i = 0; i < BROKERS; i++) {
        tell_broker(i, "{\"type\":\"stop\"}");
        expect_clean_end(brokers[i].pid);
        close(brokers[i].control_fd);
    }
    assert_int_equal(rmdir(runtime_dir), 0); /* brokers that end in order leave nothing there */
    assert_int_equal(munmap(shared, sizeof(*shared)), 0);
}

/* ---- The model ----------------------------------------------------------------------------- */

/* What a worker that lived all the time has received of one publisher's process in one channel. */
static void check_stream(uint32_t receiver, uint32_t channel, uint32_t worker, uint32_t life_number)
{
    const life_t *to = &shared->lives[receiver][0];
    const life_t *from = &shared->lives[worker][life_number];
    uint32_t last = 0;

    for (uint32_t i = 0; i < to->received_count; i++) {
        const received_t *received = &to->received[i];

        if (received->channel != channel || received->worker != worker ||
            received->life != life_number)
            continue;
        if (received->number != last + 1)
            FAIL("seed %u: worker %u got %u after %u from process %u of worker %u in channel %u",
                 shared->seed, receiver, received->number, last, life_number, worker, channel);
        last = received->number;
    }
    if (last < from->acknowledged[channel] || last > from->published[channel])
        FAIL("seed %u: worker %u got up to %u from process %u of worker %u in channel %u, of which "
             "%u were acknowledged and %u published",
             shared->seed, receiver, last, life_number, worker, channel,
             from->acknowledged[channel], from->published[channel]);
}

static void check_receiver(uint32_t receiver)
{
    for (uint32_t channel = 0; channel < CHANNELS; channel++) {
        if (!shared->wants[receiver][channel])
            continue;
        for (uint32_t worker = 0; worker < WORKERS; worker++) {
            for (uint32_t life = 0; life <= workers[worker].life_number; life++)
                check_stream(receiver, channel, worker, life);
        }
    }
}

static void check_all(void)
{
    for (uint32_t i = 0; i < WORKERS; i++) {
        if (workers[i].life_number == 0)
            check_receiver(i);
        for (uint32_t life = 0; life <= workers[i].life_number; life++)
            assert_int_equal(shared->lives[i][life].acks_before_messages, 0);
    }
}

/* Kills at random moments while all publish, then lets them finish and compares. @return publications sent again. */
static uint64_t run(uint32_t seed, bool kills_workers)
{
    uint32_t random = seed + 1;
    uint64_t resent = 0;
    uint64_t end_ms;

    set_up(seed);
    wait_until(all_stand, "subscriptions were not confirmed");
    shared->may_publish = true;
    end_ms = now_ms() + PUBLISH_FOR_MS;
    while (now_ms() < end_ms) {
        sleep_ms(20 + next_random(&random) % 150);
        if (kills_workers && next_random(&random) % 2 == 0)
            kill_victim();
        else
            kill_broker(next_random(&random) % BROKERS);
    }
    shared->must_finish = true;
    wait_until(all_done, "publications were not acknowledged");
    check_all();
    for (uint32_t i = 0; i < WORKERS; i++)
        resent += shared->lives[i][0].resent;
    tear_down();
    return resent;
}

/* ---- Tests --------------------------------------------------------------------------------- */

static void
every_acknowledged_message_arrives_once_and_in_order_when_brokers_are_killed(void **state)
{
    uint64_t resent = 0;

    (void)state;
    for (uint32_t seed = 1; seed <= 3; seed++)
        resent += run(seed, false);
    assert_true(resent > 0); /* else it tested nothing */
}

static void
every_acknowledged_message_arrives_once_and_in_order_when_workers_are_killed_too(void **state)
{
    (void)state;
    for (uint32_t seed = 11; seed <= 13; seed++)
        run(seed, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            every_acknowledged_message_arrives_once_and_in_order_when_brokers_are_killed),
        cmocka_unit_test(
            every_acknowledged_message_arrives_once_and_in_order_when_workers_are_killed_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
