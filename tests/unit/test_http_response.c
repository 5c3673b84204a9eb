/*
 * test_http_response.c: answers as bytes.
 */
#include "worker/http/http_response.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static void check(const sc_http_response_t *response, bool keeps_alive, bool has_body,
                  const char *before_date, const char *after_date)
{
    sc_http_date_t date = {0};
    sc_buf_t *buf = sc_http_response_new(response, &date, keeps_alive, has_body);
    size_t before = strlen(before_date);
    size_t after = strlen(after_date);

    assert_int_equal(buf->len, before + 37 + after);
    assert_memory_equal(buf->bytes, before_date, before);
    assert_memory_equal(buf->bytes + before, "Date: ", 6);
    assert_memory_equal(buf->bytes + before + 6, date.text, 29);
    assert_memory_equal(buf->bytes + before + 35, "\r\n", 2);
    assert_memory_equal(buf->bytes + before + 37, after_date, after);
    sc_buf_unref(buf);
}

static void an_answer_has_what_was_given(void **state)
{
    sc_http_response_t plain = {.status = 200, .body = SC_STR("abc")};
    sc_http_response_t full = {
        .status = 302, .type = "text/html", .headers = "A: b\r\nC: d\r\n", .body = SC_STR("")};

    (void)state;
    check(&plain, true, true,
          "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 3\r\n",
          "Connection: keep-alive\r\n\r\nabc");
    check(&full, false, true,
          "HTTP/1.1 302 Found\r\nContent-Type: text/html\r\nContent-Length: 0\r\n",
          "Connection: close\r\nA: b\r\nC: d\r\n\r\n");
}

static void an_answer_to_head_has_the_length_alone(void **state)
{
    sc_http_response_t response = {.status = 200, .body = SC_STR("abc")};

    (void)state;
    check(&response, true, false,
          "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 3\r\n",
          "Connection: keep-alive\r\n\r\n");
}

static void an_answer_without_body_says_nothing_of_one(void **state)
{
    sc_http_response_t response = {.status = 204, .body = SC_STR("not sent")};

    (void)state;
    check(&response, true, true, "HTTP/1.1 204 No Content\r\n", "Connection: keep-alive\r\n\r\n");
    response.status = 304;
    check(&response, true, true, "HTTP/1.1 304 Not Modified\r\n", "Connection: keep-alive\r\n\r\n");
}

static void the_date_is_that_of_now(void **state)
{
    sc_http_date_t date = {0};
    sc_http_response_t response = {.status = 200};
    time_t before = time(NULL);
    struct tm read = {0};
    const char *end;
    time_t shown;

    (void)state;
    sc_buf_unref(sc_http_response_new(&response, &date, true, true));
    end = strptime(date.text, "%a, %d %b %Y %H:%M:%S GMT", &read);
    assert_non_null(end);
    assert_int_equal(*end, '\0');
    shown = timegm(&read);
    assert_in_range(shown, before, time(NULL));
    assert_int_equal(date.second, shown);
}

static void a_refusal_has_the_form_of_the_traces(void **state)
{
    sc_buf_t *buf = sc_http_refusal_new(400, "Sec-WebSocket-Version: 13, 8\r\n", SC_STR("why"));
    static const char expected[] = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n"
                                   "Content-Type: text/html\r\nContent-Length: 3\r\n"
                                   "Sec-WebSocket-Version: 13, 8\r\n\r\nwhy";

    (void)state;
    assert_int_equal(buf->len, sizeof(expected) - 1);
    assert_memory_equal(buf->bytes, expected, buf->len);
    sc_buf_unref(buf);
}

static void every_status_has_a_reason(void **state)
{
    (void)state;
    for (int status = 0; status < 700; status++)
        assert_true(strlen(sc_http_reason(status)) > 1);
    assert_string_equal(sc_http_reason(426), "Upgrade Required");
    assert_string_equal(sc_http_reason(431), "Request Header Fields Too Large");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_has_what_was_given),
        cmocka_unit_test(an_answer_to_head_has_the_length_alone),
        cmocka_unit_test(an_answer_without_body_says_nothing_of_one),
        cmocka_unit_test(the_date_is_that_of_now),
        cmocka_unit_test(a_refusal_has_the_form_of_the_traces),
        cmocka_unit_test(every_status_has_a_reason),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
