#include "worker/ws/utf8.h"

#define WORD_BYTES sizeof(uint64_t)
#define HIGH_BITS UINT64_C(0x8080808080808080)

static uint64_t load_word(const uint8_t *bytes)
{
    uint64_t word;

    memcpy(&word, bytes, sizeof(word));
    return word;
}

/** How many bytes from the front are ASCII for sure: a multiple of a word's. */
static size_t ascii_run(const uint8_t *bytes, size_t len)
{
    size_t at = 0;

    while (len - at >= 4 * WORD_BYTES) {
        uint64_t bits = load_word(bytes + at) | load_word(bytes + at + WORD_BYTES) |
                        load_word(bytes + at + 2 * WORD_BYTES) |
                        load_word(bytes + at + 3 * WORD_BYTES);

        if ((bits & HIGH_BITS) != 0)
            break;
        at += 4 * WORD_BYTES;
    }
    while (len - at >= WORD_BYTES && (load_word(bytes + at) & HIGH_BITS) == 0)
        at += WORD_BYTES;
    return at;
}

static bool expect(sc_utf8_t *state, uint8_t pending, uint8_t low, uint8_t high)
{
    state->pending = pending;
    state->low = low;
    state->high = high;
    return true;
}

/** A character's first byte. The bounds of the second one exclude longer forms than needed, surrogates and what is over
 *  U+10FFFF (RFC 3629, 4). */
static bool start_character(sc_utf8_t *state, uint8_t byte)
{
    if (byte < 0x80)
        return true;
    if (byte < 0xc2)
        return false;
    if (byte < 0xe0)
        return expect(state, 1, 0x80, 0xbf);
    if (byte < 0xf0)
        return expect(state, 2, byte == 0xe0 ? 0xa0 : 0x80, byte == 0xed ? 0x9f : 0xbf);
    if (byte < 0xf5)
        return expect(state, 3, byte == 0xf0 ? 0x90 : 0x80, byte == 0xf4 ? 0x8f : 0xbf);
    return false;
}

static bool continue_character(sc_utf8_t *state, uint8_t byte)
{
    if (byte < state->low || byte > state->high)
        return false;
    return expect(state, (uint8_t)(state->pending - 1), 0x80, 0xbf);
}

bool sc_utf8_feed(sc_utf8_t *state, const char *text, size_t len)
{
    const uint8_t *bytes = (const uint8_t *)text;
    size_t at = 0;

    while (at < len) {
        uint8_t byte;

        if (state->pending == 0 && bytes[at] < 0x80) {
            at += ascii_run(bytes + at, len - at);
            if (at == len)
                return true;
        }
        byte = bytes[at++];
        if (!(state->pending == 0 ? start_character(state, byte) : continue_character(state, byte)))
            return false;
    }
    return true;
}

bool sc_utf8_is_complete(const sc_utf8_t *state)
{
    return state->pending == 0;
}

bool sc_utf8_is_valid(sc_str_t text)
{
    sc_utf8_t state = {0};

    return sc_utf8_feed(&state, text.ptr, text.len) && sc_utf8_is_complete(&state);
}
