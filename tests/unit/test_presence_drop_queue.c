/*
 * test_presence_drop_queue.c: drops wait for their confirmation, in order and within the limit.
 */
#include "plugins/stateless_presence/drop_queue.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const sc_drop_t *push(sc_drop_queue_t *queue, const char *channel)
{
    return sc_drop_queue_push(queue, sc_str_from(channel), SC_STR("alice"), SC_STR("\"alice\""));
}

static void drops_are_numbered_from_one_and_copied(void **state)
{
    char channel[] = "room";
    sc_drop_queue_t queue;
    const sc_drop_t *drop;

    (void)state;
    sc_drop_queue_init(&queue);
    drop = push(&queue, channel);
    channel[0] = 'x';
    assert_int_equal(drop->number, 1);
    assert_true(sc_str_equal(drop->channel, SC_STR("room")));
    assert_true(sc_str_equal(drop->name, SC_STR("alice")));
    assert_true(sc_str_equal(drop->json, SC_STR("\"alice\"")));
    assert_int_equal(push(&queue, "")->number, 2);
    assert_int_equal(queue.last_number, 2);
    sc_drop_queue_deinit(&queue);
}

static void a_confirmation_forgets_all_drops_up_to_its_number(void **state)
{
    sc_drop_queue_t queue;

    (void)state;
    sc_drop_queue_init(&queue);
    (void)push(&queue, "a");
    (void)push(&queue, "b");
    (void)push(&queue, "c");
    sc_drop_queue_confirm(&queue, 0);
    assert_int_equal(TAILQ_FIRST(&queue.drops)->number, 1);
    sc_drop_queue_confirm(&queue, 2);
    assert_int_equal(TAILQ_FIRST(&queue.drops)->number, 3);
    sc_drop_queue_confirm(&queue, 1);
    assert_int_equal(TAILQ_FIRST(&queue.drops)->number, 3);
    sc_drop_queue_confirm(&queue, 99);
    assert_true(TAILQ_EMPTY(&queue.drops));
    assert_int_equal(queue.bytes, 0);
    assert_int_equal(push(&queue, "d")->number, 4);
    sc_drop_queue_deinit(&queue);
}

static void beyond_the_limit_the_oldest_are_forgotten(void **state)
{
    static char channel[SC_CHANNEL_BYTES_MAX];
    sc_drop_queue_t queue;
    int i;

    (void)state;
    sc_drop_queue_init(&queue);
    for (i = 0; i < 3000; i++) {
        const sc_drop_t *drop =
            sc_drop_queue_push(&queue, sc_str(channel, sizeof(channel)), SC_STR("a"), SC_STR("1"));

        assert_true(queue.bytes <= SC_DROP_QUEUE_BYTES_MAX);
        assert_ptr_equal(drop, TAILQ_LAST(&queue.drops, sc_drop_list));
    }
    assert_true(queue.forgotten_count > 0);
    assert_int_equal(TAILQ_FIRST(&queue.drops)->number, queue.forgotten_count + 1);
    sc_drop_queue_deinit(&queue);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(drops_are_numbered_from_one_and_copied),
        cmocka_unit_test(a_confirmation_forgets_all_drops_up_to_its_number),
        cmocka_unit_test(beyond_the_limit_the_oldest_are_forgotten),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
