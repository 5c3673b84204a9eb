/* Whole, cut in two and byte by byte, a text is UTF-8 or not; and what a decoder of its own says is the same. */
#include "worker/ws/utf8.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/** Decodes a character the long way. @return its length; 0: none */
static size_t decode(const uint8_t *bytes, size_t len)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    uint32_t code = bytes[0];
    size_t count;

    if (code < 0x80)
        return 1;
    count = code >= 0xf8 || code < 0xc0 ? 0 : code >= 0xf0 ? 4 : code >= 0xe0 ? 3 : 2;
    if (count == 0 || count > len)
        return 0;
    code &= 0xffu >> (count + 1);
    for (size_t i = 1; i < count; i++) {
        if ((bytes[i] & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (bytes[i] & 0x3f);
    }
    if (code < least[count] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
        return 0;
    return count;
}

static bool is_valid_the_long_way(const uint8_t *data, size_t size)
{
    while (size > 0) {
        size_t count = decode(data, size);

        if (count == 0)
            return false;
        data += count;
        size -= count;
    }
    return true;
}

static bool is_valid_in_steps(const char *text, size_t size, size_t step)
{
    sc_utf8_t utf8 = {0};

    while (size > 0) {
        size_t part = step < size ? step : size;

        if (!sc_utf8_feed(&utf8, text, part))
            return false;
        text += part;
        size -= part;
    }
    return sc_utf8_is_complete(&utf8);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    bool is_valid = sc_utf8_is_valid(sc_str(text, size));

    if (is_valid != is_valid_the_long_way(data, size))
        abort();
    for (size_t step = 1; step <= size; step = step * 2 + 1) {
        if (is_valid_in_steps(text, size, step) != is_valid)
            abort();
    }
    return 0;
}
