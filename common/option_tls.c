#include "common/option_tls.h"

#include "common/str.h"

const char *sc_option_tls_own_name(const char *member)
{
    static const char *const names[][2] = {
        {"cert", "tlsCertPem"},          {"key", "tlsKeyPem"},
        {"ciphers", "tlsCiphers"},       {"passphrase", "tlsPassphrase"},
        {"minVersion", "tlsMinVersion"},
    };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(names[i][0], member) == 0)
            return names[i][1];
    }
    return NULL;
}

json_t *sc_option_tls_own_value(const char *member, const json_t *value)
{
    const char *text = json_string_value(value);

    if (strcmp(member, "minVersion") == 0 && text != NULL && strncmp(text, "TLSv", 4) == 0)
        return json_string(text + 4);
    /* Node.js takes an array of one text, too; an array of several would be several certificates. */
    if (json_array_size(value) == 1)
        return json_incref(json_array_get(value, 0));
    return json_incref((json_t *)value);
}

sc_status_t sc_option_tls_check(const sc_options_t *options, sc_text_t *error)
{
    bool has_cert = options->tls_cert != NULL || options->tls_cert_pem != NULL;
    bool has_key = options->tls_key != NULL || options->tls_key_pem != NULL;
    const char *protocol = options->protocol != NULL ? options->protocol : "";

    if (has_cert != has_key)
        sc_text_addf(error, "option %s is missing: %s is given, and is of no use without it",
                     has_cert ? "tlsKey" : "tlsCert", has_cert ? "tlsCert" : "tlsKey");
    else if (has_cert && strcmp(protocol, "http") == 0)
        sc_text_add(error, SC_STR("option protocol is http, but tlsCert and tlsKey are given"));
    else if (!has_cert && strcmp(protocol, "https") == 0)
        sc_text_add(error, SC_STR("option protocol is https, but tlsCert and tlsKey are missing"));
    else
        return SC_OK;
    return SC_ERR_INVALID;
}
