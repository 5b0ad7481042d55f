/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The commands of a monitor that cxl-fm uses, on a head of a pool */
#ifndef MONITOR_H
#define MONITOR_H

#include "pool-head.h"

struct json_object;

typedef struct MonitorMood {
    bool reads;                   /* the last request changed nothing */
    bool mute;                    /* what changes something is not answered */
    bool breaks;                  /* the next such ends the connection */
    bool deaf;
    bool hostile;
} MonitorMood;

/* Carry out @request of @head, one of @heads; its answer. */
struct json_object *monitor_run(Head *head, const Head *const *heads,
                                unsigned count, MonitorMood *mood,
                                struct json_object *request);
struct json_object *monitor_event(const Head *head, CXLDcdOutcome outcome,
                                  const CXLDcdExtent *extents, size_t count);

#endif /* MONITOR_H */
