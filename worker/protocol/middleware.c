#include "worker/protocol/middleware.h"

#include "common/alloc.h"
#include "common/str.h"
#include "worker/protocol/packet_error.h"
#include "worker/protocol/socket.h"
#include "worker/worker.h"

/* More than ever wait at once in normal work; what is over is freed. */
#define FREE_ACTIONS_MAX 64u
/* A text that grew past this in one action is not kept for the next. */
#define KEPT_TEXT_BYTES_MAX 16384u

/* As SocketCluster calls them: docs/protocol.md, "Error objects". */
static const char *const type_names[SC_ACTION_TYPES] = {
    [SC_ACTION_HANDSHAKE_WS] = "handshakeWS",
    [SC_ACTION_HANDSHAKE] = "handshakeSC",
    [SC_ACTION_AUTHENTICATE] = "authenticate",
    [SC_ACTION_SUBSCRIBE] = "subscribe",
    [SC_ACTION_PUBLISH_IN] = "publishIn",
    [SC_ACTION_PUBLISH_OUT] = "publishOut",
    [SC_ACTION_EMIT] = "emit",
};

void sc_action_pool_init(sc_action_pool_t *pool)
{
    sc_list_init(&pool->free);
    sc_list_init(&pool->waiting);
    pool->free_count = 0;
}

static void free_action(sc_action_t *action)
{
    if (action->context_free != NULL)
        action->context_free(action->context);
    if (action->socket != NULL)
        sc_socket_unref(action->socket);
    sc_text_free(&action->kept);
    sc_text_free(&action->changed);
    sc_text_free(&action->ack_data);
    sc_text_free(&action->error);
    free(action);
}

void sc_action_pool_deinit(sc_action_pool_t *pool)
{
    sc_list_t *node;

    while ((node = sc_list_pop(&pool->waiting)) != NULL)
        free_action(sc_list_entry(node, sc_action_t, node));
    while ((node = sc_list_pop(&pool->free)) != NULL)
        free_action(sc_list_entry(node, sc_action_t, node));
    pool->free_count = 0;
}

sc_action_t *sc_action_new(sc_worker_t *worker, sc_action_type_t type, sc_socket_t *socket,
                           sc_action_finish_cb finish)
{
    sc_action_pool_t *pool = &worker->actions;
    sc_list_t *node = sc_list_pop(&pool->free);
    sc_action_t *action;

    if (node != NULL) {
        action = sc_list_entry(node, sc_action_t, node);
        pool->free_count--;
    } else {
        action = sc_new(sc_action_t);
        sc_list_init(&action->node);
    }
    action->worker = worker;
    action->type = type;
    action->socket = socket != NULL ? sc_socket_ref(socket) : NULL;
    action->finish = finish;
    return action;
}

static void recycle_text(sc_text_t *text)
{
    if (text->capacity > KEPT_TEXT_BYTES_MAX)
        sc_text_free(text);
    sc_text_clear(text);
}

/* Back into the pool, as if it were new but for the memory of its texts. */
static void release(sc_action_t *action)
{
    sc_action_pool_t *pool = &action->worker->actions;

    if (pool->free_count >= FREE_ACTIONS_MAX) {
        free_action(action);
        return;
    }
    if (action->context_free != NULL)
        action->context_free(action->context);
    if (action->socket != NULL)
        sc_socket_unref(action->socket);
    recycle_text(&action->kept);
    recycle_text(&action->changed);
    recycle_text(&action->ack_data);
    recycle_text(&action->error);
    *action = (sc_action_t){.worker = action->worker,
                            .kept = action->kept,
                            .changed = action->changed,
                            .ack_data = action->ack_data,
                            .error = action->error};
    sc_list_init(&action->node);
    sc_list_append(&pool->free, &action->node);
    pool->free_count++;
}

static void tell_block(sc_action_t *action)
{
    sc_event_t event = {.type = SC_EVENT_WARNING,
                        .socket = action->socket,
                        .channel = action->channel,
                        .data = sc_action_error(action),
                        .reason = sc_str_from(type_names[action->type])};

    sc_hooks_tell(&action->worker->hooks, &event);
}

static void log_block(sc_action_t *action)
{
    if (!action->worker->options->middleware_emit_warnings || action->type == SC_ACTION_PUBLISH_OUT)
        return;
    sc_log(SC_LOG_WARN, "%s blocked by middleware: %.*s%s%.*s", type_names[action->type],
           SC_STR_ARG(sc_action_error(action)), action->socket != NULL ? ", socket " : "",
           SC_STR_ARG(action->socket != NULL ? sc_socket_id(action->socket) : SC_STR("")));
    tell_block(action);
}

static void end(sc_action_t *action, sc_verdict_t verdict)
{
    if (verdict == SC_BLOCK_SILENT)
        sc_text_clear(&action->error);
    if (verdict != SC_PASS)
        log_block(action);
    /* Middleware, or who hears of the block, may have closed the socket: nothing more happens on it then. */
    if (action->socket == NULL || sc_socket_is_alive(action->socket))
        action->finish(action, verdict == SC_PASS);
    release(action);
}

/* Copies what the spans point at: the packet is gone when the middleware answers. */
static void keep_spans(sc_action_t *action)
{
    sc_str_t *spans[] = {&action->channel, &action->event, &action->data, &action->cid,
                         &action->token};
    sc_text_t kept = {0};
    size_t bytes = 0;

    for (size_t i = 0; i < sizeof(spans) / sizeof(spans[0]); i++)
        bytes += spans[i]->len;
    /* Reserved at once: a text that moved would leave the first spans behind. */
    sc_text_reserve(&kept, bytes + 1);
    for (size_t i = 0; i < sizeof(spans) / sizeof(spans[0]); i++) {
        size_t at = kept.len;

        if (sc_str_is_none(*spans[i]))
            continue;
        sc_text_add(&kept, *spans[i]);
        spans[i]->ptr = kept.ptr + at;
    }
    sc_text_free(&action->kept);
    action->kept = kept;
}

static void wait_for_middleware(sc_action_t *action)
{
    action->is_waiting = true;
    keep_spans(action);
    sc_list_append(&action->worker->actions.waiting, &action->node);
    if (action->socket != NULL && action->type != SC_ACTION_PUBLISH_OUT)
        sc_socket_hold_packets(action->socket);
}

void sc_action_run(sc_action_t *action)
{
    const sc_hooks_t *hooks = &action->worker->hooks;

    while (action->next < hooks->middleware[action->type].count) {
        const sc_middleware_t *middleware = &hooks->middleware[action->type].items[action->next++];
        sc_verdict_t verdict = middleware->callback(action, middleware->arg);

        if (verdict == SC_LATER) {
            wait_for_middleware(action);
            return;
        }
        if (verdict != SC_PASS) {
            end(action, verdict);
            return;
        }
    }
    end(action, SC_PASS);
}

void sc_action_continue(sc_action_t *action, sc_verdict_t verdict)
{
    sc_socket_t *socket = action->socket;
    bool holds_packets = socket != NULL && action->type != SC_ACTION_PUBLISH_OUT;

    /* The plugin's mistake, but one that would corrupt memory: better to end here, with the reason. */
    if (!action->is_waiting || verdict == SC_LATER)
        sc_die("a plugin continued a %s action that does not wait", type_names[action->type]);
    action->is_waiting = false;
    sc_list_remove(&action->node);
    if (socket != NULL && !sc_socket_is_alive(socket)) {
        release(action);
        return;
    }
    if (socket != NULL)
        sc_socket_ref(socket);
    if (verdict == SC_PASS)
        sc_action_run(action);
    else
        end(action, verdict);
    if (holds_packets)
        sc_socket_release_packets(socket);
    if (socket != NULL)
        sc_socket_unref(socket);
}

sc_str_t sc_action_error(sc_action_t *action)
{
    if (action->error.len == 0)
        sc_error_write_silent_block(&action->error, type_names[action->type]);
    return sc_text_str(&action->error);
}

sc_str_t sc_action_ack_data(const sc_action_t *action)
{
    return action->has_ack_data ? sc_text_str(&action->ack_data) : sc_str_none();
}

sc_action_type_t sc_action_type(const sc_action_t *action)
{
    return action->type;
}

sc_socket_t *sc_action_socket(const sc_action_t *action)
{
    return action->socket;
}

const sc_http_request_t *sc_action_http(const sc_action_t *action)
{
    return action->http;
}

sc_str_t sc_action_channel(const sc_action_t *action)
{
    return action->channel;
}

sc_str_t sc_action_event(const sc_action_t *action)
{
    return action->event;
}

sc_str_t sc_action_data(const sc_action_t *action)
{
    return action->data;
}

sc_str_t sc_action_token(const sc_action_t *action)
{
    if (!sc_str_is_none(action->token) || action->socket == NULL)
        return action->token;
    return sc_socket_token(action->socket);
}

void sc_action_set_data(sc_action_t *action, sc_str_t data)
{
    /* Put together before the old text goes: `data` may be a span of it. */
    sc_text_t changed = {0};

    if (sc_str_is_none(data)) {
        action->data = data;
        return;
    }
    sc_text_add(&changed, data);
    sc_text_free(&action->changed);
    action->changed = changed;
    action->data = sc_text_str(&action->changed);
}

void sc_action_set_ack_data(sc_action_t *action, sc_str_t data)
{
    action->has_ack_data = !sc_str_is_none(data);
    sc_text_clear(&action->ack_data);
    if (action->has_ack_data)
        sc_text_add(&action->ack_data, data);
}

void sc_action_set_error(sc_action_t *action, const sc_error_t *error)
{
    sc_text_clear(&action->error);
    sc_error_write(&action->error, error);
    action->status_code = error->status_code;
    action->is_bad_token = error->is_bad_token;
}
