/* SPDX-License-Identifier: GPL-2.0-only */
/* What a device's CDAT says of its partitions: attributes and speed. */
#ifndef CXL_DCD_CDAT_H
#define CXL_DCD_CDAT_H

#include "judge.h"

/* Speed as the device says it: ns and MB/s, 0 for not said */
struct cxl_dcd_perf {
	u32 read_latency;
	u32 write_latency;
	u32 read_bandwidth;
	u32 write_bandwidth;
};

void cxl_dcd_cdat_flags(struct cxl_dcd_part *parts, unsigned int nr,
			const u8 *table, size_t length);
bool cxl_dcd_cdat_perf(u8 dsmad, const u8 *table, size_t length,
		       struct cxl_dcd_perf *perf);

#endif /* CXL_DCD_CDAT_H */
