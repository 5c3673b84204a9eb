/* A stream leads to the same callbacks whole, byte by byte and cut by chance. */
#include "common/alloc.h"
#include "worker/ws/ws_reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PAYLOAD_MAX 300u

/* A reader and what it has told, as bytes. */
typedef struct listener {
    sc_ws_reader_t reader;
    sc_text_t told;
} listener_t;

static void tell(sc_ws_reader_t *reader, const char *what, sc_str_t payload)
{
    listener_t *listener = (listener_t *)(void *)reader;

    if (listener->reader.is_stopped && strcmp(what, "close") != 0 && strcmp(what, "fail") != 0)
        abort();
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
    tell(reader, "close", reason);
    sc_text_addf(&((listener_t *)(void *)reader)->told, " %d", code);
}

static void on_fail(sc_ws_reader_t *reader, int code, const char *reason)
{
    tell(reader, "fail", sc_str_from(reason));
    sc_text_addf(&((listener_t *)(void *)reader)->told, " %d", code);
}

static const sc_ws_reader_handler_t handler = {
    .on_message = on_message,
    .on_ping = on_ping,
    .on_pong = on_pong,
    .on_close = on_close,
    .on_fail = on_fail,
};

/* The sizes of the parts: all of it, one byte, or what comes out of a simple generator. */
typedef enum cutting {
    CUT_NOWHERE,
    CUT_EVERYWHERE,
    CUT_BY_CHANCE,
} cutting_t;

static size_t next_part(cutting_t cutting, uint32_t *seed, size_t left)
{
    size_t part = left;

    if (cutting == CUT_EVERYWHERE)
        part = 1;
    if (cutting == CUT_BY_CHANCE) {
        *seed = *seed * 1103515245u + 12345u;
        part = 1 + (*seed >> 16) % 40;
    }
    return part < left ? part : left;
}

/** Feeds what is there, in a copy that ends where it ends, and keeps what is left. */
static void feed(listener_t *listener, sc_text_t *rest)
{
    size_t len = rest->len;
    char *copy = sc_strdup(sc_text_str(rest));
    char *exact = sc_realloc(copy, len > 0 ? len : 1);
    size_t used = sc_ws_reader_feed(&listener->reader, exact, len);

    if (used > len)
        abort();
    memmove(rest->ptr, exact + used, len - used);
    rest->len = len - used;
    if (sc_ws_reader_wanted(rest->ptr, rest->len, &listener->reader) > PAYLOAD_MAX + 14)
        abort();
    free(exact);
}

static sc_text_t listen_to(const uint8_t *data, size_t size, cutting_t cutting)
{
    listener_t listener = {0};
    sc_text_t rest = {0};
    uint32_t seed = size > 0 ? data[size / 2] : 0;
    size_t at = 0;

    sc_ws_reader_init(&listener.reader, &handler, PAYLOAD_MAX);
    while (at < size) {
        size_t part = next_part(cutting, &seed, size - at);

        sc_text_add(&rest, sc_str((const char *)data + at, part));
        at += part;
        feed(&listener, &rest);
    }
    sc_ws_reader_deinit(&listener.reader);
    sc_text_free(&rest);
    return listener.told;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sc_text_t whole = listen_to(data, size, CUT_NOWHERE);

    for (cutting_t cutting = CUT_EVERYWHERE; cutting <= CUT_BY_CHANCE; cutting++) {
        sc_text_t told = listen_to(data, size, cutting);

        if (!sc_str_equal(sc_text_str(&whole), sc_text_str(&told)))
            abort();
        sc_text_free(&told);
    }
    sc_text_free(&whole);
    return 0;
}
