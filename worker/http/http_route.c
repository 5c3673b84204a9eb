#include "common/alloc.h"
#include "worker/http/http_session.h"

#include <sc/plugin.h>

/* ---- Life -------------------------------------------------------------------------------------------------- */

sc_http_t *sc_http_new(const sc_http_setup_t *setup)
{
    sc_http_upgrade_rules_t *rules = sc_http_upgrade_rules_new(setup->options);
    sc_http_t *http;

    if (rules == NULL)
        return NULL;
    http = sc_new(sc_http_t);
    http->setup = *setup;
    http->rules = rules;
    http->limits.head_bytes_max = (size_t)setup->options->max_header_bytes;
    http->limits.body_bytes_max = (size_t)setup->options->max_http_body_bytes;
    sc_list_init(&http->sessions);
    return http;
}

void sc_http_free(sc_http_t *http)
{
    if (http == NULL)
        return;
    sc_http_session_free_all(http);
    sc_http_upgrade_rules_free(http->rules);
    for (uint32_t i = 0; i < http->route_count; i++) {
        free(http->routes[i].method);
        free(http->routes[i].path);
    }
    free(http->routes);
    free(http);
}

sc_http_counts_t sc_http_get_counts(const sc_http_t *http)
{
    return http->counts;
}

/* ---- Routes ------------------------------------------------------------------------------------------------ */

static bool is_method(const char *method)
{
    for (const char *c = method; *c != '\0'; c++) {
        if (*c < 'A' || *c > 'Z')
            return false;
    }
    return *method != '\0';
}

/** Begins with a slash and has no star but at its end, or is nothing but a star. */
static bool is_pattern(const char *path)
{
    const char *star = strchr(path, '*');

    return (*path == '/' || *path == '*') && (star == NULL || star[1] == '\0');
}

static const sc_http_route_t *find_same(const sc_http_t *http, const sc_http_route_t *other)
{
    for (uint32_t i = 0; i < http->route_count; i++) {
        const sc_http_route_t *route = &http->routes[i];

        if (route->is_prefix == other->is_prefix && strcmp(route->path, other->path) == 0 &&
            strcmp(route->method, other->method) == 0)
            return route;
    }
    return NULL;
}

sc_status_t sc_http_serve(sc_http_t *http, const char *method, const char *path,
                          sc_http_cb callback, void *arg)
{
    sc_http_route_t route = {.callback = callback, .arg = arg};
    size_t len = strlen(path);

    if (!is_method(method) || !is_pattern(path))
        return SC_ERR_INVALID;
    route.is_prefix = path[len - 1] == '*';
    route.method = sc_strdup(sc_str_from(method));
    route.path = sc_strdup(sc_str(path, route.is_prefix ? len - 1 : len));
    if (find_same(http, &route) != NULL) {
        free(route.method);
        free(route.path);
        return SC_ERR_STATE;
    }
    http->routes = sc_realloc(http->routes, (http->route_count + 1) * sizeof(*http->routes));
    http->routes[http->route_count++] = route;
    return SC_OK;
}

/** How well a route fits a path: 0: not at all; the longer the better, and exact is best. */
static size_t fit(const sc_http_route_t *route, sc_str_t path)
{
    sc_str_t pattern = sc_str_from(route->path);

    if (route->is_prefix)
        return sc_str_starts_with(path, pattern) ? pattern.len + 1 : 0;
    return sc_str_equal(path, pattern) ? SIZE_MAX : 0;
}

static size_t best_fit(const sc_http_t *http, sc_str_t path)
{
    size_t best = 0;

    for (uint32_t i = 0; i < http->route_count; i++) {
        size_t found = fit(&http->routes[i], path);

        if (found > best)
            best = found;
    }
    return best;
}

/** Of the routes that fit a path that well, the one with a method; NULL: none. */
static const sc_http_route_t *find_route(const sc_http_t *http, sc_str_t path, size_t how_well,
                                         sc_str_t method)
{
    for (uint32_t i = 0; i < http->route_count; i++) {
        const sc_http_route_t *route = &http->routes[i];

        if (fit(route, path) == how_well && sc_str_equal(sc_str_from(route->method), method))
            return route;
    }
    return NULL;
}

/* ---- Requests ---------------------------------------------------------------------------------------------- */

static void answer_not_found(sc_http_request_t *session)
{
    sc_http_response_t response = {.status = 404, .body = SC_STR("Not Found")};

    session->http->counts.refused++;
    sc_http_session_answer(session, &response);
}

/** 405 with the methods that the path has (RFC 9110, 15.5.6). */
static void answer_wrong_method(sc_http_request_t *session, sc_str_t path, size_t how_well)
{
    const sc_http_t *http = session->http;
    sc_http_response_t response = {.status = 405, .body = SC_STR("Method Not Allowed")};
    sc_text_t allow = {0};

    session->http->counts.refused++;
    sc_text_add(&allow, SC_STR("Allow: "));
    for (uint32_t i = 0, count = 0; i < http->route_count; i++) {
        if (fit(&http->routes[i], path) != how_well)
            continue;
        sc_text_addf(&allow, "%s%s%s", count++ > 0 ? ", " : "", http->routes[i].method,
                     strcmp(http->routes[i].method, "GET") == 0 ? ", HEAD" : "");
    }
    sc_text_add(&allow, sc_str("\r\n", 3)); /* with the NUL */
    response.headers = allow.ptr;
    sc_http_session_answer(session, &response);
    sc_text_free(&allow);
}

static void find_address(sc_http_request_t *session)
{
    char peer[INET6_ADDRSTRLEN];

    sc_conn_peer_address(session->conn, peer, sizeof(peer));
    sc_http_upgrade_client_address(session->http->rules, session->head, peer, session->address,
                                   sizeof(session->address));
}

static void serve(sc_http_request_t *session, const sc_http_route_t *route)
{
    find_address(session);
    sc_conn_pause(session->conn);
    route->callback(session, route->arg);
}

/** A request for the WebSocket endpoint, or one that thinks so. */
static void open_websocket(sc_http_request_t *session)
{
    sc_http_t *http = session->http;
    sc_http_refusal_t refusal;

    session->stage = SC_HTTP_OPENING;
    if (sc_http_upgrade_check(http->rules, session->head, &refusal) != SC_OK) {
        sc_http_session_refuse(session, refusal.status, refusal.headers,
                               sc_text_str(&refusal.body));
        sc_text_free(&refusal.body);
        return;
    }
    find_address(session);
    sc_conn_pause(session->conn);
    http->setup.on_websocket(session, http->setup.arg);
}

void sc_http_dispatch(sc_http_request_t *session)
{
    sc_http_t *http = session->http;
    sc_str_t path = sc_http_head_path(session->head);
    sc_str_t method = sc_http_head_method(session->head);
    size_t how_well = best_fit(http, path);
    const sc_http_route_t *route;

    http->counts.requests++;
    /* The endpoint's path may be served too, but not by what serves any path. */
    if (sc_http_head_wants_websocket(session->head) ||
        (how_well != SIZE_MAX && sc_http_upgrade_is_path(http->rules, path))) {
        open_websocket(session);
        return;
    }
    session->stage = SC_HTTP_SERVING;
    route = find_route(http, path, how_well, method);
    if (route == NULL && sc_str_equal(method, SC_STR("HEAD")))
        route = find_route(http, path, how_well, SC_STR("GET"));
    if (how_well == 0)
        answer_not_found(session);
    else if (route == NULL)
        answer_wrong_method(session, path, how_well);
    else
        serve(session, route);
}
