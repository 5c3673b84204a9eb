/*
 * test_presence_room.c: what a broker knows of channels: users with their workers, those in grace, and who watches.
 */
#include "plugins/stateless_presence/room.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void a_room_exists_while_it_has_a_guest_or_a_watcher(void **state)
{
    sc_rooms_t rooms;
    sc_room_t *room;
    sc_guest_t *guest;

    (void)state;
    sc_rooms_init(&rooms, 2);
    room = sc_rooms_get(&rooms, SC_STR("room"));
    assert_ptr_equal(sc_rooms_find(&rooms, SC_STR("room")), room);
    guest = sc_room_admit(room, SC_STR("a"), SC_STR("\"a\""));
    (void)sc_room_watch(room, 1);
    sc_rooms_release(&rooms, room);
    assert_ptr_equal(sc_rooms_find(&rooms, SC_STR("room")), room);
    sc_room_dismiss(&rooms, guest);
    sc_rooms_release(&rooms, room);
    assert_ptr_equal(sc_rooms_find(&rooms, SC_STR("room")), room);
    sc_room_unwatch(room, sc_room_find_watcher(room, 1));
    sc_rooms_release(&rooms, room);
    assert_null(sc_rooms_find(&rooms, SC_STR("room")));
    sc_rooms_deinit(&rooms);
}

static void a_worker_holds_a_guest_once_and_its_seats_hang_together(void **state)
{
    sc_rooms_t rooms;
    sc_room_t *room;
    sc_guest_t *a;
    sc_guest_t *b;

    (void)state;
    sc_rooms_init(&rooms, 3);
    room = sc_rooms_get(&rooms, SC_STR("room"));
    a = sc_room_admit(room, SC_STR("a"), SC_STR("\"a\""));
    b = sc_room_admit(room, SC_STR("b"), SC_STR("\"b\""));
    assert_true(sc_room_seat(&rooms, a, 0));
    assert_false(sc_room_seat(&rooms, a, 0));
    assert_true(sc_room_seat(&rooms, a, 2));
    assert_true(sc_room_seat(&rooms, b, 2));
    assert_ptr_equal(LIST_FIRST(&rooms.seats[2])->guest, b);
    assert_false(sc_room_unseat(a, 1));
    assert_true(sc_room_unseat(a, 2));
    assert_false(sc_room_unseat(a, 2));
    assert_false(LIST_EMPTY(&a->seats));
    sc_room_dismiss(&rooms, b);
    assert_true(LIST_EMPTY(&rooms.seats[2]));
    assert_false(LIST_EMPTY(&rooms.seats[0]));
    sc_rooms_deinit(&rooms);
}

static void a_seat_ends_the_grace(void **state)
{
    sc_rooms_t rooms;
    sc_room_t *room;
    sc_guest_t *a;
    sc_guest_t *b;

    (void)state;
    sc_rooms_init(&rooms, 1);
    room = sc_rooms_get(&rooms, SC_STR("room"));
    a = sc_room_admit(room, SC_STR("a"), SC_STR("1"));
    b = sc_room_admit(room, SC_STR("b"), SC_STR("2"));
    sc_room_grant_grace(&rooms, a, 10);
    sc_room_grant_grace(&rooms, b, 20);
    assert_ptr_equal(TAILQ_FIRST(&rooms.grace), a);
    assert_true(sc_room_seat(&rooms, a, 0));
    assert_int_equal(a->gone_ms, 0);
    assert_ptr_equal(TAILQ_FIRST(&rooms.grace), b);
    sc_room_dismiss(&rooms, b);
    assert_true(TAILQ_EMPTY(&rooms.grace));
    sc_rooms_deinit(&rooms);
}

static void trackers_are_counted_over_all_watchers(void **state)
{
    sc_rooms_t rooms;
    sc_room_t *room;

    (void)state;
    sc_rooms_init(&rooms, 2);
    room = sc_rooms_get(&rooms, SC_STR(""));
    assert_null(sc_room_find_watcher(room, 0));
    sc_room_count_trackers(room, sc_room_watch(room, 0), 5);
    sc_room_count_trackers(room, sc_room_watch(room, 1), 7);
    assert_int_equal(room->tracker_count, 12);
    sc_room_count_trackers(room, sc_room_watch(room, 0), 2);
    assert_int_equal(room->tracker_count, 9);
    sc_room_unwatch(room, sc_room_find_watcher(room, 1));
    assert_int_equal(room->tracker_count, 2);
    sc_rooms_deinit(&rooms);
}

static void ten_thousand_rooms_are_no_trouble(void **state)
{
    sc_rooms_t rooms;
    char name[16];
    int i;

    (void)state;
    sc_rooms_init(&rooms, 1);
    for (i = 0; i < 10000; i++) {
        (void)snprintf(name, sizeof(name), "room%d", i);
        (void)sc_room_seat(
            &rooms,
            sc_room_admit(sc_rooms_get(&rooms, sc_str_from(name)), SC_STR("a"), SC_STR("\"a\"")),
            0);
    }
    while (!LIST_EMPTY(&rooms.seats[0])) {
        sc_guest_t *guest = LIST_FIRST(&rooms.seats[0])->guest;
        sc_room_t *room = guest->room;

        sc_room_dismiss(&rooms, guest);
        sc_rooms_release(&rooms, room);
    }
    assert_true(TAILQ_EMPTY(&rooms.list));
    sc_rooms_deinit(&rooms);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_room_exists_while_it_has_a_guest_or_a_watcher),
        cmocka_unit_test(a_worker_holds_a_guest_once_and_its_seats_hang_together),
        cmocka_unit_test(a_seat_ends_the_grace),
        cmocka_unit_test(trackers_are_counted_over_all_watchers),
        cmocka_unit_test(ten_thousand_rooms_are_no_trouble),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
