/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The structs of cxlfm.h as JSON: what the daemon and the fmd door say to each
 * other about devices. The keys are those of cxl-fm --json where it has them.
 *
 * Writing gives an object that is the caller's. Reading gives NULL, or what is
 * wrong as a static text; then nothing is to be freed. What is read is in the
 * bounds of cxlfm.h.
 */
#ifndef CXLFM_FMD_WIRE_H
#define CXLFM_FMD_WIRE_H

#include <glib.h>
#include "cxlfm.h"

struct json_object;

struct json_object *cxlfm_wire_snapshot(const struct cxlfm_snapshot *snapshot);
const char *cxlfm_wire_read_snapshot(struct json_object *from,
                                     struct cxlfm_snapshot *fill);

struct json_object *cxlfm_wire_tags(const struct cxlfm_tag *tags,
                                    size_t count);
/* Appends to @fill. */
const char *cxlfm_wire_read_tags(struct json_object *from, GArray *fill);

struct json_object *cxlfm_wire_pool(const struct cxlfm_pool *pool);
const char *cxlfm_wire_read_pool(struct json_object *from,
                                 struct cxlfm_pool **ret_pool);

/* Unknown members are refused: a misspelt one would be a wish that is lost. */
struct json_object *cxlfm_wire_add(const struct cxlfm_add *request);
/* g_free() the extents, which are not const for you. */
const char *cxlfm_wire_read_add(struct json_object *from,
                                struct cxlfm_add *fill);
struct json_object *cxlfm_wire_release(const struct cxlfm_release *request);
const char *cxlfm_wire_read_release(struct json_object *from,
                                    struct cxlfm_release *fill);

/* With its extents; without "device", which has a name of its own there. */
struct json_object *cxlfm_wire_event(const struct cxlfm_event *event);
/* free() the event. */
const char *cxlfm_wire_read_event(struct json_object *from,
                                  struct cxlfm_event **ret_event);

#endif /* CXLFM_FMD_WIRE_H */
