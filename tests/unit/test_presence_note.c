/*
 * test_presence_change.c: what the plugin's halves tell each other, written, read, cut at each byte.
 */
#include "plugins/stateless_presence/presence_change.h"
#include "plugins/stateless_presence/presence_user.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void expect_round_trip(const sc_presence_change_t *change)
{
    sc_text_t bytes = {0};
    sc_presence_change_t found;

    sc_presence_change_write(&bytes, change);
    assert_int_equal(sc_presence_change_read(sc_text_str(&bytes), &found), SC_OK);
    assert_int_equal(found.type, change->type);
    assert_int_equal(found.number, change->number);
    assert_true(sc_str_equal(found.channel, change->channel));
    assert_true(sc_str_equal(found.username, change->username));
    sc_text_free(&bytes);
}

static void what_is_written_is_read(void **state)
{
    static char long_name[SC_CHANNEL_BYTES_MAX];
    sc_presence_change_t add = {SC_PRESENCE_ADD, 0, SC_STR("room"), SC_STR("\"alice\"")};
    sc_presence_change_t drop = {SC_PRESENCE_DROP, 0xfedcba9876543210u, SC_STR(""), SC_STR("4")};
    sc_presence_change_t longest = {SC_PRESENCE_DROP, 1, sc_str(long_name, SC_CHANNEL_BYTES_MAX),
                                    sc_str(long_name, SC_PRESENCE_USER_BYTES_MAX)};
    sc_presence_change_t confirm = {SC_PRESENCE_CONFIRM, 7, sc_str_none(), sc_str_none()};

    (void)state;
    expect_round_trip(&add);
    expect_round_trip(&drop);
    expect_round_trip(&longest);
    expect_round_trip(&confirm);
}

static void the_bytes_are_as_documented(void **state)
{
    sc_presence_change_t drop = {SC_PRESENCE_DROP, 258, SC_STR("ab"), SC_STR("7")};
    sc_text_t bytes = {0};

    (void)state;
    sc_presence_change_write(&bytes, &drop);
    assert_int_equal(bytes.len, 14);
    assert_memory_equal(bytes.ptr, "D\0\0\0\0\0\0\1\2\0\2ab7", 14);
    sc_text_free(&bytes);
}

/* A username may be cut without a trace; everything before it may not. */
static void a_change_cut_before_its_username_is_refused(void **state)
{
    static const char whole[] = "A\0\0\0\0\0\0\0\0\0\4room7";
    sc_presence_change_t change;
    size_t cut;

    (void)state;
    assert_int_equal(sc_presence_change_read(sc_str(whole, sizeof(whole) - 1), &change), SC_OK);
    for (cut = 0; cut < sizeof(whole) - 1; cut++)
        assert_int_equal(sc_presence_change_read(sc_str(whole, cut), &change), SC_ERR_INVALID);
    assert_int_equal(sc_presence_change_read(sc_str_none(), &change), SC_ERR_INVALID);
}

static void other_types_are_refused(void **state)
{
    sc_presence_change_t change;

    (void)state;
    assert_int_equal(sc_presence_change_read(sc_str("X\0\0\0\0\0\0\0\0\0\4room7", 16), &change),
                     SC_ERR_INVALID);
    assert_int_equal(sc_presence_change_read(sc_str("C\0\0\0\0\0\0\0\1x", 10), &change),
                     SC_ERR_INVALID);
    assert_int_equal(sc_presence_change_read(sc_str("C\0\0\0\0\0\0\0", 8), &change),
                     SC_ERR_INVALID);
}

static void lengths_beyond_the_limits_are_refused(void **state)
{
    static char bytes[11 + SC_CHANNEL_BYTES_MAX + 1 + SC_PRESENCE_USER_BYTES_MAX + 1] = "A";
    sc_presence_change_t change;

    (void)state;
    bytes[9] = SC_CHANNEL_BYTES_MAX >> 8;
    bytes[10] = 1;
    assert_int_equal(sc_presence_change_read(sc_str(bytes, 11 + SC_CHANNEL_BYTES_MAX + 2), &change),
                     SC_ERR_INVALID);
    bytes[10] = 0;
    assert_int_equal(
        sc_presence_change_read(
            sc_str(bytes, 11 + SC_CHANNEL_BYTES_MAX + SC_PRESENCE_USER_BYTES_MAX), &change),
        SC_OK);
    assert_int_equal(
        sc_presence_change_read(
            sc_str(bytes, 11 + SC_CHANNEL_BYTES_MAX + SC_PRESENCE_USER_BYTES_MAX + 1), &change),
        SC_ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(the_bytes_are_as_documented),
        cmocka_unit_test(a_change_cut_before_its_username_is_refused),
        cmocka_unit_test(other_types_are_refused),
        cmocka_unit_test(lengths_beyond_the_limits_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
