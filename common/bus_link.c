#include "common/bus_link.h"

#include "common/alloc.h"
#include "common/log.h"

#include <errno.h>
#include <inttypes.h>
#include <nanomsg/nn.h>

#define BATCH_BYTES_FIRST 4096u
/* Batches that one link may hand out in a turn: others have something to read too. */
#define BATCHES_PER_TURN 32
#define HELLO_INTERVAL_MS 200u
/* How long a side waits for the other one before it makes a new endpoint: at first, and at most. */
#define PATIENCE_MS_MIN 1000u
#define PATIENCE_MS_MAX 16000u
/* How often a worker looks whether the broker has bound its address anew. */
#define LOOK_INTERVAL_MS 100u

static void drop_batches(sc_bus_link_t *link);
static void reset(sc_bus_link_t *link, uint64_t instance);
static sc_status_t open_events(sc_bus_link_t *link);

static void free_msg(char *msg)
{
    if (msg != NULL && nn_freemsg(msg) != 0)
        sc_die("a message of nanomsg is broken");
}

/* ---- Events of the two descriptors --------------------------------------------------------- */

/* An event that was added or deleted fails for want of memory only. */
static void watch(struct event *event, bool is_wanted)
{
    if ((is_wanted ? event_add(event, NULL) : event_del(event)) != 0)
        sc_die("a link's event can't be changed");
}

void sc_bus_link_flush_later(sc_bus_link_t *link)
{
    sc_loop_defer(link->setup.loop, SC_TURN_LINKS, &link->flush_task);
}

void sc_bus_link_confirm_later(sc_bus_link_t *link)
{
    link->is_header_due = true;
    sc_bus_link_flush_later(link);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    sc_bus_link_flush_later(arg);
}

/* Repeated until both have met: a hello may be lost with a connection that came too early. */
static void start_hello(sc_bus_link_t *link)
{
    link->is_hello_due = true;
    sc_bus_link_flush_later(link);
    sc_wheel_start(&link->setup.loop->wheel, &link->hello_timer, HELLO_INTERVAL_MS);
}

static void wait_for_other_side(sc_bus_link_t *link)
{
    link->has_met = false;
    link->waited_ms = 0;
    start_hello(link);
}

static void note_meeting(sc_bus_link_t *link)
{
    link->has_met = true;
    link->patience_ms = PATIENCE_MS_MIN;
    sc_wheel_stop(&link->setup.loop->wheel, &link->hello_timer);
}

/* ---- The endpoint -------------------------------------------------------------------------- */

static void close_events(sc_bus_link_t *link)
{
    if (link->receive_event != NULL)
        event_free(link->receive_event);
    if (link->send_event != NULL)
        event_free(link->send_event);
    link->receive_event = NULL;
    link->send_event = NULL;
}

/* The other side becomes unknown, and all that was under way is void. */
static void renew_endpoint(sc_bus_link_t *link)
{
    close_events(link);
    if (sc_bus_endpoint_renew(&link->endpoint) != SC_OK || open_events(link) != SC_OK)
        sc_die("a link can't be opened again");
    link->begin_count++;
    reset(link, 0);
    wait_for_other_side(link);
}

/* What a worker has sent to a broker that it knows may have arrived: then it can't begin anew. */
static bool may_begin_anew(const sc_bus_link_t *link)
{
    return link->setup.is_broker || (link->instance == 0 && link->endpoint.id >= 0);
}

static void on_hello_timer(sc_wheel_timer_t *timer)
{
    sc_bus_link_t *link = sc_list_entry(timer, sc_bus_link_t, hello_timer);

    if (link->is_failed)
        return;
    link->waited_ms += HELLO_INTERVAL_MS;
    if (link->waited_ms < link->patience_ms || !may_begin_anew(link)) {
        start_hello(link);
        return;
    }
    sc_log(SC_LOG_INFO,
           "broker %" PRIu32 " and worker %" PRIu32 " have not met for %" PRIu32
           " ms; beginning anew",
           link->setup.broker_id, link->setup.worker_id, link->waited_ms);
    if (link->patience_ms < PATIENCE_MS_MAX)
        link->patience_ms *= 2;
    renew_endpoint(link);
}

static void on_look_timer(sc_wheel_timer_t *timer)
{
    sc_bus_link_t *link = sc_list_entry(timer, sc_bus_link_t, look_timer);

    if (sc_bus_endpoint_is_stale(&link->endpoint))
        renew_endpoint(link);
    sc_wheel_start(&link->setup.loop->wheel, timer, LOOK_INTERVAL_MS);
}

/* ---- Out ----------------------------------------------------------------------------------- */

static void fail(sc_bus_link_t *link, const char *reason)
{
    if (link->is_failed)
        return;
    sc_log(SC_LOG_ERROR, "link of broker %" PRIu32 " and worker %" PRIu32 ": %s",
           link->setup.broker_id, link->setup.worker_id, reason);
    link->is_failed = true;
    drop_batches(link);
    /* A hello that doesn't name the other side tells it that we have given up on it. */
    link->is_hello_due = true;
    sc_bus_link_flush_later(link);
    link->setup.handler->on_failed(link);
}

void sc_bus_link_fail(sc_bus_link_t *link, const char *reason)
{
    fail(link, reason);
}

/* Hands one message over to nanomsg, which then owns it. SC_AGAIN: the other side takes no more now. */
static sc_status_t send_msg(sc_bus_link_t *link, char *msg)
{
    int sent;

    do
        sent = nn_send(link->endpoint.socket, &msg, NN_MSG, NN_DONTWAIT);
    while (sent < 0 && nn_errno() == EINTR);
    if (sent >= 0) {
        link->batches_sent++;
        return SC_OK;
    }
    if (nn_errno() == EAGAIN)
        return SC_AGAIN;
    sc_log(SC_LOG_ERROR, "nn_send: %s", nn_strerror(nn_errno()));
    return SC_ERR_IO;
}

static sc_status_t send_hello(sc_bus_link_t *link)
{
    sc_bus_header_t header = {link->setup.instance, link->is_failed ? 0 : link->instance, 0,
                              link->begin_count};
    char *msg = nn_allocmsg(SC_BUS_HEADER_BYTES, 0);
    sc_status_t status;

    if (msg == NULL)
        sc_die("out of memory: a hello");
    sc_bus_header_write(msg, &header);
    status = send_msg(link, msg);
    if (status != SC_OK)
        free_msg(msg);
    link->is_hello_due = status == SC_AGAIN;
    return status;
}

static void free_batch(sc_bus_batch_t *batch)
{
    sc_list_remove(&batch->node);
    free_msg(batch->msg);
    free(batch);
}

static void drop_batches(sc_bus_link_t *link)
{
    while (!sc_list_is_empty(&link->queue))
        free_batch(sc_list_entry(link->queue.next, sc_bus_batch_t, node));
    link->queue_bytes = 0;
    free_msg(link->msg);
    link->msg = NULL;
    link->is_header_due = false;
}

/* Makes room in the batch in the making; it may begin here. */
static bool reserve(sc_bus_link_t *link, size_t bytes)
{
    size_t capacity = link->capacity;
    void *msg;

    if (link->msg == NULL) {
        capacity = BATCH_BYTES_FIRST;
        link->len = SC_BUS_HEADER_BYTES;
    } else if (bytes <= capacity - link->len) {
        return true;
    }
    while (capacity - link->len < bytes)
        capacity *= 2;
    msg = link->msg == NULL ? nn_allocmsg(capacity, 0) : nn_reallocmsg(link->msg, capacity);
    if (msg == NULL)
        return false;
    link->msg = msg;
    link->capacity = capacity;
    return true;
}

/* The batch in the making is complete: it goes to the end of the queue. Its header is written when it is sent. */
static void complete_batch(sc_bus_link_t *link)
{
    sc_bus_batch_t *batch = sc_new(sc_bus_batch_t);

    batch->msg = link->msg;
    batch->len = link->len;
    batch->seq = ++link->sent_seq;
    sc_list_init(&batch->node);
    sc_list_append(&link->queue, &batch->node);
    link->queue_bytes += batch->len;
    link->msg = NULL;
}

/* Writes the header, as late as can be: it confirms. What was reserved too much is cut off, in place. */
static void seal(const sc_bus_link_t *link, sc_bus_batch_t *batch)
{
    sc_bus_header_t header = {link->setup.instance, link->instance, batch->seq, link->handled_seq};

    sc_bus_header_write(batch->msg, &header);
    batch->msg = nn_reallocmsg(batch->msg, batch->len);
    if (batch->msg == NULL)
        sc_die("out of memory: a batch");
}

/* Sends what is in the queue. SC_AGAIN: not all of it. */
static sc_status_t send_queue(sc_bus_link_t *link)
{
    while (!sc_list_is_empty(&link->queue)) {
        sc_bus_batch_t *batch = sc_list_entry(link->queue.next, sc_bus_batch_t, node);
        sc_status_t status;

        seal(link, batch);
        status = send_msg(link, batch->msg);
        if (status != SC_OK)
            return status;
        batch->msg = NULL;
        link->queue_bytes -= batch->len;
        free_batch(batch);
    }
    return SC_OK;
}

static sc_status_t flush_known(sc_bus_link_t *link)
{
    sc_status_t status;

    if (link->setup.handler->on_flush != NULL)
        link->setup.handler->on_flush(link);
    if (link->is_failed)
        return SC_OK; /* since on_flush; the hello that says so has its turn */
    /* While the other side takes no more, the batch in the making grows and does not join the queue. */
    status = send_queue(link);
    if (status != SC_OK)
        return status;
    if (link->msg == NULL && link->is_header_due && !reserve(link, 0))
        sc_die("out of memory: a header");
    link->is_header_due = false;
    if (link->msg == NULL)
        return SC_OK;
    complete_batch(link);
    return send_queue(link);
}

static void run_flush(sc_turn_task_t *task)
{
    sc_bus_link_t *link = sc_list_entry(task, sc_bus_link_t, flush_task);
    sc_status_t status = SC_OK;

    if (link->is_hello_due)
        status = send_hello(link);
    if (link->instance != 0 && !link->is_failed)
        status = flush_known(link);
    if (status == SC_AGAIN)
        watch(link->send_event, true);
    else if (status != SC_OK)
        fail(link, "it can't be written to");
    if (link->setup.queue_bytes_max > 0 && link->queue_bytes > link->setup.queue_bytes_max)
        fail(link, "the other side has stopped reading");
}

uint64_t sc_bus_link_add(sc_bus_link_t *link, const sc_bus_record_t *record)
{
    size_t size = sc_bus_record_size(record);

    if (link->instance == 0 || link->is_failed)
        return 0;
    if (link->msg != NULL && link->len + size > SC_BUS_BATCH_BYTES_MAX)
        complete_batch(link);
    if (!reserve(link, size)) {
        fail(link, "no memory for a batch");
        return 0;
    }
    sc_bus_record_write(link->msg + link->len, record);
    link->len += size;
    sc_bus_link_flush_later(link);
    return link->sent_seq + 1;
}

/* ---- In ------------------------------------------------------------------------------------ */

static void drop_held(sc_bus_link_t *link)
{
    if (link->held_msg == NULL)
        return;
    free_msg(link->held_msg);
    link->held_msg = NULL;
    watch(link->receive_event, true);
}

/* All counts from the start: the other side is another process, or none. */
static void reset(sc_bus_link_t *link, uint64_t instance)
{
    drop_batches(link);
    drop_held(link);
    link->instance = instance;
    link->is_failed = false;
    link->sent_seq = 0;
    link->received_seq = 0;
    link->handled_seq = 0;
}

/* It may not know us: its process may be younger than our hello. */
static void answer_hello(sc_bus_link_t *link)
{
    link->is_hello_due = true;
    sc_bus_link_flush_later(link);
}

static void learn(sc_bus_link_t *link, const sc_bus_header_t *header)
{
    reset(link, header->sender);
    link->other_begin_count = header->seq == 0 ? header->confirm : 0;
    wait_for_other_side(link); /* the hello is also the answer */
    link->setup.handler->on_instance(link);
}

void sc_bus_link_forget(sc_bus_link_t *link)
{
    link->gone_instance = link->instance;
    renew_endpoint(link);
}

/* Hands records out, until the end or until one is put off. @return whether the end was reached. */
static bool hand_out(sc_bus_link_t *link, sc_bus_reader_t *reader)
{
    while (!sc_bus_reader_is_at_end(reader) && !link->is_failed) {
        const char *start = reader->at;
        sc_bus_record_t record;

        if (sc_bus_reader_next(reader, &record) != SC_OK) {
            fail(link, "it brought a malformed record");
            return true;
        }
        if (!link->setup.handler->on_record(link, &record)) {
            reader->at = start;
            return false;
        }
    }
    link->handled_seq = link->received_seq;
    return true;
}

static void hold(sc_bus_link_t *link, char *msg, const sc_bus_reader_t *reader)
{
    link->held_msg = msg;
    link->held = *reader;
    watch(link->receive_event, false);
}

static void take_hello(sc_bus_link_t *link, const sc_bus_header_t *header)
{
    if (header->receiver != 0)
        return; /* an answer */
    if (link->received_seq > 0)
        fail(link, "the other side has given up on it");
    else
        answer_hello(link);
}

/* It has begun anew before anything came from it: what we have sent since its first hello is lost. */
static bool has_begun_anew(const sc_bus_link_t *link, const sc_bus_header_t *header)
{
    return header->seq == 0 && header->confirm != link->other_begin_count &&
           link->received_seq == 0;
}

/* @return whether the batch's records are for us. */
static bool take_header(sc_bus_link_t *link, const sc_bus_header_t *header)
{
    if (header->sender == link->gone_instance)
        return false;
    if (header->sender != link->instance || has_begun_anew(link, header))
        learn(link, header);
    if (link->is_failed)
        return false;
    if (header->receiver == link->setup.instance && !link->has_met)
        note_meeting(link);
    if (header->seq == 0)
        take_hello(link, header);
    if (header->seq == 0 || header->receiver != link->setup.instance)
        return false; /* meant for the process before this one */
    if (header->seq != link->received_seq + 1) {
        fail(link, "a batch is missing");
        return false;
    }
    if (header->confirm > link->sent_seq) {
        fail(link, "it confirms what was not sent");
        return false;
    }
    link->received_seq = header->seq;
    if (link->setup.handler->on_confirm != NULL)
        link->setup.handler->on_confirm(link, header->confirm);
    return true;
}

/* Takes `msg`. */
static void take_batch(sc_bus_link_t *link, char *msg, size_t len)
{
    sc_bus_header_t header;
    sc_bus_reader_t reader;

    link->batches_received++;
    if (sc_bus_header_read(sc_str(msg, len), &header) != SC_OK) {
        fail(link, "it brought a malformed batch");
    } else if (take_header(link, &header)) {
        sc_bus_reader_init(&reader, sc_str(msg, len));
        if (!hand_out(link, &reader)) {
            hold(link, msg, &reader);
            return;
        }
    }
    free_msg(msg);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    sc_bus_link_t *link = arg;

    (void)fd;
    (void)what;
    for (int i = 0; i < BATCHES_PER_TURN && link->held_msg == NULL; i++) {
        void *msg = NULL;
        int len = nn_recv(link->endpoint.socket, &msg, NN_MSG, NN_DONTWAIT);

        if (len >= 0) {
            take_batch(link, msg, (size_t)len);
        } else if (nn_errno() == EAGAIN) {
            return;
        } else if (nn_errno() != EINTR) {
            sc_log(SC_LOG_ERROR, "nn_recv: %s", nn_strerror(nn_errno()));
            watch(link->receive_event, false);
            return;
        }
    }
}

void sc_bus_link_resume(sc_bus_link_t *link)
{
    char *msg = link->held_msg;

    if (msg == NULL || !hand_out(link, &link->held))
        return;
    drop_held(link);
}

bool sc_bus_link_is_known(const sc_bus_link_t *link)
{
    return link->instance != 0;
}

/* ---- Open and close ------------------------------------------------------------------------ */

static struct event *new_event(sc_bus_link_t *link, int option, short what, event_callback_fn run)
{
    int fd = -1;
    size_t size = sizeof(fd);

    if (nn_getsockopt(link->endpoint.socket, NN_SOL_SOCKET, option, &fd, &size) != 0)
        return NULL;
    return event_new(link->setup.loop->base, fd, what, run, link);
}

static sc_status_t open_events(sc_bus_link_t *link)
{
    link->receive_event = new_event(link, NN_RCVFD, EV_READ | EV_PERSIST, on_readable);
    /* Of the descriptor that says "can send" nanomsg makes it readable. */
    link->send_event = new_event(link, NN_SNDFD, EV_READ, on_writable);
    if (link->receive_event == NULL || link->send_event == NULL) {
        sc_log(SC_LOG_ERROR, "a link's events can't be made");
        return SC_ERR_IO;
    }
    watch(link->receive_event, true);
    return SC_OK;
}

sc_status_t sc_bus_link_open(sc_bus_link_t *link, const sc_bus_setup_t *setup)
{
    sc_status_t status;

    memset(link, 0, sizeof(*link));
    link->setup = *setup;
    sc_list_init(&link->queue);
    link->patience_ms = PATIENCE_MS_MIN;
    sc_turn_task_init(&link->flush_task, run_flush);
    sc_wheel_timer_init(&link->hello_timer, on_hello_timer);
    sc_wheel_timer_init(&link->look_timer, on_look_timer);
    status = sc_bus_endpoint_open(&link->endpoint, setup->runtime_dir, setup->broker_id,
                                  setup->worker_id, setup->is_broker, (uint32_t)setup->instance);
    if (status == SC_OK)
        status = open_events(link);
    if (status != SC_OK) {
        sc_bus_link_close(link);
        return status;
    }
    start_hello(link);
    if (!setup->is_broker)
        sc_wheel_start(&setup->loop->wheel, &link->look_timer, LOOK_INTERVAL_MS);
    return SC_OK;
}

void sc_bus_link_close(sc_bus_link_t *link)
{
    if (link->setup.loop == NULL)
        return;
    drop_batches(link);
    free_msg(link->held_msg);
    close_events(link);
    sc_turn_task_cancel(&link->flush_task);
    sc_wheel_stop(&link->setup.loop->wheel, &link->hello_timer);
    sc_wheel_stop(&link->setup.loop->wheel, &link->look_timer);
    sc_bus_endpoint_close(&link->endpoint);
    memset(link, 0, sizeof(*link));
}
