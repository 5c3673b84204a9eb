/*
 * packet_scan.c: one pass over a packet. What each client sends goes through here, so members are told apart by length
 * and bytes before anything is compared in earnest.
 */
#include "worker/protocol/packet_scan.h"

static bool is_name(sc_str_t raw, const char *name, size_t len)
{
    return memcmp(raw.ptr, name, len) == 0;
}

/** Where a member of the packet itself is kept; NULL: it means nothing. */
static sc_json_value_t *outer_slot(sc_packet_t *packet, sc_str_t raw)
{
    switch (raw.len) {
    case 3:
        if (is_name(raw, "cid", 3))
            return &packet->cid;
        return is_name(raw, "rid", 3) ? &packet->rid : NULL;
    case 4:
        return is_name(raw, "data", 4) ? &packet->data : NULL;
    case 5:
        if (is_name(raw, "event", 5))
            return &packet->event;
        return is_name(raw, "error", 5) ? &packet->error : NULL;
    default:
        return NULL;
    }
}

static sc_json_value_t *inner_slot(sc_packet_t *packet, sc_str_t raw)
{
    if (raw.len == 4 && is_name(raw, "data", 4))
        return &packet->inner_data;
    return raw.len == 7 && is_name(raw, "channel", 7) ? &packet->channel : NULL;
}

/** Such a name as it would be without escapes; itself if it means nothing anyway. No client writes one so. */
static sc_str_t plain_name(const sc_json_value_t *name)
{
    static const sc_str_t names[] = {
        {"event", 5}, {"data", 4}, {"cid", 3}, {"rid", 3}, {"error", 5}, {"channel", 7},
    };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (sc_json_string_is(name, names[i]))
            return names[i];
    }
    return sc_json_raw_string(name);
}

static sc_json_value_t *slot_of(sc_packet_t *packet, const sc_json_value_t *name, bool is_inner)
{
    sc_str_t plain = name->is_escaped ? plain_name(name) : sc_json_raw_string(name);

    return is_inner ? inner_slot(packet, plain) : outer_slot(packet, plain);
}

static sc_status_t scan_data(sc_json_scan_t *scan, sc_packet_t *packet);

/** The members of the packet, or of its data if `is_inner`. It calls itself once at most: by scan_data. */
static sc_status_t scan_members(sc_json_scan_t *scan, sc_packet_t *packet, bool is_inner)
{
    bool has_more;
    sc_status_t status = sc_json_scan_enter(scan, '}', &has_more);

    while (status == SC_OK && has_more) {
        sc_json_value_t name, ignored;
        sc_json_value_t *slot;

        status = sc_json_scan_name(scan, &name);
        if (status != SC_OK)
            return status;
        slot = slot_of(packet, &name, is_inner);
        if (slot == &packet->data)
            status = scan_data(scan, packet);
        else
            status = sc_json_scan_value(scan, slot != NULL ? slot : &ignored);
        if (status == SC_OK)
            status = sc_json_scan_next(scan, '}', &has_more);
    }
    return status;
}

static sc_status_t scan_data(sc_json_scan_t *scan, sc_packet_t *packet)
{
    const char *begin = scan->at;
    sc_status_t status;

    /* An earlier `data` does not count any more. */
    packet->channel = (sc_json_value_t){.kind = SC_JSON_NONE};
    packet->inner_data = (sc_json_value_t){.kind = SC_JSON_NONE};
    if (sc_json_scan_peek(scan) != '{')
        return sc_json_scan_value(scan, &packet->data);
    status = scan_members(scan, packet, true);
    packet->data.kind = SC_JSON_OBJECT;
    packet->data.is_escaped = false;
    packet->data.text = sc_str(begin, (size_t)(scan->at - begin));
    return status;
}

sc_status_t sc_packet_scan(sc_str_t text, sc_packet_t *packet)
{
    sc_json_scan_t scan = sc_json_scan_start(text);
    sc_status_t status;

    memset(packet, 0, sizeof(*packet));
    sc_json_scan_space(&scan);
    if (sc_json_scan_peek(&scan) == '[')
        return SC_AGAIN;
    if (sc_json_scan_peek(&scan) != '{')
        return SC_ERR_INVALID;
    status = scan_members(&scan, packet, false);
    if (status == SC_OK && !sc_json_scan_is_done(&scan))
        status = SC_ERR_INVALID;
    if (status != SC_OK)
        memset(packet, 0, sizeof(*packet));
    return status;
}

/** Walks the elements of the array that the scanner stands on; `callback` may be NULL. */
static sc_status_t scan_elements(sc_json_scan_t *scan, sc_packet_element_cb callback, void *arg)
{
    bool has_more;
    sc_status_t status = sc_json_scan_enter(scan, ']', &has_more);

    while (status == SC_OK && has_more) {
        sc_json_value_t element;

        status = sc_json_scan_value(scan, &element);
        if (status != SC_OK)
            return status;
        if (callback != NULL)
            callback(element.text, element.kind, arg);
        status = sc_json_scan_next(scan, ']', &has_more);
    }
    return status;
}

sc_status_t sc_packet_scan_array(sc_str_t text, sc_packet_element_cb callback, void *arg)
{
    sc_json_scan_t scan = sc_json_scan_start(text);
    sc_json_scan_t again;
    sc_status_t status;

    sc_json_scan_space(&scan);
    if (sc_json_scan_peek(&scan) != '[')
        return SC_ERR_INVALID;
    again = scan;
    status = scan_elements(&scan, NULL, NULL);
    if (status == SC_OK && !sc_json_scan_is_done(&scan))
        status = SC_ERR_INVALID;
    return status == SC_OK ? scan_elements(&again, callback, arg) : status;
}
