/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From addresses and names to devices */
#ifndef CXL_FM_REACH_H
#define CXL_FM_REACH_H

#include <stdbool.h>
#include "target.h"
#include "tool.h"

/*
 * Connect to all addresses; the devices that were asked for, in their order.
 * An address that cannot be reached is a warning, unless it is the only one;
 * commands that show something of all devices then exit with status 5. Free
 * with g_array_unref().
 */
GArray *reach_targets(Tool *tool, GError **error);
/* Whether @target is one of the devices that were asked for by --device */
bool reach_wanted(const Tool *tool, const Target *target);
/*
 * Exactly one device, or an error that lists the choice. Of several, which may
 * have one name, the head of @host; -1: it was not said which host.
 */
bool reach_target(Tool *tool, int host, Target *ret_target, GError **error);
/* End all connections: others may have the monitors. */
void reach_leave(Tool *tool);
/*
 * A library call on @target failed with @ret: turn that into @error. Always
 * returns -1.
 */
int reach_fail(Tool *tool, const Target *target, int ret, GError **error);

#endif /* CXL_FM_REACH_H */
