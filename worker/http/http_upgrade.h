/*
 * http_upgrade.h: the WebSocket opening (RFC 6455, 4.2; docs/protocol.md, "Transport"): what is checked, in which order,
 * and what is answered.
 */
#ifndef SC_HTTP_UPGRADE_H
#define SC_HTTP_UPGRADE_H

#include "common/buf.h"
#include "common/option_table.h"
#include "worker/http/http_request.h"
#include "worker/ws/ws_extension.h"

/** What an opening is checked against; made once. */
typedef struct sc_http_upgrade_rules sc_http_upgrade_rules_t;

/** @param options  borrowed for the rules' life @return NULL: an option is malformed, said in the log. */
sc_http_upgrade_rules_t *sc_http_upgrade_rules_new(const sc_options_t *options);
void sc_http_upgrade_rules_free(sc_http_upgrade_rules_t *rules);

/** An answer other than 101. */
typedef struct sc_http_refusal {
    int status;          /* 400, 403, 405, 426 */
    const char *headers; /* further lines, each ending in "\r\n", or NULL */
    sc_text_t body;      /* the message */
} sc_http_refusal_t;

/** Whether the path is the WebSocket endpoint's: equal but for one trailing slash on either side. */
bool sc_http_upgrade_is_path(const sc_http_upgrade_rules_t *rules, sc_str_t path);
/**
 * Checks path, WebSocket headers and origin, in this order. A request for the path that wants no WebSocket gets 426.
 * @return SC_OK; SC_ERR_INVALID: `refusal` is set, its body to be freed by the caller
 */
SC_MUST_CHECK sc_status_t sc_http_upgrade_check(const sc_http_upgrade_rules_t *rules,
                                                const sc_http_head_t *head,
                                                sc_http_refusal_t *refusal);
/**
 * The 101 answer to a request that was checked; the first subprotocol offered is accepted, and compression if it can be agreed.
 *
 * @param deflate  set to what was agreed; zero: nothing
 */
sc_buf_t *sc_http_upgrade_accept(const sc_http_upgrade_rules_t *rules, const sc_http_head_t *head,
                                 sc_ws_deflate_terms_t *deflate);
/**
 * The client's address: the peer's, or, if that is a trusted proxy's, the rightmost entry of X-Forwarded-For that is
 * not a trusted proxy's.
 *
 * @param text  INET6_ADDRSTRLEN bytes at least
 */
void sc_http_upgrade_client_address(const sc_http_upgrade_rules_t *rules,
                                    const sc_http_head_t *head, const char *peer_address,
                                    char *text, size_t size);

#endif
