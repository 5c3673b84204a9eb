/*
 * secrets.c: a worker's keys and certificates: taken at its start, and replaced while it serves (SIGHUP to the master). Tokens
 * are verified and signed with the new keys from then on, new connections get the new certificate; those that are open
 * keep what they have.
 */
#include "common/alloc.h"
#include "common/option_secret.h"
#include "common/option_tls.h"
#include "worker/net/tls_context.h"
#include "worker/worker.h"

#include <sc/plugin.h>

/** What is made of the secrets: all of it, or nothing. */
typedef struct keys {
    sc_auth_t *auth;
    SSL_CTX *tls; /* NULL: no TLS */
} keys_t;

static void deinit_keys(keys_t *keys)
{
    sc_auth_free(keys->auth);
    SSL_CTX_free(keys->tls);
}

static sc_status_t init_keys(keys_t *keys, const sc_options_t *options, const uint8_t *ticket_keys)
{
    bool has_tls = sc_option_tls_is_on(options);

    keys->auth = sc_auth_new(options);
    keys->tls = keys->auth != NULL && has_tls ? sc_tls_context_new(options, ticket_keys) : NULL;
    if (keys->auth != NULL && (keys->tls != NULL || !has_tls))
        return SC_OK;
    deinit_keys(keys);
    return SC_ERR_INVALID;
}

/** Takes what `keys` has. */
static void use_keys(sc_worker_t *worker, keys_t *keys)
{
    sc_auth_free(worker->auth);
    worker->auth = keys->auth;
    keys->auth = NULL;
    if (keys->tls != NULL)
        sc_net_set_tls(&worker->net, keys->tls);
    deinit_keys(keys);
}

sc_status_t sc_worker_take_secrets(sc_worker_t *worker)
{
    keys_t keys;
    sc_status_t status = init_keys(&keys, worker->options, worker->setup->ticket_keys);

    if (status != SC_OK)
        return status;
    use_keys(worker, &keys);
    /* This process's copy: what is used of it was taken. */
    sc_secrets_forget(worker->setup->options);
    return SC_OK;
}

static bool read_ticket_keys(const json_t *message, uint8_t *ticket_keys)
{
    const char *digits = json_string_value(json_object_get(message, "ticketKeys"));
    size_t len;

    return digits != NULL &&
           OPENSSL_hexstr2buf_ex(ticket_keys, SC_TICKET_KEYS_BYTES, &len, digits, '\0') == 1 &&
           len == SC_TICKET_KEYS_BYTES;
}

/** Makes keys of a message's secrets and the worker's options. */
static sc_status_t make_keys(const sc_worker_t *worker, const json_t *message, keys_t *keys)
{
    sc_options_t options = *worker->options; /* borrows all but the secrets */
    uint8_t ticket_keys[SC_TICKET_KEYS_BYTES];
    sc_secrets_t secrets;
    sc_status_t status = sc_secrets_from_json(json_object_get(message, "secrets"), &secrets);

    if (status == SC_OK && !read_ticket_keys(message, ticket_keys))
        status = SC_ERR_INVALID;
    if (status == SC_OK) {
        sc_secrets_swap(&options, &secrets);
        status = init_keys(keys, &options, ticket_keys);
        sc_secrets_swap(&options, &secrets);
    }
    sc_secrets_deinit(&secrets);
    OPENSSL_cleanse(ticket_keys, sizeof(ticket_keys));
    return status;
}

void sc_worker_renew_secrets(sc_worker_t *worker, const json_t *message)
{
    keys_t keys;

    /* The master has tried them: only a lack of memory would be a reason. */
    if (make_keys(worker, message, &keys) == SC_OK)
        use_keys(worker, &keys);
    else
        sc_log(SC_LOG_ERROR, "the new keys can't be used; the old ones stay in force");
}

void sc_worker_renew_ticket_keys(sc_worker_t *worker, const json_t *message)
{
    uint8_t ticket_keys[SC_TICKET_KEYS_BYTES];

    if (worker->net.tls != NULL && read_ticket_keys(message, ticket_keys))
        sc_net_set_ticket_keys(&worker->net, ticket_keys);
    OPENSSL_cleanse(ticket_keys, sizeof(ticket_keys));
}

sc_status_t sc_worker_check_secrets(const sc_options_t *options, bool is_new_cert)
{
    sc_status_t status = sc_auth_check(options);
    SSL_CTX *tls;

    if (status != SC_OK || !sc_option_tls_is_on(options))
        return status;
    tls = sc_tls_context_new(options, NULL);
    if (tls == NULL)
        return SC_ERR_INVALID;
    if (is_new_cert)
        status = sc_tls_context_check_time(tls, options);
    SSL_CTX_free(tls);
    return status;
}
