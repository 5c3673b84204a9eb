/*
 * probe.h: a plugin that lets tests try the plugin interface from a client: each event `probe:...` makes one call of
 * the interface and answers with what it gave.
 */
#ifndef PROBE_H
#define PROBE_H

#include <sc/sc.h>

typedef struct probe {
    sc_worker_t *worker;
    uint32_t slot;       /* in every socket: how often it has called probe:slot */
    sc_counter_t *calls; /* probe_calls */
    sc_text_t events;    /* what listeners have heard: objects, each after a ',' */
    sc_text_t messages;  /* what watches have got, in the same form */
    sc_text_t relayed;   /* what other workers have sent */
    struct probe_watch *watches;
} probe_t;

typedef struct probe_handler {
    const char *event;
    sc_call_cb callback;
} probe_handler_t;

SC_MUST_CHECK sc_status_t probe_handle(probe_t *probe, const probe_handler_t *handlers,
                                       size_t count);
SC_MUST_CHECK sc_status_t probe_process_attach(probe_t *probe);
SC_MUST_CHECK sc_status_t probe_socket_attach(probe_t *probe);
SC_MUST_CHECK sc_status_t probe_token_attach(probe_t *probe);
SC_MUST_CHECK sc_status_t probe_exchange_attach(probe_t *probe);
void probe_exchange_detach(probe_t *probe);

/** Adds `"name":"text"`, or `"name":null` for none, after a comma unless it is the first member. */
void probe_add_text(sc_text_t *out, const char *name, sc_str_t text);
/** Adds `"name":json`, or null for none. */
void probe_add_json(sc_text_t *out, const char *name, sc_str_t json);
/** Answers with a list that was collected, and empties it. */
void probe_answer_list(sc_call_t *call, sc_text_t *list);
/** Ends a call: answered without data, or failed with the status's name. */
void probe_end(sc_call_t *call, sc_status_t status);
/** The call's data, a JSON string, as characters; freed by the caller. Empty if it is no string. */
sc_text_t probe_argument(sc_call_t *call);
/** A member that is a JSON string, as characters; freed by the caller. */
sc_text_t probe_member(sc_call_t *call, const char *name);

#endif
