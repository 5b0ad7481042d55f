/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One event on its way to one destination
 *
 * @wish has the members of an EventDestination that its client sent.
 */
#ifndef FMD_REDFISH_SEND_H
#define FMD_REDFISH_SEND_H

#include <stdbool.h>
#include <json-c/json.h>

/* Before threads that send, and after them */
void redfish_send_begin(void);
void redfish_send_end(void);
/* Whether a record of Events is what was asked for */
bool redfish_wants(struct json_object *wish, struct json_object *record);
/*
 * True: it was taken. Waits some seconds at most, and not when *ended becomes
 * true.
 */
bool redfish_send(struct json_object *wish, struct json_object *event,
                  const bool *ended);

#endif /* FMD_REDFISH_SEND_H */
