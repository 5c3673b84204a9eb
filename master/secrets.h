/*
 * secrets.h: keys and certificates in the master: checked before anything starts, read again on SIGHUP and handed to the
 * workers; and the keys of TLS session tickets, which all workers share and which are replaced from time to time.
 */
#ifndef SC_MASTER_SECRETS_H
#define SC_MASTER_SECRETS_H

#include "master/master.h"

/** Checks what the options have, and draws the first keys of tickets. @return SC_OK; SC_ERR_INVALID (logged) */
SC_MUST_CHECK sc_status_t sc_master_secrets_init(sc_master_t *master);
/**
 * Reads the files of keys and certificates again. If all are right, new processes start with them and every worker is
 * told of them; else nothing changes anywhere, and one line says why.
 *
 * @return whether there are new ones
 */
bool sc_master_secrets_renew(sc_master_t *master);
void sc_master_secrets_deinit(sc_master_t *master);

#endif
