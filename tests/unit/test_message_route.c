/*
 * test_message_route.c: two workers, a broker and the master in one loop, with real control links: messages between their plugins,
 * and what their senders are told when a process ends.
 */
#include "master/message_route.h"

#include "common/alloc.h"
#include "common/log.h"
#include "common/str.h"
#include "tests/unit/loop_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define PROCESSES 3 /* worker 0, worker 1, broker 0 */
#define PATIENCE_MS 10000u

/* Not run: children are links only. */
int sc_worker_main(const sc_child_setup_t *setup)
{
    return (int)setup->id;
}

int sc_broker_main(const sc_child_setup_t *setup)
{
    return (int)setup->id;
}

/* One process: the master's view of it, and its own end. */
typedef struct process {
    sc_child_t child;
    sc_control_t *control; /* its end of the link */
    sc_messenger_t messenger;
} process_t;

static struct {
    sc_loop_t loop;
    sc_message_routes_t routes;
    sc_messenger_t master;
    sc_child_t workers[2];
    sc_child_t brokers[1];
    process_t processes[PROCESSES];
    sc_message_t *kept[SC_MESSAGES_MAX + 1]; /* by the handler keep */
    uint32_t kept_count;
    sc_text_t heard; /* "worker 0: 1\n" */
    uint32_t heard_count;
    sc_text_t answers; /* "SC_OK 1 -\n" */
    uint32_t answer_count;
    uint32_t wanted_count;
    bool is_enough;
} fixture;

static sc_child_t *child_of(int process)
{
    return process < 2 ? &fixture.workers[process] : &fixture.brokers[0];
}

/* ---- The processes' ends ------------------------------------------------------------------------------------- */

static void note_progress(void)
{
    fixture.is_enough = fixture.heard_count + fixture.answer_count >= fixture.wanted_count;
}

static void on_child_end(sc_control_t *control, const char *type, const json_t *message, void *arg)
{
    (void)control;
    assert_true(sc_messenger_take(arg, type, message));
}

static void on_master_end(sc_control_t *control, const char *type, const json_t *message, void *arg)
{
    (void)control;
    if (strcmp(type, "message") == 0)
        (void)sc_message_routes_send(&fixture.routes, arg, message);
    else
        sc_message_routes_answer(&fixture.routes, arg, message);
}

static void on_closed(sc_control_t *control, void *arg)
{
    (void)control;
    (void)arg;
}

static sc_status_t transmit(json_t *message, bool must_go, void *arg)
{
    sc_status_t status = SC_OK;

    (void)must_go;
    (void)arg;
    if (strcmp(json_string_value(json_object_get(message, "type")), "message") == 0)
        status = sc_message_routes_send(&fixture.routes, NULL, message);
    else
        sc_message_routes_answer(&fixture.routes, NULL, message);
    json_decref(message);
    return status;
}

static void open_process(int i)
{
    process_t *process = &fixture.processes[i];
    sc_child_family_t family = {.loop = &fixture.loop};
    int fds[2];

    sc_child_init(child_of(i), &family, i < 2 ? SC_CHILD_WORKER : SC_CHILD_BROKER,
                  (uint32_t)(i < 2 ? i : 0), -1);
    assert_int_equal(sc_control_pair(fds), SC_OK);
    child_of(i)->control =
        sc_control_open(&fixture.loop, fds[0], on_master_end, on_closed, child_of(i));
    child_of(i)->state = SC_CHILD_SERVING;
    process->control =
        sc_control_open(&fixture.loop, fds[1], on_child_end, on_closed, &process->messenger);
    sc_messenger_init_linked(&process->messenger, &fixture.loop, PATIENCE_MS, &process->control);
}

/* The process ends; what it has not read is lost. */
static void end_process(int i)
{
    process_t *process = &fixture.processes[i];
    sc_child_t *child = child_of(i);

    sc_messenger_deinit(&process->messenger);
    sc_control_close(process->control);
    process->control = NULL;
    sc_control_close(child->control);
    child->control = NULL;
    child->state = SC_CHILD_DOWN;
    sc_message_routes_on_exit(&fixture.routes, child);
}

static int set_up(void **state)
{
    (void)state;
    memset(&fixture, 0, sizeof(fixture));
    sc_log_init("test", SC_LOG_ERROR, SC_LOG_TEXT);
    if (sc_loop_init(&fixture.loop) != SC_OK)
        return -1;
    sc_messenger_init(&fixture.master, &fixture.loop, PATIENCE_MS, transmit, NULL);
    sc_message_routes_init(&fixture.routes, &fixture.loop, &fixture.master);
    fixture.routes.workers = fixture.workers;
    fixture.routes.worker_count = 2;
    fixture.routes.brokers = fixture.brokers;
    fixture.routes.broker_count = 1;
    for (int i = 0; i < PROCESSES; i++)
        open_process(i);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    for (int i = 0; i < PROCESSES; i++) {
        if (fixture.processes[i].control != NULL)
            end_process(i);
    }
    assert_int_equal(fixture.routes.by_id.count, 0);
    assert_int_equal(fixture.routes.master_owes, 0);
    sc_message_routes_deinit(&fixture.routes);
    sc_messenger_deinit(&fixture.master);
    sc_loop_deinit(&fixture.loop);
    sc_text_free(&fixture.heard);
    sc_text_free(&fixture.answers);
    return 0;
}

/* ---- What plugins do ------------------------------------------------------------------------------------------ */

static void hear(const sc_message_t *message)
{
    sc_process_t from = sc_message_from(message);
    sc_str_t data = sc_message_data(message);

    sc_text_addf(&fixture.heard, "%s %u: %.*s\n", sc_process_kind_name(from.kind), from.id,
                 SC_STR_ARG(sc_str_is_none(data) ? SC_STR("-") : data));
    fixture.heard_count++;
    note_progress();
}

static void echo(sc_message_t *message, void *arg)
{
    (void)arg;
    hear(message);
    sc_message_answer(message, sc_message_data(message));
}

static void refuse(sc_message_t *message, void *arg)
{
    (void)arg;
    hear(message);
    sc_message_fail(message, SC_STR("{\"message\":\"no\"}"));
}

static void keep(sc_message_t *message, void *arg)
{
    (void)arg;
    hear(message);
    fixture.kept[fixture.kept_count++] = message;
}

static void on_answer(sc_status_t status, sc_str_t data, sc_str_t error, void *arg)
{
    (void)arg;
    sc_text_addf(&fixture.answers, "%s %.*s %.*s\n", sc_status_name(status),
                 SC_STR_ARG(sc_str_is_none(data) ? SC_STR("-") : data),
                 SC_STR_ARG(sc_str_is_none(error) ? SC_STR("-") : error));
    fixture.answer_count++;
    note_progress();
}

static sc_messenger_t *messenger_of(int process)
{
    return process < 0 ? &fixture.master : &fixture.processes[process].messenger;
}

static void handle(int process, sc_message_handler_cb callback)
{
    assert_int_equal(sc_messenger_on(messenger_of(process), "p", callback, NULL), SC_OK);
}

static sc_status_t ask(int process, sc_process_kind_t kind, uint32_t id, const char *data,
                       uint32_t timeout_ms)
{
    return sc_messenger_send(messenger_of(process), sc_process(kind, id), "p", sc_str_from(data),
                             on_answer, NULL, timeout_ms);
}

static sc_status_t tell(int process, sc_process_kind_t kind, uint32_t id, const char *data)
{
    return sc_messenger_send(messenger_of(process), sc_process(kind, id), "p", sc_str_from(data),
                             NULL, NULL, 0);
}

/* Turns until so many messages and answers in all have come. */
static void await(uint32_t count)
{
    fixture.wanted_count = count;
    note_progress();
    assert_true(turn_until(&fixture.loop, &fixture.is_enough, PATIENCE_MS));
}

static void assert_heard(const char *expected)
{
    sc_text_add(&fixture.heard, sc_str("", 1));
    assert_string_equal(fixture.heard.ptr, expected);
    sc_text_clear(&fixture.heard);
}

static void assert_answers(const char *expected)
{
    sc_text_add(&fixture.answers, sc_str("", 1));
    assert_string_equal(fixture.answers.ptr, expected);
    sc_text_clear(&fixture.answers);
}

/* ---- Tests ----------------------------------------------------------------------------------------------------- */

static void a_message_reaches_the_process_that_it_names_and_its_answer_the_sender(void **state)
{
    (void)state;
    handle(-1, echo);
    handle(1, echo);
    handle(2, echo);
    assert_int_equal(ask(0, SC_PROCESS_WORKER, 1, "1", 0), SC_OK);
    await(2);
    assert_int_equal(ask(0, SC_PROCESS_BROKER, 0, "2", 0), SC_OK);
    await(4);
    assert_int_equal(ask(2, SC_PROCESS_MASTER, 0, "3", 0), SC_OK);
    await(6);
    assert_int_equal(ask(-1, SC_PROCESS_WORKER, 1, NULL, 0), SC_OK);
    await(8);
    assert_int_equal(ask(1, SC_PROCESS_WORKER, 1, "\"me\"", 0), SC_OK);
    await(10);
    assert_heard("worker 0: 1\nworker 0: 2\nbroker 0: 3\nmaster 0: -\nworker 1: \"me\"\n");
    assert_answers("SC_OK 1 -\nSC_OK 2 -\nSC_OK 3 -\nSC_OK - -\nSC_OK \"me\" -\n");
}

static void data_arrives_byte_for_byte(void **state)
{
    (void)state;
    handle(1, echo);
    assert_int_equal(
        ask(0, SC_PROCESS_WORKER, 1, "{ \"a\":1.50, \"a\":12345678901234567890123 }", 0), SC_OK);
    await(2);
    assert_answers("SC_OK { \"a\":1.50, \"a\":12345678901234567890123 } -\n");
}

static void a_message_to_all_reaches_each_that_is_there_and_wants_no_answer(void **state)
{
    (void)state;
    for (int i = 0; i < PROCESSES; i++)
        handle(i, echo);
    assert_int_equal(tell(0, SC_PROCESS_ALL_WORKERS, 0, "7"), SC_OK);
    await(2);
    assert_heard("worker 0: 7\nworker 0: 7\n");
    end_process(1);
    assert_int_equal(tell(-1, SC_PROCESS_ALL_WORKERS, 0, "8"), SC_OK);
    assert_int_equal(tell(-1, SC_PROCESS_ALL_BROKERS, 0, "9"), SC_OK);
    await(4);
    turn_for(&fixture.loop, 20);
    assert_int_equal(fixture.heard_count, 4);
    assert_int_equal(ask(0, SC_PROCESS_ALL_WORKERS, 0, "1", 0), SC_ERR_INVALID);
}

static void an_error_is_no_data(void **state)
{
    (void)state;
    handle(1, refuse);
    assert_int_equal(ask(0, SC_PROCESS_WORKER, 1, "1", 0), SC_OK);
    await(2);
    assert_answers("SC_OK - {\"message\":\"no\"}\n");
}

static void who_asks_a_plugin_that_is_not_there_is_told_so(void **state)
{
    (void)state;
    assert_int_equal(ask(0, SC_PROCESS_WORKER, 1, "1", 0), SC_OK);
    assert_int_equal(ask(0, SC_PROCESS_MASTER, 0, "1", 0), SC_OK);
    await(2);
    assert_answers("SC_ERR_NOT_FOUND - -\nSC_ERR_NOT_FOUND - -\n");
}

static void who_asks_a_process_that_is_not_there_is_told_so(void **state)
{
    (void)state;
    end_process(1);
    assert_int_equal(ask(0, SC_PROCESS_WORKER, 1, "1", 0), SC_OK);
    assert_int_equal(ask(0, SC_PROCESS_WORKER, 99, "1", 0), SC_OK);
    assert_int_equal(ask(0, SC_PROCESS_BROKER, UINT32_MAX, "1", 0), SC_OK);
    await(3);
    assert_answers("SC_ERR_STATE - -\nSC_ERR_STATE - -\nSC_ERR_STATE - -\n");
    assert_int_equal(ask(-1, SC_PROCESS_WORKER, 1, "1", 0), SC_ERR_STATE);
    assert_int_equal(ask(-1, SC_PROCESS_MASTER, 0, "1", 0), SC_ERR_INVALID);
    assert_int_equal(fixture.master.waiting.count, 0);
}

static void a_process_that_ends_owing_answers_has_them_answered_at_once(void **state)
{
    (void)state;
    handle(1, keep);
    handle(0, echo);
    assert_int_equal(ask(0, SC_PROCESS_WORKER, 1, "1", 0), SC_OK);
    assert_int_equal(ask(-1, SC_PROCESS_WORKER, 1, "2", 0), SC_OK);
    assert_int_equal(ask(1, SC_PROCESS_WORKER, 0, "3", 0),
                     SC_OK); /* its own question goes with it */
    await(4);
    end_process(1);
    await(6);
    assert_answers("SC_OK 3 -\nSC_ERR_STATE - -\nSC_ERR_STATE - -\n");
    assert_int_equal(fixture.routes.by_id.count, 0);
    assert_int_equal(fixture.workers[1].owed_answers, 0);
}

static void the_successor_of_a_process_can_t_answer_for_it(void **state)
{
    json_t *forged;

    (void)state;
    handle(1, keep);
    assert_int_equal(ask(0, SC_PROCESS_WORKER, 1, "1", 0), SC_OK);
    await(1);
    forged = json_pack("{s:s,s:I,s:i,s:s}", "type", "messageAnswer", "id",
                       (json_int_t)fixture.routes.next_id, "status", SC_OK, "data", "666");
    sc_message_routes_answer(&fixture.routes, &fixture.brokers[0],
                             forged); /* not whom it was for */
    assert_int_equal(fixture.routes.by_id.count, 1);
    end_process(1);
    open_process(1);
    sc_message_routes_answer(&fixture.routes, &fixture.workers[1], forged);
    json_decref(forged);
    await(2);
    turn_for(&fixture.loop, 20);
    assert_answers("SC_ERR_STATE - -\n");
}

static void an_answer_counts_once_and_after_its_timeout_no_more(void **state)
{
    json_t *again;

    (void)state;
    handle(1, keep);
    assert_int_equal(ask(0, SC_PROCESS_WORKER, 1, "1", 30), SC_OK);
    await(2);
    assert_answers("SC_ERR_TIMEOUT - -\n");
    sc_message_answer(fixture.kept[0], SC_STR("1"));
    turn_for(&fixture.loop, 20);
    assert_int_equal(fixture.answer_count, 1);

    assert_int_equal(ask(0, SC_PROCESS_WORKER, 1, "2", 0), SC_OK);
    await(3);
    again = json_pack("{s:s,s:I,s:i}", "type", "messageAnswer", "id",
                      (json_int_t)fixture.routes.next_id, "status", SC_OK);
    sc_message_answer(fixture.kept[1], SC_STR("2"));
    await(4);
    sc_message_routes_answer(&fixture.routes, &fixture.workers[1], again);
    json_decref(again);
    turn_for(&fixture.loop, 20);
    assert_answers("SC_OK 2 -\n");
}

static void a_route_that_nobody_waits_for_is_forgotten(void **state)
{
    (void)state;
    handle(1, keep);
    assert_int_equal(ask(0, SC_PROCESS_WORKER, 1, "1", 1), SC_OK);
    await(2);
    sc_message_drop(fixture.kept[0]);
    for (int i = 0; i < 100 && fixture.routes.by_id.count > 0; i++)
        turn_for(&fixture.loop, 100);
    assert_int_equal(fixture.routes.by_id.count, 0);
    assert_int_equal(fixture.workers[1].owed_answers, 0);
}

static void what_waits_has_limits(void **state)
{
    (void)state;
    handle(1, keep);
    for (uint32_t i = 0; i < SC_MESSAGES_MAX; i++)
        assert_int_equal(ask(0, SC_PROCESS_WORKER, 1, "1", 0), SC_OK);
    assert_int_equal(ask(0, SC_PROCESS_WORKER, 1, "1", 0), SC_ERR_LIMIT);
    await(SC_MESSAGES_MAX);
    sc_text_clear(&fixture.heard);
    /* Another asks: the receiver owes as much as it may. */
    assert_int_equal(ask(2, SC_PROCESS_WORKER, 1, "2", 0), SC_OK);
    await(SC_MESSAGES_MAX + 1);
    assert_answers("SC_ERR_LIMIT - -\n");
    for (uint32_t i = 0; i < SC_MESSAGES_MAX; i++)
        sc_message_answer(fixture.kept[i], sc_str_none());
    await(2 * SC_MESSAGES_MAX + 1);
    assert_int_equal(fixture.processes[0].messenger.waiting.count, 0);
    assert_int_equal(ask(0, SC_PROCESS_WORKER, 1, "1", 0), SC_OK);
    await(2 * SC_MESSAGES_MAX + 2);
    sc_message_drop(fixture.kept[SC_MESSAGES_MAX]);
}

static void messages_that_are_never_ended_do_not_pile_up(void **state)
{
    (void)state;
    handle(1, keep);
    for (uint32_t i = 0; i < SC_MESSAGES_MAX + 10; i++)
        assert_int_equal(tell(0, SC_PROCESS_WORKER, 1, "1"), SC_OK);
    assert_int_equal(ask(0, SC_PROCESS_WORKER, 1, "2", 0), SC_OK);
    await(SC_MESSAGES_MAX + 1);
    assert_int_equal(fixture.kept_count, SC_MESSAGES_MAX);
    assert_answers("SC_ERR_LIMIT - -\n");
    sc_message_drop(fixture.kept[0]);
    assert_int_equal(tell(0, SC_PROCESS_WORKER, 1, "3"), SC_OK);
    await(SC_MESSAGES_MAX + 2);
}

static void what_is_too_long_or_no_text_is_refused(void **state)
{
    char *long_text = malloc(SC_MESSAGE_BYTES_MAX + 1);

    (void)state;
    assert_non_null(long_text);
    memset(long_text, '1', SC_MESSAGE_BYTES_MAX + 1);
    handle(1, echo);
    assert_int_equal(sc_messenger_send(messenger_of(0), sc_process(SC_PROCESS_WORKER, 1), "p",
                                       sc_str(long_text, SC_MESSAGE_BYTES_MAX + 1), on_answer, NULL,
                                       0),
                     SC_ERR_LIMIT);
    assert_int_equal(sc_messenger_send(messenger_of(0), sc_process(SC_PROCESS_WORKER, 1), "p",
                                       sc_str(long_text, SC_MESSAGE_BYTES_MAX), on_answer, NULL, 0),
                     SC_OK);
    await(2);
    assert_int_equal(fixture.answers.len, SC_MESSAGE_BYTES_MAX + strlen("SC_OK  -\n"));
    assert_int_equal(ask(0, SC_PROCESS_WORKER, 1, "\"\xff\"", 0), SC_ERR_INVALID);
    assert_int_equal(ask(0, SC_PROCESS_KINDS, 1, "1", 0), SC_ERR_INVALID);
    assert_int_equal(sc_messenger_send(messenger_of(0), sc_process(SC_PROCESS_WORKER, 1), "",
                                       sc_str_none(), NULL, NULL, 0),
                     SC_ERR_INVALID);
    assert_int_equal(fixture.processes[0].messenger.waiting.count, 0);
    free(long_text);
}

static void an_answer_that_can_t_go_is_replaced_by_the_reason(void **state)
{
    char *long_text = malloc(SC_MESSAGE_BYTES_MAX + 1);

    (void)state;
    assert_non_null(long_text);
    memset(long_text, '1', SC_MESSAGE_BYTES_MAX + 1);
    handle(1, keep);
    assert_int_equal(ask(0, SC_PROCESS_WORKER, 1, "1", 0), SC_OK);
    assert_int_equal(ask(0, SC_PROCESS_WORKER, 1, "2", 0), SC_OK);
    await(2);
    sc_message_answer(fixture.kept[0], sc_str(long_text, SC_MESSAGE_BYTES_MAX + 1));
    sc_message_answer(fixture.kept[1], SC_STR("\"\xff\""));
    await(4);
    assert_answers("SC_ERR_LIMIT - -\nSC_ERR_INVALID - -\n");
    free(long_text);
}

/* Sends until it is refused. Returns how many were taken. */
static uint32_t flood(int process, sc_str_t data)
{
    uint32_t count = 0;

    while (count < 1000 &&
           sc_messenger_send(messenger_of(process), sc_process(SC_PROCESS_WORKER, 1), "p", data,
                             NULL, NULL, 0) == SC_OK)
        count++;
    return count;
}

static void who_floods_is_refused_before_the_link_breaks(void **state)
{
    size_t len = SC_MESSAGE_BYTES_MAX;
    char *text = malloc(len);
    uint32_t count;

    (void)state;
    assert_non_null(text);
    memset(text, '1', len);
    handle(1, echo);
    count = flood(0, sc_str(text, len));
    assert_in_range(count, 8, 12);
    await(count);
    assert_int_equal(ask(0, SC_PROCESS_WORKER, 1, "1", 0), SC_OK);
    await(count + 2);
    assert_in_range(flood(-1, sc_str(text, len)), 8, 12);
    free(text);
}

static void one_handler_per_plugin(void **state)
{
    (void)state;
    handle(0, echo);
    assert_int_equal(sc_messenger_on(messenger_of(0), "p", echo, NULL), SC_ERR_STATE);
    assert_int_equal(sc_messenger_on(messenger_of(0), "", echo, NULL), SC_ERR_INVALID);
    assert_int_equal(sc_messenger_on(messenger_of(0), "q", NULL, NULL), SC_ERR_INVALID);
    assert_int_equal(sc_messenger_on(messenger_of(0), "q", echo, NULL), SC_OK);
}

static void without_a_master_nothing_is_sent(void **state)
{
    sc_messenger_t lonely;
    sc_control_t *none = NULL;

    (void)state;
    sc_messenger_init_linked(&lonely, &fixture.loop, PATIENCE_MS, &none);
    assert_int_equal(sc_messenger_send(&lonely, sc_process(SC_PROCESS_MASTER, 0), "p",
                                       sc_str_none(), on_answer, NULL, 0),
                     SC_ERR_STATE);
    sc_messenger_deinit(&lonely);
}

static void ten_thousand_messages_arrive_in_their_order_and_leave_nothing(void **state)
{
    uint32_t next = 0;

    (void)state;
    handle(1, echo);
    for (uint32_t i = 0; i < 10000; i++) {
        char number[16];

        snprintf(number, sizeof(number), "%u", i);
        assert_int_equal(tell(0, SC_PROCESS_WORKER, 1, number), SC_OK);
    }
    await(10000);
    for (const char *line = fixture.heard.ptr; next < 10000; line = strchr(line, '\n') + 1)
        assert_int_equal(strtoul(line + strlen("worker 0: "), NULL, 10), next++);
    assert_int_equal(fixture.routes.by_id.count, 0);
    assert_true(sc_list_is_empty(&fixture.processes[1].messenger.open));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_message_reaches_the_process_that_it_names_and_its_answer_the_sender),
        TEST(data_arrives_byte_for_byte),
        TEST(a_message_to_all_reaches_each_that_is_there_and_wants_no_answer),
        TEST(an_error_is_no_data),
        TEST(who_asks_a_plugin_that_is_not_there_is_told_so),
        TEST(who_asks_a_process_that_is_not_there_is_told_so),
        TEST(a_process_that_ends_owing_answers_has_them_answered_at_once),
        TEST(the_successor_of_a_process_can_t_answer_for_it),
        TEST(an_answer_counts_once_and_after_its_timeout_no_more),
        TEST(a_route_that_nobody_waits_for_is_forgotten),
        TEST(what_waits_has_limits),
        TEST(messages_that_are_never_ended_do_not_pile_up),
        TEST(what_is_too_long_or_no_text_is_refused),
        TEST(an_answer_that_can_t_go_is_replaced_by_the_reason),
        TEST(who_floods_is_refused_before_the_link_breaks),
        TEST(one_handler_per_plugin),
        TEST(without_a_master_nothing_is_sent),
        TEST(ten_thousand_messages_arrive_in_their_order_and_leave_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
