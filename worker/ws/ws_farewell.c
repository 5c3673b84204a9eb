#include "worker/ws/ws_farewell.h"

#include "common/alloc.h"
#include "worker/ws/ws_frame.h"

typedef struct sc_ws_farewell {
    sc_conn_t *conn;
    sc_wheel_timer_t timer;
    uint64_t skip_bytes; /* of the payload of the frame that is being skipped: not yet come */
} sc_ws_farewell_t;

/* One step, over a header or what has come of a payload. SC_AGAIN: a header is not complete. */
static sc_status_t skip(sc_ws_farewell_t *farewell, const char *bytes, size_t len, size_t *used)
{
    sc_ws_frame_t frame;
    sc_status_t status;

    if (farewell->skip_bytes > 0) {
        *used = len < farewell->skip_bytes ? len : (size_t)farewell->skip_bytes;
        farewell->skip_bytes -= *used;
        return SC_OK;
    }
    status = sc_ws_frame_parse(bytes, len, &frame);
    if (status != SC_OK)
        return status;
    if (frame.opcode == SC_WS_CLOSE)
        return SC_ERR_STATE;
    *used = frame.header_bytes;
    farewell->skip_bytes = frame.payload_bytes;
    return SC_OK;
}

static void stop_timer(sc_ws_farewell_t *farewell)
{
    sc_wheel_stop(&farewell->conn->net->loop->wheel, &farewell->timer);
}

static size_t on_bytes(sc_conn_t *conn, char *bytes, size_t len)
{
    sc_ws_farewell_t *farewell = conn->owner;
    size_t used = 0;

    while (used < len) {
        size_t count = 0;
        sc_status_t status = skip(farewell, bytes + used, len - used, &count);

        if (status == SC_AGAIN)
            break;
        if (status != SC_OK) {
            stop_timer(farewell);
            sc_conn_close(conn);
            return len;
        }
        used += count;
    }
    return used;
}

static void on_end(sc_conn_t *conn, sc_conn_end_t why)
{
    sc_ws_farewell_t *farewell = conn->owner;

    (void)why;
    stop_timer(farewell);
    free(farewell);
}

static void on_timer(sc_wheel_timer_t *timer)
{
    sc_ws_farewell_t *farewell = sc_list_entry(timer, sc_ws_farewell_t, timer);

    /* To one that has taken everything and does not answer there is no more to say. */
    if (sc_conn_backlog(farewell->conn) == 0)
        sc_conn_abort(farewell->conn);
    else
        sc_conn_close(farewell->conn);
}

static const sc_conn_handler_t farewell_handler = {.on_bytes = on_bytes, .on_end = on_end};

void sc_ws_farewell_start(sc_conn_t *conn)
{
    sc_ws_farewell_t *farewell;

    if (!sc_conn_is_open(conn))
        return;
    farewell = sc_new(sc_ws_farewell_t);
    farewell->conn = conn;
    sc_wheel_timer_init(&farewell->timer, on_timer);
    sc_wheel_start(&conn->net->loop->wheel, &farewell->timer, conn->net->linger_ms);
    sc_conn_resume(conn);
    sc_conn_set_handler(conn, &farewell_handler, farewell);
}
