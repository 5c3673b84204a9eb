/*
 * msgpack_write.c: JSON text becomes MessagePack in one pass over it (https://github.com/msgpack/msgpack/blob/master/spec.md).
 */
#include "worker/protocol/msgpack_write.h"

#include "common/alloc.h"
#include "common/json_scan.h"
#include "worker/protocol/msgpack.h"

#include <math.h>
#include <sc/json.h>
#include <stdlib.h>

/* What a short head holds. */
#define FIXSTR_BYTES_MAX 31u
#define FIX_COUNT_MAX 15u
/* As much as there may be free at the end of a finished text. */
#define WASTE_BYTES_MAX 128u
/* Digits that surely fit into an int64_t. */
#define SHORT_INTEGER_CHARS 18u
/* Longer numbers are copied to the heap to be read. */
#define NUMBER_CHARS 64u

/** A container of the JSON text that is open. */
typedef struct level {
    size_t head_at;
    uint32_t count;
    bool is_map;
} level_t;

typedef struct walk {
    sc_msgpack_writer_t *writer;
    sc_json_scan_t scan;
    uint32_t depth;
    level_t levels[SC_JSON_DEPTH_MAX];
} walk_t;

/* ---- Bytes ------------------------------------------------------------------------------------------------- */

void sc_msgpack_begin(sc_msgpack_writer_t *writer, size_t guess_bytes, size_t skip_bytes)
{
    memset(writer, 0, sizeof(*writer));
    writer->buf = sc_buf_new(guess_bytes + skip_bytes);
    writer->len = skip_bytes;
}

/** Room for `count` bytes at the end, which count as written. */
static uint8_t *extend(sc_msgpack_writer_t *writer, size_t count)
{
    size_t needed = writer->len + count;
    uint8_t *end;

    if (needed > writer->buf->len)
        writer->buf = sc_buf_resize(writer->buf, needed + needed / 2);
    end = (uint8_t *)writer->buf->bytes + writer->len;
    writer->len = needed;
    return end;
}

static void put_byte(sc_msgpack_writer_t *writer, uint8_t byte)
{
    *extend(writer, 1) = byte;
}

/** A type and a big-endian number of `count` bytes. */
static void store(uint8_t *out, uint8_t type, uint64_t number, size_t count)
{
    out[0] = type;
    for (size_t i = count; i > 0; i--) {
        out[i] = (uint8_t)number;
        number >>= 8;
    }
}

static void put_typed(sc_msgpack_writer_t *writer, uint8_t type, uint64_t number, size_t count)
{
    store(extend(writer, 1 + count), type, number, count);
}

void sc_msgpack_put_bytes(sc_msgpack_writer_t *writer, sc_str_t bytes)
{
    if (bytes.len > 0)
        memcpy(extend(writer, bytes.len), bytes.ptr, bytes.len);
}

/* ---- Scalars ------------------------------------------------------------------------------------------------- */

void sc_msgpack_put_string(sc_msgpack_writer_t *writer, sc_str_t characters)
{
    size_t len = characters.len;

    if (len <= FIXSTR_BYTES_MAX)
        put_byte(writer, (uint8_t)(SC_MSGPACK_FIXSTR | len));
    else if (len <= UINT8_MAX)
        put_typed(writer, SC_MSGPACK_STR8, len, 1);
    else if (len <= UINT16_MAX)
        put_typed(writer, SC_MSGPACK_STR16, len, 2);
    else
        put_typed(writer, SC_MSGPACK_STR32, len, 4);
    sc_msgpack_put_bytes(writer, characters);
}

static void put_integer(sc_msgpack_writer_t *writer, int32_t number)
{
    uint64_t bits = (uint64_t)(int64_t)number;

    if (number >= -32 && number <= 127)
        put_byte(writer, (uint8_t)number);
    else if (number > UINT16_MAX)
        put_typed(writer, SC_MSGPACK_UINT32, bits, 4);
    else if (number > UINT8_MAX)
        put_typed(writer, SC_MSGPACK_UINT16, bits, 2);
    else if (number > 0)
        put_typed(writer, SC_MSGPACK_UINT8, bits, 1);
    else if (number >= INT8_MIN)
        put_typed(writer, SC_MSGPACK_INT8, bits, 1);
    else if (number >= INT16_MIN)
        put_typed(writer, SC_MSGPACK_INT16, bits, 2);
    else
        put_typed(writer, SC_MSGPACK_INT32, bits, 4);
}

void sc_msgpack_put_number(sc_msgpack_writer_t *writer, double number)
{
    uint64_t bits;

    /* -0 is whole, too, and has no other form than 0 there. */
    if (number >= INT32_MIN && number <= INT32_MAX && trunc(number) == number) {
        put_integer(writer, (int32_t)number);
        return;
    }
    memcpy(&bits, &number, sizeof(bits));
    put_typed(writer, SC_MSGPACK_FLOAT64, bits, sizeof(bits));
}

void sc_msgpack_put_map(sc_msgpack_writer_t *writer, uint8_t count)
{
    sc_assert(count <= FIX_COUNT_MAX);
    put_byte(writer, (uint8_t)(SC_MSGPACK_FIXMAP | count));
}

void sc_msgpack_put_array(sc_msgpack_writer_t *writer, uint32_t count)
{
    if (count <= FIX_COUNT_MAX)
        put_byte(writer, (uint8_t)(SC_MSGPACK_FIXARRAY | count));
    else if (count <= UINT16_MAX)
        put_typed(writer, SC_MSGPACK_ARRAY16, count, 2);
    else
        put_typed(writer, SC_MSGPACK_ARRAY32, count, 4);
}

/** A number's text that is a whole number of few digits. @return false: it is not */
static bool read_short_integer(sc_str_t text, double *number)
{
    bool is_negative = text.ptr[0] == '-';
    int64_t value = 0;

    if (text.len > SHORT_INTEGER_CHARS)
        return false;
    for (size_t i = is_negative ? 1 : 0; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9')
            return false;
        value = value * 10 + (text.ptr[i] - '0');
    }
    *number = (double)(is_negative ? -value : value);
    return true;
}

/* Nothing here calls setlocale, so the decimal point is a point. */
static double read_number(sc_str_t text)
{
    char near[NUMBER_CHARS];
    char *copy = near;
    double number;

    if (read_short_integer(text, &number))
        return number;
    if (text.len >= sizeof(near))
        copy = sc_realloc(NULL, text.len + 1);
    memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    number = strtod(copy, NULL);
    if (copy != near)
        free(copy);
    return number;
}

/** A string of the JSON text. Half a surrogate pair becomes U+FFFD, as it does with these peers. */
static sc_status_t put_json_string(sc_msgpack_writer_t *writer, const sc_json_value_t *string)
{
    sc_text_t characters = {0};
    sc_status_t status;

    if (!string->is_escaped) {
        sc_msgpack_put_string(writer, sc_json_raw_string(string));
        return SC_OK;
    }
    status = sc_text_add_unquoted(&characters, string->text);
    if (status == SC_OK)
        sc_msgpack_put_string(writer, sc_text_str(&characters));
    sc_text_free(&characters);
    return status;
}

static sc_status_t put_scalar(walk_t *walk)
{
    sc_json_value_t value;
    sc_status_t status = sc_json_scan_value(&walk->scan, &value);

    if (status != SC_OK)
        return status;
    switch (value.kind) {
    case SC_JSON_STRING:
        return put_json_string(walk->writer, &value);
    case SC_JSON_NUMBER:
        sc_msgpack_put_number(walk->writer, read_number(value.text));
        return SC_OK;
    case SC_JSON_TRUE:
        put_byte(walk->writer, SC_MSGPACK_TRUE);
        return SC_OK;
    case SC_JSON_FALSE:
        put_byte(walk->writer, SC_MSGPACK_FALSE);
        return SC_OK;
    default:
        put_byte(walk->writer, SC_MSGPACK_NIL);
        return SC_OK;
    }
}

/* ---- Containers ------------------------------------------------------------------------------------------------ */

static void note_wide(sc_msgpack_writer_t *writer, const level_t *level)
{
    sc_msgpack_wide_t *wide;

    if (writer->wide_count == writer->wide_capacity) {
        writer->wide_capacity = writer->wide_capacity == 0 ? 8 : writer->wide_capacity * 2;
        writer->wide = sc_realloc(writer->wide, writer->wide_capacity * sizeof(writer->wide[0]));
    }
    wide = &writer->wide[writer->wide_count++];
    wide->at = (uint32_t)level->head_at;
    wide->count = level->count;
    wide->is_map = level->is_map;
}

static void close_level(walk_t *walk)
{
    const level_t *level = &walk->levels[--walk->depth];

    if (level->count <= FIX_COUNT_MAX)
        ((uint8_t *)walk->writer->buf->bytes)[level->head_at] |= (uint8_t)level->count;
    else
        note_wide(walk->writer, level);
}

static sc_status_t put_name(walk_t *walk)
{
    sc_json_value_t name;
    sc_status_t status = sc_json_scan_name(&walk->scan, &name);

    return status == SC_OK ? put_json_string(walk->writer, &name) : status;
}

/** Opens the container that the scanner stands on, up to its first value. `has_more` false: it was empty. */
static sc_status_t open_level(walk_t *walk, bool is_map, bool *has_more)
{
    level_t *level = &walk->levels[walk->depth];
    sc_status_t status = sc_json_scan_enter(&walk->scan, is_map ? '}' : ']', has_more);

    if (status != SC_OK)
        return status;
    put_byte(walk->writer, is_map ? SC_MSGPACK_FIXMAP : SC_MSGPACK_FIXARRAY);
    if (!*has_more)
        return SC_OK;
    walk->depth++;
    level->head_at = walk->writer->len - 1;
    level->count = 0;
    level->is_map = is_map;
    return is_map ? put_name(walk) : SC_OK;
}

/** From behind a value to the next one, out of all containers that end there. */
static sc_status_t leave_value(walk_t *walk)
{
    while (walk->depth > 0) {
        level_t *level = &walk->levels[walk->depth - 1];
        bool has_more;
        sc_status_t status = sc_json_scan_next(&walk->scan, level->is_map ? '}' : ']', &has_more);

        if (status != SC_OK)
            return status;
        level->count++;
        if (has_more)
            return level->is_map ? put_name(walk) : SC_OK;
        close_level(walk);
    }
    return SC_OK;
}

static sc_status_t put_value(walk_t *walk)
{
    do {
        char first = sc_json_scan_peek(&walk->scan);
        bool has_value_begun = false;
        sc_status_t status = first == '{' || first == '['
                                 ? open_level(walk, first == '{', &has_value_begun)
                                 : put_scalar(walk);

        if (status == SC_OK && !has_value_begun)
            status = leave_value(walk);
        if (status != SC_OK)
            return status;
    } while (walk->depth > 0);
    return SC_OK;
}

sc_status_t sc_msgpack_put_json(sc_msgpack_writer_t *writer, sc_str_t json)
{
    size_t len_before = writer->len;
    uint32_t wide_before = writer->wide_count;
    walk_t walk; /* its levels are set as they are opened */
    sc_status_t status = SC_OK;

    if (!sc_str_is_none(json)) {
        walk.writer = writer;
        walk.scan = sc_json_scan_start(json);
        walk.depth = 0;
        sc_json_scan_space(&walk.scan);
        status = put_value(&walk);
        if (status == SC_OK && sc_json_scan_is_done(&walk.scan))
            return SC_OK;
        if (status == SC_OK)
            status = SC_ERR_INVALID;
        writer->len = len_before;
        writer->wide_count = wide_before;
    }
    put_byte(writer, SC_MSGPACK_NIL);
    return status;
}

/* ---- The end --------------------------------------------------------------------------------------------------- */

/* Containers are noted as they end, so an outer one behind its inner ones. */
static int compare_places(const void *a, const void *b)
{
    const sc_msgpack_wide_t *first = a;
    const sc_msgpack_wide_t *second = b;

    return first->at < second->at ? -1 : first->at > second->at;
}

static size_t extra_bytes(const sc_msgpack_wide_t *wide)
{
    return wide->count <= UINT16_MAX ? 2 : 4;
}

static void store_head(uint8_t *out, const sc_msgpack_wide_t *wide)
{
    size_t extra = extra_bytes(wide);
    uint8_t type = wide->is_map ? SC_MSGPACK_MAP16 : SC_MSGPACK_ARRAY16;

    /* The types of four bytes come after those of two. */
    store(out, extra == 2 ? type : (uint8_t)(type + 1), wide->count, extra);
}

/** Moves what follows each short head to its place, the last first, and writes the long heads: every byte moves once. */
static void widen(sc_msgpack_writer_t *writer)
{
    size_t source_end = writer->len;
    size_t gap = 0;
    uint8_t *bytes;

    qsort(writer->wide, writer->wide_count, sizeof(writer->wide[0]), compare_places);
    for (uint32_t i = 0; i < writer->wide_count; i++)
        gap += extra_bytes(&writer->wide[i]);
    (void)extend(writer, gap);
    bytes = (uint8_t *)writer->buf->bytes;
    for (uint32_t i = writer->wide_count; i > 0; i--) {
        const sc_msgpack_wide_t *wide = &writer->wide[i - 1];
        size_t from = (size_t)wide->at + 1;

        memmove(bytes + from + gap, bytes + from, source_end - from);
        gap -= extra_bytes(wide);
        store_head(bytes + wide->at + gap, wide);
        source_end = wide->at;
    }
}

sc_buf_t *sc_msgpack_finish(sc_msgpack_writer_t *writer)
{
    if (writer->wide_count > 0)
        widen(writer);
    free(writer->wide);
    writer->wide = NULL;
    if (writer->buf->len - writer->len > WASTE_BYTES_MAX)
        return sc_buf_resize(writer->buf, writer->len);
    writer->buf->len = (uint32_t)writer->len;
    return writer->buf;
}
