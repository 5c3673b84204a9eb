/*
 * histogram.h: durations in buckets that are at most 1/64 wide, so percentiles are off by less than 1.6 %.
 */
#ifndef SC_BENCH_HISTOGRAM_H
#define SC_BENCH_HISTOGRAM_H

#include <stdint.h>

enum { SC_HISTOGRAM_BUCKETS = 64 * 42 };

typedef struct sc_histogram {
    uint64_t count;
    uint64_t max_ns;
    uint64_t buckets[SC_HISTOGRAM_BUCKETS];
} sc_histogram_t;

void sc_histogram_add(sc_histogram_t *histogram, uint64_t ns);
/** @param share  0 to 1. @return nanoseconds; 0 if nothing was added */
uint64_t sc_histogram_at(const sc_histogram_t *histogram, double share);
/** Prints "name":{"p50":...,"p90":...,"p99":...,"p999":...,"max":...} in microseconds. */
void sc_histogram_print(const sc_histogram_t *histogram, const char *name);

#endif
