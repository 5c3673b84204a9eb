/*
 * ws_extension.h: the header Sec-WebSocket-Extensions (RFC 6455, 9.1) and what is agreed about permessage-deflate, the one
 * extension there is (RFC 7692, 7.1). Text in, terms out.
 */
#ifndef SC_WS_EXTENSION_H
#define SC_WS_EXTENSION_H

#include <sc/json.h>

/** RFC 7692, 7.1.2: a window is of 2^8 to 2^15 bytes. */
#define SC_WS_WINDOW_BITS_MIN 8u
#define SC_WS_WINDOW_BITS_MAX 15u

/** What client and server have agreed about permessage-deflate. Zero: nothing, frames are not compressed. */
typedef struct sc_ws_deflate_terms {
    uint8_t window_bits;        /* what we send may point back 2^window_bits bytes; 0: not agreed */
    bool names_window_bits;     /* and the answer says so */
    uint8_t client_window_bits; /* the client's window, as it has offered it; 0: it has named none.
                                   Clients 5 to 10 close if the answer does not repeat it */
} sc_ws_deflate_terms_t;

/**
 * Takes the first offer of permessage-deflate that we can meet; offers of other extensions, and those with a parameter that
 * is unknown, given twice or wrong, are passed over.
 *
 * @param offers       the header's value, several ones joined by commas; may be none
 * @param window_bits  of our compressor: it never points back further
 * @param terms        set; zero if no offer was taken
 * @return SC_OK, whatever was agreed; SC_ERR_INVALID: not of the header's grammar
 */
SC_MUST_CHECK sc_status_t sc_ws_extension_negotiate(sc_str_t offers, uint8_t window_bits,
                                                    sc_ws_deflate_terms_t *terms);
/** Whether a character may stand in a token (RFC 9110, 5.6.2). */
bool sc_ws_extension_is_token_char(char c);
/** Adds the value of the answer's header. @param terms  not zero */
void sc_ws_extension_answer(const sc_ws_deflate_terms_t *terms, sc_text_t *out);

#endif
