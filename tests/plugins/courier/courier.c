/*
 * courier.c: what all halves do with a message.
 */
#include "courier.h"

#include <stdlib.h>

static const char *const kinds[] = {"master", "worker", "broker"};

long long courier_number(sc_str_t json, const char *name, long long fallback)
{
    sc_str_t member = sc_json_member(json, name);
    char digits[24] = {0};

    if (sc_str_is_none(member) || member.len >= sizeof(digits))
        return fallback;
    memcpy(digits, member.ptr, member.len);
    return strtoll(digits, NULL, 10);
}

bool courier_is(sc_str_t json, const char *name, const char *text)
{
    sc_str_t member = sc_json_member(json, name);

    return member.len == strlen(text) + 2 && member.ptr[0] == '"' &&
           memcmp(member.ptr + 1, text, strlen(text)) == 0;
}

sc_status_t courier_open(courier_t *courier, sc_messenger_t *messenger,
                         sc_message_handler_cb callback, void *arg)
{
    courier->messenger = messenger;
    courier->is_in_order = true;
    return sc_messenger_on(messenger, COURIER, callback, arg);
}

void courier_close(courier_t *courier)
{
    while (courier->kept_count > 0)
        sc_message_drop(courier->kept[--courier->kept_count]);
}

static void answer_from(sc_message_t *message)
{
    sc_process_t from = sc_message_from(message);
    sc_text_t text = {NULL, 0, 0};

    sc_text_addf(&text, "\"%s %u\"", kinds[from.kind], from.id);
    sc_message_answer(message, sc_text_str(&text));
    sc_text_free(&text);
}

static void answer_counted(const courier_t *courier, sc_message_t *message)
{
    sc_text_t text = {NULL, 0, 0};

    sc_text_addf(&text, "{\"count\":%lld,\"inOrder\":%s}", courier->count,
                 courier->is_in_order ? "true" : "false");
    sc_message_answer(message, sc_text_str(&text));
    sc_text_free(&text);
}

static void answer_long(sc_message_t *message)
{
    size_t len = SC_MESSAGE_BYTES_MAX + 1;
    char *text = malloc(len);

    if (text == NULL) {
        sc_message_drop(message);
        return;
    }
    memset(text, '1', len);
    sc_message_answer(message, sc_str(text, len));
    free(text);
}

void courier_handle(courier_t *courier, sc_message_t *message)
{
    sc_str_t data = sc_message_data(message);

    if (courier_is(data, "do", "echo")) {
        sc_message_answer(message, data);
    } else if (courier_is(data, "do", "fail")) {
        sc_message_fail(message, SC_STR("{\"message\":\"as told\"}"));
    } else if (courier_is(data, "do", "from")) {
        answer_from(message);
    } else if (courier_is(data, "do", "counted")) {
        answer_counted(courier, message);
    } else if (courier_is(data, "do", "long")) {
        answer_long(message);
    } else if (courier_is(data, "do", "keep") && courier->kept_count < COURIER_KEPT_MAX) {
        courier->kept[courier->kept_count++] = message;
    } else if (courier_is(data, "do", "count")) {
        courier->is_in_order =
            courier->is_in_order && courier_number(data, "n", -1) == courier->count;
        courier->count++;
        sc_message_drop(message);
    } else {
        sc_message_answer(message, sc_str_none());
    }
}
