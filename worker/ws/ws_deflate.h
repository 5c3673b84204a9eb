/*
 * ws_deflate.h: messages compressed as permessage-deflate has it (RFC 7692), with zlib. No I/O here.
 *
 * Neither side takes its context over from one message to the next (ws_extension.c demands it). So one compressor and one
 * decompressor serve all connections of a worker, a connection owns no memory of zlib's, and a compressed frame is the same for
 * all who take it.
 *
 * There is one compressor for clients with smaller windows too: in a message of 2^n bytes nothing can point back further than
 * 2^n bytes. Who has agreed on a window of 2^n gets compressed messages of up to that size, and longer ones plain
 * (sc_ws_deflate_bytes_max).
 */
#ifndef SC_WS_DEFLATE_H
#define SC_WS_DEFLATE_H

#include "worker/ws/ws_extension.h"
#include "worker/ws/ws_frame.h"

/** A message that inflates to no more than this is taken whatever its ratio. */
#define SC_WS_INFLATE_BYTES_FREE (256u * 1024)

typedef struct sc_ws_deflate_setup {
    uint8_t window_bits;      /* of the compressor, 9 to 15: zlib has no 8 */
    uint8_t level;            /* 1 (fast) to 9 (small) */
    uint32_t threshold_bytes; /* shorter messages go as they are */
    uint64_t payload_bytes_max;
    uint64_t inflate_ratio_max; /* beyond SC_WS_INFLATE_BYTES_FREE; 0: any */
} sc_ws_deflate_setup_t;

/** What has been done. */
typedef struct sc_ws_deflate_counts {
    uint64_t deflated; /* messages that were compressed, once for all who got them */
    uint64_t deflated_from_bytes, deflated_to_bytes;
    uint64_t not_smaller; /* messages that were tried in vain */
    uint64_t inflated;
    uint64_t inflated_from_bytes, inflated_to_bytes;
    uint64_t refused;      /* messages that were malformed or over a limit */
    uint64_t buffer_bytes; /* held now for messages in the making, beside zlib's own memory */
} sc_ws_deflate_counts_t;

/** Both directions of a worker. zlib's memory is allocated when the first message needs it. */
typedef struct sc_ws_deflate sc_ws_deflate_t;

sc_ws_deflate_t *sc_ws_deflate_new(const sc_ws_deflate_setup_t *setup);
void sc_ws_deflate_free(sc_ws_deflate_t *zlib);
sc_ws_deflate_counts_t sc_ws_deflate_get_counts(const sc_ws_deflate_t *zlib);

/** The longest frame that may go compressed to a client with those terms; 0: none. */
uint32_t sc_ws_deflate_bytes_max(const sc_ws_deflate_t *zlib, const sc_ws_deflate_terms_t *terms);
/**
 * Compresses the payload of a finished frame.
 *
 * @param frame  final, unmasked, not compressed
 * @return another frame; or a reference to the same one, if it is a control frame, below the threshold or would not become
 *         smaller. The same payload as in the last call is not compressed again.
 */
sc_buf_t *sc_ws_deflate_frame(sc_ws_deflate_t *zlib, sc_buf_t *frame);

/**
 * Inflates the payload of a message, put together from its fragments.
 *
 * @param out  set to the message in a buffer that all connections share: may be changed in place, and is valid until
 *             sc_ws_inflate_release, which must follow
 * @return SC_OK; SC_ERR_LIMIT: over payload_bytes_max or inflate_ratio_max, found before more than that was inflated;
 *         SC_ERR_PROTOCOL: malformed or cut off; SC_ERR_NOMEM
 */
SC_MUST_CHECK sc_status_t sc_ws_inflate(sc_ws_deflate_t *zlib, sc_str_t payload, char **out,
                                        size_t *out_len);
/** Ends the use of an inflated message. What a long one has taken is given back. */
void sc_ws_inflate_release(sc_ws_deflate_t *zlib);

#endif
