/*
 * auth_keys.c: reads the keys from the options, and settles which algorithms they are used with. What can't be right stops the
 * start here, with a line that names the option.
 */
#include "worker/protocol/auth_keys.h"

#include "common/alloc.h"
#include "common/str.h"
#include "worker/protocol/auth_jwks.h"

#include <jansson.h>
#include <sc/plugin.h>
#include <stdio.h>

/** RFC 7518, 3.2, asks for as many bytes as the hash has: guessing a shorter secret costs less than breaking HS256. */
#define SECRET_BYTES_ADVISED 32u
#define ORIGIN_CHARS 512

sc_auth_key_t *sc_auth_keys_add(sc_auth_t *auth, const char *origin)
{
    sc_auth_key_t *key = &auth->keys[auth->count];

    if (auth->count - auth->has_main == SC_VERIFY_KEYS_MAX) {
        sc_log(SC_LOG_ERROR, "%s: more than %u keys, with those before it", origin,
               SC_VERIFY_KEYS_MAX);
        return NULL;
    }
    auth->count++;
    sc_auth_key_set_origin(key, origin);
    return key;
}

/* ---- The main key ------------------------------------------------------------------------------------------------- */

static sc_status_t take_secret(sc_auth_t *auth, sc_str_t secret)
{
    if (secret.len == 0) {
        sc_log(SC_LOG_ERROR, "authKey: missing, and so are authPrivateKey and authPublicKey");
        return SC_ERR_INVALID;
    }
    /* A public key is no secret: whoever has it could sign. */
    if (sc_auth_key_is_pem(secret)) {
        sc_log(SC_LOG_ERROR,
               "authKey looks like a PEM key: give it as authPrivateKey or authPublicKey");
        return SC_ERR_INVALID;
    }
    if (sc_auth_key_is_public_form(secret)) {
        sc_log(SC_LOG_ERROR, "authKey looks like a public key of OpenSSH, a JWK or a JWKS, which "
                             "is no secret; authVerifyKeyFiles takes a JWKS");
        return SC_ERR_INVALID;
    }
    sc_auth_key_set_secret(&auth->signing, secret);
    sc_auth_key_set_secret(&auth->keys[0], secret);
    sc_auth_key_set_origin(&auth->keys[0], "authKey");
    return SC_OK;
}

static sc_status_t take_main_key(sc_auth_t *auth, const sc_options_t *options)
{
    bool has_pair = options->auth_private_key != NULL || options->auth_public_key != NULL;

    if (!has_pair && options->auth_key == NULL && options->auth_verify_keys.count > 0)
        return SC_OK;
    auth->has_main = true;
    auth->count = 1;
    if (options->auth_key_id != NULL)
        auth->keys[0].id = sc_strdup(sc_str_from(options->auth_key_id));
    if (!has_pair)
        return take_secret(auth, sc_str_from(options->auth_key));
    if (options->auth_public_key == NULL) {
        sc_log(SC_LOG_ERROR, "authPublicKey: missing, authPrivateKey is of no use without it");
        return SC_ERR_INVALID;
    }
    return sc_auth_key_read_pair(options->auth_private_key, options->auth_public_key,
                                 &auth->signing, &auth->keys[0]);
}

/* ---- Further keys ------------------------------------------------------------------------------------------------- */

static sc_status_t take_verify_secret(sc_auth_key_t *key, sc_str_t secret)
{
    if (sc_auth_key_is_public_form(secret)) {
        sc_log(SC_LOG_ERROR, "%s: a public key of OpenSSH is no secret; give it as PEM",
               key->origin);
        return SC_ERR_INVALID;
    }
    sc_auth_key_set_secret(key, secret);
    return SC_OK;
}

static sc_status_t take_verify_key(sc_auth_t *auth, const sc_verify_key_t *file)
{
    sc_str_t text = sc_str_from(file->text);
    char origin[ORIGIN_CHARS];
    sc_auth_key_t *key;

    snprintf(origin, sizeof(origin), "authVerifyKeyFiles: %s", file->path);
    if (sc_auth_jwks_is_one(text)) {
        if (file->id == NULL)
            return sc_auth_jwks_read(auth, text, origin);
        sc_log(SC_LOG_ERROR, "%s: a JWKS names its keys itself, without a kid before it", origin);
        return SC_ERR_INVALID;
    }
    key = sc_auth_keys_add(auth, origin);
    if (key == NULL)
        return SC_ERR_INVALID;
    if (file->id != NULL)
        key->id = sc_strdup(sc_str_from(file->id));
    if (sc_auth_key_is_pem(text))
        return sc_auth_key_read_public(key, file->text);
    return take_verify_secret(key, text);
}

static sc_status_t take_verify_keys(sc_auth_t *auth, const sc_verify_keys_t *files)
{
    sc_status_t status = SC_OK;

    for (uint32_t i = 0; i < files->count && status == SC_OK; i++)
        status = take_verify_key(auth, &files->items[i]);
    return status;
}

/* ---- Algorithms --------------------------------------------------------------------------------------------------- */

/** What all keys together are for. */
static sc_auth_algorithms_t algorithms_of_keys(const sc_auth_t *auth)
{
    sc_auth_algorithms_t set = 0;

    for (uint32_t i = 0; i < auth->count; i++)
        set |= auth->keys[i].algorithms;
    return set;
}

/** authVerifyAlgorithms as a set; empty: not given. */
static sc_status_t read_verify_algorithms(const sc_auth_t *auth, const char *list,
                                          sc_auth_algorithms_t *set)
{
    sc_str_t rest = sc_str_from(list);
    sc_str_t name;

    *set = 0;
    while (sc_str_split(&rest, ',', &name)) {
        const sc_auth_algorithm_t *algorithm = sc_auth_algorithm_find(sc_str_trim(name));

        if (sc_str_trim(name).len == 0)
            continue;
        if (algorithm == NULL) {
            sc_log(SC_LOG_ERROR, "authVerifyAlgorithms: there is no algorithm %.*s",
                   SC_STR_ARG(name));
            return SC_ERR_INVALID;
        }
        *set |= sc_auth_algorithm_bit(algorithm);
        if ((algorithms_of_keys(auth) & sc_auth_algorithm_bit(algorithm)) == 0) {
            sc_log(SC_LOG_ERROR, "authVerifyAlgorithms: %s does not fit any key", algorithm->name);
            return SC_ERR_INVALID;
        }
    }
    return SC_OK;
}

/** Finds authAlgorithm, which must be for the main key or, without one, for any. */
static sc_status_t read_algorithm(const sc_auth_t *auth, const char *name,
                                  const sc_auth_algorithm_t **algorithm)
{
    sc_auth_algorithms_t fitting =
        auth->has_main ? auth->keys[0].algorithms : algorithms_of_keys(auth);
    bool has_more;

    *algorithm = NULL;
    if (name == NULL)
        return SC_OK;
    *algorithm = sc_auth_algorithm_find(sc_str_from(name));
    if (*algorithm != NULL && (fitting & sc_auth_algorithm_bit(*algorithm)) != 0)
        return SC_OK;
    has_more = (fitting & (fitting - 1)) != 0;
    sc_log(SC_LOG_ERROR, "authAlgorithm: %s does not fit the key, which is for %s%s", name,
           sc_auth_algorithms_first(fitting)->name, has_more ? " and its kin" : "");
    return SC_ERR_INVALID;
}

/** Leaves each key what is accepted. A key of its own that is left with nothing is a mistake. @param by  the option that limits */
static sc_status_t limit_keys(sc_auth_t *auth, sc_auth_algorithms_t accepted, const char *by)
{
    for (uint32_t i = 0; i < auth->count; i++) {
        sc_auth_key_t *key = &auth->keys[i];
        const sc_auth_algorithm_t *first = sc_auth_algorithms_first(key->algorithms);

        key->algorithms &= accepted;
        if (key->algorithms != 0 || key->is_of_set)
            continue;
        sc_log(SC_LOG_ERROR,
               "%s rules out %s, which is for %s; authVerifyAlgorithms may list what is accepted",
               by, key->origin, first->name);
        return SC_ERR_INVALID;
    }
    return SC_OK;
}

static sc_status_t settle_algorithms(sc_auth_t *auth, const sc_options_t *options)
{
    const sc_auth_algorithm_t *own;
    sc_auth_algorithms_t listed;
    sc_status_t status = read_algorithm(auth, options->auth_algorithm, &own);

    if (status == SC_OK)
        status = read_verify_algorithms(auth, options->auth_verify_algorithms, &listed);
    if (status != SC_OK)
        return status;
    if (own != NULL && listed != 0 && (listed & sc_auth_algorithm_bit(own)) == 0) {
        sc_log(SC_LOG_ERROR,
               "authAlgorithm: %s is not in authVerifyAlgorithms: what is signed here would be "
               "refused here",
               own->name);
        return SC_ERR_INVALID;
    }
    if (listed != 0)
        status = limit_keys(auth, listed, "authVerifyAlgorithms");
    else if (own != NULL)
        status = limit_keys(auth, sc_auth_algorithm_bit(own), "authAlgorithm");
    if (status == SC_OK && auth->has_main)
        auth->signs_with = own != NULL ? own : sc_auth_algorithms_first(auth->keys[0].algorithms);
    return status;
}

/* ---- Begin and end -------------------------------------------------------------------------------------------------- */

/** What could not be written into a header would fail each signature. */
static sc_status_t take_key_id(sc_auth_t *auth, const char *key_id)
{
    json_t *value = key_id != NULL ? json_string(key_id) : json_null();

    json_decref(value);
    if (value == NULL) {
        sc_log(SC_LOG_ERROR, "authKeyId: not UTF-8");
        return SC_ERR_INVALID;
    }
    if (key_id != NULL)
        auth->key_id = sc_strdup(sc_str_from(key_id));
    return SC_OK;
}

sc_auth_t *sc_auth_new(const sc_options_t *options)
{
    sc_auth_t *auth = sc_new(sc_auth_t);
    sc_status_t status = take_key_id(auth, options->auth_key_id);

    auth->default_expiry_s = (uint32_t)options->auth_default_expiry_s;
    if (status == SC_OK)
        status = take_main_key(auth, options);
    if (status == SC_OK)
        status = take_verify_keys(auth, &options->auth_verify_keys);
    if (status == SC_OK)
        status = settle_algorithms(auth, options);
    if (status == SC_OK)
        return auth;
    sc_auth_free(auth);
    return NULL;
}

void sc_auth_free(sc_auth_t *auth)
{
    if (auth == NULL)
        return;
    sc_auth_key_deinit(&auth->signing);
    for (uint32_t i = 0; i < auth->count; i++)
        sc_auth_key_deinit(&auth->keys[i]);
    free(auth->key_id);
    free(auth);
}

sc_status_t sc_auth_check(const sc_options_t *options)
{
    sc_auth_t *auth = sc_auth_new(options);

    if (auth == NULL)
        return SC_ERR_INVALID;
    for (uint32_t i = 0; i < auth->count; i++) {
        const sc_auth_key_t *key = &auth->keys[i];

        if (key->family == SC_AUTH_HS && key->len < SECRET_BYTES_ADVISED)
            sc_log(SC_LOG_WARN, "%s: a secret of less than %u bytes may be guessed", key->origin,
                   SECRET_BYTES_ADVISED);
    }
    sc_auth_free(auth);
    return SC_OK;
}

/* ---- Choice -------------------------------------------------------------------------------------------------------- */

static bool has_id(const sc_auth_key_t *key, sc_str_t id)
{
    return key->id != NULL && !sc_str_is_none(id) && sc_str_equal(sc_str_from(key->id), id);
}

void sc_auth_keys_choose(const sc_auth_t *auth, const sc_auth_algorithm_t *algorithm,
                         sc_str_t key_id, sc_auth_choice_t *choice)
{
    bool is_known = false;

    choice->count = 0;
    for (uint32_t i = 0; i < auth->count; i++)
        is_known = is_known || has_id(&auth->keys[i], key_id);
    for (uint32_t i = 0; i < auth->count && algorithm != NULL; i++) {
        const sc_auth_key_t *key = &auth->keys[i];
        bool is_main = i == 0 && auth->has_main;
        bool is_chosen = is_known ? has_id(key, key_id) : is_main || key->id == NULL;

        if (is_chosen && (key->algorithms & sc_auth_algorithm_bit(algorithm)) != 0)
            choice->keys[choice->count++] = key;
    }
}
