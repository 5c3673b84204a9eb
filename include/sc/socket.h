/*
 * socket.h: one client.
 *
 * A socket belongs to its worker. A pointer to one is borrowed until the callback that gave it returns;
 * sc_socket_ref keeps it longer. A socket that has closed stays readable while it is referenced; what would
 * send then returns SC_ERR_STATE.
 */
#ifndef SC_SOCKET_H
#define SC_SOCKET_H

#include <sc/types.h>

SC_EXTERN_C_BEGIN

SC_API sc_socket_t *sc_socket_ref(sc_socket_t *socket);
SC_API void sc_socket_unref(sc_socket_t *socket);
SC_API sc_worker_t *sc_socket_worker(const sc_socket_t *socket);

/** SC_SOCKET_ID_CHARS characters of A-Z a-z 0-9 - _, unique in the cluster, hard to guess. */
SC_API sc_str_t sc_socket_id(const sc_socket_t *socket);
/** Handshake completed and not closed. */
SC_API bool sc_socket_is_open(const sc_socket_t *socket);

/** What SocketCluster calls a socket's state. */
typedef enum sc_socket_phase {
    SC_SOCKET_PHASE_CONNECTING, /* the WebSocket is open, the handshake is not complete */
    SC_SOCKET_PHASE_OPEN,
    SC_SOCKET_PHASE_CLOSED,
} sc_socket_phase_t;

SC_API sc_socket_phase_t sc_socket_phase(const sc_socket_t *socket);
/** The protocol that the client speaks: 1 (clients 5 to 14), 2 (15 to 20), 0: not known yet, as at the handshake unless the
 *  option protocolVersion says it. Wire: docs/protocol.md, "Telling the generations apart". Since ABI 1. */
SC_API int sc_socket_protocol_version(const sc_socket_t *socket);
/** Milliseconds since its WebSocket opened. Since ABI 1. */
SC_API uint64_t sc_socket_age_ms(const sc_socket_t *socket);

/** What has gone to and fro. Fields may be added at the end. */
typedef struct sc_socket_traffic {
    uint64_t received_messages; /* packets, arrays of them, pongs, raw texts; no control frames */
    uint64_t received_bytes;    /* of these messages */
    uint64_t sent_frames;       /* queued for sending, control frames and pings included */
    uint64_t sent_bytes;        /* of these frames, their heads included */
    uint64_t backlog_bytes;     /* of these, what the client has not taken yet; 0 once closed */
} sc_socket_traffic_t;

/** Still there in DISCONNECTION. `traffic_size`: sizeof(*traffic); later fields than the server knows become 0. Since ABI 1. */
SC_API void sc_socket_traffic(const sc_socket_t *socket, sc_socket_traffic_t *traffic,
                              size_t traffic_size);
/** The client's address as text. What a trusted proxy says in X-Forwarded-For, else the peer's own. */
SC_API sc_str_t sc_socket_remote_address(const sc_socket_t *socket);
/** The peer's TCP port; of a proxy, if one is in front. 0: not known. Since ABI 1. */
SC_API uint16_t sc_socket_remote_port(const sc_socket_t *socket);
/**
 * Has a header of opening requests kept with each socket, for sc_socket_header: without it, to save memory, none is. Call it in
 * `attach`.
 *
 * @param name  compared without case, "User-Agent"; copied
 * @return SC_OK, also if another plugin has asked for it; SC_ERR_INVALID: empty
 * Since ABI 1.
 */
SC_API SC_MUST_CHECK sc_status_t sc_worker_keep_header(sc_worker_t *worker, const char *name);
/** The value of a header of the opening request, its bytes as sent, not always UTF-8; none if it had none, or if
 *  sc_worker_keep_header was not called for it. */
SC_API sc_str_t sc_socket_header(const sc_socket_t *socket, const char *name);
/** The query of the opening request's URL, without the '?'; none if there was none. */
SC_API sc_str_t sc_socket_query(const sc_socket_t *socket);

/** The socket of that id in this worker, or NULL. Borrowed. */
SC_API sc_socket_t *sc_worker_find_socket(sc_worker_t *worker, sc_str_t id);
typedef void (*sc_socket_cb)(sc_socket_t *socket, void *arg);
/** Hands each open socket of this worker to the callback, which may close them. */
SC_API void sc_worker_each_socket(sc_worker_t *worker, sc_socket_cb callback, void *arg);

/* ---- Authentication ---------------------------------------------------------------------------------- */

SC_API bool sc_socket_is_authenticated(const sc_socket_t *socket);
/** The claims of the socket's token, a JSON object; none without. Lives until the token changes. */
SC_API sc_str_t sc_socket_token(const sc_socket_t *socket);

/** `status`: SC_OK, SC_ERR_TIMEOUT, SC_ERR_STATE (closed); `data`, `error`: JSON of the answer, none if not
 *  there. A client that answered with an error gives SC_OK and `error`. */
typedef void (*sc_answer_cb)(sc_status_t status, sc_str_t data, sc_str_t error, void *arg);

/**
 * Signs a token and gives it to the client, which presents it again when it reconnects. The socket is
 * authenticated from now on: AUTHENTICATION listeners are called from within.
 *
 * @param claims        a JSON object; `iat` is added and, unless it is there or `expires_s` says
 *                      otherwise, `exp` by the option authDefaultExpiry
 * @param expires_s     lifetime in seconds; 0: authDefaultExpiry
 * @param callback,arg  if not NULL: the client confirms, within ackTimeout
 * @return SC_OK; SC_ERR_INVALID: not an object, or it can't be signed: the socket is closed with 4002;
 *         SC_ERR_STATE: closed
 * Thread: the worker's only. Since ABI 1. Wire: docs/protocol.md, "Authentication".
 */
SC_API SC_MUST_CHECK sc_status_t sc_socket_set_auth_token(sc_socket_t *socket, sc_str_t claims,
                                                          uint32_t expires_s, sc_answer_cb callback,
                                                          void *arg);
/** How a token is signed. Set `size`; what is zero has its default. Fields may be added at the end. */
typedef struct sc_token_options {
    uint32_t size;         /* sizeof(sc_token_options_t) */
    uint32_t expires_s;    /* lifetime in seconds; 0: option authDefaultExpiry */
    const char *algorithm; /* "HS512"; NULL: option authAlgorithm, or what suits the key */
} sc_token_options_t;

/**
 * sc_socket_set_auth_token with more to choose.
 *
 * @param options  NULL: all defaults; an algorithm must be one that the key is for and that is accepted here
 * @return as sc_socket_set_auth_token; with such an algorithm that does not fit SC_ERR_INVALID, and the socket is closed
 *         with 4002
 * Thread: the worker's only. Since ABI 1. Wire: docs/protocol.md, "Authentication".
 */
SC_API SC_MUST_CHECK sc_status_t sc_socket_sign_auth_token(sc_socket_t *socket, sc_str_t claims,
                                                           const sc_token_options_t *options,
                                                           sc_answer_cb callback, void *arg);
/** Takes the token away, from the client too. DEAUTHENTICATION listeners are called from within.
 *  @return SC_OK, also without a token; SC_ERR_STATE: closed. Since ABI 1. */
SC_API sc_status_t sc_socket_deauthenticate(sc_socket_t *socket, sc_answer_cb callback, void *arg);

/**
 * Signs a token without giving it to anybody: for a login over HTTP, whose page hands it to its client. The same as
 * sc_socket_sign_auth_token otherwise; no event is told.
 *
 * @param token  the signed token is added to it
 * @return SC_OK; SC_ERR_INVALID: not an object, or it can't be signed
 * Thread: the worker's only. Since ABI 1.
 */
SC_API SC_MUST_CHECK sc_status_t sc_worker_sign_token(sc_worker_t *worker, sc_str_t claims,
                                                      const sc_token_options_t *options,
                                                      sc_text_t *token);
/**
 * Verifies a token as if a client had presented it, for requests over HTTP that carry one. Middleware is not asked.
 *
 * @param claims  its claims, a JSON object, are added to it
 * @param error   the error object that a client would get is added to it
 * @return SC_OK; SC_ERR_INVALID: refused, with `error`
 * Thread: the worker's only. Since ABI 1. Wire: docs/protocol.md, "Verifying".
 */
SC_API SC_MUST_CHECK sc_status_t sc_worker_verify_token(sc_worker_t *worker, sc_str_t token,
                                                        sc_text_t *claims, sc_text_t *error);

/* ---- Sending ------------------------------------------------------------------------------------------- */

/**
 * Emits an event to the client.
 *
 * @param event         UTF-8
 * @param data          JSON text, none for none; copied, not checked
 * @param callback,arg  if not NULL, called once: with the answer, after `timeout_ms` (0: option ackTimeout), or
 *                      when the socket closes
 * @return SC_OK; SC_ERR_STATE: not open: the callback will not be called
 * Thread: the worker's only. Since ABI 1. Wire: docs/protocol.md, "Events and answers".
 */
SC_API sc_status_t sc_socket_emit(sc_socket_t *socket, sc_str_t event, sc_str_t data,
                                  sc_answer_cb callback, void *arg, uint32_t timeout_ms);
/** Sends a message of a channel to this client alone; publishOut middleware is not asked.
 *  @return SC_OK; SC_ERR_STATE: not open. Since ABI 1. Wire: docs/protocol.md, "#publish". */
SC_API sc_status_t sc_socket_publish(sc_socket_t *socket, sc_str_t channel, sc_str_t data);
/** Sends a text that is no packet; to a client with a binary codec as a MessagePack string. Old clients take few texts; see
 *  docs/protocol.md. Since ABI 1. */
SC_API sc_status_t sc_socket_send_raw(sc_socket_t *socket, sc_str_t text);

/* ---- Channels -------------------------------------------------------------------------------------------- */

SC_API bool sc_socket_is_subscribed(const sc_socket_t *socket, sc_str_t channel);
/** Whether middleware has let the subscription pass and its broker has not answered yet. It will stand, unless the
 *  socket gives it up. Since ABI 1. */
SC_API bool sc_socket_is_subscribing(const sc_socket_t *socket, sc_str_t channel);
SC_API uint32_t sc_socket_channel_count(const sc_socket_t *socket);
typedef void (*sc_channel_cb)(sc_str_t channel, void *arg);
/** Hands the name of each channel that the socket is in to the callback, which must not change them. */
SC_API void sc_socket_each_channel(const sc_socket_t *socket, sc_channel_cb callback, void *arg);
/**
 * Ends a subscription; the client is told and does not come back by itself. UNSUBSCRIPTION listeners are called
 * from within if the socket was subscribed.
 *
 * @param channel  none: every channel, one packet each
 * @param message  none: none; copied
 * @return SC_OK; SC_ERR_STATE: not open. Since ABI 1. Wire: docs/protocol.md, "#kickOut".
 */
SC_API sc_status_t sc_socket_kick_out(sc_socket_t *socket, sc_str_t channel, sc_str_t message);

/* ---- The end --------------------------------------------------------------------------------------------- */

/**
 * Closes the connection after what is queued. Listeners are called in a later turn.
 *
 * @param code    1000 to 4999 and allowed on the wire (RFC 6455, 7.4); else 1000
 * @param reason  UTF-8; cut to 123 bytes
 * Thread: the worker's only. Since ABI 1. Wire: docs/protocol.md, "Disconnecting".
 */
SC_API void sc_socket_disconnect(sc_socket_t *socket, int code, sc_str_t reason);
/**
 * Cuts the connection at once: no close frame, and what is queued is lost. Listeners are called in a later turn, with code 1006.
 * Clients come back after 10 to 20 seconds.
 *
 * Thread: the worker's only. Since ABI 1.
 */
SC_API void sc_socket_terminate(sc_socket_t *socket);

/* ---- A plugin's own data of a socket ------------------------------------------------------------------------ */

/** A place for one pointer in every socket. Call it in `attach`; the number is the same in all sockets. */
SC_API uint32_t sc_worker_socket_slot(sc_worker_t *worker);
/** NULL until set. */
SC_API void *sc_socket_get(const sc_socket_t *socket, uint32_t slot);
/** The plugin frees what it puts here, at the latest in DISCONNECTION or CONNECTION_ABORT. */
SC_API void sc_socket_set(sc_socket_t *socket, uint32_t slot, void *value);

SC_EXTERN_C_END

#endif
