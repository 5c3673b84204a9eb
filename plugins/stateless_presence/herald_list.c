/*
 * herald_list.c: see herald_list.h.
 */
#include "herald_list.h"

#include "presence_channel.h"

#include <sc/exchange.h>

/* A packet is full with this many bytes of names and data. */
#define PART_BYTES (32u * 1024)

void sc_herald_deliver(sc_herald_t *herald, const sc_copy_t *copy, sc_str_t packet,
                       const sc_herald_group_t *to)
{
    char place[SC_CHANNEL_BYTES_MAX];
    sc_str_t channel = sc_presence_channel_of(copy->name, place);
    sc_status_t status = to == NULL ? sc_exchange_deliver(herald->worker, channel, packet)
                                    : sc_exchange_deliver_to(herald->worker, channel, packet,
                                                             to->sockets, to->count);

    if (status != SC_OK)
        sc_log(SC_LOG_WARN, "presence packet not delivered: %s", sc_status_name(status));
}

static void send_part(sc_herald_list_t *list, bool is_last)
{
    sc_text_t packet = {0};

    if (list->is_roster_packet)
        sc_presence_packet_roster(&packet, list->part, is_last, list->timeout_ms, &list->names);
    else
        sc_presence_packet_ping(&packet, list->timeout_ms, &list->names);
    list->part++;
    sc_herald_deliver(list->herald, list->copy, sc_text_str(&packet), list->to);
    sc_text_free(&packet);
    sc_presence_names_clear(&list->names);
}

void sc_herald_list_add(sc_herald_list_t *list, const sc_member_t *member)
{
    sc_presence_names_add(&list->names, member->name,
                          list->is_roster_packet ? member->json : sc_str_none(),
                          list->has_data ? member->data : sc_str_none());
    if (sc_presence_names_bytes(&list->names) >= PART_BYTES)
        send_part(list, false);
}

void sc_herald_list_end(sc_herald_list_t *list)
{
    if (list->is_roster_packet || list->names.users.len > 0)
        send_part(list, true);
    sc_presence_names_free(&list->names);
}
