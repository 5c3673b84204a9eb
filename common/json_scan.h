/*
 * json_scan.h: walks JSON (RFC 8259, as strictly as JavaScript's JSON.parse) in its text. Nothing is copied, no document
 * is made. The scanner stands on a byte; each function moves it behind what it has read and never past the end, whatever
 * the bytes are. After an error its place means nothing.
 *
 * Strings are most of the text, so they are crossed 16 bytes at a time. That the text is UTF-8 is the caller's to check.
 */
#ifndef SC_COMMON_JSON_SCAN_H
#define SC_COMMON_JSON_SCAN_H

#include <sc/types.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/** Arrays and objects within one another; deeper is refused: SC_ERR_LIMIT. */
#define SC_JSON_DEPTH_MAX 512u

typedef enum sc_json_kind {
    SC_JSON_NONE, /* not there: JavaScript's undefined */
    SC_JSON_NULL,
    SC_JSON_FALSE,
    SC_JSON_TRUE,
    SC_JSON_NUMBER,
    SC_JSON_STRING,
    SC_JSON_ARRAY,
    SC_JSON_OBJECT,
} sc_json_kind_t;

/** A value: its text, a span of the whole; of a string with its quotes. */
typedef struct sc_json_value {
    sc_json_kind_t kind;
    bool is_escaped; /* a string with a backslash: must be unescaped to be read */
    sc_str_t text;
} sc_json_value_t;

typedef struct sc_json_scan {
    const char *at;
    const char *end;
    uint32_t depth; /* containers that are open around `at` */
} sc_json_scan_t;

static inline sc_json_scan_t sc_json_scan_start(sc_str_t text)
{
    sc_json_scan_t scan;

    scan.at = text.len > 0 ? text.ptr : "";
    scan.end = scan.at + text.len;
    scan.depth = 0;
    return scan;
}

/** The characters of a string value that is not escaped: its text without the quotes. */
static inline sc_str_t sc_json_raw_string(const sc_json_value_t *value)
{
    return sc_str(value->text.ptr + 1, value->text.len - 2);
}

/** The byte that the scanner stands on; 0 at the end, which no valid text has outside of strings. */
static inline char sc_json_scan_peek(const sc_json_scan_t *scan)
{
    return scan->at < scan->end ? *scan->at : '\0';
}

static inline void sc_json_scan_space(sc_json_scan_t *scan)
{
    while (scan->at < scan->end &&
           (*scan->at == ' ' || *scan->at == '\n' || *scan->at == '\r' || *scan->at == '\t'))
        scan->at++;
}

/** Whether only white space is left. */
static inline bool sc_json_scan_is_done(sc_json_scan_t *scan)
{
    sc_json_scan_space(scan);
    return scan->at == scan->end;
}

/** The first byte that ends a run of plain characters in a string: a quote, a backslash or a control; or `end`.
 *  In words of 8 bytes, for any machine. */
static inline const char *sc_json_plain_end_by_words(const char *at, const char *end)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    const uint64_t highs = UINT64_C(0x8080808080808080);

    while (end - at >= 8) {
        uint64_t word, quote, backslash;

        memcpy(&word, at, sizeof(word));
        quote = word ^ (ones * '"');
        backslash = word ^ (ones * '\\');
        /* A byte becomes negative by a subtraction and was not so before: it was smaller. Borrows can only mark bytes
         * beside one that is marked rightly, and the loop below looks at each. */
        if (((((word - ones * 0x20) & ~word) | ((quote - ones) & ~quote) |
              ((backslash - ones) & ~backslash)) &
             highs) != 0)
            break;
        at += 8;
    }
    while (at < end && *at != '"' && *at != '\\' && (unsigned char)*at >= 0x20)
        at++;
    return at;
}

/** As sc_json_plain_end_by_words, in steps of 16 bytes where the machine has them. */
static inline const char *sc_json_plain_end(const char *at, const char *end)
{
#ifdef __SSE2__
    const __m128i quote = _mm_set1_epi8('"');
    const __m128i backslash = _mm_set1_epi8('\\');
    const __m128i control = _mm_set1_epi8(0x1f);

    while (end - at >= 16) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);
        __m128i found = _mm_or_si128(
            _mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, backslash)),
            _mm_cmpeq_epi8(_mm_min_epu8(bytes, control), bytes));
        int mask = _mm_movemask_epi8(found);

        if (mask != 0)
            return at + __builtin_ctz((unsigned)mask);
        at += 16;
    }
#endif
    return sc_json_plain_end_by_words(at, end);
}

/** A string whose first backslash the scanner stands on; `begin`: its opening quote. For sc_json_scan_string. */
SC_MUST_CHECK sc_status_t sc_json_scan_escaped(sc_json_scan_t *scan, const char *begin,
                                               sc_json_value_t *string);

/** A string. @return SC_ERR_INVALID: none, or not a valid one */
SC_MUST_CHECK static inline sc_status_t sc_json_scan_string(sc_json_scan_t *scan,
                                                            sc_json_value_t *string)
{
    const char *begin = scan->at;

    if (sc_json_scan_peek(scan) != '"')
        return SC_ERR_INVALID;
    scan->at = sc_json_plain_end(begin + 1, scan->end);
    if (sc_json_scan_peek(scan) == '\\')
        return sc_json_scan_escaped(scan, begin, string);
    if (sc_json_scan_peek(scan) != '"')
        return SC_ERR_INVALID;
    scan->at++;
    string->kind = SC_JSON_STRING;
    string->is_escaped = false;
    string->text = sc_str(begin, (size_t)(scan->at - begin));
    return SC_OK;
}

/** A member's name and the colon: the scanner stands on the value then. */
SC_MUST_CHECK static inline sc_status_t sc_json_scan_name(sc_json_scan_t *scan,
                                                          sc_json_value_t *name)
{
    sc_status_t status = sc_json_scan_string(scan, name);

    if (status != SC_OK)
        return status;
    sc_json_scan_space(scan);
    if (sc_json_scan_peek(scan) != ':')
        return SC_ERR_INVALID;
    scan->at++;
    sc_json_scan_space(scan);
    return SC_OK;
}

/**
 * Enters the array or object that the scanner stands on, up to its first element or name.
 *
 * @param close     the byte that will end it: ']' or '}'
 * @param has_more  false: it was empty, and is left again
 * @return SC_OK; SC_ERR_LIMIT: deeper than SC_JSON_DEPTH_MAX
 */
SC_MUST_CHECK static inline sc_status_t sc_json_scan_enter(sc_json_scan_t *scan, char close,
                                                           bool *has_more)
{
    if (scan->depth >= SC_JSON_DEPTH_MAX)
        return SC_ERR_LIMIT;
    scan->at++;
    sc_json_scan_space(scan);
    *has_more = sc_json_scan_peek(scan) != close;
    if (*has_more)
        scan->depth++;
    else
        scan->at++;
    return SC_OK;
}

/** From behind a value to the next element or name; `has_more` false: the container ended there and is left. */
SC_MUST_CHECK static inline sc_status_t sc_json_scan_next(sc_json_scan_t *scan, char close,
                                                          bool *has_more)
{
    char byte;

    sc_json_scan_space(scan);
    byte = sc_json_scan_peek(scan);
    if (byte != ',' && byte != close)
        return SC_ERR_INVALID;
    scan->at++;
    *has_more = byte == ',';
    if (*has_more)
        sc_json_scan_space(scan);
    else
        scan->depth--;
    return SC_OK;
}

/**
 * A value of any kind. The scanner stands on its first byte: white space is skipped.
 *
 * @return SC_OK; SC_ERR_INVALID: not JSON; SC_ERR_LIMIT: deeper than SC_JSON_DEPTH_MAX
 */
SC_MUST_CHECK sc_status_t sc_json_scan_value(sc_json_scan_t *scan, sc_json_value_t *value);

/** Whether a string says `characters` (UTF-8), escapes read. One with half of a surrogate pair never does. */
bool sc_json_string_is(const sc_json_value_t *string, sc_str_t characters);

/** Checks that a text is one JSON value; its kind, or SC_JSON_NONE if it is none, or too deep. */
sc_json_kind_t sc_json_check(sc_str_t text);

#endif
