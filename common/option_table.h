/*
 * option_table.h: every option, one row each: the only place that knows an option's name, type, range, default and
 * help. The struct of values, the checks, --help and docs/options.md derive from it.
 *
 * A row: X(kind, field, "jsonName", "flag", 'letter', minimum, maximum, "default", "help")
 *   kind      BOOL, UINT (bounded number), STRING, LIST (string, or array of strings, kept joined by ','),
 *             ENUM (STRING; "help" begins with its values, "a|b|c: ..."), SECRET (STRING that is never shown),
 *             PLUGINS (array of {"name":..., "options":...}, repeated flag NAME[=JSON])
 *   field     of sc_options_t: bool, uint64_t or char * (NULL: not set)
 *   jsonName  in the configuration file and in SOCKETCLUSTER_OPTIONS
 *   flag      NULL: none; a BOOL's flag takes no value
 *   default   as in JSON; NULL: not set
 */
#ifndef SC_COMMON_OPTION_TABLE_H
#define SC_COMMON_OPTION_TABLE_H

#include <sc/json.h>
#include <sc/types.h>

/* clang-format off */
#define SC_OPTION_TABLE(X) \
  /* -- processes -- */ \
  X(UINT,   workers,            "workers",            "workers",       'w', 0, 256, "1",        "worker processes; 0 or auto: one per core") \
  X(UINT,   brokers,            "brokers",            "brokers",       'b', 1, 64, "1",         "broker processes; channels are spread over them") \
  X(UINT,   port,               "port",               "port",          'p', 0, 65535, "8000",   "TCP port; 0: one that the system chooses") \
  X(STRING, host,               "host",               "host",           0,  0, 255, NULL,       "address to listen on; all of them by default") \
  X(STRING, path,               "path",               "path",           0,  1, 1024, "/socketcluster/", "path of the WebSocket endpoint") \
  X(PLUGINS, plugins,           "plugins",            "plugin",         0,  0, 64, NULL,        "NAME or PATH[=JSON]: worker plugin, with its broker half if it has one; may be repeated") \
  X(PLUGINS, broker_plugins,    "brokerPlugins",      "broker-plugin",  0,  0, 64, NULL,        "NAME or PATH[=JSON]: broker plugin; may be repeated") \
  X(PLUGINS, master_plugins,    "masterPlugins",      "master-plugin",  0,  0, 64, NULL,        "NAME or PATH[=JSON]: master plugin; runs in the master, where a crash ends the whole cluster; may be repeated") \
  X(STRING, plugin_dir,         "pluginDir",          "plugin-dir",     0,  0, 4096, NULL,      "where NAME.so is looked for; by default plugins/ beside bin/, then the installed folder") \
  X(STRING, user,               "user",               "user",           0,  0, 255, NULL,       "user to become once the port is open") \
  X(STRING, runtime_dir,        "runtimeDir",         "runtime-dir",    0,  0, 80, NULL,        "folder for sockets between processes, made with mode 0700; by default one under /tmp") \
  X(STRING, pid_file,           "pidFile",            "pid-file",       0,  0, 4096, NULL,      "file that holds the master's process id while it runs") \
  X(ENUM,   log_level,          "logLevel",           "log-level",      0,  0, 0, "info",       "debug|info|warn|error: the least that is logged") \
  X(ENUM,   log_format,         "logFormat",          "log-format",     0,  0, 0, "text",       "text|json: form of a log line") \
  X(STRING, log_file,           "logFile",            "log-file",       0,  0, 4096, NULL,      "file to log to, opened again on SIGHUP; standard error by default") \
  X(UINT,   process_term_timeout_ms, "processTermTimeout", "term-timeout", 0, 0, 600000, "10000", "milliseconds that processes have to end in order") \
  X(UINT,   ipc_ack_timeout_ms, "ipcAckTimeout",      NULL,             0,  1, 3600000, "10000", "milliseconds to wait for answers of other processes to messages of plugins") \
  X(BOOL,   reboot_on_signal,   "rebootOnSignal",     NULL,             0,  0, 0, "true",       "SIGUSR2 replaces the workers one by one; false: it does nothing") \
  X(BOOL,   kill_master_on_signal, "killMasterOnSignal", NULL,          0,  0, 0, "false",      "SIGUSR2 stops the whole cluster in order, for whoever started it to start it again") \
  X(UINT,   worker_memory_bytes, "killWorkerMemoryThreshold", NULL,     0,  0, 1125899906842624, "0", "bytes of memory of its own beyond which a worker is replaced; 0: none") \
  X(UINT,   worker_status_interval_ms, "workerStatusInterval", NULL,    0,  100, 3600000, "10000", "milliseconds between looks at the memory of workers") \
  X(STRING, app_name,           "appName",            NULL,             0,  0, 255, NULL,       "name of the application, for plugins to read") \
  X(STRING, instance_id,        "instanceId",         NULL,             0,  0, 255, NULL,       "name of this cluster, for plugins to read; random by default") \
  X(STRING, environment,        "environment",        NULL,             0,  0, 255, "dev",      "such as dev or prod, for plugins to read") \
  X(UINT,   broker_gather_timeout_ms, "brokerGatherTimeout", NULL,      0,  0, 60000, "3000",   "milliseconds that a new broker waits for the subscriptions of all workers before it delivers") \
  /* -- connections -- */ \
  X(LIST,   origins,            "origins",            "origins",        0,  1, 65536, "*:*",     "host:port list that browsers may come from; * stands for any") \
  X(LIST,   trusted_proxies,    "trustedProxies",     "trusted-proxies", 0, 0, 65536, NULL,     "addresses or networks (10.0.0.0/8) whose X-Forwarded-For counts") \
  X(UINT,   backlog,            "backlog",            NULL,             0,  1, 65535, "1024",   "connections that wait to be accepted, per worker") \
  X(UINT,   max_connections,    "maxConnections",     NULL,             0,  0, 10000000, "0",   "connections per worker; 0: as many as descriptors allow") \
  X(UINT,   max_payload_bytes,  "maxPayload",         NULL,             0,  128, 1073741824, "10485760", "longest message in bytes; longer ones close with 1009") \
  X(UINT,   max_header_bytes,   "maxHeaderSize",      NULL,             0,  256, 1048576, "16384", "longest HTTP request head in bytes; longer ones get 431") \
  X(UINT,   max_http_body_bytes, "maxHttpBody",       NULL,             0,  0, 1073741824, "1048576", "longest HTTP request body in bytes; longer ones get 413") \
  X(UINT,   http_timeout_ms,    "httpTimeout",        NULL,             0,  10, 3600000, "10000", "milliseconds for a request's head and body, and of idleness on keep-alive") \
  X(UINT,   max_socket_backlog_bytes, "maxSocketBacklog", NULL,         0,  1024, 4294967295, "16777216", "bytes that may wait for a slow reader; beyond, its connection is cut") \
  X(UINT,   max_pending_packets, "maxPendingPackets", NULL,             0,  1, 1000000, "1000",  "packets of one socket that may wait for a middleware; beyond, nothing more is read from it") \
  X(UINT,   handshake_timeout_ms, "handshakeTimeout", NULL,             0,  10, 3600000, "10000", "milliseconds from the WebSocket's opening to the #handshake, else 4005") \
  X(UINT,   ack_timeout_ms,     "ackTimeout",         NULL,             0,  1, 3600000, "10000", "milliseconds to wait for answers to what the server calls") \
  X(UINT,   ping_interval_ms,   "pingInterval",       NULL,             0,  20, 2147483647, "8000", "milliseconds between pings") \
  X(UINT,   ping_timeout_ms,    "pingTimeout",        NULL,             0,  20, 2147483647, "20000", "milliseconds without a sign of life, either way, that end a connection") \
  X(BOOL,   ping_timeout_disabled, "pingTimeoutDisabled", NULL,         0,  0, 0, "false",      "no pings and no timeout") \
  X(ENUM,   protocol_version,   "protocolVersion",    NULL,             0,  0, 0, "auto",       "auto|1|2: generation of clients; auto finds out by their pong") \
  X(BOOL,   strict_handshake,   "strictHandshake",    NULL,             0,  0, 0, "true",       "close with 4009 on anything before the #handshake") \
  /* -- channels -- */ \
  X(UINT,   socket_channel_limit, "socketChannelLimit", NULL,           0,  0, 10000000, "1000", "channels that one socket may be in; 0: any number") \
  X(BOOL,   allow_client_publish, "allowClientPublish", NULL,           0,  0, 0, "true",       "clients may publish") \
  X(BOOL,   middleware_emit_warnings, "middlewareEmitWarnings", NULL,   0,  0, 0, "true",       "log what middleware blocks") \
  X(UINT,   publish_backlog_bytes, "publishBacklog",  NULL,             0,  65536, 4294967295, "67108864", "bytes of publications that a worker keeps while its brokers have not acknowledged them") \
  /* -- tokens -- */ \
  X(SECRET, auth_key,           "authKey",            "auth-key",       0,  1, 65536, NULL,     "secret for HS tokens; random when no key is given. Better in a file: see --auth-key-file") \
  X(STRING, auth_key_file,      "authKeyFile",        "auth-key-file",  0,  0, 4096, NULL,      "file that holds the secret for HS tokens (one final line break is not part of it)") \
  X(SECRET, auth_private_key,   "authPrivateKey",     NULL,             0,  1, 65536, NULL,     "PEM private key that signs RS and ES tokens") \
  X(STRING, auth_private_key_file, "authPrivateKeyFile", "auth-private-key-file", 0, 0, 4096, NULL, "file of the PEM private key") \
  X(STRING, auth_public_key,    "authPublicKey",      NULL,             0,  1, 65536, NULL,     "PEM public key or certificate that verifies RS and ES tokens") \
  X(STRING, auth_public_key_file, "authPublicKeyFile", "auth-public-key-file", 0, 0, 4096, NULL, "file of the PEM public key or certificate") \
  X(ENUM,   auth_algorithm,     "authAlgorithm",      "auth-algorithm", 0,  0, 0, NULL,         "HS256|HS384|HS512|RS256|RS384|RS512|ES256|ES384|ES512: the one algorithm of tokens; by default HS256, or what the key pair is for, and all of its kind are accepted") \
  X(UINT,   auth_default_expiry_s, "authDefaultExpiry", NULL,           0,  1, 2147483647, "86400", "seconds that a token lives unless it says otherwise")

/* clang-format on */

/** One plugin of --plugin or --broker-plugin. */
typedef struct sc_plugin_option {
    char *name;    /* NAME or PATH */
    char *options; /* JSON text or NULL */
} sc_plugin_option_t;

typedef struct sc_plugin_options {
    sc_plugin_option_t *items;
    uint32_t count;
} sc_plugin_options_t;

#define SC_OPTION_C_BOOL bool
#define SC_OPTION_C_UINT uint64_t
#define SC_OPTION_C_STRING char *
#define SC_OPTION_C_LIST char *
#define SC_OPTION_C_ENUM char *
#define SC_OPTION_C_SECRET char *
#define SC_OPTION_C_PLUGINS sc_plugin_options_t
#define SC_OPTION_FIELD(kind, field, json, flag, letter, min, max, fallback, help)                 \
    SC_OPTION_C_##kind field;

/** The values of all options. */
typedef struct sc_options {
    SC_OPTION_TABLE(SC_OPTION_FIELD)
} sc_options_t;

typedef enum sc_option_kind {
    SC_OPTION_BOOL,
    SC_OPTION_UINT,
    SC_OPTION_STRING,
    SC_OPTION_LIST,
    SC_OPTION_ENUM,
    SC_OPTION_SECRET,
    SC_OPTION_PLUGINS,
} sc_option_kind_t;

/** A row of the table, for code that walks it. */
typedef struct sc_option {
    sc_option_kind_t kind;
    size_t offset; /* of the value in sc_options_t */
    const char *json_name;
    const char *flag;
    int letter;
    uint64_t minimum; /* of a UINT; of a STRING's length in bytes */
    uint64_t maximum;
    const char *fallback;
    const char *help;
} sc_option_t;

extern const sc_option_t sc_option_table[];
extern const size_t sc_option_count;

/** The row of a configuration file's name, a long flag or a letter; NULL: none. */
const sc_option_t *sc_option_by_json_name(sc_str_t name);
const sc_option_t *sc_option_by_flag(sc_str_t flag);
const sc_option_t *sc_option_by_letter(int letter);

/** An option's present value as JSON text into `out`; a SECRET gives SC_ERR_NOT_FOUND. */
SC_MUST_CHECK sc_status_t sc_option_to_json(const sc_options_t *options, const sc_option_t *option,
                                            sc_text_t *out);

#endif
