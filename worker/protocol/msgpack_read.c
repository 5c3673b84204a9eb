/*
 * msgpack_read.c: MessagePack becomes JSON text in one pass. There is no recursion: what is open is a count per level.
 */
#include "worker/protocol/msgpack_read.h"

#include "common/json_scan.h"
#include "worker/protocol/msgpack.h"
#include "worker/ws/utf8.h"

#include <math.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

/* Up to here a double is a whole number to the last digit. */
#define WHOLE_MAX 9007199254740992.0
/* "-1.7976931348623157e+308" and a NUL. */
#define NUMBER_CHARS 32u
/* The least memory that a text takes. */
#define CAPACITY_MIN 256u

/** A container that is open. */
typedef struct level {
    uint32_t left; /* values to come: of a map, names not counted */
    bool is_map;
} level_t;

/** The bytes that a type's number or length takes: 1, 2, 4, 8, in the order of the types. */
static size_t width_of(uint8_t type, uint8_t first)
{
    return (size_t)1 << (type - first);
}

/** What is left. */
static size_t rest(const sc_msgpack_reader_t *reader)
{
    return (size_t)(reader->end - reader->at);
}

/** A big-endian number of `count` bytes behind the type that the reader stands on; moves behind it. */
static bool read_number(sc_msgpack_reader_t *reader, size_t count, uint64_t *number)
{
    if (rest(reader) < 1 + count)
        return false;
    *number = 0;
    for (size_t i = 1; i <= count; i++)
        *number = *number << 8 | reader->at[i];
    reader->at += 1 + count;
    return true;
}

/* ---- Text that comes out ------------------------------------------------------------------------------------- */

/** Room for `count` bytes more, within the limit. The size is the client's: no memory ends its packet, not the process. */
static sc_status_t make_room(sc_msgpack_reader_t *reader, size_t count)
{
    sc_text_t *out = reader->out;
    size_t needed = out->len + count;
    char *ptr;

    if (count > reader->out_max - out->len)
        return SC_ERR_LIMIT;
    if (needed <= out->capacity && out->ptr != NULL)
        return SC_OK;
    if (needed < 2 * out->capacity)
        needed = 2 * out->capacity;
    ptr = realloc(out->ptr, needed > CAPACITY_MIN ? needed : CAPACITY_MIN);
    if (ptr == NULL)
        return SC_ERR_NOMEM;
    out->ptr = ptr;
    out->capacity = needed > CAPACITY_MIN ? needed : CAPACITY_MIN;
    return SC_OK;
}

sc_status_t sc_msgpack_add(sc_msgpack_reader_t *reader, sc_str_t text)
{
    sc_status_t status = make_room(reader, text.len);

    if (status != SC_OK || text.len == 0)
        return status;
    memcpy(reader->out->ptr + reader->out->len, text.ptr, text.len);
    reader->out->len += text.len;
    return SC_OK;
}

static sc_status_t add_escaped(sc_msgpack_reader_t *reader, char byte)
{
    static const char letters[] = "\"\\bfnrt";
    static const char bytes[] = "\"\\\b\f\n\r\t";
    const char *found = memchr(bytes, byte, sizeof(bytes) - 1);
    char escape[8];
    int len;

    if (found != NULL)
        len = snprintf(escape, sizeof(escape), "\\%c", letters[found - bytes]);
    else
        len = snprintf(escape, sizeof(escape), "\\u%04x", (unsigned char)byte);
    return sc_msgpack_add(reader, sc_str(escape, (size_t)len));
}

sc_status_t sc_msgpack_add_quoted(sc_msgpack_reader_t *reader, sc_str_t characters)
{
    const char *at = characters.ptr;
    const char *end = at + characters.len;
    sc_status_t status = sc_msgpack_add(reader, SC_STR("\""));

    while (status == SC_OK && at < end) {
        const char *plain_end = sc_json_plain_end(at, end);

        status = sc_msgpack_add(reader, sc_str(at, (size_t)(plain_end - at)));
        at = plain_end;
        if (status == SC_OK && at < end)
            status = add_escaped(reader, *at++);
    }
    return status == SC_OK ? sc_msgpack_add(reader, SC_STR("\"")) : status;
}

/* ---- Heads and lengths ----------------------------------------------------------------------------------------- */

sc_msgpack_kind_t sc_msgpack_peek(const sc_msgpack_reader_t *reader)
{
    uint8_t type;

    if (reader->at == reader->end)
        return SC_MSGPACK_KIND_NONE;
    type = *reader->at;
    if (type == SC_MSGPACK_NIL)
        return SC_MSGPACK_KIND_NULL;
    if ((type & 0xf0) == SC_MSGPACK_FIXARRAY || type == SC_MSGPACK_ARRAY16 ||
        type == SC_MSGPACK_ARRAY32)
        return SC_MSGPACK_KIND_ARRAY;
    if ((type & 0xf0) == SC_MSGPACK_FIXMAP || type == SC_MSGPACK_MAP16 || type == SC_MSGPACK_MAP32)
        return SC_MSGPACK_KIND_MAP;
    return SC_MSGPACK_KIND_OTHER;
}

sc_status_t sc_msgpack_read_head(sc_msgpack_reader_t *reader, uint32_t *count)
{
    sc_msgpack_kind_t kind = sc_msgpack_peek(reader);
    uint64_t number;

    if (kind != SC_MSGPACK_KIND_ARRAY && kind != SC_MSGPACK_KIND_MAP)
        return SC_ERR_INVALID;
    if (*reader->at < SC_MSGPACK_FIXSTR)
        number = *reader->at++ & 0x0fu;
    else if (!read_number(reader, (*reader->at & 1) == 0 ? 2 : 4, &number))
        return SC_ERR_INVALID;
    /* Each element takes a byte at least, each member two. */
    if (number > rest(reader) / (kind == SC_MSGPACK_KIND_MAP ? 2 : 1))
        return SC_ERR_INVALID;
    *count = (uint32_t)number;
    return SC_OK;
}

/** The bytes of a string or of bin; moves behind them. */
static sc_status_t read_bytes(sc_msgpack_reader_t *reader, uint8_t first, sc_str_t *bytes)
{
    uint64_t len;

    if (!read_number(reader, width_of(*reader->at, first), &len) || len > rest(reader))
        return SC_ERR_INVALID;
    *bytes = sc_str((const char *)reader->at, (size_t)len);
    reader->at += len;
    return SC_OK;
}

static bool is_fixstr(uint8_t type)
{
    return (type & 0xe0) == SC_MSGPACK_FIXSTR;
}

static bool is_string(uint8_t type)
{
    return is_fixstr(type) || (type >= SC_MSGPACK_STR8 && type <= SC_MSGPACK_STR32);
}

sc_status_t sc_msgpack_read_string(sc_msgpack_reader_t *reader, sc_str_t *characters)
{
    size_t len;

    if (reader->at == reader->end || !is_string(*reader->at))
        return SC_ERR_INVALID;
    if (!is_fixstr(*reader->at)) {
        sc_status_t status = read_bytes(reader, SC_MSGPACK_STR8, characters);

        if (status != SC_OK)
            return status;
    } else {
        len = *reader->at & 0x1fu;
        reader->at++;
        if (len > rest(reader))
            return SC_ERR_INVALID;
        *characters = sc_str((const char *)reader->at, len);
        reader->at += len;
    }
    return sc_utf8_is_valid(*characters) ? SC_OK : SC_ERR_INVALID;
}

/* ---- Scalars ----------------------------------------------------------------------------------------------------- */

static sc_status_t add_uint(sc_msgpack_reader_t *reader, uint64_t number)
{
    char text[NUMBER_CHARS];
    int len = snprintf(text, sizeof(text), "%llu", (unsigned long long)number);

    return sc_msgpack_add(reader, sc_str(text, (size_t)len));
}

static sc_status_t add_int(sc_msgpack_reader_t *reader, int64_t number)
{
    char text[NUMBER_CHARS];
    int len = snprintf(text, sizeof(text), "%lld", (long long)number);

    return sc_msgpack_add(reader, sc_str(text, (size_t)len));
}

/** The fewest digits that are read as the same number again. */
static sc_status_t add_double(sc_msgpack_reader_t *reader, double number)
{
    char text[NUMBER_CHARS];
    int len = 0;

    if (!isfinite(number))
        return sc_msgpack_add(reader, SC_STR("null"));
    if (number >= -WHOLE_MAX && number <= WHOLE_MAX && trunc(number) == number)
        return add_int(reader, (int64_t)number);
    for (int digits = 15; digits <= 17; digits++) {
        len = snprintf(text, sizeof(text), "%.*g", digits, number);
        if (strtod(text, NULL) == number)
            break;
    }
    return sc_msgpack_add(reader, sc_str(text, (size_t)len));
}

static sc_status_t read_float(sc_msgpack_reader_t *reader)
{
    bool is_double = *reader->at == SC_MSGPACK_FLOAT64;
    uint64_t bits;
    uint32_t half;
    double number;
    float single;

    if (!read_number(reader, is_double ? 8 : 4, &bits))
        return SC_ERR_INVALID;
    memcpy(&number, &bits, sizeof(number));
    if (!is_double) {
        half = (uint32_t)bits;
        memcpy(&single, &half, sizeof(single));
        number = (double)single;
    }
    return add_double(reader, number);
}

static sc_status_t read_integer(sc_msgpack_reader_t *reader)
{
    uint8_t type = *reader->at;
    bool is_signed = type >= SC_MSGPACK_INT8;
    size_t width = width_of(type, is_signed ? SC_MSGPACK_INT8 : SC_MSGPACK_UINT8);
    uint64_t bits;

    if (!read_number(reader, width, &bits))
        return SC_ERR_INVALID;
    if (!is_signed)
        return add_uint(reader, bits);
    switch (width) {
    case 1:
        return add_int(reader, (int8_t)(uint8_t)bits);
    case 2:
        return add_int(reader, (int16_t)(uint16_t)bits);
    case 4:
        return add_int(reader, (int32_t)(uint32_t)bits);
    default:
        return add_int(reader, (int64_t)bits);
    }
}

/** Bytes, as JSON clients have them. An object in the text: it counts for the depth. */
static sc_status_t read_bin(sc_msgpack_reader_t *reader)
{
    sc_str_t bytes;
    size_t chars;
    sc_status_t status = read_bytes(reader, SC_MSGPACK_BIN8, &bytes);

    if (status == SC_OK && reader->depth >= SC_JSON_DEPTH_MAX)
        status = SC_ERR_INVALID;
    if (status == SC_OK)
        status = sc_msgpack_add(reader, SC_STR("{\"base64\":true,\"data\":\""));
    if (status != SC_OK)
        return status;
    chars = (bytes.len + 2) / 3 * 4;
    /* A NUL is written behind them, where the quote goes. */
    status = bytes.len <= INT32_MAX ? make_room(reader, chars + 1) : SC_ERR_LIMIT;
    if (status != SC_OK)
        return status;
    (void)EVP_EncodeBlock((unsigned char *)reader->out->ptr + reader->out->len,
                          (const unsigned char *)bytes.ptr, (int)bytes.len);
    reader->out->len += chars;
    return sc_msgpack_add(reader, SC_STR("\"}"));
}

static sc_status_t read_quoted(sc_msgpack_reader_t *reader)
{
    sc_str_t characters;
    sc_status_t status = sc_msgpack_read_string(reader, &characters);

    return status == SC_OK ? sc_msgpack_add_quoted(reader, characters) : status;
}

static sc_status_t read_literal(sc_msgpack_reader_t *reader, sc_str_t literal)
{
    reader->at++;
    return sc_msgpack_add(reader, literal);
}

/** Anything but an array or a map. */
static sc_status_t read_scalar(sc_msgpack_reader_t *reader)
{
    uint8_t type;

    if (reader->at == reader->end)
        return SC_ERR_INVALID;
    type = *reader->at;
    if (type <= SC_MSGPACK_FIXINT_MAX || type >= SC_MSGPACK_NEGATIVE_FIXINT) {
        reader->at++;
        return add_int(reader, (int8_t)type);
    }
    if (is_string(type))
        return read_quoted(reader);
    if (type >= SC_MSGPACK_BIN8 && type <= SC_MSGPACK_BIN32)
        return read_bin(reader);
    if (type >= SC_MSGPACK_UINT8 && type <= SC_MSGPACK_INT64)
        return read_integer(reader);
    switch (type) {
    case SC_MSGPACK_NIL:
        return read_literal(reader, SC_STR("null"));
    case SC_MSGPACK_FALSE:
        return read_literal(reader, SC_STR("false"));
    case SC_MSGPACK_TRUE:
        return read_literal(reader, SC_STR("true"));
    case SC_MSGPACK_FLOAT32:
    case SC_MSGPACK_FLOAT64:
        return read_float(reader);
    default:
        return SC_ERR_INVALID; /* an extension, or c1, which is none */
    }
}

/* ---- Values within values --------------------------------------------------------------------------------------- */

static sc_status_t read_name(sc_msgpack_reader_t *reader)
{
    sc_status_t status = read_quoted(reader);

    return status == SC_OK ? sc_msgpack_add(reader, SC_STR(":")) : status;
}

/** Opens a container, up to its first value. `has_more` false: it was empty. */
static sc_status_t open_level(sc_msgpack_reader_t *reader, level_t *level, bool *has_more)
{
    sc_status_t status;

    level->is_map = sc_msgpack_peek(reader) == SC_MSGPACK_KIND_MAP;
    status = sc_msgpack_read_head(reader, &level->left);
    if (status != SC_OK)
        return status;
    *has_more = level->left > 0;
    if (!*has_more)
        return sc_msgpack_add(reader, level->is_map ? SC_STR("{}") : SC_STR("[]"));
    reader->depth++;
    status = sc_msgpack_add(reader, level->is_map ? SC_STR("{") : SC_STR("["));
    return status == SC_OK && level->is_map ? read_name(reader) : status;
}

/** From behind a value to the next one, out of all containers that end there. */
static sc_status_t leave_value(sc_msgpack_reader_t *reader, level_t *levels, uint32_t depth_before)
{
    while (reader->depth > depth_before) {
        level_t *level = &levels[reader->depth - depth_before - 1];
        sc_status_t status;

        if (--level->left > 0) {
            status = sc_msgpack_add(reader, SC_STR(","));
            return status == SC_OK && level->is_map ? read_name(reader) : status;
        }
        status = sc_msgpack_add(reader, level->is_map ? SC_STR("}") : SC_STR("]"));
        if (status != SC_OK)
            return status;
        reader->depth--;
    }
    return SC_OK;
}

sc_status_t sc_msgpack_read_value(sc_msgpack_reader_t *reader)
{
    const uint32_t depth_before = reader->depth;
    level_t levels[SC_JSON_DEPTH_MAX]; /* set as they are opened */

    do {
        sc_msgpack_kind_t kind = sc_msgpack_peek(reader);
        bool is_container = kind == SC_MSGPACK_KIND_ARRAY || kind == SC_MSGPACK_KIND_MAP;
        bool has_value_begun = false;
        sc_status_t status;

        if (!is_container)
            status = read_scalar(reader);
        else if (reader->depth >= SC_JSON_DEPTH_MAX)
            status = SC_ERR_INVALID;
        else
            status = open_level(reader, &levels[reader->depth - depth_before], &has_value_begun);
        if (status == SC_OK && !has_value_begun)
            status = leave_value(reader, levels, depth_before);
        if (status != SC_OK)
            return status;
    } while (reader->depth > depth_before);
    return SC_OK;
}

/* ---- Past a value --------------------------------------------------------------------------------------------- */

/** The bytes of a scalar of fixed length, type included; 0: it is none. */
static size_t fixed_bytes(uint8_t type)
{
    if (type <= SC_MSGPACK_FIXINT_MAX || type >= SC_MSGPACK_NEGATIVE_FIXINT ||
        type == SC_MSGPACK_NIL || type == SC_MSGPACK_FALSE || type == SC_MSGPACK_TRUE)
        return 1;
    if (type == SC_MSGPACK_FLOAT32 || type == SC_MSGPACK_FLOAT64)
        return 1 + (type == SC_MSGPACK_FLOAT64 ? 8u : 4u);
    if (type >= SC_MSGPACK_UINT8 && type <= SC_MSGPACK_UINT64)
        return 1 + width_of(type, SC_MSGPACK_UINT8);
    if (type >= SC_MSGPACK_INT8 && type <= SC_MSGPACK_INT64)
        return 1 + width_of(type, SC_MSGPACK_INT8);
    return is_fixstr(type) ? 1 + (type & 0x1fu) : 0;
}

static sc_status_t skip_scalar(sc_msgpack_reader_t *reader)
{
    size_t count = fixed_bytes(*reader->at);
    sc_str_t bytes;

    if (count > rest(reader))
        return SC_ERR_INVALID;
    reader->at += count;
    if (count > 0)
        return SC_OK;
    if (*reader->at >= SC_MSGPACK_BIN8 && *reader->at <= SC_MSGPACK_BIN32)
        return read_bytes(reader, SC_MSGPACK_BIN8, &bytes);
    if (is_string(*reader->at))
        return read_bytes(reader, SC_MSGPACK_STR8, &bytes);
    return SC_ERR_INVALID;
}

sc_status_t sc_msgpack_skip(sc_msgpack_reader_t *reader)
{
    uint64_t left =
        1; /* values to come, those of all containers: never more than there are bytes */

    while (left > 0) {
        sc_msgpack_kind_t kind = sc_msgpack_peek(reader);
        uint32_t count = 0;
        sc_status_t status;

        if (kind == SC_MSGPACK_KIND_NONE)
            return SC_ERR_INVALID;
        if (kind == SC_MSGPACK_KIND_ARRAY || kind == SC_MSGPACK_KIND_MAP)
            status = sc_msgpack_read_head(reader, &count);
        else
            status = skip_scalar(reader);
        if (status != SC_OK)
            return status;
        left += (uint64_t)count * (kind == SC_MSGPACK_KIND_MAP ? 2 : 1);
        left--;
    }
    return SC_OK;
}
