/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a change asks for, and why a device would refuse it */
#ifndef CXL_FM_CHANGE_PROBLEM_H
#define CXL_FM_CHANGE_PROBLEM_H

#include <stdbool.h>
#include "cxlfm.h"

/* An add or a release, as far as it can be judged before it is made */
typedef struct Wish {
    const char *action;               /* "add", "release" */
    uint16_t host;
    uint8_t region;
    bool adding;
    uint64_t bytes;
    const uint8_t *tag;
    const struct cxlfm_extent *extents;
    size_t count;
    uint64_t coming;                  /* bytes that will be free by then */
} Wish;

/* The region of @host; NULL when it has none of that number. */
const struct cxlfm_region *change_find_region(
    const struct cxlfm_snapshot *snapshot, uint16_t host, uint8_t region);
/*
 * A sentence, for g_free(), why the device would refuse @wish, or did; NULL
 * when nothing of @snapshot speaks against it.
 */
char *change_problem(const struct cxlfm_snapshot *snapshot, const Wish *wish);

#endif /* CXL_FM_CHANGE_PROBLEM_H */
