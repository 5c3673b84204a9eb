/*
 * http_session.h: a connection while it speaks HTTP, and the request that it has. Inside worker/http only, and for
 * api/api_http.c.
 */
#ifndef SC_HTTP_SESSION_H
#define SC_HTTP_SESSION_H

#include "worker/http/http_response.h"
#include "worker/http/http_route.h"

/** What a session is doing. */
typedef enum sc_http_stage {
    SC_HTTP_IDLE,    /* nothing of a request has come; first bytes: READING, httpTimeout: OVER */
    SC_HTTP_READING, /* complete: SERVING or OPENING, or answered at once; httpTimeout: 408 and OVER */
    SC_HTTP_SERVING, /* a plugin is to answer; sc_http_respond: IDLE, or OVER without keep-alive */
    SC_HTTP_OPENING, /* somebody is to decide; sc_http_upgrade_finish frees, sc_http_upgrade_refuse: OVER */
    SC_HTTP_OVER, /* closing or closed */
} sc_http_stage_t;

/** A session is what a plugin knows as request: there is one at a time. It lives until the connection has gone and
 *  nobody is to answer any more. */
struct sc_http_request {
    sc_http_t *http;
    sc_conn_t *conn; /* NULL: has gone */
    sc_http_head_t *head;
    sc_list_t node; /* in http->sessions */
    sc_wheel_timer_t timer;
    uint64_t timed_backlog; /* what waited to be written when the timer was started */
    sc_http_stage_t stage;
    bool has_answered; /* a request before the present one */
    char address[INET6_ADDRSTRLEN];
};

/** A path, or the beginning of one, that a plugin serves with one method. */
typedef struct sc_http_route {
    char *method;
    char *path; /* without the '*' */
    bool is_prefix;
    sc_http_cb callback;
    void *arg;
} sc_http_route_t;

struct sc_http {
    sc_http_setup_t setup;
    sc_http_upgrade_rules_t *rules;
    sc_http_limits_t limits;
    sc_http_date_t date;
    sc_list_t sessions;
    sc_http_route_t *routes;
    uint32_t route_count;
    sc_http_counts_t counts;
    bool is_draining;
};

/** Answers the request that is complete: serves it, opens a WebSocket, or refuses. The session may be freed by then. */
void sc_http_dispatch(sc_http_request_t *session);
/** Sends an answer, and makes ready for the next request or closes. */
void sc_http_session_answer(sc_http_request_t *session, const sc_http_response_t *response);
/** Sends an answer of ours that closes, in SocketCluster's form, and logs why. */
void sc_http_session_refuse(sc_http_request_t *session, int status, const char *headers,
                            sc_str_t body);
/** Frees all sessions. */
void sc_http_session_free_all(sc_http_t *http);

#endif
