/*
 * tls_context.h: what all TLS connections of a worker share: certificate, key, versions, ciphers. Made from the options, as
 * a whole or not at all, at the start and whenever certificates are read again.
 */
#ifndef SC_NET_TLS_CONTEXT_H
#define SC_NET_TLS_CONTEXT_H

#include "common/option_table.h"

#include <openssl/ssl.h>

/**
 * Makes a context of tlsCertPem, tlsKeyPem, tlsPassphrase (already read from their files), tlsMinVersion, tlsCiphers and
 * tlsCiphersuites.
 *
 * @param ticket_keys  SC_TICKET_KEYS_BYTES that seal session tickets, the same in all workers; NULL: no tickets
 * @return NULL: an option is wrong (logged, with its name and file)
 */
SSL_CTX *sc_tls_context_new(const sc_options_t *options, const uint8_t *ticket_keys);
/** Seals tickets with other keys from now on; those of before are good for nothing, and their clients shake hands anew. */
void sc_tls_context_set_ticket_keys(SSL_CTX *context, const uint8_t *ticket_keys);

/**
 * Whether the certificate is valid at the present time. Not part of sc_tls_context_new: a worker that is started again must
 * be able to serve with what its cluster serves with.
 *
 * @return SC_OK (one that is not valid yet is warned of); SC_ERR_INVALID: it has expired (logged)
 */
SC_MUST_CHECK sc_status_t sc_tls_context_check_time(const SSL_CTX *context,
                                                    const sc_options_t *options);

#endif
