/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who may wait for whom.
 *
 * From the outside in; who holds an inner one never waits for an outer one:
 *
 *  1. device locks of the driver core
 *  2. the mutex of decoders (glue/decoder_list.c): within it run the stock methods
 *     of decoders' files
 *  3. cxl_dcd_region.lock, one for each region: its addresses, and the ranges
 *     of its DAX devices. Within it run the stock methods that change them,
 *     which sleep on dax_region_rwsem for as long as any DAX device of the
 *     machine is removed, and that may be without end
 *  4. dax_region_rwsem, private to the DAX core. Within it run the notifiers of
 *     the DAX bus, which take none of our locks but spinlocks
 *  5. cxl_dcd_books.mutex, one for each device: its regions, their extents, its
 *     open offer. Commands are sent to the device with it held, which takes
 *     time, but none without end; no stock method is called and no device is
 *     removed
 *  6. what is common to all devices, and held for a moment only: spinlocks of
 *     the lists of devices (device.c), of regions (region.c), of decoders
 *     (glue/decoder_list.c), of tags (extent.c); the mutex of jobs (cut_job.c)
 *
 * A slow device holds up nothing of another one, save that the devices of an
 * interleaved region have one set of books: no offer to one of them can be
 * judged without the others. They have it from the first such region on, for as
 * long as the devices are there (cxl_dcd_share_join()). That is the only time
 * that anybody has two sets of books.
 *
 * What else is kept:
 *  - with books held a region's lock is only tried for. Who does not get it
 *    marks the region as unsettled, and whoever has the lock sees to what was
 *    left when he drops it (release.c)
 *  - no sysfs file whose method takes the books is removed while they are held:
 *    a folder that must go is handed to cxl_dcd_remove_later(), and
 *    cxl_dcd_unlock() removes it after dropping the mutex
 *  - the DAX core removes a DAX device with its rwsem held, and removing waits
 *    for methods that run. So a method of a file of a DAX device or region does
 *    not begin to wait: the system call begins anew (cxl_dcd_lock_in_file(),
 *    cxl_dcd_region_enter()), and the file is let go meanwhile
 *  - a DAX device is deleted with device locks held, outside of all ours; no
 *    method of its region's files is within the DAX core meanwhile, and a
 *    region does not end before that is over (cxl_dcd_region_close())
 */
#ifndef CXL_DCD_LOCK_H
#define CXL_DCD_LOCK_H

#include <linux/kobject.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/lockdep.h>
#include <linux/mutex.h>

/* Time between tries for a lock, in milliseconds. */
#define CXL_DCD_LOCK_POLL_MS 5

/**
 * struct cxl_dcd_books - what must not change while a device is about it
 * @mutex: guards all of it, and what hangs on it
 * @kref: held by each share, and by who has @mutex
 * @shares: the devices whose books these are
 * @regions: theirs, struct cxl_dcd_region
 * @removals: folders to be removed when @mutex is dropped
 */
struct cxl_dcd_books {
	struct mutex mutex; /* of one device, or of an interleave set */
	struct kref kref;
	struct list_head shares;
	struct list_head regions;
	struct list_head removals;
};

/**
 * struct cxl_dcd_share - what a device has of its books
 * @node: entry in their list of shares
 * @books: they; change only while their mutex is held
 */
struct cxl_dcd_share {
	struct list_head node;
	struct cxl_dcd_books *books;
};

/**
 * struct cxl_dcd_folder - a folder of ours in sysfs, with methods that lock
 * @node: entry in the list of those to be removed
 * @kobj: the folder
 */
struct cxl_dcd_folder {
	struct list_head node;
	struct kobject kobj;
};

int cxl_dcd_share_init(struct cxl_dcd_share *share);
void cxl_dcd_share_end(struct cxl_dcd_share *share);
void cxl_dcd_share_join(struct cxl_dcd_share *share,
			struct cxl_dcd_share *other);

void cxl_dcd_share_lock(struct cxl_dcd_share *share);
bool cxl_dcd_share_trylock(struct cxl_dcd_share *share);
void cxl_dcd_share_unlock(struct cxl_dcd_share *share);
#define cxl_dcd_share_assert_held(share) \
	lockdep_assert_held(&(share)->books->mutex)

int cxl_dcd_lock_restart(void);

void cxl_dcd_remove_later(struct cxl_dcd_share *share,
			  struct cxl_dcd_folder *folder);

#endif /* CXL_DCD_LOCK_H */
