/*
 * packet_error.h: errors that clients get: names, texts and close codes in one place (docs/protocol.md, "Error objects" and
 * "Close codes"). Texts are those of SocketCluster 9 to 14, for every client.
 */
#ifndef SC_PROTOCOL_PACKET_ERROR_H
#define SC_PROTOCOL_PACKET_ERROR_H

#include "worker/protocol/auth_token.h"

#include <sc/json.h>

/** Of a token that ran out on a live connection. */
#define SC_TOKEN_EXPIRED_TEXT "The socket auth token has expired"

/** Close codes of SocketCluster that a server sends. */
enum {
    SC_CLOSE_PING_TIMEOUT = 4001,
    SC_CLOSE_SIGN_FAILED = 4002,
    SC_CLOSE_HANDSHAKE_TIMEOUT = 4005,
    SC_CLOSE_HANDSHAKE_REFUSED = 4008,
    SC_CLOSE_BEFORE_HANDSHAKE = 4009,
};

/** What a packet can be refused for. ID: the socket's, C: the channel as text, N: a limit. */
typedef enum sc_refusal {
    SC_REFUSE_CHANNEL_LIMIT,       /* #subscribe: C, N */
    SC_REFUSE_SUBSCRIBE_NAME,      /* #subscribe: C is no name */
    SC_REFUSE_SUBSCRIBE_TOO_EARLY, /* #subscribe before the handshake */
    SC_REFUSE_UNSUBSCRIBE_UNKNOWN, /* #unsubscribe: not subscribed to C */
    SC_REFUSE_UNSUBSCRIBE_NAME,    /* #unsubscribe: C is no name */
    SC_REFUSE_PUBLISH_NAME,        /* #publish: C is no name */
    SC_REFUSE_PUBLISH_DISABLED,    /* #publish: option allowClientPublish */
    SC_REFUSE_PUBLISH_BACKLOG,     /* #publish: the brokers are behind */
} sc_refusal_t;

/** Adds the error object of a refusal. @param channel  C, shown as it is */
void sc_error_write_refusal(sc_text_t *text, sc_refusal_t refusal, sc_str_t socket_id,
                            sc_str_t channel, uint64_t limit);
/** Adds an application's error. */
void sc_error_write(sc_text_t *text, const sc_error_t *error);
/** Adds the error of a block without a reason. @param type  "publishIn" ... */
void sc_error_write_silent_block(sc_text_t *text, const char *type);
/** Adds the error of a token that was refused, with isBadToken. */
void sc_error_write_token(sc_text_t *text, const sc_token_t *token);
/** Adds the error of a `waitForAuth` subscription whose token has expired; `expires_s` as in the token. */
void sc_error_write_expired(sc_text_t *text, double expires_s);
/** Adds a number as JavaScript shows it: without a fraction if it has none. */
void sc_text_add_number(sc_text_t *text, double number);

#endif
