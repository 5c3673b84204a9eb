/*
 * test_http_request.c: request heads and bodies; each fed whole, byte by byte and cut at each position.
 */
#include "worker/http/http_request.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define HEAD_MAX 600u
#define BODY_MAX 50u

/* What a parser made of a stream, as a text to compare. */
static void describe(const sc_http_head_t *head, sc_text_t *out)
{
    sc_str_t query = sc_http_head_query(head);

    sc_text_addf(out, "%.*s %.*s", SC_STR_ARG(sc_http_head_method(head)),
                 SC_STR_ARG(sc_http_head_path(head)));
    if (!sc_str_is_none(query))
        sc_text_addf(out, " ?%.*s", SC_STR_ARG(query));
    if (sc_http_head_body(head).len > 0)
        sc_text_addf(out, " [%.*s]", SC_STR_ARG(sc_http_head_body(head)));
    if (sc_http_head_keeps_alive(head))
        sc_text_add(out, SC_STR(" keep"));
    if (sc_http_head_wants_websocket(head))
        sc_text_add(out, SC_STR(" websocket"));
}

/** Feeds a part of a stream, in a copy that ends where it ends. */
static sc_status_t feed(sc_http_head_t *head, sc_str_t bytes, size_t *used)
{
    char *copy = malloc(bytes.len > 0 ? bytes.len : 1);
    sc_status_t status;

    assert_non_null(copy);
    if (bytes.len > 0)
        memcpy(copy, bytes.ptr, bytes.len);
    status = sc_http_head_feed(head, copy, bytes.len, used);
    free(copy);
    return status;
}

/** Reads all requests of a stream in two parts, the second one `step` bytes at a time; what is left is shown as ">rest". */
static void read_cut(sc_str_t stream, size_t cut, size_t step, sc_text_t *out)
{
    static const sc_http_limits_t limits = {.head_bytes_max = HEAD_MAX, .body_bytes_max = BODY_MAX};
    sc_http_head_t *head = sc_http_head_new(&limits);
    size_t start = 0;
    size_t end = cut;

    while (start < stream.len) {
        size_t used;
        sc_status_t status = feed(head, sc_str(stream.ptr + start, end - start), &used);

        start += used;
        if (status == SC_AGAIN) {
            assert_int_equal(start, end); /* nothing is left while more is needed */
            end = step < stream.len - end ? end + step : stream.len;
            if (start == stream.len)
                break;
            continue;
        }
        if (out->len > 0)
            sc_text_add(out, SC_STR(", "));
        if (status != SC_OK) {
            sc_text_addf(out, "%d", sc_http_head_error_status(head));
            break;
        }
        describe(head, out);
        if (sc_http_head_wants_websocket(head)) {
            sc_text_addf(out, " >%.*s", (int)(stream.len - start), stream.ptr + start);
            break;
        }
        sc_http_head_reset(head);
    }
    sc_http_head_free(head);
}

static void check_cut(sc_str_t stream, size_t cut, size_t step, const char *expected)
{
    sc_text_t out = {0};

    read_cut(stream, cut, step, &out);
    sc_text_add(&out, sc_str("", 1));
    assert_string_equal(out.ptr, expected);
    sc_text_free(&out);
}

static void check(const char *text, const char *expected)
{
    sc_str_t stream = sc_str_from(text);

    check_cut(stream, 0, 1, expected);
    check_cut(stream, 0, 7, expected);
    for (size_t cut = 0; cut <= stream.len; cut++)
        check_cut(stream, cut, stream.len, expected);
}

/** Parses one whole request, to be looked at and freed. */
static sc_http_head_t *parse(const char *text)
{
    static const sc_http_limits_t limits = {.head_bytes_max = HEAD_MAX, .body_bytes_max = BODY_MAX};
    sc_http_head_t *head = sc_http_head_new(&limits);
    size_t used;

    assert_int_equal(feed(head, sc_str_from(text), &used), SC_OK);
    return head;
}

static void requests_are_read_one_after_the_other(void **state)
{
    (void)state;
    check("GET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / keep");
    check("GET /a/b?c=d&e HTTP/1.1\r\nHost: a\r\n\r\nHEAD /x? HTTP/1.1\r\nHost: a\r\n\r\n",
          "GET /a/b ?c=d&e keep, HEAD /x ? keep");
    check("POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabcDELETE /q HTTP/1.1\r\nHost: "
          "a\r\n\r\n",
          "POST /p [abc] keep, DELETE /q keep");
    check("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / keep");
}

static void a_chunked_body_is_put_together(void **state)
{
    (void)state;
    check("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: "
          "chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n"
          "Trailer: x\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
          "POST / [abcde] keep, GET / keep");
}

static void the_target_may_be_absolute(void **state)
{
    (void)state;
    check("GET http://a.example:80/b?c HTTP/1.1\r\nHost: a\r\n\r\n", "GET /b ?c keep");
    check("GET http://a.example HTTP/1.1\r\nHost: a\r\n\r\n", "GET / keep");
    check("GET http://a.example?q HTTP/1.1\r\nHost: a\r\n\r\n", "GET / ?q keep");
    check("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "OPTIONS * keep");
}

static void connections_are_kept_as_the_versions_say(void **state)
{
    (void)state;
    check("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "GET /");
    check("GET / HTTP/1.0\r\n\r\n", "GET /");
    check("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "GET / keep");
}

static void an_opening_leaves_what_follows(void **state)
{
    (void)state;
    check("GET /s HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: "
          "WebSocket\r\n\r\n"
          "frames",
          "GET /s keep websocket >frames");
}

static void an_upgrade_to_something_else_is_an_ordinary_request(void **state)
{
    (void)state;
    check("GET /s HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
          "GET /t HTTP/1.1\r\nHost: a\r\n\r\n",
          "GET /s keep, GET /t keep");
    check("GET /s HTTP/1.1\r\nHost: a\r\nConnection: Upgradex\r\nUpgrade: websocket\r\n\r\n",
          "GET /s keep");
    check("GET /s HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n", "GET /s keep");
    check("GET /s HTTP/1.0\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", "GET /s");
}

static void a_request_without_host_is_refused(void **state)
{
    (void)state;
    check("GET / HTTP/1.1\r\n\r\n", "400");
    check("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "400");
    check("GET / HTTP/1.0\r\nHost: a\r\nhost: a\r\n\r\n", "400");
}

static void what_two_servers_may_read_in_two_ways_is_refused(void **state)
{
    (void)state;
    check("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"
          "3\r\nabc\r\n0\r\n\r\n",
          "400");
    check("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n"
          "3\r\nabc\r\n0\r\n\r\n",
          "400");
    check("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
          "400");
    check("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc", "400");
    check("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +3\r\n\r\nabc", "400");
    check("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3, 3\r\n\r\nabc", "400");
    check("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\nabc", "400");
    check("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n", "400");
    check("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n", "400");
    check("GET / HTTP/1.1\r\nHost: a\r\nA: b\r\n c\r\n\r\n", "400");
    check("GET / HTTP/1.1\r\nHost: a\r\nA: b\r\n\tc\r\n\r\n", "400");
    check("GET / HTTP/1.1\r\n Host: a\r\n\r\n", "400");
    check("GET / HTTP/1.1\nHost: a\n\n", "400");
    check("GET / HTTP/1.1\r\nHost: a\r\n\rX", "400");
    check("GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n", "400");
    check("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcXX0\r\n\r\n",
          "400");
    check("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\nabc\r\n0\r\n\r\n",
          "400");
    check("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400");
    check("GET / HTTP/1.1\r\nHost: a\r\nA b: c\r\n\r\n", "400");
    check("GET / HTTP/1.1\r\nHost: a\r\n: c\r\n\r\n", "400");
}

static void what_is_no_request_is_refused(void **state)
{
    (void)state;
    check("hello\r\n\r\n", "400");
    check("\x16\x03\x01\x02", "400");
    check("GET /\x01 HTTP/1.1\r\nHost: a\r\n\r\n", "400");
    check("GET / HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n", "400");
    check("GET / HTTP/1.1\r\nHost: a\r\nA: \x01\r\n\r\n", "400");
    check("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", "400");
}

static void other_versions_are_refused(void **state)
{
    (void)state;
    check("GET / HTTP/1.2\r\nHost: a\r\n\r\n", "505");
    check("GET / HTTP/2.0\r\nHost: a\r\n\r\n", "505");
    check("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "505");
    check("GET / HTTP/0.9\r\nHost: a\r\n\r\n", "505");
}

static void a_head_over_the_limit_is_refused(void **state)
{
    char text[HEAD_MAX + 2];
    char request[2 * HEAD_MAX];

    (void)state;
    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    (void)snprintf(request, sizeof(request), "GET /%.*s HTTP/1.1\r\nHost: a\r\n\r\n",
                   (int)HEAD_MAX - 27, text);
    assert_int_equal(strlen(request), HEAD_MAX);
    sc_http_head_free(parse(request));
    (void)snprintf(request, sizeof(request), "GET /%.*s HTTP/1.1\r\nHost: a\r\n\r\n",
                   (int)HEAD_MAX - 26, text);
    check(request, "431");
    (void)snprintf(request, sizeof(request), "GET / HTTP/1.1\r\nHost: a\r\nA: %s", text);
    check(request, "431");
    check_cut(sc_str(text, sizeof(text) - 1), 1, 1, "400");
}

static void too_many_headers_are_refused(void **state)
{
    sc_text_t request = {0};

    (void)state;
    sc_text_add(&request, SC_STR("GET / HTTP/1.1\r\nH:\r\nHost: a\r\n"));
    for (unsigned i = 0; i < 126; i++)
        sc_text_add(&request, SC_STR("a:\r\n"));
    sc_text_add(&request, SC_STR("\r\n"));
    check_cut(sc_text_str(&request), 0, 1, "GET / keep");
    request.len -= 2;
    sc_text_add(&request, SC_STR("a:\r\n\r\n"));
    check_cut(sc_text_str(&request), 0, 1, "431");
    sc_text_free(&request);
}

static void a_body_over_the_limit_is_refused(void **state)
{
    (void)state;
    check("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 51\r\n\r\n", "413");
    check("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551615\r\n\r\n", "413");
    check("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551616\r\n\r\n", "400");
    check("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
          "19\r\n1234567890123456789012345\r\n1a\r\n12345678901234567890123456\r\n0\r\n\r\n",
          "413");
    check("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
          "19\r\n1234567890123456789012345\r\n19\r\n1234567890123456789012345\r\n0\r\n\r\n",
          "POST / [12345678901234567890123451234567890123456789012345] keep");
}

static void headers_are_found_without_case(void **state)
{
    sc_http_head_t *head = parse("GET / HTTP/1.1\r\nHost: a\r\nX-One:  1 \r\nx-two: "
                                 "a\r\nEmpty:\r\nX-TWO: b\r\nx-Two:\r\n\r\n");

    (void)state;
    assert_true(sc_str_equal(sc_http_head_header(head, SC_STR("x-oNe")), SC_STR("1")));
    assert_true(sc_str_equal(sc_http_head_header(head, SC_STR("X-Two")), SC_STR("a, b, ")));
    assert_true(sc_str_equal(sc_http_head_header(head, SC_STR("HOST")), SC_STR("a")));
    assert_false(sc_str_is_none(sc_http_head_header(head, SC_STR("empty"))));
    assert_int_equal(sc_http_head_header(head, SC_STR("empty")).len, 0);
    assert_true(sc_str_is_none(sc_http_head_header(head, SC_STR("X-On"))));
    assert_true(sc_str_is_none(sc_http_head_header(head, SC_STR(""))));
    sc_http_head_free(head);
}

static void a_waiting_body_is_asked_for_once(void **state)
{
    static const char text[] =
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nExpect: 100-Continue\r\n\r\n";
    static const sc_http_limits_t limits = {.head_bytes_max = HEAD_MAX, .body_bytes_max = BODY_MAX};
    sc_http_head_t *head = sc_http_head_new(&limits);
    size_t used;

    (void)state;
    assert_int_equal(feed(head, sc_str(text, sizeof(text) - 2), &used), SC_AGAIN);
    assert_false(sc_http_head_take_expectation(head));
    sc_http_head_reset(head);
    assert_int_equal(feed(head, sc_str(text, sizeof(text) - 1), &used), SC_AGAIN);
    assert_true(sc_http_head_take_expectation(head));
    assert_false(sc_http_head_take_expectation(head));
    assert_int_equal(feed(head, SC_STR("x"), &used), SC_OK);
    sc_http_head_free(head);
    check("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nExpect: a miracle\r\n\r\n", "417");
}

static void a_request_has_begun_with_its_first_byte(void **state)
{
    static const sc_http_limits_t limits = {.head_bytes_max = HEAD_MAX, .body_bytes_max = BODY_MAX};
    sc_http_head_t *head = sc_http_head_new(&limits);
    size_t used;

    (void)state;
    assert_false(sc_http_head_is_begun(head));
    assert_int_equal(feed(head, SC_STR("\r\n"), &used), SC_AGAIN);
    assert_false(sc_http_head_is_begun(head));
    assert_int_equal(feed(head, SC_STR("G"), &used), SC_AGAIN);
    assert_true(sc_http_head_is_begun(head));
    sc_http_head_reset(head);
    assert_false(sc_http_head_is_begun(head));
    sc_http_head_free(head);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_are_read_one_after_the_other),
        cmocka_unit_test(a_chunked_body_is_put_together),
        cmocka_unit_test(the_target_may_be_absolute),
        cmocka_unit_test(connections_are_kept_as_the_versions_say),
        cmocka_unit_test(an_opening_leaves_what_follows),
        cmocka_unit_test(an_upgrade_to_something_else_is_an_ordinary_request),
        cmocka_unit_test(a_request_without_host_is_refused),
        cmocka_unit_test(what_two_servers_may_read_in_two_ways_is_refused),
        cmocka_unit_test(what_is_no_request_is_refused),
        cmocka_unit_test(other_versions_are_refused),
        cmocka_unit_test(a_head_over_the_limit_is_refused),
        cmocka_unit_test(too_many_headers_are_refused),
        cmocka_unit_test(a_body_over_the_limit_is_refused),
        cmocka_unit_test(headers_are_found_without_case),
        cmocka_unit_test(a_waiting_body_is_asked_for_once),
        cmocka_unit_test(a_request_has_begun_with_its_first_byte),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
