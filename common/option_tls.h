/*
 * option_tls.h: what options say about TLS as a whole: SocketCluster's protocol and protocolOptions, and which of ours need
 * each other.
 */
#ifndef SC_COMMON_OPTION_TLS_H
#define SC_COMMON_OPTION_TLS_H

#include "common/option_table.h"

#include <jansson.h>

/** A member of SocketCluster's protocolOptions and its name here: cert, key, passphrase, ciphers, minVersion; NULL: none. */
const char *sc_option_tls_own_name(const char *member);
/** The value here of such a member, a new reference: "TLSv1.3" is "1.3", an array of PEM texts is one text. */
json_t *sc_option_tls_own_value(const char *member, const json_t *value);

/**
 * Whether the options that name certificate and key are complete, and fit `protocol`. To be asked before files are read.
 *
 * @param error  on failure a line is added
 * @return SC_OK; SC_ERR_INVALID
 */
SC_MUST_CHECK sc_status_t sc_option_tls_check(const sc_options_t *options, sc_text_t *error);

/** Whether the port speaks TLS: a certificate is there. For options whose files are read. */
static inline bool sc_option_tls_is_on(const sc_options_t *options)
{
    return options->tls_cert_pem != NULL;
}

#endif
