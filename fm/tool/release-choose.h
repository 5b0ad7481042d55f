/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Extents for a release that names none */
#ifndef CXL_FM_RELEASE_CHOOSE_H
#define CXL_FM_RELEASE_CHOOSE_H

#include "reach.h"

/*
 * What @request shall list when only its length is known (or, with @all, not
 * even that): extents of its host and region. They go to @request and to
 * *ret_extents, for g_free(). At least one, or -1 with @error.
 */
int release_choose(Tool *tool, const Target *target,
                   struct cxlfm_release *request, bool all,
                   struct cxlfm_extent **ret_extents, GError **error);

#endif /* CXL_FM_RELEASE_CHOOSE_H */
