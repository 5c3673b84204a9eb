/*
 * broker.h: a broker process: all that lives as long as it does, and its life.
 *
 *     GATHERING --all workers that live have sent their subscriptions, or brokerGatherTimeout--> READY
 *
 * While GATHERING no publication is routed: one of a worker that came early would miss those that come late.
 */
#ifndef SC_BROKER_BROKER_H
#define SC_BROKER_BROKER_H

#include "broker/api_broker.h"
#include "broker/deliver.h"
#include "broker/peer.h"
#include "broker/route.h"
#include "common/control.h"
#include "common/loop.h"
#include "common/messenger.h"
#include "common/plugin_loader.h"
#include "common/process.h"

#include <sc/broker.h>

struct sc_broker {
    const sc_child_setup_t *setup;
    const sc_options_t *options;
    uint32_t id;
    uint32_t worker_count;
    uint32_t broker_count;
    uint64_t instance;
    sc_loop_t loop;
    sc_control_t *control; /* NULL while checking, and once the master has gone */
    sc_plugins_t plugins;
    sc_broker_hooks_t hooks;
    sc_messenger_t messenger;
    sc_list_t timers; /* of plugins */
    sc_route_table_t routes;
    sc_peer_t *peers; /* one a worker; NULL while checking */
    sc_deliver_t deliver;
    bool is_ready;
    sc_wheel_timer_t gather_timer;
};

/** A worker has sent its subscriptions or is known to be down: the broker may be READY now. */
void sc_broker_on_settled(sc_broker_t *broker);

#endif
