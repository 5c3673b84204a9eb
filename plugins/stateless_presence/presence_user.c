/*
 * presence_user.c: from the `username` of a token to a user's name.
 */
#include "presence_user.h"

#include <math.h>
#include <sc/json.h>
#include <stdio.h>
#include <stdlib.h>

/* Integers below this are written without an exponent, by JavaScript too. */
#define PLAIN_INTEGER_BELOW 1e15
/* Digits that always tell one double from another. */
#define DOUBLE_DIGITS 17
#define NUMBER_BYTES 40

/* A number with a fraction or an exponent: its shortest form, since 1e2 and 100 are one number. Numbers of
 * 1e15 and more, and tiny ones, may be named otherwise than JavaScript would. */
static bool add_fraction(sc_text_t *name, const char *text)
{
    char shortest[NUMBER_BYTES];
    double value = strtod(text, NULL);
    int digits;

    if (!isfinite(value))
        return false;
    if (fabs(value) < PLAIN_INTEGER_BELOW && trunc(value) == value) {
        sc_text_addf(name, "%.0f", value == 0 ? 0.0 : value);
        return true;
    }
    for (digits = 1; digits <= DOUBLE_DIGITS; digits++) {
        (void)snprintf(shortest, sizeof(shortest), "%.*g", digits, value);
        if (strtod(shortest, NULL) == value)
            break;
    }
    sc_text_add(name, sc_str_from(shortest));
    return true;
}

/* An integer stays as it is: beyond 2^53 it is still the user's own number. */
static bool add_number(sc_text_t *name, sc_str_t json)
{
    char text[SC_PRESENCE_USER_BYTES_MAX + 1];
    size_t digits;

    memcpy(text, json.ptr, json.len);
    text[json.len] = '\0';
    digits = strspn(text, "-0123456789");
    if (digits == json.len && strcmp(text, "-0") != 0) {
        sc_text_add(name, json);
        return true;
    }
    if (digits == 0 || strspn(text, "-+.0123456789eE") != json.len)
        return false;
    return add_fraction(name, text);
}

static bool add_name(sc_text_t *name, sc_str_t json)
{
    if (json.ptr[0] == '"')
        return sc_text_add_unquoted(name, json) == SC_OK;
    if (sc_str_equal(json, SC_STR("true")) || sc_str_equal(json, SC_STR("false"))) {
        sc_text_add(name, json);
        return true;
    }
    return add_number(name, json);
}

static sc_str_t put_text(char **place, sc_str_t text)
{
    sc_str_t copy = sc_str(*place, text.len);

    if (sc_str_is_none(text))
        return text;
    memcpy(*place, text.ptr, text.len);
    *place += text.len;
    return copy;
}

/* One block: the user and its texts. */
static sc_presence_user_t *user_alloc(sc_str_t name, sc_str_t json, sc_str_t data)
{
    sc_presence_user_t *user = calloc(1, sizeof(*user) + name.len + json.len + data.len);
    char *place;

    if (user == NULL)
        abort();
    place = (char *)(user + 1);
    user->name = put_text(&place, name);
    user->json = put_text(&place, json);
    user->data = put_text(&place, data);
    user->refs = 1;
    return user;
}

static sc_presence_user_t *new_user(sc_str_t json, sc_str_t data)
{
    sc_presence_user_t *user = NULL;
    sc_text_t name = {0};

    if (sc_str_is_none(json) || json.len == 0 || json.len > SC_PRESENCE_USER_BYTES_MAX)
        return NULL;
    if (add_name(&name, json))
        user = user_alloc(sc_text_str(&name), json, data);
    sc_text_free(&name);
    return user;
}

sc_presence_user_t *sc_presence_user_new(sc_str_t json)
{
    return new_user(json, sc_str_none());
}

static sc_str_t data_of(sc_str_t claims, const sc_presence_claim_t *claim, bool *is_refused)
{
    sc_str_t data = sc_json_member(claims, claim->name);

    if (sc_str_is_none(data) || (data.ptr[0] == '{' && data.len <= claim->bytes_max))
        return data;
    /* null is how an application says that there is none. */
    if (is_refused != NULL)
        *is_refused = !sc_str_equal(data, SC_STR("null"));
    return sc_str_none();
}

sc_presence_user_t *sc_presence_user_of_claims(sc_str_t claims, const sc_presence_claim_t *claim,
                                               uint64_t set_ms, bool *is_refused)
{
    sc_str_t data = sc_str_none();
    sc_presence_user_t *user;

    if (is_refused != NULL)
        *is_refused = false;
    if (sc_str_is_none(claims))
        return NULL;
    if (claim != NULL)
        data = data_of(claims, claim, is_refused);
    user = new_user(sc_json_member(claims, "username"), data);
    if (user != NULL)
        user->set_ms = set_ms;
    return user;
}

sc_presence_user_t *sc_presence_user_ref(sc_presence_user_t *user)
{
    user->refs++;
    return user;
}

void sc_presence_user_unref(sc_presence_user_t *user)
{
    if (user != NULL && --user->refs == 0)
        free(user);
}
