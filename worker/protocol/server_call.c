#include "worker/protocol/server_call.h"

#include "common/alloc.h"
#include "common/str.h"
#include "worker/worker.h"

typedef struct server_call {
    sc_list_t node;
    sc_wheel_timer_t timer;
    sc_socket_t *socket; /* not a reference: the socket ends its calls first */
    uint64_t cid;
    sc_answer_cb callback;
    void *arg;
} server_call_t;

static void end_call(server_call_t *call, sc_status_t status, sc_str_t data, sc_str_t error)
{
    sc_answer_cb callback = call->callback;
    void *arg = call->arg;

    sc_wheel_stop(&call->socket->worker->loop.wheel, &call->timer);
    sc_list_remove(&call->node);
    free(call);
    callback(status, data, error, arg);
}

static void on_timeout(sc_wheel_timer_t *timer)
{
    end_call(sc_list_entry(timer, server_call_t, timer), SC_ERR_TIMEOUT, sc_str_none(),
             sc_str_none());
}

uint64_t sc_server_call_expect(sc_socket_t *socket, sc_answer_cb callback, void *arg,
                               uint32_t timeout_ms)
{
    server_call_t *call = sc_new(server_call_t);

    call->socket = socket;
    call->cid = ++socket->call_count;
    call->callback = callback;
    call->arg = arg;
    sc_list_init(&call->node);
    sc_list_append(&socket->calls, &call->node);
    sc_wheel_timer_init(&call->timer, on_timeout);
    sc_wheel_start(&socket->worker->loop.wheel, &call->timer,
                   timeout_ms != 0 ? timeout_ms : socket->worker->options->ack_timeout_ms);
    return call->cid;
}

void sc_server_call_answer(sc_socket_t *socket, const sc_packet_t *packet)
{
    uint64_t rid;

    if (packet->rid.kind != SC_JSON_NUMBER || sc_str_to_uint(packet->rid.text, &rid) != SC_OK)
        return;
    sc_list_each(node, &socket->calls)
    {
        server_call_t *call = sc_list_entry(node, server_call_t, node);

        if (call->cid == rid) {
            end_call(call, SC_OK, packet->data.text, packet->error.text);
            return;
        }
    }
}

void sc_server_call_end_all(sc_socket_t *socket)
{
    while (!sc_list_is_empty(&socket->calls))
        end_call(sc_list_entry(socket->calls.next, server_call_t, node), SC_ERR_STATE,
                 sc_str_none(), sc_str_none());
}
