/*
 * types.h: the types, results and limits that all other headers of the plugin interface share.
 */
#ifndef SC_TYPES_H
#define SC_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
#define SC_EXTERN_C_BEGIN extern "C" {
#define SC_EXTERN_C_END }
#else
#define SC_EXTERN_C_BEGIN
#define SC_EXTERN_C_END
#endif

#if defined(__GNUC__)
#define SC_API __attribute__((visibility("default")))
#define SC_MUST_CHECK __attribute__((warn_unused_result))
#define SC_PRINTF(format_index, first_index)                                                       \
    __attribute__((format(printf, format_index, first_index)))
#else
#define SC_API
#define SC_MUST_CHECK
#define SC_PRINTF(format_index, first_index)
#endif

SC_EXTERN_C_BEGIN

/** Longest name of a channel, in bytes of UTF-8. The shortest is 0: the empty name is a name. */
#define SC_CHANNEL_BYTES_MAX 4096
/** Longest name of a plugin, in bytes. */
#define SC_PLUGIN_NAME_BYTES_MAX 63
/** Characters of a socket's id (docs/protocol.md, "The handshake"). */
#define SC_SOCKET_ID_CHARS 20

/** Results. Positive ones are no errors, negative ones are; the log shows their names. */
typedef enum sc_status {
    SC_OK = 0,
    SC_AGAIN = 1,          /* more bytes, or a later turn of the loop, are needed */
    SC_ERR_NOMEM = -1,     /* no memory for something whose size a client chose */
    SC_ERR_INVALID = -2,   /* an argument, an option or a text is malformed */
    SC_ERR_LIMIT = -3,     /* a limit was reached */
    SC_ERR_PROTOCOL = -4,  /* the other side broke the protocol */
    SC_ERR_STATE = -5,     /* not possible now: closed, already answered, not subscribed */
    SC_ERR_TIMEOUT = -6,   /* no answer in time */
    SC_ERR_IO = -7,        /* a system call failed; the log has its errno */
    SC_ERR_NOT_FOUND = -8, /* no such thing */
} sc_status_t;

/** The name of a status, for logs: "SC_ERR_LIMIT". Never NULL. */
SC_API const char *sc_status_name(sc_status_t status);

/**
 * A span of bytes that belongs to somebody else. There is no NUL at its end. `ptr` NULL means "none",
 * which is not the same as an empty text.
 */
typedef struct sc_str {
    const char *ptr;
    size_t len;
} sc_str_t;

static inline sc_str_t sc_str(const char *ptr, size_t len)
{
    sc_str_t str;

    str.ptr = ptr;
    str.len = len;
    return str;
}

/** A span over a NUL-terminated text, without the NUL; NULL gives "none". */
static inline sc_str_t sc_str_from(const char *text)
{
    return sc_str(text, text != NULL ? strlen(text) : 0);
}

static inline sc_str_t sc_str_none(void)
{
    return sc_str(NULL, 0);
}

static inline bool sc_str_is_none(sc_str_t str)
{
    return str.ptr == NULL;
}

static inline bool sc_str_equal(sc_str_t a, sc_str_t b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static inline bool sc_str_starts_with(sc_str_t str, sc_str_t prefix)
{
    return str.len >= prefix.len &&
           (prefix.len == 0 || memcmp(str.ptr, prefix.ptr, prefix.len) == 0);
}

/** A span over a string literal. */
#define SC_STR(literal) sc_str("" literal, sizeof(literal) - 1)
/** Arguments for printf's "%.*s". */
#define SC_STR_ARG(str) (int)(str).len, ((str).ptr != NULL ? (str).ptr : "")

typedef struct sc_worker sc_worker_t; /* the worker process that a plugin runs in */
typedef struct sc_broker sc_broker_t; /* the broker process that a plugin runs in */
typedef struct sc_master sc_master_t; /* the master process that a plugin runs in */
typedef struct sc_socket sc_socket_t; /* a client, as SocketCluster sees it */
typedef struct sc_action sc_action_t; /* what a client wants to do, on its way through middleware */
typedef struct sc_call sc_call_t;     /* an application event of a client that wants an answer */
typedef struct sc_watch sc_watch_t;   /* a plugin that listens to a channel */
typedef struct sc_timer sc_timer_t;   /* a plugin's timer */
typedef struct sc_counter sc_counter_t;           /* a plugin's counter, readable by all plugins */
typedef struct sc_http_request sc_http_request_t; /* an HTTP request that a plugin serves */
typedef struct sc_text sc_text_t;                 /* a text that grows: json.h */

/**
 * An error as clients see it. On the wire it is an object: `message` first, `name` if there is one, then
 * `fields`. All texts are borrowed until the call that they are given to returns.
 */
typedef struct sc_error {
    sc_str_t message; /* shown to the user; UTF-8 */
    sc_str_t
        name; /* such as "AuthTokenInvalidError"; none: a plain Error, which has no name on the wire */
    sc_str_t fields; /* further members, as JSON without the braces: "\"code\":7"; none: none */
    sc_str_t json;   /* if there: the whole error as JSON, any value, in place of all the above */
    uint16_t status_code; /* close code of a refused handshake; 0 or forbidden: 4008 */
    bool is_bad_token;    /* authenticate only: the client shall drop its token */
} sc_error_t;

/** An error of a name and a message, both NUL-terminated; `name` may be NULL. */
static inline sc_error_t sc_error(const char *name, const char *message)
{
    sc_error_t error;

    memset(&error, 0, sizeof(error));
    error.name = sc_str_from(name);
    error.message = sc_str_from(message);
    return error;
}

SC_EXTERN_C_END

#endif
