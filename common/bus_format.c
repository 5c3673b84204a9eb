#include "common/bus_format.h"

#include "common/alloc.h"

#include <endian.h>
#include <sys/random.h>

#define MAGIC "SCB"
#define VERSION 1
#define NO_DATA UINT32_MAX

/* Bytes before the texts of a record, its type included. */
#define NAME_HEAD_BYTES 3u
#define PUBLISH_HEAD_BYTES 15u
#define MESSAGE_HEAD_BYTES 23u
#define ACK_HEAD_BYTES 13u
#define PLUGIN_HEAD_BYTES 6u

#define BROKER_BIT 0x8000u

/* ---- Numbers ------------------------------------------------------------------------------- */

static char *put_u16(char *out, uint32_t number)
{
    uint16_t bytes = htole16((uint16_t)number);

    memcpy(out, &bytes, sizeof(bytes));
    return out + sizeof(bytes);
}

static char *put_u32(char *out, uint32_t number)
{
    uint32_t bytes = htole32(number);

    memcpy(out, &bytes, sizeof(bytes));
    return out + sizeof(bytes);
}

static char *put_u64(char *out, uint64_t number)
{
    uint64_t bytes = htole64(number);

    memcpy(out, &bytes, sizeof(bytes));
    return out + sizeof(bytes);
}

static char *put_bytes(char *out, sc_str_t bytes)
{
    if (bytes.len > 0)
        memcpy(out, bytes.ptr, bytes.len);
    return out + bytes.len;
}

static uint16_t get_u16(const char *at)
{
    uint16_t bytes;

    memcpy(&bytes, at, sizeof(bytes));
    return le16toh(bytes);
}

static uint32_t get_u32(const char *at)
{
    uint32_t bytes;

    memcpy(&bytes, at, sizeof(bytes));
    return le32toh(bytes);
}

static uint64_t get_u64(const char *at)
{
    uint64_t bytes;

    memcpy(&bytes, at, sizeof(bytes));
    return le64toh(bytes);
}

/* ---- Header -------------------------------------------------------------------------------- */

void sc_bus_header_write(char *out, const sc_bus_header_t *header)
{
    memcpy(out, MAGIC, 3);
    out[3] = VERSION;
    out = put_u64(out + 4, header->sender);
    out = put_u64(out, header->receiver);
    out = put_u64(out, header->seq);
    put_u64(out, header->confirm);
}

sc_status_t sc_bus_header_read(sc_str_t batch, sc_bus_header_t *header)
{
    if (batch.len < SC_BUS_HEADER_BYTES)
        return SC_ERR_PROTOCOL;
    if (memcmp(batch.ptr, MAGIC, 3) != 0 || batch.ptr[3] != VERSION)
        return SC_ERR_PROTOCOL;
    header->sender = get_u64(batch.ptr + 4);
    header->receiver = get_u64(batch.ptr + 12);
    header->seq = get_u64(batch.ptr + 20);
    header->confirm = get_u64(batch.ptr + 28);
    return header->sender != 0 ? SC_OK : SC_ERR_PROTOCOL;
}

/* ---- Records out --------------------------------------------------------------------------- */

size_t sc_bus_record_size(const sc_bus_record_t *record)
{
    switch (record->type) {
    case SC_BUS_SUBSCRIBE:
    case SC_BUS_UNSUBSCRIBE:
    case SC_BUS_SUBSCRIBED:
        return NAME_HEAD_BYTES + record->name.len;
    case SC_BUS_SYNCED:
        return 1;
    case SC_BUS_PUBLISH:
        return PUBLISH_HEAD_BYTES + record->name.len + record->data.len;
    case SC_BUS_MESSAGE:
        return MESSAGE_HEAD_BYTES + record->name.len + record->data.len;
    case SC_BUS_ACK:
        return ACK_HEAD_BYTES;
    case SC_BUS_PLUGIN:
        return PLUGIN_HEAD_BYTES + record->name.len + record->data.len;
    }
    sc_assert(!"a record's type is one of the above");
    return 0;
}

static uint32_t data_length(sc_str_t data)
{
    return sc_str_is_none(data) ? NO_DATA : (uint32_t)data.len;
}

/* What PUBLISH and MESSAGE begin with. */
static char *put_message_head(char *out, const sc_bus_record_t *record)
{
    out = put_u16(out, (uint32_t)record->name.len);
    out = put_u32(out, data_length(record->data));
    return put_u64(out, record->seq);
}

void sc_bus_record_write(char *out, const sc_bus_record_t *record)
{
    *out++ = (char)record->type;
    switch (record->type) {
    case SC_BUS_SUBSCRIBE:
    case SC_BUS_UNSUBSCRIBE:
    case SC_BUS_SUBSCRIBED:
        out = put_u16(out, (uint32_t)record->name.len);
        put_bytes(out, record->name);
        return;
    case SC_BUS_SYNCED:
        return;
    case SC_BUS_PUBLISH:
        out = put_message_head(out, record);
        put_bytes(put_bytes(out, record->name), record->data);
        return;
    case SC_BUS_MESSAGE:
        out = put_u64(put_message_head(out, record), record->origin);
        put_bytes(put_bytes(out, record->name), record->data);
        return;
    case SC_BUS_ACK:
        put_u64(put_u32(out, record->count), record->seq);
        return;
    case SC_BUS_PLUGIN:
        *out++ = (char)record->name.len;
        out = put_u32(out, (uint32_t)record->data.len);
        put_bytes(put_bytes(out, record->name), record->data);
        return;
    }
}

/* ---- Records in ---------------------------------------------------------------------------- */

void sc_bus_reader_init(sc_bus_reader_t *reader, sc_str_t batch)
{
    reader->at = batch.ptr + SC_BUS_HEADER_BYTES;
    reader->end = batch.ptr + batch.len;
}

bool sc_bus_reader_is_at_end(const sc_bus_reader_t *reader)
{
    return reader->at == reader->end;
}

static size_t head_bytes(sc_bus_type_t type)
{
    switch (type) {
    case SC_BUS_SUBSCRIBE:
    case SC_BUS_UNSUBSCRIBE:
    case SC_BUS_SUBSCRIBED:
        return NAME_HEAD_BYTES;
    case SC_BUS_SYNCED:
        return 1;
    case SC_BUS_PUBLISH:
        return PUBLISH_HEAD_BYTES;
    case SC_BUS_MESSAGE:
        return MESSAGE_HEAD_BYTES;
    case SC_BUS_ACK:
        return ACK_HEAD_BYTES;
    case SC_BUS_PLUGIN:
        return PLUGIN_HEAD_BYTES;
    }
    return 0;
}

/* Reads the fixed part at `at`, which is there in full; leaves the lengths of the texts in name and data. */
static void read_head(const char *at, sc_bus_record_t *record, uint32_t *data_len)
{
    at++;
    switch (record->type) {
    case SC_BUS_SUBSCRIBE:
    case SC_BUS_UNSUBSCRIBE:
    case SC_BUS_SUBSCRIBED:
        record->name.len = get_u16(at);
        return;
    case SC_BUS_SYNCED:
        return;
    case SC_BUS_PUBLISH:
    case SC_BUS_MESSAGE:
        record->name.len = get_u16(at);
        *data_len = get_u32(at + 2);
        record->seq = get_u64(at + 6);
        if (record->type == SC_BUS_MESSAGE)
            record->origin = get_u64(at + 14);
        return;
    case SC_BUS_ACK:
        record->count = get_u32(at);
        record->seq = get_u64(at + 4);
        return;
    case SC_BUS_PLUGIN:
        record->name.len = (unsigned char)*at;
        *data_len = get_u32(at + 1);
        return;
    }
}

static bool is_possible(const sc_bus_record_t *record, uint32_t data_len)
{
    if (data_len > SC_BUS_DATA_BYTES_MAX && data_len != NO_DATA)
        return false;
    switch (record->type) {
    case SC_BUS_SUBSCRIBE:
    case SC_BUS_UNSUBSCRIBE:
    case SC_BUS_SUBSCRIBED:
        return record->name.len <= SC_CHANNEL_BYTES_MAX;
    case SC_BUS_SYNCED:
        return true;
    case SC_BUS_PUBLISH:
        return record->name.len <= SC_CHANNEL_BYTES_MAX && record->seq > 0;
    case SC_BUS_MESSAGE:
        return record->name.len <= SC_CHANNEL_BYTES_MAX && record->seq > 0 && record->origin > 0;
    case SC_BUS_ACK:
        return record->count > 0 && record->seq > 0 && record->seq <= UINT64_MAX - record->count;
    case SC_BUS_PLUGIN:
        return record->name.len >= 1 && record->name.len <= SC_PLUGIN_NAME_BYTES_MAX &&
               data_len != NO_DATA;
    }
    return false;
}

sc_status_t sc_bus_reader_next(sc_bus_reader_t *reader, sc_bus_record_t *record)
{
    size_t left = (size_t)(reader->end - reader->at);
    uint32_t data_len = NO_DATA;
    size_t head;

    memset(record, 0, sizeof(*record));
    if (left == 0)
        return SC_ERR_PROTOCOL;
    record->type = (sc_bus_type_t)(unsigned char)*reader->at;
    head = head_bytes(record->type);
    if (head == 0 || head > left)
        return SC_ERR_PROTOCOL;
    read_head(reader->at, record, &data_len);
    if (!is_possible(record, data_len))
        return SC_ERR_PROTOCOL;
    if (data_len != NO_DATA)
        record->data.len = data_len;
    if (record->name.len + record->data.len > left - head)
        return SC_ERR_PROTOCOL;
    record->name.ptr = reader->at + head;
    if (data_len != NO_DATA)
        record->data.ptr = record->name.ptr + record->name.len;
    reader->at += head + record->name.len + record->data.len;
    return SC_OK;
}

/* ---- Brokers and instances ----------------------------------------------------------------- */

uint32_t sc_bus_broker_of(sc_str_t channel, uint32_t broker_count)
{
    uint32_t hash = 2166136261u; /* FNV-1a: all processes must agree, so no random key */

    if (broker_count <= 1)
        return 0;
    for (size_t i = 0; i < channel.len; i++)
        hash = (hash ^ (unsigned char)channel.ptr[i]) * 16777619u;
    return hash % broker_count;
}

static uint64_t new_instance(uint32_t process, uint32_t restart_count)
{
    uint32_t random;

    if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random))
        sc_die("no random number for an instance");
    return (uint64_t)process << 48 | (uint64_t)(restart_count & 0xffff) << 32 | random;
}

uint64_t sc_bus_worker_instance(uint32_t worker_id, uint32_t restart_count)
{
    return new_instance((worker_id + 1) & (BROKER_BIT - 1), restart_count); /* + 1: never 0 */
}

uint64_t sc_bus_broker_instance(uint32_t broker_id, uint32_t restart_count)
{
    return new_instance(BROKER_BIT | (broker_id & (BROKER_BIT - 1)), restart_count);
}

bool sc_bus_instance_is_after(uint64_t instance, uint32_t restart_count)
{
    uint16_t ahead = (uint16_t)((uint16_t)(instance >> 32) - (uint16_t)restart_count);

    return ahead != 0 && ahead < 0x8000; /* counts go round */
}
