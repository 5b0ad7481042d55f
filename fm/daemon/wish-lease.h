/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The key that each renewal of a claim's lease writes anew */
#ifndef CXL_FMD_WISH_LEASE_H
#define CXL_FMD_WISH_LEASE_H

#include "model.h"

/* What stands there, for people: what counts is when it was written. */
char *wish_lease_text(const fmd_claim *claim);

#endif /* CXL_FMD_WISH_LEASE_H */
