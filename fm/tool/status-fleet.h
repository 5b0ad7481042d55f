/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What cxl-fm status says of cxl-fmd: claims, orphans, hosts, its store */
#ifndef CXL_FM_STATUS_FLEET_H
#define CXL_FM_STATUS_FLEET_H

#include "cxlfm.h"
#include "status-note.h"
#include "tool.h"

struct json_object;

typedef struct StatusFleet {
    StatusNotes *notes;
    struct json_object *claims;       /* counted by phase */
} StatusFleet;

/* Ask the daemon at @fm; what cannot be had is a problem. */
void status_fleet(Tool *tool, cxlfm *fm, StatusFleet *fleet);

#endif /* CXL_FM_STATUS_FLEET_H */
