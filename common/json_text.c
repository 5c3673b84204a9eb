/*
 * json_text.c: the JSON functions of include/sc/json.h: documents from texts, texts from documents, and members of an
 * object without a document. The growing texts themselves are in str.c.
 */
#include "common/json_scan.h"

#include <sc/json.h>

json_t *sc_json_load(sc_str_t text)
{
    const size_t flags = JSON_DECODE_ANY | JSON_ALLOW_NUL;
    json_error_t error;
    json_t *json;

    if (sc_str_is_none(text))
        return NULL;
    json = json_loadb(text.ptr, text.len, flags, &error);
    /* Integers beyond 64 bits are JSON too; JavaScript reads them as it does all numbers. */
    if (json == NULL && json_error_code(&error) == json_error_numeric_overflow)
        json = json_loadb(text.ptr, text.len, flags | JSON_DECODE_INT_AS_REAL, &error);
    return json;
}

sc_str_t sc_json_member(sc_str_t object, const char *name)
{
    const sc_str_t wanted = sc_str_from(name);
    sc_json_scan_t scan = sc_json_scan_start(object);
    sc_str_t found = sc_str_none();
    bool has_more;
    sc_status_t status;

    sc_json_scan_space(&scan);
    if (sc_json_scan_peek(&scan) != '{')
        return found;
    status = sc_json_scan_enter(&scan, '}', &has_more);
    while (status == SC_OK && has_more) {
        sc_json_value_t member_name, value;

        status = sc_json_scan_name(&scan, &member_name);
        if (status == SC_OK)
            status = sc_json_scan_value(&scan, &value);
        if (status != SC_OK)
            break;
        if (sc_json_string_is(&member_name, wanted))
            found = value.text;
        status = sc_json_scan_next(&scan, '}', &has_more);
    }
    return status == SC_OK ? found : sc_str_none();
}

static int on_json_bytes(const char *bytes, size_t size, void *arg)
{
    sc_text_add(arg, sc_str(bytes, size));
    return 0;
}

void sc_text_add_json(sc_text_t *text, const json_t *json)
{
    size_t len_before = text->len;

    if (json_dump_callback(json, on_json_bytes, text, JSON_COMPACT | JSON_ENCODE_ANY) == 0)
        return;
    /* No document, or one that holds itself: what was begun would break the text around it. */
    text->len = len_before;
    sc_text_add(text, SC_STR("null"));
}
