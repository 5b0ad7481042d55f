/* SPDX-License-Identifier: GPL-2.0-only */
/* Pages of System RAM whose memory is gone: their users are cut off. */
#ifndef CXL_DCD_POISON_H
#define CXL_DCD_POISON_H

#include <linux/jiffies.h>
#include <linux/types.h>

/* Time for the free pages of one range. */
#define CXL_DCD_POISON_TIME (60 * HZ)

/**
 * struct cxl_dcd_poison - what came of poisoning a range
 * @until: when to stop, in jiffies; set by who begins
 * @used: pages that somebody had
 * @poisoned: how many of them nobody can reach any more
 * @held: how many are still held by somebody who does not let go
 * @taken: free pages that nobody gets any more
 * @left: free pages that were not looked at, for want of time
 */
struct cxl_dcd_poison {
	unsigned long until;
	unsigned long used;
	unsigned long poisoned;
	unsigned long held;
	unsigned long taken;
	unsigned long left;
};

bool cxl_dcd_poison_possible(void);
bool cxl_dcd_poison_used(u64 start, u64 size, struct cxl_dcd_poison *sum);
bool cxl_dcd_poison_missing(u64 start, u64 size);
int cxl_dcd_poison_wait(u64 start, u64 size, unsigned long *time,
			struct cxl_dcd_poison *sum);
void cxl_dcd_poison_free(u64 start, u64 size, struct cxl_dcd_poison *sum);

#endif /* CXL_DCD_POISON_H */
