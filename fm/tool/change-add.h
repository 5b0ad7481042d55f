/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CXL_FM_CHANGE_ADD_H
#define CXL_FM_CHANGE_ADD_H

#include "change.h"

/* Offer as @request says, print the result. Exit status, or -1 with @error. */
int change_add(Tool *tool, const Target *target,
               const struct cxlfm_add *request, const ChangeOptions *options,
               GError **error);

#endif /* CXL_FM_CHANGE_ADD_H */
