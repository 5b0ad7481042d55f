// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who has a DAX device open keeps the module loaded.
 *
 * Unloading takes the drivers of all our DAX devices away. Programs that have
 * one mapped would be killed by that, and where one has given its pages to
 * hardware or to a pipe, unloading would have to wait until they are let go, for
 * which there is no limit, and nothing could end the wait. So an open file has
 * a reference to the module, until it is closed and all its mappings are gone.
 *
 * The stock driver's methods of the file are replaced by the same ones with us
 * as their owner: the kernel takes a reference to the owner when a file is
 * opened, and drops it with the file.
 */
#include <linux/cdev.h>
#include <linux/dax.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>

#include "stock.h"
#include "users.h"
#include "glue/opened.h"
#include "glue/pins.h"

/* The stock methods, one set for all DAX devices; and ours. */
static const struct file_operations *stock;
static struct file_operations mine;
static DEFINE_MUTEX(methods_lock);

static int dcd_opened_open(struct inode *inode, struct file *file)
{
	int rc = stock->open(inode, file);
	struct dev_dax *dev_dax = file->private_data;

	if (!rc)
		cxl_dcd_users_add(&dev_dax->dev, CXL_DCD_USE_OPEN);
	return rc;
}

/* The last mapping is gone, too. The file still has its reference. */
static int dcd_opened_release(struct inode *inode, struct file *file)
{
	struct dev_dax *dev_dax = file->private_data;

	cxl_dcd_pins_watch(dev_dax);
	cxl_dcd_users_del(&dev_dax->dev, CXL_DCD_USE_OPEN);
	return stock->release(inode, file);
}

/*
 * Have the set of methods that replaces a stock one. That is another one only
 * when the stock driver was loaded anew: no file with the one before is open.
 */
static const struct file_operations *
dcd_opened_methods(const struct file_operations *ops)
{
	guard(mutex)(&methods_lock);
	if (!ops->open || !ops->release)
		return NULL;
	/* Loaded anew, the stock module may have them at the same place. */
	if (ops != stock || ops->mmap != mine.mmap) {
		mine = *ops;
		mine.owner = THIS_MODULE;
		mine.open = dcd_opened_open;
		mine.release = dcd_opened_release;
		stock = ops;
	}
	return &mine;
}

static struct cdev *dcd_opened_cdev(struct dev_dax *dev_dax)
{
	return dax_inode(dev_dax->dax_dev)->i_cdev;
}

/* The driver goes: files that are open keep our methods, and us. */
static void dcd_opened_end(void *data)
{
	WRITE_ONCE(dcd_opened_cdev(data)->ops, stock);
}

/**
 * cxl_dcd_opened_guard - a DAX device of one of our regions has got a driver
 * @dev: the device, locked
 *
 * A file that somebody opened in the moment before has no reference: if it is
 * open at unload, that takes the device away from it, and waits for its pages.
 */
void cxl_dcd_opened_guard(struct device *dev)
{
	struct dev_dax *dev_dax = to_dev_dax(dev);
	const struct file_operations *ops;
	struct cdev *cdev;

	if (!dev_dax->pgmap)
		return;
	cdev = dcd_opened_cdev(dev_dax);
	ops = dcd_opened_methods(cdev->ops);
	if (!ops || devm_add_action(dev, dcd_opened_end, dev_dax)) {
		dev_err(dev, "close it before the module is unloaded: that would wait for it\n");
		return;
	}
	WRITE_ONCE(cdev->ops, ops);
}

/*
 * No device has our methods any more. Who is opening one may have read where
 * they are, and not got a reference yet: wait until he has seen that he gets
 * none.
 */
void cxl_dcd_opened_exit(void)
{
	if (stock)
		synchronize_rcu_tasks();
}
