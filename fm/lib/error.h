/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What went wrong in the last call on a handle */
#ifndef CXLFM_ERROR_H
#define CXLFM_ERROR_H

#include <glib.h>
#include "cxlfm.h"

/*
 * Remember the sentence and give back @error. Called once, at the place that
 * knows what went wrong.
 */
int cxlfm_fail(cxlfm *fm, int error, const char *format, ...)
    G_GNUC_PRINTF(3, 4);
/* Tell who listens (cxlfm_set_log()) what is done. */
void cxlfm_log(const cxlfm *fm, const char *format, ...) G_GNUC_PRINTF(2, 3);
/*
 * A request that changes something was sent, and then a call failed before its
 * answer came: say so as well. Gives back CXLFM_ERROR_UNKNOWN.
 */
int cxlfm_unknown(cxlfm *fm);

#endif /* CXLFM_ERROR_H */
