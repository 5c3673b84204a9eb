#include "worker/ws/ws_extension.h"

#include "common/str.h"

/* The longest value that a parameter of ours may have, "15"; of a longer one only the length counts. */
#define VALUE_CHARS_MAX 2u

/* A parameter, taken apart. */
typedef struct param {
    sc_str_t name;
    bool has_value;
    size_t value_chars;
    char value[VALUE_CHARS_MAX]; /* without quotes and backslashes; the first of value_chars */
} param_t;

/* One offer in reading. */
typedef struct offer {
    bool is_deflate;
    bool is_declined;
    uint32_t seen;              /* a bit for each parameter in `known` */
    uint8_t server_window_bits; /* 0: not said */
    uint8_t client_window_bits; /* 0: not said, or without a number */
} offer_t;

/* ---- The grammar (RFC 6455, 9.1; RFC 9110, 5.6) ------------------------------------------------------------- */

bool sc_ws_extension_is_token_char(char c)
{
    static const char marks[] = "!#$%&'*+-.^_`|~";
    bool is_letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');

    return is_letter || (c >= '0' && c <= '9') || (c != '\0' && strchr(marks, c) != NULL);
}

static void skip_blanks(sc_str_t *rest)
{
    while (rest->len > 0 && (rest->ptr[0] == ' ' || rest->ptr[0] == '\t'))
        *rest = sc_str(rest->ptr + 1, rest->len - 1);
}

/** Takes a character, and the blanks around it. @return false: something else is next. */
static bool take_char(sc_str_t *rest, char c)
{
    skip_blanks(rest);
    if (rest->len == 0 || rest->ptr[0] != c)
        return false;
    *rest = sc_str(rest->ptr + 1, rest->len - 1);
    skip_blanks(rest);
    return true;
}

static bool take_token(sc_str_t *rest, sc_str_t *token)
{
    size_t len = 0;

    while (len < rest->len && sc_ws_extension_is_token_char(rest->ptr[len]))
        len++;
    *token = sc_str(rest->ptr, len);
    *rest = sc_str(rest->ptr + len, rest->len - len);
    return len > 0;
}

static void add_to_value(param_t *param, char c)
{
    if (param->value_chars < VALUE_CHARS_MAX)
        param->value[param->value_chars] = c;
    param->value_chars++;
}

/** What stands between quotes must be a token once the backslashes are gone. */
static bool take_quoted(sc_str_t *rest, param_t *param)
{
    size_t at = 1;

    while (at < rest->len && rest->ptr[at] != '"') {
        if (rest->ptr[at] == '\\')
            at++;
        if (at >= rest->len || !sc_ws_extension_is_token_char(rest->ptr[at]))
            return false;
        add_to_value(param, rest->ptr[at++]);
    }
    if (at >= rest->len)
        return false;
    *rest = sc_str(rest->ptr + at + 1, rest->len - at - 1);
    return param->value_chars > 0;
}

static bool take_value(sc_str_t *rest, param_t *param)
{
    sc_str_t token;

    param->has_value = true;
    if (rest->len > 0 && rest->ptr[0] == '"')
        return take_quoted(rest, param);
    if (!take_token(rest, &token))
        return false;
    for (size_t i = 0; i < token.len; i++)
        add_to_value(param, token.ptr[i]);
    return true;
}

static bool take_param(sc_str_t *rest, param_t *param)
{
    memset(param, 0, sizeof(*param));
    if (!take_token(rest, &param->name))
        return false;
    return !take_char(rest, '=') || take_value(rest, param);
}

/* ---- The parameters (RFC 7692, 7.1) --------------------------------------------------------------------------- */

/** @return 8 to 15; 0: the value is something else, or none. */
static uint8_t window_bits_of(const param_t *param)
{
    uint64_t number;

    if (!param->has_value || param->value_chars > VALUE_CHARS_MAX || param->value[0] == '0' ||
        sc_str_to_uint(sc_str(param->value, param->value_chars), &number) != SC_OK ||
        number < SC_WS_WINDOW_BITS_MIN || number > SC_WS_WINDOW_BITS_MAX)
        return 0;
    return (uint8_t)number;
}

static bool has_no_value(const param_t *param, offer_t *offer)
{
    (void)offer;
    return !param->has_value;
}

static bool take_server_window_bits(const param_t *param, offer_t *offer)
{
    offer->server_window_bits = window_bits_of(param);
    return offer->server_window_bits != 0;
}

/** The client's window may be of any size: our inflater has the largest. */
static bool take_client_window_bits(const param_t *param, offer_t *offer)
{
    offer->client_window_bits = window_bits_of(param);
    return !param->has_value || offer->client_window_bits != 0;
}

/* Neither side's context is taken over anyway: the answer demands what two of these offer. */
static const struct {
    const char *name;
    bool (*take)(const param_t *param, offer_t *offer);
} known[] = {
    {"server_no_context_takeover", has_no_value},
    {"client_no_context_takeover", has_no_value},
    {"server_max_window_bits", take_server_window_bits},
    {"client_max_window_bits", take_client_window_bits},
};

#define KNOWN_COUNT (sizeof(known) / sizeof(known[0]))

/** Whether a parameter is known, the first of its name, and right. */
static bool is_met(const param_t *param, offer_t *offer)
{
    for (size_t i = 0; i < KNOWN_COUNT; i++) {
        uint32_t bit = UINT32_C(1) << i;

        if (!sc_str_equal(sc_str_from(known[i].name), param->name))
            continue;
        if ((offer->seen & bit) != 0)
            return false;
        offer->seen |= bit;
        return known[i].take(param, offer);
    }
    return false;
}

/** Reads one offer. @return false: not of the grammar. */
static bool take_offer(sc_str_t *rest, offer_t *offer)
{
    sc_str_t name;

    memset(offer, 0, sizeof(*offer));
    if (!take_token(rest, &name))
        return false;
    offer->is_deflate = sc_str_equal(name, SC_STR("permessage-deflate"));
    while (take_char(rest, ';')) {
        param_t param;

        if (!take_param(rest, &param))
            return false;
        if (offer->is_deflate && !is_met(&param, offer))
            offer->is_declined = true;
    }
    return true;
}

static sc_ws_deflate_terms_t terms_of(const offer_t *offer, uint8_t window_bits)
{
    sc_ws_deflate_terms_t terms = {.window_bits = window_bits,
                                   .client_window_bits = offer->client_window_bits};

    if (offer->server_window_bits != 0 && offer->server_window_bits < window_bits)
        terms.window_bits = offer->server_window_bits;
    /* Who has said nothing of it need not hear of the largest; a smaller one saves the client memory. */
    terms.names_window_bits = offer->server_window_bits != 0 || window_bits < SC_WS_WINDOW_BITS_MAX;
    return terms;
}

sc_status_t sc_ws_extension_negotiate(sc_str_t offers, uint8_t window_bits,
                                      sc_ws_deflate_terms_t *terms)
{
    memset(terms, 0, sizeof(*terms));
    if (sc_str_is_none(offers))
        return SC_OK;
    skip_blanks(&offers);
    while (offers.len > 0) {
        offer_t offer;

        if (take_char(&offers, ','))
            continue; /* an element of the list may be empty (RFC 9110, 5.6.1) */
        if (!take_offer(&offers, &offer))
            goto fail;
        skip_blanks(&offers);
        if (offers.len > 0 && offers.ptr[0] != ',')
            goto fail;
        if (terms->window_bits == 0 && offer.is_deflate && !offer.is_declined)
            *terms = terms_of(&offer, window_bits);
    }
    return SC_OK;

fail:
    memset(terms, 0, sizeof(*terms));
    return SC_ERR_INVALID;
}

void sc_ws_extension_answer(const sc_ws_deflate_terms_t *terms, sc_text_t *out)
{
    sc_text_add(
        out, SC_STR("permessage-deflate; server_no_context_takeover; client_no_context_takeover"));
    if (terms->names_window_bits)
        sc_text_addf(out, "; server_max_window_bits=%u", terms->window_bits);
    if (terms->client_window_bits != 0)
        sc_text_addf(out, "; client_max_window_bits=%u", terms->client_window_bits);
}
