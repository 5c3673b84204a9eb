/*
 * test_ip_network.c: addresses and networks, IPv4 and IPv6, and IPv4 written as IPv6.
 */
#include "worker/http/ip_network.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static void check_address(const char *text, const char *expected)
{
    char written[INET6_ADDRSTRLEN];
    sc_ip_t address;

    assert_int_equal(sc_ip_parse(sc_str_from(text), &address), SC_OK);
    sc_ip_write(&address, written, sizeof(written));
    assert_string_equal(written, expected);
}

static void addresses_are_written_in_one_form(void **state)
{
    (void)state;
    check_address("1.2.3.4", "1.2.3.4");
    check_address("::ffff:1.2.3.4", "1.2.3.4");
    check_address("::FFFF:102:304", "1.2.3.4");
    check_address("2001:DB8:0:0::1", "2001:db8::1");
    check_address("::1", "::1");
    check_address("255.255.255.255", "255.255.255.255");
}

static void what_is_no_address_is_refused(void **state)
{
    static const char *const texts[] = {
        "",          "1.2.3",
        "1.2.3.4.5", "256.1.1.1",
        "1.2.3.4 ",  "[::1]",
        "::g",       "1::2::3",
        "localhost", "1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb"};
    sc_ip_t address;

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        assert_int_equal(sc_ip_parse(sc_str_from(texts[i]), &address), SC_ERR_INVALID);
    assert_int_equal(sc_ip_parse(sc_str("1.2.3.4\0x", 9), &address), SC_ERR_INVALID);
}

static bool is_in(const char *network_text, const char *address_text)
{
    sc_ip_network_t network;
    sc_ip_t address;

    assert_int_equal(sc_ip_network_parse(sc_str_from(network_text), &network), SC_OK);
    assert_int_equal(sc_ip_parse(sc_str_from(address_text), &address), SC_OK);
    return sc_ip_network_has(&network, &address);
}

static void a_network_has_the_addresses_with_its_prefix(void **state)
{
    (void)state;
    assert_true(is_in("10.0.0.0/8", "10.255.1.2"));
    assert_false(is_in("10.0.0.0/8", "11.0.0.0"));
    assert_true(is_in("10.0.0.0/9", "10.127.0.1"));
    assert_false(is_in("10.0.0.0/9", "10.128.0.1"));
    assert_true(is_in("10.9.8.7/8", "10.1.1.1"));
    assert_true(is_in("1.2.3.4", "1.2.3.4"));
    assert_false(is_in("1.2.3.4", "1.2.3.5"));
    assert_true(is_in("1.2.3.4/31", "1.2.3.5"));
    assert_true(is_in("0.0.0.0/0", "9.9.9.9"));
    assert_false(is_in("0.0.0.0/0", "::1"));
    assert_true(is_in("::/0", "9.9.9.9"));
    assert_true(is_in("::ffff:10.0.0.0/104", "10.1.2.3"));
    assert_true(is_in("2001:db8::/33", "2001:db8:7fff::1"));
    assert_false(is_in("2001:db8::/33", "2001:db8:8000::1"));
    assert_true(is_in("::1/128", "::1"));
    assert_false(is_in("::1/128", "::2"));
}

static void what_is_no_network_is_refused(void **state)
{
    static const char *const texts[] = {"",           "/8",     "10.0.0.0/",  "10.0.0.0/33",
                                        "::/129",     "10.0/8", "1.2.3.4/-1", "1.2.3.4/8/8",
                                        "1.2.3.4/ 8", "x/8"};
    sc_ip_network_t network;

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        assert_int_equal(sc_ip_network_parse(sc_str_from(texts[i]), &network), SC_ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_written_in_one_form),
        cmocka_unit_test(what_is_no_address_is_refused),
        cmocka_unit_test(a_network_has_the_addresses_with_its_prefix),
        cmocka_unit_test(what_is_no_network_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
