#include "worker/http/ip_network.h"

#include "common/alloc.h"
#include "common/str.h"

#include <arpa/inet.h>

#define V4_PREFIX_BITS 96u

static const uint8_t v4_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

static bool is_v4(const sc_ip_t *address)
{
    return memcmp(address->bytes, v4_prefix, sizeof(v4_prefix)) == 0;
}

sc_status_t sc_ip_parse(sc_str_t text, sc_ip_t *address)
{
    char terminated[INET6_ADDRSTRLEN];

    if (text.len == 0 || text.len >= sizeof(terminated) || memchr(text.ptr, '\0', text.len) != NULL)
        return SC_ERR_INVALID;
    memcpy(terminated, text.ptr, text.len);
    terminated[text.len] = '\0';
    if (inet_pton(AF_INET6, terminated, address->bytes) == 1)
        return SC_OK;
    memcpy(address->bytes, v4_prefix, sizeof(v4_prefix));
    return inet_pton(AF_INET, terminated, address->bytes + sizeof(v4_prefix)) == 1 ? SC_OK
                                                                                   : SC_ERR_INVALID;
}

void sc_ip_write(const sc_ip_t *address, char *text, size_t size)
{
    const char *written;

    if (is_v4(address))
        written = inet_ntop(AF_INET, address->bytes + sizeof(v4_prefix), text, (socklen_t)size);
    else
        written = inet_ntop(AF_INET6, address->bytes, text, (socklen_t)size);
    sc_assert(written != NULL);
}

sc_status_t sc_ip_network_parse(sc_str_t text, sc_ip_network_t *network)
{
    sc_str_t rest = text;
    sc_str_t address;
    uint64_t bits;
    bool is_short;

    if (!sc_str_split(&rest, '/', &address) || sc_ip_parse(address, &network->address) != SC_OK)
        return SC_ERR_INVALID;
    network->prefix_bits = 128;
    if (sc_str_is_none(rest))
        return SC_OK;
    is_short = memchr(address.ptr, ':', address.len) == NULL;
    if (sc_str_to_uint(rest, &bits) != SC_OK || bits > (is_short ? 32 : 128))
        return SC_ERR_INVALID;
    network->prefix_bits = (uint8_t)(bits + (is_short ? V4_PREFIX_BITS : 0));
    return SC_OK;
}

bool sc_ip_network_has(const sc_ip_network_t *network, const sc_ip_t *address)
{
    const uint8_t *a = network->address.bytes;
    const uint8_t *b = address->bytes;
    size_t bytes = network->prefix_bits / 8;
    unsigned bits = network->prefix_bits % 8;

    if (memcmp(a, b, bytes) != 0)
        return false;
    return bits == 0 || (unsigned)(a[bytes] ^ b[bytes]) >> (8 - bits) == 0;
}
