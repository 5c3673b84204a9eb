/*
 * option_deflate.h: perMessageDeflate as SocketCluster hands it to its WebSocket module: an object of settings. Here each is an
 * option of its own.
 */
#ifndef SC_COMMON_OPTION_DEFLATE_H
#define SC_COMMON_OPTION_DEFLATE_H

#include <jansson.h>
#include <sc/json.h>

/**
 * Makes options of this program of such an object.
 *
 * @param flat     set to a new object for the caller to json_decref: perMessageDeflate and what else was in `object`
 * @param ignored  gets the names of settings that mean nothing here, each followed by a line break
 * @param why      on failure: what is wrong with the object
 * @return SC_OK; SC_ERR_INVALID: it has a setting that is not known
 */
SC_MUST_CHECK sc_status_t sc_option_deflate_flatten(const json_t *object, json_t **flat,
                                                    sc_text_t *ignored, sc_text_t *why);

#endif
