// SPDX-License-Identifier: GPL-2.0-only
/*
 * The memdevs with dynamic capacity that this module has.
 */
#include <linux/ratelimit.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "device.h"
#include "judge.h"
#include "lock.h"

/* By id, which is never used again. */
static LIST_HEAD(devices);
static u32 last_id;
static DEFINE_SPINLOCK(devices_lock);

/* Not freed yet; must be none when the module is gone. */
static atomic_t nr_devices;

static bool unloading;

int cxl_dcd_devices_left(void)
{
	return atomic_read(&nr_devices);
}

static struct cxl_dcd *dcd_device_find(const struct cxl_memdev *cxlmd)
{
	struct cxl_dcd *dcd;

	lockdep_assert_held(&devices_lock);
	list_for_each_entry(dcd, &devices, node)
		if (dcd->cxlmd == cxlmd)
			return dcd;
	return NULL;
}

/* The device behind a memdev, referenced; NULL when it is none of ours. */
struct cxl_dcd *cxl_dcd_find_get(const struct cxl_memdev *cxlmd)
{
	struct cxl_dcd *dcd;

	guard(spinlock)(&devices_lock);
	dcd = dcd_device_find(cxlmd);
	return dcd ? cxl_dcd_get(dcd) : NULL;
}

bool cxl_dcd_is_ours(const struct cxl_memdev *cxlmd)
{
	guard(spinlock)(&devices_lock);
	return dcd_device_find(cxlmd);
}

/**
 * cxl_dcd_next_get - go through all devices, each referenced
 * @id: where that has come to, 0 to begin with
 */
struct cxl_dcd *cxl_dcd_next_get(u32 *id)
{
	struct cxl_dcd *dcd;

	guard(spinlock)(&devices_lock);
	list_for_each_entry(dcd, &devices, node)
		if (dcd->id > *id) {
			*id = dcd->id;
			return cxl_dcd_get(dcd);
		}
	return NULL;
}

bool cxl_dcd_devices_any(void)
{
	guard(spinlock)(&devices_lock);
	return !list_empty(&devices);
}

void cxl_dcd_devices_add(struct cxl_dcd *dcd)
{
	guard(spinlock)(&devices_lock);
	dcd->id = ++last_id;
	list_add_tail(&dcd->node, &devices);
}

/* Its memdev goes, or we do: no command is sent to it any more. */
void cxl_dcd_devices_remove(struct cxl_dcd *dcd)
{
	cxl_dcd_assert_held(dcd);
	spin_lock(&devices_lock);
	list_del(&dcd->node);
	spin_unlock(&devices_lock);
	dcd->dying = true;
}

/* Leave what comes from now on in the devices' logs, for the next load. */
void cxl_dcd_unload_begin(void)
{
	struct cxl_dcd *dcd;
	u32 id = 0;

	WRITE_ONCE(unloading, true);
	while ((dcd = cxl_dcd_next_get(&id))) {
		cxl_dcd_lock(dcd);
		dcd->armed = false;
		cxl_dcd_unlock(dcd);
		cxl_dcd_put(dcd);
	}
}

bool cxl_dcd_unloading(void)
{
	return READ_ONCE(unloading);
}

/**
 * cxl_dcd_lock_in_file - take the books when the method of a sysfs file begins
 *
 * A device may be slow, and whoever removes the file waits for the method.
 *
 * Returns: 0, or what the method has to return.
 */
int cxl_dcd_lock_in_file(struct cxl_dcd *dcd)
{
	return cxl_dcd_trylock(dcd) ? 0 : cxl_dcd_lock_restart();
}

/* Two devices of an interleave set have one set of books from now on. */
void cxl_dcd_join(struct cxl_dcd *dcd, struct cxl_dcd *other)
{
	cxl_dcd_share_join(&dcd->share, &other->share);
}

/**
 * cxl_dcd_may_log - for lines that a device brings about, as many as it likes
 *
 * What is suppressed is counted by the kernel, in a line of its own.
 */
bool cxl_dcd_may_log(void)
{
	static DEFINE_RATELIMIT_STATE(limit, 10 * HZ, 200);

	return __ratelimit(&limit);
}

/* Bytes of one mailbox payload. */
size_t cxl_dcd_payload(struct cxl_dcd *dcd)
{
	return dcd->cxlds->cxl_mbox.payload_size;
}

/* What cxl_dcd_alloc() has made, whole or in part. */
static void dcd_device_free(struct cxl_dcd *dcd)
{
	if (dcd->wq)
		destroy_workqueue(dcd->wq);
	kvfree(dcd->chain.recs);
	kvfree(dcd->events);
	kvfree(dcd->handled);
	cxl_dcd_share_end(&dcd->share);
	put_device(dcd->host);
	put_device(&dcd->cxlmd->dev);
	kfree(dcd);
	atomic_dec(&nr_devices);
}

/**
 * cxl_dcd_alloc - make what we keep of a memdev
 * @cxlmd: memdev; stays referenced
 * @parts: its partitions, as many as it may have
 * @nr_parts: how many it has
 *
 * It is in no list yet. Dropped by cxl_dcd_put().
 */
struct cxl_dcd *cxl_dcd_alloc(struct cxl_memdev *cxlmd,
			      const struct cxl_dcd_part *parts,
			      unsigned int nr_parts)
{
	struct cxl_dcd *dcd = kzalloc(sizeof(*dcd), GFP_KERNEL);
	unsigned int i;

	if (!dcd)
		return NULL;
	get_device(&cxlmd->dev);
	atomic_inc(&nr_devices);
	dcd->cxlmd = cxlmd;
	dcd->host = get_device(cxlmd->dev.parent);
	dcd->cxlds = cxlmd->cxlds;
	kref_init(&dcd->kref);
	memcpy(dcd->parts, parts, sizeof(dcd->parts));
	dcd->nr_parts = nr_parts;
	for (i = 0; i < ARRAY_SIZE(dcd->qos_class); i++)
		dcd->qos_class[i] = CXL_QOS_CLASS_INVALID;
	dcd->events = kvmalloc(cxl_dcd_payload(dcd), GFP_KERNEL);
	dcd->handled = kvmalloc_array(cxl_dcd_payload(dcd) /
				      sizeof(CXLDcdEventRecord),
				      sizeof(*dcd->handled), GFP_KERNEL);
	dcd->wq = alloc_ordered_workqueue("cxl_dcd_%s", 0,
					  dev_name(&cxlmd->dev));
	if (dcd->events && dcd->handled && dcd->wq &&
	    !cxl_dcd_share_init(&dcd->share))
		return dcd;
	dcd_device_free(dcd);
	return NULL;
}

struct cxl_dcd *cxl_dcd_get(struct cxl_dcd *dcd)
{
	kref_get(&dcd->kref);
	return dcd;
}

static void dcd_device_release(struct kref *kref)
{
	dcd_device_free(container_of(kref, struct cxl_dcd, kref));
}

/* Not from a work of the device itself: the last one destroys its queue. */
void cxl_dcd_put(struct cxl_dcd *dcd)
{
	kref_put(&dcd->kref, dcd_device_release);
}
