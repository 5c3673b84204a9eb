/*
 * presence_option.c: names, ranges and defaults of the plugin's options.
 */
#include "presence_option.h"

#include <jansson.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>

/* The timeout's default is this many intervals: late by a third is not gone. */
#define TIMEOUT_PER_INTERVAL 1.3

static const sc_presence_options_t defaults = {
    .interval_ms = 10000,
    .guard = true,
    .mode = SC_PRESENCE_AUTO,
    .roster_threshold = 8,
    .coalesce_ms = 50,
    .max_ping_bandwidth = 1024,
    .leave_grace_ms = 0,
    .data_claim = "presence",
    .max_data_bytes = 1024,
};

/* The options that are whole numbers. */
static const struct number_option {
    const char *name;
    const char *unit; /* in the complaint */
    size_t offset;
    uint32_t min;
    uint32_t max;
} numbers[] = {
    {"presenceInterval", "milliseconds", offsetof(sc_presence_options_t, interval_ms), 100,
     3600000},
    {"presenceTimeout", "milliseconds", offsetof(sc_presence_options_t, timeout_ms), 100, 86400000},
    {"rosterThreshold", "users", offsetof(sc_presence_options_t, roster_threshold), 0, 1000000},
    {"coalesceInterval", "milliseconds", offsetof(sc_presence_options_t, coalesce_ms), 0, 10000},
    {"maxPingBandwidth", "bytes a second", offsetof(sc_presence_options_t, max_ping_bandwidth), 64,
     1000000000},
    {"leaveGrace", "milliseconds", offsetof(sc_presence_options_t, leave_grace_ms), 0, 3600000},
    {"maxDataBytes", "bytes", offsetof(sc_presence_options_t, max_data_bytes), 0, 65536},
};

static const char *const modes[] = {"auto", "original", "roster"};

typedef struct reading {
    sc_presence_options_t *options;
    char *error;
    size_t error_bytes;
} reading_t;

static sc_status_t complain(const reading_t *reading, const char *text)
{
    (void)snprintf(reading->error, reading->error_bytes, "%s", text);
    return SC_ERR_INVALID;
}

static sc_status_t read_number(const reading_t *reading, const struct number_option *option,
                               const json_t *value)
{
    if (!json_is_integer(value) || json_integer_value(value) < option->min ||
        json_integer_value(value) > option->max) {
        (void)snprintf(reading->error, reading->error_bytes,
                       "%s must be a whole number of %s from %u to %u", option->name, option->unit,
                       option->min, option->max);
        return SC_ERR_INVALID;
    }
    *(uint32_t *)(void *)((char *)reading->options + option->offset) =
        (uint32_t)json_integer_value(value);
    return SC_OK;
}

static sc_status_t read_mode(const reading_t *reading, const json_t *value)
{
    size_t i;

    for (i = 0; json_is_string(value) && i < sizeof(modes) / sizeof(modes[0]); i++) {
        if (strcmp(json_string_value(value), modes[i]) == 0) {
            reading->options->mode = (sc_presence_mode_t)i;
            return SC_OK;
        }
    }
    return complain(reading, "mode must be \"auto\", \"original\" or \"roster\"");
}

static sc_status_t read_claim(const reading_t *reading, const json_t *value)
{
    size_t len = json_is_string(value) ? json_string_length(value) : 0;

    if (len == 0 || len > SC_PRESENCE_CLAIM_BYTES_MAX || strlen(json_string_value(value)) != len)
        return complain(reading, "dataClaim must be the name of a claim, of 1 to 64 bytes");
    memcpy(reading->options->data_claim, json_string_value(value), len + 1);
    return SC_OK;
}

static sc_status_t read_guard(const reading_t *reading, const json_t *value)
{
    if (!json_is_boolean(value))
        return complain(reading, "guard must be true or false");
    reading->options->guard = json_is_true(value);
    return SC_OK;
}

static sc_status_t read_option(const reading_t *reading, const char *name, const json_t *value)
{
    size_t i;

    for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        if (strcmp(name, numbers[i].name) == 0)
            return read_number(reading, &numbers[i], value);
    }
    if (strcmp(name, "guard") == 0)
        return read_guard(reading, value);
    if (strcmp(name, "mode") == 0)
        return read_mode(reading, value);
    if (strcmp(name, "dataClaim") == 0)
        return read_claim(reading, value);
    (void)snprintf(reading->error, reading->error_bytes,
                   "unknown option %s; there are presenceInterval, presenceTimeout, guard, mode, "
                   "rosterThreshold, coalesceInterval, maxPingBandwidth, leaveGrace, dataClaim "
                   "and maxDataBytes",
                   name);
    return SC_ERR_INVALID;
}

static sc_status_t read_object(const reading_t *reading, json_t *object)
{
    const char *name;
    json_t *value;
    sc_status_t status;

    if (!json_is_object(object))
        return complain(reading, "the options must be an object");
    json_object_foreach(object, name, value)
    {
        status = read_option(reading, name, value);
        if (status != SC_OK)
            return status;
    }
    return SC_OK;
}

static sc_status_t read_text(const reading_t *reading, sc_str_t text)
{
    json_error_t where;
    json_t *object;
    sc_status_t status;

    if (sc_str_is_none(text))
        return SC_OK;
    object = json_loadb(text.ptr, text.len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &where);
    if (object == NULL) {
        (void)snprintf(reading->error, reading->error_bytes, "the options are not JSON: %s",
                       where.text);
        return SC_ERR_INVALID;
    }
    status = read_object(reading, object);
    json_decref(object);
    return status;
}

sc_status_t sc_presence_option_read(sc_str_t text, sc_presence_options_t *options, char *error,
                                    size_t error_bytes)
{
    reading_t reading = {.options = options, .error = error, .error_bytes = error_bytes};
    sc_status_t status;

    *options = defaults;
    status = read_text(&reading, text);
    if (status != SC_OK)
        return status;
    if (options->timeout_ms == 0)
        options->timeout_ms = (uint32_t)lround(options->interval_ms * TIMEOUT_PER_INTERVAL);
    /* Between two pings everybody would time out. */
    if (options->timeout_ms <= options->interval_ms) {
        (void)snprintf(error, error_bytes,
                       "presenceTimeout must be greater than presenceInterval, %u",
                       options->interval_ms);
        return SC_ERR_INVALID;
    }
    return SC_OK;
}
