/*
 * fuzz_presence_note.c: any bytes between the halves of stateless_presence: what is accepted stays within the bytes and
 * is written as it was read.
 */
#include "plugins/stateless_presence/presence_note.h"
#include "plugins/stateless_presence/presence_user.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect_same(sc_text_t *written, sc_str_t read)
{
    if (!sc_str_equal(sc_text_str(written), read))
        abort();
    sc_text_free(written);
}

/* @return whether all of it are entries */
static bool read_entries(sc_str_t list, sc_text_t *written)
{
    sc_str_t rest = list;
    sc_presence_entry_t entry;

    while (rest.len > 0) {
        if (sc_presence_entry_read(&rest, &entry) != SC_OK)
            return false;
        sc_presence_user_unref(sc_presence_user_new(entry.username));
        sc_presence_entry_write(written, &entry);
    }
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sc_str_t bytes = sc_str((const char *)data, size);
    sc_presence_note_t note;
    sc_text_t written = {0};

    if (sc_presence_note_read(bytes, &note) != SC_OK)
        return 0;
    sc_presence_user_unref(sc_presence_user_new(note.username));
    sc_presence_note_write(&written, &note);
    expect_same(&written, bytes);
    written = (sc_text_t){0};
    if (note.type == SC_NOTE_LIST && read_entries(note.data, &written))
        expect_same(&written, note.data);
    else
        sc_text_free(&written);
    return 0;
}
