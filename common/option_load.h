/*
 * option_load.h: the options of a cluster: defaults, then the file of --config, then the environment, then flags.
 */
#ifndef SC_COMMON_OPTION_LOAD_H
#define SC_COMMON_OPTION_LOAD_H

#include "common/option_table.h"

/** What the command line asks for. */
typedef enum sc_options_command {
    SC_COMMAND_RUN,
    SC_COMMAND_CHECK,         /* --check: validate options and plugins, then exit */
    SC_COMMAND_HELP,          /* --help */
    SC_COMMAND_VERSION,       /* --version */
    SC_COMMAND_PRINT_CONFIG,  /* --print-config: deploy/sc-cluster.json */
    SC_COMMAND_PRINT_OPTIONS, /* --print-options: the table of docs/options.md */
} sc_options_command_t;

/** How loading went, beside its status. */
typedef struct sc_options_report {
    sc_options_command_t command;
    sc_text_t error; /* of a failure: one line that names the option and says what it may be */
    sc_text_t
        warnings; /* lines, each ended by a line break: options of SocketCluster that have no meaning here */
} sc_options_report_t;

/**
 * Reads all options. Key files are read into their keys, 0 workers become one per core, and without any key a random
 * authKey is made. Secrets are overwritten in `argv` and in the environment.
 *
 * @param options  filled; sc_options_free when done, after a failure too
 * @param report   filled; sc_options_report_free when done
 * @return SC_OK; SC_ERR_INVALID: report->error says why
 */
SC_MUST_CHECK sc_status_t sc_options_load(sc_options_t *options, int argc, char **argv,
                                          sc_options_report_t *report);
void sc_options_free(sc_options_t *options);
void sc_options_report_free(sc_options_report_t *report);

#endif
