/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How short of memory the hosts of the configuration are, read again and again,
 * and those of other machines, as their daemons tell
 */
#ifndef CXL_FMD_PRESSURE_H
#define CXL_FMD_PRESSURE_H

#include "core.h"

struct json_object;

struct lease;

/* What is read is told to the others of the fleet, on @lease. */
struct pressure *pressure_start(struct fmd *fmd, struct lease *lease);
/* Ends the commands that run. What was told goes with the lease. Takes NULL. */
void pressure_stop(struct pressure *pressure);
/* The hosts of the configuration are others now. */
void pressure_reload(struct pressure *pressure);
/*
 * Members of @to, a host: "pressure_now", percent, and "pressure_error"; null
 * both of one that has no command. Of one of another machine, as @heard says, it
 * is what its daemon tells, and never why it is not known.
 */
void pressure_note(struct pressure *pressure, const char *uuid, bool heard,
                   struct json_object *to);
/* Call @fn with each of the fleet that is known. */
void pressure_each(struct pressure *pressure,
                   void (*fn)(const char *uuid, const char *name,
                              double percent, void *opaque), void *opaque);

#endif /* CXL_FMD_PRESSURE_H */
