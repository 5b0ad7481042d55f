/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Results as JSON; shapes are documented in docs/fm.md. Every call returns an
 * object that belongs to the caller, NULL where JSON has null.
 */
#ifndef CXL_FM_JSON_H
#define CXL_FM_JSON_H

#include <stdbool.h>
#include <glib.h>
#include "target.h"
#include "tool.h"

struct json_object;

struct json_object *json_extent(const struct cxlfm_extent *extent);
struct json_object *json_extents(const struct cxlfm_extent *extents,
                                 size_t count);
struct json_object *json_region(const struct cxlfm_region *region);
struct json_object *json_host(const struct cxlfm_host *host);
/* Who has a tag, and the tag alone */
struct json_object *json_tag(const struct cxlfm_tag *tag);
struct json_object *json_tag_text(const uint8_t tag[CXLFM_TAG_SIZE]);
/* Of device @name at @address */
struct json_object *json_event(const struct cxlfm_event *event,
                               const char *name, const char *address);
/* Name, address and door of a device: what every object about one has */
struct json_object *json_target(const Target *target);
struct json_object *json_error(const GError *error, uint16_t return_code);
/*
 * The result of a step, which is taken: kept for the document of a command with
 * several steps (tool->steps), or printed.
 */
void json_result(Tool *tool, struct json_object *object);
/* Print on one line (or many) and free. */
void json_print(struct json_object *object, bool pretty);

#endif /* CXL_FM_JSON_H */
