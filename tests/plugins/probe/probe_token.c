/*
 * probe_token.c: socket.h: tokens, given to the client or not.
 */
#include "probe.h"

#include <stdlib.h>

/* {claims, expiresIn?, algorithm?} as options; `algorithm` is filled and lives as long as they shall. */
static sc_token_options_t read_options(sc_call_t *call, sc_text_t *algorithm)
{
    sc_str_t expires = sc_json_member(sc_call_data(call), "expiresIn");
    sc_token_options_t options = {sizeof(options), 0, NULL};
    sc_text_t number = {NULL, 0, 0};

    sc_text_add(&number, expires);
    sc_text_add(&number, sc_str("", 1));
    options.expires_s = (uint32_t)strtoul(number.ptr, NULL, 10);
    sc_text_free(&number);
    *algorithm = probe_member(call, "algorithm");
    if (algorithm->len > 0) {
        sc_text_add(algorithm, sc_str("", 1));
        options.algorithm = algorithm->ptr;
    }
    return options;
}

/* Signs without giving; answers with the token. */
static void on_probe_sign(sc_call_t *call, void *arg)
{
    const probe_t *probe = arg;
    sc_text_t algorithm;
    sc_token_options_t options = read_options(call, &algorithm);
    sc_text_t token = {NULL, 0, 0};
    sc_text_t quoted = {NULL, 0, 0};
    sc_status_t status = sc_worker_sign_token(
        probe->worker, sc_json_member(sc_call_data(call), "claims"), &options, &token);

    if (status == SC_OK) {
        sc_text_add_quoted(&quoted, sc_text_str(&token));
        sc_call_answer(call, sc_text_str(&quoted));
    } else {
        probe_end(call, status);
    }
    sc_text_free(&algorithm);
    sc_text_free(&token);
    sc_text_free(&quoted);
}

/* Answers with the claims of a token, or fails with the error that it gives. */
static void on_probe_verify(sc_call_t *call, void *arg)
{
    const probe_t *probe = arg;
    sc_text_t token = probe_argument(call);
    sc_text_t claims = {NULL, 0, 0};
    sc_text_t json = {NULL, 0, 0};
    sc_error_t error = sc_error(NULL, NULL);

    if (sc_worker_verify_token(probe->worker, sc_text_str(&token), &claims, &json) == SC_OK) {
        sc_call_answer(call, sc_text_str(&claims));
    } else {
        error.json = sc_text_str(&json);
        sc_call_fail(call, &error, sc_str_none());
    }
    sc_text_free(&token);
    sc_text_free(&claims);
    sc_text_free(&json);
}

static void on_probe_set_token(sc_call_t *call, void *arg)
{
    sc_text_t algorithm;
    sc_token_options_t options = read_options(call, &algorithm);

    (void)arg;
    probe_end(call, sc_socket_sign_auth_token(sc_call_socket(call),
                                              sc_json_member(sc_call_data(call), "claims"),
                                              &options, NULL, NULL));
    sc_text_free(&algorithm);
}

/* As a plugin that was built when the options ended with the lifetime. */
static void on_probe_set_token_as_before(sc_call_t *call, void *arg)
{
    sc_token_options_t options = {offsetof(sc_token_options_t, algorithm), 60, "no algorithm"};

    (void)arg;
    probe_end(call, sc_socket_sign_auth_token(sc_call_socket(call), sc_call_data(call), &options,
                                              NULL, NULL));
}

static const probe_handler_t handlers[] = {
    {"probe:sign", on_probe_sign},
    {"probe:verify", on_probe_verify},
    {"probe:setToken", on_probe_set_token},
    {"probe:setTokenAsBefore", on_probe_set_token_as_before},
};

sc_status_t probe_token_attach(probe_t *probe)
{
    return probe_handle(probe, handlers, sizeof(handlers) / sizeof(handlers[0]));
}
