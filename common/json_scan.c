/*
 * json_scan.c: the parts of JSON that are not on the shortest way: numbers, literals, escapes, and values within values.
 * There is no recursion: what is open is one bit per level.
 */
#include "common/json_scan.h"

#define BITS_PER_WORD 64u

/** The containers that a value has opened: bit set: object. */
typedef struct nest {
    uint64_t objects[SC_JSON_DEPTH_MAX / BITS_PER_WORD];
    uint32_t depth;
} nest_t;

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

/** The worth of a hexadecimal digit; 16: it is none. */
static unsigned hex_digit(char byte)
{
    if (is_digit(byte))
        return (unsigned)(byte - '0');
    if (byte >= 'a' && byte <= 'f')
        return (unsigned)(byte - 'a') + 10;
    if (byte >= 'A' && byte <= 'F')
        return (unsigned)(byte - 'A') + 10;
    return 16;
}

/** The four digits at `at` as a UTF-16 unit. */
static bool read_unit(const char *at, const char *end, uint32_t *unit)
{
    *unit = 0;
    if (end - at < 4)
        return false;
    for (size_t i = 0; i < 4; i++) {
        unsigned digit = hex_digit(at[i]);

        if (digit > 15)
            return false;
        *unit = *unit << 4 | digit;
    }
    return true;
}

/* ---- Strings with escapes ----------------------------------------------------------------------------------- */

/** One escape, from its backslash. Halves of surrogate pairs are allowed, as in JavaScript. */
static sc_status_t scan_escape(sc_json_scan_t *scan)
{
    uint32_t unit;

    scan->at++;
    switch (sc_json_scan_peek(scan)) {
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
        scan->at++;
        return SC_OK;
    case 'u':
        if (!read_unit(scan->at + 1, scan->end, &unit))
            return SC_ERR_INVALID;
        scan->at += 5;
        return SC_OK;
    default:
        return SC_ERR_INVALID;
    }
}

sc_status_t sc_json_scan_escaped(sc_json_scan_t *scan, const char *begin, sc_json_value_t *string)
{
    while (sc_json_scan_peek(scan) == '\\') {
        sc_status_t status = scan_escape(scan);

        if (status != SC_OK)
            return status;
        scan->at = sc_json_plain_end(scan->at, scan->end);
    }
    if (sc_json_scan_peek(scan) != '"')
        return SC_ERR_INVALID;
    scan->at++;
    string->kind = SC_JSON_STRING;
    string->is_escaped = true;
    string->text = sc_str(begin, (size_t)(scan->at - begin));
    return SC_OK;
}

static size_t put_utf8(uint32_t point, char *out)
{
    if (point < 0x80) {
        out[0] = (char)point;
        return 1;
    }
    if (point < 0x800) {
        out[0] = (char)(0xc0 | point >> 6);
        out[1] = (char)(0x80 | (point & 0x3f));
        return 2;
    }
    if (point < 0x10000) {
        out[0] = (char)(0xe0 | point >> 12);
        out[1] = (char)(0x80 | (point >> 6 & 0x3f));
        out[2] = (char)(0x80 | (point & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | point >> 18);
    out[1] = (char)(0x80 | (point >> 12 & 0x3f));
    out[2] = (char)(0x80 | (point >> 6 & 0x3f));
    out[3] = (char)(0x80 | (point & 0x3f));
    return 4;
}

/** The character that the \u escape behind `*at` (on its 'u') stands for; half a pair: false. Moves behind it. */
static bool read_unicode_escape(const char **at, const char *end, uint32_t *point)
{
    uint32_t low;

    if (!read_unit(*at + 1, end, point))
        return false;
    *at += 5;
    if (*point < 0xd800 || *point > 0xdfff)
        return true;
    if (*point > 0xdbff || end - *at < 6 || (*at)[0] != '\\' || (*at)[1] != 'u' ||
        !read_unit(*at + 2, end, &low) || low < 0xdc00 || low > 0xdfff)
        return false;
    *at += 6;
    *point = 0x10000 + ((*point - 0xd800) << 10) + (low - 0xdc00);
    return true;
}

/** The characters of an escape behind its backslash, as UTF-8. @return their count in bytes; 0: half a pair */
static size_t read_escape(const char **at, const char *end, char *out)
{
    static const char letters[] = "bfnrt";
    static const char controls[] = "\b\f\n\r\t";
    const char *letter;
    uint32_t point;

    if (*at == end)
        return 0;
    if (**at == 'u')
        return read_unicode_escape(at, end, &point) ? put_utf8(point, out) : 0;
    letter = memchr(letters, **at, sizeof(letters) - 1);
    out[0] = letter != NULL ? controls[letter - letters] : **at;
    (*at)++;
    return 1;
}

bool sc_json_string_is(const sc_json_value_t *string, sc_str_t characters)
{
    sc_str_t raw = sc_json_raw_string(string);
    const char *at = raw.ptr;
    const char *end = raw.ptr + raw.len;
    size_t compared = 0;

    if (!string->is_escaped)
        return sc_str_equal(raw, characters);
    while (at < end) {
        char bytes[4];
        size_t count = 1;

        bytes[0] = *at++;
        if (bytes[0] == '\\')
            count = read_escape(&at, end, bytes);
        if (count == 0 || count > characters.len - compared ||
            memcmp(bytes, characters.ptr + compared, count) != 0)
            return false;
        compared += count;
    }
    return compared == characters.len;
}

/* ---- Numbers and literals ------------------------------------------------------------------------------------ */

/** One digit or more. */
static bool scan_digits(sc_json_scan_t *scan)
{
    const char *begin = scan->at;

    while (is_digit(sc_json_scan_peek(scan)))
        scan->at++;
    return scan->at > begin;
}

static sc_status_t scan_number(sc_json_scan_t *scan)
{
    if (sc_json_scan_peek(scan) == '-')
        scan->at++;
    if (sc_json_scan_peek(scan) == '0')
        scan->at++;
    else if (!scan_digits(scan))
        return SC_ERR_INVALID;
    if (sc_json_scan_peek(scan) == '.') {
        scan->at++;
        if (!scan_digits(scan))
            return SC_ERR_INVALID;
    }
    if (sc_json_scan_peek(scan) == 'e' || sc_json_scan_peek(scan) == 'E') {
        scan->at++;
        if (sc_json_scan_peek(scan) == '+' || sc_json_scan_peek(scan) == '-')
            scan->at++;
        if (!scan_digits(scan))
            return SC_ERR_INVALID;
    }
    return SC_OK;
}

static sc_status_t scan_literal(sc_json_scan_t *scan, sc_str_t literal)
{
    if (!sc_str_starts_with(sc_str(scan->at, (size_t)(scan->end - scan->at)), literal))
        return SC_ERR_INVALID;
    scan->at += literal.len;
    return SC_OK;
}

/** Anything but an array or an object. Sets the kind; of strings all. */
static sc_status_t scan_scalar(sc_json_scan_t *scan, sc_json_value_t *value)
{
    switch (sc_json_scan_peek(scan)) {
    case '"':
        return sc_json_scan_string(scan, value);
    case 'n':
        value->kind = SC_JSON_NULL;
        return scan_literal(scan, SC_STR("null"));
    case 'f':
        value->kind = SC_JSON_FALSE;
        return scan_literal(scan, SC_STR("false"));
    case 't':
        value->kind = SC_JSON_TRUE;
        return scan_literal(scan, SC_STR("true"));
    default:
        value->kind = SC_JSON_NUMBER;
        return scan_number(scan);
    }
}

/* ---- Values within values ------------------------------------------------------------------------------------- */

static bool is_container(char first)
{
    return first == '{' || first == '[';
}

static bool is_in_object(const nest_t *nest)
{
    uint32_t level = nest->depth - 1;

    return (nest->objects[level / BITS_PER_WORD] >> level % BITS_PER_WORD & 1) != 0;
}

/** Opens the container at `at`, up to its first value. `has_more` false: it was empty. */
static sc_status_t open_container(sc_json_scan_t *scan, nest_t *nest, bool *has_more)
{
    bool is_object = *scan->at == '{';
    uint64_t bit = UINT64_C(1) << nest->depth % BITS_PER_WORD;
    sc_json_value_t name;
    sc_status_t status = sc_json_scan_enter(scan, is_object ? '}' : ']', has_more);

    if (status != SC_OK || !*has_more)
        return status;
    if (is_object)
        nest->objects[nest->depth / BITS_PER_WORD] |= bit;
    else
        nest->objects[nest->depth / BITS_PER_WORD] &= ~bit;
    nest->depth++;
    return is_object ? sc_json_scan_name(scan, &name) : SC_OK;
}

/** From behind a value to the next one, out of all containers that end there. */
static sc_status_t leave_value(sc_json_scan_t *scan, nest_t *nest)
{
    while (nest->depth > 0) {
        bool is_object = is_in_object(nest);
        sc_json_value_t name;
        bool has_more;
        sc_status_t status = sc_json_scan_next(scan, is_object ? '}' : ']', &has_more);

        if (status != SC_OK)
            return status;
        if (has_more)
            return is_object ? sc_json_scan_name(scan, &name) : SC_OK;
        nest->depth--;
    }
    return SC_OK;
}

/** An array or object, to its end. */
static sc_status_t scan_container(sc_json_scan_t *scan)
{
    nest_t nest = {.depth = 0};

    do {
        bool has_value_begun = false;
        sc_json_value_t scalar;
        sc_status_t status = is_container(sc_json_scan_peek(scan))
                                 ? open_container(scan, &nest, &has_value_begun)
                                 : scan_scalar(scan, &scalar);

        if (status == SC_OK && !has_value_begun)
            status = leave_value(scan, &nest);
        if (status != SC_OK)
            return status;
    } while (nest.depth > 0);
    return SC_OK;
}

sc_status_t sc_json_scan_value(sc_json_scan_t *scan, sc_json_value_t *value)
{
    const char *begin = scan->at;
    char first = sc_json_scan_peek(scan);
    sc_status_t status;

    value->is_escaped = false;
    if (is_container(first)) {
        value->kind = first == '{' ? SC_JSON_OBJECT : SC_JSON_ARRAY;
        status = scan_container(scan);
    } else {
        status = scan_scalar(scan, value);
    }
    value->text = sc_str(begin, (size_t)(scan->at - begin));
    return status;
}

sc_json_kind_t sc_json_check(sc_str_t text)
{
    sc_json_scan_t scan = sc_json_scan_start(text);
    sc_json_value_t value;

    sc_json_scan_space(&scan);
    if (sc_json_scan_value(&scan, &value) != SC_OK || !sc_json_scan_is_done(&scan))
        return SC_JSON_NONE;
    return value.kind;
}
