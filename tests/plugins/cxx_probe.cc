/*
 * cxx_probe.cc: a plugin with all halves in C++11: whether the headers can be read by a compiler of it.
 */
#include <sc/sc.h>

static void on_message(sc_message_t *message, void *)
{
    sc_message_answer(message, SC_STR("true"));
}

static sc_status_t attach_worker(sc_worker_t *worker, sc_str_t, void **)
{
    sc_messenger_t *messenger = sc_worker_messenger(worker);
    const sc_process_t master = sc_process(SC_PROCESS_MASTER, 0);

    if (sc_messenger_on(messenger, "cxx_probe", on_message, nullptr) != SC_OK)
        return SC_ERR_STATE;
    return sc_messenger_send(messenger, master, "cxx_probe", sc_str_none(), nullptr, nullptr, 0);
}

static sc_status_t attach_broker(sc_broker_t *broker, sc_str_t, void **)
{
    return sc_messenger_on(sc_broker_messenger(broker), "cxx_probe", on_message, nullptr);
}

static sc_status_t attach_master(sc_master_t *master, sc_str_t, void **)
{
    return sc_messenger_on(sc_master_messenger(master), "cxx_probe", on_message, nullptr);
}

SC_WORKER_PLUGIN("cxx_probe", "1.0.0", attach_worker, nullptr);
SC_BROKER_PLUGIN("cxx_probe", "1.0.0", attach_broker, nullptr);
SC_MASTER_PLUGIN("cxx_probe", "1.0.0", attach_master, nullptr);
