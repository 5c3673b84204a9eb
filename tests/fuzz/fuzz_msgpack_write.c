/*
 * fuzz_msgpack_write.c: exactly what is JSON is written, and it is read as JSON of the same kind.
 */
#include "common/json_scan.h"
#include "worker/protocol/msgpack_read.h"
#include "worker/protocol/msgpack_write.h"
#include "worker/ws/utf8.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

/* A number beyond all doubles is infinite there, and null again. */
static bool is_same_kind(sc_json_kind_t written, sc_json_kind_t read)
{
    return read == written || (written == SC_JSON_NUMBER && read == SC_JSON_NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sc_str_t text = sc_str(size > 0 ? (const char *)data : "", size);
    sc_json_kind_t kind = sc_json_check(text);
    sc_msgpack_writer_t writer;
    sc_msgpack_reader_t reader = {0};
    sc_text_t out = {0};
    sc_status_t status, read_status;
    sc_buf_t *buf;

    sc_msgpack_begin(&writer, size / 2, 2);
    status = sc_msgpack_put_json(&writer, text);
    require((status == SC_OK) == (kind != SC_JSON_NONE));
    buf = sc_msgpack_finish(&writer);
    reader.at = (const uint8_t *)buf->bytes + 2;
    reader.end = (const uint8_t *)buf->bytes + buf->len;
    reader.out = &out;
    reader.out_max = SIZE_MAX / 4;
    read_status = sc_msgpack_read_value(&reader);
    if (sc_utf8_is_valid(text)) {
        require(read_status == SC_OK && reader.at == reader.end);
        require(status != SC_OK || is_same_kind(kind, sc_json_check(sc_text_str(&out))));
    }
    sc_buf_unref(buf);
    sc_text_free(&out);
    return 0;
}
