// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages of System RAM whose memory is gone.
 *
 * Taking such memory offline would move what reads as ones to a good place, and
 * its user would go on with that. So first whoever has a page is cut off, by the
 * kernel's means against broken memory: the process gets SIGBUS. What is free is
 * only kept from being given out, without a word about each page.
 */
#include <linux/delay.h>
#include <linux/fs.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/page-flags.h>
#include <linux/page_ref.h>
#include <linux/sched.h>

#include "glue/compat.h"
#include "glue/poison.h"

static const char recovery_file[] = "/proc/sys/vm/memory_failure_recovery";
static const char early_file[] = "/proc/sys/vm/memory_failure_early_kill";

/* A setting that is not exported; -1 where it cannot be read, as before /proc. */
static int dcd_poison_setting(const char *path)
{
	struct file *file = filp_open(path, O_RDONLY, 0);
	loff_t pos = 0;
	char text = 0;
	ssize_t n;

	if (IS_ERR(file))
		return -1;
	n = kernel_read(file, &text, 1, &pos);
	filp_close(file, NULL);
	return n == 1 && text >= '0' && text <= '9' ? text - '0' : -1;
}

static void dcd_poison_set(const char *path, int value)
{
	struct file *file = filp_open(path, O_WRONLY, 0);
	char text[] = { '0' + value, '\n' };
	loff_t pos = 0;

	if (IS_ERR(file))
		return;
	kernel_write(file, text, sizeof(text), &pos);
	filp_close(file, NULL);
}

/**
 * cxl_dcd_poison_possible - may a page be poisoned at all?
 *
 * With vm.memory_failure_recovery=0 the kernel panics for the first one; that is
 * meant for memory that breaks, not for capacity that is taken away.
 */
bool cxl_dcd_poison_possible(void)
{
	return dcd_poison_setting(recovery_file) != 0;
}

/* Has anybody got this page? Free ones have no reference. */
static bool dcd_poison_is_used(struct page *page)
{
	return page_count(compound_head(page)) && !PageHWPoison(page);
}

/*
 * The first page behind those that a page hangs together with, as far as a huge
 * page of the processor's; they may part any time, so it is only a guess.
 */
static unsigned long dcd_poison_behind(struct page *page, unsigned long pfn)
{
	struct page *head = compound_head(page);

	return clamp(page_to_pfn(head) + compound_nr(head), pfn + 1,
		     ALIGN(pfn + 1, HPAGE_PMD_NR));
}

/*
 * A huge page that is pinned cannot be split; whoever has it is reached only if
 * the kernel kills early. It does so while any range is about it, if it did not
 * before.
 */
static DEFINE_MUTEX(early_lock);
static unsigned int nr_early;
static bool early_was_off;

static void dcd_poison_early_begin(void)
{
	guard(mutex)(&early_lock);
	if (nr_early++)
		return;
	early_was_off = !dcd_poison_setting(early_file);
	if (early_was_off)
		dcd_poison_set(early_file, 1);
}

static void dcd_poison_early_end(void)
{
	guard(mutex)(&early_lock);
	if (!--nr_early && early_was_off)
		dcd_poison_set(early_file, 0);
}

/**
 * cxl_dcd_poison_used - cut off the users of all pages of a range
 * @start: HPA
 * @size: bytes
 * @sum: what came of it is added here
 *
 * However little time there is, it goes on by one page that is in use.
 *
 * Returns: whether all of them were looked at.
 */
bool cxl_dcd_poison_used(u64 start, u64 size, struct cxl_dcd_poison *sum)
{
	unsigned long pfn = PHYS_PFN(start), end = PHYS_PFN(start + size);
	bool late = false;
	int rc;

	dcd_poison_early_begin();
	for (; pfn < end && !late; pfn++) {
		struct page *page = pfn_to_online_page(pfn);

		cond_resched();
		if (!page || !dcd_poison_is_used(page))
			continue;
		sum->used++;
		rc = memory_failure(pfn, 0);
		if (!rc)
			sum->poisoned++;
		/* Whoever has a huge page that cannot be split was told. */
		if (rc == -EHWPOISON && PageCompound(page))
			pfn = dcd_poison_behind(page, pfn) - 1;
		late = time_after(jiffies, sum->until);
	}
	dcd_poison_early_end();
	return pfn >= end;
}

/* Was it poisoned, and has somebody got it all the same? One reference is ours. */
static bool dcd_poison_is_held(struct page *page)
{
	return PageHWPoison(page) &&
	       page_count(compound_head(page)) > (PageCompound(page) ? 0 : 1);
}

/**
 * cxl_dcd_poison_missing - has anybody got a page of a range still?
 * @start: HPA
 * @size: bytes
 */
bool cxl_dcd_poison_missing(u64 start, u64 size)
{
	unsigned long pfn = PHYS_PFN(start), end = PHYS_PFN(start + size);

	for (; pfn < end; pfn++) {
		struct page *page = pfn_to_online_page(pfn);

		cond_resched();
		if (page && (dcd_poison_is_used(page) ||
			     dcd_poison_is_held(page)))
			return true;
	}
	return false;
}

/* How many are held? With @keep their block cannot be taken offline any more. */
static unsigned long dcd_poison_count_held(u64 start, u64 size, bool keep)
{
	unsigned long pfn = PHYS_PFN(start), end = PHYS_PFN(start + size);
	unsigned long held = 0;

	for (; pfn < end; pfn++) {
		struct page *page = pfn_to_online_page(pfn);

		if (!page || !dcd_poison_is_held(page))
			continue;
		held++;
		if (keep)
			ClearPageHWPoison(page);
	}
	return held;
}

/**
 * cxl_dcd_poison_wait - wait until nobody holds a poisoned page of a range
 * @start: HPA
 * @size: bytes
 * @time: how long at most; what it took is subtracted
 * @sum: what came of it is added here
 *
 * The kernel takes blocks with poisoned pages offline, also with such as are
 * pinned; their records would be gone when the pins go. So where somebody does
 * not let go, his pages are marked as what they are, ones that cannot be moved.
 *
 * Returns: 0 or -EBUSY.
 */
int cxl_dcd_poison_wait(u64 start, u64 size, unsigned long *time,
			struct cxl_dcd_poison *sum)
{
	unsigned long until = jiffies + *time, now;

	while (dcd_poison_count_held(start, size, false)) {
		now = jiffies;
		if (time_after_eq(now, until)) {
			*time = 0;
			sum->held += dcd_poison_count_held(start, size, true);
			return -EBUSY;
		}
		msleep(20);
	}
	now = jiffies;
	*time = time_before(now, until) ? until - now : 0;
	return 0;
}

/* Is there no page in a range that somebody has, or that was poisoned? */
static bool dcd_poison_all_free(unsigned long pfn, unsigned long nr)
{
	unsigned long i;

	for (i = 0; i < nr; i++) {
		struct page *page = pfn_to_online_page(pfn + i);

		if (!page || PageHWPoison(page) ||
		    page_count(compound_head(page)))
			return false;
	}
	return true;
}

/*
 * Pages that were taken: nobody has them, and taking their block offline passes
 * over them, as over all pages that never were online.
 */
static void dcd_poison_forget(unsigned long pfn, unsigned long nr)
{
	unsigned long i;

	for (i = 0; i < nr; i++) {
		struct page *page = pfn_to_page(pfn + i);

		__SetPageOffline(page);
		set_page_count(page, 0);
	}
	/* Nor are they counted when their block is taken offline. */
	if (nr)
		adjust_managed_page_count(pfn_to_page(pfn), -(long)nr);
}

/*
 * Blocks of pages that are taken at once: each call waits for all processors,
 * and may clear all that it takes, without a rest, where there is nothing behind
 * it and writing takes its time.
 */
#define TAKE_BLOCKS 4

/*
 * Take free blocks of pages from @pfn on, some that are in a row.
 *
 * Returns: how many pages.
 */
static unsigned long dcd_poison_take(unsigned long pfn, unsigned long end)
{
	unsigned long nr = 0, n;

	end = min(end, pfn + TAKE_BLOCKS * pageblock_nr_pages);
	for (; pfn + nr < end; nr += n) {
		n = min(pageblock_nr_pages, end - pfn - nr);
		if (!dcd_poison_all_free(pfn + nr, n))
			break;
	}
	if (nr && cxl_dcd_take_pages(pfn, pfn + nr)) {
		/* Somebody was faster for some of them. */
		nr = min(pageblock_nr_pages, nr);
		if (cxl_dcd_take_pages(pfn, pfn + nr))
			nr = 0;
	}
	dcd_poison_forget(pfn, nr);
	return nr;
}

/**
 * cxl_dcd_poison_free - nobody gets the free pages of a range any more
 * @start: HPA
 * @size: bytes
 * @sum: what came of it is added here
 *
 * Whole blocks of free pages are taken without a word. They are not given back:
 * there is nothing behind them.
 */
void cxl_dcd_poison_free(u64 start, u64 size, struct cxl_dcd_poison *sum)
{
	unsigned long pfn = PHYS_PFN(start), end = PHYS_PFN(start + size);
	unsigned long nr, i;

	for (; pfn < end && !time_after(jiffies, sum->until); pfn += nr) {
		cond_resched();
		nr = dcd_poison_take(pfn, end);
		if (nr) {
			sum->taken += nr;
			continue;
		}
		nr = min(pageblock_nr_pages, end - pfn);
		for (i = 0; i < nr; i++) {
			struct page *page = pfn_to_online_page(pfn + i);

			if (page && !PageHWPoison(page) &&
			    !page_count(compound_head(page)) &&
			    !memory_failure(pfn + i, 0))
				sum->taken++;
		}
	}
	sum->left += end - min(pfn, end);
}
