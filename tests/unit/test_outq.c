/*
 * test_outq.c: frames leave a queue byte by byte in the order in which they came, whatever the socket takes at once.
 */
#include "worker/net/outq.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define FRAME_COUNT 100u

static void push_text(sc_outq_t *outq, sc_outq_pool_t *pool, const char *text)
{
    sc_buf_t *frame = sc_buf_copy(sc_str_from(text));

    sc_outq_push(outq, pool, frame);
    sc_buf_unref(frame);
}

/** Takes `step` bytes at a time off the front, as a socket would, and returns what came. */
static sc_str_t drain(sc_outq_t *outq, sc_outq_pool_t *pool, size_t step, char *out)
{
    size_t len = 0;

    while (!sc_outq_is_empty(outq)) {
        struct iovec vectors[8];
        uint32_t count = sc_outq_peek(outq, vectors, 8);
        size_t taken = 0;

        assert_in_range(count, 1, 8);
        for (uint32_t i = 0; i < count && taken < step; i++) {
            size_t part = vectors[i].iov_len < step - taken ? vectors[i].iov_len : step - taken;

            assert_true(vectors[i].iov_len > 0);
            memcpy(out + len, vectors[i].iov_base, part);
            len += part;
            taken += part;
        }
        sc_outq_consume(outq, pool, taken);
    }
    return sc_str(out, len);
}

static void bytes_leave_in_order_whatever_is_taken_at_once(void **state)
{
    sc_outq_pool_t pool = {0};
    char expected[4096];
    char got[4096];

    (void)state;
    for (size_t step = 1; step < 400; step++) {
        sc_outq_t outq = {0};
        size_t len = 0;
        sc_str_t bytes;

        for (unsigned i = 0; i < FRAME_COUNT; i++) {
            char text[32];

            len += (size_t)sprintf(expected + len, "<%u:%.*s>", i, (int)(i % 7), "abcdefg");
            (void)sprintf(text, "<%u:%.*s>", i, (int)(i % 7), "abcdefg");
            push_text(&outq, &pool, text);
        }
        assert_int_equal(outq.bytes, len);
        bytes = drain(&outq, &pool, step, got);
        assert_true(sc_str_equal(bytes, sc_str(expected, len)));
        assert_null(outq.head);
    }
    sc_outq_pool_deinit(&pool);
}

static void a_frame_is_referenced_until_its_last_byte_has_left(void **state)
{
    sc_outq_pool_t pool = {0};
    sc_outq_t outq = {0};
    sc_buf_t *frame = sc_buf_copy(SC_STR("abc"));

    (void)state;
    sc_outq_push(&outq, &pool, frame);
    sc_outq_push(&outq, &pool, frame);
    assert_int_equal(frame->refs, 3);
    sc_outq_consume(&outq, &pool, 2);
    assert_int_equal(frame->refs, 3);
    sc_outq_consume(&outq, &pool, 1);
    assert_int_equal(frame->refs, 2);
    assert_int_equal(outq.bytes, 3);
    sc_outq_clear(&outq, &pool);
    assert_int_equal(frame->refs, 1);
    assert_true(sc_outq_is_empty(&outq));
    sc_buf_unref(frame);
    sc_outq_pool_deinit(&pool);
}

static void blocks_are_used_again(void **state)
{
    sc_outq_pool_t pool = {0};
    sc_outq_t outq = {0};
    sc_outq_block_t *block;

    (void)state;
    push_text(&outq, &pool, "a");
    block = outq.head;
    sc_outq_consume(&outq, &pool, 1);
    assert_int_equal(pool.free_count, 1);
    assert_null(outq.head);
    push_text(&outq, &pool, "b");
    assert_ptr_equal(outq.head, block);
    assert_int_equal(pool.free_count, 0);
    sc_outq_clear(&outq, &pool);
    sc_outq_pool_deinit(&pool);
}

static void a_queue_takes_frames_while_it_drains(void **state)
{
    sc_outq_pool_t pool = {0};
    sc_outq_t outq = {0};
    uint64_t pushed = 0;

    (void)state;
    for (unsigned round = 0; round < 200; round++) {
        for (unsigned i = 0; i < 5; i++, pushed += 4)
            push_text(&outq, &pool, "1234");
        sc_outq_consume(&outq, &pool, 17);
        pushed -= 17;
        assert_int_equal(outq.bytes, pushed);
    }
    while (!sc_outq_is_empty(&outq))
        sc_outq_consume(&outq, &pool, 1);
    assert_null(outq.head);
    sc_outq_pool_deinit(&pool);
}

static void a_frame_without_bytes_is_not_queued(void **state)
{
    sc_outq_pool_t pool = {0};
    sc_outq_t outq = {0};
    struct iovec vector;

    (void)state;
    push_text(&outq, &pool, "");
    assert_true(sc_outq_is_empty(&outq));
    assert_null(outq.head);
    assert_int_equal(sc_outq_peek(&outq, &vector, 1), 0);
}

static void no_more_vectors_are_filled_than_asked_for(void **state)
{
    sc_outq_pool_t pool = {0};
    sc_outq_t outq = {0};
    struct iovec vectors[40];

    (void)state;
    for (unsigned i = 0; i < 30; i++)
        push_text(&outq, &pool, "x");
    assert_int_equal(sc_outq_peek(&outq, vectors, 15), 15);
    assert_int_equal(sc_outq_peek(&outq, vectors, 40), 30);
    sc_outq_clear(&outq, &pool);
    sc_outq_pool_deinit(&pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_leave_in_order_whatever_is_taken_at_once),
        cmocka_unit_test(a_frame_is_referenced_until_its_last_byte_has_left),
        cmocka_unit_test(blocks_are_used_again),
        cmocka_unit_test(a_queue_takes_frames_while_it_drains),
        cmocka_unit_test(a_frame_without_bytes_is_not_queued),
        cmocka_unit_test(no_more_vectors_are_filled_than_asked_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
