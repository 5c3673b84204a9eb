/*
 * page.c: the demo page's files and headers.
 */
#include "page.h"

#include <sc/http.h>
#include <sc/json.h>
#include <sc/plugin.h>
#include <sc/worker.h>
#include <stdio.h>

#define INDEX_NAME "index.html"
#define PATH_BYTES_MAX 64

/* Nothing but the page's own files and its WebSocket. The page is small and changes with the server: browsers ask
 * each time. */
#define PAGE_HEADERS                                                                               \
    "Content-Security-Policy: default-src 'self'; connect-src 'self' ws: wss:; base-uri 'none'; "  \
    "form-action 'none'; "                                                                         \
    "frame-ancestors 'none'\r\n"                                                                   \
    "X-Content-Type-Options: nosniff\r\n"                                                          \
    "Referrer-Policy: no-referrer\r\n"                                                             \
    "Cache-Control: no-cache\r\n"

static const char *type_of(const char *name)
{
    static const struct {
        const char *ending;
        const char *type;
    } types[] = {
        {".html", "text/html; charset=utf-8"},
        {".css", "text/css; charset=utf-8"},
        {".js", "text/javascript; charset=utf-8"},
        {".svg", "image/svg+xml"},
    };
    const char *ending = strrchr(name, '.');
    size_t i;

    for (i = 0; ending != NULL && i < sizeof(types) / sizeof(types[0]); i++) {
        if (strcmp(ending, types[i].ending) == 0)
            return types[i].type;
    }
    return "application/octet-stream";
}

static void on_file(sc_http_request_t *request, void *arg)
{
    const sc_demo_file_t *file = arg;
    sc_http_response_t response = {0};

    response.status = 200;
    response.type = type_of(file->name);
    response.headers = PAGE_HEADERS;
    response.body = sc_str((const char *)file->bytes, file->byte_count);
    sc_http_respond(request, &response);
}

/* {"path":"/socketcluster/"}: where the page opens its WebSocket. */
static void on_settings(sc_http_request_t *request, void *arg)
{
    sc_http_response_t response = {0};
    sc_text_t body = {0};

    (void)arg;
    response.type = "application/json";
    response.headers = PAGE_HEADERS;
    response.status = 200;
    sc_text_add(&body, SC_STR("{\"path\":"));
    if (sc_worker_option(sc_http_worker(request), "path", &body) != SC_OK)
        sc_text_add(&body, SC_STR("null"));
    sc_text_add(&body, SC_STR("}"));
    response.body = sc_text_str(&body);
    sc_http_respond(request, &response);
    sc_text_free(&body);
}

static sc_status_t serve_file(sc_worker_t *worker, const sc_demo_file_t *file)
{
    char path[PATH_BYTES_MAX];

    if (strcmp(file->name, INDEX_NAME) == 0)
        return sc_worker_serve(worker, "GET", "/", on_file, (void *)file);
    (void)snprintf(path, sizeof(path), "/demo/%s", file->name);
    return sc_worker_serve(worker, "GET", path, on_file, (void *)file);
}

sc_status_t sc_demo_page_serve(sc_worker_t *worker)
{
    sc_status_t status;
    size_t i;

    for (i = 0; i < sc_demo_file_count; i++) {
        status = serve_file(worker, &sc_demo_files[i]);
        if (status != SC_OK) {
            sc_log(SC_LOG_ERROR, "plugin demo: can't serve %s: %s", sc_demo_files[i].name,
                   sc_status_name(status));
            return status;
        }
    }
    return sc_worker_serve(worker, "GET", "/demo/settings.json", on_settings, NULL);
}
