#include "common/bus_format.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define BATCH_BYTES 4096

/* One record of each type, with texts that are there, empty and none. */
static const sc_bus_record_t samples[] = {
    {.type = SC_BUS_SUBSCRIBE, .name = {"room:1", 6}},
    {.type = SC_BUS_UNSUBSCRIBE, .name = {"", 0}},
    {.type = SC_BUS_SUBSCRIBED, .name = {"room:1", 6}},
    {.type = SC_BUS_SYNCED},
    {.type = SC_BUS_PUBLISH, .seq = 1, .name = {"a", 1}, .data = {"{\"x\":1}", 7}},
    {.type = SC_BUS_PUBLISH, .seq = UINT64_MAX, .name = {"a", 1}, .data = {"", 0}},
    {.type = SC_BUS_MESSAGE, .seq = 7, .origin = 0x0102030405060708, .name = {"", 0}},
    {.type = SC_BUS_MESSAGE, .seq = 8, .origin = 1, .name = {"b", 1}, .data = {"null", 4}},
    {.type = SC_BUS_ACK, .seq = 12, .count = 3},
    {.type = SC_BUS_PLUGIN, .name = {"presence", 8}, .data = {"\0\xff", 2}},
};
#define SAMPLE_COUNT (sizeof(samples) / sizeof(samples[0]))

static const sc_bus_header_t sample_header = {0x1122334455667788, 2, 3, 4};

/* A batch of all samples. @return its length. */
static size_t write_batch(char *batch)
{
    size_t len = SC_BUS_HEADER_BYTES;

    sc_bus_header_write(batch, &sample_header);
    for (size_t i = 0; i < SAMPLE_COUNT; i++) {
        sc_bus_record_write(batch + len, &samples[i]);
        len += sc_bus_record_size(&samples[i]);
    }
    return len;
}

static void assert_same_text(sc_str_t a, sc_str_t b)
{
    assert_true(sc_str_equal(a, b));
}

static void assert_same(const sc_bus_record_t *a, const sc_bus_record_t *b)
{
    assert_int_equal(a->type, b->type);
    assert_int_equal(a->seq, b->seq);
    assert_int_equal(a->origin, b->origin);
    assert_int_equal(a->count, b->count);
    assert_same_text(a->name, b->name);
    assert_same_text(a->data, b->data);
    assert_int_equal(sc_str_is_none(a->data), sc_str_is_none(b->data));
}

/* Reads from memory of exactly this size. @return how many records were read before the end or an error. */
static size_t read_all(const char *batch, size_t len, sc_status_t *status)
{
    char *copy = malloc(len);
    sc_bus_reader_t reader;
    sc_bus_record_t record;
    size_t count = 0;

    assert_non_null(copy);
    memcpy(copy, batch, len);
    *status = SC_OK;
    sc_bus_reader_init(&reader, sc_str(copy, len));
    while (!sc_bus_reader_is_at_end(&reader)) {
        *status = sc_bus_reader_next(&reader, &record);
        if (*status != SC_OK)
            break;
        if (count < SAMPLE_COUNT)
            assert_same(&record, &samples[count]);
        count++;
    }
    free(copy);
    return count;
}

static void what_was_written_is_read(void **state)
{
    char batch[BATCH_BYTES];
    size_t len = write_batch(batch);
    sc_bus_header_t header;
    sc_status_t status;

    (void)state;
    assert_int_equal(sc_bus_header_read(sc_str(batch, len), &header), SC_OK);
    assert_memory_equal(&header, &sample_header, sizeof(header));
    assert_int_equal(read_all(batch, len, &status), SAMPLE_COUNT);
    assert_int_equal(status, SC_OK);
}

static void a_batch_cut_anywhere_ends_with_its_last_whole_record(void **state)
{
    char batch[BATCH_BYTES];
    size_t len = write_batch(batch);
    size_t end = SC_BUS_HEADER_BYTES; /* of the last whole record */
    size_t whole = 0;
    sc_status_t status;

    (void)state;
    for (size_t cut = SC_BUS_HEADER_BYTES; cut <= len; cut++) {
        if (whole < SAMPLE_COUNT && cut == end + sc_bus_record_size(&samples[whole]))
            end += sc_bus_record_size(&samples[whole++]);
        assert_int_equal(read_all(batch, cut, &status), whole);
        assert_int_equal(status, cut == end ? SC_OK : SC_ERR_PROTOCOL);
    }
    assert_int_equal(whole, SAMPLE_COUNT);
}

static void a_header_cut_anywhere_is_refused(void **state)
{
    char batch[BATCH_BYTES];
    sc_bus_header_t header;

    (void)state;
    write_batch(batch);
    for (size_t cut = 0; cut < SC_BUS_HEADER_BYTES; cut++)
        assert_int_equal(sc_bus_header_read(sc_str(batch, cut), &header), SC_ERR_PROTOCOL);
    assert_int_equal(sc_bus_header_read(sc_str(batch, SC_BUS_HEADER_BYTES), &header), SC_OK);
}

static void a_header_of_another_kind_or_version_or_without_a_sender_is_refused(void **state)
{
    sc_bus_header_t header = {0, 2, 3, 4};
    char batch[SC_BUS_HEADER_BYTES];

    (void)state;
    sc_bus_header_write(batch, &header);
    assert_int_equal(sc_bus_header_read(sc_str(batch, sizeof(batch)), &header), SC_ERR_PROTOCOL);
    for (size_t i = 0; i < 4; i++) {
        sc_bus_header_write(batch, &sample_header);
        batch[i]++;
        assert_int_equal(sc_bus_header_read(sc_str(batch, sizeof(batch)), &header),
                         SC_ERR_PROTOCOL);
    }
}

/* Whether a batch of this one record is read. */
static bool is_taken(const sc_bus_record_t *record)
{
    size_t size = sc_bus_record_size(record);
    char *batch = malloc(SC_BUS_HEADER_BYTES + size);
    sc_bus_reader_t reader;
    sc_bus_record_t out;
    bool is_ok;

    assert_non_null(batch);
    sc_bus_record_write(batch + SC_BUS_HEADER_BYTES, record);
    sc_bus_reader_init(&reader, sc_str(batch, SC_BUS_HEADER_BYTES + size));
    is_ok = sc_bus_reader_next(&reader, &out) == SC_OK && sc_bus_reader_is_at_end(&reader);
    free(batch);
    return is_ok;
}

static void a_name_as_long_as_may_be_is_taken_and_one_byte_more_is_not(void **state)
{
    static char text[SC_CHANNEL_BYTES_MAX + 1];
    sc_bus_record_t record = {.seq = 1, .origin = 1};

    (void)state;
    for (unsigned type = SC_BUS_SUBSCRIBE; type <= SC_BUS_MESSAGE; type++) {
        if (type == SC_BUS_SYNCED)
            continue;
        record.type = (sc_bus_type_t)type;
        record.name = sc_str(text, SC_CHANNEL_BYTES_MAX);
        assert_true(is_taken(&record));
        record.name.len++;
        assert_false(is_taken(&record));
    }
    record.type = SC_BUS_PLUGIN;
    record.name = sc_str(text, SC_PLUGIN_NAME_BYTES_MAX);
    record.data = sc_str(text, 0);
    assert_true(is_taken(&record));
    record.name.len++;
    assert_false(is_taken(&record));
}

static void numbers_that_cannot_be_are_refused(void **state)
{
    static const sc_bus_record_t records[] = {
        {.type = SC_BUS_PUBLISH, .seq = 0},
        {.type = SC_BUS_MESSAGE, .seq = 0, .origin = 1},
        {.type = SC_BUS_MESSAGE, .seq = 1, .origin = 0},
        {.type = SC_BUS_ACK, .seq = 0, .count = 1},
        {.type = SC_BUS_ACK, .seq = 1, .count = 0},
        {.type = SC_BUS_ACK, .seq = UINT64_MAX - 1, .count = 2},
        {.type = SC_BUS_PLUGIN, .data = {"x", 1}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(records) / sizeof(records[0]); i++)
        assert_false(is_taken(&records[i]));
}

static void an_unknown_type_is_refused(void **state)
{
    char batch[SC_BUS_HEADER_BYTES + 64] = {0};
    sc_status_t status;

    (void)state;
    for (int type = 0; type < 256; type++) {
        if (type >= SC_BUS_SUBSCRIBE && type <= SC_BUS_PLUGIN)
            continue;
        batch[SC_BUS_HEADER_BYTES] = (char)type;
        assert_int_equal(read_all(batch, sizeof(batch), &status), 0);
        assert_int_equal(status, SC_ERR_PROTOCOL);
    }
}

static void a_data_length_beyond_the_limit_is_refused(void **state)
{
    sc_bus_record_t record = {.type = SC_BUS_PUBLISH, .seq = 1, .data = {"", 0}};
    char batch[SC_BUS_HEADER_BYTES + 64] = {0};
    size_t len = SC_BUS_HEADER_BYTES + sc_bus_record_size(&record);
    sc_bus_reader_t reader;

    (void)state;
    sc_bus_record_write(batch + SC_BUS_HEADER_BYTES, &record);
    memset(batch + SC_BUS_HEADER_BYTES + 3, 0xff, 4); /* no data */
    sc_bus_reader_init(&reader, sc_str(batch, len));
    assert_int_equal(sc_bus_reader_next(&reader, &record), SC_OK);
    assert_true(sc_str_is_none(record.data));
    batch[SC_BUS_HEADER_BYTES + 3] = (char)0xfe;
    sc_bus_reader_init(&reader, sc_str(batch, len));
    assert_int_equal(sc_bus_reader_next(&reader, &record), SC_ERR_PROTOCOL);
}

static void a_plugin_message_without_data_is_refused(void **state)
{
    sc_bus_record_t record = {.type = SC_BUS_PLUGIN, .name = {"p", 1}, .data = {"", 0}};
    char batch[SC_BUS_HEADER_BYTES + 64] = {0};
    sc_bus_reader_t reader;

    (void)state;
    assert_true(is_taken(&record));
    sc_bus_record_write(batch + SC_BUS_HEADER_BYTES, &record);
    memset(batch + SC_BUS_HEADER_BYTES + 2, 0xff, 4); /* no data */
    sc_bus_reader_init(&reader, sc_str(batch, sizeof(batch)));
    assert_int_equal(sc_bus_reader_next(&reader, &record), SC_ERR_PROTOCOL);
}

static void the_bytes_are_those_of_the_drawing(void **state)
{
    static const char expected[] = "\6\2\0\3\0\0\0\5\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0abxyz";
    sc_bus_record_t record = {
        .type = SC_BUS_MESSAGE, .seq = 5, .origin = 1, .name = {"ab", 2}, .data = {"xyz", 3}};
    char out[sizeof(expected) - 1];

    (void)state;
    assert_int_equal(sc_bus_record_size(&record), sizeof(out));
    sc_bus_record_write(out, &record);
    assert_memory_equal(out, expected, sizeof(out));
}

static void channels_spread_over_all_brokers_and_keep_theirs(void **state)
{
    uint32_t counts[4] = {0};
    char name[] = "room:00";

    (void)state;
    for (int i = 0; i < 100; i++) {
        name[5] = (char)('0' + i / 10);
        name[6] = (char)('0' + i % 10);
        counts[sc_bus_broker_of(sc_str_from(name), 4)]++;
        assert_int_equal(sc_bus_broker_of(sc_str_from(name), 1), 0);
    }
    for (int i = 0; i < 4; i++)
        assert_true(counts[i] >= 10);
    /* All processes of a cluster must agree: FNV-1a of "a" is 0xe40c292c, of nothing 0x811c9dc5. */
    assert_int_equal(sc_bus_broker_of(SC_STR("a"), 64), 0x2c);
    assert_int_equal(sc_bus_broker_of(sc_str_none(), 64), 0x05);
}

static void an_instance_says_which_restart_it_is_of(void **state)
{
    uint64_t instance = sc_bus_worker_instance(3, 7);

    (void)state;
    assert_true(sc_bus_instance_is_after(instance, 6));
    assert_false(sc_bus_instance_is_after(instance, 7));
    assert_false(sc_bus_instance_is_after(instance, 8));
    assert_true(sc_bus_instance_is_after(sc_bus_worker_instance(3, 65536), 65535));
    assert_false(sc_bus_instance_is_after(sc_bus_worker_instance(3, 65535), 65536));
}

static void no_two_processes_have_the_same_instance(void **state)
{
    (void)state;
    assert_int_not_equal(sc_bus_worker_instance(0, 0), sc_bus_worker_instance(0, 0));
    assert_int_not_equal(sc_bus_worker_instance(0, 0) >> 48, sc_bus_worker_instance(1, 0) >> 48);
    assert_int_not_equal(sc_bus_worker_instance(0, 0) >> 48, sc_bus_broker_instance(0, 0) >> 48);
    /* A worker's number plus one, which the highest bit tells from a broker's: never 0, whatever is drawn. */
    assert_int_equal(sc_bus_worker_instance(0, 0) >> 48, 1);
    for (uint32_t broker = 0; broker < 3; broker++)
        assert_int_equal(sc_bus_broker_instance(broker, 0) >> 48, 0x8000 + broker);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_written_is_read),
        cmocka_unit_test(a_batch_cut_anywhere_ends_with_its_last_whole_record),
        cmocka_unit_test(a_header_cut_anywhere_is_refused),
        cmocka_unit_test(a_header_of_another_kind_or_version_or_without_a_sender_is_refused),
        cmocka_unit_test(a_name_as_long_as_may_be_is_taken_and_one_byte_more_is_not),
        cmocka_unit_test(numbers_that_cannot_be_are_refused),
        cmocka_unit_test(an_unknown_type_is_refused),
        cmocka_unit_test(a_data_length_beyond_the_limit_is_refused),
        cmocka_unit_test(a_plugin_message_without_data_is_refused),
        cmocka_unit_test(the_bytes_are_those_of_the_drawing),
        cmocka_unit_test(channels_spread_over_all_brokers_and_keep_theirs),
        cmocka_unit_test(an_instance_says_which_restart_it_is_of),
        cmocka_unit_test(no_two_processes_have_the_same_instance),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
