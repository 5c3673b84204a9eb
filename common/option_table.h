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
  X(ENUM,   protocol,           "protocol",           NULL,             0,  0, 0, NULL,         "http|https: https needs tlsCert and tlsKey, http forbids them; by default what these say") \
  X(STRING, tls_cert,           "tlsCert",            "tls-cert",       0,  1, 4096, NULL,      "file of the PEM certificate, with its chain behind it; with tlsKey it makes the port speak TLS only (https, wss). Read again on SIGHUP") \
  X(STRING, tls_key,            "tlsKey",             "tls-key",        0,  1, 4096, NULL,      "file of the certificate's PEM private key, RSA or ECDSA") \
  X(STRING, tls_cert_pem,       "tlsCertPem",         NULL,             0,  1, 65536, NULL,     "the PEM certificate and its chain, in place of a file") \
  X(SECRET, tls_key_pem,        "tlsKeyPem",          NULL,             0,  1, 65536, NULL,     "the PEM private key, in place of a file") \
  X(SECRET, tls_passphrase,     "tlsPassphrase",      NULL,             0,  1, 1023, NULL,      "pass phrase of the private key. Better in a file: see --tls-passphrase-file") \
  X(STRING, tls_passphrase_file, "tlsPassphraseFile", "tls-passphrase-file", 0, 1, 4096, NULL,  "file that holds the pass phrase (one final line break is not part of it)") \
  X(ENUM,   tls_min_version,    "tlsMinVersion",      "tls-min-version", 0, 0, 0, "1.2",        "1.2|1.3: oldest version of TLS that is spoken") \
  X(STRING, tls_ciphers,        "tlsCiphers",         NULL,             0,  1, 4096, NULL,      "ciphers of TLS 1.2, in OpenSSL's notation; by default those with ECDHE and authenticated encryption") \
  X(STRING, tls_ciphersuites,   "tlsCiphersuites",    NULL,             0,  1, 4096, NULL,      "ciphers of TLS 1.3, with colons between them; by default OpenSSL's") \
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
  X(ENUM,   codec,              "codec",              NULL,             0,  0, 0, "auto",       "auto|json|min-bin: form of packets; auto goes by the first message of each client") \
  X(BOOL,   batch_on_handshake, "batchOnHandshake",   NULL,             0,  0, 0, "false",      "for a while after the handshake, packets collect and go as one frame to clients that know arrays") \
  X(UINT,   batch_on_handshake_duration_ms, "batchOnHandshakeDuration", NULL, 0, 0, 60000, "400", "milliseconds that batchOnHandshake lasts") \
  X(UINT,   batch_interval_ms,  "batchInterval",      NULL,             0,  0, 60000, "50",      "milliseconds that a packet waits for others then, at most") \
  X(BOOL,   strict_handshake,   "strictHandshake",    NULL,             0,  0, 0, "true",       "close with 4009 on anything before the #handshake") \
  X(BOOL,   per_message_deflate, "perMessageDeflate", NULL,             0,  0, 0, "false",      "compress messages to and from clients that offer it (permessage-deflate)") \
  X(UINT,   deflate_threshold_bytes, "perMessageDeflateThreshold", NULL, 0, 0, 1073741824, "1024", "messages shorter than so many bytes are sent plain") \
  X(UINT,   deflate_level,      "perMessageDeflateLevel", NULL,         0,  1, 9, "1",          "1 (fast) to 9 (small): what the server compresses with") \
  X(UINT,   deflate_window_bits, "perMessageDeflateWindowBits", NULL,   0,  9, 15, "15",        "what the server compresses points back at most 2^N bytes; less saves clients memory") \
  X(UINT,   inflate_ratio_max,  "maxInflateRatio",    NULL,             0,  0, 1100, "200",     "a compressed message over 256 KiB may be so many times as long as what was sent of it; beyond, 1009; 0: any") \
  /* -- channels -- */ \
  X(UINT,   socket_channel_limit, "socketChannelLimit", NULL,           0,  0, 10000000, "1000", "channels that one socket may be in; 0: any number") \
  X(UINT,   pub_sub_batch_duration_ms, "pubSubBatchDuration", NULL,     0,  0, 60000, "0",       "milliseconds for which packets collect to go as one frame to a client that subscribes in batches; 0: none do") \
  X(BOOL,   allow_client_publish, "allowClientPublish", NULL,           0,  0, 0, "true",       "clients may publish") \
  X(BOOL,   middleware_emit_warnings, "middlewareEmitWarnings", NULL,   0,  0, 0, "true",       "log what middleware blocks") \
  X(UINT,   publish_backlog_bytes, "publishBacklog",  NULL,             0,  65536, 4294967295, "67108864", "bytes of publications that a worker keeps while its brokers have not acknowledged them") \
  /* -- tokens -- */ \
  X(SECRET, auth_key,           "authKey",            "auth-key",       0,  1, 65536, NULL,     "secret for HS tokens; random when no key is given. Better in a file: see --auth-key-file") \
  X(STRING, auth_key_file,      "authKeyFile",        "auth-key-file",  0,  0, 4096, NULL,      "file that holds the secret for HS tokens (one final line break is not part of it)") \
  X(SECRET, auth_private_key,   "authPrivateKey",     NULL,             0,  1, 65536, NULL,     "PEM private key that signs RS, PS and ES tokens") \
  X(STRING, auth_private_key_file, "authPrivateKeyFile", "auth-private-key-file", 0, 0, 4096, NULL, "file of the PEM private key") \
  X(STRING, auth_public_key,    "authPublicKey",      NULL,             0,  1, 65536, NULL,     "PEM public key or certificate that verifies RS, PS and ES tokens") \
  X(STRING, auth_public_key_file, "authPublicKeyFile", "auth-public-key-file", 0, 0, 4096, NULL, "file of the PEM public key or certificate") \
  X(ENUM,   auth_algorithm,     "authAlgorithm",      "auth-algorithm", 0,  0, 0, NULL,         "HS256|HS384|HS512|RS256|RS384|RS512|PS256|PS384|PS512|ES256|ES384|ES512: what tokens are signed with, and unless authVerifyAlgorithms says otherwise the one algorithm that is accepted; by default HS256, or what the key pair is for, and all that the keys are for are accepted") \
  X(STRING, auth_key_id,        "authKeyId",          "auth-key-id",    0,  1, 128, NULL,       "kid of the tokens that are signed, and of the key that verifies them") \
  X(LIST,   auth_verify_key_files, "authVerifyKeyFiles", "auth-verify-key-files", 0, 0, 65536, NULL, "FILE or KID=FILE, 16 of them at most: further keys that verify tokens: a PEM public key or certificate, a JWKS, else a secret (one final line break is not part of it)") \
  X(LIST,   auth_verify_algorithms, "authVerifyAlgorithms", "auth-verify-algorithms", 0, 0, 255, NULL, "algorithms that are accepted, each of which must fit a key; by default authAlgorithm, or all that the keys are for") \
  X(UINT,   auth_default_expiry_s, "authDefaultExpiry", NULL,           0,  1, 2147483647, "86400", "seconds that a token lives unless it says otherwise") \
  X(BOOL,   end_subscriptions_on_expiry, "endSubscriptionsOnExpiry", NULL, 0, 0, 0, "false",    "a token that runs out is noticed at once, and ends the subscriptions that were made with it")

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

/** Files of authVerifyKeyFiles, and keys in them. */
#define SC_VERIFY_KEYS_MAX 16u
/** Longest `kid` of a key. */
#define SC_KEY_ID_BYTES_MAX 128u

/** A file of authVerifyKeyFiles, read. */
typedef struct sc_verify_key {
    char *id; /* `kid`; NULL: none was given */
    char *path;
    char *text; /* what is in it, without one line break at its end */
} sc_verify_key_t;

typedef struct sc_verify_keys {
    sc_verify_key_t *items;
    uint32_t count;
} sc_verify_keys_t;

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
    sc_verify_keys_t auth_verify_keys; /* what authVerifyKeyFiles names: common/verify_keys.h */
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
