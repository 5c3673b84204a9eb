/*
 * whoami.c: tells a client which worker holds its connection, so that a test can prove where its sockets are.
 * Event `worker`: answers {"id":N,"pid":P}.
 */
#include <sc/sc.h>
#include <unistd.h>

static void on_worker(sc_call_t *call, void *arg)
{
    sc_worker_t *worker = arg;
    sc_text_t text = {NULL, 0, 0};

    sc_text_addf(&text, "{\"id\":%u,\"pid\":%ld}", sc_worker_id(worker), (long)getpid());
    sc_call_answer(call, sc_text_str(&text));
    sc_text_free(&text);
}

static sc_status_t attach(sc_worker_t *worker, sc_str_t options, void **state)
{
    (void)options;
    (void)state;
    return sc_worker_on_call(worker, "worker", on_worker, worker);
}

SC_WORKER_PLUGIN("whoami", "1.0.0", attach, NULL);
