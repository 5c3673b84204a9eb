/*
 * test_packet_scan.c: the parts of a packet are found whatever the order, spelling and number of its members, and nothing
 * that is not JSON passes (docs/protocol.md, "Packets").
 */
#include "worker/protocol/packet_scan.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void assert_value(const sc_json_value_t *value, sc_json_kind_t kind, const char *text)
{
    assert_int_equal(value->kind, kind);
    if (kind == SC_JSON_NONE)
        assert_null(value->text.ptr);
    else
        assert_true(sc_str_equal(value->text, sc_str_from(text)));
}

static void scan(const char *text, sc_packet_t *packet)
{
    assert_int_equal(sc_packet_scan(sc_str_from(text), packet), SC_OK);
}

static sc_status_t status_of(sc_str_t text)
{
    char *exact = malloc(text.len > 0 ? text.len : 1); /* a sanitizer sees reads behind it */
    sc_packet_t packet;
    sc_status_t status;

    assert_non_null(exact);
    if (text.len > 0)
        memcpy(exact, text.ptr, text.len);
    status = sc_packet_scan(sc_str(exact, text.len), &packet);
    free(exact);
    return status;
}

static void a_publish_is_found_in_all_its_parts(void **state)
{
    sc_packet_t packet;

    (void)state;
    scan("{\"event\":\"#publish\",\"data\":{\"channel\":\"room\",\"data\":{\"a\":[1]}},\"cid\":3}",
         &packet);
    assert_value(&packet.event, SC_JSON_STRING, "\"#publish\"");
    assert_value(&packet.cid, SC_JSON_NUMBER, "3");
    assert_value(&packet.rid, SC_JSON_NONE, NULL);
    assert_value(&packet.error, SC_JSON_NONE, NULL);
    assert_value(&packet.data, SC_JSON_OBJECT, "{\"channel\":\"room\",\"data\":{\"a\":[1]}}");
    assert_value(&packet.channel, SC_JSON_STRING, "\"room\"");
    assert_value(&packet.inner_data, SC_JSON_OBJECT, "{\"a\":[1]}");
    assert_true(sc_str_equal(sc_json_raw_string(&packet.channel), SC_STR("room")));
    assert_false(packet.channel.is_escaped);
}

static void the_order_of_members_means_nothing(void **state)
{
    sc_packet_t packet;

    (void)state;
    scan(" { \"cid\" : 3 , \"data\" : { \"x\" : 0 , \"data\" : null , \"channel\" : \"a\\nb\" } , "
         "\"event\" : \"e\" } ",
         &packet);
    assert_value(&packet.event, SC_JSON_STRING, "\"e\"");
    assert_value(&packet.cid, SC_JSON_NUMBER, "3");
    assert_value(&packet.data, SC_JSON_OBJECT,
                 "{ \"x\" : 0 , \"data\" : null , \"channel\" : \"a\\nb\" }");
    assert_value(&packet.channel, SC_JSON_STRING, "\"a\\nb\"");
    assert_true(packet.channel.is_escaped);
    assert_value(&packet.inner_data, SC_JSON_NULL, "null");
}

static void an_answer_is_found_in_all_its_parts(void **state)
{
    sc_packet_t packet;

    (void)state;
    scan("{\"rid\":-1.5e3,\"error\":{\"message\":\"m\",\"data\":1},\"data\":[{\"channel\":1}]}",
         &packet);
    assert_value(&packet.rid, SC_JSON_NUMBER, "-1.5e3");
    assert_value(&packet.error, SC_JSON_OBJECT, "{\"message\":\"m\",\"data\":1}");
    assert_value(&packet.data, SC_JSON_ARRAY, "[{\"channel\":1}]");
    assert_value(&packet.channel, SC_JSON_NONE, NULL);
    assert_value(&packet.inner_data, SC_JSON_NONE, NULL);
    assert_value(&packet.event, SC_JSON_NONE, NULL);
}

static void each_kind_of_data_is_told(void **state)
{
    static const struct {
        const char *text;
        sc_json_kind_t kind;
    } cases[] = {
        {"null", SC_JSON_NULL}, {"false", SC_JSON_FALSE}, {"true", SC_JSON_TRUE},
        {"0", SC_JSON_NUMBER},  {"\"\"", SC_JSON_STRING}, {"[]", SC_JSON_ARRAY},
        {"{}", SC_JSON_OBJECT},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char text[64] = "{\"data\":";
        sc_packet_t packet;

        strcat(text, cases[i].text);
        strcat(text, "}");
        scan(text, &packet);
        assert_value(&packet.data, cases[i].kind, cases[i].text);
        assert_value(&packet.channel, SC_JSON_NONE, NULL);
    }
}

static void names_may_be_escaped(void **state)
{
    sc_packet_t packet;

    (void)state;
    scan("{\"\\u0065vent\":1,\"ci\\u0064\":2,\"\\u0072id\":3,\"erro\\u0072\":4,\"d\\u0061ta\":"
         "{\"\\u0063hannel\":5,\"dat\\u0061\":6,\"\\u0065vent\":7}}",
         &packet);
    assert_value(&packet.event, SC_JSON_NUMBER, "1");
    assert_value(&packet.cid, SC_JSON_NUMBER, "2");
    assert_value(&packet.rid, SC_JSON_NUMBER, "3");
    assert_value(&packet.error, SC_JSON_NUMBER, "4");
    assert_value(&packet.channel, SC_JSON_NUMBER, "5");
    assert_value(&packet.inner_data, SC_JSON_NUMBER, "6");
}

static void names_that_are_only_alike_mean_nothing(void **state)
{
    sc_packet_t packet;
    const sc_packet_t nothing = {.event = {.kind = SC_JSON_NONE}};

    (void)state;
    scan("{\"Event\":1,\"events\":1,\"even\":1,\"cie\":1,\"rie\":1,\"sid\":1,\"errors\":1,\"date\":"
         "1,\"\":1,\"channel\":1,"
         "\"\\u0044ata\":1,\"\\\\data\":1,\"e\\ud800ent\":1,\"xxxxx\":1,\"x\":{\"data\":{"
         "\"channel\":1},\"event\":1}}",
         &packet);
    assert_memory_equal(&packet, &nothing, sizeof(packet));
    scan("{\"data\":{\"event\":1,\"cid\":1,\"rid\":1,\"error\":1,\"channels\":1,\"x\":{\"data\":1,"
         "\"channel\":1}}}",
         &packet);
    assert_value(&packet.event, SC_JSON_NONE, NULL);
    assert_value(&packet.cid, SC_JSON_NONE, NULL);
    assert_value(&packet.channel, SC_JSON_NONE, NULL);
    assert_value(&packet.inner_data, SC_JSON_NONE, NULL);
}

static void of_duplicate_members_the_last_counts(void **state)
{
    sc_packet_t packet;

    (void)state;
    scan("{\"event\":\"a\",\"event\":\"b\",\"data\":{\"channel\":1,\"channel\":2,\"data\":3,"
         "\"data\":4}}",
         &packet);
    assert_value(&packet.event, SC_JSON_STRING, "\"b\"");
    assert_value(&packet.channel, SC_JSON_NUMBER, "2");
    assert_value(&packet.inner_data, SC_JSON_NUMBER, "4");

    scan("{\"data\":{\"channel\":1,\"data\":2},\"data\":\"x\"}", &packet);
    assert_value(&packet.data, SC_JSON_STRING, "\"x\"");
    assert_value(&packet.channel, SC_JSON_NONE, NULL);
    assert_value(&packet.inner_data, SC_JSON_NONE, NULL);

    scan("{\"data\":{\"channel\":1,\"data\":2},\"d\\u0061ta\":{\"data\":3}}", &packet);
    assert_value(&packet.channel, SC_JSON_NONE, NULL);
    assert_value(&packet.inner_data, SC_JSON_NUMBER, "3");

    scan("{\"data\":\"a\\n\",\"data\":{}}", &packet);
    assert_value(&packet.data, SC_JSON_OBJECT, "{}");
    assert_false(packet.data.is_escaped);
    scan("{\"event\":\"a\\n\",\"event\":[]}", &packet);
    assert_false(packet.event.is_escaped);
}

static void what_is_no_packet_is_refused(void **state)
{
    /* clang-format off */
    static const char *const cases[] = {
        "", " ", "null", "true", "5", "\"{}\"", "hello", "#1", "#2", "{", "}", "{]", "{}{}",
        "{},", "\xef\xbb\xbf{}", "{\"event\"}", "{\"event\":}", "{\"event\":\"a\",}",
        "{\"event\":\"a\" \"cid\":1}", "{event:1}", "{\"data\":{}", "{\"data\":{\"channel\"}}",
        "{\"data\":{\"channel\":}}", "{\"data\":{\"channel\":1,}}", "{\"data\":{,}}",
        "{\"data\":{]}", "{\"data\":{\"a\":1]}", "{\"cid\":01}", "{\"cid\":1.}", "{\"x\":[1,]}",
        "{\"x\":\"\\x\"}", "{\"ev\nent\":1}", "{\"\\u00g0\":1}",
    };
    /* clang-format on */

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        if (status_of(sc_str_from(cases[i])) != SC_ERR_INVALID)
            fail_msg("taken: %s", cases[i]);
    }
}

static void a_refused_packet_has_no_members(void **state)
{
    static const sc_packet_t nothing = {.event = {.kind = SC_JSON_NONE}};
    sc_packet_t packet;

    (void)state;
    assert_int_equal(sc_packet_scan(SC_STR("{\"event\":\"a\",\"data\":{\"channel\":1}},"), &packet),
                     SC_ERR_INVALID);
    assert_memory_equal(&packet, &nothing, sizeof(packet));
    assert_int_equal(sc_packet_scan(SC_STR("  []"), &packet), SC_AGAIN);
    assert_memory_equal(&packet, &nothing, sizeof(packet));
}

static void packets_cut_at_any_place_are_refused(void **state)
{
    static const char *const packets[] = {
        "{\"event\":\"#handshake\",\"data\":{\"authToken\":null},\"cid\":1}",
        "{\"event\":\"#publish\",\"data\":{\"channel\":\"r\\u00f6\\n\",\"data\":[1.5e3,{\"a\":"
        "\"b\"}]},\"cid\":12}",
        "{\"rid\":7,\"error\":{\"message\":\"a string of more than sixteen "
        "bytes\"},\"data\":true}"};

    (void)state;
    for (size_t i = 0; i < COUNT(packets); i++) {
        size_t whole = strlen(packets[i]);

        assert_int_equal(status_of(sc_str(packets[i], whole)), SC_OK);
        for (size_t len = 0; len < whole; len++)
            assert_int_equal(status_of(sc_str(packets[i], len)), SC_ERR_INVALID);
    }
}

/** {"data":{"data":[[[...]]]}} of so many levels in all. */
static sc_status_t status_of_nested(const char *before, const char *behind, size_t levels)
{
    char *text = malloc(strlen(before) + strlen(behind) + 2 * levels + 1);
    size_t before_len = strlen(before);
    sc_status_t status;

    assert_non_null(text);
    memcpy(text, before, before_len);
    memset(text + before_len, '[', levels);
    memset(text + before_len + levels, ']', levels);
    strcpy(text + before_len + 2 * levels, behind);
    status = status_of(sc_str_from(text));
    free(text);
    return status;
}

static void depth_is_limited_wherever_it_is(void **state)
{
    (void)state;
    assert_int_equal(status_of_nested("{\"x\":", "}", SC_JSON_DEPTH_MAX - 1), SC_OK);
    assert_int_equal(status_of_nested("{\"x\":", "}", SC_JSON_DEPTH_MAX), SC_ERR_LIMIT);
    assert_int_equal(status_of_nested("{\"data\":", "}", SC_JSON_DEPTH_MAX), SC_ERR_LIMIT);
    assert_int_equal(status_of_nested("{\"data\":{\"data\":", "}}", SC_JSON_DEPTH_MAX - 2), SC_OK);
    assert_int_equal(status_of_nested("{\"data\":{\"data\":", "}}", SC_JSON_DEPTH_MAX - 1),
                     SC_ERR_LIMIT);
    assert_int_equal(
        status_of_nested("{\"data\":{},\"data\":{\"data\":", "}}", SC_JSON_DEPTH_MAX - 2), SC_OK);
    assert_int_equal(status_of_nested("{\"x\":", "}", 3000000), SC_ERR_LIMIT);
}

/* ---- Arrays --------------------------------------------------------------------------------------------------- */

typedef struct elements {
    sc_str_t texts[8];
    sc_json_kind_t kinds[8];
    size_t count;
} elements_t;

static void on_element(sc_str_t element, sc_json_kind_t kind, void *arg)
{
    elements_t *elements = arg;

    assert_in_range(elements->count, 0, 7);
    elements->texts[elements->count] = element;
    elements->kinds[elements->count++] = kind;
}

static void elements_of_an_array_come_in_order(void **state)
{
    elements_t elements = {.count = 0};

    (void)state;
    assert_int_equal(sc_packet_scan_array(SC_STR(" [ {\"event\":\"a\"} ,null,5, \"x\",[{}]] "),
                                          on_element, &elements),
                     SC_OK);
    assert_int_equal(elements.count, 5);
    assert_true(sc_str_equal(elements.texts[0], SC_STR("{\"event\":\"a\"}")));
    assert_int_equal(elements.kinds[0], SC_JSON_OBJECT);
    assert_true(sc_str_equal(elements.texts[1], SC_STR("null")));
    assert_int_equal(elements.kinds[1], SC_JSON_NULL);
    assert_int_equal(elements.kinds[2], SC_JSON_NUMBER);
    assert_true(sc_str_equal(elements.texts[3], SC_STR("\"x\"")));
    assert_true(sc_str_equal(elements.texts[4], SC_STR("[{}]")));
    assert_int_equal(elements.kinds[4], SC_JSON_ARRAY);
}

static void nothing_of_a_broken_array_is_handed_out(void **state)
{
    /* clang-format off */
    static const char *const cases[] = {
        "", "{}", "null", "[", "[1", "[1,", "[1,]", "[1]]", "[1,2", "[1 2]", "[1}", "[1]x",
    };
    /* clang-format on */
    elements_t elements = {.count = 0};

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_int_equal(sc_packet_scan_array(sc_str_from(cases[i]), on_element, &elements),
                         SC_ERR_INVALID);
    assert_int_equal(elements.count, 0);
    assert_int_equal(sc_packet_scan_array(SC_STR("[]"), on_element, &elements), SC_OK);
    assert_int_equal(elements.count, 0);
}

static void arrays_are_limited_in_depth_too(void **state)
{
    char text[2 * SC_JSON_DEPTH_MAX + 2];
    elements_t elements = {.count = 0};

    (void)state;
    memset(text, '[', SC_JSON_DEPTH_MAX + 1);
    memset(text + SC_JSON_DEPTH_MAX + 1, ']', SC_JSON_DEPTH_MAX + 1);
    assert_int_equal(sc_packet_scan_array(sc_str(text, sizeof(text)), on_element, &elements),
                     SC_ERR_LIMIT);
    assert_int_equal(elements.count, 0);
    assert_int_equal(
        sc_packet_scan_array(sc_str(text + 1, sizeof(text) - 2), on_element, &elements), SC_OK);
    assert_int_equal(elements.count, 1);
}

/* ---- Against jansson ------------------------------------------------------------------------------------------ */

static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

static void assert_same(const sc_json_value_t *value, const json_t *expected)
{
    json_t *found = value->kind == SC_JSON_NONE
                        ? NULL
                        : json_loadb(value->text.ptr, value->text.len, JSON_DECODE_ANY, NULL);

    assert_int_equal(found == NULL, expected == NULL);
    if (found != NULL)
        assert_true(json_equal(found, expected));
    json_decref(found);
}

static void compare_with_document(sc_str_t text)
{
    json_error_t error;
    json_t *document = json_loadb(text.ptr, text.len, JSON_DECODE_ANY, &error);
    sc_packet_t packet;
    sc_status_t status = sc_packet_scan(text, &packet);

    if (document == NULL && (json_error_code(&error) == json_error_numeric_overflow ||
                             memmem(text.ptr, text.len, "\\ud", 3) != NULL))
        return; /* a number beyond a double, half a surrogate pair: ours to take, jansson's to refuse */
    if (!json_is_array(document) && (status == SC_OK) != json_is_object(document))
        fail_msg("judged %s: %.*s", sc_status_name(status), SC_STR_ARG(text));
    if (status == SC_OK) {
        json_t *data = json_object_get(document, "data");

        assert_same(&packet.event, json_object_get(document, "event"));
        assert_same(&packet.cid, json_object_get(document, "cid"));
        assert_same(&packet.rid, json_object_get(document, "rid"));
        assert_same(&packet.error, json_object_get(document, "error"));
        assert_same(&packet.data, data);
        assert_same(&packet.channel, json_object_get(data, "channel"));
        assert_same(&packet.inner_data, json_object_get(data, "data"));
    }
    json_decref(document);
}

static void mutated_packets_are_read_as_by_jansson(void **state)
{
    static const char *const seeds[] = {
        "{\"event\":\"#publish\",\"data\":{\"channel\":\"room\",\"data\":\"hi\"},\"cid\":3}",
        "{\"data\":{\"data\":{\"x\":[1,{\"data\":2}]},\"channel\":\"a\"},\"data\":{\"channel\":1},"
        "\"rid\":1}",
        "{\"error\":[null],\"data\":{\"channel\":\"b\"},\"data\":true,\"\\u0065vent\":\"x\"}"};
    static const char bytes[] = "{}[]\",:\\/ \n0123456789.eE-trufalsn\x01";
    uint32_t seed = 7;

    (void)state;
    for (unsigned round = 0; round < 60000; round++) {
        const char *original = seeds[round % COUNT(seeds)];
        size_t len = strlen(original);
        char text[128];

        memcpy(text, original, len);
        for (uint32_t change = next_random(&seed) % 3; change > 0; change--) {
            size_t from = next_random(&seed) % len, to = next_random(&seed) % len;

            if (next_random(&seed) % 2 == 0)
                text[to] = bytes[next_random(&seed) % (sizeof(bytes) - 1)];
            else
                memmove(text + to, text + from, (len - (from > to ? from : to)) % 12);
        }
        compare_with_document(sc_str(text, len));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_publish_is_found_in_all_its_parts),
        cmocka_unit_test(the_order_of_members_means_nothing),
        cmocka_unit_test(an_answer_is_found_in_all_its_parts),
        cmocka_unit_test(each_kind_of_data_is_told),
        cmocka_unit_test(names_may_be_escaped),
        cmocka_unit_test(names_that_are_only_alike_mean_nothing),
        cmocka_unit_test(of_duplicate_members_the_last_counts),
        cmocka_unit_test(what_is_no_packet_is_refused),
        cmocka_unit_test(a_refused_packet_has_no_members),
        cmocka_unit_test(packets_cut_at_any_place_are_refused),
        cmocka_unit_test(depth_is_limited_wherever_it_is),
        cmocka_unit_test(elements_of_an_array_come_in_order),
        cmocka_unit_test(nothing_of_a_broken_array_is_handed_out),
        cmocka_unit_test(arrays_are_limited_in_depth_too),
        cmocka_unit_test(mutated_packets_are_read_as_by_jansson),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
