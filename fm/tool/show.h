/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The frame of commands that show something of every device */
#ifndef CXL_FM_SHOW_H
#define CXL_FM_SHOW_H

#include "reach.h"
#include "table.h"

struct json_object;

/*
 * For every target, one snapshot goes to @visit, which adds rows to the table
 * and gives a JSON object for the list "devices". Prints the one or the other;
 * @nothing when no row came. Exit status, or -1 with @error.
 */
typedef struct json_object *(*show_visit_fn)(const Target *target,
                                             const struct cxlfm_snapshot *s,
                                             Table *table, void *opaque);
int show_devices(Tool *tool, const char *const *headings, show_visit_fn visit,
                 void *opaque, const char *nothing, GError **error);

#endif /* CXL_FM_SHOW_H */
