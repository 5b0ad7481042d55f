/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who reads the stream of events: they are subscriptions, too */
#ifndef FMD_REDFISH_LISTENER_H
#define FMD_REDFISH_LISTENER_H

#include <stdbool.h>
#include <glib.h>

/* Their ids begin so, and no other's do. */
#define REDFISH_LISTENER_ID "SSE-"

typedef struct RedfishListeners RedfishListeners;

RedfishListeners *redfish_listeners_new(void);
/* When there are none any more. NULL allowed */
void redfish_listeners_free(RedfishListeners *listeners);
/* One more; its id, for g_free() */
char *redfish_listener_begin(RedfishListeners *listeners);
/* It has gone. */
void redfish_listener_gone(RedfishListeners *listeners, const char *id);
/* It shall go: false from now on. */
bool redfish_listener_is_welcome(RedfishListeners *listeners, const char *id);
/* False: there is none of that id. */
bool redfish_listener_end(RedfishListeners *listeners, const char *id);
/* Ids, for g_ptr_array_unref() */
GPtrArray *redfish_listener_list(RedfishListeners *listeners);

#endif /* FMD_REDFISH_LISTENER_H */
