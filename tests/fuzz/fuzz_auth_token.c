/*
 * fuzz_auth_token.c: no bytes bring the check of tokens down, and none but the tokens of the corpus's keys pass. The input
 * is tried as a token, and as the claims of one that is rightly signed.
 */
#include "worker/protocol/auth_token.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const sc_token_options_t defaults;

static void require(bool condition)
{
    if (!condition)
        abort();
}

/** As a token: GOOD only with a signature, and then with an object. */
static void check_token(const sc_auth_t *auth, sc_str_t text)
{
    sc_token_t token;

    sc_auth_verify(auth, text, 1700000000, &token);
    if (token.verdict == SC_TOKEN_GOOD)
        require(token.claims.len >= 2 && token.message == NULL);
    else
        require(token.claims.ptr == NULL && token.message != NULL);
    sc_token_deinit(&token);
}

/** As claims: what can be signed is taken again, unless its own times say otherwise. */
static void check_claims(const sc_auth_t *auth, sc_str_t claims)
{
    sc_text_t text = {0}, final_claims = {0};
    double expires_s = 0;
    sc_token_t token;

    if (sc_auth_sign(auth, claims, &defaults, 1700000000, &text, &final_claims, &expires_s) ==
        SC_OK) {
        sc_auth_verify(auth, sc_text_str(&text), 1700000000, &token);
        require(token.verdict != SC_TOKEN_ERROR);
        if (token.verdict == SC_TOKEN_INVALID)
            require(strcmp(token.message, "invalid nbf value") == 0);
        sc_token_deinit(&token);
    }
    sc_text_free(&text);
    sc_text_free(&final_claims);
}

/** Public keys of RFC 7515, A.2 and A.3. */
static char jwks[] =
    "{\"keys\":[{\"kty\":\"RSA\",\"n\":\"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddx"
    "HmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_"
    "YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_"
    "7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-"
    "UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5Zw"
    "Kh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ\","
    "\"e\":\"AQAB\"},{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":"
    "\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvR"
    "VEU\",\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\",\"kid\":\"e\"}]}";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char key[] = "golden-trace-key-0123456789abcdef";
    sc_verify_key_t file = {.path = key, .text = jwks};
    sc_options_t options = {
        .auth_key = key, .auth_default_expiry_s = 60, .auth_verify_keys = {&file, 1}};
    sc_str_t text = sc_str(size > 0 ? (const char *)data : "", size);
    sc_auth_t *auth = sc_auth_new(&options);

    require(auth != NULL);
    check_token(auth, text);
    check_claims(auth, text);
    sc_auth_free(auth);
    return 0;
}
