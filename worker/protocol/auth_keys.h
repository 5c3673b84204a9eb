/*
 * auth_keys.h: the keys of a cluster, which of them may have signed a token, and what they sign with. A set never changes: new
 * keys are a new set (common/option_secret.h).
 */
#ifndef SC_PROTOCOL_AUTH_KEYS_H
#define SC_PROTOCOL_AUTH_KEYS_H

#include "common/option_table.h"
#include "worker/protocol/auth_key.h"
#include "worker/protocol/auth_token.h"

/** The main key, where there is one, comes first. */
#define SC_AUTH_KEYS_MAX (1 + SC_VERIFY_KEYS_MAX)

struct sc_auth {
    sc_auth_key_t signing; /* no bytes: there is none */
    const sc_auth_algorithm_t *signs_with;
    char *key_id; /* `kid` of what is signed; NULL: none */
    bool
        has_main; /* keys[0] is authKey or authPublicKey: it is tried for any `kid` that no key has */
    uint32_t count;
    sc_auth_key_t keys[SC_AUTH_KEYS_MAX]; /* that verify, in the order in which they are tried */
    uint32_t default_expiry_s;
};

/** Room for another key that verifies; NULL: there are SC_VERIFY_KEYS_MAX beside the main key (logged). */
sc_auth_key_t *sc_auth_keys_add(sc_auth_t *auth, const char *origin);

/** The keys that may have signed a token. */
typedef struct sc_auth_choice {
    const sc_auth_key_t *keys[SC_AUTH_KEYS_MAX];
    uint32_t count;
} sc_auth_choice_t;

/**
 * Chooses by a token's header (docs/protocol.md, "Several keys").
 *
 * @param algorithm  may be NULL: then there are none
 * @param key_id     `kid`; none: it has none
 */
void sc_auth_keys_choose(const sc_auth_t *auth, const sc_auth_algorithm_t *algorithm,
                         sc_str_t key_id, sc_auth_choice_t *choice);

#endif
