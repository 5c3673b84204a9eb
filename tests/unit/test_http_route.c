/*
 * test_http_route.c: HTTP on the loopback interface: requests that plugins serve, keep-alive and pipelining, timeouts,
 * refusals, and connections that become WebSockets or go before their answer.
 */
#include "loop_fixture.h"
#include "worker/http/http_session.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define HTTP_TIMEOUT_MS 1000u /* on an idle machine a sleep of one millisecond may take eight */
#define LINGER_MS 100u
#define PATIENCE_MS 2000

#define OPENING_HEADERS                                                                            \
    "Host: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"        \
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define OPENING "GET /socketcluster/?a=1 HTTP/1.1\r\n" OPENING_HEADERS "\r\n"
#define OPENED                                                                                     \
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"            \
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"

typedef struct fixture {
    sc_loop_t loop;
    sc_net_t net;
    sc_http_t *http;
    int peer;                   /* does not block; -1: closed */
    sc_text_t answer;           /* what the peer has got, without Date headers */
    bool has_eof;               /* and the end of it */
    sc_http_request_t *waiting; /* what is to be answered later */
    sc_conn_t *websocket;
    sc_text_t frames; /* what came on it */
    char address[INET6_ADDRSTRLEN];
    bool answers_later;
} fixture_t;

/* ---- A plugin, and what takes WebSockets --------------------------------------------------------------------- */

static void answer(sc_http_request_t *request)
{
    char text[100];
    int len =
        snprintf(text, sizeof(text), "%.*s [%.*s]", SC_STR_ARG(sc_http_head_path(request->head)),
                 SC_STR_ARG(sc_http_head_body(request->head)));
    sc_http_response_t response = {.status = 200, .body = sc_str(text, (size_t)len)};

    sc_http_session_answer(request, &response);
}

static void on_request(sc_http_request_t *request, void *arg)
{
    fixture_t *fixture = arg;

    if (fixture->answers_later)
        fixture->waiting = request;
    else
        answer(request);
}

static void on_wildcard(sc_http_request_t *request, void *arg)
{
    sc_http_response_t response = {
        .status = 201, .type = "text/css", .headers = "X-A: b\r\n", .body = sc_str_from(arg)};

    sc_http_session_answer(request, &response);
}

static size_t on_frames(sc_conn_t *conn, char *bytes, size_t len)
{
    fixture_t *fixture = conn->owner;

    sc_text_add(&fixture->frames, sc_str(bytes, len));
    return len;
}

static void on_websocket_end(sc_conn_t *conn, sc_conn_end_t why)
{
    fixture_t *fixture = conn->owner;

    (void)why;
    fixture->websocket = NULL;
}

static const sc_conn_handler_t websocket_handler = {.on_bytes = on_frames,
                                                    .on_end = on_websocket_end};

static void accept_websocket(fixture_t *fixture, sc_http_request_t *request)
{
    sc_ws_deflate_terms_t deflate;
    sc_conn_t *conn =
        sc_http_upgrade_finish(request, fixture->address, sizeof(fixture->address), &deflate);

    if (conn == NULL)
        return;
    fixture->websocket = conn;
    sc_conn_set_handler(conn, &websocket_handler, fixture);
    sc_conn_resume(conn);
}

static void on_websocket(sc_http_request_t *request, void *arg)
{
    fixture_t *fixture = arg;

    if (fixture->answers_later)
        fixture->waiting = request;
    else
        accept_websocket(fixture, request);
}

/* ---- Fixture ------------------------------------------------------------------------------------------------- */

static void connect_peer(fixture_t *fixture)
{
    int fds[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    fixture->peer = fds[1];
    fixture->has_eof = false;
    sc_http_open(fixture->http, fds[0]);
}

static int set_up(void **state)
{
    static char path[] = "/socketcluster/";
    static char origins[] = "*:*";
    static sc_options_t options;
    fixture_t *fixture = calloc(1, sizeof(*fixture));
    sc_http_setup_t setup = {.options = &options, .on_websocket = on_websocket, .arg = fixture};

    assert_non_null(fixture);
    options.path = path;
    options.origins = origins;
    options.max_header_bytes = 1000;
    options.max_http_body_bytes = 100;
    options.http_timeout_ms = HTTP_TIMEOUT_MS;
    assert_int_equal(sc_loop_init(&fixture->loop), SC_OK);
    sc_net_init(&fixture->net, &fixture->loop, 1000000, LINGER_MS);
    setup.net = &fixture->net;
    fixture->http = sc_http_new(&setup);
    assert_non_null(fixture->http);
    assert_int_equal(sc_http_serve(fixture->http, "GET", "/a", on_request, fixture), SC_OK);
    assert_int_equal(sc_http_serve(fixture->http, "POST", "/a", on_request, fixture), SC_OK);
    assert_int_equal(sc_http_serve(fixture->http, "POST", "/p", on_request, fixture), SC_OK);
    connect_peer(fixture);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    fixture_t *fixture = *state;

    sc_net_deinit(&fixture->net);
    assert_int_equal(sc_http_get_counts(fixture->http).open, 0);
    sc_http_free(fixture->http);
    sc_loop_deinit(&fixture->loop);
    if (fixture->peer >= 0)
        close(fixture->peer);
    sc_text_free(&fixture->answer);
    sc_text_free(&fixture->frames);
    free(fixture);
    return 0;
}

static void peer_sends(fixture_t *fixture, const char *text)
{
    assert_int_equal(write(fixture->peer, text, strlen(text)), (ssize_t)strlen(text));
}

/** Takes lines that begin with "Date: " out, which must have the form of RFC 9110. */
static void drop_dates(sc_text_t *text)
{
    char *date;

    while ((date = strstr(text->ptr, "Date: ")) != NULL) {
        assert_memory_equal(date + 31, " GMT\r\n", 6);
        memmove(date, date + 37, strlen(date + 37) + 1);
        text->len -= 37;
    }
}

static void read_answer(fixture_t *fixture)
{
    char bytes[4096];
    ssize_t count;

    while ((count = read(fixture->peer, bytes, sizeof(bytes))) > 0)
        sc_text_add(&fixture->answer, sc_str(bytes, (size_t)count));
    fixture->has_eof = count == 0;
    sc_text_add(&fixture->answer, sc_str("", 1));
    fixture->answer.len--;
    drop_dates(&fixture->answer);
}

/** Lets the server work, and checks all that it has answered since the last time. */
static void expect_answer(fixture_t *fixture, const char *expected)
{
    for (int i = 0; i < PATIENCE_MS / 5 && fixture->answer.len < strlen(expected); i++) {
        turn_for(&fixture->loop, 5);
        read_answer(fixture);
    }
    turn_for(&fixture->loop, 5);
    read_answer(fixture);
    assert_string_equal(fixture->answer.ptr, expected);
    sc_text_clear(&fixture->answer);
}

static void expect_eof(fixture_t *fixture)
{
    for (int i = 0; i < PATIENCE_MS / 5 && !fixture->has_eof; i++) {
        turn_for(&fixture->loop, 5);
        read_answer(fixture);
    }
    assert_true(fixture->has_eof);
    assert_int_equal(fixture->answer.len, 0);
}

#define OK_HEAD(length)                                                                            \
    "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: " length "\r\n"
#define KEPT "Connection: keep-alive\r\n\r\n"
#define CLOSED "Connection: close\r\n\r\n"

/* ---- Requests ------------------------------------------------------------------------------------------------ */

static void a_request_is_served_and_the_connection_kept(void **state)
{
    fixture_t *fixture = *state;

    peer_sends(fixture, "GET /a?b HTTP/1.1\r\nHost: a\r\n\r\n");
    expect_answer(fixture, OK_HEAD("5") KEPT "/a []");
    peer_sends(fixture, "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nxy");
    expect_answer(fixture, OK_HEAD("7") KEPT "/a [xy]");
    assert_false(fixture->has_eof);
    assert_int_equal(sc_http_get_counts(fixture->http).requests, 2);
}

static void a_request_may_close(void **state)
{
    fixture_t *fixture = *state;

    peer_sends(fixture, "GET /a HTTP/1.0\r\n\r\n");
    expect_answer(fixture, OK_HEAD("5") CLOSED "/a []");
    expect_eof(fixture);
}

static void head_is_get_without_the_body(void **state)
{
    fixture_t *fixture = *state;

    peer_sends(fixture, "HEAD /a HTTP/1.1\r\nHost: a\r\n\r\n");
    expect_answer(fixture, OK_HEAD("5") KEPT);
}

static void pipelined_requests_are_answered_in_order(void **state)
{
    fixture_t *fixture = *state;

    peer_sends(fixture, "GET /a HTTP/1.1\r\nHost: a\r\n\r\nPOST /p HTTP/1.1\r\nHost: a\r\n"
                        "Content-Length: 1\r\n\r\nxHEAD /a HTTP/1.1\r\nHost: a\r\n\r\n");
    expect_answer(fixture, OK_HEAD("5") KEPT "/a []" OK_HEAD("6") KEPT "/p [x]" OK_HEAD("5") KEPT);
}

static void a_pipelined_request_waits_for_the_answer_before(void **state)
{
    fixture_t *fixture = *state;
    sc_http_request_t *request;

    fixture->answers_later = true;
    peer_sends(fixture, "GET /a HTTP/1.1\r\nHost: a\r\n\r\nPOST /p HTTP/1.1\r\nHost: a\r\n\r\n");
    expect_answer(fixture, "");
    assert_true(sc_str_equal(sc_http_head_path(fixture->waiting->head), SC_STR("/a")));
    request = fixture->waiting;
    fixture->waiting = NULL;
    answer(request);
    expect_answer(fixture, OK_HEAD("5") KEPT "/a []");
    assert_true(sc_str_equal(sc_http_head_path(fixture->waiting->head), SC_STR("/p")));
    answer(fixture->waiting);
    expect_answer(fixture, OK_HEAD("5") KEPT "/p []");
}

static void an_unknown_path_is_not_found(void **state)
{
    fixture_t *fixture = *state;

    peer_sends(fixture, "GET /ab HTTP/1.1\r\nHost: a\r\n\r\n");
    expect_answer(fixture, "HTTP/1.1 404 Not Found\r\nContent-Type: text/plain; charset=utf-8\r\n"
                           "Content-Length: 9\r\n" KEPT "Not Found");
    assert_int_equal(sc_http_get_counts(fixture->http).refused, 1);
}

static void another_method_is_told_which_there_are(void **state)
{
    fixture_t *fixture = *state;

    peer_sends(fixture, "DELETE /a HTTP/1.1\r\nHost: a\r\n\r\n");
    expect_answer(fixture,
                  "HTTP/1.1 405 Method Not Allowed\r\nContent-Type: text/plain; charset=utf-8\r\n"
                  "Content-Length: 18\r\nConnection: keep-alive\r\nAllow: GET, HEAD, POST\r\n\r\n"
                  "Method Not Allowed");
    peer_sends(fixture, "HEAD /p HTTP/1.1\r\nHost: a\r\n\r\n");
    expect_answer(fixture,
                  "HTTP/1.1 405 Method Not Allowed\r\nContent-Type: text/plain; charset=utf-8\r\n"
                  "Content-Length: 18\r\nConnection: keep-alive\r\nAllow: POST\r\n\r\n");
}

static void the_longest_match_serves(void **state)
{
    fixture_t *fixture = *state;
    static char all[] = "all";
    static char sub[] = "sub";

    assert_int_equal(sc_http_serve(fixture->http, "GET", "*", on_wildcard, all), SC_OK);
    assert_int_equal(sc_http_serve(fixture->http, "GET", "/sub/*", on_wildcard, sub), SC_OK);
    peer_sends(fixture, "GET /other HTTP/1.1\r\nHost: a\r\n\r\n");
    expect_answer(fixture, "HTTP/1.1 201 Created\r\nContent-Type: text/css\r\nContent-Length: 3\r\n"
                           "Connection: keep-alive\r\nX-A: b\r\n\r\nall");
    peer_sends(fixture, "GET /sub/x HTTP/1.1\r\nHost: a\r\n\r\n");
    expect_answer(fixture, "HTTP/1.1 201 Created\r\nContent-Type: text/css\r\nContent-Length: 3\r\n"
                           "Connection: keep-alive\r\nX-A: b\r\n\r\nsub");
    peer_sends(fixture, "GET /a HTTP/1.1\r\nHost: a\r\n\r\n");
    expect_answer(fixture, OK_HEAD("5") KEPT "/a []");
}

static void a_route_is_checked(void **state)
{
    fixture_t *fixture = *state;
    sc_http_t *http = fixture->http;

    assert_int_equal(sc_http_serve(http, "GET", "/a", on_request, NULL), SC_ERR_STATE);
    assert_int_equal(sc_http_serve(http, "PUT", "/a", on_request, NULL), SC_OK);
    assert_int_equal(sc_http_serve(http, "get", "/b", on_request, NULL), SC_ERR_INVALID);
    assert_int_equal(sc_http_serve(http, "", "/b", on_request, NULL), SC_ERR_INVALID);
    assert_int_equal(sc_http_serve(http, "GET", "b", on_request, NULL), SC_ERR_INVALID);
    assert_int_equal(sc_http_serve(http, "GET", "", on_request, NULL), SC_ERR_INVALID);
    assert_int_equal(sc_http_serve(http, "GET", "/*/b", on_request, NULL), SC_ERR_INVALID);
    assert_int_equal(sc_http_serve(http, "GET", "/a*", on_request, NULL), SC_OK);
    assert_int_equal(sc_http_serve(http, "GET", "/a*", on_request, NULL), SC_ERR_STATE);
}

static void a_waiting_body_is_asked_for(void **state)
{
    fixture_t *fixture = *state;

    peer_sends(fixture,
               "POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n");
    expect_answer(fixture, "HTTP/1.1 100 Continue\r\n\r\n");
    peer_sends(fixture, "x");
    expect_answer(fixture, OK_HEAD("6") KEPT "/p [x]");
}

#define REFUSED(status, length)                                                                    \
    "HTTP/1.1 " status                                                                             \
    "\r\nConnection: close\r\nContent-Type: text/html\r\nContent-Length: " length "\r\n"

static void a_malformed_request_is_refused(void **state)
{
    fixture_t *fixture = *state;

    peer_sends(fixture, "hello\r\n\r\n");
    expect_answer(fixture, REFUSED("400 Bad Request", "11") "\r\nBad Request");
    expect_eof(fixture);
}

static void a_body_over_the_limit_is_refused(void **state)
{
    fixture_t *fixture = *state;

    peer_sends(fixture, "POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 101\r\n\r\n");
    expect_answer(fixture, REFUSED("413 Payload Too Large", "17") "\r\nPayload Too Large");
}

static void a_request_whose_client_has_gone_stays_until_it_is_answered(void **state)
{
    fixture_t *fixture = *state;

    fixture->answers_later = true;
    peer_sends(fixture, "POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx");
    turn_for(&fixture->loop, 5);
    sc_conn_abort(fixture->waiting->conn);
    turn_for(&fixture->loop, 5);
    assert_int_equal(sc_http_get_counts(fixture->http).open, 0);
    assert_true(sc_str_equal(sc_http_head_body(fixture->waiting->head), SC_STR("x")));
    answer(fixture->waiting);
    turn_for(&fixture->loop, 5);
    assert_true(sc_list_is_empty(&fixture->http->sessions));
}

static void a_request_that_nobody_answers_is_freed_with_the_rest(void **state)
{
    fixture_t *fixture = *state;

    fixture->answers_later = true;
    peer_sends(fixture, "GET /a HTTP/1.1\r\nHost: a\r\n\r\n");
    turn_for(&fixture->loop, 5);
    assert_non_null(fixture->waiting);
}

/* ---- Time ---------------------------------------------------------------------------------------------------- */

static void an_idle_connection_is_closed_without_a_word(void **state)
{
    fixture_t *fixture = *state;

    turn_for(&fixture->loop, HTTP_TIMEOUT_MS / 2);
    expect_answer(fixture, "");
    assert_false(fixture->has_eof);
    turn_for(&fixture->loop, HTTP_TIMEOUT_MS);
    expect_eof(fixture);
}

static void half_a_request_times_out(void **state)
{
    fixture_t *fixture = *state;

    peer_sends(fixture, "GET /a HTTP/1.1\r\nHo");
    turn_for(&fixture->loop, HTTP_TIMEOUT_MS / 2);
    peer_sends(fixture, "st: a\r\n");
    turn_for(&fixture->loop, HTTP_TIMEOUT_MS);
    expect_answer(fixture, REFUSED("408 Request Timeout", "15") "\r\nRequest Timeout");
    expect_eof(fixture);
}

static void half_a_body_times_out(void **state)
{
    fixture_t *fixture = *state;

    peer_sends(fixture, "POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nx");
    turn_for(&fixture->loop, 2 * HTTP_TIMEOUT_MS);
    expect_answer(fixture, REFUSED("408 Request Timeout", "15") "\r\nRequest Timeout");
}

static void a_plugin_may_take_its_time(void **state)
{
    fixture_t *fixture = *state;

    fixture->answers_later = true;
    peer_sends(fixture, "GET /a HTTP/1.1\r\nHost: a\r\n\r\n");
    turn_for(&fixture->loop, 2 * HTTP_TIMEOUT_MS);
    expect_answer(fixture, "");
    answer(fixture->waiting);
    expect_answer(fixture, OK_HEAD("5") KEPT "/a []");
}

static void each_answer_starts_the_time_anew(void **state)
{
    fixture_t *fixture = *state;

    for (int i = 0; i < 4; i++) {
        peer_sends(fixture, "GET /a HTTP/1.1\r\nHost: a\r\n\r\n");
        expect_answer(fixture, OK_HEAD("5") KEPT "/a []");
        turn_for(&fixture->loop, HTTP_TIMEOUT_MS / 2);
    }
    turn_for(&fixture->loop, HTTP_TIMEOUT_MS);
    expect_eof(fixture);
}

static void draining_closes_idle_connections_and_others_after_their_answer(void **state)
{
    fixture_t *fixture = *state;
    int idle = fixture->peer;
    char byte;

    peer_sends(fixture, "GET /a HTTP/1.1\r\nHost: a\r\n\r\n");
    expect_answer(fixture, OK_HEAD("5") KEPT "/a []");
    connect_peer(fixture);
    fixture->answers_later = true;
    peer_sends(fixture, "GET /a HTTP/1.1\r\nHost: a\r\n\r\n");
    turn_for(&fixture->loop, 5);
    sc_http_drain(fixture->http);
    turn_for(&fixture->loop, 5);
    assert_int_equal(read(idle, &byte, 1), 0);
    close(idle);
    expect_answer(fixture, "");
    assert_false(fixture->has_eof);
    answer(fixture->waiting);
    expect_answer(fixture, OK_HEAD("5") CLOSED "/a []");
    expect_eof(fixture);
}

static void a_new_connection_is_still_answered_while_draining(void **state)
{
    fixture_t *fixture = *state;

    turn_for(&fixture->loop, 5);
    sc_http_drain(fixture->http);
    turn_for(&fixture->loop, 5);
    peer_sends(fixture, "GET /a HTTP/1.1\r\nHost: a\r\n\r\n");
    expect_answer(fixture, OK_HEAD("5") CLOSED "/a []");
    expect_eof(fixture);
}

/* ---- WebSockets ---------------------------------------------------------------------------------------------- */

static void a_connection_becomes_a_websocket(void **state)
{
    fixture_t *fixture = *state;

    peer_sends(fixture, OPENING "frames");
    expect_answer(fixture, OPENED);
    assert_non_null(fixture->websocket);
    assert_true(sc_str_equal(sc_text_str(&fixture->frames), SC_STR("frames")));
    assert_int_equal(sc_http_get_counts(fixture->http).open, 0);
    assert_true(sc_list_is_empty(&fixture->http->sessions));
    turn_for(&fixture->loop, 2 * HTTP_TIMEOUT_MS);
    assert_non_null(fixture->websocket);
}

static void an_opening_may_be_decided_later(void **state)
{
    fixture_t *fixture = *state;

    fixture->answers_later = true;
    peer_sends(fixture, OPENING "frames");
    turn_for(&fixture->loop, 2 * HTTP_TIMEOUT_MS);
    expect_answer(fixture, "");
    assert_true(sc_str_equal(sc_http_head_query(fixture->waiting->head), SC_STR("a=1")));
    accept_websocket(fixture, fixture->waiting);
    expect_answer(fixture, OPENED);
    assert_true(sc_str_equal(sc_text_str(&fixture->frames), SC_STR("frames")));
}

static void an_opening_may_be_refused(void **state)
{
    fixture_t *fixture = *state;

    fixture->answers_later = true;
    peer_sends(fixture, OPENING);
    turn_for(&fixture->loop, 5);
    sc_http_upgrade_refuse(fixture->waiting, 401, SC_STR("not today"));
    expect_answer(fixture, REFUSED("401 Unauthorized", "9") "\r\nnot today");
    expect_eof(fixture);
}

static void an_opening_whose_client_has_gone_may_still_be_decided(void **state)
{
    fixture_t *fixture = *state;

    fixture->answers_later = true;
    peer_sends(fixture, OPENING);
    turn_for(&fixture->loop, 5);
    sc_conn_abort(fixture->waiting->conn);
    turn_for(&fixture->loop, 5);
    accept_websocket(fixture, fixture->waiting);
    assert_null(fixture->websocket);
    assert_true(sc_list_is_empty(&fixture->http->sessions));
    connect_peer(fixture);
    peer_sends(fixture, OPENING);
    turn_for(&fixture->loop, 5);
    sc_conn_abort(fixture->waiting->conn);
    accept_websocket(fixture, fixture->waiting); /* in the same turn */
    assert_null(fixture->websocket);
    turn_for(&fixture->loop, 5);
    assert_true(sc_list_is_empty(&fixture->http->sessions));
}

static void an_opening_on_another_path_is_refused(void **state)
{
    fixture_t *fixture = *state;

    peer_sends(fixture, "GET /a HTTP/1.1\r\n" OPENING_HEADERS "\r\n");
    expect_answer(fixture, REFUSED("400 Bad Request", "11") "\r\nBad Request");
    expect_eof(fixture);
}

static void an_opening_of_another_version_is_told_ours(void **state)
{
    fixture_t *fixture = *state;

    peer_sends(fixture, "GET /socketcluster/ HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n"
                        "Upgrade: websocket\r\nSec-WebSocket-Version: 12\r\n"
                        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
    expect_answer(fixture, REFUSED("400 Bad Request",
                                   "47") "Sec-WebSocket-Version: 13, 8\r\n\r\n"
                                         "Missing or invalid Sec-WebSocket-Version header");
}

static void a_plain_request_for_the_websocket_path_is_told_to_upgrade(void **state)
{
    fixture_t *fixture = *state;
    static char all[] = "all";

    assert_int_equal(sc_http_serve(fixture->http, "GET", "/*", on_wildcard, all), SC_OK);
    peer_sends(fixture, "GET /socketcluster/ HTTP/1.1\r\nHost: a\r\n\r\n");
    expect_answer(fixture, REFUSED("426 Upgrade Required",
                                   "16") "Upgrade: websocket\r\n\r\nUpgrade Required");
}

static void the_websocket_path_may_be_served_too(void **state)
{
    fixture_t *fixture = *state;

    assert_int_equal(sc_http_serve(fixture->http, "GET", "/socketcluster/", on_request, fixture),
                     SC_OK);
    peer_sends(fixture, "GET /socketcluster/ HTTP/1.1\r\nHost: a\r\n\r\n");
    expect_answer(fixture, OK_HEAD("18") KEPT "/socketcluster/ []");
    peer_sends(fixture, OPENING);
    expect_answer(fixture, OPENED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_request_is_served_and_the_connection_kept, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_request_may_close, set_up, tear_down),
        cmocka_unit_test_setup_teardown(head_is_get_without_the_body, set_up, tear_down),
        cmocka_unit_test_setup_teardown(pipelined_requests_are_answered_in_order, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_pipelined_request_waits_for_the_answer_before, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(an_unknown_path_is_not_found, set_up, tear_down),
        cmocka_unit_test_setup_teardown(another_method_is_told_which_there_are, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_longest_match_serves, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_route_is_checked, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_waiting_body_is_asked_for, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_malformed_request_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_body_over_the_limit_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_request_whose_client_has_gone_stays_until_it_is_answered,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_request_that_nobody_answers_is_freed_with_the_rest,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_idle_connection_is_closed_without_a_word, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(half_a_request_times_out, set_up, tear_down),
        cmocka_unit_test_setup_teardown(half_a_body_times_out, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_plugin_may_take_its_time, set_up, tear_down),
        cmocka_unit_test_setup_teardown(each_answer_starts_the_time_anew, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            draining_closes_idle_connections_and_others_after_their_answer, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_new_connection_is_still_answered_while_draining, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_connection_becomes_a_websocket, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_opening_may_be_decided_later, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_opening_may_be_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_opening_whose_client_has_gone_may_still_be_decided,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_opening_on_another_path_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_opening_of_another_version_is_told_ours, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_plain_request_for_the_websocket_path_is_told_to_upgrade,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_websocket_path_may_be_served_too, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
