#include "common/str.h"

#include "common/alloc.h"

#include <stdarg.h>
#include <stdio.h>

#define CAPACITY_MIN 64u

char *sc_text_reserve(sc_text_t *text, size_t bytes)
{
    size_t needed = text->len + bytes;
    size_t capacity = text->capacity > CAPACITY_MIN ? text->capacity : CAPACITY_MIN;

    if (needed < bytes || needed > SIZE_MAX / 2)
        sc_die("out of memory: a text of %zu bytes and %zu more", text->len, bytes);
    if (needed > text->capacity || text->ptr == NULL) {
        while (capacity < needed)
            capacity *= 2;
        text->ptr = sc_realloc(text->ptr, capacity);
        text->capacity = capacity;
    }
    return text->ptr + text->len;
}

void sc_text_add(sc_text_t *text, sc_str_t bytes)
{
    char *end = sc_text_reserve(text, bytes.len);

    if (bytes.len > 0)
        memcpy(end, bytes.ptr, bytes.len);
    text->len += bytes.len;
}

void sc_text_addf(sc_text_t *text, const char *format, ...)
{
    va_list args;
    int len;

    va_start(args, format);
    len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (len <= 0)
        return;
    sc_text_reserve(text, (size_t)len + 1);
    va_start(args, format);
    vsnprintf(text->ptr + text->len, (size_t)len + 1, format, args);
    va_end(args);
    text->len += (size_t)len;
}

void sc_text_add_uint(sc_text_t *text, uint64_t number)
{
    char digits[20];
    size_t at = sizeof(digits);

    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    sc_text_add(text, sc_str(digits + at, sizeof(digits) - at));
}

void sc_text_free(sc_text_t *text)
{
    free(text->ptr);
    memset(text, 0, sizeof(*text));
}

/* The letter after the backslash for a byte that JSON escapes; 'u': by its number; 0: not escaped. */
static char escape_letter(unsigned char byte)
{
    switch (byte) {
    case '"':
    case '\\':
        return (char)byte;
    case '\b':
        return 'b';
    case '\f':
        return 'f';
    case '\n':
        return 'n';
    case '\r':
        return 'r';
    case '\t':
        return 't';
    default:
        return byte < 0x20 ? 'u' : 0;
    }
}

void sc_text_add_quoted(sc_text_t *text, sc_str_t bytes)
{
    size_t plain_from = 0;

    sc_text_reserve(text, bytes.len + 2);
    sc_text_add(text, SC_STR("\""));
    for (size_t at = 0; at < bytes.len; at++) {
        unsigned char byte = (unsigned char)bytes.ptr[at];
        char letter = escape_letter(byte);

        if (letter == 0)
            continue;
        sc_text_add(text, sc_str(bytes.ptr + plain_from, at - plain_from));
        plain_from = at + 1;
        if (letter == 'u')
            sc_text_addf(text, "\\u%04x", byte);
        else
            sc_text_addf(text, "\\%c", letter);
    }
    if (bytes.len > plain_from)
        sc_text_add(text, sc_str(bytes.ptr + plain_from, bytes.len - plain_from));
    sc_text_add(text, SC_STR("\""));
}

/* Four hexadecimal digits at the start of `str`; false: there are none. */
static bool parse_hex4(sc_str_t str, uint32_t *unit)
{
    *unit = 0;
    if (str.len < 4)
        return false;
    for (size_t i = 0; i < 4; i++) {
        char c = str.ptr[i];
        uint32_t digit;

        if (c >= '0' && c <= '9')
            digit = (uint32_t)(c - '0');
        else if (c >= 'a' && c <= 'f')
            digit = (uint32_t)(c - 'a') + 10;
        else if (c >= 'A' && c <= 'F')
            digit = (uint32_t)(c - 'A') + 10;
        else
            return false;
        *unit = *unit * 16 + digit;
    }
    return true;
}

static void add_code_point(sc_text_t *text, uint32_t code)
{
    char utf8[4];
    size_t len;

    if (code < 0x80) {
        utf8[0] = (char)code;
        len = 1;
    } else if (code < 0x800) {
        utf8[0] = (char)(0xc0 | code >> 6);
        utf8[1] = (char)(0x80 | (code & 0x3f));
        len = 2;
    } else if (code < 0x10000) {
        utf8[0] = (char)(0xe0 | code >> 12);
        utf8[1] = (char)(0x80 | (code >> 6 & 0x3f));
        utf8[2] = (char)(0x80 | (code & 0x3f));
        len = 3;
    } else {
        utf8[0] = (char)(0xf0 | code >> 18);
        utf8[1] = (char)(0x80 | (code >> 12 & 0x3f));
        utf8[2] = (char)(0x80 | (code >> 6 & 0x3f));
        utf8[3] = (char)(0x80 | (code & 0x3f));
        len = 4;
    }
    sc_text_add(text, sc_str(utf8, len));
}

/* Adds what "\uXXXX" at the start of `str` stands for, or a pair of them. A half of a pair has no form in UTF-8: it
 * becomes U+FFFD, as when a browser encodes it. Returns the bytes used, 0 for a malformed one. */
static size_t unescape_unit(sc_text_t *text, sc_str_t str)
{
    uint32_t code;
    uint32_t low;

    if (str.len < 6 || !parse_hex4(sc_str(str.ptr + 2, str.len - 2), &code))
        return 0;
    if (code < 0xd800 || code > 0xdfff) {
        add_code_point(text, code);
        return 6;
    }
    if (code <= 0xdbff && str.len >= 12 && str.ptr[6] == '\\' && str.ptr[7] == 'u' &&
        parse_hex4(sc_str(str.ptr + 8, str.len - 8), &low) && low >= 0xdc00 && low <= 0xdfff) {
        add_code_point(text, 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00));
        return 12;
    }
    add_code_point(text, 0xfffd);
    return 6;
}

/* Adds what the escape at the start of `str` stands for. Returns the bytes used, 0 for a malformed one. */
static size_t unescape(sc_text_t *text, sc_str_t str)
{
    static const char letters[] = "\"\\/bfnrt";
    static const char bytes[] = "\"\\/\b\f\n\r\t";
    const char *letter;

    if (str.len < 2)
        return 0;
    if (str.ptr[1] == 'u')
        return unescape_unit(text, str);
    letter = memchr(letters, str.ptr[1], sizeof(letters) - 1);
    if (letter == NULL)
        return 0;
    sc_text_add(text, sc_str(&bytes[letter - letters], 1));
    return 2;
}

sc_status_t sc_text_add_unquoted(sc_text_t *text, sc_str_t json_string)
{
    size_t before = text->len;
    sc_str_t rest = json_string;

    if (rest.len < 2 || rest.ptr[0] != '"' || rest.ptr[rest.len - 1] != '"')
        return SC_ERR_INVALID;
    rest = sc_str(rest.ptr + 1, rest.len - 2);
    sc_text_reserve(text, rest.len);
    while (rest.len > 0) {
        size_t used = 0;

        while (used < rest.len && (unsigned char)rest.ptr[used] >= 0x20 && rest.ptr[used] != '"' &&
               rest.ptr[used] != '\\')
            used++;
        if (used > 0)
            sc_text_add(text, sc_str(rest.ptr, used));
        else if (rest.ptr[0] == '\\')
            used = unescape(text, rest);
        if (used == 0) {
            text->len = before;
            return SC_ERR_INVALID;
        }
        rest = sc_str(rest.ptr + used, rest.len - used);
    }
    return SC_OK;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool sc_str_equal_nocase(sc_str_t a, sc_str_t b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++) {
        if (lower(a.ptr[i]) != lower(b.ptr[i]))
            return false;
    }
    return true;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

sc_str_t sc_str_trim(sc_str_t str)
{
    while (str.len > 0 && is_blank(str.ptr[0]))
        str = sc_str(str.ptr + 1, str.len - 1);
    while (str.len > 0 && is_blank(str.ptr[str.len - 1]))
        str.len--;
    return str;
}

bool sc_str_split(sc_str_t *rest, char separator, sc_str_t *part)
{
    const char *end;

    if (sc_str_is_none(*rest))
        return false;
    end = rest->len > 0 ? memchr(rest->ptr, separator, rest->len) : NULL;
    if (end == NULL) {
        *part = *rest;
        *rest = sc_str_none();
        return true;
    }
    *part = sc_str(rest->ptr, (size_t)(end - rest->ptr));
    *rest = sc_str(end + 1, rest->len - part->len - 1);
    return true;
}

sc_status_t sc_str_to_uint(sc_str_t str, uint64_t *number)
{
    uint64_t value = 0;

    if (str.len == 0)
        return SC_ERR_INVALID;
    for (size_t i = 0; i < str.len; i++) {
        uint64_t digit = (uint64_t)(str.ptr[i] - '0');

        if (str.ptr[i] < '0' || str.ptr[i] > '9')
            return SC_ERR_INVALID;
        if (value > (UINT64_MAX - digit) / 10)
            return SC_ERR_INVALID;
        value = value * 10 + digit;
    }
    *number = value;
    return SC_OK;
}
