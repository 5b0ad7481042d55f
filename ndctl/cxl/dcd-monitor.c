// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Dynamic capacity in "cxl monitor": make readable what a trace event can only
 * carry as numbers.
 */
#include <stdio.h>
#include <string.h>
#include <stdbool.h>
#include <uuid/uuid.h>
#include <util/dcd-json.h>
#include <json-c/json.h>
#include <ccan/array_size/array_size.h>

#include "dcd-monitor.h"

/* CXL r3.2 Table 8-62, Event Type */
static const char *const event_types[] = {
	"add capacity",
	"release capacity",
	"forced release",
	"region configuration updated",
	"add capacity response",
	"capacity released",
};

static bool dcd_array_to_uuid(struct json_object *jarray, uuid_t tag)
{
	size_t i;

	if (!json_object_is_type(jarray, json_type_array) ||
	    json_object_array_length(jarray) != sizeof(uuid_t))
		return false;
	for (i = 0; i < sizeof(uuid_t); i++)
		tag[i] = json_object_get_int(
			json_object_array_get_idx(jarray, i));
	return true;
}

/**
 * dcd_event_json - finish the object of a trace event
 * @jevent: any event; one of dynamic capacity gets its type ("event_type") as
 *          text, and its tag ("uuid") in place of 16 numbers
 */
void dcd_event_json(struct json_object *jevent)
{
	struct json_object *jobj;
	uuid_t tag;

	if (!json_object_object_get_ex(jevent, "event", &jobj) ||
	    strcmp(json_object_get_string(jobj), DCD_TRACE_EVENT) != 0)
		return;

	if (json_object_object_get_ex(jevent, "event_type", &jobj)) {
		int64_t type = json_object_get_int64(jobj);

		if (type >= 0 && type < (int64_t)ARRAY_SIZE(event_types))
			json_object_object_add(
				jevent, "event_type",
				json_object_new_string(event_types[type]));
	}
	if (json_object_object_get_ex(jevent, "uuid", &jobj) &&
	    dcd_array_to_uuid(jobj, tag))
		dcd_add_tag_json(jevent, tag);
}
