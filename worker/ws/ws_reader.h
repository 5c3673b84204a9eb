/*
 * ws_reader.h: what a client sends once the connection is a WebSocket: fragments become messages, control frames may
 * come in between (RFC 6455, 5), compressed ones are inflated (RFC 7692). No I/O here: bytes in, callbacks out.
 */
#ifndef SC_WS_READER_H
#define SC_WS_READER_H

#include "worker/ws/utf8.h"
#include "worker/ws/ws_deflate.h"
#include "worker/ws/ws_frame.h"

#include <sc/json.h>

struct sc_ws_reader;

typedef struct sc_ws_reader_handler {
    /** A whole message; text is valid UTF-8. `bytes` is borrowed and may be changed in place. */
    void (*on_message)(struct sc_ws_reader *reader, bool is_text, char *bytes, size_t len);
    void (*on_ping)(struct sc_ws_reader *reader, sc_str_t payload);
    void (*on_pong)(struct sc_ws_reader *reader, sc_str_t payload);
    /** A close frame; nothing is read after it. `code` 0: it had none. */
    void (*on_close)(struct sc_ws_reader *reader, int code, sc_str_t reason);
    /** The client broke the protocol or a limit; nothing is read any more. `code`: SC_WS_CLOSE_*; `reason`: for the log
     *  and the close frame, static. */
    void (*on_fail)(struct sc_ws_reader *reader, int code, const char *reason);
} sc_ws_reader_handler_t;

typedef struct sc_ws_reader {
    const sc_ws_reader_handler_t *handler;
    sc_ws_deflate_t *zlib;      /* NULL: no compressed messages were agreed on */
    uint64_t payload_bytes_max; /* of a message: maxPayload */
    sc_text_t fragments;        /* of the message that is being put together; empty otherwise */
    sc_utf8_t utf8;             /* state of that message's text; complete between messages */
    uint8_t opcode;             /* of that message; 0: none */
    bool is_deflated;           /* that message: its text is checked when it is whole */
    bool is_stopped;            /* paused or over: no further callback */
    bool is_over;               /* closed or failed */
} sc_ws_reader_t;

void sc_ws_reader_init(sc_ws_reader_t *reader, const sc_ws_reader_handler_t *handler,
                       uint64_t payload_bytes_max);
/** From now on messages may be compressed. @param zlib  shared by the worker's readers; borrowed */
void sc_ws_reader_allow_deflate(sc_ws_reader_t *reader, sc_ws_deflate_t *zlib);
void sc_ws_reader_deinit(sc_ws_reader_t *reader);
/**
 * Takes bytes of the stream, which it unmasks in place.
 *
 * @return how many were used up: whole frames. The rest must come again, before what follows. Once the reader is
 *         over, all of them.
 * A callback may call sc_ws_reader_stop: what follows its frame is not used up.
 */
size_t sc_ws_reader_feed(sc_ws_reader_t *reader, char *bytes, size_t len);
/** How many bytes the frame at the front of the rest takes in all; 0 if that is not known yet. At most
 *  payload_bytes_max plus a header. */
size_t sc_ws_reader_wanted(const char *rest, size_t len, const sc_ws_reader_t *reader);
/** No further callbacks until sc_ws_reader_go. */
void sc_ws_reader_stop(sc_ws_reader_t *reader);
void sc_ws_reader_go(sc_ws_reader_t *reader);

#endif
