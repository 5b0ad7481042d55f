/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Add and release from the wish to the outcome: what they share
 */
#ifndef CHANGE_H
#define CHANGE_H

#include "tool.h"

#define SHOWN_EXTENTS 4               /* in a sentence */

/*
 * What the device is asked for, as far as anybody can tell beforehand whether
 * it will be refused
 */
typedef struct Wish {
    const char *action;               /* "add", "release" */
    uint16_t host;
    uint8_t region;
    bool adding;
    uint64_t bytes;
    const uint8_t *tag;
    const struct cxlfm_extent *extents;
    size_t count;
} Wish;

/* Wait as @options say, with progress on a terminal; @verb: "accepted" */
int change_wait(Tool *tool, const Target *target,
                struct cxlfm_wait *wait, const ChangeOptions *options,
                const char *verb, struct cxlfm_outcome *ret_outcome,
                GError **error);

/*
 * What was asked for, as the object that --json prints; and what came of it.
 * The caller has the object, until json_print() takes it.
 */
struct json_object *change_json(const Target *target,
                                const char *action, uint16_t host,
                                const uint8_t *tag, uint64_t bytes,
                                const char *outcome);
void change_json_outcome(struct json_object *o,
                         const struct cxlfm_outcome *outcome);

/* All extents together */
uint64_t change_bytes(const struct cxlfm_extent *extents, size_t count);

/* A refusal of the library's, and what it may mean. Returns -1. */
int change_refused(Tool *tool, const Target *target, const Wish *wish,
                   int ret, GError **error);

/*
 * Say @sentence ("ask host 0 for 1 GiB"), or why it would be refused. An exit
 * code; -1 with @error set.
 */
int change_dry_run(Tool *tool, const Target *target, const Wish *wish,
                   const char *sentence, GError **error);

#endif /* CHANGE_H */
