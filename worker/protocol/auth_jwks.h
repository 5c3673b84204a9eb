/*
 * auth_jwks.h: keys that verify tokens, from a JSON Web Key Set or a single JSON Web Key (RFC 7517; RFC 7518, 6).
 */
#ifndef SC_PROTOCOL_AUTH_JWKS_H
#define SC_PROTOCOL_AUTH_JWKS_H

#include "worker/protocol/auth_keys.h"

/** Whether a file's text means to be one: it begins with '{'. */
bool sc_auth_jwks_is_one(sc_str_t text);

/**
 * Adds its keys: RSA, EC and oct. Others, and those that are not for signatures, are passed over; private members too.
 *
 * @param origin  what the log calls the file; the line begins with it
 * @return SC_OK: at least one was added; SC_ERR_INVALID: it is none, has none for us, or one of them is malformed (logged)
 */
SC_MUST_CHECK sc_status_t sc_auth_jwks_read(sc_auth_t *auth, sc_str_t text, const char *origin);

#endif
