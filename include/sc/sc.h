/*
 * sc.h: the whole plugin interface.
 */
#ifndef SC_SC_H
#define SC_SC_H

#include <sc/broker.h>
#include <sc/exchange.h>
#include <sc/http.h>
#include <sc/json.h>
#include <sc/master.h>
#include <sc/message.h>
#include <sc/plugin.h>
#include <sc/socket.h>
#include <sc/types.h>
#include <sc/worker.h>

#endif
