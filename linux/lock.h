/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who may wait for whom.
 *
 * From the outside in; who holds an inner one never waits for an outer one:
 *
 *  1. device locks of the driver core
 *  2. the mutex of decoders (glue/decoder.c): within it run the stock methods
 *     of decoders' files
 *  3. cxl_dcd_region.lock, one for each region: its addresses, and the ranges
 *     of its DAX devices. Within it run the stock methods that change them,
 *     which sleep on dax_region_rwsem for as long as any DAX device of the
 *     machine is removed, and that may be without end
 *  4. dax_region_rwsem, private to the DAX core. Within it run the notifiers of
 *     the DAX bus, which take none of our locks but spinlocks
 *  5. cxl_dcd_mutex: the books, every list and every extent of every device.
 *     Commands are sent to devices with it held, which takes time, but none
 *     without end; no stock method is called and no device is removed
 *
 * What else is kept:
 *  - with cxl_dcd_mutex held a region's lock is only tried for. Who does not
 *    get it marks the region as unsettled, and whoever has the lock sees to
 *    what was left when he drops it (release.c)
 *  - no sysfs file whose method takes cxl_dcd_mutex is removed while it is held:
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

#include <linux/cleanup.h>
#include <linux/kobject.h>
#include <linux/list.h>
#include <linux/mutex.h>

/* Time between tries for a lock, in milliseconds. */
#define CXL_DCD_LOCK_POLL_MS 5

extern struct mutex cxl_dcd_mutex;

/**
 * struct cxl_dcd_folder - a folder of ours in sysfs, with methods that lock
 * @node: entry in the list of those to be removed
 * @kobj: the folder
 */
struct cxl_dcd_folder {
	struct list_head node;
	struct kobject kobj;
};

void cxl_dcd_lock(void);
bool cxl_dcd_trylock(void);
void cxl_dcd_unlock(void);
DEFINE_LOCK_GUARD_0(cxl_dcd, cxl_dcd_lock(), cxl_dcd_unlock())

int cxl_dcd_lock_restart(void);
int cxl_dcd_lock_in_file(void);

void cxl_dcd_remove_later(struct cxl_dcd_folder *folder);

#endif /* CXL_DCD_LOCK_H */
