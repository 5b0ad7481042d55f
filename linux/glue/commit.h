/* SPDX-License-Identifier: GPL-2.0-only */
/* Regions whose decoders are not taken back from under others. */
#ifndef CXL_DCD_COMMIT_H
#define CXL_DCD_COMMIT_H

struct device;

void cxl_dcd_commit_guard(struct device *region);
void cxl_dcd_commit_guard_all(void);
void cxl_dcd_commit_unguard_all(void);

#endif /* CXL_DCD_COMMIT_H */
