/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a handle's calls end with */
#ifndef CXLFM_DONE_H
#define CXLFM_DONE_H

#include "cxlfm.h"

/*
 * Every call that may have read from the line ends with this: what came
 * meanwhile shows in cxlfm_fd(). Gives back @ret.
 */
int cxlfm_done(cxlfm *fm, int ret);

#endif /* CXLFM_DONE_H */
