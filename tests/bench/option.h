/*
 * option.h: numbers and words from the command line of a load generator.
 */
#ifndef SC_BENCH_OPTION_H
#define SC_BENCH_OPTION_H

#include <stdint.h>

typedef struct sc_bench_option {
    const char *name; /* with its dashes */
    uint64_t *number; /* one of the two is set; holds the default */
    const char **text;
} sc_bench_option_t;

/** Reads pairs of name and value; ends the program with the list of names if one is unknown.
 * @param options  ends with an entry without name */
void sc_bench_options(int argc, char **argv, const sc_bench_option_t *options);

#endif
