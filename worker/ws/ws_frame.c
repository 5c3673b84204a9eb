#include "worker/ws/ws_frame.h"

/*
 * RFC 6455, 5.2:
 *
 *   byte 0          byte 1                                            then
 *   F R R R opcode  M  length: 0 to 125, 126: 2 more, 127: 8 more     4 bytes of mask if M, payload
 */
#define FINAL_BIT 0x80u
#define RESERVED_BITS 0x70u
#define OPCODE_BITS 0x0fu
#define MASK_BIT 0x80u
#define LENGTH_BITS 0x7fu
#define LENGTH_IS_16_BITS 126u
#define LENGTH_IS_64_BITS 127u

static uint64_t load_big_endian(const uint8_t *bytes, size_t count)
{
    uint64_t number = 0;

    for (size_t i = 0; i < count; i++)
        number = number << 8 | bytes[i];
    return number;
}

static void store_big_endian(char *bytes, size_t count, uint64_t number)
{
    for (size_t i = count; i > 0; i--) {
        bytes[i - 1] = (char)(uint8_t)number;
        number >>= 8;
    }
}

static size_t length_bytes(uint8_t length)
{
    if (length == LENGTH_IS_64_BITS)
        return 8;
    return length == LENGTH_IS_16_BITS ? 2 : 0;
}

/** Whether a length needed the room that it took, and has no 64th bit. */
static bool is_shortest(uint64_t length, size_t extra_bytes)
{
    if (extra_bytes == 8)
        return length > UINT16_MAX && length <= INT64_MAX;
    return extra_bytes == 0 || length >= LENGTH_IS_16_BITS;
}

sc_status_t sc_ws_frame_parse(const char *bytes, size_t len, sc_ws_frame_t *frame)
{
    const uint8_t *in = (const uint8_t *)bytes;
    size_t extra_bytes;
    size_t header_bytes;

    if (len < 2)
        return SC_AGAIN;
    extra_bytes = length_bytes(in[1] & LENGTH_BITS);
    frame->is_masked = (in[1] & MASK_BIT) != 0;
    header_bytes = 2 + extra_bytes + (frame->is_masked ? sizeof(frame->mask) : 0);
    frame->is_final = (in[0] & FINAL_BIT) != 0;
    frame->reserved = in[0] & RESERVED_BITS;
    frame->opcode = in[0] & OPCODE_BITS;
    frame->header_bytes = (uint8_t)header_bytes;
    frame->header_bytes = (uint8_t)header_bytes;
    frame->payload_bytes = in[1] & LENGTH_BITS;
    if (len < header_bytes)
        return SC_AGAIN;
    if (extra_bytes > 0)
        frame->payload_bytes = load_big_endian(in + 2, extra_bytes);
    memset(frame->mask, 0, sizeof(frame->mask));
    if (frame->is_masked)
        memcpy(frame->mask, in + 2 + extra_bytes, sizeof(frame->mask));
    return is_shortest(frame->payload_bytes, extra_bytes) ? SC_OK : SC_ERR_PROTOCOL;
}

void sc_ws_frame_mask(char *bytes, size_t len, const uint8_t mask[4], size_t offset)
{
    uint8_t turned[8];
    uint64_t key;
    size_t at = 0;

    for (size_t i = 0; i < sizeof(turned); i++)
        turned[i] = mask[(offset + i) % 4];
    memcpy(&key, turned, sizeof(key));
    for (; len - at >= 4 * sizeof(key); at += 4 * sizeof(key)) {
        uint64_t words[4];

        memcpy(words, bytes + at, sizeof(words));
        for (size_t i = 0; i < 4; i++)
            words[i] ^= key;
        memcpy(bytes + at, words, sizeof(words));
    }
    for (; at < len; at++)
        bytes[at] = (char)((uint8_t)bytes[at] ^ turned[at % 8]);
}

size_t sc_ws_frame_write_header(char header[SC_WS_HEADER_BYTES_MAX], uint8_t opcode,
                                uint8_t reserved, uint64_t payload_bytes)
{
    header[0] = (char)(uint8_t)(FINAL_BIT | (reserved & RESERVED_BITS) | (opcode & OPCODE_BITS));
    if (payload_bytes < LENGTH_IS_16_BITS) {
        header[1] = (char)payload_bytes;
        return 2;
    }
    if (payload_bytes <= UINT16_MAX) {
        header[1] = (char)LENGTH_IS_16_BITS;
        store_big_endian(header + 2, 2, payload_bytes);
        return 4;
    }
    header[1] = (char)LENGTH_IS_64_BITS;
    store_big_endian(header + 2, 8, payload_bytes);
    return 10;
}

sc_buf_t *sc_ws_frame_new(uint8_t opcode, sc_str_t payload)
{
    char header[SC_WS_HEADER_BYTES_MAX];
    size_t header_bytes = sc_ws_frame_write_header(header, opcode, 0, payload.len);
    sc_buf_t *frame = sc_buf_new(header_bytes + payload.len);

    memcpy(frame->bytes, header, header_bytes);
    if (payload.len > 0)
        memcpy(frame->bytes + header_bytes, payload.ptr, payload.len);
    return frame;
}

sc_buf_t *sc_ws_frame_new_close(int code, sc_str_t reason)
{
    char payload[SC_WS_CONTROL_BYTES_MAX];
    size_t len = reason.len;

    if (code == 0)
        return sc_ws_frame_new(SC_WS_CLOSE, sc_str_none());
    if (len > SC_WS_REASON_BYTES_MAX) {
        len = SC_WS_REASON_BYTES_MAX;
        while (len > 0 && ((uint8_t)reason.ptr[len] & 0xc0) == 0x80)
            len--;
    }
    store_big_endian(payload, 2, (uint64_t)code);
    if (len > 0)
        memcpy(payload + 2, reason.ptr, len);
    return sc_ws_frame_new(SC_WS_CLOSE, sc_str(payload, 2 + len));
}

bool sc_ws_close_code_is_valid(int code)
{
    if (code >= 1000 && code <= 1014)
        return code != 1004 && code != SC_WS_CLOSE_NO_STATUS && code != SC_WS_CLOSE_ABNORMAL;
    return code >= 3000 && code <= 4999;
}
