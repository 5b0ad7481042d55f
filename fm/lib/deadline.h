/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Moments by which something must have happened */
#ifndef CXLFM_DEADLINE_H
#define CXLFM_DEADLINE_H

#include <stdint.h>

/* Monotonic microseconds, as g_get_monotonic_time(); 0 is long past. */
typedef int64_t CxlfmDeadline;

/* So many milliseconds from now */
CxlfmDeadline cxlfm_deadline(unsigned milliseconds);
/* Milliseconds left, at least 0, for poll() */
int cxlfm_left(CxlfmDeadline deadline);

#endif /* CXLFM_DEADLINE_H */
