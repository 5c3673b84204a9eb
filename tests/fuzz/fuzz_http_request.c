/* A stream gives the same requests and the same refusal whole, byte by byte and cut by chance. */
#include "common/alloc.h"
#include "worker/http/http_request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define HEAD_MAX 500u
#define BODY_MAX 100u

static void describe(const sc_http_head_t *head, sc_text_t *out)
{
    static const char *const names[] = {"Host", "Connection", "Upgrade", "a", "X-Forwarded-For"};

    if (sc_http_head_body(head).len > BODY_MAX)
        abort();
    sc_text_add(out, sc_http_head_method(head));
    sc_text_add(out, sc_http_head_path(head));
    sc_text_add(out, sc_http_head_query(head));
    sc_text_add(out, sc_http_head_body(head));
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        sc_text_add(out, sc_http_head_header(head, sc_str_from(names[i])));
    sc_text_addf(out, " %d %d\n", sc_http_head_keeps_alive(head),
                 sc_http_head_wants_websocket(head));
}

/** Feeds one part, in a copy that ends where it ends. @return false: the stream is over. */
static bool feed(sc_http_head_t *head, sc_str_t part, sc_text_t *out)
{
    char *copy = sc_realloc(sc_strdup(part), part.len > 0 ? part.len : 1);
    size_t at = 0;
    bool is_over = false;

    while (at < part.len && !is_over) {
        size_t used;
        sc_status_t status = sc_http_head_feed(head, copy + at, part.len - at, &used);

        if (used > part.len - at || (status == SC_AGAIN && used < part.len - at))
            abort();
        at += used;
        if (status == SC_OK) {
            describe(head, out);
            is_over = sc_http_head_wants_websocket(head);
            sc_http_head_reset(head);
        } else if (status != SC_AGAIN) {
            if (sc_http_head_error_status(head) < 400)
                abort();
            sc_text_addf(out, "%d", sc_http_head_error_status(head));
            is_over = true;
        }
    }
    free(copy);
    return !is_over;
}

/** @param step  of each part; 0: by chance */
static sc_text_t read_all(sc_str_t stream, size_t step)
{
    static const sc_http_limits_t limits = {.head_bytes_max = HEAD_MAX, .body_bytes_max = BODY_MAX};
    sc_http_head_t *head = sc_http_head_new(&limits);
    uint32_t seed = (uint32_t)stream.len;
    sc_text_t out = {0};
    size_t at = 0;
    bool goes_on = true;

    while (at < stream.len && goes_on) {
        size_t part = step;

        if (step == 0) {
            seed = seed * 1103515245u + 12345u;
            part = 1 + (seed >> 16) % 30;
        }
        if (part > stream.len - at)
            part = stream.len - at;
        goes_on = feed(head, sc_str(stream.ptr + at, part), &out);
        at += part;
    }
    sc_http_head_free(head);
    return out;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sc_str_t stream = sc_str((const char *)data, size);
    sc_text_t whole = read_all(stream, size);

    for (size_t step = 0; step <= 1; step++) {
        sc_text_t out = read_all(stream, step);

        if (!sc_str_equal(sc_text_str(&whole), sc_text_str(&out)))
            abort();
        sc_text_free(&out);
    }
    sc_text_free(&whole);
    return 0;
}
