/*
 * worker.h: what a worker plugin hooks into: events, calls from clients, middleware, timers, counters.
 * Register in `attach`; nothing can be unregistered: plugins live as long as their process.
 */
#ifndef SC_WORKER_H
#define SC_WORKER_H

#include <sc/plugin.h>

SC_EXTERN_C_BEGIN

/* ---- The process ------------------------------------------------------------------------------------- */

/** This worker's number, 0 to count - 1. The same after a restart. */
SC_API uint32_t sc_worker_id(const sc_worker_t *worker);
/** How many workers the cluster has (option `workers`). */
SC_API uint32_t sc_worker_count(const sc_worker_t *worker);
/** How many brokers the cluster has (option `brokers`). */
SC_API uint32_t sc_worker_broker_count(const sc_worker_t *worker);
/** Sockets that are connected now, handshake completed or not. */
SC_API uint32_t sc_worker_socket_count(const sc_worker_t *worker);
/** Of these, sockets whose handshake is completed. Since ABI 1. */
SC_API uint32_t sc_worker_open_socket_count(const sc_worker_t *worker);
/** Milliseconds since some moment in the past; never goes back. The time at which this turn began. */
SC_API uint64_t sc_worker_now_ms(const sc_worker_t *worker);
/**
 * An option of the cluster by its name in the configuration file, as JSON text ("20000", "\"*:*\"").
 *
 * @param out  the text is added to it
 * @return SC_OK; SC_ERR_NOT_FOUND: no option of that name, or a secret
 * Since ABI 1.
 */
SC_API SC_MUST_CHECK sc_status_t sc_worker_option(const sc_worker_t *worker, const char *name,
                                                  sc_text_t *out);

/* ---- Events ------------------------------------------------------------------------------------------ */

/** What can be listened to; the names are SocketCluster's. Fields of sc_event_t in parentheses. */
typedef enum sc_event_type {
    SC_EVENT_CONNECTION,       /* handshake completed; subscriptions may follow (socket) */
    SC_EVENT_CONNECTION_ABORT, /* closed before its handshake was complete (socket, code, reason) */
    SC_EVENT_DISCONNECTION,    /* closed after it (socket, code, reason); before it came one
                                   UNSUBSCRIPTION for each channel, while the token was still there */
    SC_EVENT_SUBSCRIPTION,     /* stands, and the client has been told (socket, channel, data) */
    SC_EVENT_UNSUBSCRIPTION, /* over: unsubscribed, kicked out or disconnected (socket, channel, code) */
    SC_EVENT_AUTHENTICATION, /* has a (new) token (socket, token, old_token: none if there was none) */
    SC_EVENT_DEAUTHENTICATION, /* lost its token by whatever cause (socket, old_token, reason: "client":
                                   logged out; "server": sc_socket_deauthenticate; "refused": the next
                                   one it presented was; "expired") */
    SC_EVENT_BAD_AUTH_TOKEN, /* presented one that was refused, by its checks or by middleware that calls
                                 it bad (socket, reason: the error's message, data: the error that the
                                 client got, JSON) */
    SC_EVENT_AUTH_TOKEN_SIGNED, /* sc_socket_set_auth_token has made one (socket, token: the claims) */
    SC_EVENT_RAW,               /* a text that is no packet (socket, data: the text) */
    SC_EVENT_HANDSHAKE, /* its WebSocket has opened, nothing else has happened yet (socket) */
    SC_EVENT_CLOSURE,   /* right after CONNECTION_ABORT or DISCONNECTION (socket, code, reason) */
    SC_EVENT_AUTH_STATE_CHANGE, /* has a token and had none, or the other way round; right before AUTHENTICATION
                                   or DEAUTHENTICATION (socket, token, old_token: one of them is none) */
    SC_EVENT_WARNING, /* middleware has blocked something, unless the option middlewareEmitWarnings is false, but for PUBLISH_OUT
                         (socket, NULL for HANDSHAKE_WS; channel; reason: "subscribe", "publishIn", ...; data:
                         the error); or a client has broken the protocol or a limit and is closed (socket, code, reason) */
    SC_EVENT_TYPES
} sc_event_type_t;

/** An event. All spans are borrowed until the callback returns. Fields may be added at the end. */
typedef struct sc_event {
    sc_event_type_t type;
    sc_socket_t *socket; /* the client; sc_socket_ref it to keep it. NULL: see SC_EVENT_WARNING */
    sc_str_t channel;
    sc_str_t data;      /* JSON text as the client sent it; none if there was none */
    sc_str_t token;     /* claims: a JSON object; never the signed token */
    sc_str_t old_token; /* the claims before */
    sc_str_t reason;    /* UTF-8 */
    int code;           /* close code, 1000 to 4999; 1006: without a close frame. Of an UNSUBSCRIPTION: of the
                           connection that has ended, 0 if it goes on */
} sc_event_t;

typedef void (*sc_event_cb)(const sc_event_t *event, void *arg);

/**
 * Listens to one type of event. Listeners are called in the order of registration.
 *
 * @param arg  handed to the callback; must live as long as the worker
 * @return SC_OK; SC_ERR_INVALID: no such type
 * Thread: the worker's only. Since ABI 1.
 */
SC_API SC_MUST_CHECK sc_status_t sc_worker_on(sc_worker_t *worker, sc_event_type_t type,
                                              sc_event_cb callback, void *arg);

/* ---- Calls: application events from clients ------------------------------------------------------------ */

/**
 * A client sent an event that the plugin handles. The callback must end the call once, then or later:
 * with sc_call_answer, sc_call_fail or sc_call_drop. Later packets of the client do not wait for it.
 * The call, and its socket, stay valid until then, even if the client has gone meanwhile.
 */
typedef void (*sc_call_cb)(sc_call_t *call, void *arg);

/**
 * Handles the application event `name`; one handler per name.
 *
 * @param name  UTF-8, not beginning with '#'; copied
 * @return SC_OK; SC_ERR_INVALID: the name; SC_ERR_STATE: it has a handler already
 * Thread: the worker's only. Since ABI 1. Wire: docs/protocol.md, "Events and answers".
 */
SC_API SC_MUST_CHECK sc_status_t sc_worker_on_call(sc_worker_t *worker, const char *name,
                                                   sc_call_cb callback, void *arg);

SC_API sc_socket_t *sc_call_socket(const sc_call_t *call);
SC_API sc_str_t sc_call_event(const sc_call_t *call);
/** JSON text as the client sent it; none if there was none. Lives until the call ends. */
SC_API sc_str_t sc_call_data(const sc_call_t *call);
/** Whether the client waits for an answer; without, answering sends nothing and does no harm. */
SC_API bool sc_call_wants_answer(const sc_call_t *call);
/** Answers and ends the call. `data`: JSON text, none for no result; copied. */
SC_API void sc_call_answer(sc_call_t *call, sc_str_t data);
/** Answers with an error and ends the call. `data`: sent beside the error to old clients; usually none. */
SC_API void sc_call_fail(sc_call_t *call, const sc_error_t *error, sc_str_t data);
/** Ends the call without an answer; the client will time out. */
SC_API void sc_call_drop(sc_call_t *call);

/* ---- Middleware ------------------------------------------------------------------------------------------ */

/** What middleware can be put on. In parentheses what the action can be asked for. */
typedef enum sc_action_type {
    SC_ACTION_HANDSHAKE_WS, /* WebSocket opening (http); a block is answered with 401 */
    SC_ACTION_HANDSHAKE,    /* #handshake (socket); a block closes with the error's status_code */
    SC_ACTION_AUTHENTICATE, /* a token passed its checks (socket, token); a block leaves the socket
                               without a token */
    SC_ACTION_SUBSCRIBE,    /* (socket, channel, data) */
    SC_ACTION_PUBLISH_IN,   /* a client publishes (socket, channel, data; set_data, set_ack_data) */
    SC_ACTION_PUBLISH_OUT, /* one subscriber is to get a message (socket, channel, data; set_data); a block
                               drops it for this subscriber, silently */
    SC_ACTION_EMIT,        /* an application event (socket, event, data; set_data) */
    SC_ACTION_TYPES
} sc_action_type_t;

typedef enum sc_verdict {
    SC_PASS,         /* on to the next middleware */
    SC_BLOCK,        /* refused, with the error of sc_action_set_error */
    SC_BLOCK_SILENT, /* refused: the client gets SilentMiddlewareBlockedError */
    SC_LATER,        /* sc_action_continue will be called, exactly once */
} sc_verdict_t;

/**
 * Decides about an action. Middleware of one type is asked in load order; the first that blocks ends it.
 * While an action waits, later packets of the same socket wait too; other sockets do not. (PUBLISH_OUT is
 * the exception: later messages do not wait for an earlier one.)
 */
typedef sc_verdict_t (*sc_middleware_cb)(sc_action_t *action, void *arg);

/**
 * Puts middleware on one type of action.
 *
 * @return SC_OK; SC_ERR_INVALID: no such type
 * Thread: the worker's only. Since ABI 1.
 */
SC_API SC_MUST_CHECK sc_status_t sc_worker_use(sc_worker_t *worker, sc_action_type_t type,
                                               sc_middleware_cb callback, void *arg);

/**
 * Ends the wait that SC_LATER began. Never from within the callback that returned SC_LATER. Safe when the
 * client has gone meanwhile: nothing happens then. The action is not to be used afterwards.
 */
SC_API void sc_action_continue(sc_action_t *action, sc_verdict_t verdict);
SC_API sc_action_type_t sc_action_type(const sc_action_t *action);
/** The client. NULL for SC_ACTION_HANDSHAKE_WS. */
SC_API sc_socket_t *sc_action_socket(const sc_action_t *action);
/** The opening request, of SC_ACTION_HANDSHAKE_WS alone, for the accessors of http.h; else NULL. */
SC_API const sc_http_request_t *sc_action_http(const sc_action_t *action);
SC_API sc_str_t sc_action_channel(const sc_action_t *action);
/** Name of the application event. */
SC_API sc_str_t sc_action_event(const sc_action_t *action);
/** JSON text; none if there was none. What an earlier middleware has set, if one has. */
SC_API sc_str_t sc_action_data(const sc_action_t *action);
/** Claims of the token that is about to be accepted (AUTHENTICATE), else of the socket's own. JSON or none. */
SC_API sc_str_t sc_action_token(const sc_action_t *action);
/** Changes the data that goes on. JSON text, none for no data; copied, not checked. */
SC_API void sc_action_set_data(sc_action_t *action, sc_str_t data);
/** Data of the answer to a #publish with a cid, beside an error too. JSON text; copied. */
SC_API void sc_action_set_ack_data(sc_action_t *action, sc_str_t data);
/** The error that SC_BLOCK answers with; copied. Without one SC_BLOCK is SC_BLOCK_SILENT. */
SC_API void sc_action_set_error(sc_action_t *action, const sc_error_t *error);

/* ---- Timers ----------------------------------------------------------------------------------------------- */

typedef void (*sc_timer_cb)(void *arg);

/**
 * Calls `callback` after `first_ms` and, if `every_ms` is not 0, every `every_ms` from then on.
 *
 * @param first_ms  0 means in a later turn; granularity is some ten milliseconds
 * @return a timer; owned by the worker. One that does not repeat is gone once it has fired.
 * Thread: the worker's only. Since ABI 1.
 */
SC_API sc_timer_t *sc_worker_timer(sc_worker_t *worker, uint32_t first_ms, uint32_t every_ms,
                                   sc_timer_cb callback, void *arg);
/** Stops and frees a timer; from within its own callback too. NULL does nothing. */
SC_API void sc_timer_stop(sc_timer_t *timer);

/* ---- Counters --------------------------------------------------------------------------------------------- */

/**
 * A counter of this process by its name, made on first use: plugins' and the worker's own.
 *
 * @param name  lower case, digits and '_'; copied; by custom it begins with the plugin's name
 * @param help  one sentence; copied on first use
 * Since ABI 1.
 */
SC_API sc_counter_t *sc_worker_counter(sc_worker_t *worker, const char *name, const char *help);
SC_API void sc_counter_add(sc_counter_t *counter, int64_t amount);
typedef void (*sc_counter_cb)(const char *name, const char *help, int64_t value, void *arg);
/** Hands each counter to the callback, in the order in which they were made. */
SC_API void sc_worker_each_counter(sc_worker_t *worker, sc_counter_cb callback, void *arg);

SC_EXTERN_C_END

#endif
