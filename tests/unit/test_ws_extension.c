/*
 * test_ws_extension.c: RFC 7692, 5 and 7.1, and the grammar of RFC 6455, 9.1: which offer is taken, and what is answered.
 */
#include "worker/ws/ws_extension.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define ANSWER "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
#define NONE "none"
#define MALFORMED "malformed"

/** An offer, and what follows from it with a window of that size. */
typedef struct offer_case {
    const char *offer;
    unsigned window_bits;
    const char *answer; /* or NONE, or MALFORMED */
    unsigned agreed_bits;
} offer_case_t;

static void check_case(const offer_case_t *expected)
{
    /* Exactly as long as it is: a sanitizer sees each byte read too many. */
    size_t len = strlen(expected->offer);
    char *copy = malloc(len > 0 ? len : 1);
    sc_text_t answer = {0};
    sc_ws_deflate_terms_t terms;

    assert_non_null(copy);
    memcpy(copy, expected->offer, len);
    if (sc_ws_extension_negotiate(sc_str(copy, len), (uint8_t)expected->window_bits, &terms) !=
        SC_OK)
        sc_text_add(&answer, SC_STR(MALFORMED));
    else if (terms.window_bits == 0)
        sc_text_add(&answer, SC_STR(NONE));
    else
        sc_ws_extension_answer(&terms, &answer);
    if (!sc_str_equal(sc_text_str(&answer), sc_str_from(expected->answer)))
        fail_msg("\"%s\" is answered with \"%.*s\", not with \"%s\"", expected->offer,
                 SC_STR_ARG(sc_text_str(&answer)), expected->answer);
    assert_int_equal(terms.window_bits, expected->agreed_bits);
    sc_text_free(&answer);
    free(copy);
}

static void check_cases(const offer_case_t *cases, size_t count)
{
    for (size_t i = 0; i < count; i++)
        check_case(&cases[i]);
}

#define CHECK_CASES(cases) check_cases(cases, sizeof(cases) / sizeof((cases)[0]))

static void who_offers_nothing_gets_nothing(void **state)
{
    sc_ws_deflate_terms_t terms = {.window_bits = 9};

    (void)state;
    assert_int_equal(sc_ws_extension_negotiate(sc_str_none(), 15, &terms), SC_OK);
    assert_int_equal(terms.window_bits, 0);
}

static void what_the_clients_in_the_field_offer_is_taken(void **state)
{
    static const offer_case_t cases[] = {
        {"permessage-deflate; client_max_window_bits", 15, ANSWER, 15},
        {"permessage-deflate", 15, ANSWER, 15},
        {"permessage-deflate; client_max_window_bits, x-webkit-deflate-frame", 15, ANSWER, 15},
        {"x-webkit-deflate-frame, permessage-deflate;client_max_window_bits", 15, ANSWER, 15},
    };

    (void)state;
    CHECK_CASES(cases);
}

/* RFC 7692, 7.1.3 */
static void the_examples_of_the_rfc_are_taken(void **state)
{
    static const offer_case_t cases[] = {
        {"permessage-deflate; client_max_window_bits; server_max_window_bits=10", 15,
         ANSWER "; server_max_window_bits=10", 10},
        {"permessage-deflate; client_max_window_bits; server_max_window_bits=10, "
         "permessage-deflate; client_max_window_bits",
         15, ANSWER "; server_max_window_bits=10", 10},
        {"permessage-deflate; server_no_context_takeover", 15, ANSWER, 15},
    };

    (void)state;
    CHECK_CASES(cases);
}

static void every_parameter_is_known(void **state)
{
    static const offer_case_t cases[] = {
        {"permessage-deflate; client_no_context_takeover", 15, ANSWER, 15},
        {"permessage-deflate; server_no_context_takeover; client_no_context_takeover; "
         "server_max_window_bits=12; client_max_window_bits=9",
         15, ANSWER "; server_max_window_bits=12; client_max_window_bits=9", 12},
        {"permessage-deflate; client_max_window_bits=8", 15, ANSWER "; client_max_window_bits=8",
         15},
        {"permessage-deflate; client_max_window_bits=15", 15, ANSWER "; client_max_window_bits=15",
         15},
        {"permessage-deflate; server_max_window_bits=8", 15, ANSWER "; server_max_window_bits=8",
         8},
        {"permessage-deflate; server_max_window_bits=15", 15, ANSWER "; server_max_window_bits=15",
         15},
    };

    (void)state;
    CHECK_CASES(cases);
}

static void the_smaller_window_is_agreed_on(void **state)
{
    static const offer_case_t cases[] = {
        {"permessage-deflate", 12, ANSWER "; server_max_window_bits=12", 12},
        {"permessage-deflate; server_max_window_bits=15", 12, ANSWER "; server_max_window_bits=12",
         12},
        {"permessage-deflate; server_max_window_bits=12", 12, ANSWER "; server_max_window_bits=12",
         12},
        {"permessage-deflate; server_max_window_bits=9", 12, ANSWER "; server_max_window_bits=9",
         9},
    };

    (void)state;
    CHECK_CASES(cases);
}

static void an_offer_that_can_not_be_met_is_passed_over(void **state)
{
    static const offer_case_t cases[] = {
        {"permessage-deflate; unknown", 15, NONE, 0},
        {"permessage-deflate; unknown=1", 15, NONE, 0},
        {"permessage-deflate; server_no_context_takeover=1", 15, NONE, 0},
        {"permessage-deflate; client_no_context_takeover=true", 15, NONE, 0},
        {"permessage-deflate; server_no_context_takeover; server_no_context_takeover", 15, NONE, 0},
        {"permessage-deflate; client_max_window_bits; client_max_window_bits=10", 15, NONE, 0},
        {"permessage-deflate; server_max_window_bits", 15, NONE, 0},
        {"permessage-deflate; server_max_window_bits=7", 15, NONE, 0},
        {"permessage-deflate; server_max_window_bits=16", 15, NONE, 0},
        {"permessage-deflate; server_max_window_bits=08", 15, NONE, 0},
        {"permessage-deflate; server_max_window_bits=010", 15, NONE, 0},
        {"permessage-deflate; server_max_window_bits=0", 15, NONE, 0},
        {"permessage-deflate; server_max_window_bits=+9", 15, NONE, 0},
        {"permessage-deflate; server_max_window_bits=1e1", 15, NONE, 0},
        {"permessage-deflate; server_max_window_bits=99999999999999999999", 15, NONE, 0},
        {"permessage-deflate; client_max_window_bits=7", 15, NONE, 0},
        {"permessage-deflate; client_max_window_bits=16", 15, NONE, 0},
        {"permessage-deflate; client_max_window_bits=x", 15, NONE, 0},
        {"Permessage-Deflate", 15, NONE, 0},
        {"permessage-deflate; Server_no_context_takeover", 15, NONE, 0},
        {"permessage-deflate2", 15, NONE, 0},
        {"permessage-bzip2", 15, NONE, 0},
    };

    (void)state;
    CHECK_CASES(cases);
}

static void the_first_offer_that_can_be_met_is_taken(void **state)
{
    static const offer_case_t cases[] = {
        {"permessage-deflate; unknown, permessage-deflate; server_max_window_bits=11, "
         "permessage-deflate",
         15, ANSWER "; server_max_window_bits=11", 11},
        {"permessage-deflate, permessage-deflate; server_max_window_bits=11", 15, ANSWER, 15},
        {"a, b; c=d; e, permessage-deflate; server_max_window_bits=9; server_max_window_bits=9, "
         "permessage-deflate; client_no_context_takeover",
         15, ANSWER, 15},
    };

    (void)state;
    CHECK_CASES(cases);
}

static void a_value_may_stand_in_quotes(void **state)
{
    static const offer_case_t cases[] = {
        {"permessage-deflate; server_max_window_bits=\"10\"", 15,
         ANSWER "; server_max_window_bits=10", 10},
        {"permessage-deflate; server_max_window_bits=\"\\1\\0\"", 15,
         ANSWER "; server_max_window_bits=10", 10},
        {"permessage-deflate; client_max_window_bits=\"9\" , x", 15,
         ANSWER "; client_max_window_bits=9", 15},
        {"permessage-deflate; server_max_window_bits=\"100\"", 15, NONE, 0},
        {"x; y=\"z\", permessage-deflate", 15, ANSWER, 15},
    };

    (void)state;
    CHECK_CASES(cases);
}

static void blanks_and_empty_elements_mean_nothing(void **state)
{
    static const offer_case_t cases[] = {
        {"", 15, NONE, 0},
        {"  ", 15, NONE, 0},
        {",", 15, NONE, 0},
        {" , permessage-deflate ,, ", 15, ANSWER, 15},
        {"permessage-deflate\t;\tserver_max_window_bits = 10 ;client_max_window_bits", 15,
         ANSWER "; server_max_window_bits=10", 10},
    };

    (void)state;
    CHECK_CASES(cases);
}

static void what_is_not_of_the_grammar_is_told(void **state)
{
    static const offer_case_t cases[] = {
        {"permessage-deflate;", 15, MALFORMED, 0},
        {"permessage-deflate; ;", 15, MALFORMED, 0},
        {"permessage-deflate; , x", 15, MALFORMED, 0},
        {"permessage-deflate; =10", 15, MALFORMED, 0},
        {"permessage-deflate; client_max_window_bits=", 15, MALFORMED, 0},
        {"permessage-deflate; client_max_window_bits=\"\"", 15, MALFORMED, 0},
        {"permessage-deflate; client_max_window_bits=\"10", 15, MALFORMED, 0},
        {"permessage-deflate; client_max_window_bits=\"10\\", 15, MALFORMED, 0},
        {"permessage-deflate; client_max_window_bits=\"1 0\"", 15, MALFORMED, 0},
        {"permessage-deflate; client_max_window_bits=\"10\"1", 15, MALFORMED, 0},
        {"permessage-deflate x", 15, MALFORMED, 0},
        {"permessage-deflate=x", 15, MALFORMED, 0},
        {"permessage-deflate, \"x\"", 15, MALFORMED, 0},
        {"permessage-deflate, ;x", 15, MALFORMED, 0},
        {"permessage-deflate; x=y=z", 15, MALFORMED, 0},
        {"permessage-deflate; \xc3\xa4", 15, MALFORMED, 0},
        {"(", 15, MALFORMED, 0},
    };

    (void)state;
    CHECK_CASES(cases);
}

/* However an offer is cut off, what is agreed on is one of what its beginnings can mean. */
static void an_offer_may_end_anywhere(void **state)
{
    static const char whole[] =
        "x; y=\"z\\a\", permessage-deflate; server_max_window_bits=\"1\\0\"; "
        "client_max_window_bits";

    (void)state;
    for (size_t len = 0; len < sizeof(whole) - 1; len++) {
        char *copy = malloc(len > 0 ? len : 1);
        sc_ws_deflate_terms_t terms;
        sc_status_t status;

        assert_non_null(copy);
        memcpy(copy, whole, len);
        status = sc_ws_extension_negotiate(sc_str(copy, len), 15, &terms);
        assert_true(status == SC_OK || status == SC_ERR_INVALID);
        assert_true(status == SC_OK || terms.window_bits == 0);
        assert_true(terms.window_bits == 0 || terms.window_bits == 10 || terms.window_bits == 15);
        free(copy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_offers_nothing_gets_nothing),
        cmocka_unit_test(what_the_clients_in_the_field_offer_is_taken),
        cmocka_unit_test(the_examples_of_the_rfc_are_taken),
        cmocka_unit_test(every_parameter_is_known),
        cmocka_unit_test(the_smaller_window_is_agreed_on),
        cmocka_unit_test(an_offer_that_can_not_be_met_is_passed_over),
        cmocka_unit_test(the_first_offer_that_can_be_met_is_taken),
        cmocka_unit_test(a_value_may_stand_in_quotes),
        cmocka_unit_test(blanks_and_empty_elements_mean_nothing),
        cmocka_unit_test(what_is_not_of_the_grammar_is_told),
        cmocka_unit_test(an_offer_may_end_anywhere),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
