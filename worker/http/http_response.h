/*
 * http_response.h: answers as bytes: status line, headers, body.
 */
#ifndef SC_HTTP_RESPONSE_H
#define SC_HTTP_RESPONSE_H

#include "common/buf.h"

#include <sc/http.h>

#include <time.h>

/** The Date header, made once a second. Zero is the start. */
typedef struct sc_http_date {
    time_t second;
    char text[32];
} sc_http_date_t;

/** The words that go with a status: "Not Found"; never NULL. */
const char *sc_http_reason(int status);
/**
 * The answer of a plugin, or one of ours in its form; never NULL.
 *
 * @param has_body  false: to a HEAD request, the length is there but not the body
 */
sc_buf_t *sc_http_response_new(const sc_http_response_t *response, sc_http_date_t *date,
                               bool keeps_alive, bool has_body);
/**
 * A refusal in the form that SocketCluster gives it (docs/protocol.md, "Answers other than 101"): text/html, closes.
 *
 * @param headers  further lines, each ending in "\r\n", or NULL
 */
sc_buf_t *sc_http_refusal_new(int status, const char *headers, sc_str_t body);

#endif
