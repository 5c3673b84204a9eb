#include "common/log.h"
#include "common/option_docs.h"
#include "common/option_load.h"
#include "common/process.h"
#include "common/str.h"
#include "master/check.h"
#include "master/master.h"

#include <errno.h>
#include <stdio.h>

static int print(void (*write_docs)(sc_text_t *out))
{
    sc_text_t text = {0};
    bool is_written;

    write_docs(&text);
    is_written = fwrite(text.ptr, 1, text.len, stdout) == text.len && fflush(stdout) == 0;
    sc_text_free(&text);
    return is_written ? EXIT_SUCCESS : EXIT_FAILURE;
}

static sc_log_level_t log_level(const char *name)
{
    static const char *const names[] = {"debug", "info", "warn", "error"};
    int level = SC_LOG_DEBUG;

    while (level < SC_LOG_ERROR && strcmp(names[level], name) != 0)
        level++;
    return (sc_log_level_t)level;
}

static sc_status_t start_log(const sc_options_t *options, const sc_options_report_t *report)
{
    sc_str_t rest = sc_text_str(&report->warnings);
    sc_str_t line;

    sc_log_init("sc-master", log_level(options->log_level),
                strcmp(options->log_format, "json") == 0 ? SC_LOG_JSON : SC_LOG_TEXT);
    if (sc_log_open(options->log_file) != SC_OK) {
        fprintf(stderr, "sc-cluster: option logFile: can't open %s: %s\n", options->log_file,
                strerror(errno));
        return SC_ERR_IO;
    }
    while (sc_str_split(&rest, '\n', &line)) {
        if (line.len > 0)
            sc_log(SC_LOG_WARN, "%.*s", SC_STR_ARG(line));
    }
    return SC_OK;
}

static int run_command(sc_options_t *options, const sc_options_report_t *report)
{
    switch (report->command) {
    case SC_COMMAND_HELP:
        return print(sc_option_docs_help);
    case SC_COMMAND_PRINT_CONFIG:
        return print(sc_option_docs_config);
    case SC_COMMAND_PRINT_OPTIONS:
        return print(sc_option_docs_markdown);
    case SC_COMMAND_VERSION:
        printf("sc-cluster %s, plugin interface %u\n", SC_VERSION, SC_ABI_VERSION);
        return EXIT_SUCCESS;
    case SC_COMMAND_CHECK:
    case SC_COMMAND_RUN:
        break;
    }
    if (start_log(options, report) != SC_OK)
        return EXIT_FAILURE;
    sc_process_set_title("sc-master");
    return report->command == SC_COMMAND_CHECK ? sc_check_run(options) : sc_master_run(options);
}

int main(int argc, char **argv)
{
    sc_options_t options;
    sc_options_report_t report;
    int exit_code = EXIT_FAILURE;

    sc_process_init(argc, argv);
    if (sc_options_load(&options, argc, argv, &report) == SC_OK)
        exit_code = run_command(&options, &report);
    else
        fprintf(stderr, "sc-cluster: %.*s\n", SC_STR_ARG(sc_text_str(&report.error)));
    sc_options_free(&options);
    sc_options_report_free(&report);
    return exit_code;
}
