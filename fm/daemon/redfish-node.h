/* SPDX-License-Identifier: GPL-2.0-or-later */
/* JSON of Redfish: resources, links, collections */
#ifndef FMD_REDFISH_NODE_H
#define FMD_REDFISH_NODE_H

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>
#include <json-c/json.h>

#define REDFISH_ROOT "/redfish/v1"
#define REDFISH_OEM  "CxlDcd"

/*
 * A resource; @type: "Chassis.v1_25_0.Chassis". The rest is its path below
 * REDFISH_ROOT.
 */
struct json_object *node_new(const char *type, const char *id,
                             const char *name, const char *format, ...)
    G_GNUC_PRINTF(4, 5);
/* A collection without members; @type: "ChassisCollection" */
struct json_object *node_collection(const char *type, const char *name,
                                    const char *format, ...)
    G_GNUC_PRINTF(3, 4);
/* One member more */
void node_member(struct json_object *collection, const char *format, ...)
    G_GNUC_PRINTF(2, 3);

void node_text(struct json_object *to, const char *key, const char *text);
/* Only when there is one: what says nothing is left out. */
void node_text_if_any(struct json_object *to, const char *key,
                      const char *text);
void node_number(struct json_object *to, const char *key, uint64_t value);
void node_bool(struct json_object *to, const char *key, bool value);
void node_null(struct json_object *to, const char *key);
/* A new object or array in @to */
struct json_object *node_object(struct json_object *to, const char *key);
struct json_object *node_array(struct json_object *to, const char *key);
/* Texts, up to NULL */
void node_texts(struct json_object *to, const char *key, ...)
    G_GNUC_NULL_TERMINATED;
/* {"@odata.id": path below REDFISH_ROOT} */
void node_link(struct json_object *to, const char *key, const char *format, ...)
    G_GNUC_PRINTF(3, 4);
void node_link_add(struct json_object *array, const char *format, ...)
    G_GNUC_PRINTF(2, 3);
/* @health NULL: none */
void node_status(struct json_object *to, const char *state,
                 const char *health);
/* "Oem" with our object in it, of @type of CxlDcd_v1.xml */
struct json_object *node_oem(struct json_object *to, const char *type);
/* s since 1970, as 2026-01-31T12:00:00Z */
void node_time(struct json_object *to, const char *key, int64_t seconds);
/*
 * "@odata.etag" of what is in @to now; none when it has one already. @rev: of
 * the claim that it shows, which comes first in it; 0: none
 */
void node_mark(struct json_object *to, uint64_t rev);

/* --- Reading --- */

/* NULL: not there, or null */
struct json_object *node_get(struct json_object *o, const char *key);
/* "" when it is no text */
const char *node_get_text(struct json_object *o, const char *key);
uint64_t node_get_number(struct json_object *o, const char *key);
bool node_get_bool(struct json_object *o, const char *key);
/* Of an array; NULL: 0 */
size_t node_count(struct json_object *array);
struct json_object *node_at(struct json_object *array, size_t i);
/*
 * Whether @path, below REDFISH_ROOT or all of it, fits @pattern; what "{}"
 * stood for goes to @part, which has @max and a NULL behind.
 */
bool node_path_fits(const char *pattern, const char *path, char **part,
                    unsigned max);
/* What it gave */
void node_parts_free(char **part);

#endif /* FMD_REDFISH_NODE_H */
