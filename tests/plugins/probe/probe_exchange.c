/*
 * probe_exchange.c: exchange.h: publish, subscribe and watch; requests to the master. (Messages to brokers:
 * broker_probe.c.)
 */
#include "probe.h"

#include <stdlib.h>

typedef struct probe_watch {
    struct probe_watch *next;
    sc_text_t channel;
    sc_watch_t *watch;
} probe_watch_t;

static void on_message(sc_str_t channel, sc_str_t data, void *arg)
{
    probe_t *probe = arg;

    sc_text_add(&probe->messages, SC_STR(",{"));
    probe_add_text(&probe->messages, "channel", channel);
    probe_add_json(&probe->messages, "data", data);
    sc_text_add(&probe->messages, SC_STR("}"));
}

static void watch_free(probe_watch_t *watch)
{
    sc_text_free(&watch->channel);
    free(watch);
}

/* A channel's name: subscribes the worker to it, and watches. */
static void on_probe_watch(sc_call_t *call, void *arg)
{
    probe_t *probe = arg;
    probe_watch_t *watch = calloc(1, sizeof(*watch));
    sc_status_t status;

    if (watch == NULL) {
        probe_end(call, SC_ERR_NOMEM);
        return;
    }
    watch->channel = probe_argument(call);
    status = sc_exchange_subscribe(probe->worker, sc_text_str(&watch->channel));
    if (status == SC_OK)
        watch->watch =
            sc_exchange_watch(probe->worker, sc_text_str(&watch->channel), on_message, probe);
    if (watch->watch == NULL) {
        watch_free(watch);
        probe_end(call, status == SC_OK ? SC_ERR_INVALID : status);
        return;
    }
    watch->next = probe->watches;
    probe->watches = watch;
    probe_end(call, SC_OK);
}

static void on_probe_unwatch(sc_call_t *call, void *arg)
{
    probe_t *probe = arg;
    sc_text_t channel = probe_argument(call);
    probe_watch_t **link = &probe->watches;

    while (*link != NULL) {
        probe_watch_t *watch = *link;

        if (!sc_str_equal(sc_text_str(&watch->channel), sc_text_str(&channel))) {
            link = &watch->next;
            continue;
        }
        *link = watch->next;
        sc_exchange_unwatch(watch->watch);
        watch_free(watch);
    }
    probe_end(call, sc_exchange_unsubscribe(probe->worker, sc_text_str(&channel)));
    sc_text_free(&channel);
}

static void on_probe_watched(sc_call_t *call, void *arg)
{
    probe_t *probe = arg;

    probe_answer_list(call, &probe->messages);
}

static void on_published(sc_status_t status, void *arg)
{
    probe_end(arg, status);
}

/* {channel, data}: answered when the broker has acknowledged. */
static void on_probe_publish(sc_call_t *call, void *arg)
{
    probe_t *probe = arg;
    sc_text_t channel = probe_member(call, "channel");
    sc_status_t status =
        sc_exchange_publish(probe->worker, sc_text_str(&channel),
                            sc_json_member(sc_call_data(call), "data"), on_published, call);

    if (status != SC_OK)
        probe_end(call, status);
    sc_text_free(&channel);
}

/* {channel, data}: to all subscribers of this worker. */
static void on_probe_deliver(sc_call_t *call, void *arg)
{
    probe_t *probe = arg;
    sc_text_t channel = probe_member(call, "channel");

    probe_end(call, sc_exchange_deliver(probe->worker, sc_text_str(&channel),
                                        sc_json_member(sc_call_data(call), "data")));
    sc_text_free(&channel);
}

/* {channel, data, id}: to the calling socket and the one of that id, if there is one. */
static void on_probe_deliver_to(sc_call_t *call, void *arg)
{
    probe_t *probe = arg;
    sc_text_t channel = probe_member(call, "channel");
    sc_text_t id = probe_member(call, "id");
    sc_socket_t *other = sc_worker_find_socket(probe->worker, sc_text_str(&id));
    sc_socket_t *sockets[] = {sc_call_socket(call), other};

    probe_end(call, sc_exchange_deliver_to(probe->worker, sc_text_str(&channel),
                                           sc_json_member(sc_call_data(call), "data"), sockets,
                                           other != NULL ? 2 : 1));
    sc_text_free(&channel);
    sc_text_free(&id);
}

static void on_probe_channel(sc_call_t *call, void *arg)
{
    probe_t *probe = arg;
    sc_text_t channel = probe_argument(call);
    sc_text_t text = {NULL, 0, 0};

    sc_text_addf(&text, "{\"subscribers\":%u,\"broker\":%u}",
                 sc_exchange_subscriber_count(probe->worker, sc_text_str(&channel)),
                 sc_exchange_broker_of(probe->worker, sc_text_str(&channel)));
    sc_call_answer(call, sc_text_str(&text));
    sc_text_free(&text);
    sc_text_free(&channel);
}

static void add_channel(sc_str_t channel, uint32_t subscribers, bool is_own, void *arg)
{
    sc_text_t *text = arg;

    if (text->ptr[text->len - 1] != '{')
        sc_text_add(text, SC_STR(","));
    sc_text_add_quoted(text, channel);
    sc_text_addf(text, ":[%u,%s]", subscribers, is_own ? "true" : "false");
}

/* All channels: {NAME:[subscribers, is it the worker's own?]}. */
static void on_probe_channels(sc_call_t *call, void *arg)
{
    probe_t *probe = arg;
    sc_text_t text = {NULL, 0, 0};

    sc_text_add(&text, SC_STR("{"));
    sc_exchange_each_channel(probe->worker, add_channel, &text);
    sc_text_add(&text, SC_STR("}"));
    sc_call_answer(call, sc_text_str(&text));
    sc_text_free(&text);
}

static void on_probe_own(sc_call_t *call, void *arg)
{
    probe_t *probe = arg;
    sc_text_t channel = probe_argument(call);

    sc_call_answer(call, sc_exchange_is_subscribed(probe->worker, sc_text_str(&channel))
                             ? SC_STR("true")
                             : SC_STR("false"));
    sc_text_free(&channel);
}

/* ---- The master ------------------------------------------------------------------------------------------------- */

static void on_master_answer(sc_status_t status, sc_str_t answer, void *arg)
{
    if (status == SC_OK)
        sc_call_answer(arg, answer);
    else
        probe_end(arg, status);
}

/* The call's data is the request. */
static void on_probe_master(sc_call_t *call, void *arg)
{
    probe_t *probe = arg;
    sc_status_t status =
        sc_master_request(probe->worker, sc_call_data(call), on_master_answer, call);

    if (status != SC_OK)
        probe_end(call, status);
}

static void on_relay(uint32_t from_worker, sc_str_t data, void *arg)
{
    probe_t *probe = arg;

    sc_text_addf(&probe->relayed, ",{\"from\":%u", from_worker);
    probe_add_json(&probe->relayed, "data", data);
    sc_text_add(&probe->relayed, SC_STR("}"));
}

static void on_probe_relayed(sc_call_t *call, void *arg)
{
    probe_t *probe = arg;

    probe_answer_list(call, &probe->relayed);
}

static const probe_handler_t handlers[] = {
    {"probe:watch", on_probe_watch},     {"probe:unwatch", on_probe_unwatch},
    {"probe:watched", on_probe_watched}, {"probe:publish", on_probe_publish},
    {"probe:channel", on_probe_channel}, {"probe:master", on_probe_master},
    {"probe:relayed", on_probe_relayed}, {"probe:channels", on_probe_channels},
    {"probe:own", on_probe_own},         {"probe:deliver", on_probe_deliver},
    {"probe:deliverTo", on_probe_deliver_to},
};

sc_status_t probe_exchange_attach(probe_t *probe)
{
    sc_status_t status = sc_worker_on_relay(probe->worker, on_relay, probe);

    if (status != SC_OK)
        return status;
    return probe_handle(probe, handlers, sizeof(handlers) / sizeof(handlers[0]));
}

void probe_exchange_detach(probe_t *probe)
{
    while (probe->watches != NULL) {
        probe_watch_t *watch = probe->watches;

        probe->watches = watch->next;
        watch_free(watch);
    }
}
