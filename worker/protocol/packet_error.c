#include "worker/protocol/packet_error.h"

#include "common/str.h"

#include <math.h>
#include <time.h>

#define SHOWN_CHANNEL_BYTES_MAX 256u

/* {before} + channel + {between} + "Socket ID" + {after}, N at the end where one is. */
typedef struct refusal_text {
    const char *name;
    const char *before;  /* the channel follows; NULL: the channel is not shown here */
    const char *between; /* the socket's id follows; NULL: it is not shown */
    const char *after;
    const char *last; /* after the channel shown at the end, or after N; NULL: nothing */
} refusal_text_t;

static const refusal_text_t refusals[] = {
    [SC_REFUSE_CHANNEL_LIMIT] = {"BrokerError", "Failed to subscribe socket to the ",
                                 " channel - Socket ",
                                 " tried to exceed the channel subscription limit of ", NULL},
    [SC_REFUSE_SUBSCRIBE_NAME] = {"BrokerError", "Failed to subscribe socket to the ",
                                  " channel - Socket ", " provided an invalid channel name", NULL},
    [SC_REFUSE_SUBSCRIBE_TOO_EARLY] =
        {"InvalidActionError", NULL, NULL,
         "Cannot subscribe socket to a channel before it has completed the handshake", NULL},
    [SC_REFUSE_UNSUBSCRIBE_UNKNOWN] =
        {"BrokerError", "Failed to unsubscribe socket from the ", " channel - Socket ",
         " tried to unsubscribe from a channel which it is not subscribed to", NULL},
    [SC_REFUSE_UNSUBSCRIBE_NAME] = {"BrokerError", "Failed to unsubscribe socket from the ",
                                    " channel - Socket ",
                                    " tried to unsubscribe from an invalid channel name", NULL},
    [SC_REFUSE_PUBLISH_NAME] = {"BrokerError", NULL, "Socket ", " tried to publish to an invalid ",
                                " channel"},
    [SC_REFUSE_PUBLISH_DISABLED] = {"InvalidActionError", NULL, NULL,
                                    "Client publish feature is disabled", NULL},
    [SC_REFUSE_PUBLISH_BACKLOG] = {"BrokerError", NULL, NULL,
                                   "The brokers are behind; try again later", NULL},
};

static sc_str_t shown_channel(sc_str_t channel)
{
    if (channel.len > SHOWN_CHANNEL_BYTES_MAX) {
        channel.len = SHOWN_CHANNEL_BYTES_MAX;
        /* Not in the middle of a character. */
        while (channel.len > 0 && ((unsigned char)channel.ptr[channel.len] & 0xc0) == 0x80)
            channel.len--;
    }
    return channel;
}

static void write_named(sc_text_t *text, sc_str_t message, const char *name)
{
    sc_text_add(text, SC_STR("{\"message\":"));
    sc_text_add_quoted(text, message);
    if (name != NULL) {
        sc_text_add(text, SC_STR(",\"name\":"));
        sc_text_add_quoted(text, sc_str_from(name));
    }
}

void sc_error_write_refusal(sc_text_t *text, sc_refusal_t refusal, sc_str_t socket_id,
                            sc_str_t channel, uint64_t limit)
{
    const refusal_text_t *form = &refusals[refusal];
    sc_text_t message = {0};

    channel = shown_channel(channel);
    if (form->before != NULL) {
        sc_text_add(&message, sc_str_from(form->before));
        sc_text_add(&message, channel);
    }
    if (form->between != NULL) {
        sc_text_add(&message, sc_str_from(form->between));
        sc_text_add(&message, socket_id);
    }
    sc_text_add(&message, sc_str_from(form->after));
    if (refusal == SC_REFUSE_CHANNEL_LIMIT)
        sc_text_add_uint(&message, limit);
    if (form->last != NULL) {
        sc_text_add(&message, channel);
        sc_text_add(&message, sc_str_from(form->last));
    }
    write_named(text, sc_text_str(&message), form->name);
    sc_text_add(text, SC_STR("}"));
    sc_text_free(&message);
}

void sc_error_write(sc_text_t *text, const sc_error_t *error)
{
    if (!sc_str_is_none(error->json)) {
        sc_text_add(text, error->json);
        return;
    }
    sc_text_add(text, SC_STR("{\"message\":"));
    sc_text_add_quoted(text, error->message);
    if (!sc_str_is_none(error->name)) {
        sc_text_add(text, SC_STR(",\"name\":"));
        sc_text_add_quoted(text, error->name);
    }
    if (error->fields.len > 0) {
        sc_text_add(text, SC_STR(","));
        sc_text_add(text, error->fields);
    }
    if (error->is_bad_token)
        sc_text_add(text, SC_STR(",\"isBadToken\":true"));
    sc_text_add(text, SC_STR("}"));
}

void sc_error_write_silent_block(sc_text_t *text, const char *type)
{
    sc_text_addf(text,
                 "{\"message\":\"Action was silently blocked by %s middleware\","
                 "\"name\":\"SilentMiddlewareBlockedError\",\"type\":\"%s\"}",
                 type, type);
}

/* As Date.prototype.toISOString; a time beyond its range is shown as null, as JSON.stringify does. */
static void add_iso_date(sc_text_t *text, double seconds)
{
    double whole = floor(seconds);
    struct tm parts;
    time_t time;

    if (!(fabs(seconds) <= 8.64e12)) {
        sc_text_add(text, SC_STR("null"));
        return;
    }
    time = (time_t)whole;
    if (gmtime_r(&time, &parts) == NULL || parts.tm_year + 1900 > 9999 ||
        parts.tm_year + 1900 < 0) {
        sc_text_add(text, SC_STR("null"));
        return;
    }
    sc_text_addf(text, "\"%04d-%02d-%02dT%02d:%02d:%02d.%03dZ\"", parts.tm_year + 1900,
                 parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                 (int)((seconds - whole) * 1000));
}

void sc_text_add_number(sc_text_t *text, double number)
{
    if (number == floor(number) && fabs(number) < 1e15)
        sc_text_addf(text, "%.0f", number);
    else
        sc_text_addf(text, "%.17g", number);
}

void sc_error_write_token(sc_text_t *text, const sc_token_t *token)
{
    static const char *const names[] = {
        [SC_TOKEN_EXPIRED] = "AuthTokenExpiredError",
        [SC_TOKEN_NOT_BEFORE] = "AuthTokenNotBeforeError",
        [SC_TOKEN_INVALID] = "AuthTokenInvalidError",
        [SC_TOKEN_ERROR] = "AuthTokenError",
    };

    write_named(text, sc_str_from(token->message), names[token->verdict]);
    if (token->verdict == SC_TOKEN_EXPIRED) {
        sc_text_add(text, SC_STR(",\"expiry\":"));
        add_iso_date(text, token->expires_s);
    }
    if (token->verdict == SC_TOKEN_NOT_BEFORE) {
        sc_text_add(text, SC_STR(",\"date\":"));
        add_iso_date(text, token->date_s);
    }
    sc_text_addf(text, ",\"isBadToken\":%s}",
                 token->verdict == SC_TOKEN_NOT_BEFORE ? "false" : "true");
}

void sc_error_write_expired(sc_text_t *text, double expires_s)
{
    write_named(text, SC_STR(SC_TOKEN_EXPIRED_TEXT), "AuthTokenExpiredError");
    sc_text_add(text, SC_STR(",\"expiry\":"));
    sc_text_add_number(text, expires_s);
    sc_text_add(text, SC_STR("}"));
}
