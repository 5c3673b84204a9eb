/* What is read of a batch, written again, gives the same bytes; nothing is read beyond the end. */
#include "common/bus_format.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_header(sc_str_t batch)
{
    char out[SC_BUS_HEADER_BYTES];
    sc_bus_header_t header;

    if (sc_bus_header_read(batch, &header) != SC_OK)
        return;
    sc_bus_header_write(out, &header);
    if (memcmp(out, batch.ptr, sizeof(out)) != 0)
        abort();
}

static void check_record(const char *start, const char *end, const sc_bus_record_t *record)
{
    size_t size = sc_bus_record_size(record);
    char *out = malloc(size);

    if (out == NULL || size != (size_t)(end - start))
        abort();
    sc_bus_record_write(out, record);
    if (memcmp(out, start, size) != 0)
        abort();
    free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sc_str_t batch = sc_str((const char *)data, size);
    sc_bus_reader_t reader;
    sc_bus_record_t record;

    check_header(batch);
    if (size < SC_BUS_HEADER_BYTES)
        return 0;
    sc_bus_reader_init(&reader, batch);
    while (!sc_bus_reader_is_at_end(&reader)) {
        const char *start = reader.at;

        if (sc_bus_reader_next(&reader, &record) != SC_OK)
            break;
        check_record(start, reader.at, &record);
    }
    return 0;
}
