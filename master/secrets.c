#include "master/secrets.h"

#include "common/log.h"
#include "common/option_secret.h"
#include "common/option_tls.h"
#include "common/str.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>

static sc_status_t draw_ticket_keys(sc_master_t *master)
{
    if (RAND_bytes(master->ticket_keys, sizeof(master->ticket_keys)) == 1)
        return SC_OK;
    sc_log(SC_LOG_ERROR, "no random numbers for the keys of TLS session tickets");
    return SC_ERR_IO;
}

static json_t *ticket_keys_to_json(const sc_master_t *master)
{
    char digits[2 * SC_TICKET_KEYS_BYTES + 1];
    json_t *value;

    if (OPENSSL_buf2hexstr_ex(digits, sizeof(digits), NULL, master->ticket_keys,
                              sizeof(master->ticket_keys), '\0') != 1)
        return json_null();
    value = json_string(digits);
    OPENSSL_cleanse(digits, sizeof(digits));
    return value;
}

static void start_ticket_timer(sc_master_t *master)
{
    sc_wheel_start(&master->loop.wheel, &master->ticket_timer, SC_TICKET_KEYS_MS);
}

/* A key that seals tickets for ever would open, once stolen, all that was ever sent. */
static void on_ticket_timer(sc_wheel_timer_t *timer)
{
    sc_master_t *master = sc_list_entry(timer, sc_master_t, ticket_timer);

    start_ticket_timer(master);
    if (draw_ticket_keys(master) != SC_OK)
        return;
    for (uint64_t i = 0; i < master->options->workers; i++)
        sc_child_send(&master->workers[i], json_pack("{s:s,s:o}", "type", "ticketKeys",
                                                     "ticketKeys", ticket_keys_to_json(master)));
}

sc_status_t sc_master_secrets_init(sc_master_t *master)
{
    sc_status_t status = sc_worker_check_secrets(master->options, true);

    sc_wheel_timer_init(&master->ticket_timer, on_ticket_timer);
    if (status == SC_OK)
        status = draw_ticket_keys(master);
    if (status == SC_OK && sc_option_tls_is_on(master->options))
        start_ticket_timer(master);
    return status;
}

void sc_master_secrets_deinit(sc_master_t *master)
{
    OPENSSL_cleanse(master->ticket_keys, sizeof(master->ticket_keys));
}

static bool is_same(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/** Puts the texts into the options if they are right; `secrets` has the others afterwards. */
static sc_status_t try_secrets(sc_master_t *master, sc_secrets_t *secrets)
{
    const char *old_cert = master->options->tls_cert_pem;
    sc_status_t status;

    sc_secrets_swap(master->options, secrets);
    /* That the one in force has expired since is no reason to keep the other keys from being replaced. */
    status =
        sc_worker_check_secrets(master->options, !is_same(old_cert, master->options->tls_cert_pem));
    if (status != SC_OK)
        sc_secrets_swap(master->options, secrets);
    return status;
}

static void send_secrets(sc_master_t *master)
{
    sc_secrets_guard_json(true);
    for (uint64_t i = 0; i < master->options->workers; i++)
        sc_child_send(&master->workers[i], json_pack("{s:s,s:o,s:o}", "type", "secrets", "secrets",
                                                     sc_secrets_to_json(master->options),
                                                     "ticketKeys", ticket_keys_to_json(master)));
    sc_secrets_guard_json(false);
}

bool sc_master_secrets_renew(sc_master_t *master)
{
    sc_secrets_t secrets;
    sc_text_t error = {0};
    sc_status_t status = sc_secrets_read(master->options, &secrets, &error);

    if (status != SC_OK)
        sc_log(SC_LOG_ERROR, "%.*s", SC_STR_ARG(sc_text_str(&error)));
    else
        status = try_secrets(master, &secrets);
    sc_secrets_deinit(&secrets);
    sc_text_free(&error);
    if (status == SC_OK)
        status = draw_ticket_keys(master); /* sessions of the old certificate end with it */
    if (status != SC_OK)
        return false;
    send_secrets(master);
    return true;
}
