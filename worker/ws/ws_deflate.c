#include "worker/ws/ws_deflate.h"

#include "common/alloc.h"

#define ZLIB_CONST /* input is not written to */
#include <zlib.h>

/* With less the compressor takes less memory and is emptied faster, with more it compresses no better (docs/operations.md). */
#define MEMORY_LEVEL 7
/* zlib's way to say: no header and no checksum. */
#define RAW(window_bits) (-(int)(window_bits))
/* What shared buffers keep between messages. */
#define KEPT_BYTES (64u * 1024)

/* The end of a flush, which is left out on the wire (RFC 7692, 7.2.1). */
static const unsigned char tail[] = {0x00, 0x00, 0xff, 0xff};

/* Bytes of one message at a time. */
typedef struct room {
    char *ptr;
    size_t len;
    size_t capacity;
} room_t;

struct sc_ws_deflate {
    sc_ws_deflate_setup_t setup;
    sc_ws_deflate_counts_t counts;
    bool has_deflater;
    bool has_inflater;
    bool is_lent; /* between sc_ws_inflate and its release */
    z_stream deflater;
    z_stream inflater;
    room_t deflated;
    room_t inflated;
    /* The last frame that was compressed, and what became of it. Where each subscriber gets a frame of its own (publishOut
     * middleware, messages of plugins to one socket after the other) they are often alike. NULL: none, or a long one. */
    sc_buf_t *last_plain;
    sc_buf_t *last_result;
};

/* ---- Shared buffers ------------------------------------------------------------------------------------------ */

/** @return false: no memory. */
static bool grow(room_t *room, size_t capacity)
{
    char *ptr;

    if (capacity <= room->capacity)
        return true;
    ptr = realloc(room->ptr, capacity);
    if (ptr == NULL)
        return false;
    room->ptr = ptr;
    room->capacity = capacity;
    return true;
}

static void drop(room_t *room)
{
    free(room->ptr);
    memset(room, 0, sizeof(*room));
}

static void empty(room_t *room)
{
    if (room->capacity > KEPT_BYTES)
        drop(room);
    room->len = 0;
}

/* ---- Life ------------------------------------------------------------------------------------------------------ */

sc_ws_deflate_t *sc_ws_deflate_new(const sc_ws_deflate_setup_t *setup)
{
    sc_ws_deflate_t *zlib = sc_new(sc_ws_deflate_t);

    zlib->setup = *setup;
    return zlib;
}

void sc_ws_deflate_free(sc_ws_deflate_t *zlib)
{
    if (zlib == NULL)
        return;
    if (zlib->has_deflater)
        deflateEnd(&zlib->deflater);
    if (zlib->has_inflater)
        inflateEnd(&zlib->inflater);
    drop(&zlib->deflated);
    drop(&zlib->inflated);
    sc_buf_unref(zlib->last_plain);
    sc_buf_unref(zlib->last_result);
    free(zlib);
}

sc_ws_deflate_counts_t sc_ws_deflate_get_counts(const sc_ws_deflate_t *zlib)
{
    sc_ws_deflate_counts_t counts = zlib->counts;

    counts.buffer_bytes = zlib->deflated.capacity + zlib->inflated.capacity;
    return counts;
}

/* ---- Sending --------------------------------------------------------------------------------------------------- */

uint32_t sc_ws_deflate_bytes_max(const sc_ws_deflate_t *zlib, const sc_ws_deflate_terms_t *terms)
{
    if (terms->window_bits == 0)
        return 0;
    if (terms->window_bits >= zlib->setup.window_bits)
        return UINT32_MAX;
    return UINT32_C(1) << terms->window_bits;
}

/** Makes the compressor ready for a message. @return false: no memory for it. */
static bool begin_deflate(sc_ws_deflate_t *zlib)
{
    if (zlib->has_deflater)
        return deflateReset(&zlib->deflater) == Z_OK;
    zlib->has_deflater =
        deflateInit2(&zlib->deflater, zlib->setup.level, Z_DEFLATED, RAW(zlib->setup.window_bits),
                     MEMORY_LEVEL, Z_DEFAULT_STRATEGY) == Z_OK;
    return zlib->has_deflater;
}

/** Compresses into the shared buffer, without the tail. @return false: it would not become smaller, or there is no memory. */
static bool deflate_payload(sc_ws_deflate_t *zlib, sc_str_t payload)
{
    z_stream *stream = &zlib->deflater;
    room_t *room = &zlib->deflated;
    /* Room for one byte less than the payload, the tail, and one byte that stays free: only then is the flush complete. */
    size_t room_bytes = payload.len + sizeof(tail);

    if (!grow(room, room_bytes) || !begin_deflate(zlib))
        return false;
    stream->next_in = (z_const Bytef *)payload.ptr;
    stream->avail_in = (uInt)payload.len;
    stream->next_out = (Bytef *)room->ptr;
    stream->avail_out = (uInt)room_bytes;
    if (deflate(stream, Z_SYNC_FLUSH) != Z_OK || stream->avail_out == 0)
        return false;
    room->len = room_bytes - stream->avail_out - sizeof(tail);
    return true;
}

static sc_buf_t *new_frame(uint8_t opcode, const room_t *payload)
{
    char header[SC_WS_HEADER_BYTES_MAX];
    size_t header_bytes = sc_ws_frame_write_header(header, opcode, SC_WS_RSV1, payload->len);
    sc_buf_t *frame = sc_buf_new(header_bytes + payload->len);

    memcpy(frame->bytes, header, header_bytes);
    memcpy(frame->bytes + header_bytes, payload->ptr, payload->len);
    return frame;
}

/** The payload of a frame that may be compressed; none: it stays as it is. */
static sc_str_t payload_to_deflate(const sc_ws_deflate_t *zlib, const sc_buf_t *frame,
                                   sc_ws_frame_t *header)
{
    sc_status_t status = sc_ws_frame_parse(frame->bytes, frame->len, header);
    sc_str_t payload = sc_str(frame->bytes + header->header_bytes, (size_t)header->payload_bytes);

    sc_assert(status == SC_OK && header->header_bytes + payload.len == frame->len);
    if (sc_ws_frame_is_control(header) || header->reserved != 0 || payload.len == 0 ||
        payload.len < zlib->setup.threshold_bytes)
        return sc_str_none();
    return payload;
}

static bool is_last(const sc_ws_deflate_t *zlib, const sc_buf_t *frame)
{
    return zlib->last_plain != NULL &&
           sc_str_equal(sc_buf_str(zlib->last_plain), sc_buf_str(frame));
}

static void remember(sc_ws_deflate_t *zlib, sc_buf_t *plain, sc_buf_t *result)
{
    bool is_short = plain->len <= KEPT_BYTES;

    sc_buf_unref(zlib->last_plain);
    sc_buf_unref(zlib->last_result);
    zlib->last_plain = is_short ? sc_buf_ref(plain) : NULL;
    zlib->last_result = is_short ? sc_buf_ref(result) : NULL;
}

sc_buf_t *sc_ws_deflate_frame(sc_ws_deflate_t *zlib, sc_buf_t *frame)
{
    sc_ws_deflate_counts_t *counts = &zlib->counts;
    sc_ws_frame_t header;
    sc_str_t payload = payload_to_deflate(zlib, frame, &header);
    sc_buf_t *result;

    if (sc_str_is_none(payload))
        return sc_buf_ref(frame);
    if (is_last(zlib, frame))
        return sc_buf_ref(zlib->last_result);
    if (deflate_payload(zlib, payload)) {
        result = new_frame(header.opcode, &zlib->deflated);
        counts->deflated++;
        counts->deflated_from_bytes += payload.len;
        counts->deflated_to_bytes += zlib->deflated.len;
    } else {
        result = sc_buf_ref(frame);
        counts->not_smaller++;
    }
    empty(&zlib->deflated);
    remember(zlib, frame, result);
    return result;
}

/* ---- Receiving ------------------------------------------------------------------------------------------------- */

/** How much a payload of that length may inflate to. */
static size_t inflate_limit(const sc_ws_deflate_t *zlib, size_t payload_bytes)
{
    uint64_t ratio_max = zlib->setup.inflate_ratio_max;
    uint64_t limit = zlib->setup.payload_bytes_max;

    if (ratio_max != 0 && payload_bytes < limit / ratio_max) {
        uint64_t by_ratio = payload_bytes * ratio_max;

        if (by_ratio < SC_WS_INFLATE_BYTES_FREE)
            by_ratio = SC_WS_INFLATE_BYTES_FREE;
        if (by_ratio < limit)
            limit = by_ratio;
    }
    return (size_t)limit;
}

static bool begin_inflate(sc_ws_deflate_t *zlib)
{
    if (zlib->has_inflater)
        return inflateReset(&zlib->inflater) == Z_OK;
    zlib->has_inflater = inflateInit2(&zlib->inflater, RAW(SC_WS_WINDOW_BITS_MAX)) == Z_OK;
    return zlib->has_inflater;
}

/** Gives the stream more room: twice as much each time, up to one byte over the limit. */
static sc_status_t make_room(room_t *room, size_t limit)
{
    size_t capacity = room->capacity < KEPT_BYTES ? KEPT_BYTES : 2 * room->capacity;

    if (room->len > limit)
        return SC_ERR_LIMIT;
    if (room->len < room->capacity)
        return SC_OK;
    if (capacity > limit)
        capacity = limit + 1;
    return grow(room, capacity) ? SC_OK : SC_ERR_NOMEM;
}

/** Inflates all of `input` or until its last block. @param is_ended  set to whether that came, with nothing behind it */
static sc_status_t inflate_input(sc_ws_deflate_t *zlib, sc_str_t input, size_t limit,
                                 bool *is_ended)
{
    z_stream *stream = &zlib->inflater;
    room_t *room = &zlib->inflated;
    int result;

    stream->next_in = (z_const Bytef *)input.ptr;
    stream->avail_in = (uInt)input.len;
    do {
        sc_status_t status = make_room(room, limit);
        size_t left;

        if (status != SC_OK)
            return status;
        left = room->capacity - room->len;
        stream->next_out = (Bytef *)room->ptr + room->len;
        stream->avail_out = (uInt)left;
        result = inflate(stream, Z_SYNC_FLUSH);
        room->len += left - stream->avail_out;
        *is_ended = result == Z_STREAM_END && stream->avail_in == 0;
        /* Blocks may follow one that says it is the last (RFC 7692, 7.2.1 and 7.2.3.4). */
        if (result == Z_STREAM_END && !*is_ended)
            result = inflateReset(stream) == Z_OK ? Z_OK : Z_MEM_ERROR;
        if (result == Z_MEM_ERROR)
            return SC_ERR_NOMEM;
        if (result != Z_OK && result != Z_BUF_ERROR && result != Z_STREAM_END)
            return SC_ERR_PROTOCOL;
    } while (!*is_ended && (stream->avail_out == 0 || stream->avail_in > 0));
    return room->len > limit ? SC_ERR_LIMIT : SC_OK;
}

/** zlib says so when it stands between two blocks. */
static bool is_between_blocks(const z_stream *stream)
{
    return (stream->data_type & 128) != 0;
}

static sc_status_t inflate_payload(sc_ws_deflate_t *zlib, sc_str_t payload)
{
    size_t limit = inflate_limit(zlib, payload.len);
    bool is_ended = false;
    sc_status_t status;

    if (payload.len == 0)
        return make_room(&zlib->inflated, limit);
    if (!begin_inflate(zlib))
        return SC_ERR_NOMEM;
    status = inflate_input(zlib, payload, limit, &is_ended);
    if (status != SC_OK || is_ended)
        return status;
    status = inflate_input(zlib, sc_str((const char *)tail, sizeof(tail)), limit, &is_ended);
    if (status != SC_OK || is_ended || is_between_blocks(&zlib->inflater))
        return status;
    return SC_ERR_PROTOCOL;
}

sc_status_t sc_ws_inflate(sc_ws_deflate_t *zlib, sc_str_t payload, char **out, size_t *out_len)
{
    sc_ws_deflate_counts_t *counts = &zlib->counts;
    sc_status_t status;

    sc_assert(!zlib->is_lent);
    status = inflate_payload(zlib, payload);
    if (status != SC_OK) {
        counts->refused++;
        empty(&zlib->inflated);
        return status;
    }
    zlib->is_lent = true;
    counts->inflated++;
    counts->inflated_from_bytes += payload.len;
    counts->inflated_to_bytes += zlib->inflated.len;
    *out = zlib->inflated.ptr;
    *out_len = zlib->inflated.len;
    return SC_OK;
}

void sc_ws_inflate_release(sc_ws_deflate_t *zlib)
{
    sc_assert(zlib->is_lent);
    zlib->is_lent = false;
    empty(&zlib->inflated);
}
