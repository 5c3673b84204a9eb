/*
 * health_check.c: GET /health-check answers 200 OK while the worker that got the request serves.
 */
#include <sc/http.h>
#include <sc/plugin.h>

static void on_health_check(sc_http_request_t *request, void *arg)
{
    sc_http_response_t response = {0};

    (void)arg;
    response.status = 200;
    response.headers = "Cache-Control: no-store\r\n";
    response.body = SC_STR("OK");
    sc_http_respond(request, &response);
}

static sc_status_t attach(sc_worker_t *worker, sc_str_t options, void **state)
{
    (void)state;
    if (!sc_str_is_none(options) && !sc_str_equal(options, SC_STR("{}"))) {
        sc_log(SC_LOG_ERROR, "plugin health_check: it has no options");
        return SC_ERR_INVALID;
    }
    return sc_worker_serve(worker, "GET", "/health-check", on_health_check, NULL);
}

SC_WORKER_PLUGIN("health_check", "1.0.0", attach, NULL);
