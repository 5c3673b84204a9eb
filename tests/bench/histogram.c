#include "histogram.h"

#include <stdio.h>

/* Below 64 one bucket for each value, then 64 for each power of two. */
static uint32_t bucket_of(uint64_t ns)
{
    uint32_t shift;
    uint32_t bucket;

    if (ns < 64)
        return (uint32_t)ns;
    shift = (uint32_t)(63 - __builtin_clzll(ns)) - 6;
    bucket = (shift + 1) * 64 + (uint32_t)(ns >> shift) - 64;
    return bucket < SC_HISTOGRAM_BUCKETS ? bucket : SC_HISTOGRAM_BUCKETS - 1;
}

static uint64_t value_of(uint32_t bucket)
{
    uint32_t shift = bucket / 64;

    if (shift == 0)
        return bucket;
    return ((uint64_t)(bucket % 64) + 64) << (shift - 1);
}

void sc_histogram_add(sc_histogram_t *histogram, uint64_t ns)
{
    histogram->buckets[bucket_of(ns)]++;
    histogram->count++;
    if (ns > histogram->max_ns)
        histogram->max_ns = ns;
}

uint64_t sc_histogram_at(const sc_histogram_t *histogram, double share)
{
    uint64_t wanted = (uint64_t)((double)histogram->count * share);
    uint64_t seen = 0;

    for (uint32_t i = 0; i < SC_HISTOGRAM_BUCKETS; i++) {
        seen += histogram->buckets[i];
        if (seen > wanted)
            return value_of(i);
    }
    return histogram->max_ns;
}

static double at_us(const sc_histogram_t *histogram, double share)
{
    return (double)sc_histogram_at(histogram, share) / 1e3;
}

void sc_histogram_print(const sc_histogram_t *histogram, const char *name)
{
    (void)printf("\"%s\":{\"p50\":%.1f,\"p90\":%.1f,\"p99\":%.1f,\"p999\":%.1f,\"max\":%.1f}", name,
                 at_us(histogram, 0.5), at_us(histogram, 0.9), at_us(histogram, 0.99),
                 at_us(histogram, 0.999), (double)histogram->max_ns / 1e3);
}
