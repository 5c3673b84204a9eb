/* Implements include/sc/http.h. */
#include "worker/http/http_session.h"
#include "worker/worker.h"

#include <sc/plugin.h>

sc_status_t sc_worker_serve(sc_worker_t *worker, const char *method, const char *path,
                            sc_http_cb callback, void *arg)
{
    return sc_http_serve(worker->http, method, path, callback, arg);
}

sc_worker_t *sc_http_worker(const sc_http_request_t *request)
{
    return request->http->setup.worker;
}

sc_str_t sc_http_method(const sc_http_request_t *request)
{
    return sc_http_head_method(request->head);
}

sc_str_t sc_http_path(const sc_http_request_t *request)
{
    return sc_http_head_path(request->head);
}

sc_str_t sc_http_query(const sc_http_request_t *request)
{
    return sc_http_head_query(request->head);
}

sc_str_t sc_http_header(const sc_http_request_t *request, const char *name)
{
    return sc_http_head_header(request->head, sc_str_from(name));
}

sc_str_t sc_http_body(const sc_http_request_t *request)
{
    return sc_http_head_body(request->head);
}

sc_str_t sc_http_remote_address(const sc_http_request_t *request)
{
    return sc_str_from(request->address);
}

void sc_http_respond(sc_http_request_t *request, const sc_http_response_t *response)
{
    sc_http_response_t checked = *response;

    if (request->stage != SC_HTTP_SERVING) {
        sc_log(SC_LOG_ERROR, "http: a plugin has answered a request twice");
        return;
    }
    if (checked.status < 200 || checked.status > 599) {
        sc_log(SC_LOG_ERROR, "http: a plugin has answered with status %d", checked.status);
        checked = (sc_http_response_t){.status = 500};
    }
    sc_http_session_answer(request, &checked);
}
