/*
 * auth_algorithm.h: the algorithms of auth tokens (RFC 7518, 3.1) and the kinds of keys that they are for.
 */
#ifndef SC_PROTOCOL_AUTH_ALGORITHM_H
#define SC_PROTOCOL_AUTH_ALGORITHM_H

#include <sc/types.h>

/** Kinds of keys. */
typedef enum sc_auth_family {
    SC_AUTH_HS,    /* a secret: HS256, HS384, HS512 */
    SC_AUTH_RSA,   /* RS256, RS384, RS512, PS256, PS384, PS512 */
    SC_AUTH_ES256, /* P-256; a curve has one algorithm */
    SC_AUTH_ES384, /* P-384 */
    SC_AUTH_ES512, /* P-521 */
} sc_auth_family_t;

typedef struct sc_auth_algorithm {
    const char *name;
    sc_auth_family_t family;
    const char *pss_digest; /* OpenSSL's name of PS's hash; NULL: not PS */
} sc_auth_algorithm_t;

/** A set of algorithms, a bit for each. */
typedef uint32_t sc_auth_algorithms_t;
#define SC_AUTH_ALGORITHMS_ALL UINT32_MAX

/** The algorithm of that name, in exactly these letters; NULL: none that there is. */
const sc_auth_algorithm_t *sc_auth_algorithm_find(sc_str_t name);
/** The set of this one. */
sc_auth_algorithms_t sc_auth_algorithm_bit(const sc_auth_algorithm_t *algorithm);
/** The algorithms that a key is for. */
sc_auth_algorithms_t sc_auth_algorithms_of(sc_auth_family_t family);
/** The first of a set, which is what its key signs with by default; NULL: the set is empty. */
const sc_auth_algorithm_t *sc_auth_algorithms_first(sc_auth_algorithms_t set);

#endif
