/*
 * fuzz_json_text.c: a member's text is within the object's, and is what a document has; a document that is written
 * is read again as the same.
 */
#include "common/json_scan.h"

#include <sc/json.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void check_member(sc_str_t text, const json_t *document, const char *name)
{
    sc_str_t found = sc_json_member(text, name);
    json_t *value;

    if (!sc_str_is_none(found))
        require(found.ptr >= text.ptr && found.len <= (size_t)(text.ptr + text.len - found.ptr));
    if (document == NULL || sc_json_check(text) == SC_JSON_NONE)
        return; /* jansson does not take all that we do, nor know our limit of depth */
    require((json_object_get(document, name) == NULL) == sc_str_is_none(found));
    if (sc_str_is_none(found))
        return;
    value = sc_json_load(found);
    require(value != NULL);
    json_decref(value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sc_str_t text = sc_str(size > 0 ? (const char *)data : "", size);
    json_t *document = sc_json_load(text);
    sc_text_t written = {0};

    check_member(text, document, "a");
    check_member(text, document, "");
    check_member(text, document, "username");
    check_member(text, document, "\xc3\xa9");
    if (document != NULL) {
        json_t *again;

        sc_text_add_json(&written, document);
        again = sc_json_load(sc_text_str(&written));
        require(json_equal(document, again));
        json_decref(again);
    }
    sc_text_free(&written);
    json_decref(document);
    return 0;
}
