/*
 * presence.h: the plugin's name and version, which both halves give to the server.
 */
#ifndef SC_PRESENCE_H
#define SC_PRESENCE_H

#define SC_PRESENCE_PLUGIN "stateless_presence"
#define SC_PRESENCE_VERSION "1.0.0"

#endif
