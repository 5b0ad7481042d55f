/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The fmd door of a library that was built without libcurl
 */
#include "error.h"
#include "fmd-ops.h"
#include "handle.h"

static int cxlfm_fmd_none(cxlfm *fm, CxlfmDeadline deadline)
{
    return cxlfm_fail(fm, CXLFM_ERROR_UNSUPPORTED,
                      "%s: this libcxlfm was built without libcurl and cannot "
                      "ask cxl-fmd", fm->address);
}

const struct cxlfm_door_ops cxlfm_door_fmd = {
    .own_line = true,
    .connect = cxlfm_fmd_none,
};
