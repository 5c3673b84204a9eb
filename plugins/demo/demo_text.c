/*
 * demo_text.c: checks names and messages. See demo_text.h.
 */
#include "demo_text.h"

#define DELETE_CHARACTER 0x7f

static sc_str_t trim(sc_str_t text)
{
    while (text.len > 0 && text.ptr[0] == ' ')
        text = sc_str(text.ptr + 1, text.len - 1);
    while (text.len > 0 && text.ptr[text.len - 1] == ' ')
        text.len--;
    return text;
}

/* Line breaks and tabs are control characters too: both kinds of text are one line. */
static bool has_control_characters(sc_str_t text)
{
    size_t i;

    for (i = 0; i < text.len; i++) {
        if ((unsigned char)text.ptr[i] < ' ' || text.ptr[i] == DELETE_CHARACTER)
            return true;
    }
    return false;
}

/* Bytes 10xxxxxx continue a character. */
static size_t count_characters(sc_str_t text)
{
    size_t count = 0;
    size_t i;

    for (i = 0; i < text.len; i++)
        count += ((unsigned char)text.ptr[i] & 0xc0) != 0x80;
    return count;
}

static sc_status_t check(sc_str_t text, size_t chars_max)
{
    if (text.len == 0 || has_control_characters(text))
        return SC_ERR_INVALID;
    return count_characters(text) > chars_max ? SC_ERR_LIMIT : SC_OK;
}

sc_status_t sc_demo_text_read(sc_str_t json, size_t chars_max, sc_text_t *text)
{
    sc_text_t whole = {0};
    sc_status_t status;

    if (sc_str_is_none(json) || sc_text_add_unquoted(&whole, json) != SC_OK)
        return SC_ERR_INVALID;
    status = check(trim(sc_text_str(&whole)), chars_max);
    if (status == SC_OK)
        sc_text_add(text, trim(sc_text_str(&whole)));
    sc_text_free(&whole);
    return status;
}
