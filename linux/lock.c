// SPDX-License-Identifier: GPL-2.0-only
/*
 * The books' mutexes, the ways to take them, and what has to wait until they
 * are dropped. The rules are in lock.h.
 */
#include <linux/cleanup.h>
#include <linux/delay.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "lock.h"

/* Of all shares: whose books are which. */
static DEFINE_SPINLOCK(shares_lock);

static void dcd_books_free(struct kref *kref)
{
	struct cxl_dcd_books *books =
		container_of(kref, struct cxl_dcd_books, kref);

	WARN_ON(!list_empty(&books->regions) || !list_empty(&books->removals));
	mutex_destroy(&books->mutex);
	kfree(books);
}

static void dcd_books_put(struct cxl_dcd_books *books)
{
	kref_put(&books->kref, dcd_books_free);
}

static struct cxl_dcd_books *dcd_books_get(struct cxl_dcd_share *share)
{
	guard(spinlock)(&shares_lock);
	kref_get(&share->books->kref);
	return share->books;
}

/* A device has books of its own to begin with. Returns: 0 or -ENOMEM. */
int cxl_dcd_share_init(struct cxl_dcd_share *share)
{
	struct cxl_dcd_books *books = kzalloc(sizeof(*books), GFP_KERNEL);

	if (!books)
		return -ENOMEM;
	mutex_init(&books->mutex);
	kref_init(&books->kref);
	INIT_LIST_HEAD(&books->shares);
	INIT_LIST_HEAD(&books->regions);
	INIT_LIST_HEAD(&books->removals);
	share->books = books;
	list_add(&share->node, &books->shares);
	return 0;
}

/* The device is in no region any more, and nobody knows it. */
void cxl_dcd_share_end(struct cxl_dcd_share *share)
{
	if (!share->books)
		return;
	spin_lock(&shares_lock);
	list_del(&share->node);
	spin_unlock(&shares_lock);
	dcd_books_put(share->books);
}

/* All that is in some books goes over into others; both are held. */
static void dcd_books_move(struct cxl_dcd_books *from, struct cxl_dcd_books *to)
{
	struct cxl_dcd_share *share;

	list_splice_tail_init(&from->regions, &to->regions);
	list_splice_tail_init(&from->removals, &to->removals);
	spin_lock(&shares_lock);
	list_for_each_entry(share, &from->shares, node) {
		kref_get(&to->kref);
		share->books = to;
		/* Not the last: whoever moves them has one. */
		dcd_books_put(from);
	}
	list_splice_tail_init(&from->shares, &to->shares);
	spin_unlock(&shares_lock);
}

/**
 * cxl_dcd_share_join - two devices of an interleave set: one set of books
 * @share: of one of them
 * @other: of the other
 *
 * Nobody else has two sets of books, and no two do this at once. Whoever waits
 * for the books that are given up sees that when he gets them.
 */
void cxl_dcd_share_join(struct cxl_dcd_share *share,
			struct cxl_dcd_share *other)
{
	static DEFINE_MUTEX(join_lock);
	struct cxl_dcd_books *from;

	guard(mutex)(&join_lock);
	cxl_dcd_share_lock(share);
	from = dcd_books_get(other);
	if (from != share->books) {
		mutex_lock_nested(&from->mutex, SINGLE_DEPTH_NESTING);
		dcd_books_move(from, share->books);
		mutex_unlock(&from->mutex);
	}
	dcd_books_put(from);
	cxl_dcd_share_unlock(share);
}

void cxl_dcd_share_lock(struct cxl_dcd_share *share)
{
	struct cxl_dcd_books *books;

	for (;;) {
		books = dcd_books_get(share);
		mutex_lock(&books->mutex);
		if (books == READ_ONCE(share->books))
			return;
		mutex_unlock(&books->mutex);
		dcd_books_put(books);
	}
}

bool cxl_dcd_share_trylock(struct cxl_dcd_share *share)
{
	struct cxl_dcd_books *books = dcd_books_get(share);

	if (mutex_trylock(&books->mutex)) {
		if (books == READ_ONCE(share->books))
			return true;
		mutex_unlock(&books->mutex);
	}
	dcd_books_put(books);
	return false;
}

/*
 * Drop the mutex, and remove the folders that had to wait for that. The device
 * may go as soon as the mutex is dropped.
 */
void cxl_dcd_share_unlock(struct cxl_dcd_share *share)
{
	struct cxl_dcd_books *books = share->books;
	struct cxl_dcd_folder *folder, *next;
	LIST_HEAD(list);

	list_splice_init(&books->removals, &list);
	mutex_unlock(&books->mutex);
	dcd_books_put(books);
	list_for_each_entry_safe(folder, next, &list, node) {
		list_del_init(&folder->node);
		if (folder->kobj.state_in_sysfs)
			kobject_del(&folder->kobj);
		kobject_put(&folder->kobj);
	}
}

/* Remove a folder, and drop its first reference, when the mutex is dropped. */
void cxl_dcd_remove_later(struct cxl_dcd_share *share,
			  struct cxl_dcd_folder *folder)
{
	cxl_dcd_share_assert_held(share);
	list_add_tail(&folder->node, &share->books->removals);
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
