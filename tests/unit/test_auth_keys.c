/*
 * test_auth_keys.c: several keys: which one a token is tried with, which algorithms are accepted, and what can't be right
 * (docs/protocol.md, "Several keys").
 */
#include "common/base64url.h"
#include "tests/unit/auth_fixture.h"

#include <openssl/hmac.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SECRET_A "secret-a-0123456789abcdef0123456789"
#define SECRET_B "secret-b-0123456789abcdef0123456789"
#define SECRET_C "secret-c-0123456789abcdef0123456789"
#define HEADER(members) "{\"alg\":\"HS256\"," members "\"typ\":\"JWT\"}"

/** Options that live as long as a test: texts of them are never changed. */
static char *text_of(const char *text)
{
    return (char *)(uintptr_t)text;
}

static sc_verify_key_t file(const char *id, const char *text)
{
    return (sc_verify_key_t){.id = text_of(id), .path = text_of("FILE"), .text = text_of(text)};
}

/** A set of a secret and further files. */
static sc_auth_t *auth_with(const char *secret, const char *key_id, sc_verify_key_t *files,
                            uint32_t count)
{
    sc_options_t options = {.auth_key = text_of(secret),
                            .auth_key_id = text_of(key_id),
                            .auth_default_expiry_s = 60,
                            .auth_verify_keys = {files, count}};

    return sc_auth_new(&options);
}

/** A token of bob with any header, made with HMAC and SHA-256. */
static sc_text_t forge(const char *header, const char *secret)
{
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned mac_len = 0;
    sc_text_t text = {0};

    sc_base64url_add_encoded(&text, header, strlen(header));
    sc_text_add(&text, SC_STR(".eyJ1c2VybmFtZSI6ImJvYiJ9"));
    assert_non_null(HMAC(EVP_sha256(), secret, (int)strlen(secret), (unsigned char *)text.ptr,
                         text.len, mac, &mac_len));
    sc_text_add(&text, SC_STR("."));
    sc_base64url_add_encoded(&text, mac, mac_len);
    return text;
}

/** @param message  of the error; NULL: it is taken */
static void assert_forged(const sc_auth_t *auth, const char *header, const char *secret,
                          const char *message)
{
    sc_text_t text = forge(header, secret);

    assert_verdict(auth, sc_text_str(&text), message == NULL ? SC_TOKEN_GOOD : SC_TOKEN_INVALID,
                   message);
    sc_text_free(&text);
}

/* ---- Choice -------------------------------------------------------------------------------------------------------- */

static void a_kid_that_a_key_has_chooses_that_key_alone(void **state)
{
    sc_verify_key_t files[] = {file("b", SECRET_B), file("c", SECRET_C)};
    sc_auth_t *auth = auth_with(SECRET_A, "a", files, COUNT(files));

    (void)state;
    assert_non_null(auth);
    assert_forged(auth, HEADER("\"kid\":\"a\","), SECRET_A, NULL);
    assert_forged(auth, HEADER("\"kid\":\"b\","), SECRET_B, NULL);
    assert_forged(auth, HEADER("\"kid\":\"c\","), SECRET_C, NULL);
    assert_forged(auth, HEADER("\"kid\":\"b\","), SECRET_A, "invalid signature");
    assert_forged(auth, HEADER("\"kid\":\"a\","), SECRET_B, "invalid signature");
    assert_forged(auth, HEADER("\"kid\":\"c\","), SECRET_B, "invalid signature");
    sc_auth_free(auth);
}

static void without_a_known_kid_the_main_key_and_those_without_one_are_tried(void **state)
{
    static const char *const headers[] = {
        HEADER(""),
        HEADER("\"kid\":\"nobody's\","),
        HEADER("\"kid\":\"\","),
        HEADER("\"kid\":7,"),
        HEADER("\"kid\":null,"),
        HEADER("\"kid\":[\"c\"],"),
        HEADER("\"kid\":\"../../../../dev/null\","),
        HEADER("\"kid\":\"c' OR '1'='1\","),
    };
    sc_verify_key_t files[] = {file(NULL, SECRET_B), file("c", SECRET_C)};
    sc_auth_t *auth = auth_with(SECRET_A, "a", files, COUNT(files));

    (void)state;
    for (size_t i = 0; i < COUNT(headers); i++) {
        assert_forged(auth, headers[i], SECRET_A, NULL);
        assert_forged(auth, headers[i], SECRET_B, NULL);
        assert_forged(auth, headers[i], SECRET_C, "invalid signature");
        assert_forged(auth, headers[i], "", "invalid signature");
    }
    sc_auth_free(auth);
}

static void a_huge_kid_is_like_an_unknown_one(void **state)
{
    sc_verify_key_t files[] = {file("b", SECRET_B)};
    sc_auth_t *auth = auth_with(SECRET_A, NULL, files, COUNT(files));
    sc_text_t header = {0};

    (void)state;
    sc_text_add(&header, SC_STR("{\"alg\":\"HS256\",\"kid\":\""));
    for (int i = 0; i < 40000; i++)
        sc_text_add(&header, SC_STR("b"));
    sc_text_add(&header, sc_str("\"}", 3));
    assert_forged(auth, header.ptr, SECRET_A, NULL);
    assert_forged(auth, header.ptr, SECRET_B, "invalid signature");
    sc_text_free(&header);
    sc_auth_free(auth);
}

static void keys_of_one_kid_are_all_tried(void **state)
{
    sc_verify_key_t files[] = {file("x", SECRET_B), file("x", SECRET_C)};
    sc_auth_t *auth = auth_with(SECRET_A, "x", files, COUNT(files));

    (void)state;
    assert_forged(auth, HEADER("\"kid\":\"x\","), SECRET_A, NULL);
    assert_forged(auth, HEADER("\"kid\":\"x\","), SECRET_B, NULL);
    assert_forged(auth, HEADER("\"kid\":\"x\","), SECRET_C, NULL);
    sc_auth_free(auth);
}

/** A set whose main key is that pair. */
static sc_auth_t *auth_of_pair(EVP_PKEY *pkey, const char *key_id)
{
    pems_t pems = pems_of(pkey);
    sc_options_t options = {.auth_private_key = pems.private_pem,
                            .auth_public_key = pems.public_pem,
                            .auth_key_id = text_of(key_id),
                            .auth_default_expiry_s = 60};
    sc_auth_t *auth = sc_auth_new(&options);

    assert_non_null(auth);
    free_pems(&pems);
    return auth;
}

/** What a set signs has this header, and is taken by it. */
static void assert_header(const sc_auth_t *auth, const char *algorithm, const char *header)
{
    sc_text_t text = sign_bob(auth, algorithm);
    sc_text_t expected = {0};

    sc_base64url_add_encoded(&expected, header, strlen(header));
    sc_text_add(&expected, SC_STR("."));
    assert_true(sc_str_starts_with(sc_text_str(&text), sc_text_str(&expected)));
    assert_verdict(auth, sc_text_str(&text), SC_TOKEN_GOOD, NULL);
    sc_text_free(&text);
    sc_text_free(&expected);
}

static void what_is_signed_carries_the_kid(void **state)
{
    static const char kid[] = "a\"\xc3\xa9";
    sc_auth_t *secret = auth_with(SECRET_A, kid, NULL, 0);
    sc_auth_t *pair = auth_of_pair(keys.rsa, kid);

    (void)state;
    assert_null(auth_with(SECRET_A, "not UTF-8: \xff", NULL, 0));
    assert_header(secret, NULL, "{\"alg\":\"HS256\",\"kid\":\"a\\\"\xc3\xa9\",\"typ\":\"JWT\"}");
    assert_header(pair, "RS256", "{\"alg\":\"RS256\",\"kid\":\"a\\\"\xc3\xa9\",\"typ\":\"JWT\"}");
    assert_header(pair, "PS512", "{\"alg\":\"PS512\",\"kid\":\"a\\\"\xc3\xa9\",\"typ\":\"JWT\"}");
    sc_auth_free(secret);
    sc_auth_free(pair);
}

static void keys_of_all_kinds_stand_side_by_side(void **state)
{
    EVP_PKEY *const pkeys[] = {keys.rsa, keys.p256, keys.p384, keys.p521, keys.rsa_other};
    sc_verify_key_t files[COUNT(pkeys)];
    pems_t pems[COUNT(pkeys)];
    sc_auth_t *verifier;

    (void)state;
    for (size_t i = 0; i < COUNT(pkeys); i++) {
        pems[i] = pems_of(pkeys[i]);
        files[i] = file(NULL, pems[i].public_pem);
    }
    verifier = auth_with(SECRET_A, NULL, files, COUNT(files));
    for (size_t i = 0; i < COUNT(pkeys); i++) {
        sc_auth_t *signer = auth_of_pair(pkeys[i], "unknown");
        sc_text_t text = sign_bob(signer, NULL);

        assert_verdict(verifier, sc_text_str(&text), SC_TOKEN_GOOD, NULL);
        sc_text_free(&text);
        sc_auth_free(signer);
        free_pems(&pems[i]);
    }
    assert_forged(verifier, HEADER(""), SECRET_A, NULL);
    sc_auth_free(verifier);
}

static void a_public_key_is_never_a_secret(void **state)
{
    pems_t pems = pems_of(keys.rsa);
    sc_verify_key_t files[] = {file("pub", pems.public_pem)};
    sc_auth_t *auth = auth_with(SECRET_A, NULL, files, COUNT(files));

    (void)state;
    assert_forged(auth, HEADER("\"kid\":\"pub\","), pems.public_pem, "invalid algorithm");
    assert_forged(auth, HEADER(""), pems.public_pem, "invalid signature");
    assert_forged(auth, "{\"alg\":\"RS256\",\"kid\":\"pub\"}", pems.public_pem,
                  "invalid signature");
    assert_forged(auth, "{\"alg\":\"none\",\"kid\":\"pub\"}", pems.public_pem, "invalid algorithm");
    sc_auth_free(auth);
    free_pems(&pems);
}

static void verifying_keys_alone_verify_and_do_not_sign(void **state)
{
    sc_verify_key_t files[] = {file("b", SECRET_B)};
    sc_auth_t *auth = auth_with(NULL, NULL, files, COUNT(files));
    sc_text_t text = {0}, claims = {0};
    double expires_s;

    (void)state;
    assert_non_null(auth);
    assert_forged(auth, HEADER("\"kid\":\"b\","), SECRET_B, NULL);
    assert_forged(auth, HEADER(""), SECRET_B, "invalid algorithm");
    assert_int_equal(sc_auth_sign(auth, SC_STR("{}"), &(sc_token_options_t){0}, NOW_S, &text,
                                  &claims, &expires_s),
                     SC_ERR_INVALID);
    assert_int_equal(text.len, 0);
    sc_auth_free(auth);
}

static void a_replaced_set_takes_the_new_keys_and_not_the_old(void **state)
{
    sc_verify_key_t old_file[] = {file(NULL, SECRET_A)};
    sc_auth_t *before = auth_with(SECRET_A, "1", NULL, 0);
    sc_auth_t *between = auth_with(SECRET_B, "2", old_file, 1);
    sc_auth_t *after = auth_with(SECRET_B, "2", NULL, 0);
    sc_text_t old_token = sign_bob(before, NULL);
    sc_text_t new_token = sign_bob(between, NULL);

    (void)state;
    assert_verdict(before, sc_text_str(&old_token), SC_TOKEN_GOOD, NULL);
    assert_verdict(before, sc_text_str(&new_token), SC_TOKEN_INVALID, "invalid signature");
    assert_verdict(between, sc_text_str(&old_token), SC_TOKEN_GOOD, NULL);
    assert_verdict(between, sc_text_str(&new_token), SC_TOKEN_GOOD, NULL);
    assert_verdict(after, sc_text_str(&old_token), SC_TOKEN_INVALID, "invalid signature");
    assert_verdict(after, sc_text_str(&new_token), SC_TOKEN_GOOD, NULL);
    sc_text_free(&old_token);
    sc_text_free(&new_token);
    sc_auth_free(before);
    sc_auth_free(between);
    sc_auth_free(after);
}

/* ---- Algorithms ---------------------------------------------------------------------------------------------------- */

static const char *const all_algorithms[] = {"HS256", "HS384", "HS512", "RS256", "RS384", "RS512",
                                             "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"};

/** A token of each algorithm, and what a set says to it. @param accepted  bit i: all_algorithms[i] is taken */
static void assert_accepts(const sc_auth_t *auth, unsigned accepted)
{
    EVP_PKEY *const curves[] = {keys.p256, keys.p384, keys.p521};

    for (unsigned i = 0; i < COUNT(all_algorithms); i++) {
        sc_auth_t *signer = i < 3   ? auth_with(SECRET_A, NULL, NULL, 0)
                            : i < 9 ? auth_of_pair(keys.rsa, NULL)
                                    : auth_of_pair(curves[i - 9], NULL);
        sc_text_t text = sign_bob(signer, all_algorithms[i]);
        bool is_accepted = (accepted >> i & 1) != 0;

        assert_verdict(auth, sc_text_str(&text), is_accepted ? SC_TOKEN_GOOD : SC_TOKEN_INVALID,
                       is_accepted ? NULL : "invalid algorithm");
        sc_text_free(&text);
        sc_auth_free(signer);
    }
}

static void the_options_decide_which_algorithms_are_accepted(void **state)
{
    static const struct {
        const char *algorithm, *verify_algorithms;
        unsigned accepted; /* 0: the options are refused */
        const char *signs_with;
    } cases[] = {
        {NULL, NULL, 0x1f8, "RS256"},
        {"RS512", NULL, 0x020, "RS512"},
        {"PS256", NULL, 0x040, "PS256"},
        {NULL, "RS384", 0x010, "RS384"},
        {NULL, " RS384 ,PS512,", 0x110, "RS384"},
        {"PS512", "RS384,PS512", 0x110, "PS512"},
        {NULL, "", 0x1f8, "RS256"},
        {"RS256", "RS384,PS512", 0, NULL},
        {NULL, "HS256", 0, NULL},
        {NULL, "RS256,HS256", 0, NULL},
        {NULL, "RS256,ES256", 0, NULL},
        {NULL, "none", 0, NULL},
        {NULL, "rs256", 0, NULL},
        {NULL, "RS256,none", 0, NULL},
        {"HS256", NULL, 0, NULL},
    };
    pems_t pems = pems_of(keys.rsa);

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        sc_options_t options = {.auth_private_key = pems.private_pem,
                                .auth_public_key = pems.public_pem,
                                .auth_algorithm = text_of(cases[i].algorithm),
                                .auth_verify_algorithms = text_of(cases[i].verify_algorithms),
                                .auth_default_expiry_s = 60};
        sc_auth_t *auth = sc_auth_new(&options);
        char header[64];

        assert_int_equal(sc_auth_check(&options), auth != NULL ? SC_OK : SC_ERR_INVALID);
        assert_int_equal(auth != NULL, cases[i].accepted != 0);
        if (auth == NULL)
            continue;
        assert_accepts(auth, cases[i].accepted);
        snprintf(header, sizeof(header), "{\"alg\":\"%s\",\"typ\":\"JWT\"}", cases[i].signs_with);
        assert_header(auth, NULL, header);
        sc_auth_free(auth);
    }
    free_pems(&pems);
}

static void each_key_must_be_of_use(void **state)
{
    pems_t ec = pems_of(keys.p256);
    sc_verify_key_t files[] = {file(NULL, ec.public_pem)};
    static const struct {
        const char *algorithm, *verify_algorithms;
        bool is_taken;
    } cases[] = {
        {NULL, NULL, true},          {"HS256", NULL, false}, /* rules the other key out */
        {"HS256", "HS256", false},   {"HS256", "HS256,ES256", true},
        {NULL, "ES256", false},                              /* rules authKey out */
        {NULL, "HS256", false},      {"ES256", NULL, false}, /* nothing to sign with */
        {NULL, "HS512,ES256", true}, {NULL, "HS512,ES384", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        sc_options_t options = {.auth_key = text_of(SECRET_A),
                                .auth_algorithm = text_of(cases[i].algorithm),
                                .auth_verify_algorithms = text_of(cases[i].verify_algorithms),
                                .auth_verify_keys = {files, 1}};
        sc_auth_t *auth = sc_auth_new(&options);

        assert_int_equal(auth != NULL, cases[i].is_taken);
        sc_auth_free(auth);
    }
    free_pems(&ec);
}

static void verifying_keys_alone_may_be_limited_too(void **state)
{
    sc_verify_key_t files[] = {file(NULL, SECRET_A)};
    sc_options_t options = {.auth_algorithm = text_of("HS384"), .auth_verify_keys = {files, 1}};
    sc_auth_t *auth = sc_auth_new(&options);

    (void)state;
    assert_non_null(auth);
    assert_accepts(auth, 0x002);
    sc_auth_free(auth);
    options.auth_algorithm = text_of("RS256");
    assert_null(sc_auth_new(&options));
}

static void a_call_may_choose_among_what_is_accepted(void **state)
{
    static const char *const refused[] = {"RS256", "none", "HS384", "hs256", ""};
    sc_options_t options = {.auth_key = text_of(SECRET_A),
                            .auth_verify_algorithms = text_of("HS256,HS512"),
                            .auth_default_expiry_s = 60};
    sc_auth_t *auth = sc_auth_new(&options);
    sc_text_t text = sign_bob(auth, "HS512");

    (void)state;
    assert_true(sc_str_starts_with(sc_text_str(&text), SC_STR("eyJhbGciOiJIUzUxMiIs")));
    assert_verdict(auth, sc_text_str(&text), SC_TOKEN_GOOD, NULL);
    sc_text_clear(&text);
    for (size_t i = 0; i < COUNT(refused); i++) {
        sc_text_t claims = {0};
        double expires_s;

        assert_int_equal(sc_auth_sign(auth, SC_STR("{}"),
                                      &(sc_token_options_t){.algorithm = refused[i]}, NOW_S, &text,
                                      &claims, &expires_s),
                         SC_ERR_INVALID);
        assert_int_equal(text.len, 0);
    }
    sc_text_free(&text);
    sc_auth_free(auth);
}

/* ---- What can't be right ------------------------------------------------------------------------------------------- */

static void files_that_are_no_keys_are_refused(void **state)
{
    pems_t rsa = pems_of(keys.rsa);
    pems_t short_rsa = pems_of(keys.rsa_short);
    pems_t odd_curve = pems_of(keys.secp256k1);
    pems_t edwards = pems_of(keys.ed25519);
    const char *const texts[] = {rsa.private_pem,
                                 short_rsa.public_pem,
                                 odd_curve.public_pem,
                                 edwards.public_pem,
                                 "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
                                 "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQC7 user@host",
                                 "{\"keys\":[]}",
                                 "{}",
                                 "{",
                                 " {\"kty\":\"RSA\"}"};

    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        sc_verify_key_t files[] = {file(NULL, texts[i])};

        assert_null(auth_with(SECRET_A, NULL, files, 1));
        assert_null(auth_with(NULL, NULL, files, 1));
    }
    free_pems(&rsa);
    free_pems(&short_rsa);
    free_pems(&odd_curve);
    free_pems(&edwards);
}

static void sixteen_keys_are_taken_and_no_more(void **state)
{
    sc_verify_key_t files[SC_VERIFY_KEYS_MAX + 1];
    sc_auth_t *auth;

    (void)state;
    for (size_t i = 0; i < COUNT(files); i++)
        files[i] = file(NULL, i == SC_VERIFY_KEYS_MAX - 1 ? SECRET_B : SECRET_C);
    auth = auth_with(SECRET_A, NULL, files, SC_VERIFY_KEYS_MAX);
    assert_non_null(auth);
    assert_forged(auth, HEADER(""), SECRET_B, NULL);
    sc_auth_free(auth);
    auth = auth_with(NULL, NULL, files, SC_VERIFY_KEYS_MAX);
    assert_non_null(auth);
    sc_auth_free(auth);
    assert_null(auth_with(SECRET_A, NULL, files, SC_VERIFY_KEYS_MAX + 1));
    assert_null(auth_with(NULL, NULL, files, SC_VERIFY_KEYS_MAX + 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_kid_that_a_key_has_chooses_that_key_alone),
        cmocka_unit_test(without_a_known_kid_the_main_key_and_those_without_one_are_tried),
        cmocka_unit_test(a_huge_kid_is_like_an_unknown_one),
        cmocka_unit_test(keys_of_one_kid_are_all_tried),
        cmocka_unit_test(what_is_signed_carries_the_kid),
        cmocka_unit_test(keys_of_all_kinds_stand_side_by_side),
        cmocka_unit_test(a_public_key_is_never_a_secret),
        cmocka_unit_test(verifying_keys_alone_verify_and_do_not_sign),
        cmocka_unit_test(a_replaced_set_takes_the_new_keys_and_not_the_old),
        cmocka_unit_test(the_options_decide_which_algorithms_are_accepted),
        cmocka_unit_test(each_key_must_be_of_use),
        cmocka_unit_test(verifying_keys_alone_may_be_limited_too),
        cmocka_unit_test(a_call_may_choose_among_what_is_accepted),
        cmocka_unit_test(files_that_are_no_keys_are_refused),
        cmocka_unit_test(sixteen_keys_are_taken_and_no_more),
    };

    return cmocka_run_group_tests(tests, make_keys, free_keys);
}
