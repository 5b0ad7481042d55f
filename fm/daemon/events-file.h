/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Events on the disk of this machine, for the time after a restart */
#ifndef CXL_FMD_EVENTS_FILE_H
#define CXL_FMD_EVENTS_FILE_H

#include "model.h"

struct events_file;

/* @fill gets the events that are in it, oldest first. */
struct events_file *events_file_open(const char *path, GQueue *fill,
                                     GError **error);
void events_file_close(struct events_file *file);
/* The highest id that was ever given */
uint64_t events_file_last(const struct events_file *file);
/* @rev: of the store @of; up to it all its changes are in the file; 0: none */
void events_file_add(struct events_file *file, const fmd_event *event,
                     const char *of, uint64_t rev);
/* False: it never followed the store @of. */
bool events_file_rev(struct events_file *file, const char *of, uint64_t *ret);

#endif /* CXL_FMD_EVENTS_FILE_H */
