/*
 * fuzz_packet_scan.c: whatever the bytes, spans stay within them; what is found is JSON by itself; elements of an array are
 * what the check says; a beginning of a packet is none.
 */
#include "worker/protocol/packet_scan.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void check_value(const sc_json_value_t *value, sc_str_t within)
{
    if (value->kind == SC_JSON_NONE) {
        require(value->text.ptr == NULL);
        return;
    }
    require(value->text.ptr >= within.ptr &&
            value->text.len <= (size_t)(within.ptr + within.len - value->text.ptr));
    require(sc_json_check(value->text) == value->kind);
    if (value->kind == SC_JSON_STRING)
        require(value->is_escaped == (memchr(value->text.ptr, '\\', value->text.len) != NULL));
}

static void on_element(sc_str_t element, sc_json_kind_t kind, void *arg)
{
    size_t *count = arg;

    require(sc_json_check(element) == kind && kind != SC_JSON_NONE);
    (*count)++;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sc_str_t text = sc_str(size > 0 ? (const char *)data : "", size);
    sc_json_kind_t kind = sc_json_check(text);
    size_t element_count = 0;
    sc_packet_t packet, cut;
    sc_status_t status = sc_packet_scan(text, &packet);

    require((status == SC_OK) == (kind == SC_JSON_OBJECT));
    check_value(&packet.event, text);
    check_value(&packet.cid, text);
    check_value(&packet.rid, text);
    check_value(&packet.error, text);
    check_value(&packet.data, text);
    check_value(&packet.channel, packet.data.text);
    check_value(&packet.inner_data, packet.data.text);
    if (status == SC_OK && text.ptr[size - 1] == '}')
        require(sc_packet_scan(sc_str(text.ptr, size - 1), &cut) != SC_OK);
    require((sc_packet_scan_array(text, on_element, &element_count) == SC_OK) ==
            (kind == SC_JSON_ARRAY));
    require(element_count == 0 || kind == SC_JSON_ARRAY);
    require(sc_json_plain_end(text.ptr, text.ptr + size) ==
            sc_json_plain_end_by_words(text.ptr, text.ptr + size));
    return 0;
}
