/*
 * jwt.h: auth tokens for simulated users (RFC 7519, HS256).
 */
#ifndef SC_BENCH_JWT_H
#define SC_BENCH_JWT_H

#include <stddef.h>

/** Signs a payload. @param payload  JSON text, under 256 bytes. @param out  the token with its NUL */
void sc_jwt_sign(const char *payload, const char *key, char *out, size_t out_size);

#endif
