#include "worker/http/http_upgrade.h"

#include "common/alloc.h"
#include "common/str.h"
#include "worker/http/ip_network.h"

#include <openssl/evp.h>
#include <openssl/sha.h>
#include <sc/plugin.h>

/* RFC 6455, 1.3 */
#define ACCEPT_GUID "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
#define KEY_CHARS 24u
#define ACCEPT_CHARS 28u /* of base64 for the 20 bytes of SHA-1 */

/* An entry of the option origins: "host:port", "*" for either half. */
typedef struct origin {
    sc_str_t host;
    sc_str_t port;
} origin_t;

struct sc_http_upgrade_rules {
    sc_str_t path; /* without a slash at the end; part of options->path */
    origin_t *origins;
    uint32_t origin_count;
    bool allows_any_origin;
    sc_ip_network_t *proxies;
    uint32_t proxy_count;
    uint8_t deflate_window_bits; /* 0: frames are never compressed */
};

/* ---- Options ----------------------------------------------------------------------------------------------- */

static sc_str_t without_slash(sc_str_t path)
{
    if (path.len > 0 && path.ptr[path.len - 1] == '/')
        path.len--;
    return path;
}

static sc_str_t without_brackets(sc_str_t host)
{
    if (host.len >= 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']')
        return sc_str(host.ptr + 1, host.len - 2);
    return host;
}

/** Splits at the last colon that is not part of an IPv6 address in brackets. @return false: there is none. */
static bool split_port(sc_str_t text, sc_str_t *host, sc_str_t *port)
{
    size_t at = text.len;

    while (at > 0 && text.ptr[at - 1] != ':' && text.ptr[at - 1] != ']')
        at--;
    if (at == 0 || text.ptr[at - 1] != ':') {
        *host = without_brackets(text);
        return false;
    }
    *host = without_brackets(sc_str(text.ptr, at - 1));
    *port = sc_str(text.ptr + at, text.len - at);
    return true;
}

static bool is_star(sc_str_t text)
{
    return sc_str_equal(text, SC_STR("*"));
}

static bool is_port(sc_str_t text)
{
    uint64_t number;

    return is_star(text) || (sc_str_to_uint(text, &number) == SC_OK && number <= UINT16_MAX);
}

static uint32_t count_entries(const char *list)
{
    uint32_t count = 1;

    for (const char *c = list; *c != '\0'; c++)
        count += *c == ',' ? 1 : 0;
    return count;
}

static bool read_origins(sc_http_upgrade_rules_t *rules, const char *list)
{
    sc_str_t rest = sc_str_from(list);
    sc_str_t part;

    rules->origins = sc_alloc_zeroed(count_entries(list), sizeof(*rules->origins));
    while (sc_str_split(&rest, ',', &part)) {
        origin_t *origin = &rules->origins[rules->origin_count];
        sc_str_t entry = sc_str_trim(part);

        if (!split_port(entry, &origin->host, &origin->port) || origin->host.len == 0 ||
            memchr(origin->host.ptr, '/', origin->host.len) != NULL || !is_port(origin->port)) {
            sc_log(SC_LOG_ERROR, "option origins: \"%.*s\" is not HOST:PORT (* stands for any)",
                   SC_STR_ARG(entry));
            return false;
        }
        if (is_star(origin->host) && is_star(origin->port))
            rules->allows_any_origin = true;
        rules->origin_count++;
    }
    return true;
}

static bool read_proxies(sc_http_upgrade_rules_t *rules, const char *list)
{
    sc_str_t rest = sc_str_from(list);
    sc_str_t part;

    if (list == NULL)
        return true;
    rules->proxies = sc_alloc_zeroed(count_entries(list), sizeof(*rules->proxies));
    while (sc_str_split(&rest, ',', &part)) {
        sc_str_t entry = sc_str_trim(part);

        if (sc_ip_network_parse(entry, &rules->proxies[rules->proxy_count]) != SC_OK) {
            sc_log(SC_LOG_ERROR,
                   "option trustedProxies: \"%.*s\" is not an address or a network (10.0.0.0/8)",
                   SC_STR_ARG(entry));
            return false;
        }
        rules->proxy_count++;
    }
    return true;
}

sc_http_upgrade_rules_t *sc_http_upgrade_rules_new(const sc_options_t *options)
{
    sc_http_upgrade_rules_t *rules = sc_new(sc_http_upgrade_rules_t);

    rules->path = without_slash(sc_str_from(options->path));
    if (options->per_message_deflate)
        rules->deflate_window_bits = (uint8_t)options->deflate_window_bits;
    if (options->path == NULL || options->path[0] != '/') {
        sc_log(SC_LOG_ERROR, "option path: \"%s\" does not begin with a slash",
               options->path != NULL ? options->path : "");
        goto fail;
    }
    if (!read_origins(rules, options->origins != NULL ? options->origins : "*:*"))
        goto fail;
    if (!read_proxies(rules, options->trusted_proxies))
        goto fail;
    return rules;

fail:
    sc_http_upgrade_rules_free(rules);
    return NULL;
}

void sc_http_upgrade_rules_free(sc_http_upgrade_rules_t *rules)
{
    if (rules == NULL)
        return;
    free(rules->origins);
    free(rules->proxies);
    free(rules);
}

/* ---- Checks ------------------------------------------------------------------------------------------------ */

bool sc_http_upgrade_is_path(const sc_http_upgrade_rules_t *rules, sc_str_t path)
{
    return sc_str_equal(without_slash(path), rules->path);
}

static sc_status_t refuse(sc_http_refusal_t *refusal, int status, const char *headers,
                          sc_str_t message)
{
    memset(refusal, 0, sizeof(*refusal));
    refusal->status = status;
    refusal->headers = headers;
    sc_text_add(&refusal->body, message);
    return SC_ERR_INVALID;
}

static bool is_base64_char(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' ||
           c == '/';
}

/** Whether a key is 16 bytes of base64 (RFC 6455, 4.2.1). */
static bool is_key(sc_str_t key)
{
    if (key.len != KEY_CHARS || key.ptr[KEY_CHARS - 1] != '=' || key.ptr[KEY_CHARS - 2] != '=')
        return false;
    for (size_t i = 0; i < KEY_CHARS - 2; i++) {
        if (!is_base64_char(key.ptr[i]))
            return false;
    }
    return true;
}

static bool is_token(sc_str_t text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (!sc_ws_extension_is_token_char(text.ptr[i]))
            return false;
    }
    return text.len > 0;
}

/** The first subprotocol that the client offers; none: it offers none. */
static sc_str_t first_protocol(const sc_http_head_t *head)
{
    sc_str_t rest = sc_http_head_header(head, SC_STR("Sec-WebSocket-Protocol"));
    sc_str_t part;

    return sc_str_split(&rest, ',', &part) ? sc_str_trim(part) : sc_str_none();
}

/** What is agreed about compression. @return SC_ERR_INVALID: the header is malformed. */
static sc_status_t negotiate_deflate(const sc_http_upgrade_rules_t *rules,
                                     const sc_http_head_t *head, sc_ws_deflate_terms_t *terms)
{
    memset(terms, 0, sizeof(*terms));
    if (rules->deflate_window_bits == 0)
        return SC_OK; /* then nobody reads it */
    return sc_ws_extension_negotiate(sc_http_head_header(head, SC_STR("Sec-WebSocket-Extensions")),
                                     rules->deflate_window_bits, terms);
}

static sc_status_t check_headers(const sc_http_upgrade_rules_t *rules, const sc_http_head_t *head,
                                 sc_http_refusal_t *refusal)
{
    sc_ws_deflate_terms_t terms;
    sc_str_t version = sc_http_head_header(head, SC_STR("Sec-WebSocket-Version"));
    sc_str_t protocol = first_protocol(head);

    if (!sc_str_equal(sc_http_head_method(head), SC_STR("GET")))
        return refuse(refusal, 405, NULL, SC_STR("Invalid HTTP method"));
    if (!is_key(sc_http_head_header(head, SC_STR("Sec-WebSocket-Key"))))
        return refuse(refusal, 400, NULL, SC_STR("Missing or invalid Sec-WebSocket-Key header"));
    if (!sc_str_equal(version, SC_STR("13")) && !sc_str_equal(version, SC_STR("8")))
        return refuse(refusal, 400, "Sec-WebSocket-Version: 13, 8\r\n",
                      SC_STR("Missing or invalid Sec-WebSocket-Version header"));
    if (!sc_str_is_none(protocol) && !is_token(protocol))
        return refuse(refusal, 400, NULL, SC_STR("Invalid Sec-WebSocket-Protocol header"));
    if (negotiate_deflate(rules, head, &terms) != SC_OK)
        return refuse(refusal, 400, NULL, SC_STR("Invalid Sec-WebSocket-Extensions header"));
    return SC_OK;
}

/** Takes host and port out of an Origin header. One that is missing or "null" counts as host "*", port 80. */
static origin_t parse_origin(sc_str_t text)
{
    origin_t origin = {SC_STR("*"), SC_STR("80")};
    size_t at = 0;

    if (sc_str_is_none(text) || sc_str_equal(text, SC_STR("null")))
        return origin;
    while (at + 3 <= text.len && memcmp(text.ptr + at, "://", 3) != 0)
        at++;
    if (at + 3 > text.len) {
        origin.host = SC_STR("");
        return origin;
    }
    if (sc_str_equal_nocase(sc_str(text.ptr, at), SC_STR("https")))
        origin.port = SC_STR("443");
    (void)split_port(sc_str(text.ptr + at + 3, text.len - at - 3), &origin.host, &origin.port);
    return origin;
}

/** "host:port", "host:*" and "*:port", as whole entries (docs/protocol.md, "origins"). */
static bool is_allowed_origin(const sc_http_upgrade_rules_t *rules, sc_str_t text)
{
    origin_t origin = parse_origin(text);

    if (rules->allows_any_origin)
        return true;
    for (uint32_t i = 0; i < rules->origin_count; i++) {
        const origin_t *entry = &rules->origins[i];

        if ((is_star(entry->host) || sc_str_equal_nocase(entry->host, origin.host)) &&
            (is_star(entry->port) || sc_str_equal(entry->port, origin.port)))
            return true;
    }
    return false;
}

static sc_status_t check_origin(const sc_http_upgrade_rules_t *rules, const sc_http_head_t *head,
                                sc_http_refusal_t *refusal)
{
    sc_str_t origin = sc_http_head_header(head, SC_STR("Origin"));

    if (is_allowed_origin(rules, origin))
        return SC_OK;
    if (sc_str_is_none(origin) || sc_str_equal(origin, SC_STR("null")))
        origin = SC_STR("*");
    (void)refuse(refusal, 403, NULL,
                 SC_STR("Failed to authorize socket handshake - Invalid origin: "));
    sc_text_add(&refusal->body, origin);
    return SC_ERR_INVALID;
}

sc_status_t sc_http_upgrade_check(const sc_http_upgrade_rules_t *rules, const sc_http_head_t *head,
                                  sc_http_refusal_t *refusal)
{
    sc_status_t status;

    if (!sc_http_upgrade_is_path(rules, sc_http_head_path(head)))
        return refuse(refusal, 400, NULL, SC_STR("Bad Request"));
    if (!sc_http_head_wants_websocket(head))
        return refuse(refusal, 426, "Upgrade: websocket\r\n", SC_STR("Upgrade Required"));
    status = check_headers(rules, head, refusal);
    if (status != SC_OK)
        return status;
    return check_origin(rules, head, refusal);
}

/* ---- The answer -------------------------------------------------------------------------------------------- */

/** Writes the 28 characters and a NUL that prove that we speak WebSocket (RFC 6455, 4.2.2). */
static void write_accept(sc_str_t key, char accept[ACCEPT_CHARS + 1])
{
    unsigned char digest[SHA_DIGEST_LENGTH];
    char joined[KEY_CHARS + sizeof(ACCEPT_GUID) - 1];

    sc_assert(key.len == KEY_CHARS);
    memcpy(joined, key.ptr, KEY_CHARS);
    memcpy(joined + KEY_CHARS, ACCEPT_GUID, sizeof(ACCEPT_GUID) - 1);
    if (SHA1((const unsigned char *)joined, sizeof(joined), digest) == NULL)
        sc_die("OpenSSL has no SHA-1");
    EVP_EncodeBlock((unsigned char *)accept, digest, sizeof(digest));
}

sc_buf_t *sc_http_upgrade_accept(const sc_http_upgrade_rules_t *rules, const sc_http_head_t *head,
                                 sc_ws_deflate_terms_t *deflate)
{
    sc_status_t status = negotiate_deflate(rules, head, deflate);
    sc_str_t protocol = first_protocol(head);
    char accept[ACCEPT_CHARS + 1];
    sc_text_t answer = {0};
    sc_buf_t *buf;

    sc_assert(status == SC_OK); /* it was checked */
    write_accept(sc_http_head_header(head, SC_STR("Sec-WebSocket-Key")), accept);
    sc_text_add(&answer, SC_STR("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                                "Connection: Upgrade\r\nSec-WebSocket-Accept: "));
    sc_text_add(&answer, sc_str(accept, ACCEPT_CHARS));
    sc_text_add(&answer, SC_STR("\r\n"));
    if (!sc_str_is_none(protocol)) {
        sc_text_add(&answer, SC_STR("Sec-WebSocket-Protocol: "));
        sc_text_add(&answer, protocol);
        sc_text_add(&answer, SC_STR("\r\n"));
    }
    if (deflate->window_bits != 0) {
        sc_text_add(&answer, SC_STR("Sec-WebSocket-Extensions: "));
        sc_ws_extension_answer(deflate, &answer);
        sc_text_add(&answer, SC_STR("\r\n"));
    }
    sc_text_add(&answer, SC_STR("\r\n"));
    buf = sc_buf_copy(sc_text_str(&answer));
    sc_text_free(&answer);
    return buf;
}

/* ---- Who it is --------------------------------------------------------------------------------------------- */

static bool is_proxy(const sc_http_upgrade_rules_t *rules, const sc_ip_t *address)
{
    for (uint32_t i = 0; i < rules->proxy_count; i++) {
        if (sc_ip_network_has(&rules->proxies[i], address))
            return true;
    }
    return false;
}

/** Cuts the last entry off a list. @return false: nothing is left. */
static bool cut_last(sc_str_t *list, sc_str_t *entry)
{
    size_t at = list->len;

    if (sc_str_is_none(*list))
        return false;
    while (at > 0 && list->ptr[at - 1] != ',')
        at--;
    *entry = sc_str_trim(sc_str(list->ptr + at, list->len - at));
    *list = at > 0 ? sc_str(list->ptr, at - 1) : sc_str_none();
    return true;
}

/** An address as proxies write it, some with the port behind. */
static sc_status_t parse_forwarded(sc_str_t entry, sc_ip_t *address)
{
    sc_str_t host = entry;
    sc_str_t port;

    if (sc_ip_parse(entry, address) == SC_OK)
        return SC_OK;
    (void)split_port(entry, &host, &port);
    return sc_ip_parse(host, address);
}

void sc_http_upgrade_client_address(const sc_http_upgrade_rules_t *rules,
                                    const sc_http_head_t *head, const char *peer_address,
                                    char *text, size_t size)
{
    sc_str_t list = sc_http_head_header(head, SC_STR("X-Forwarded-For"));
    sc_str_t entry;
    sc_ip_t address;
    size_t len = strlen(peer_address);

    sc_assert(len < size);
    memcpy(text, peer_address, len + 1);
    if (sc_ip_parse(sc_str(peer_address, len), &address) != SC_OK)
        return;
    while (is_proxy(rules, &address) && cut_last(&list, &entry) &&
           parse_forwarded(entry, &address) == SC_OK)
        sc_ip_write(&address, text, size);
}
