// SPDX-License-Identifier: GPL-2.0-only
/*
 * What keeps the module loaded, for people who want it to go.
 *
 * The kernel refuses to unload a module that is in use before the module hears
 * of it, and says no more than that. So parameter in_use can be read, which
 * names each DAX device that is a reason, and what ends that. The references
 * to the module are taken and dropped elsewhere; here it is only written down.
 */
#include <linux/device.h>
#include <linux/list.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/sysfs.h>

#include "users.h"

/**
 * struct dcd_user - a DAX device that keeps the module loaded
 * @node: entry in users
 * @use: why
 * @nr: how often
 * @name: of the device, which may be gone
 */
struct dcd_user {
	struct list_head node;
	enum cxl_dcd_use use;
	unsigned int nr;
	char name[24];
};

static LIST_HEAD(users);
static DEFINE_MUTEX(users_lock);

static const char * const uses[] = {
	[CXL_DCD_USE_OPEN] = "programs have it open or mapped (`fuser /dev/daxX.Y`): end them",
	[CXL_DCD_USE_PAGES] = "pages of it are held (io_uring, RDMA, VFIO, a pipe): end who does",
	[CXL_DCD_USE_RAM] = "it is System RAM: `daxctl reconfigure-device -m devdax -f daxX.Y`",
	[CXL_DCD_USE_KEPT] = "the kernel keeps it as System RAM until the next boot",
};

static struct dcd_user *dcd_users_find(const struct device *dev,
				       enum cxl_dcd_use use)
{
	struct dcd_user *user;

	lockdep_assert_held(&users_lock);
	list_for_each_entry(user, &users, node)
		if (user->use == use && !strcmp(user->name, dev_name(dev)))
			return user;
	return NULL;
}

/* Without memory it is a reason all the same, but is not named. */
void cxl_dcd_users_add(const struct device *dev, enum cxl_dcd_use use)
{
	struct dcd_user *user;

	guard(mutex)(&users_lock);
	user = dcd_users_find(dev, use);
	if (!user) {
		user = kzalloc(sizeof(*user), GFP_KERNEL);
		if (!user)
			return;
		strscpy(user->name, dev_name(dev), sizeof(user->name));
		user->use = use;
		list_add_tail(&user->node, &users);
	}
	user->nr++;
}

void cxl_dcd_users_del(const struct device *dev, enum cxl_dcd_use use)
{
	struct dcd_user *user;

	guard(mutex)(&users_lock);
	user = dcd_users_find(dev, use);
	if (!user || --user->nr)
		return;
	list_del(&user->node);
	kfree(user);
}

/* Nobody is left; one who could not be written down when he came may be. */
void cxl_dcd_users_exit(void)
{
	struct dcd_user *user, *next;

	guard(mutex)(&users_lock);
	list_for_each_entry_safe(user, next, &users, node)
		kfree(user);
}

static int dcd_users_show(char *buf, const struct kernel_param *kp)
{
	struct dcd_user *user;
	int len = 0;

	guard(mutex)(&users_lock);
	list_for_each_entry(user, &users, node)
		len += sysfs_emit_at(buf, len, "%s: %s\n", user->name,
				     uses[user->use]);
	return len;
}

static const struct kernel_param_ops in_use_ops = { .get = dcd_users_show };
module_param_cb(in_use, &in_use_ops, NULL, 0444);
MODULE_PARM_DESC(in_use,
		 "to be read: the DAX devices that keep the module loaded, and what ends that");
