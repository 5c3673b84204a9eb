#include "link_end.h"

#include "loop_fixture.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#define PATIENCE_MS 20000

void make_runtime_dir(char path[64])
{
    strcpy(path, "/tmp/sc-test-XXXXXX");
    assert_non_null(mkdtemp(path));
}

void remove_runtime_dir(const char *path)
{
    DIR *listing = opendir(path);
    const struct dirent *entry;

    assert_non_null(listing);
    while ((entry = readdir(listing)) != NULL)
        unlinkat(dirfd(listing), entry->d_name, 0);
    closedir(listing);
    assert_int_equal(rmdir(path), 0);
}

static const char handshake[8] = {0, 'S', 'P', 0, 0, 16 /* a pair */, 0, 0};

static struct sockaddr_un address_of(const char *runtime_dir, const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s", runtime_dir, name);
    return address;
}

bool answer_handshake(int fd)
{
    char theirs[sizeof(handshake)];

    return recv(fd, theirs, sizeof(theirs), MSG_WAITALL) == sizeof(theirs) &&
           memcmp(theirs, handshake, sizeof(theirs)) == 0 &&
           send(fd, handshake, sizeof(handshake), MSG_NOSIGNAL) == sizeof(handshake);
}

int connect_silently(const char *runtime_dir, const char *name)
{
    struct sockaddr_un address = address_of(runtime_dir, name);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_true(answer_handshake(fd));
    return fd;
}

int listen_silently(const char *runtime_dir, const char *name, const char *link_name)
{
    struct sockaddr_un address = address_of(runtime_dir, name);
    struct sockaddr_un link = address_of(runtime_dir, link_name);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(fd, 8), 0);
    assert_int_equal(symlink(name, link.sun_path), 0);
    return fd;
}

static link_end_t *end_of(sc_bus_link_t *link)
{
    return sc_list_entry(link, link_end_t, link);
}

static void on_instance(sc_bus_link_t *link)
{
    end_of(link)->instance_count++;
}

static void write_down(sc_text_t *log, const sc_bus_record_t *record)
{
    static const char *const names[] = {"",           "SUBSCRIBE", "UNSUBSCRIBE",
                                        "SUBSCRIBED", "SYNCED",    "PUBLISH",
                                        "MESSAGE",    "ACK",       "PLUGIN"};

    sc_text_addf(log, "%s", names[record->type]);
    if (record->seq > 0)
        sc_text_addf(log, " %llu", (unsigned long long)record->seq);
    if (record->count > 0)
        sc_text_addf(log, "+%u", record->count);
    if (!sc_str_is_none(record->name) && record->type != SC_BUS_SYNCED &&
        record->type != SC_BUS_ACK)
        sc_text_addf(log, " %.*s", SC_STR_ARG(record->name));
    if (record->data.len > 100)
        sc_text_addf(log, "=%zu bytes", record->data.len);
    else if (!sc_str_is_none(record->data))
        sc_text_addf(log, "=%.*s", SC_STR_ARG(record->data));
    sc_text_addf(log, ";");
}

static bool on_record(sc_bus_link_t *link, const sc_bus_record_t *record)
{
    link_end_t *end = end_of(link);

    if (end->puts_off)
        return false;
    write_down(&end->log, record);
    if (end->confirms)
        sc_bus_link_confirm_later(link);
    return true;
}

static void on_confirm(sc_bus_link_t *link, uint64_t seq)
{
    end_of(link)->confirmed = seq;
}

static void on_failed(sc_bus_link_t *link)
{
    end_of(link)->failed_count++;
}

static const sc_bus_handler_t handler = {.on_instance = on_instance,
                                         .on_record = on_record,
                                         .on_confirm = on_confirm,
                                         .on_failed = on_failed};

void link_end_open(link_end_t *end, sc_loop_t *loop, const char *runtime_dir, uint32_t broker_id,
                   uint32_t worker_id, bool is_broker)
{
    sc_bus_setup_t setup = {
        .loop = loop,
        .runtime_dir = runtime_dir,
        .broker_id = broker_id,
        .worker_id = worker_id,
        .is_broker = is_broker,
        .instance =
            is_broker ? sc_bus_broker_instance(broker_id, 0) : sc_bus_worker_instance(worker_id, 0),
        .queue_bytes_max = 4 << 20,
        .handler = &handler,
    };

    memset(end, 0, sizeof(*end));
    end->loop = loop;
    assert_int_equal(sc_bus_link_open(&end->link, &setup), SC_OK);
}

void link_end_close(link_end_t *end)
{
    sc_bus_link_close(&end->link);
    sc_text_free(&end->log);
}

void link_end_meet(link_end_t *end)
{
    assert_true(turn_until(end->loop, &end->link.has_met, PATIENCE_MS));
    sc_text_clear(&end->log);
}

void link_end_expect(link_end_t *end, const char *log)
{
    size_t len = strlen(log);

    for (int i = 0; i < PATIENCE_MS && end->log.len < len; i++)
        turn_for(end->loop, 1);
    turn_for(end->loop, 5); /* for what should not come */
    sc_text_add(&end->log, sc_str("", 1));
    assert_string_equal(end->log.ptr, log);
    sc_text_clear(&end->log);
}

static bool has_all_arrived(const sc_bus_link_t *from, const sc_bus_link_t *to)
{
    return from->msg == NULL && sc_list_is_empty(&from->queue) &&
           sc_list_is_empty(&from->flush_task.node) &&
           (to->received_seq == from->sent_seq || to->held_msg != NULL);
}

static bool is_at_work(const sc_bus_link_t *link)
{
    return link->instance != 0 && !link->is_failed;
}

bool link_is_settled(const sc_bus_link_t *one, const sc_bus_link_t *other)
{
    if (!is_at_work(one) || !is_at_work(other))
        return true;
    return has_all_arrived(one, other) && has_all_arrived(other, one);
}

void link_end_send(link_end_t *end, sc_bus_type_t type, const char *name, const char *data)
{
    sc_bus_record_t record = {.type = type, .name = sc_str_from(name), .data = sc_str_from(data)};

    assert_true(sc_bus_link_add(&end->link, &record) > 0);
}

void link_end_send_message(link_end_t *end, sc_bus_type_t type, uint64_t origin, uint64_t seq,
                           const char *channel, const char *data)
{
    sc_bus_record_t record = {.type = type,
                              .seq = seq,
                              .origin = origin,
                              .name = sc_str_from(channel),
                              .data = sc_str_from(data)};

    assert_true(sc_bus_link_add(&end->link, &record) > 0);
}
