/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What happened, and what was decided and why: the last EVENTS_KEEP of it
 *
 * In memory for who listens, and in a file of this machine, so that a listener
 * goes on where it was after a restart. Changes of the store are events, too;
 * the file remembers the revision up to which they are in it, so that none is
 * missed or told twice.
 */
#ifndef CXL_FMD_EVENTS_H
#define CXL_FMD_EVENTS_H

#include "model.h"
#include "store.h"

#define EVENTS_KEEP 8192

struct events;

/* @path: of the file; it is made when it is not there. */
struct events *events_open(const char *path, GError **error);
void events_close(struct events *events);

/* @data: JSON object text or NULL. Also told to the journal. */
void events_add(struct events *events, const char *kind, const char *object,
                const char *data, const char *format, ...)
    G_GNUC_PRINTF(5, 6);

/*
 * Changes of @store are events from now on, and those missed while away. By one
 * thread at a time; nothing happens when it is so already.
 */
bool events_follow(struct events *events, struct store *store, GError **error);
void events_unfollow(struct events *events);

void events_since(struct events *events, uint64_t after, unsigned max,
                  GPtrArray **ret, bool *ret_lost);
uint64_t events_last(struct events *events);
void events_notify(struct events *events, void (*fn)(void *opaque),
                   void *opaque);

#endif /* CXL_FMD_EVENTS_H */
