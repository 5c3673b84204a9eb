/*
 * presence_option.c: names, ranges and defaults of the plugin's options.
 */
#include "presence_option.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>

#define INTERVAL_MS_DEFAULT 10000
#define INTERVAL_MS_MIN 100
#define INTERVAL_MS_MAX 3600000
#define TIMEOUT_MS_MAX 86400000
/* The timeout's default is this many intervals: late by a third is not gone. */
#define TIMEOUT_PER_INTERVAL 1.3

typedef struct reading {
    sc_presence_options_t *options;
    bool has_timeout;
    char *error;
    size_t error_bytes;
} reading_t;

static sc_status_t read_ms(reading_t *reading, const char *name, const json_t *value,
                           uint32_t max_ms, uint32_t *out)
{
    if (!json_is_integer(value) || json_integer_value(value) < INTERVAL_MS_MIN ||
        json_integer_value(value) > max_ms) {
        (void)snprintf(reading->error, reading->error_bytes,
                       "%s must be a whole number of milliseconds from %d to %u", name,
                       INTERVAL_MS_MIN, max_ms);
        return SC_ERR_INVALID;
    }
    *out = (uint32_t)json_integer_value(value);
    return SC_OK;
}

static sc_status_t read_option(reading_t *reading, const char *name, const json_t *value)
{
    if (strcmp(name, "presenceInterval") == 0)
        return read_ms(reading, name, value, INTERVAL_MS_MAX, &reading->options->interval_ms);
    if (strcmp(name, "presenceTimeout") == 0) {
        reading->has_timeout = true;
        return read_ms(reading, name, value, TIMEOUT_MS_MAX, &reading->options->timeout_ms);
    }
    if (strcmp(name, "guard") == 0 && json_is_boolean(value)) {
        reading->options->guard = json_is_true(value);
        return SC_OK;
    }
    if (strcmp(name, "guard") == 0)
        (void)snprintf(reading->error, reading->error_bytes, "guard must be true or false");
    else
        (void)snprintf(reading->error, reading->error_bytes,
                       "unknown option %s; there are presenceInterval, presenceTimeout and guard",
                       name);
    return SC_ERR_INVALID;
}

static sc_status_t read_object(reading_t *reading, json_t *object)
{
    const char *name;
    json_t *value;
    sc_status_t status;

    if (!json_is_object(object)) {
        (void)snprintf(reading->error, reading->error_bytes, "the options must be an object");
        return SC_ERR_INVALID;
    }
    json_object_foreach(object, name, value)
    {
        status = read_option(reading, name, value);
        if (status != SC_OK)
            return status;
    }
    return SC_OK;
}

static sc_status_t read_text(reading_t *reading, sc_str_t text)
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

    options->interval_ms = INTERVAL_MS_DEFAULT;
    options->guard = true;
    status = read_text(&reading, text);
    if (status != SC_OK)
        return status;
    if (!reading.has_timeout)
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
