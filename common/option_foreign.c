#include "common/option_foreign.h"

/* The options of SocketCluster 5 to 14 (master, server and sample), of socketcluster-server 15 to 20 and of the clients of a
 * cluster's brokers, as read from their packages. */
static const char *const foreign_names[] = {
    "authEngine",
    "authSignAsync",
    "authVerifyAsync",
    "brokerConnectRetryErrorThreshold",
    "brokerController",
    "brokerEngine",
    "brokerEngineOptions",
    "cloneData",
    "clusterAuthKey",
    "clusterClientPoolSize",
    "clusterInstanceIp",
    "clusterInstanceIpFamily",
    "clusterMappingEngine",
    "clusterScaleBackDelay",
    "clusterScaleOutDelay",
    "clusterStartupDelay",
    "clusterStateServerAckTimeout",
    "clusterStateServerConnectTimeout",
    "clusterStateServerHost",
    "clusterStateServerPort",
    "clusterStateServerReconnectRandomness",
    "crashWorkerOnError",
    "defaultBrokerDebugPort",
    "defaultWorkerDebugPort",
    "forceKillSignal",
    "forceKillTimeout",
    "httpServer",
    "httpServerModule",
    "initController",
    "propagateErrors",
    "propagateWarnings",
    "rebootWorkerOnCrash",
    "requestCreator",
    "schedulingPolicy",
    "secretKey",
    "socketRoot",
    "socketStreamCleanupMode",
    "socketUpgradeTimeout",
    "workerClusterController",
    "workerController",
    "wsEngine",
    "wsEngineServerOptions",
};

bool sc_option_is_foreign(const char *json_name, const json_t *value)
{
    if (strcmp(json_name, "logLevel") == 0)
        return json_is_number(value);
    for (size_t i = 0; i < sizeof(foreign_names) / sizeof(foreign_names[0]); i++) {
        if (strcmp(foreign_names[i], json_name) == 0)
            return true;
    }
    return false;
}

bool sc_option_is_served_codec(const json_t *engine)
{
    const char *module = json_string_value(engine);

    return json_is_null(engine) || (module != NULL && (strstr(module, "sc-codec-min-bin") != NULL ||
                                                       strstr(module, "sc-formatter") != NULL));
}

const char *sc_option_own_name(const char *json_name)
{
    if (strcmp(json_name, "downgradeToUser") == 0)
        return "user";
    if (strcmp(json_name, "middlewareEmitFailures") == 0)
        return "middlewareEmitWarnings"; /* since 15 */
    if (strcmp(json_name, "tcpSynBacklog") == 0)
        return "backlog";
    return json_name;
}
