#include "worker/http/http_session.h"

#include "common/alloc.h"
#include "common/log.h"

/* So much of a path is shown in the log. The query is not: it may hold a token. */
#define LOGGED_PATH_BYTES 200u
/* What a new connection has for its first request when the worker is about to end. */
#define FIRST_REQUEST_MS 1000u

static void free_session(sc_http_request_t *session)
{
    sc_wheel_stop(&session->http->setup.net->loop->wheel, &session->timer);
    sc_list_remove(&session->node);
    sc_http_head_free(session->head);
    free(session);
}

void sc_http_session_free_all(sc_http_t *http)
{
    sc_list_each(node, &http->sessions) free_session(sc_list_entry(node, sc_http_request_t, node));
}

static void start_timer_ms(sc_http_request_t *session, uint64_t delay_ms)
{
    session->timed_backlog = sc_conn_backlog(session->conn);
    sc_wheel_start(&session->http->setup.net->loop->wheel, &session->timer, delay_ms);
}

static void start_timer(sc_http_request_t *session)
{
    start_timer_ms(session, session->http->setup.options->http_timeout_ms);
}

static void stop_timer(sc_http_request_t *session)
{
    sc_wheel_stop(&session->http->setup.net->loop->wheel, &session->timer);
}

static void close_session(sc_http_request_t *session)
{
    stop_timer(session);
    session->stage = SC_HTTP_OVER;
    sc_conn_close(session->conn);
}

/* ---- Answers ----------------------------------------------------------------------------------------------- */

/** Says in the log what was refused and why. */
static void log_refusal(const sc_http_request_t *session, int status, sc_str_t reason)
{
    char address[INET6_ADDRSTRLEN];
    sc_str_t path;

    if (!sc_log_enabled(SC_LOG_INFO))
        return;
    sc_conn_peer_address(session->conn, address, sizeof(address));
    if (session->stage != SC_HTTP_OPENING) {
        sc_log(SC_LOG_INFO, "http: a request from %s refused with %d: %.*s", address, status,
               SC_STR_ARG(reason));
        return;
    }
    path = sc_http_head_path(session->head);
    if (path.len > LOGGED_PATH_BYTES)
        path.len = LOGGED_PATH_BYTES;
    sc_log(SC_LOG_INFO, "http: an opening of %.*s from %s refused with %d: %.*s", SC_STR_ARG(path),
           address, status, SC_STR_ARG(reason));
}

static void send_and_unref(sc_conn_t *conn, sc_buf_t *buf)
{
    sc_conn_send(conn, buf);
    sc_buf_unref(buf);
}

void sc_http_session_refuse(sc_http_request_t *session, int status, const char *headers,
                            sc_str_t body)
{
    session->http->counts.refused++;
    if (session->conn == NULL) {
        free_session(session);
        return;
    }
    log_refusal(session, status, body);
    send_and_unref(session->conn, sc_http_refusal_new(status, headers, body));
    close_session(session);
}

/** The connection goes on with the next request. */
static void go_on(sc_http_request_t *session)
{
    sc_http_head_reset(session->head);
    session->stage = SC_HTTP_IDLE;
    start_timer(session);
    sc_conn_resume(session->conn);
}

void sc_http_session_answer(sc_http_request_t *session, const sc_http_response_t *response)
{
    sc_http_t *http = session->http;
    bool keeps_alive;
    bool is_head;

    if (session->conn == NULL) {
        free_session(session);
        return;
    }
    keeps_alive = !http->is_draining && sc_http_head_keeps_alive(session->head);
    is_head = sc_str_equal(sc_http_head_method(session->head), SC_STR("HEAD"));
    send_and_unref(session->conn,
                   sc_http_response_new(response, &http->date, keeps_alive, !is_head));
    session->has_answered = true;
    if (keeps_alive)
        go_on(session);
    else
        close_session(session);
}

sc_conn_t *sc_http_upgrade_finish(sc_http_request_t *request, char *address, size_t address_size,
                                  sc_ws_deflate_terms_t *deflate)
{
    sc_conn_t *conn = request->conn;

    sc_assert(request->stage == SC_HTTP_OPENING && address_size >= sizeof(request->address));
    if (conn == NULL) {
        free_session(request);
        return NULL;
    }
    memcpy(address, request->address, sizeof(request->address));
    send_and_unref(conn, sc_http_upgrade_accept(request->http->rules, request->head, deflate));
    if (!sc_conn_is_open(conn)) {
        request->stage = SC_HTTP_OVER; /* its end will be told in this turn */
        return NULL;
    }
    request->http->counts.open--;
    free_session(request);
    return conn;
}

void sc_http_upgrade_refuse(sc_http_request_t *request, int status, sc_str_t body)
{
    sc_assert(request->stage == SC_HTTP_OPENING);
    sc_http_session_refuse(request, status, NULL, body);
}

/* ---- What the connection tells ----------------------------------------------------------------------------- */

static void expect_body(sc_http_request_t *session)
{
    if (sc_http_head_take_expectation(session->head))
        send_and_unref(session->conn, sc_buf_copy(SC_STR("HTTP/1.1 100 Continue\r\n\r\n")));
}

static size_t on_bytes(sc_conn_t *conn, char *bytes, size_t len)
{
    sc_http_request_t *session = conn->owner;
    size_t used;
    sc_status_t status = sc_http_head_feed(session->head, bytes, len, &used);

    if (session->stage == SC_HTTP_IDLE && sc_http_head_is_begun(session->head)) {
        session->stage = SC_HTTP_READING;
        start_timer(session);
    }
    if (status == SC_AGAIN) {
        expect_body(session);
    } else if (status == SC_OK) {
        stop_timer(session);
        sc_http_dispatch(session); /* may free the session */
    } else {
        int error_status = sc_http_head_error_status(session->head);

        sc_http_session_refuse(session, error_status, NULL,
                               sc_str_from(sc_http_reason(error_status)));
    }
    return used;
}

static void on_end(sc_conn_t *conn, sc_conn_end_t why)
{
    sc_http_request_t *session = conn->owner;

    (void)why;
    session->conn = NULL;
    session->http->counts.open--;
    stop_timer(session);
    if (session->stage != SC_HTTP_SERVING && session->stage != SC_HTTP_OPENING)
        free_session(session);
}

static const sc_conn_handler_t session_handler = {.on_bytes = on_bytes, .on_end = on_end};

static void on_timeout(sc_wheel_timer_t *timer)
{
    sc_http_request_t *session = sc_list_entry(timer, sc_http_request_t, timer);
    uint64_t backlog = sc_conn_backlog(session->conn);

    if (session->stage == SC_HTTP_READING) {
        sc_http_session_refuse(session, 408, NULL, SC_STR("Request Timeout"));
    } else if (backlog > 0 && backlog < session->timed_backlog) {
        start_timer(session); /* not idle: it still takes an answer */
    } else {
        close_session(session);
    }
}

void sc_http_open(sc_http_t *http, int fd)
{
    sc_http_request_t *session = sc_new(sc_http_request_t);

    session->http = http;
    session->conn = sc_conn_open(http->setup.net, fd, &session_handler, session);
    if (session->conn == NULL) {
        free(session);
        return;
    }
    session->head = sc_http_head_new(&http->limits);
    sc_wheel_timer_init(&session->timer, on_timeout);
    sc_list_init(&session->node);
    sc_list_append(&http->sessions, &session->node);
    http->counts.open++;
    start_timer(session);
}

void sc_http_drain(sc_http_t *http)
{
    http->is_draining = true;
    sc_list_each(node, &http->sessions)
    {
        sc_http_request_t *session = sc_list_entry(node, sc_http_request_t, node);

        if (session->stage != SC_HTTP_IDLE)
            continue;
        /* The first request of a new connection may be on its way: its client would take the close for a failure. */
        if (session->has_answered)
            close_session(session);
        else
            start_timer_ms(session, FIRST_REQUEST_MS);
    }
}
