/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The key that each renewal of a claim's lease writes anew */
#ifndef CXL_FMD_WISH_LEASE_H
#define CXL_FMD_WISH_LEASE_H

#include "model.h"

/*
 * What stands there. @silent: ms for which it was watched and nobody renewed it;
 * whoever renews it writes 0.
 */
char *wish_lease_text(unsigned seconds, int64_t silent);
/* Its seconds; 0 when it makes no sense */
unsigned wish_lease_read(const char *text, int64_t *ret_silent);

#endif /* CXL_FMD_WISH_LEASE_H */
