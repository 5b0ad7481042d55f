/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: until nobody uses the memory map as it was
 */
#ifndef CXL_DCD_GRACE_H
#define CXL_DCD_GRACE_H

typedef struct CXLDcdGrace CXLDcdGrace;

/*
 * A grace period begins: when it is over, @done is called from the main loop.
 * The result is valid until then.
 */
CXLDcdGrace *cxl_dcd_grace_begin(void (*done)(void *opaque), void *opaque);
/* @done is not called any more; NULL allowed. */
void cxl_dcd_grace_forget(CXLDcdGrace *grace);

#endif /* CXL_DCD_GRACE_H */
