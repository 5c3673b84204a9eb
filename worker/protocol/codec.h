/*
 * codec.h: how packets become WebSocket frames and back. The layers above speak of events, answers and publications, with
 * values as JSON text; what is on the wire is the codec's business: JSON text (codec_json.c), or MessagePack of shortened
 * packets (codec_minbin.c; docs/protocol.md, "Binary codec"). Each socket has one, for its life.
 */
#ifndef SC_PROTOCOL_CODEC_H
#define SC_PROTOCOL_CODEC_H

#include "common/buf.h"
#include "worker/exchange/channel.h"

#include <sc/json.h>

/** How many codecs there are: a message is encoded once for each that its subscribers use. */
#define SC_CODEC_COUNT 2u

typedef struct sc_codec {
    const char *name;
    uint32_t index; /* below SC_CODEC_COUNT */
    bool
        takes_text; /* a client takes any text frame; if not, one that it does not expect makes its decoder throw */
    /** The frame of {"event","data"?,"cid"?}. @param data  JSON text or none @param cid  0: none */
    sc_buf_t *(*write_event)(sc_str_t event, sc_str_t data, uint64_t cid);
    /** The frame of {"rid","error"?,"data"?}. All are JSON texts; error and data may be none. */
    sc_buf_t *(*write_answer)(sc_str_t rid, sc_str_t error, sc_str_t data);
    /** The frame of a #publish to subscribers; what is the same for all messages of a channel is kept in it. */
    sc_buf_t *(*write_publish)(sc_channel_t *channel, sc_str_t data);
    /** The frame of a text that is no packet, for the client's `raw` event. */
    sc_buf_t *(*write_raw)(sc_str_t text);
    /** One frame of several packets. @param packets  payloads of frames that this codec's write_event, write_answer and
     *  write_publish have made */
    sc_buf_t *(*write_array)(const sc_str_t *packets, uint32_t count);
    /** The frame of a ping of protocol 1; protocol 2's is the same in every codec (docs/protocol.md, "Pings"). */
    sc_buf_t *(*write_ping_v1)(void);
    /** Whether a message from a client is the pong of protocol 1. */
    bool (*is_pong_v1)(sc_str_t message);
    /**
     * The JSON text of a message from a client, valid UTF-8.
     *
     * @param bytes_max  longest text that it may become
     * @param scratch    for a codec that must translate; empty
     * @param text       set to it: a span of `message` or of `scratch`
     * @return SC_OK; SC_ERR_INVALID: no text of this codec; SC_ERR_LIMIT: over bytes_max; SC_ERR_NOMEM
     */
    sc_status_t (*read)(bool is_text, sc_str_t message, size_t bytes_max, sc_text_t *scratch,
                        sc_str_t *text);
} sc_codec_t;

extern const sc_codec_t sc_codec_json;
extern const sc_codec_t sc_codec_minbin;

/** All of them, by index. */
extern const sc_codec_t *const sc_codecs[SC_CODEC_COUNT];

/** The codec of a socket whose first message begins so (docs/protocol.md, "Binary codec"). */
const sc_codec_t *sc_codec_of_first(bool is_text, sc_str_t message);

#endif
