/*
 * presence_user.h: who somebody is, by the `username` of the token.
 *
 * The published client keeps users as keys of an object, so 42 and "42" are one user to it. They are one
 * here too: a user is a name, and the token's own JSON text is what joins and leaves carry.
 */
#ifndef SC_PRESENCE_USER_H
#define SC_PRESENCE_USER_H

#include <sc/types.h>

/** Longest username, in bytes of its JSON text. With a longer one there is no presence. */
#define SC_PRESENCE_USER_BYTES_MAX 1024

/** A user as a token makes it; shared by reference, never changed. The texts live as long as it does. */
typedef struct sc_presence_user {
    sc_str_t name;   /* as the client shows it, UTF-8, without quotes: zed, 42, true */
    sc_str_t json;   /* as it stands in the token: "zed", 42, true */
    sc_str_t data;   /* presence data, the JSON text of an object; none */
    uint64_t set_ms; /* when the token was taken, by the caller's clock */
    uint32_t refs;
} sc_presence_user_t;

/**
 * Makes a user of a username's JSON text.
 *
 * @param json  copied; a string, a number, true or false
 * @return the caller's reference; NULL: null, an object or an array, which are nobody; too long; not JSON
 */
sc_presence_user_t *sc_presence_user_new(sc_str_t json);

/** Which claim of a token is the user's presence data. */
typedef struct sc_presence_claim {
    const char *name;
    uint32_t bytes_max; /* of its JSON text */
} sc_presence_claim_t;

/**
 * The user of a token's claims, as sc_presence_user_new; NULL also for no claims, or no username.
 *
 * @param claim       NULL: presence data does not matter
 * @param set_ms      kept
 * @param is_refused  set to whether there was presence data that is no object, or too long; may be NULL
 */
sc_presence_user_t *sc_presence_user_of_claims(sc_str_t claims, const sc_presence_claim_t *claim,
                                               uint64_t set_ms, bool *is_refused);

sc_presence_user_t *sc_presence_user_ref(sc_presence_user_t *user);
/** Gives a reference back; NULL does nothing. */
void sc_presence_user_unref(sc_presence_user_t *user);

#endif
