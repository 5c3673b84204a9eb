/*
 * fuzz_auth_jwks.c: no bytes bring the reader of JSON Web Key Sets down, and a set that it takes has keys, each good for
 * something, and no more than there is room for.
 */
#include "worker/protocol/auth_jwks.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sc_str_t text = sc_str(size > 0 ? (const char *)data : "", size);
    sc_auth_t *auth = calloc(1, sizeof(*auth));

    require(auth != NULL);
    if (sc_auth_jwks_is_one(text) && sc_auth_jwks_read(auth, text, "keys") == SC_OK) {
        require(auth->count > 0 && auth->count <= SC_VERIFY_KEYS_MAX);
        for (uint32_t i = 0; i < auth->count; i++)
            require(auth->keys[i].bytes != NULL && auth->keys[i].algorithms != 0);
    }
    sc_auth_free(auth);
    return 0;
}
