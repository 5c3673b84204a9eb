/*
 * courier.h: a plugin with a half in every kind of process, that lets tests send messages between them (sc/message.h). All halves
 * do the same with a message, by its data's member "do":
 *
 *   echo    answered with the message's own data
 *   fail    answered with the error {"message":"as told"}
 *   keep    never ended, until the process ends
 *   from    answered with who sent it: "worker 1"
 *   count   counted; its member "n" must be the number counted so far
 *   counted answered with {"count":N,"inOrder":true}
 *   long    answered with too much
 *   events, replace, option: the master's half only
 */
#ifndef COURIER_H
#define COURIER_H

#include <sc/sc.h>

#define COURIER "courier"
#define COURIER_KEPT_MAX 64u

typedef struct courier {
    sc_messenger_t *messenger;
    sc_message_t *kept[COURIER_KEPT_MAX];
    uint32_t kept_count;
    long long count;
    bool is_in_order;
} courier_t;

SC_MUST_CHECK sc_status_t courier_open(courier_t *courier, sc_messenger_t *messenger,
                                       sc_message_handler_cb callback, void *arg);
void courier_close(courier_t *courier);
/** Does what `message` says, and ends it. */
void courier_handle(courier_t *courier, sc_message_t *message);
/** A member of JSON that is a number; `fallback` if it is not there. */
long long courier_number(sc_str_t json, const char *name, long long fallback);
/** Whether a member of JSON is that string. */
bool courier_is(sc_str_t json, const char *name, const char *text);

#endif
