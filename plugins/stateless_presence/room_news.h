/*
 * room_news.h: what a broker tells workers of a room (presence_note.h).
 */
#ifndef SC_ROOM_NEWS_H
#define SC_ROOM_NEWS_H

#include "presence_note.h"
#include "room.h"

#include <sc/broker.h>

/** Tells all watchers; the note's channel is set here. */
void sc_room_news_tell(sc_broker_t *broker, const sc_room_t *room, sc_presence_note_t note);
/** Sends one worker the list of who is there. */
void sc_room_news_list(sc_broker_t *broker, const sc_room_t *room, uint32_t worker);
/** Tells a worker that nothing more comes. */
void sc_room_news_end(sc_broker_t *broker, const sc_room_t *room, uint32_t worker);

#endif
