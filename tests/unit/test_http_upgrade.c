/*
 * test_http_upgrade.c: the WebSocket opening: who gets in, what the others are told, and whose address counts.
 * The cases are those of the recorded traces transport-http and transport-origins.
 */
#include "worker/http/http_upgrade.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define OPENING                                                                                    \
    "Host: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
#define KEY "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"

static sc_http_head_t *parse(const char *first_line, const char *headers)
{
    static const sc_http_limits_t limits = {.head_bytes_max = 8192, .body_bytes_max = 100};
    sc_http_head_t *head = sc_http_head_new(&limits);
    char text[2048];
    size_t used;
    int len = snprintf(text, sizeof(text), "%s HTTP/1.1\r\n%s\r\n", first_line, headers);

    assert_int_equal(sc_http_head_feed(head, text, (size_t)len, &used), SC_OK);
    return head;
}

static sc_http_upgrade_rules_t *make_rules(const char *path, const char *origins,
                                           const char *proxies)
{
    static char texts[3][256];
    sc_options_t options = {0};

    (void)snprintf(texts[0], sizeof(texts[0]), "%s", path);
    (void)snprintf(texts[1], sizeof(texts[1]), "%s", origins);
    (void)snprintf(texts[2], sizeof(texts[2]), "%s", proxies != NULL ? proxies : "");
    options.path = texts[0];
    options.origins = texts[1];
    options.trusted_proxies = proxies != NULL ? texts[2] : NULL;
    return sc_http_upgrade_rules_new(&options);
}

/** Checks what an opening gets: "101", or status, further headers and body. */
static void check(const sc_http_upgrade_rules_t *rules, const char *first_line, const char *headers,
                  const char *expected)
{
    sc_http_head_t *head = parse(first_line, headers);
    sc_http_refusal_t refusal;
    char got[1024] = "101";

    if (sc_http_upgrade_check(rules, head, &refusal) != SC_OK) {
        (void)snprintf(got, sizeof(got), "%d %s%.*s", refusal.status,
                       refusal.headers != NULL ? refusal.headers : "",
                       SC_STR_ARG(sc_text_str(&refusal.body)));
        sc_text_free(&refusal.body);
    }
    assert_string_equal(got, expected);
    sc_http_head_free(head);
}

static void the_path_is_compared_exactly_but_for_one_slash(void **state)
{
    static const char *const options[] = {"/socketcluster/", "/socketcluster"};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        sc_http_upgrade_rules_t *rules = make_rules(options[i], "*:*", NULL);

        check(rules, "GET /socketcluster/", OPENING KEY, "101");
        check(rules, "GET /socketcluster", OPENING KEY, "101");
        check(rules, "GET /socketcluster/?a=1&b=2", OPENING KEY, "101");
        check(rules, "GET /other/", OPENING KEY, "400 Bad Request");
        check(rules, "GET /socketcluster/x", OPENING KEY, "400 Bad Request");
        check(rules, "GET /socketcluster//", OPENING KEY, "400 Bad Request");
        check(rules, "GET /SocketCluster/", OPENING KEY, "400 Bad Request");
        check(rules, "GET /socketcluste%72/", OPENING KEY, "400 Bad Request");
        check(rules, "GET /", OPENING KEY, "400 Bad Request");
        sc_http_upgrade_rules_free(rules);
    }
}

static void the_root_may_be_the_path(void **state)
{
    sc_http_upgrade_rules_t *rules = make_rules("/", "*:*", NULL);

    (void)state;
    check(rules, "GET /", OPENING KEY, "101");
    check(rules, "GET /x", OPENING KEY, "400 Bad Request");
    sc_http_upgrade_rules_free(rules);
}

static void what_is_missing_in_an_opening_is_said(void **state)
{
    sc_http_upgrade_rules_t *rules = make_rules("/s/", "*:*", NULL);
    static const char base[] = "Host: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" KEY;
    char headers[512];

    (void)state;
    check(rules, "GET /s/", OPENING, "400 Missing or invalid Sec-WebSocket-Key header");
    check(rules, "GET /s/", OPENING "Sec-WebSocket-Key: abc\r\n",
          "400 Missing or invalid Sec-WebSocket-Key header");
    check(rules, "GET /s/", OPENING "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=x\r\n",
          "400 Missing or invalid Sec-WebSocket-Key header");
    check(rules, "GET /s/", OPENING "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub2!jZQ==\r\n",
          "400 Missing or invalid Sec-WebSocket-Key header");
    check(rules, "GET /s/", OPENING KEY KEY, "400 Missing or invalid Sec-WebSocket-Key header");
    check(rules, "POST /s/", OPENING KEY, "405 Invalid HTTP method");
    check(rules, "GET /s/", base,
          "400 Sec-WebSocket-Version: 13, 8\r\nMissing or invalid Sec-WebSocket-Version header");
    for (int version = 0; version < 20; version++) {
        (void)snprintf(headers, sizeof(headers), "%sSec-WebSocket-Version: %d\r\n", base, version);
        check(rules, "GET /s/", headers,
              version == 8 || version == 13
                  ? "101"
                  : "400 Sec-WebSocket-Version: 13, 8\r\nMissing or invalid "
                    "Sec-WebSocket-Version header");
    }
    check(rules, "GET /s/", OPENING KEY "Sec-WebSocket-Protocol: a b\r\n",
          "400 Invalid Sec-WebSocket-Protocol header");
    sc_http_upgrade_rules_free(rules);
}

static void the_first_fault_counts(void **state)
{
    sc_http_upgrade_rules_t *rules = make_rules("/s/", "good.example:80", NULL);

    (void)state;
    check(rules, "POST /other/", OPENING, "400 Bad Request");
    check(rules, "GET /s/", OPENING "Origin: http://evil.example\r\n",
          "400 Missing or invalid Sec-WebSocket-Key header");
    sc_http_upgrade_rules_free(rules);
}

static void a_plain_request_for_the_path_is_told_to_upgrade(void **state)
{
    sc_http_upgrade_rules_t *rules = make_rules("/s/", "*:*", NULL);

    (void)state;
    check(rules, "GET /s/", "Host: a\r\n", "426 Upgrade: websocket\r\nUpgrade Required");
    check(rules, "POST /s", "Host: a\r\n", "426 Upgrade: websocket\r\nUpgrade Required");
    sc_http_upgrade_rules_free(rules);
}

static void check_origin(const sc_http_upgrade_rules_t *rules, const char *origin, bool is_allowed)
{
    char headers[512];
    char refused[512];

    (void)snprintf(headers, sizeof(headers), OPENING KEY "Origin: %s\r\n", origin);
    (void)snprintf(refused, sizeof(refused),
                   "403 Failed to authorize socket handshake - Invalid origin: %s",
                   strcmp(origin, "null") == 0 ? "*" : origin);
    check(rules, "GET /s/", headers, is_allowed ? "101" : refused);
}

static void origins_are_compared_as_whole_entries(void **state)
{
    sc_http_upgrade_rules_t *rules =
        make_rules("/s/", "good.example:*, *:4444,exact.example:80,tls.example:443,[::1]:90", NULL);

    (void)state;
    check_origin(rules, "http://good.example", true);
    check_origin(rules, "http://good.example:99", true);
    check_origin(rules, "http://GOOD.example:99", true);
    check_origin(rules, "http://any.example:4444", true);
    check_origin(rules, "http://exact.example", true);
    check_origin(rules, "http://exact.example:80", true);
    check_origin(rules, "http://exact.example:81", false);
    check_origin(rules, "https://exact.example", false);
    check_origin(rules, "https://tls.example", true);
    check_origin(rules, "http://tls.example", false);
    check_origin(rules, "http://evil.example", false);
    check_origin(rules, "http://ood.example", false);
    check_origin(rules, "http://x.exact.example", false);
    check_origin(rules, "http://[::1]:90", true);
    check_origin(rules, "http://[::1]", false);
    check_origin(rules, "file://", false);
    check_origin(rules, "null", false);
    check_origin(rules, "exact.example:80", false);
    check(rules, "GET /s/", OPENING KEY,
          "403 Failed to authorize socket handshake - Invalid origin: *");
    sc_http_upgrade_rules_free(rules);
}

static void a_missing_origin_counts_as_any_host_at_port_80(void **state)
{
    sc_http_upgrade_rules_t *rules = make_rules("/s/", "*:80", NULL);

    (void)state;
    check(rules, "GET /s/", OPENING KEY, "101");
    check_origin(rules, "null", true);
    check_origin(rules, "http://x.example", true);
    check_origin(rules, "https://x.example", false);
    sc_http_upgrade_rules_free(rules);
    rules = make_rules("/s/", "*:443", NULL);
    check_origin(rules, "null", false);
    check_origin(rules, "https://x.example", true);
    sc_http_upgrade_rules_free(rules);
}

static void malformed_options_are_refused(void **state)
{
    static const char *const origins[] = {
        "good.example", "http://good.example:80", "a:b", ":80", "a:80,", "", "a:70000"};
    static const char *const proxies[] = {"10.0.0.0/33", "10.0.0", "::1/129", "x", "10.0.0.1/", ""};

    (void)state;
    for (size_t i = 0; i < sizeof(origins) / sizeof(origins[0]); i++)
        assert_null(make_rules("/s/", origins[i], NULL));
    for (size_t i = 0; i < sizeof(proxies) / sizeof(proxies[0]); i++)
        assert_null(make_rules("/s/", "*:*", proxies[i]));
    assert_null(make_rules("s/", "*:*", NULL));
}

/** @return the bits of the window that was agreed on */
static unsigned check_answer_of(const sc_http_upgrade_rules_t *rules, const char *headers,
                                const char *expected)
{
    sc_http_head_t *head = parse("GET /s/", headers);
    sc_ws_deflate_terms_t deflate;
    sc_buf_t *answer = sc_http_upgrade_accept(rules, head, &deflate);

    assert_int_equal(answer->len, strlen(expected));
    assert_memory_equal(answer->bytes, expected, answer->len);
    sc_buf_unref(answer);
    sc_http_head_free(head);
    return deflate.window_bits;
}

static void check_answer(const char *headers, const char *expected)
{
    sc_http_upgrade_rules_t *rules = make_rules("/s/", "*:*", NULL);

    assert_int_equal(check_answer_of(rules, headers, expected), 0);
    sc_http_upgrade_rules_free(rules);
}

static void the_answer_is_that_of_the_traces(void **state)
{
    (void)state;
    check_answer(OPENING KEY,
                 "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                 "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n");
    check_answer(OPENING KEY "Sec-WebSocket-Protocol: foo, bar\r\n",
                 "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                 "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
                 "Sec-WebSocket-Protocol: foo\r\n\r\n");
    check_answer(OPENING KEY
                 "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n",
                 "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                 "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n");
}

static sc_http_upgrade_rules_t *make_deflate_rules(void)
{
    static char path[] = "/s/";
    sc_options_t options = {.path = path, .per_message_deflate = true, .deflate_window_bits = 15};

    return sc_http_upgrade_rules_new(&options);
}

static void compression_is_agreed_on_where_the_option_is_set(void **state)
{
    sc_http_upgrade_rules_t *rules = make_deflate_rules();

    (void)state;
    assert_int_equal(
        check_answer_of(
            rules,
            OPENING KEY "Sec-WebSocket-Extensions: x-frames\r\n"
                        "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n",
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
            "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; "
            "client_no_context_takeover\r\n\r\n"),
        15);
    assert_int_equal(
        check_answer_of(
            rules, OPENING KEY,
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"),
        0);
    sc_http_upgrade_rules_free(rules);
}

static void a_malformed_list_of_extensions_is_refused_by_who_reads_it(void **state)
{
    static const char headers[] = OPENING KEY "Sec-WebSocket-Extensions: permessage-deflate; =\r\n";
    sc_http_upgrade_rules_t *rules = make_rules("/s/", "*:*", NULL);

    (void)state;
    check(rules, "GET /s/", headers, "101");
    sc_http_upgrade_rules_free(rules);
    rules = make_deflate_rules();
    check(rules, "GET /s/", headers, "400 Invalid Sec-WebSocket-Extensions header");
    sc_http_upgrade_rules_free(rules);
}

static void check_address(const sc_http_upgrade_rules_t *rules, const char *peer,
                          const char *forwarded, const char *expected)
{
    char headers[512];
    char address[INET6_ADDRSTRLEN];
    sc_http_head_t *head;

    (void)snprintf(headers, sizeof(headers), "Host: a\r\n%s", forwarded);
    head = parse("GET /", headers);
    sc_http_upgrade_client_address(rules, head, peer, address, sizeof(address));
    assert_string_equal(address, expected);
    sc_http_head_free(head);
}

static void forwarded_addresses_count_from_trusted_proxies_alone(void **state)
{
    sc_http_upgrade_rules_t *rules =
        make_rules("/s/", "*:*", "10.0.0.0/8,192.168.1.1,fd00::/9,2001:db8::1");

    (void)state;
    check_address(rules, "5.6.7.8", "X-Forwarded-For: 1.2.3.4\r\n", "5.6.7.8");
    check_address(rules, "10.1.2.3", "", "10.1.2.3");
    check_address(rules, "10.1.2.3", "X-Forwarded-For: 1.2.3.4\r\n", "1.2.3.4");
    check_address(rules, "11.1.2.3", "X-Forwarded-For: 1.2.3.4\r\n", "11.1.2.3");
    check_address(rules, "192.168.1.1", "X-Forwarded-For: 1.2.3.4\r\n", "1.2.3.4");
    check_address(rules, "192.168.1.2", "X-Forwarded-For: 1.2.3.4\r\n", "192.168.1.2");
    check_address(rules, "fd7f::5", "X-Forwarded-For: 2001:db8::7\r\n", "2001:db8::7");
    check_address(rules, "fd80::5", "X-Forwarded-For: 2001:db8::7\r\n", "fd80::5");
    check_address(rules, "2001:db8::1", "X-Forwarded-For: ::ffff:1.2.3.4\r\n", "1.2.3.4");
    sc_http_upgrade_rules_free(rules);
}

static void the_rightmost_untrusted_address_is_the_clients(void **state)
{
    sc_http_upgrade_rules_t *rules = make_rules("/s/", "*:*", "10.0.0.0/8");

    (void)state;
    check_address(rules, "10.0.0.1", "X-Forwarded-For: 9.9.9.9, 1.2.3.4 ,10.0.0.2\r\n", "1.2.3.4");
    check_address(rules, "10.0.0.1", "X-Forwarded-For: 9.9.9.9\r\nX-Forwarded-For: 1.2.3.4\r\n",
                  "1.2.3.4");
    check_address(rules, "10.0.0.1", "X-Forwarded-For: 10.0.0.3, 10.0.0.2\r\n", "10.0.0.3");
    check_address(rules, "10.0.0.1", "X-Forwarded-For: 1.2.3.4, junk, 10.0.0.2\r\n", "10.0.0.2");
    check_address(rules, "10.0.0.1", "X-Forwarded-For: \r\n", "10.0.0.1");
    check_address(rules, "10.0.0.1", "X-Forwarded-For: 1.2.3.4:567\r\n", "1.2.3.4");
    check_address(rules, "10.0.0.1", "X-Forwarded-For: [2001:db8::7]:567\r\n", "2001:db8::7");
    check_address(rules, "10.0.0.1", "X-Forwarded-For: [2001:db8::7]\r\n", "2001:db8::7");
    sc_http_upgrade_rules_free(rules);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_path_is_compared_exactly_but_for_one_slash),
        cmocka_unit_test(the_root_may_be_the_path),
        cmocka_unit_test(what_is_missing_in_an_opening_is_said),
        cmocka_unit_test(the_first_fault_counts),
        cmocka_unit_test(a_plain_request_for_the_path_is_told_to_upgrade),
        cmocka_unit_test(origins_are_compared_as_whole_entries),
        cmocka_unit_test(a_missing_origin_counts_as_any_host_at_port_80),
        cmocka_unit_test(malformed_options_are_refused),
        cmocka_unit_test(the_answer_is_that_of_the_traces),
        cmocka_unit_test(compression_is_agreed_on_where_the_option_is_set),
        cmocka_unit_test(a_malformed_list_of_extensions_is_refused_by_who_reads_it),
        cmocka_unit_test(forwarded_addresses_count_from_trusted_proxies_alone),
        cmocka_unit_test(the_rightmost_untrusted_address_is_the_clients),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
