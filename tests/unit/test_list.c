#include "common/list.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

typedef struct item {
    int number;
    sc_list_t node;
} item_t;

static void fill(sc_list_t *head, item_t *items, int count)
{
    sc_list_init(head);
    for (int i = 0; i < count; i++) {
        items[i].number = i;
        sc_list_init(&items[i].node);
        sc_list_append(head, &items[i].node);
    }
}

static void nodes_come_out_in_the_order_in_which_they_were_appended(void **state)
{
    item_t items[3];
    sc_list_t head;

    (void)state;
    fill(&head, items, 3);
    for (int i = 0; i < 3; i++)
        assert_ptr_equal(sc_list_entry(sc_list_pop(&head), item_t, node), &items[i]);
    assert_null(sc_list_pop(&head));
    assert_true(sc_list_is_empty(&head));
}

static void a_removed_node_is_in_no_list_and_can_be_removed_again(void **state)
{
    item_t items[3];
    sc_list_t head;

    (void)state;
    fill(&head, items, 3);
    assert_true(sc_list_is_linked(&items[1].node));
    sc_list_remove(&items[1].node);
    sc_list_remove(&items[1].node);
    assert_false(sc_list_is_linked(&items[1].node));
    assert_ptr_equal(sc_list_pop(&head), &items[0].node);
    assert_ptr_equal(sc_list_pop(&head), &items[2].node);
}

static void the_node_at_hand_may_be_removed_while_walking(void **state)
{
    item_t items[4];
    sc_list_t head;
    int sum = 0;

    (void)state;
    fill(&head, items, 4);
    sc_list_each(node, &head)
    {
        sum += sc_list_entry(node, item_t, node)->number;
        sc_list_remove(node);
    }
    assert_int_equal(sum, 0 + 1 + 2 + 3);
    assert_true(sc_list_is_empty(&head));
}

static void moving_all_nodes_keeps_both_orders(void **state)
{
    item_t first[2];
    item_t second[2];
    sc_list_t to;
    sc_list_t from;

    (void)state;
    fill(&to, first, 2);
    fill(&from, second, 2);
    sc_list_move_all(&to, &from);
    assert_true(sc_list_is_empty(&from));
    sc_list_move_all(&to, &from); /* an empty list moves nothing */
    assert_ptr_equal(sc_list_pop(&to), &first[0].node);
    assert_ptr_equal(sc_list_pop(&to), &first[1].node);
    assert_ptr_equal(sc_list_pop(&to), &second[0].node);
    assert_ptr_equal(sc_list_pop(&to), &second[1].node);
    assert_true(sc_list_is_empty(&to));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nodes_come_out_in_the_order_in_which_they_were_appended),
        cmocka_unit_test(a_removed_node_is_in_no_list_and_can_be_removed_again),
        cmocka_unit_test(the_node_at_hand_may_be_removed_while_walking),
        cmocka_unit_test(moving_all_nodes_keeps_both_orders),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
