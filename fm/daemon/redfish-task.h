/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tasks: claims on their way
 *
 * A task is what somebody asked for over Redfish, in memory only. Its claim is
 * in the store: whoever has lost the task finds the chunk.
 */
#ifndef FMD_REDFISH_TASK_H
#define FMD_REDFISH_TASK_H

#include "redfish-call.h"

typedef struct RedfishTasks RedfishTasks;

typedef enum RedfishTaskKind {
    REDFISH_TASK_CREATE,          /* until it is bound */
    REDFISH_TASK_RELEASE,         /* until it is gone */
} RedfishTaskKind;

RedfishTasks *redfish_tasks_new(void);
/* NULL allowed */
void redfish_tasks_free(RedfishTasks *tasks);
/*
 * Answer 202 with a new task of @request. @claim: UUID; @chunk: its path below
 * REDFISH_ROOT.
 */
void redfish_task_begin(HttpRequest *request, RedfishTaskKind kind,
                        const char *claim, const char *chunk);

struct json_object *redfish_task_service(RedfishView *view, char *const *part);
struct json_object *redfish_tasks(RedfishView *view, char *const *part);
struct json_object *redfish_task(RedfishView *view, char *const *part);
void redfish_task_delete(HttpRequest *request);
void redfish_task_monitor(HttpRequest *request);

#endif /* FMD_REDFISH_TASK_H */
