/*
 * fuzz_presence_change.c: any bytes between the halves of stateless_presence: what is accepted stays within the bytes and
 * is written as it was read.
 */
#include "plugins/stateless_presence/presence_change.h"
#include "plugins/stateless_presence/presence_user.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sc_presence_change_t change;
    sc_text_t bytes = {0};

    if (sc_presence_change_read(sc_str((const char *)data, size), &change) != SC_OK)
        return 0;
    sc_presence_user_free(sc_presence_user_new(change.username));
    sc_presence_change_write(&bytes, &change);
    if (!sc_str_equal(sc_text_str(&bytes), sc_str((const char *)data, size)))
        abort();
    sc_text_free(&bytes);
    return 0;
}
