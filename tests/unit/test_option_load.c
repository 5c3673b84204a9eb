#include "common/option_load.h"

#include "common/alloc.h"
#include "common/str.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define ARGUMENTS_MAX 16

static char folder[64];

/* One loading: its command line in memory that can be written, as main's is. */
typedef struct fixture {
    sc_options_t options;
    sc_options_report_t report;
    char *argv[ARGUMENTS_MAX + 1];
    int argc;
} fixture_t;

static void add_argument(fixture_t *fixture, const char *argument)
{
    assert_true(fixture->argc < ARGUMENTS_MAX);
    fixture->argv[fixture->argc++] = sc_strdup(sc_str_from(argument));
}

/* Loads the options of a command line; the arguments end with NULL. */
static sc_status_t load(fixture_t *fixture, ...)
{
    const char *argument;
    va_list args;

    memset(fixture, 0, sizeof(*fixture));
    add_argument(fixture, "sc-cluster");
    va_start(args, fixture);
    while ((argument = va_arg(args, const char *)) != NULL)
        add_argument(fixture, argument);
    va_end(args);
    return sc_options_load(&fixture->options, fixture->argc, fixture->argv, &fixture->report);
}

static void clean(fixture_t *fixture)
{
    sc_options_free(&fixture->options);
    sc_options_report_free(&fixture->report);
    for (int i = 0; i < fixture->argc; i++)
        free(fixture->argv[i]);
}

static const char *write_file(const char *name, const char *content)
{
    static char path[128];
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    file = fopen(path, "w");
    assert_non_null(file);
    fputs(content, file);
    fclose(file);
    return path;
}

static void assert_contains(const sc_text_t *text, const char *part)
{
    if (memmem(text->ptr, text->len, part, strlen(part)) == NULL)
        fail_msg("\"%.*s\" does not contain \"%s\"", SC_STR_ARG(sc_text_str(text)), part);
}

/* The start is refused with a line that has both texts in it. */
#define assert_refused(part, other, ...)                                                           \
    do {                                                                                           \
        fixture_t refused;                                                                         \
                                                                                                   \
        assert_int_equal(load(&refused, __VA_ARGS__, NULL), SC_ERR_INVALID);                       \
        assert_contains(&refused.report.error, part);                                              \
        assert_contains(&refused.report.error, other);                                             \
        assert_null(memchr(refused.report.error.ptr, '\n', refused.report.error.len));             \
        clean(&refused);                                                                           \
    } while (0)

static void without_anything_every_option_has_its_default(void **state)
{
    fixture_t f;

    (void)state;
    assert_int_equal(load(&f, NULL), SC_OK);
    assert_int_equal(f.report.command, SC_COMMAND_RUN);
    assert_int_equal(f.options.workers, 1);
    assert_int_equal(f.options.port, 8000);
    assert_int_equal(f.options.ping_interval_ms, 8000);
    assert_string_equal(f.options.path, "/socketcluster/");
    assert_string_equal(f.options.origins, "*:*");
    assert_true(f.options.allow_client_publish);
    assert_false(f.options.ping_timeout_disabled);
    assert_null(f.options.host);
    assert_null(f.options.auth_algorithm);
    assert_int_equal(f.options.plugins.count, 0);
    clean(&f);
}

static void flags_are_understood_in_each_form(void **state)
{
    fixture_t f;

    (void)state;
    assert_int_equal(
        load(&f, "-w", "3", "-b2", "--port", "0", "--host=::1", "--log-level=debug", NULL), SC_OK);
    assert_int_equal(f.options.workers, 3);
    assert_int_equal(f.options.brokers, 2);
    assert_int_equal(f.options.port, 0);
    assert_string_equal(f.options.host, "::1");
    assert_string_equal(f.options.log_level, "debug");
    clean(&f);
}

static void auto_workers_are_one_per_core(void **state)
{
    fixture_t f;
    fixture_t zero;

    (void)state;
    assert_int_equal(load(&f, "-w", "auto", NULL), SC_OK);
    assert_true(f.options.workers >= 1);
    assert_int_equal(load(&zero, "-w", "0", NULL), SC_OK);
    assert_int_equal(zero.options.workers, f.options.workers);
    clean(&f);
    clean(&zero);
    assert_refused("option -b is auto: not a number from 1 to 64", "", "-b", "auto");
}

static void later_sources_win_over_earlier_ones(void **state)
{
    const char *path =
        write_file("all.json", "{\"workers\":2,\"brokers\":3,\"port\":4,\"pingInterval\":555,"
                               "\"plugins\":[\"a\",{\"name\":\"b\",\"options\":{\"x\":1}}]}");
    fixture_t f;

    (void)state;
    setenv("SOCKETCLUSTER_WORKERS", "20", 1);
    setenv("SOCKETCLUSTER_BROKERS", "30", 1);
    setenv("SOCKETCLUSTER_PORT", "40", 1);
    setenv("SOCKETCLUSTER_OPTIONS", "{\"port\":400}", 1);
    assert_int_equal(load(&f, "--workers", "200", "--config", path, NULL), SC_OK);
    assert_int_equal(f.options.workers, 200);
    assert_int_equal(f.options.brokers, 30);
    assert_int_equal(f.options.port, 400);
    assert_int_equal(f.options.ping_interval_ms, 555);
    assert_int_equal(f.options.plugins.count, 2);
    assert_string_equal(f.options.plugins.items[1].name, "b");
    assert_string_equal(f.options.plugins.items[1].options, "{\"x\":1}");
    clean(&f);
    assert_int_equal(
        load(&f, "--plugin", "c={\"y\":[1,2]}", "--config", path, "--plugin", "./d.so", NULL),
        SC_OK);
    assert_int_equal(f.options.plugins.count, 2);
    assert_string_equal(f.options.plugins.items[0].name, "c");
    assert_string_equal(f.options.plugins.items[0].options, "{\"y\":[1,2]}");
    assert_string_equal(f.options.plugins.items[1].name, "./d.so");
    assert_null(f.options.plugins.items[1].options);
    clean(&f);
    unsetenv("SOCKETCLUSTER_WORKERS");
    unsetenv("SOCKETCLUSTER_BROKERS");
    unsetenv("SOCKETCLUSTER_PORT");
}

static void a_wrong_value_is_named_with_what_it_may_be(void **state)
{
    (void)state;
    assert_refused("option --port is 65536: not a number from 0 to 65535", "", "--port", "65536");
    assert_refused("option -p is 80x", "a number", "-p80x");
    assert_refused("option -w is -1", "from 0 to 256, or auto", "-w", "-1");
    assert_refused("option --log-level is loud", "one of debug|info|warn|error", "--log-level",
                   "loud");
    assert_refused("option --path is : not", "a text of 1 to 1024 bytes", "--path", "");
    assert_refused("option --plugin has options for x that are no JSON object", "", "--plugin",
                   "x=[1]");
    assert_refused("option --plugin has a plugin without a name", "", "--plugin", "={}");
    setenv("SOCKETCLUSTER_PORT", "http", 1);
    assert_refused("option SOCKETCLUSTER_PORT is http", "from 0 to 65535", "-w", "1");
    unsetenv("SOCKETCLUSTER_PORT");
}

static void an_unknown_flag_or_a_missing_value_is_named(void **state)
{
    (void)state;
    assert_refused("unknown option --prot", "--help", "--prot", "80");
    assert_refused("unknown option -x", "--help", "-x");
    assert_refused("80 is not an option", "--help", "80");
    assert_refused("option --port needs a value", "", "--port");
    assert_refused("option --check takes no value", "", "--check=yes");
    assert_refused("unknown option --", "--help", "--");
}

#define assert_file_refused(content, part, other)                                                  \
    assert_refused(part, other, "--config", write_file("wrong.json", content))

static void a_wrong_file_is_named_with_what_is_wrong_in_it(void **state)
{
    (void)state;
    assert_refused("--config: can't read /nowhere/x.json", "No such file", "--config",
                   "/nowhere/x.json");
    assert_file_refused("{\"port\": 1,\n]", "is not JSON", "line 2");
    assert_file_refused("[1]", "is not a JSON object", "wrong.json");
    assert_file_refused("{\"prot\":1}", "unknown option \"prot\"", "wrong.json");
    assert_file_refused("{\"port\":\"80\"}", "option \"port\" in ",
                        "is \"80\": not a number from 0 to 65535");
    assert_file_refused("{\"port\":80.5}", "is 80.5", "a number");
    assert_file_refused("{\"port\":-1}", "is -1", "a number");
    assert_file_refused("{\"host\":1}", "is 1", "a text of 0 to 255 bytes");
    assert_file_refused("{\"strictHandshake\":1}", "is 1", "true or false");
    assert_file_refused("{\"strictHandshake\":\"true\"}", "is \"true\"", "true or false");
    assert_file_refused("{\"plugins\":\"x\"}", "\"plugins\"", "array");
    assert_file_refused("{\"plugins\":[{\"nam\":\"x\"}]}", "\"plugins\"", "array");
    assert_file_refused("{\"plugins\":[{\"name\":\"x\",\"option\":{}}]}",
                        "unknown member \"option\"", "x");
    assert_file_refused("{\"origins\":[\"a:1\",2]}", "\"origins\"", "an array of texts");
    assert_file_refused("{\"port\":1,\"port\":2}", "is not JSON", "twice");
    assert_file_refused("{\"protocol\":\"wss\"}", "option \"protocol\"", "http|https");
}

static void values_in_a_file_may_have_their_other_forms(void **state)
{
    const char *path =
        write_file("forms.json", "{\"workers\":\"auto\",\"port\":8.0e3,\"pingInterval\":null,"
                                 "\"origins\":[\"a:80\",\"*:443\"],\"host\":null}");
    fixture_t f;

    (void)state;
    assert_int_equal(load(&f, "--config", path, NULL), SC_OK);
    assert_int_equal(f.options.port, 8000);
    assert_int_equal(f.options.ping_interval_ms, 8000);
    assert_string_equal(f.options.origins, "a:80,*:443");
    assert_null(f.options.host);
    clean(&f);
}

static void a_codec_engine_is_taken_if_it_is_served(void **state)
{
    static const char *const served[] = {"\"sc-codec-min-bin\"",
                                         "\"/app/node_modules/sc-codec-min-bin\"",
                                         "\"sc-formatter\"", "null"};
    char text[200];
    fixture_t f;

    (void)state;
    for (size_t i = 0; i < sizeof(served) / sizeof(served[0]); i++) {
        snprintf(text, sizeof(text), "{\"codecEngine\":%s}", served[i]);
        assert_int_equal(load(&f, "--config", write_file("sc6.json", text), NULL), SC_OK);
        assert_string_equal(f.options.codec, "auto");
        clean(&f);
    }
    assert_int_equal(
        load(&f, "--config", write_file("sc6.json", "{\"codecEngine\":\"./mine\"}"), NULL),
        SC_ERR_INVALID);
    assert_contains(&f.report.error, "codecEngine");
    clean(&f);
}

static void options_of_socketcluster_without_meaning_here_are_warned_of(void **state)
{
    const char *path =
        write_file("sc6.json", "{\"secretKey\":\"x\",\"wsEngine\":\"sc-uws\",\"logLevel\":2,"
                               "\"downgradeToUser\":\"nobody\",\"protocol\":\"http\","
                               "\"tcpSynBacklog\":7,\"pingTimeout\":9000}");
    fixture_t f;

    (void)state;
    assert_int_equal(load(&f, "--config", path, NULL), SC_OK);
    assert_contains(&f.report.warnings, "option secretKey of SocketCluster has no meaning here\n");
    assert_contains(&f.report.warnings, "option wsEngine of");
    assert_contains(&f.report.warnings, "option logLevel of");
    assert_string_equal(f.options.log_level, "info");
    assert_string_equal(f.options.user, "nobody");
    assert_int_equal(f.options.backlog, 7);
    assert_int_equal(f.options.ping_timeout_ms, 9000);
    clean(&f);
}

static void settings_of_the_websocket_module_become_options(void **state)
{
    const char *path = write_file(
        "deflate.json", "{\"perMessageDeflate\":{\"threshold\":200,\"serverMaxWindowBits\":12,"
                        "\"zlibDeflateOptions\":{\"level\":6,\"memLevel\":7,\"chunkSize\":1024},"
                        "\"zlibInflateOptions\":{\"chunkSize\":10240},\"concurrencyLimit\":10,"
                        "\"clientNoContextTakeover\":true,\"serverNoContextTakeover\":false}}");
    fixture_t f;

    (void)state;
    assert_int_equal(load(&f, "--config", path, NULL), SC_OK);
    assert_true(f.options.per_message_deflate);
    assert_int_equal(f.options.deflate_threshold_bytes, 200);
    assert_int_equal(f.options.deflate_window_bits, 12);
    assert_int_equal(f.options.deflate_level, 6);
    assert_contains(&f.report.warnings, "perMessageDeflate: memLevel has no meaning here\n");
    assert_contains(&f.report.warnings, "perMessageDeflate: concurrencyLimit has");
    assert_contains(&f.report.warnings, "perMessageDeflate: serverNoContextTakeover has");
    assert_null(memmem(f.report.warnings.ptr, f.report.warnings.len, "clientNo", 8));
    clean(&f);
    path = write_file("deflate.json", "{\"perMessageDeflate\":{}}");
    assert_int_equal(load(&f, "--config", path, NULL), SC_OK);
    assert_true(f.options.per_message_deflate);
    assert_int_equal(f.options.deflate_threshold_bytes, 1024);
    assert_null(f.report.warnings.ptr);
    clean(&f);
    assert_file_refused("{\"perMessageDeflate\":{\"treshold\":200}}",
                        "option \"perMessageDeflate\" in", "unknown member \"treshold\"");
    assert_file_refused("{\"perMessageDeflate\":{\"zlibDeflateOptions\":{\"dictionary\":\"x\"}}}",
                        "unknown member \"dictionary\"", "perMessageDeflateLevel");
    assert_file_refused("{\"perMessageDeflate\":{\"zlibDeflateOptions\":6}}",
                        "option \"perMessageDeflate\" in", "not an object");
    assert_file_refused("{\"perMessageDeflate\":{\"threshold\":-1}}",
                        "option \"perMessageDeflateThreshold\" in", "is -1");
    assert_file_refused("{\"perMessageDeflate\":{\"serverMaxWindowBits\":8}}",
                        "option \"perMessageDeflateWindowBits\" in", "from 9 to 15");
    assert_file_refused("{\"perMessageDeflate\":1}", "option \"perMessageDeflate\" in",
                        "true or false");
}

static void socketclusters_protocol_options_are_ours_with_https(void **state)
{
    const char *path = write_file(
        "https.json", "{\"protocolOptions\":{\"key\":\"K\",\"cert\":[\"C\"],\"passphrase\":\"P\","
                      "\"minVersion\":\"TLSv1.3\",\"ciphers\":\"X\",\"honorCipherOrder\":true},"
                      "\"protocol\":\"https\"}");
    fixture_t f;

    (void)state;
    assert_int_equal(load(&f, "--config", path, NULL), SC_OK);
    assert_string_equal(f.options.tls_key_pem, "K");
    assert_string_equal(f.options.tls_cert_pem, "C");
    assert_string_equal(f.options.tls_passphrase, "P");
    assert_string_equal(f.options.tls_min_version, "1.3");
    assert_string_equal(f.options.tls_ciphers, "X");
    assert_contains(&f.report.warnings,
                    "option protocolOptions.honorCipherOrder of SocketCluster has no meaning here");
    clean(&f);
}

static void socketclusters_protocol_options_do_nothing_without_https(void **state)
{
    const char *path =
        write_file("http.json", "{\"protocolOptions\":{\"key\":\"K\",\"cert\":\"C\"}}");
    fixture_t f;

    (void)state;
    assert_int_equal(load(&f, "--config", path, NULL), SC_OK);
    assert_null(f.options.tls_key_pem);
    assert_null(f.options.tls_cert_pem);
    assert_contains(&f.report.warnings,
                    "option protocolOptions does nothing: protocol is not https");
    clean(&f);
}

static void tls_files_are_read_and_may_replace_protocol_options(void **state)
{
    char config_path[128];
    char cert_path[128];
    char key_path[128];
    fixture_t f;

    (void)state;
    snprintf(config_path, sizeof(config_path), "%s",
             write_file("tls.json", "{\"protocol\":\"https\",\"tlsMinVersion\":1.3,"
                                    "\"protocolOptions\":{\"key\":\"K\",\"cert\":\"C\"}}"));
    snprintf(cert_path, sizeof(cert_path), "%s", write_file("cert.pem", "new cert"));
    snprintf(key_path, sizeof(key_path), "%s", write_file("key.pem", "new key"));
    assert_int_equal(
        load(&f, "--config", config_path, "--tls-cert", cert_path, "--tls-key", key_path, NULL),
        SC_OK);
    assert_string_equal(f.options.tls_cert_pem, "new cert");
    assert_string_equal(f.options.tls_key_pem, "new key");
    assert_string_equal(f.options.tls_min_version, "1.3");
    clean(&f);
    assert_int_equal(load(&f, "--tls-cert", cert_path, "--tls-key", "/nowhere/key", NULL),
                     SC_ERR_INVALID);
    assert_contains(&f.report.error,
                    "option tlsKey: can't read /nowhere/key: No such file or directory");
    clean(&f);
}

static void half_of_tls_is_refused(void **state)
{
    (void)state;
    assert_refused("option tlsKey is missing: tlsCert is given", "", "--tls-cert", "/x");
    assert_refused("option tlsCert is missing: tlsKey is given", "", "--tls-key", "/x");
    assert_file_refused("{\"protocol\":\"https\"}", "option protocol is https",
                        "tlsCert and tlsKey are missing");
    assert_file_refused("{\"protocol\":\"http\",\"tlsCert\":\"/c\",\"tlsKey\":\"/k\"}",
                        "option protocol is http", "tlsCert and tlsKey are given");
    assert_file_refused("{\"protocol\":\"https\",\"protocolOptions\":{\"cert\":\"C\"}}",
                        "option tlsKey is missing", "");
    assert_file_refused("{\"protocolOptions\":1}", "option \"protocolOptions\"", "no JSON object");
    assert_file_refused("{\"protocolOptions\":{\"key\":[\"a\",\"b\"]}}",
                        "option protocolOptions.key is not a text", "");
    assert_file_refused("{\"tlsMinVersion\":1.1}", "is 1.1", "one of 1.2|1.3");
}

static void keys_come_from_files_and_lose_one_line_break(void **state)
{
    char key_path[128];
    fixture_t f;

    (void)state;
    snprintf(key_path, sizeof(key_path), "%s", write_file("key", "secret\n\n"));
    assert_int_equal(load(&f, "--auth-key-file", key_path, NULL), SC_OK);
    assert_string_equal(f.options.auth_key, "secret\n");
    clean(&f);
    assert_int_equal(
        load(&f, "--auth-public-key-file", key_path, "--auth-private-key-file", key_path, NULL),
        SC_OK);
    assert_string_equal(f.options.auth_public_key, "secret\n\n");
    assert_string_equal(f.options.auth_private_key, "secret\n\n");
    assert_null(f.options.auth_key);
    clean(&f);
    assert_refused("authKeyFile: can't read /nowhere/key", "No such file", "--auth-key-file",
                   "/nowhere/key");
    assert_refused("authKeyFile", "1 to 65536 bytes", "--auth-key-file", write_file("empty", "\n"));
}

static void a_key_and_its_file_exclude_each_other_unless_one_source_wins(void **state)
{
    char key_path[128];
    const char *path;
    fixture_t f;

    (void)state;
    snprintf(key_path, sizeof(key_path), "%s", write_file("key", "from-file"));
    assert_refused("authKey", "authKeyFile", "--auth-key", "k", "--auth-key-file", key_path);
    path = write_file("key.json", "{\"authKey\":\"from-config\"}");
    assert_int_equal(load(&f, "--config", path, "--auth-key-file", key_path, NULL), SC_OK);
    assert_string_equal(f.options.auth_key, "from-file");
    clean(&f);
    setenv("SOCKETCLUSTER_OPTIONS", "{\"authKeyFile\":\"/nowhere/key\"}", 1);
    assert_int_equal(load(&f, "--auth-key", "from-flag", NULL), SC_OK);
    assert_string_equal(f.options.auth_key, "from-flag");
    assert_null(f.options.auth_key_file);
    clean(&f);
}

static void without_a_key_there_is_a_new_random_one_each_time(void **state)
{
    fixture_t first;
    fixture_t second;

    (void)state;
    assert_int_equal(load(&first, NULL), SC_OK);
    assert_int_equal(load(&second, NULL), SC_OK);
    assert_int_equal(strlen(first.options.auth_key), 64);
    assert_int_equal(strspn(first.options.auth_key, "0123456789abcdef"), 64);
    assert_string_not_equal(first.options.auth_key, second.options.auth_key);
    clean(&first);
    clean(&second);
}

static void secrets_are_gone_from_the_command_line_and_the_environment(void **state)
{
    char *variable;
    fixture_t f;

    (void)state;
    setenv("SOCKETCLUSTER_OPTIONS", "{\"authPublicKey\":\"p\",\"authPrivateKey\":\"hidden\"}", 1);
    variable = getenv("SOCKETCLUSTER_OPTIONS");
    assert_int_equal(load(&f, "--auth-key", "hush", "--auth-key=quiet", "-w", "2", NULL), SC_OK);
    assert_string_equal(f.options.auth_key, "quiet");
    assert_string_equal(f.options.auth_private_key, "hidden");
    assert_string_equal(f.argv[2], "****");
    assert_string_equal(f.argv[3], "--auth-key=*****");
    assert_string_equal(f.argv[5], "2");
    assert_null(getenv("SOCKETCLUSTER_OPTIONS"));
    assert_null(strstr(variable, "hidden"));
    clean(&f);
}

static void a_wrong_secret_is_not_shown(void **state)
{
    fixture_t f;

    (void)state;
    assert_int_equal(load(&f, "--config", write_file("s.json", "{\"authKey\":[\"hush\"]}"), NULL),
                     SC_ERR_INVALID);
    assert_contains(&f.report.error, "\"authKey\" in ");
    assert_null(memmem(f.report.error.ptr, f.report.error.len, "hush", 4));
    clean(&f);
}

static void commands_that_only_print_need_no_valid_options(void **state)
{
    fixture_t f;

    (void)state;
    assert_int_equal(load(&f, "--help", "--config", "/nowhere", NULL), SC_OK);
    assert_int_equal(f.report.command, SC_COMMAND_HELP);
    clean(&f);
    assert_int_equal(load(&f, "-h", NULL), SC_OK);
    assert_int_equal(f.report.command, SC_COMMAND_HELP);
    clean(&f);
    assert_int_equal(load(&f, "--version", NULL), SC_OK);
    assert_int_equal(f.report.command, SC_COMMAND_VERSION);
    clean(&f);
    assert_int_equal(load(&f, "--check", "-w", "2", NULL), SC_OK);
    assert_int_equal(f.report.command, SC_COMMAND_CHECK);
    assert_int_equal(f.options.workers, 2);
    clean(&f);
}

static void an_option_s_value_is_given_as_json_and_a_secret_is_not(void **state)
{
    sc_text_t json = {0};
    fixture_t f;

    (void)state;
    assert_int_equal(load(&f, "--plugin", "a={\"b\":1}", "--plugin", "c", "--auth-key", "k", NULL),
                     SC_OK);
    for (size_t i = 0; i < sc_option_count; i++) {
        sc_status_t status = sc_option_to_json(&f.options, &sc_option_table[i], &json);

        assert_int_equal(status,
                         sc_option_table[i].kind == SC_OPTION_SECRET ? SC_ERR_NOT_FOUND : SC_OK);
        sc_text_add(&json, SC_STR(" "));
    }
    assert_contains(&json, "[{\"name\":\"a\",\"options\":{\"b\":1}},{\"name\":\"c\"}]");
    assert_contains(&json, " 8000 ");
    assert_contains(&json, " \"/socketcluster/\" ");
    assert_contains(&json, " \"*:*\" ");
    assert_contains(&json, " true ");
    assert_contains(&json, " null ");
    sc_text_free(&json);
    clean(&f);
}

static int set_up(void **state)
{
    (void)state;
    snprintf(folder, sizeof(folder), "/tmp/sc-test-options-XXXXXX");
    unsetenv("SOCKETCLUSTER_OPTIONS");
    return mkdtemp(folder) != NULL ? 0 : -1;
}

static int tear_down(void **state)
{
    static const char *const names[] = {
        "all.json", "wrong.json", "forms.json", "sc6.json", "key",      "empty",   "key.json",
        "s.json",   "https.json", "http.json",  "tls.json", "cert.pem", "key.pem", "deflate.json"};
    char path[128];

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
        unlink(path);
    }
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_anything_every_option_has_its_default),
        cmocka_unit_test(flags_are_understood_in_each_form),
        cmocka_unit_test(auto_workers_are_one_per_core),
        cmocka_unit_test(later_sources_win_over_earlier_ones),
        cmocka_unit_test(a_wrong_value_is_named_with_what_it_may_be),
        cmocka_unit_test(an_unknown_flag_or_a_missing_value_is_named),
        cmocka_unit_test(a_wrong_file_is_named_with_what_is_wrong_in_it),
        cmocka_unit_test(values_in_a_file_may_have_their_other_forms),
        cmocka_unit_test(a_codec_engine_is_taken_if_it_is_served),
        cmocka_unit_test(options_of_socketcluster_without_meaning_here_are_warned_of),
        cmocka_unit_test(settings_of_the_websocket_module_become_options),
        cmocka_unit_test(socketclusters_protocol_options_are_ours_with_https),
        cmocka_unit_test(socketclusters_protocol_options_do_nothing_without_https),
        cmocka_unit_test(tls_files_are_read_and_may_replace_protocol_options),
        cmocka_unit_test(half_of_tls_is_refused),
        cmocka_unit_test(keys_come_from_files_and_lose_one_line_break),
        cmocka_unit_test(a_key_and_its_file_exclude_each_other_unless_one_source_wins),
        cmocka_unit_test(without_a_key_there_is_a_new_random_one_each_time),
        cmocka_unit_test(secrets_are_gone_from_the_command_line_and_the_environment),
        cmocka_unit_test(a_wrong_secret_is_not_shown),
        cmocka_unit_test(commands_that_only_print_need_no_valid_options),
        cmocka_unit_test(an_option_s_value_is_given_as_json_and_a_secret_is_not),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
