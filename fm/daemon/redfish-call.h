/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Redfish inside: what its files share */
#ifndef FMD_REDFISH_CALL_H
#define FMD_REDFISH_CALL_H

#include "api-call.h"
#include "redfish-error.h"
#include "redfish-node.h"
#include "redfish-view.h"
#include "redfish.h"

/* Builds what a path names; NULL: it is not there. @part: its "{}" */
typedef struct json_object *(*RedfishGet)(RedfishView *view,
                                          char *const *part);

typedef struct RedfishPath {
    const char *path;             /* below REDFISH_ROOT; "{}": one segment */
    RedfishGet get;
    void (*post)(HttpRequest *request);
    void (*delete)(HttpRequest *request);
    void (*patch)(HttpRequest *request);
    AuthRole reads, changes;      /* the least that may */
} RedfishPath;

struct Redfish {
    struct fmd *fmd;
    const RedfishPath *paths;     /* ends with a NULL path */
    struct RedfishTasks *tasks;
    struct RedfishPush *push;
    struct RedfishListeners *listeners;
    GMutex change;                /* of subscriptions, from If-Match on */
};

static inline Redfish *redfish_of(const HttpRequest *request)
{
    return ((Api *)request->opaque)->redfish;
}

/* redfish-query.c: GET of any path of the table */
void redfish_read(HttpRequest *request);
/* It has $expand, which may make a large answer. */
bool redfish_is_large(const HttpRequest *request);
/*
 * Answer with @node as it stands, which is taken over. NULL: somebody else has
 * ended it meanwhile, and that is said.
 */
void redfish_answer(HttpRequest *request, unsigned status,
                    struct json_object *node);

/* Whether If-Match, if it was sent, is that of what is at the path now; else it
   was answered. */
bool redfish_if_match(HttpRequest *request);

#endif /* FMD_REDFISH_CALL_H */
