/*
 * test_codec_json.c: the bytes of frames that go to clients.
 */
#include "common/alloc.h"
#include "worker/protocol/codec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* The payload of a short text frame, which must be unmasked, final and of its length. */
static void assert_frame(sc_buf_t *frame, const char *expected)
{
    size_t len = strlen(expected);

    assert_true(len < 126);
    assert_int_equal(frame->len, len + 2);
    assert_int_equal((unsigned char)frame->bytes[0], 0x81);
    assert_int_equal((unsigned char)frame->bytes[1], len);
    assert_memory_equal(frame->bytes + 2, expected, len);
    sc_buf_unref(frame);
}

static sc_channel_t *new_channel(const char *name)
{
    size_t len = strlen(name);
    sc_channel_t *channel = sc_alloc_zeroed(1, sizeof(*channel) + len + 1);

    channel->name_len = (uint32_t)len;
    memcpy(channel->name, name, len);
    return channel;
}

static void free_channel(sc_channel_t *channel)
{
    sc_text_free(&channel->packet_head);
    free(channel);
}

static void an_answer_without_result_is_its_rid_alone(void **state)
{
    (void)state;
    assert_frame(sc_codec_json.write_answer(SC_STR("2"), sc_str_none(), sc_str_none()),
                 "{\"rid\":2}");
}

static void an_answer_repeats_the_cid_as_it_came(void **state)
{
    (void)state;
    assert_frame(sc_codec_json.write_answer(SC_STR("1.50"), sc_str_none(), SC_STR("null")),
                 "{\"rid\":1.50,\"data\":null}");
}

static void an_answer_may_have_error_and_data(void **state)
{
    (void)state;
    assert_frame(sc_codec_json.write_answer(SC_STR("3"), SC_STR("\"e\""), SC_STR("[]")),
                 "{\"rid\":3,\"error\":\"e\",\"data\":[]}");
}

static void an_event_without_data_has_no_data(void **state)
{
    (void)state;
    assert_frame(sc_codec_json.write_event(SC_STR("a\"b"), sc_str_none(), 0),
                 "{\"event\":\"a\\\"b\"}");
}

static void an_event_that_wants_an_answer_has_a_cid(void **state)
{
    (void)state;
    assert_frame(sc_codec_json.write_event(SC_STR("e"), SC_STR("1"), 18446744073709551615u),
                 "{\"event\":\"e\",\"data\":1,\"cid\":18446744073709551615}");
}

static void a_message_carries_its_data_untouched(void **state)
{
    sc_channel_t *channel = new_channel("ro\"om");

    (void)state;
    assert_frame(
        sc_codec_json.write_publish(channel, SC_STR("{ \"x\" : 1 }")),
        "{\"event\":\"#publish\",\"data\":{\"channel\":\"ro\\\"om\",\"data\":{ \"x\" : 1 }}}");
    /* The second is built from what the first has left in the channel. */
    assert_frame(sc_codec_json.write_publish(channel, SC_STR("2")),
                 "{\"event\":\"#publish\",\"data\":{\"channel\":\"ro\\\"om\",\"data\":2}}");
    free_channel(channel);
}

static void a_message_without_data_has_none(void **state)
{
    sc_channel_t *channel = new_channel("r");

    (void)state;
    assert_frame(sc_codec_json.write_publish(channel, sc_str_none()),
                 "{\"event\":\"#publish\",\"data\":{\"channel\":\"r\"}}");
    assert_frame(sc_codec_json.write_publish(channel, SC_STR("0")),
                 "{\"event\":\"#publish\",\"data\":{\"channel\":\"r\",\"data\":0}}");
    free_channel(channel);
}

static void binary_that_is_no_utf8_is_refused(void **state)
{
    sc_text_t scratch = {0};
    sc_str_t text;

    (void)state;
    assert_int_equal(sc_codec_json.read(false, SC_STR("{\"a\":\"\xff\"}"), 100, &scratch, &text),
                     SC_ERR_INVALID);
    assert_int_equal(sc_codec_json.read(false, SC_STR("{}"), 100, &scratch, &text), SC_OK);
    assert_true(sc_str_equal(text, SC_STR("{}")));
}

static void several_packets_are_an_array(void **state)
{
    const sc_str_t packets[] = {SC_STR("{\"rid\":2}"), SC_STR("{\"rid\":3}")};

    (void)state;
    assert_frame(sc_codec_json.write_array(packets, 2), "[{\"rid\":2},{\"rid\":3}]");
}

static void a_raw_text_goes_as_it_is(void **state)
{
    (void)state;
    assert_frame(sc_codec_json.write_raw(SC_STR("any \"text\"")), "any \"text\"");
    assert_frame(sc_codec_json.write_ping_v1(), "#1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_without_result_is_its_rid_alone),
        cmocka_unit_test(an_answer_repeats_the_cid_as_it_came),
        cmocka_unit_test(an_answer_may_have_error_and_data),
        cmocka_unit_test(an_event_without_data_has_no_data),
        cmocka_unit_test(an_event_that_wants_an_answer_has_a_cid),
        cmocka_unit_test(a_message_carries_its_data_untouched),
        cmocka_unit_test(a_message_without_data_has_none),
        cmocka_unit_test(several_packets_are_an_array),
        cmocka_unit_test(a_raw_text_goes_as_it_is),
        cmocka_unit_test(binary_that_is_no_utf8_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
