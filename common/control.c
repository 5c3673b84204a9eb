#include "common/control.h"

#include "common/alloc.h"
#include "common/log.h"
#include "common/option_secret.h"
#include "common/str.h"

#include <arpa/inet.h>
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#define LENGTH_BYTES 4u
#define READ_BYTES 4096u
/* What may wait for the other side: one that reads nothing any more is of no use. */
#define OUTPUT_BYTES_MAX (4u * SC_CONTROL_BYTES_MAX)

struct sc_control {
    sc_loop_t *loop;
    int fd;
    struct event *read_event;
    struct event *write_event;
    sc_text_t input;  /* the messages that have begun to arrive */
    sc_text_t output; /* what is not yet written */
    sc_control_message_cb on_message;
    sc_control_closed_cb on_closed;
    void *arg;
    sc_turn_task_t close_task; /* tells on_closed in a turn of its own */
    bool is_broken;            /* nothing is read or written any more */
    bool is_in_callback;
    bool is_closed; /* by its owner, within a callback */
};

sc_status_t sc_control_pair(int fds[2])
{
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) != 0)
        return SC_ERR_IO;
    return SC_OK;
}

/* What has passed through may have been keys. */
static void free_text(sc_text_t *text)
{
    if (text->ptr != NULL)
        explicit_bzero(text->ptr, text->capacity);
    sc_text_free(text);
}

static void control_free(sc_control_t *control)
{
    sc_turn_task_cancel(&control->close_task);
    event_free(control->read_event);
    event_free(control->write_event);
    close(control->fd);
    free_text(&control->input);
    free_text(&control->output);
    free(control);
}

void sc_control_close(sc_control_t *control)
{
    if (control == NULL)
        return;
    if (control->is_in_callback)
        control->is_closed = true;
    else
        control_free(control);
}

/* Stops all traffic and tells the owner at the end of this turn: the caller may be the owner. */
static void control_break(sc_control_t *control)
{
    if (control->is_broken)
        return;
    control->is_broken = true;
    event_del(control->read_event);
    event_del(control->write_event);
    sc_loop_defer(control->loop, SC_TURN_WORK, &control->close_task);
}

static void run_close_task(sc_turn_task_t *task)
{
    sc_control_t *control = sc_list_entry(task, sc_control_t, close_task);

    control->is_in_callback = true;
    control->on_closed(control, control->arg);
    control->is_in_callback = false;
    if (control->is_closed)
        control_free(control);
}

static void break_malformed(sc_control_t *control, const char *reason)
{
    sc_log(SC_LOG_ERROR, "control link: %s; closed", reason);
    control_break(control);
}

static bool may_have_secrets(sc_str_t text)
{
    static const char mark[] = "\"secrets\"";

    return memmem(text.ptr, text.len, mark, sizeof(mark) - 1) != NULL;
}

static void handle_message(sc_control_t *control, sc_str_t text)
{
    bool is_guarded = may_have_secrets(text);
    json_t *message;
    const char *type;

    if (is_guarded)
        sc_secrets_guard_json(true);
    message = json_loadb(text.ptr, text.len, JSON_ALLOW_NUL, NULL);
    type = json_string_value(json_object_get(message, "type"));
    if (type == NULL)
        break_malformed(control, "a message that is no JSON object with a type");
    else
        control->on_message(control, type, message, control->arg);
    json_decref(message);
    if (is_guarded)
        sc_secrets_guard_json(false);
}

/* Hands on the messages that are complete; the start of the next one stays. */
static void handle_input(sc_control_t *control)
{
    size_t at = 0;

    while (!control->is_broken && !control->is_closed && control->input.len - at >= LENGTH_BYTES) {
        uint32_t len;

        memcpy(&len, control->input.ptr + at, LENGTH_BYTES);
        len = ntohl(len);
        if (len > SC_CONTROL_BYTES_MAX) {
            break_malformed(control, "a message over the limit");
            return;
        }
        if (control->input.len - at - LENGTH_BYTES < len)
            break;
        handle_message(control, sc_str(control->input.ptr + at + LENGTH_BYTES, len));
        at += LENGTH_BYTES + len;
    }
    if (at == control->input.len)
        free_text(&control->input);
    else if (at > 0) {
        memmove(control->input.ptr, control->input.ptr + at, control->input.len - at);
        control->input.len -= at;
    }
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    sc_control_t *control = arg;
    char *end = sc_text_reserve(&control->input, READ_BYTES);
    ssize_t received = recv(fd, end, READ_BYTES, 0);

    (void)what;
    if (received < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (received <= 0) {
        control_break(control);
        return;
    }
    control->input.len += (size_t)received;
    control->is_in_callback = true;
    handle_input(control);
    control->is_in_callback = false;
    if (control->is_closed)
        control_free(control);
}

/* Writes what the socket takes now and waits for it to take the rest. That the other side has gone is for the reading
 * side to notice: there may be messages left to read. */
static void write_output(sc_control_t *control)
{
    sc_text_t *output = &control->output;
    ssize_t sent = send(control->fd, output->ptr, output->len, MSG_NOSIGNAL);
    bool is_over = sent < 0 && errno != EAGAIN && errno != EINTR;

    if (is_over || sent == (ssize_t)output->len) {
        free_text(output);
        return;
    }
    if (sent > 0) {
        output->len -= (size_t)sent;
        memmove(output->ptr, output->ptr + sent, output->len);
    }
    if (event_add(control->write_event, NULL) != 0)
        sc_die("control link: can't wait for the socket");
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    write_output(arg);
}

sc_control_t *sc_control_open(sc_loop_t *loop, int fd, sc_control_message_cb on_message,
                              sc_control_closed_cb on_closed, void *arg)
{
    sc_control_t *control = sc_new(sc_control_t);

    control->loop = loop;
    control->fd = fd;
    control->on_message = on_message;
    control->on_closed = on_closed;
    control->arg = arg;
    sc_turn_task_init(&control->close_task, run_close_task);
    control->read_event = event_new(loop->base, fd, EV_READ | EV_PERSIST, on_readable, control);
    control->write_event = event_new(loop->base, fd, EV_WRITE, on_writable, control);
    if (control->read_event == NULL || control->write_event == NULL ||
        event_add(control->read_event, NULL) != 0)
        sc_die("control link: can't wait for the socket");
    return control;
}

void sc_control_send(sc_control_t *control, json_t *message)
{
    char *text = json_dumps(message, JSON_COMPACT);
    size_t text_len = text != NULL ? strlen(text) : 0;
    uint32_t len = htonl((uint32_t)text_len);
    bool is_idle = control->output.len == 0;

    json_decref(message);
    if (control->is_broken || text == NULL || text_len > SC_CONTROL_BYTES_MAX) {
        if (!control->is_broken)
            sc_log(SC_LOG_ERROR, "control link: a message of %zu bytes can't be sent", text_len);
        free(text);
        return;
    }
    sc_text_reserve(&control->output, LENGTH_BYTES + text_len);
    sc_text_add(&control->output, sc_str((const char *)&len, LENGTH_BYTES));
    sc_text_add(&control->output, sc_str(text, text_len));
    explicit_bzero(text, text_len);
    free(text);
    if (control->output.len > OUTPUT_BYTES_MAX)
        break_malformed(control, "the other side does not read");
    else if (is_idle)
        write_output(control);
}

size_t sc_control_backlog(const sc_control_t *control)
{
    return control->output.len;
}

void sc_control_send_type(sc_control_t *control, const char *type)
{
    sc_control_send(control, json_pack("{s:s}", "type", type));
}
