#include "worker/protocol/codec.h"

const sc_codec_t *const sc_codecs[SC_CODEC_COUNT] = {&sc_codec_json, &sc_codec_minbin};

/** What JSON text of a packet or of an array may begin with. */
static bool may_begin_json(char byte)
{
    return byte == '{' || byte == '[' || byte == ' ' || byte == '\t' || byte == '\n' ||
           byte == '\r';
}

const sc_codec_t *sc_codec_of_first(bool is_text, sc_str_t message)
{
    if (is_text || message.len == 0 || may_begin_json(message.ptr[0]))
        return &sc_codec_json;
    return &sc_codec_minbin;
}
