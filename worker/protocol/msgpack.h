/*
 * msgpack.h: the first bytes of MessagePack's values (https://github.com/msgpack/msgpack/blob/master/spec.md, "Formats").
 */
#ifndef SC_PROTOCOL_MSGPACK_H
#define SC_PROTOCOL_MSGPACK_H

enum {
    SC_MSGPACK_FIXINT_MAX = 0x7f, /* 0 to 127 stand for themselves */
    SC_MSGPACK_FIXMAP = 0x80,     /* and up to 15 members */
    SC_MSGPACK_FIXARRAY = 0x90,   /* and up to 15 elements */
    SC_MSGPACK_FIXSTR = 0xa0,     /* and up to 31 bytes */
    SC_MSGPACK_NIL = 0xc0,
    SC_MSGPACK_FALSE = 0xc2,
    SC_MSGPACK_TRUE = 0xc3,
    SC_MSGPACK_BIN8 = 0xc4,
    SC_MSGPACK_BIN16 = 0xc5,
    SC_MSGPACK_BIN32 = 0xc6,
    SC_MSGPACK_FLOAT32 = 0xca,
    SC_MSGPACK_FLOAT64 = 0xcb,
    SC_MSGPACK_UINT8 = 0xcc,
    SC_MSGPACK_UINT16 = 0xcd,
    SC_MSGPACK_UINT32 = 0xce,
    SC_MSGPACK_UINT64 = 0xcf,
    SC_MSGPACK_INT8 = 0xd0,
    SC_MSGPACK_INT16 = 0xd1,
    SC_MSGPACK_INT32 = 0xd2,
    SC_MSGPACK_INT64 = 0xd3,
    SC_MSGPACK_STR8 = 0xd9,
    SC_MSGPACK_STR16 = 0xda,
    SC_MSGPACK_STR32 = 0xdb,
    SC_MSGPACK_ARRAY16 = 0xdc,
    SC_MSGPACK_ARRAY32 = 0xdd,
    SC_MSGPACK_MAP16 = 0xde,
    SC_MSGPACK_MAP32 = 0xdf,
    SC_MSGPACK_NEGATIVE_FIXINT = 0xe0, /* -32 to -1: their own two's complement */
};

#endif
