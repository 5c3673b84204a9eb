#include "jwt.h"

#include "client.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>

static const char HEADER[] = "{\"alg\":\"HS256\",\"typ\":\"JWT\"}";

enum { INPUT_MAX = 256 };

/* Base64 with the alphabet of URLs and without padding (RFC 7515, 2). */
static void encode(const void *data, size_t len, char *out)
{
    int out_len = EVP_EncodeBlock((unsigned char *)out, data, (int)len);

    while (out_len > 0 && out[out_len - 1] == '=')
        out_len--;
    out[out_len] = '\0';
    for (char *c = out; *c != '\0'; c++) {
        if (*c == '+')
            *c = '-';
        else if (*c == '/')
            *c = '_';
    }
}

void sc_jwt_sign(const char *payload, const char *key, char *out, size_t out_size)
{
    char head[2 * INPUT_MAX];
    char body[2 * INPUT_MAX];
    char signature[2 * EVP_MAX_MD_SIZE];
    char signed_text[4 * INPUT_MAX + 2];
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned int mac_len = 0;
    int len;

    if (strlen(payload) >= INPUT_MAX)
        sc_bench_fail("a token's payload is too long");
    encode(HEADER, strlen(HEADER), head);
    encode(payload, strlen(payload), body);
    len = snprintf(signed_text, sizeof signed_text, "%s.%s", head, body);
    if (HMAC(EVP_sha256(), key, (int)strlen(key), (unsigned char *)signed_text, (size_t)len, mac,
             &mac_len) == NULL)
        sc_bench_fail("HMAC failed");
    encode(mac, mac_len, signature);
    len = snprintf(out, out_size, "%s.%s", signed_text, signature);
    if (len < 0 || (size_t)len >= out_size)
        sc_bench_fail("a token is too long");
}
