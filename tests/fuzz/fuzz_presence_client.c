/*
 * fuzz_presence_client.c: any JSON from clients where stateless_presence reads it: pongs, the data of a subscription, and the
 * claims of a token. Spans stay within the text, names are found again, and what is written of a pong is one again.
 */
#include "common/json_scan.h"
#include "plugins/stateless_presence/presence_packet.h"
#include "plugins/stateless_presence/presence_user.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect_within(sc_str_t span, sc_str_t text)
{
    if (span.ptr < text.ptr || span.ptr + span.len > text.ptr + text.len)
        abort();
}

static void read_pong(sc_str_t text)
{
    sc_presence_pong_t pong;
    sc_presence_pong_t again;
    sc_text_t packet = {0};

    if (sc_presence_packet_read_pong(text, &pong) != SC_OK)
        return;
    expect_within(pong.channel, text);
    expect_within(pong.username, text);
    sc_presence_packet_pong(&packet, &pong, pong.timeout_ms);
    if (sc_presence_packet_read_pong(sc_text_str(&packet), &again) != SC_OK ||
        again.timeout_ms != pong.timeout_ms || !sc_str_equal(again.username, pong.username))
        abort();
    sc_text_free(&packet);
}

static void read_claims(sc_str_t text)
{
    const sc_presence_claim_t claim = {"presence", 64};
    bool is_refused;
    sc_presence_user_t *user = sc_presence_user_of_claims(text, &claim, 1, &is_refused);
    sc_presence_user_t *again;

    if (user == NULL)
        return;
    if (user->data.len > claim.bytes_max || (is_refused && !sc_str_is_none(user->data)))
        abort();
    again = sc_presence_user_new(user->json);
    if (again == NULL || !sc_str_equal(again->name, user->name))
        abort();
    sc_presence_user_unref(again);
    sc_presence_user_unref(user);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sc_str_t text = sc_str((const char *)data, size);
    json_error_t where;
    json_t *json = json_loadb(text.ptr, text.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, &where);

    /* The plugin gets what the server has found to be JSON. */
    if (json == NULL)
        return 0;
    json_decref(json);
    read_pong(text);
    (void)sc_presence_packet_asks_for_roster(text);
    read_claims(text);
    return 0;
}
