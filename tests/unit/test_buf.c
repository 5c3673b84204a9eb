#include "common/buf.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void a_copy_has_the_bytes_and_one_reference(void **state)
{
    sc_buf_t *buf = sc_buf_copy(SC_STR("frame"));

    (void)state;
    assert_int_equal(buf->refs, 1);
    assert_true(sc_str_equal(sc_buf_str(buf), SC_STR("frame")));
    sc_buf_unref(buf);
}

static void the_bytes_live_until_the_last_reference_goes(void **state)
{
    sc_buf_t *buf = sc_buf_copy(SC_STR("frame"));

    (void)state;
    assert_ptr_equal(sc_buf_ref(buf), buf);
    sc_buf_unref(buf);
    assert_true(sc_str_equal(sc_buf_str(buf), SC_STR("frame"))); /* a sanitizer sees it if not */
    sc_buf_unref(buf);
    sc_buf_unref(NULL);
}

static void a_length_that_does_not_fit_is_refused(void **state)
{
    (void)state;
    assert_null(sc_buf_try_new((size_t)UINT32_MAX + 1));
    assert_null(sc_buf_try_new(SIZE_MAX));
}

static void an_empty_buffer_is_a_buffer(void **state)
{
    sc_buf_t *buf = sc_buf_copy(sc_str_none());

    (void)state;
    assert_int_equal(buf->len, 0);
    sc_buf_unref(buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_copy_has_the_bytes_and_one_reference),
        cmocka_unit_test(the_bytes_live_until_the_last_reference_goes),
        cmocka_unit_test(a_length_that_does_not_fit_is_refused),
        cmocka_unit_test(an_empty_buffer_is_a_buffer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
