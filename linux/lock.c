// SPDX-License-Identifier: GPL-2.0-only
/*
 * The mutex, the ways to take it, and what has to wait until it is dropped.
 */
#include <linux/delay.h>
#include <linux/sched/signal.h>

#include "lock.h"

/* The books: every list and extent; the rules are in lock.h. */
DEFINE_MUTEX(cxl_dcd_mutex);

/* Folders to be removed when the mutex is dropped. */
static LIST_HEAD(removals);

void cxl_dcd_lock(void)
{
	mutex_lock(&cxl_dcd_mutex);
}

bool cxl_dcd_trylock(void)
{
	return mutex_trylock(&cxl_dcd_mutex);
}

/* Drop the mutex, and remove the folders that had to wait for that. */
void cxl_dcd_unlock(void)
{
	struct cxl_dcd_folder *folder, *next;
	LIST_HEAD(list);

	list_splice_init(&removals, &list);
	mutex_unlock(&cxl_dcd_mutex);
	list_for_each_entry_safe(folder, next, &list, node) {
		list_del_init(&folder->node);
		if (folder->kobj.state_in_sysfs)
			kobject_del(&folder->kobj);
		kobject_put(&folder->kobj);
	}
}

/* Remove a folder, and drop its first reference, when the mutex is dropped. */
void cxl_dcd_remove_later(struct cxl_dcd_folder *folder)
{
	lockdep_assert_held(&cxl_dcd_mutex);
	list_add_tail(&folder->node, &removals);
}

/**
 * cxl_dcd_lock_restart - what a sysfs file's method returns when it would wait
 *
 * The system call begins anew, without user space noticing. The file is let go
 * meanwhile; where that is gone by then, the call fails. It ends by a signal.
 */
int cxl_dcd_lock_restart(void)
{
	msleep(CXL_DCD_LOCK_POLL_MS);
	return restart_syscall();
}

/**
 * cxl_dcd_lock_in_file - take the mutex when the method of a sysfs file begins
 *
 * A device may be slow, and whoever removes the file waits for the method.
 *
 * Returns: 0, or what the method has to return.
 */
int cxl_dcd_lock_in_file(void)
{
	return cxl_dcd_trylock() ? 0 : cxl_dcd_lock_restart();
}
