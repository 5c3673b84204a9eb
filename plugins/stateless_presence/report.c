/*
 * report.c: see report.h.
 */
#include "report.h"

#include "presence.h"
#include "presence_channel.h"

#include <sc/exchange.h>
#include <sc/plugin.h>

uint32_t sc_report_broker_of(const sc_worker_t *worker, sc_str_t channel)
{
    char place[SC_CHANNEL_BYTES_MAX];

    return sc_exchange_broker_of(worker, sc_presence_channel_of(channel, place));
}

bool sc_report(sc_worker_t *worker, const sc_presence_note_t *note)
{
    uint32_t broker = sc_report_broker_of(worker, note->channel);
    sc_text_t bytes = {0};
    sc_status_t status;

    sc_presence_note_write(&bytes, note);
    status = sc_exchange_send(worker, broker, SC_PRESENCE_PLUGIN, sc_text_str(&bytes));
    sc_text_free(&bytes);
    /* SC_ERR_STATE: on_link will tell its successor. */
    if (status != SC_OK && status != SC_ERR_STATE)
        sc_log(SC_LOG_WARN, "presence note not sent to broker %u: %s", broker,
               sc_status_name(status));
    return status == SC_OK;
}

void sc_report_add(sc_worker_t *worker, sc_str_t channel, const sc_presence_user_t *user,
                   sc_str_t socket_id)
{
    sc_presence_note_t note = {.type = SC_NOTE_ADD,
                               .number = user->set_ms,
                               .channel = channel,
                               .username = user->json,
                               .socket_id = socket_id,
                               .data = user->data};

    (void)sc_report(worker, &note);
}

void sc_report_drop(sc_worker_t *worker, sc_str_t channel, const sc_presence_user_t *user,
                    bool is_lost)
{
    sc_presence_note_t note = {.type = SC_NOTE_DROP,
                               .flags = is_lost ? SC_NOTE_LOST : 0,
                               .channel = channel,
                               .username = user->json};

    (void)sc_report(worker, &note);
}
