/*
 * option_docs.h: what is written for people from the table of options.
 */
#ifndef SC_COMMON_OPTION_DOCS_H
#define SC_COMMON_OPTION_DOCS_H

#include "common/option_table.h"

/** Adds the text of --help. */
void sc_option_docs_help(sc_text_t *out);
/** Adds a configuration file that has every option with its default: deploy/sc-cluster.json. */
void sc_option_docs_config(sc_text_t *out);
/** Adds the table of docs/options.md, in Markdown. */
void sc_option_docs_markdown(sc_text_t *out);

#endif
