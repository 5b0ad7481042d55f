/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Events of the daemon as those of Redfish: resources come, change and go
 */
#ifndef FMD_REDFISH_EVENT_H
#define FMD_REDFISH_EVENT_H

#include "redfish-call.h"

/* Where things that have events are, or were, by UUID */
typedef struct RedfishPlaces RedfishPlaces;

RedfishPlaces *redfish_places_new(void);
void redfish_places_free(RedfishPlaces *places);

/*
 * One of Events, without "MemberId"; NULL: it is nothing of Redfish's. By any
 * thread.
 */
struct json_object *redfish_event_record(struct fmd *fmd,
                                         RedfishPlaces *places,
                                         const fmd_event *event);
/* The record that says: some were missed, read what there is anew. */
struct json_object *redfish_event_lost(uint64_t id);
/* Takes over @record. An Event with that one; @context: NULL is "". */
struct json_object *redfish_event_of(uint64_t id, const char *context,
                                     struct json_object *record);
/* One more, which is taken over */
void redfish_event_add(struct json_object *event, struct json_object *record);

#endif /* FMD_REDFISH_EVENT_H */
