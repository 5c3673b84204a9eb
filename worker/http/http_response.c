#include "worker/http/http_response.h"

#include <sc/json.h>
#include <stdio.h>

const char *sc_http_reason(int status)
{
    static const struct {
        int status;
        const char *reason;
    } reasons[] = {
        {200, "OK"},
        {201, "Created"},
        {202, "Accepted"},
        {204, "No Content"},
        {206, "Partial Content"},
        {301, "Moved Permanently"},
        {302, "Found"},
        {303, "See Other"},
        {304, "Not Modified"},
        {307, "Temporary Redirect"},
        {308, "Permanent Redirect"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {410, "Gone"},
        {413, "Payload Too Large"},
        {415, "Unsupported Media Type"},
        {417, "Expectation Failed"},
        {422, "Unprocessable Entity"},
        {426, "Upgrade Required"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {502, "Bad Gateway"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
        {505, "HTTP Version Not Supported"},
    };

    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
        if (reasons[i].status == status)
            return reasons[i].reason;
    }
    return "Status";
}

/* RFC 9110, 5.6.7. Not strftime: its names of days and months are those of a locale. */
static const char *date_text(sc_http_date_t *date)
{
    static const char days[] = "SunMonTueWedThuFriSat";
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    time_t now = time(NULL);
    struct tm utc;

    if (now == date->second && date->text[0] != '\0')
        return date->text;
    if (gmtime_r(&now, &utc) == NULL)
        return date->text;
    date->second = now;
    (void)snprintf(date->text, sizeof(date->text), "%.3s, %02d %.3s %04d %02d:%02d:%02d GMT",
                   days + 3 * utc.tm_wday, utc.tm_mday, months + 3 * utc.tm_mon,
                   (utc.tm_year + 1900) % 10000, utc.tm_hour, utc.tm_min, utc.tm_sec);
    return date->text;
}

/** What has no body, and says nothing of one (RFC 9110, 8.6). */
static bool is_bodiless(int status)
{
    return status == 204 || status == 304;
}

static sc_buf_t *take_text(sc_text_t *text)
{
    sc_buf_t *buf = sc_buf_copy(sc_text_str(text));

    sc_text_free(text);
    return buf;
}

sc_buf_t *sc_http_response_new(const sc_http_response_t *response, sc_http_date_t *date,
                               bool keeps_alive, bool has_body)
{
    sc_text_t text = {0};

    sc_text_addf(&text, "HTTP/1.1 %d %s\r\n", response->status, sc_http_reason(response->status));
    if (!is_bodiless(response->status))
        sc_text_addf(&text, "Content-Type: %s\r\nContent-Length: %zu\r\n",
                     response->type != NULL ? response->type : "text/plain; charset=utf-8",
                     response->body.len);
    sc_text_addf(&text, "Date: %s\r\nConnection: %s\r\n", date_text(date),
                 keeps_alive ? "keep-alive" : "close");
    if (response->headers != NULL)
        sc_text_add(&text, sc_str_from(response->headers));
    sc_text_add(&text, SC_STR("\r\n"));
    if (has_body && !is_bodiless(response->status))
        sc_text_add(&text, response->body);
    return take_text(&text);
}

sc_buf_t *sc_http_refusal_new(int status, const char *headers, sc_str_t body)
{
    sc_text_t text = {0};

    sc_text_addf(&text,
                 "HTTP/1.1 %d %s\r\nConnection: close\r\nContent-Type: text/html\r\n"
                 "Content-Length: %zu\r\n%s\r\n",
                 status, sc_http_reason(status), body.len, headers != NULL ? headers : "");
    sc_text_add(&text, body);
    return take_text(&text);
}
