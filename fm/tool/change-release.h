/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CXL_FM_CHANGE_RELEASE_H
#define CXL_FM_CHANGE_RELEASE_H

#include "change.h"

/* Ask as @request says, print the result. Exit status, or -1 with @error. */
int change_release(Tool *tool, const Target *target,
                   const struct cxlfm_release *request,
                   const ChangeOptions *options, GError **error);

#endif /* CXL_FM_CHANGE_RELEASE_H */
