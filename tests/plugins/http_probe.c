/*
 * http_probe.c: serves HTTP requests, to try http.h: /probe/echo (GET and POST), /probe/later, /probe/response,
 * /probe/files/<anything> and /probe/files/special.
 */
#include <sc/sc.h>

#define LATER_MS 50u

static void add_member(sc_text_t *out, const char *name, sc_str_t text)
{
    sc_text_addf(out, "%s\"%s\":", out->len > 1 ? "," : "", name);
    if (sc_str_is_none(text))
        sc_text_add(out, SC_STR("null"));
    else
        sc_text_add_quoted(out, text);
}

static void respond_echo(sc_http_request_t *request)
{
    sc_http_response_t response = {.status = 200, .type = "application/json"};
    sc_text_t text = {NULL, 0, 0};

    sc_text_add(&text, SC_STR("{"));
    add_member(&text, "method", sc_http_method(request));
    add_member(&text, "path", sc_http_path(request));
    add_member(&text, "query", sc_http_query(request));
    add_member(&text, "header", sc_http_header(request, "x-probe"));
    add_member(&text, "address", sc_http_remote_address(request));
    add_member(&text, "body", sc_http_body(request));
    sc_text_add(&text, SC_STR("}"));
    response.body = sc_text_str(&text);
    sc_http_respond(request, &response);
    sc_text_free(&text);
}

static void on_echo(sc_http_request_t *request, void *arg)
{
    (void)arg;
    respond_echo(request);
}

static void on_later(void *arg)
{
    respond_echo(arg);
}

static void on_later_request(sc_http_request_t *request, void *arg)
{
    (void)arg;
    if (sc_worker_timer(sc_http_worker(request), LATER_MS, 0, on_later, request) == NULL)
        respond_echo(request);
}

static void on_response(sc_http_request_t *request, void *arg)
{
    sc_http_response_t response = {.status = 201,
                                   .type = "text/x-probe",
                                   .headers = "X-One: 1\r\nX-Two: 2\r\n",
                                   .body = SC_STR("made")};

    (void)arg;
    sc_http_respond(request, &response);
}

static void on_special(sc_http_request_t *request, void *arg)
{
    sc_http_response_t response = {.status = 200, .body = SC_STR("special")};

    (void)arg;
    sc_http_respond(request, &response);
}

typedef struct route {
    const char *method;
    const char *path;
    sc_http_cb callback;
} route_t;

static const route_t routes[] = {
    {"GET", "/probe/echo", on_echo},           {"POST", "/probe/echo", on_echo},
    {"GET", "/probe/later", on_later_request}, {"GET", "/probe/response", on_response},
    {"GET", "/probe/files/*", on_echo},        {"GET", "/probe/files/special", on_special},
};

static sc_status_t attach(sc_worker_t *worker, sc_str_t options, void **state)
{
    (void)options;
    (void)state;
    for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
        sc_status_t status =
            sc_worker_serve(worker, routes[i].method, routes[i].path, routes[i].callback, NULL);

        if (status != SC_OK)
            return status;
    }
    /* A path is served by one plugin, once. */
    return sc_worker_serve(worker, "GET", "/probe/echo", on_echo, NULL) == SC_ERR_STATE
               ? SC_OK
               : SC_ERR_INVALID;
}

SC_WORKER_PLUGIN("http_probe", "1.0.0", attach, NULL);
