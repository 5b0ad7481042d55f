// SPDX-License-Identifier: GPL-2.0-only
/*
 * Addresses whose memory is gone.
 *
 * Taking System RAM offline moves the pages that are in use to a good place.
 * Where there is nothing behind them any more, their users would go on with
 * what reads as ones. Whoever has a page is cut off before that (poison.c), but
 * while the kernel has not isolated a block, others may get a page of it. So
 * each block is looked at once more when it is isolated, and nobody can: while a
 * page of it is in use that is not poisoned, it is not taken offline, whoever
 * asks. Nor is such a block put online again.
 */
#include <linux/maple_tree.h>
#include <linux/memory.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/notifier.h>
#include <linux/xarray.h>

#include "glue/gone.h"
#include "glue/poison.h"

/* By host address; it has a lock of its own, for a moment only. */
static DEFINE_MTREE(gone);

/**
 * cxl_dcd_gone_add - there is no memory at these addresses any more
 * @start: HPA
 * @size: bytes
 *
 * Returns: 0 or -ENOMEM.
 */
int cxl_dcd_gone_add(u64 start, u64 size)
{
	return mtree_store_range(&gone, start, start + size - 1,
				 xa_mk_value(1), GFP_KERNEL);
}

/* What is gone of a range, from @at on; false for nothing. */
static bool dcd_gone_part(u64 *at, u64 end, u64 *last)
{
	MA_STATE(mas, &gone, *at, *at);
	void *found;

	mas_lock(&mas);
	found = mas_find(&mas, end);
	*at = max_t(u64, *at, mas.index);
	*last = min_t(u64, end, mas.last);
	mas_unlock(&mas);
	return found;
}

/* There is some again, or nobody has these addresses. */
void cxl_dcd_gone_del(u64 start, u64 size)
{
	u64 at = start, last;

	if (dcd_gone_part(&at, start + size - 1, &last))
		mtree_store_range(&gone, start, start + size - 1, NULL,
				  GFP_KERNEL);
}

/* Within the lock for hotplug: nothing of ours is waited for in here. */
static int dcd_gone_memory_event(struct notifier_block *nb,
				 unsigned long action, void *data)
{
	const struct memory_notify *memory = data;
	u64 at = PFN_PHYS(memory->start_pfn), last;
	u64 end = at + PFN_PHYS(memory->nr_pages) - 1;

	if (action != MEM_GOING_OFFLINE && action != MEM_GOING_ONLINE)
		return NOTIFY_DONE;
	for (; at <= end && dcd_gone_part(&at, end, &last); at = last + 1) {
		if (action == MEM_GOING_ONLINE)
			return notifier_from_errno(-ENXIO);
		/* He who got it is to be cut off as well: then once more. */
		if (cxl_dcd_poison_missing(at, last + 1 - at))
			return notifier_from_errno(-EAGAIN);
	}
	return NOTIFY_OK;
}

/* After whoever lets go of pages when he is told. */
static struct notifier_block memory_nb = {
	.notifier_call = dcd_gone_memory_event,
	.priority = -1,
};

int cxl_dcd_gone_init(void)
{
	return register_memory_notifier(&memory_nb);
}

void cxl_dcd_gone_exit(void)
{
	unregister_memory_notifier(&memory_nb);
	mtree_destroy(&gone);
}
