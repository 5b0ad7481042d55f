/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Subscriptions: events are sent to who asked for them
 *
 * Each has a thread of its own, so that a destination that is slow or dead
 * holds up no other. They are kept in a file over restarts.
 */
#ifndef FMD_REDFISH_PUSH_H
#define FMD_REDFISH_PUSH_H

#include "redfish-event.h"

typedef struct RedfishPush RedfishPush;

/* With those of the last life. NULL with @error. */
RedfishPush *redfish_push_start(struct fmd *fmd, GError **error);
/* NULL allowed */
void redfish_push_stop(RedfishPush *push);
void redfish_push_wake(RedfishPush *push);
RedfishPlaces *redfish_push_places(RedfishPush *push);

/* redfish-subscription.c */
struct json_object *redfish_event_service(RedfishView *view, char *const *part);
struct json_object *redfish_subscriptions(RedfishView *view, char *const *part);
struct json_object *redfish_subscription(RedfishView *view, char *const *part);
void redfish_subscription_post(HttpRequest *request);
void redfish_subscription_delete(HttpRequest *request);
void redfish_subscription_patch(HttpRequest *request);
/* redfish-sse.c */
void redfish_sse(HttpRequest *request);

/* --- Inside --- */

#define REDFISH_PUSH_MAX      16  /* subscriptions */
#define REDFISH_PUSH_ID       65  /* with the NUL */
#define REDFISH_PUSH_ATTEMPTS 3
#define REDFISH_PUSH_INTERVAL 5   /* seconds between them */

/* A word that may be the id of a subscription */
bool redfish_push_id_is_good(const char *id);
/*
 * @wish is what stands in the file: the members of an EventDestination that its
 * client sent, checked. *ret_id is its "Id", or one that is made; false: there
 * are too many, or one of that Id, or (with @error) they cannot be kept.
 */
bool redfish_push_add(RedfishPush *push, struct json_object *wish,
                      char ret_id[REDFISH_PUSH_ID], GError **error);
/*
 * Members of @change take the place of those of @id. False: it is not there, or
 * (with @error) that cannot be kept: then it is as it was.
 */
bool redfish_push_change(RedfishPush *push, const char *id,
                         struct json_object *change, GError **error);
/* The same */
bool redfish_push_remove(RedfishPush *push, const char *id, GError **error);
/* UUIDs, for g_ptr_array_unref() */
GPtrArray *redfish_push_list(RedfishPush *push);
/* What it was made of; NULL. *ret_suspended: it was given up. */
struct json_object *redfish_push_get(RedfishPush *push, const char *id,
                                     bool *ret_suspended);

#endif /* FMD_REDFISH_PUSH_H */
