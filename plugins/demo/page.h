/*
 * page.h: the demo page, served over HTTP.
 */
#ifndef SC_DEMO_PAGE_H
#define SC_DEMO_PAGE_H

#include <sc/types.h>

/** One file of page/, compiled in. */
typedef struct sc_demo_file {
    const char *name;
    const unsigned char *bytes;
    size_t byte_count;
} sc_demo_file_t;

/* In page_files.c, which embed.cmake makes. */
extern const sc_demo_file_t sc_demo_files[];
extern const size_t sc_demo_file_count;

/**
 * Serves the page: index.html at `/`, the other files at `/demo/NAME`, and what the page must know of the server
 * at `/demo/settings.json`.
 *
 * @return SC_OK; else what sc_worker_serve returned
 */
SC_MUST_CHECK sc_status_t sc_demo_page_serve(sc_worker_t *worker);

#endif
