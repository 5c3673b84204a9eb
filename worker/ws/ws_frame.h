/*
 * ws_frame.h: WebSocket frames as bytes (RFC 6455, 5.2): header in, header out, mask.
 */
#ifndef SC_WS_FRAME_H
#define SC_WS_FRAME_H

#include "common/buf.h"

typedef enum sc_ws_opcode {
    SC_WS_CONTINUATION = 0x0,
    SC_WS_TEXT = 0x1,
    SC_WS_BINARY = 0x2,
    SC_WS_CLOSE = 0x8,
    SC_WS_PING = 0x9,
    SC_WS_PONG = 0xa,
} sc_ws_opcode_t;

/** Close codes of RFC 6455, 7.4.1 that we send; SocketCluster's own are in protocol/packet_error.h. */
enum {
    SC_WS_CLOSE_NORMAL = 1000,
    SC_WS_CLOSE_GOING_AWAY = 1001,
    SC_WS_CLOSE_PROTOCOL = 1002,
    SC_WS_CLOSE_UNSUPPORTED = 1003,
    SC_WS_CLOSE_NO_STATUS = 1005,
    SC_WS_CLOSE_ABNORMAL = 1006,
    SC_WS_CLOSE_INVALID_TEXT = 1007,
    SC_WS_CLOSE_POLICY = 1008,
    SC_WS_CLOSE_TOO_BIG = 1009,
    SC_WS_CLOSE_INTERNAL = 1011,
};

#define SC_WS_RSV1 0x40u           /* of a message's first frame: it is compressed (RFC 7692, 6) */
#define SC_WS_HEADER_BYTES_MAX 10u /* of a frame without mask */
#define SC_WS_CONTROL_BYTES_MAX 125u
#define SC_WS_REASON_BYTES_MAX 123u

typedef struct sc_ws_frame {
    bool is_final;
    uint8_t reserved; /* RSV1 to RSV3 as in the first byte: 0x40, 0x20, 0x10 */
    uint8_t opcode;
    bool is_masked;
    uint8_t mask[4];
    uint8_t header_bytes;
    uint64_t payload_bytes;
} sc_ws_frame_t;

/** Close, ping, pong; data otherwise. */
static inline bool sc_ws_frame_is_control(const sc_ws_frame_t *frame)
{
    return (frame->opcode & 0x8u) != 0;
}

/**
 * Parses a frame's header.
 *
 * @return SC_OK; SC_AGAIN: more bytes are needed (from two bytes on all is set but the length, if it is a long one, and the
 *         mask); SC_ERR_PROTOCOL: a length not in its shortest form, or over
 *         2^63 - 1. What a frame may say in its place is the reader's business.
 */
SC_MUST_CHECK sc_status_t sc_ws_frame_parse(const char *bytes, size_t len, sc_ws_frame_t *frame);
/** Applies a mask in place; the payload's first byte goes with mask[offset % 4]. Fast for long ones. */
void sc_ws_frame_mask(char *bytes, size_t len, const uint8_t mask[4], size_t offset);
/** Writes the header of an unmasked, final frame. @param reserved  as in sc_ws_frame_t @return its length. */
size_t sc_ws_frame_write_header(char header[SC_WS_HEADER_BYTES_MAX], uint8_t opcode,
                                uint8_t reserved, uint64_t payload_bytes);
/** A whole frame with a copy of the payload; never NULL (for what we size or have checked). */
sc_buf_t *sc_ws_frame_new(uint8_t opcode, sc_str_t payload);
/** A close frame; `code` 0: an empty one. The reason is cut to SC_WS_REASON_BYTES_MAX at a character's border. */
sc_buf_t *sc_ws_frame_new_close(int code, sc_str_t reason);
/** Whether a close frame may carry the code (RFC 6455, 7.4). */
bool sc_ws_close_code_is_valid(int code);

#endif
