/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Moments by which something must have happened
 */
#include <glib.h>
#include "deadline.h"

CxlfmDeadline cxlfm_deadline(unsigned milliseconds)
{
    return g_get_monotonic_time() + (int64_t)milliseconds * 1000;
}

int cxlfm_left(CxlfmDeadline deadline)
{
    int64_t left = deadline - g_get_monotonic_time();

    return left <= 0 ? 0 : MIN((left + 999) / 1000, G_MAXINT);
}
