/*
 * test_presence_packet.c: presence packets as the recorded ones are, byte for byte, and which pongs are pongs.
 */
#include "plugins/stateless_presence/presence_packet.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void expect_text(sc_text_t *packet, const char *text)
{
    assert_int_equal(packet->len, strlen(text));
    assert_memory_equal(packet->ptr, text, packet->len);
    sc_text_free(packet);
}

static void a_join_names_user_timeout_and_socket_in_this_order(void **state)
{
    sc_text_t packet = {0};

    (void)state;
    sc_presence_packet_join(&packet, SC_STR("\"alice\""), 1300, SC_STR("OIlDpA9q0tvhWPvLAAAB"),
                            sc_str_none());
    expect_text(&packet, "{\"type\":\"join\",\"username\":\"alice\",\"timeout\":1300,"
                         "\"socketId\":\"OIlDpA9q0tvhWPvLAAAB\"}");
}

static void a_trackers_join_has_no_username(void **state)
{
    sc_text_t packet = {0};

    (void)state;
    sc_presence_packet_join(&packet, sc_str_none(), 1300, SC_STR("OIlDpA9q0tvhWPvLAAAB"),
                            sc_str_none());
    expect_text(&packet,
                "{\"type\":\"join\",\"timeout\":1300,\"socketId\":\"OIlDpA9q0tvhWPvLAAAB\"}");
}

static void a_username_keeps_its_type_in_join_and_leave(void **state)
{
    sc_text_t packet = {0};

    (void)state;
    sc_presence_packet_join(&packet, SC_STR("42"), 1300, SC_STR("x"), sc_str_none());
    expect_text(&packet, "{\"type\":\"join\",\"username\":42,\"timeout\":1300,\"socketId\":\"x\"}");
    sc_presence_packet_leave(&packet, SC_STR("42"));
    expect_text(&packet, "{\"type\":\"leave\",\"username\":42}");
}

static void presence_data_stands_last_in_a_join(void **state)
{
    sc_text_t packet = {0};

    (void)state;
    sc_presence_packet_join(&packet, SC_STR("\"a\""), 1300, SC_STR("x"), SC_STR("{\"s\":1}"));
    expect_text(&packet,
                "{\"type\":\"join\",\"username\":\"a\",\"timeout\":1300,\"socketId\":\"x\","
                "\"data\":{\"s\":1}}");
}

static void an_update_without_data_says_null(void **state)
{
    sc_text_t packet = {0};

    (void)state;
    sc_presence_packet_update(&packet, SC_STR("42"), SC_STR("{}"));
    expect_text(&packet, "{\"type\":\"update\",\"username\":42,\"data\":{}}");
    sc_presence_packet_update(&packet, SC_STR("42"), sc_str_none());
    expect_text(&packet, "{\"type\":\"update\",\"username\":42,\"data\":null}");
}

static void a_ping_lists_names_as_strings(void **state)
{
    sc_presence_names_t names = {{0}, {0}};
    sc_text_t packet = {0};

    (void)state;
    sc_presence_names_add(&names, SC_STR("zed"), sc_str_none(), sc_str_none());
    sc_presence_names_add(&names, SC_STR("42"), sc_str_none(), sc_str_none());
    sc_presence_names_add(&names, SC_STR("a\"b["), sc_str_none(), sc_str_none());
    sc_presence_names_add(&names, SC_STR(""), sc_str_none(), sc_str_none());
    sc_presence_packet_ping(&packet, 1300, &names);
    expect_text(&packet,
                "{\"type\":\"ping\",\"timeout\":1300,\"users\":[\"zed\",\"42\",\"a\\\"b[\",\"\"]}");
    sc_presence_names_free(&names);
}

static void a_roster_lists_usernames_as_they_are_and_data_by_name(void **state)
{
    sc_presence_names_t names = {{0}, {0}};
    sc_text_t packet = {0};

    (void)state;
    sc_presence_packet_roster(&packet, 0, false, 1300, &names);
    expect_text(&packet,
                "{\"type\":\"roster\",\"part\":0,\"last\":false,\"timeout\":1300,\"users\":[]}");
    sc_presence_names_add(&names, SC_STR("zed"), SC_STR("\"zed\""), sc_str_none());
    sc_presence_names_add(&names, SC_STR("42"), SC_STR("42"), SC_STR("{\"a\":1}"));
    sc_presence_names_add(&names, SC_STR("a\"b"), SC_STR("\"a\\u0022b\""), SC_STR("{}"));
    sc_presence_packet_roster(&packet, 7, true, 1300, &names);
    expect_text(&packet, "{\"type\":\"roster\",\"part\":7,\"last\":true,\"timeout\":1300,"
                         "\"users\":[\"zed\",42,\"a\\u0022b\"],"
                         "\"data\":{\"42\":{\"a\":1},\"a\\\"b\":{}}}");
    sc_presence_names_free(&names);
}

static void only_the_number_1_asks_for_rosters(void **state)
{
    static const char *const others[] = {"null",
                                         "1",
                                         "[1]",
                                         "{}",
                                         "{\"roster\":true}",
                                         "{\"roster\":2}",
                                         "{\"roster\":\"1\"}",
                                         "{\"a\":{\"roster\":1}}"};
    size_t i;

    (void)state;
    assert_true(sc_presence_packet_asks_for_roster(SC_STR("{\"roster\":1}")));
    assert_true(sc_presence_packet_asks_for_roster(SC_STR("{ \"x\":[], \"roster\" : 1 }")));
    assert_false(sc_presence_packet_asks_for_roster(sc_str_none()));
    for (i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        assert_false(sc_presence_packet_asks_for_roster(sc_str_from(others[i])));
}

static void a_pong_is_written_as_it_was_read_but_for_its_timeout(void **state)
{
    sc_presence_pong_t pong = {SC_STR("\"r\\u006fom\""), SC_STR("42"), 5};
    sc_text_t packet = {0};

    (void)state;
    sc_presence_packet_pong(&packet, &pong, 9);
    expect_text(&packet,
                "{\"type\":\"pong\",\"channel\":\"r\\u006fom\",\"username\":42,\"timeout\":9}");
}

static sc_status_t read_pong(const char *data, sc_presence_pong_t *pong)
{
    return sc_presence_packet_read_pong(sc_str_from(data), pong);
}

static void a_pong_gives_channel_user_and_timeout(void **state)
{
    sc_presence_pong_t pong;

    (void)state;
    assert_int_equal(
        read_pong(
            "{\"type\":\"pong\",\"channel\":\"room\",\"username\":\"alice\",\"timeout\":1300}",
            &pong),
        SC_OK);
    assert_true(sc_str_equal(pong.channel, SC_STR("\"room\"")));
    assert_true(sc_str_equal(pong.username, SC_STR("\"alice\"")));
    assert_int_equal(pong.timeout_ms, 1300);
    assert_int_equal(
        read_pong("{\"timeout\":1.5e2,\"username\":7,\"type\":\"pong\",\"channel\":\"\"}", &pong),
        SC_OK);
    assert_int_equal(pong.timeout_ms, 150);
    assert_int_equal(
        read_pong("{\"type\":\"pong\",\"channel\":\"r\",\"username\":7,\"timeout\":1300.2}", &pong),
        SC_OK);
    assert_int_equal(pong.timeout_ms, 1301);
}

static void anything_else_is_no_pong(void **state)
{
    static const char *const others[] = {
        "null",
        "5",
        "\"pong\"",
        "[]",
        "{}",
        "{\"type\":\"join\",\"channel\":\"room\",\"username\":\"a\",\"timeout\":1}",
        "{\"type\":[\"pong\"],\"channel\":\"room\",\"username\":\"a\",\"timeout\":1}",
        "{\"type\":\"pong\",\"username\":\"a\",\"timeout\":1}",
        "{\"type\":\"pong\",\"channel\":5,\"username\":\"a\",\"timeout\":1}",
        "{\"type\":\"pong\",\"channel\":\"room\",\"timeout\":1}",
        "{\"type\":\"pong\",\"channel\":\"room\",\"username\":\"a\"}",
        "{\"type\":\"pong\",\"channel\":\"room\",\"username\":\"a\",\"timeout\":\"1\"}",
        "{\"type\":\"pong\",\"channel\":\"room\",\"username\":\"a\",\"timeout\":null}",
        "{\"type\":\"pong\",\"channel\":\"room\",\"username\":\"a\",\"timeout\":0}",
        "{\"type\":\"pong\",\"channel\":\"room\",\"username\":\"a\",\"timeout\":-1}",
        "{\"type\":\"pong\",\"channel\":\"room\",\"username\":\"a\",\"timeout\":4294967296}",
        "{\"type\":\"pong\",\"channel\":\"room\",\"username\":\"a\",\"timeout\":1e400}",
        "{\"type\":\"pong\",\"channel\":\"room\",\"username\":\"a\",\"timeout\":"
        "1000000000000000000000000000000000000}",
    };
    sc_presence_pong_t pong;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        assert_int_equal(read_pong(others[i], &pong), SC_ERR_INVALID);
    assert_int_equal(sc_presence_packet_read_pong(sc_str_none(), &pong), SC_ERR_INVALID);
}

static void of_duplicate_members_the_last_counts_as_for_the_reader(void **state)
{
    sc_presence_pong_t pong;

    (void)state;
    assert_int_equal(read_pong("{\"type\":\"pong\",\"channel\":\"r\",\"username\":\"a\","
                               "\"timeout\":5,\"type\":\"leave\"}",
                               &pong),
                     SC_ERR_INVALID);
    assert_int_equal(
        read_pong(
            "{\"type\":\"pong\",\"channel\":\"r\",\"username\":\"a\",\"timeout\":5,\"timeout\":9}",
            &pong),
        SC_OK);
    assert_int_equal(pong.timeout_ms, 9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_join_names_user_timeout_and_socket_in_this_order),
        cmocka_unit_test(a_trackers_join_has_no_username),
        cmocka_unit_test(a_username_keeps_its_type_in_join_and_leave),
        cmocka_unit_test(presence_data_stands_last_in_a_join),
        cmocka_unit_test(an_update_without_data_says_null),
        cmocka_unit_test(a_ping_lists_names_as_strings),
        cmocka_unit_test(a_roster_lists_usernames_as_they_are_and_data_by_name),
        cmocka_unit_test(only_the_number_1_asks_for_rosters),
        cmocka_unit_test(a_pong_is_written_as_it_was_read_but_for_its_timeout),
        cmocka_unit_test(a_pong_gives_channel_user_and_timeout),
        cmocka_unit_test(anything_else_is_no_pong),
        cmocka_unit_test(of_duplicate_members_the_last_counts_as_for_the_reader),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
