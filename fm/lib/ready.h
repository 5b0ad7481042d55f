/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What cxlfm_fd() gives out */
#ifndef CXLFM_READY_H
#define CXLFM_READY_H

#include <stdbool.h>
#include "cxlfm.h"

/* For the line that is open; without room for descriptors there is none. */
void cxlfm_ready_open(cxlfm *fm);
void cxlfm_ready_close(cxlfm *fm);
/* Whether there may be an event that the line does not show any more */
void cxlfm_ready_mark(cxlfm *fm, bool waiting);

#endif /* CXLFM_READY_H */
