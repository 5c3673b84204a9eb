/*
 * base64url.c: writes base64url, and reads it strictly: a text that could have been written in another way is told apart.
 */
#include "common/base64url.h"

#include "common/str.h"

/** The worth of a character; 64: it is none of the alphabet. */
static uint32_t digit(char byte)
{
    if (byte >= 'A' && byte <= 'Z')
        return (uint32_t)(byte - 'A');
    if (byte >= 'a' && byte <= 'z')
        return (uint32_t)(byte - 'a') + 26;
    if (byte >= '0' && byte <= '9')
        return (uint32_t)(byte - '0') + 52;
    if (byte == '-')
        return 62;
    return byte == '_' ? 63 : 64;
}

bool sc_base64url_is_text(sc_str_t text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (digit(text.ptr[i]) > 63)
            return false;
    }
    return text.len > 0;
}

bool sc_base64url_is_canonical(sc_str_t text)
{
    uint32_t unused_bits = 0;

    if (text.len % 4 == 1)
        return false;
    if (text.len % 4 == 2)
        unused_bits = 0xf;
    else if (text.len % 4 == 3)
        unused_bits = 0x3;
    return unused_bits == 0 || (digit(text.ptr[text.len - 1]) & unused_bits) == 0;
}

void sc_base64url_add_decoded(sc_text_t *out, sc_str_t text)
{
    char *bytes = sc_text_reserve(out, text.len);
    uint32_t bits = 0;
    unsigned bit_count = 0;
    size_t len = 0;

    for (size_t i = 0; i < text.len; i++) {
        bits = bits << 6 | digit(text.ptr[i]);
        bit_count += 6;
        if (bit_count >= 8) {
            bit_count -= 8;
            bytes[len++] = (char)(bits >> bit_count & 0xff);
        }
    }
    out->len += len;
}

void sc_base64url_add_encoded(sc_text_t *out, const void *bytes, size_t len)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const unsigned char *at = bytes;
    char *text = sc_text_reserve(out, (len + 2) / 3 * 4);
    uint32_t bits = 0;
    unsigned bit_count = 0;
    size_t text_len = 0;

    for (size_t i = 0; i < len; i++) {
        bits = bits << 8 | at[i];
        for (bit_count += 8; bit_count >= 6; bit_count -= 6)
            text[text_len++] = digits[bits >> (bit_count - 6) & 63];
    }
    if (bit_count > 0)
        text[text_len++] = digits[bits << (6 - bit_count) & 63];
    out->len += text_len;
}
