#include "worker/protocol/auth_algorithm.h"

/** By preference where a key has several. */
static const sc_auth_algorithm_t algorithms[] = {
    {"HS256", SC_AUTH_HS, NULL},      {"HS384", SC_AUTH_HS, NULL},
    {"HS512", SC_AUTH_HS, NULL},      {"RS256", SC_AUTH_RSA, NULL},
    {"RS384", SC_AUTH_RSA, NULL},     {"RS512", SC_AUTH_RSA, NULL},
    {"PS256", SC_AUTH_RSA, "SHA256"}, {"PS384", SC_AUTH_RSA, "SHA384"},
    {"PS512", SC_AUTH_RSA, "SHA512"}, {"ES256", SC_AUTH_ES256, NULL},
    {"ES384", SC_AUTH_ES384, NULL},   {"ES512", SC_AUTH_ES512, NULL},
};
#define ALGORITHM_COUNT (sizeof(algorithms) / sizeof(algorithms[0]))

const sc_auth_algorithm_t *sc_auth_algorithm_find(sc_str_t name)
{
    for (size_t i = 0; i < ALGORITHM_COUNT; i++) {
        if (sc_str_equal(sc_str_from(algorithms[i].name), name))
            return &algorithms[i];
    }
    return NULL;
}

sc_auth_algorithms_t sc_auth_algorithm_bit(const sc_auth_algorithm_t *algorithm)
{
    return (sc_auth_algorithms_t)1 << (algorithm - algorithms);
}

sc_auth_algorithms_t sc_auth_algorithms_of(sc_auth_family_t family)
{
    sc_auth_algorithms_t set = 0;

    for (size_t i = 0; i < ALGORITHM_COUNT; i++) {
        if (algorithms[i].family == family)
            set |= sc_auth_algorithm_bit(&algorithms[i]);
    }
    return set;
}

const sc_auth_algorithm_t *sc_auth_algorithms_first(sc_auth_algorithms_t set)
{
    for (size_t i = 0; i < ALGORITHM_COUNT; i++) {
        if ((set & sc_auth_algorithm_bit(&algorithms[i])) != 0)
            return &algorithms[i];
    }
    return NULL;
}
