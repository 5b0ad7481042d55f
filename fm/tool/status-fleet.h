/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What cxl-fm status says of cxl-fmd: claims, orphans, hosts, its store */
#ifndef CXL_FM_STATUS_FLEET_H
#define CXL_FM_STATUS_FLEET_H

#include "cxlfm.h"
#include "tool.h"

struct json_object;

typedef struct StatusFleet {
    GPtrArray *pools;                 /* lines are added to these */
    GPtrArray *waiting;
    GPtrArray *problems;
    struct json_object *claims;       /* phases and how many there are */
} StatusFleet;

/* Ask the daemon at @fm; what cannot be had is a problem. */
void status_fleet(Tool *tool, cxlfm *fm, StatusFleet *fleet);

#endif /* CXL_FM_STATUS_FLEET_H */
