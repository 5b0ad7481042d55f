/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How short of memory the hosts of the configuration are, read again and again */
#ifndef CXL_FMD_PRESSURE_H
#define CXL_FMD_PRESSURE_H

#include "core.h"

struct json_object;

struct pressure *pressure_start(struct fmd *fmd);
/* Ends the commands that run. Takes NULL. */
void pressure_stop(struct pressure *pressure);
/* The hosts of the configuration are others now. */
void pressure_reload(struct pressure *pressure);
/*
 * Members of @to, a host: "pressure_now", percent, and "pressure_error"; null
 * both of one that has no command, or of another machine
 */
void pressure_note(struct pressure *pressure, const char *uuid,
                   struct json_object *to);
/* Call @fn with each that is known. */
void pressure_each(struct pressure *pressure,
                   void (*fn)(const char *uuid, const char *name,
                              double percent, void *opaque), void *opaque);

#endif /* CXL_FMD_PRESSURE_H */
