#include <sc/types.h>

const char *sc_status_name(sc_status_t status)
{
    switch (status) {
    case SC_OK:
        return "SC_OK";
    case SC_AGAIN:
        return "SC_AGAIN";
    case SC_ERR_NOMEM:
        return "SC_ERR_NOMEM";
    case SC_ERR_INVALID:
        return "SC_ERR_INVALID";
    case SC_ERR_LIMIT:
        return "SC_ERR_LIMIT";
    case SC_ERR_PROTOCOL:
        return "SC_ERR_PROTOCOL";
    case SC_ERR_STATE:
        return "SC_ERR_STATE";
    case SC_ERR_TIMEOUT:
        return "SC_ERR_TIMEOUT";
    case SC_ERR_IO:
        return "SC_ERR_IO";
    case SC_ERR_NOT_FOUND:
        return "SC_ERR_NOT_FOUND";
    }
    return "unknown status"; /* plugins return any number */
}
