/*
 * test_presence_note.c: what the plugin's halves tell each other, written, read, cut at each byte.
 */
#include "plugins/stateless_presence/presence_note.h"
#include "plugins/stateless_presence/presence_user.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void expect_text(sc_str_t found, sc_str_t text)
{
    assert_int_equal(sc_str_is_none(found), sc_str_is_none(text));
    assert_true(sc_str_equal(found, text));
}

static void expect_round_trip(const sc_presence_note_t *note)
{
    sc_text_t bytes = {0};
    sc_presence_note_t found;
    size_t cut;

    sc_presence_note_write(&bytes, note);
    assert_int_equal(sc_presence_note_read(sc_text_str(&bytes), &found), SC_OK);
    assert_int_equal(found.type, note->type);
    assert_int_equal(found.flags, note->flags);
    assert_true(found.number == note->number);
    expect_text(found.channel, note->channel);
    expect_text(found.username, note->username);
    expect_text(found.socket_id, note->socket_id);
    expect_text(found.data, note->data);
    for (cut = 0; cut < bytes.len; cut++)
        assert_int_equal(sc_presence_note_read(sc_str(bytes.ptr, cut), &found), SC_ERR_INVALID);
    sc_text_add(&bytes, SC_STR("x"));
    assert_int_equal(sc_presence_note_read(sc_text_str(&bytes), &found), SC_ERR_INVALID);
    sc_text_free(&bytes);
}

static void what_is_written_is_read_and_nothing_shorter_or_longer(void **state)
{
    static char long_name[SC_CHANNEL_BYTES_MAX];
    const sc_presence_note_t notes[] = {
        {SC_NOTE_ADD, 0, 5, SC_STR("room"), SC_STR("\"alice\""), SC_STR("OIlDpA9q0tvhWPvLAAAB"),
         SC_STR("{}")},
        {SC_NOTE_ADD, 0, 0, SC_STR("room"), SC_STR("7"), sc_str_none(), sc_str_none()},
        {SC_NOTE_DROP, SC_NOTE_LOST, 0, SC_STR(""), SC_STR("4"), sc_str_none(), sc_str_none()},
        {SC_NOTE_DROP, 0, UINT64_MAX, sc_str(long_name, SC_CHANNEL_BYTES_MAX),
         sc_str(long_name, SC_PRESENCE_USER_BYTES_MAX), sc_str_none(), sc_str_none()},
        {SC_NOTE_TRACK, 0, 3, SC_STR("room"), sc_str_none(), SC_STR("id"), sc_str_none()},
        {SC_NOTE_LIST, SC_NOTE_FIRST | SC_NOTE_LAST | SC_NOTE_ROSTER, 0, SC_STR("room"),
         sc_str_none(), sc_str_none(), SC_STR("")},
        {SC_NOTE_END, 0, 0, SC_STR("room"), sc_str_none(), sc_str_none(), sc_str_none()},
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(notes) / sizeof(notes[0]); i++)
        expect_round_trip(&notes[i]);
}

static void the_bytes_are_as_documented(void **state)
{
    sc_presence_note_t note = {SC_NOTE_JOIN,    1,           258,         SC_STR("ab"),
                               SC_STR("\"c\""), SC_STR("i"), SC_STR("{}")};
    sc_text_t bytes = {0};

    (void)state;
    sc_presence_note_write(&bytes, &note);
    assert_int_equal(bytes.len, 27);
    assert_memory_equal(bytes.ptr, "J\1\0\0\0\0\0\0\1\2\0\2\0\3\1\0\0\0\2ab\"c\"i{}", 27);
    sc_text_free(&bytes);
}

static void expect_refused(sc_presence_note_t note)
{
    sc_text_t bytes = {0};
    sc_presence_note_t found;

    sc_presence_note_write(&bytes, &note);
    assert_int_equal(sc_presence_note_read(sc_text_str(&bytes), &found), SC_ERR_INVALID);
    sc_text_free(&bytes);
}

static void a_note_without_what_its_type_needs_is_refused(void **state)
{
    static const sc_presence_note_type_t of_users[] = {SC_NOTE_ADD, SC_NOTE_DROP, SC_NOTE_JOIN,
                                                       SC_NOTE_LEAVE, SC_NOTE_DATA};
    sc_presence_note_t found;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(of_users) / sizeof(of_users[0]); i++)
        expect_refused((sc_presence_note_t){.type = of_users[i], .channel = SC_STR("r")});
    expect_refused((sc_presence_note_t){.type = SC_NOTE_TRACK, .channel = SC_STR("r")});
    expect_refused((sc_presence_note_t){.type = SC_NOTE_LIST, .channel = SC_STR("r")});
    expect_refused((sc_presence_note_t){.type = (sc_presence_note_type_t)'X'});
    assert_int_equal(sc_presence_note_read(sc_str_none(), &found), SC_ERR_INVALID);
}

static void lengths_beyond_the_limits_are_refused(void **state)
{
    static char text[SC_CHANNEL_BYTES_MAX + 1];

    (void)state;
    expect_refused((sc_presence_note_t){.type = SC_NOTE_END,
                                        .channel = sc_str(text, SC_CHANNEL_BYTES_MAX + 1)});
    expect_refused((sc_presence_note_t){.type = SC_NOTE_ADD,
                                        .username = sc_str(text, SC_PRESENCE_USER_BYTES_MAX + 1)});
    expect_refused((sc_presence_note_t){.type = SC_NOTE_TRACK,
                                        .socket_id = sc_str(text, SC_SOCKET_ID_CHARS + 1)});
}

static void entries_are_read_one_after_the_other(void **state)
{
    const sc_presence_entry_t entries[] = {{SC_STR("\"alice\""), SC_STR("id"), SC_STR("{}")},
                                           {SC_STR("42"), sc_str_none(), sc_str_none()},
                                           {SC_STR("\"\""), sc_str_none(), SC_STR("{\"a\":1}")}};
    sc_presence_entry_t found;
    sc_text_t bytes = {0};
    sc_str_t rest;
    size_t last_start = 0;
    size_t i;

    (void)state;
    for (i = 0; i < 3; i++) {
        last_start = bytes.len;
        sc_presence_entry_write(&bytes, &entries[i]);
    }
    rest = sc_text_str(&bytes);
    for (i = 0; i < 3; i++) {
        assert_int_equal(sc_presence_entry_read(&rest, &found), SC_OK);
        expect_text(found.username, entries[i].username);
        expect_text(found.socket_id, entries[i].socket_id);
        expect_text(found.data, entries[i].data);
    }
    assert_int_equal(rest.len, 0);
    for (i = last_start; i < bytes.len; i++) {
        rest = sc_str(bytes.ptr + last_start, i - last_start);
        assert_int_equal(sc_presence_entry_read(&rest, &found), SC_ERR_INVALID);
    }
    rest = sc_str("\0\0\0\xff\xff\xff\xff", 7);
    assert_int_equal(sc_presence_entry_read(&rest, &found), SC_ERR_INVALID);
    sc_text_free(&bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read_and_nothing_shorter_or_longer),
        cmocka_unit_test(the_bytes_are_as_documented),
        cmocka_unit_test(a_note_without_what_its_type_needs_is_refused),
        cmocka_unit_test(lengths_beyond_the_limits_are_refused),
        cmocka_unit_test(entries_are_read_one_after_the_other),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
