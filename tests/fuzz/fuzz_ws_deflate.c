/*
 * What a client can send that has to do with compression. The first byte says which: an offer in the header, the payload of a
 * compressed message, or a stream of frames where compressed ones were agreed on.
 */
#include "common/alloc.h"
#include "worker/ws/ws_reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PAYLOAD_MAX 3000u

/* ---- An offer -------------------------------------------------------------------------------------------------- */

static void negotiate(sc_str_t offers)
{
    sc_ws_deflate_terms_t terms;
    sc_text_t answer = {0};
    sc_ws_deflate_terms_t again;

    if (sc_ws_extension_negotiate(offers, 13, &terms) != SC_OK) {
        if (terms.window_bits != 0)
            abort();
        return;
    }
    if (terms.window_bits == 0)
        return;
    if (terms.window_bits < SC_WS_WINDOW_BITS_MIN || terms.window_bits > 13)
        abort();
    /* An answer is an offer that leads to the same. */
    sc_ws_extension_answer(&terms, &answer);
    if (sc_ws_extension_negotiate(sc_text_str(&answer), 13, &again) != SC_OK ||
        again.window_bits != terms.window_bits)
        abort();
    sc_text_free(&answer);
}

/* ---- A payload --------------------------------------------------------------------------------------------------- */

static sc_ws_deflate_t *new_zlib(uint64_t ratio_max)
{
    sc_ws_deflate_setup_t setup = {.window_bits = 15,
                                   .level = 1,
                                   .payload_bytes_max = PAYLOAD_MAX,
                                   .inflate_ratio_max = ratio_max};

    return sc_ws_deflate_new(&setup);
}

static sc_status_t inflate_once(sc_ws_deflate_t *zlib, sc_str_t payload, sc_text_t *message)
{
    char *out;
    size_t len;
    sc_status_t status = sc_ws_inflate(zlib, payload, &out, &len);

    if (status != SC_OK)
        return status;
    if (len > PAYLOAD_MAX)
        abort();
    sc_text_add(message, sc_str(out, len));
    memset(out, '#', len);
    sc_ws_inflate_release(zlib);
    return SC_OK;
}

/** What was inflated goes into a frame and comes back. */
static void check_round_trip(sc_ws_deflate_t *zlib, sc_str_t message)
{
    sc_buf_t *plain = sc_ws_frame_new(SC_WS_BINARY, message);
    sc_buf_t *frame = sc_ws_deflate_frame(zlib, plain);
    sc_text_t back = {0};
    sc_ws_frame_t header;

    if (sc_ws_frame_parse(frame->bytes, frame->len, &header) != SC_OK)
        abort();
    if (frame != plain &&
        (header.reserved != SC_WS_RSV1 || frame->len >= plain->len ||
         inflate_once(zlib,
                      sc_str(frame->bytes + header.header_bytes, (size_t)header.payload_bytes),
                      &back) != SC_OK ||
         !sc_str_equal(sc_text_str(&back), message)))
        abort();
    sc_text_free(&back);
    sc_buf_unref(frame);
    sc_buf_unref(plain);
}

static void inflate_twice(sc_str_t payload)
{
    sc_ws_deflate_t *zlib = new_zlib(0);
    sc_text_t first = {0};
    sc_text_t second = {0};
    sc_status_t status = inflate_once(zlib, payload, &first);

    /* What came before changes nothing. */
    if (inflate_once(zlib, payload, &second) != status ||
        !sc_str_equal(sc_text_str(&first), sc_text_str(&second)))
        abort();
    if (status == SC_OK)
        check_round_trip(zlib, sc_text_str(&first));
    sc_text_free(&first);
    sc_text_free(&second);
    sc_ws_deflate_free(zlib);
}

/* ---- A stream ---------------------------------------------------------------------------------------------------- */

/* A reader and what it has told, as bytes. */
typedef struct listener {
    sc_ws_reader_t reader;
    sc_text_t told;
} listener_t;

static void tell(sc_ws_reader_t *reader, const char *what, sc_str_t payload)
{
    listener_t *listener = (listener_t *)(void *)reader;

    sc_text_addf(&listener->told, "%s %zu ", what, payload.len);
    sc_text_add(&listener->told, payload);
}

static void on_message(sc_ws_reader_t *reader, bool is_text, char *bytes, size_t len)
{
    if (len > PAYLOAD_MAX || (is_text && !sc_utf8_is_valid(sc_str(bytes, len))))
        abort();
    tell(reader, is_text ? "text" : "binary", sc_str(bytes, len));
    memset(bytes, '#', len);
}

static void on_ping(sc_ws_reader_t *reader, sc_str_t payload)
{
    tell(reader, "ping", payload);
}

static void on_pong(sc_ws_reader_t *reader, sc_str_t payload)
{
    tell(reader, "pong", payload);
}

static void on_close(sc_ws_reader_t *reader, int code, sc_str_t reason)
{
    (void)code;
    tell(reader, "close", reason);
}

static void on_fail(sc_ws_reader_t *reader, int code, const char *reason)
{
    (void)code;
    tell(reader, "fail", sc_str_from(reason));
}

static const sc_ws_reader_handler_t handler = {
    .on_message = on_message,
    .on_ping = on_ping,
    .on_pong = on_pong,
    .on_close = on_close,
    .on_fail = on_fail,
};

static sc_text_t listen_to(sc_str_t stream, size_t step)
{
    sc_ws_deflate_t *zlib = new_zlib(100);
    listener_t listener = {0};
    sc_text_t rest = {0};

    sc_ws_reader_init(&listener.reader, &handler, PAYLOAD_MAX);
    sc_ws_reader_allow_deflate(&listener.reader, zlib);
    for (size_t at = 0; at < stream.len;) {
        size_t part = step < stream.len - at ? step : stream.len - at;
        size_t used;

        sc_text_add(&rest, sc_str(stream.ptr + at, part));
        at += part;
        used = sc_ws_reader_feed(&listener.reader, rest.ptr, rest.len);
        memmove(rest.ptr, rest.ptr + used, rest.len - used);
        rest.len -= used;
    }
    sc_ws_reader_deinit(&listener.reader);
    sc_text_free(&rest);
    sc_ws_deflate_free(zlib);
    return listener.told;
}

static void listen_in_parts(sc_str_t stream)
{
    sc_text_t whole = listen_to(stream, stream.len);

    for (size_t step = 1; step <= 9; step += 8) {
        sc_text_t told = listen_to(stream, step);

        if (!sc_str_equal(sc_text_str(&whole), sc_text_str(&told)))
            abort();
        sc_text_free(&told);
    }
    sc_text_free(&whole);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *copy;
    sc_str_t input;

    if (size < 1)
        return 0;
    copy = sc_try_alloc(size > 1 ? size - 1 : 1);
    if (copy == NULL)
        return 0;
    memcpy(copy, data + 1, size - 1);
    input = sc_str(copy, size - 1);
    if (data[0] == 'o')
        negotiate(input);
    else if (data[0] == 'p')
        inflate_twice(input);
    else
        listen_in_parts(input);
    free(copy);
    return 0;
}
