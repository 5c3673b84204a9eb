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

/** A user; both texts live as long as it does. */
typedef struct sc_presence_user {
    sc_str_t name; /* as the client shows it, UTF-8, without quotes: zed, 42, true */
    sc_str_t json; /* as it stands in the token: "zed", 42, true */
} sc_presence_user_t;

/**
 * Makes a user of a username's JSON text.
 *
 * @param json  copied; a string, a number, true or false
 * @return the caller's, sc_presence_user_free when done; NULL: null, an object or an array, which are
 *         nobody; too long; not JSON
 */
sc_presence_user_t *sc_presence_user_new(sc_str_t json);

/** The user of a token's claims, as sc_presence_user_new; NULL also for no claims, or no username. */
sc_presence_user_t *sc_presence_user_of_claims(sc_str_t claims);

void sc_presence_user_free(sc_presence_user_t *user);

#endif
