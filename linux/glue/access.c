// SPDX-License-Identifier: GPL-2.0-only
/*
 * How fast memory of our regions is, for the kernel's NUMA policy.
 *
 * The CXL core knows that of the partitions that it knows. When memory of a
 * region comes to a node, it says how far the node is (`access0` and `access1`
 * of the node), and before that the node's memory tier is taken from it. Of
 * dynamic capacity it says nothing; so we do, behind it in the same two chains.
 */
#include <linux/cpu.h>
#include <linux/kernfs.h>
#include <linux/list.h>
#include <linux/memory.h>
#include <linux/memory-tiers.h>
#include <linux/minmax.h>
#include <linux/node.h>
#include <linux/numa.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "device.h"
#include "glue/access.h"
#include "glue/compat.h"
#include "glue/endpoint.h"

/* Behind the CXL core's, but before the HMAT's, which tells what it has then. */
#define NODE_PRIORITY (CXL_CALLBACK_PRI - 1)
/* The core's is 100. */
#define TIER_PRIORITY 1

/**
 * struct dcd_access - what is known of one region
 * @node: entry in speeds
 * @dev: its DAX region; only compared
 * @nid: where its memory comes to
 * @speed: of each class of access
 */
struct dcd_access {
	struct list_head node;
	const struct device *dev;
	int nid;
	struct access_coordinate speed[ACCESS_COORDINATE_MAX];
};

static LIST_HEAD(speeds);
static DEFINE_SPINLOCK(speeds_lock);

/* Members work side by side, and none is waited for longer than the slowest. */
static void dcd_access_sum(struct access_coordinate *sum,
			   const struct access_coordinate *one)
{
	int i;

	for (i = 0; i < ACCESS_COORDINATE_MAX; i++) {
		sum[i].read_bandwidth += one[i].read_bandwidth;
		sum[i].write_bandwidth += one[i].write_bandwidth;
		sum[i].read_latency = max(sum[i].read_latency,
					  one[i].read_latency);
		sum[i].write_latency = max(sum[i].write_latency,
					   one[i].write_latency);
	}
}

static bool dcd_access_know(struct dcd_access *access, struct cxl_region *cxlr,
			    unsigned int part)
{
	struct access_coordinate one[ACCESS_COORDINATE_MAX];
	struct cxl_region_params *p = &cxlr->params;
	bool known = true;
	int i;

	for (i = 0; known && i < p->nr_targets; i++) {
		struct cxl_endpoint_decoder *cxled = p->targets[i];
		struct cxl_dcd *dcd = cxl_dcd_find_get(cxled_to_memdev(cxled));

		known = dcd && cxl_dcd_endpoint_speed(dcd, cxled_to_port(cxled),
						      part, one);
		if (dcd)
			cxl_dcd_put(dcd);
		if (known)
			dcd_access_sum(access->speed, one);
	}
	return known;
}

/**
 * cxl_dcd_access_add - there is a region whose memory may come to a node
 * @dev: its DAX region
 * @cxlr: the region, whose targets do not change meanwhile
 * @part: the partition that it is over
 *
 * Where its members share a link, their bandwidths are added all the same.
 */
int cxl_dcd_access_add(struct device *dev, struct cxl_region *cxlr,
		       unsigned int part)
{
	struct dcd_access *access = kzalloc(sizeof(*access), GFP_KERNEL);

	if (!access)
		return -ENOMEM;
	access->dev = dev;
	access->nid = phys_to_target_node(cxlr->params.res->start);
	if (access->nid == NUMA_NO_NODE ||
	    !dcd_access_know(access, cxlr, part)) {
		kfree(access);
		return 0;
	}
	guard(spinlock)(&speeds_lock);
	list_add_tail(&access->node, &speeds);
	return 0;
}

void cxl_dcd_access_del(struct device *dev)
{
	struct dcd_access *access, *next;

	guard(spinlock)(&speeds_lock);
	list_for_each_entry_safe(access, next, &speeds, node)
		if (access->dev == dev) {
			list_del(&access->node);
			kfree(access);
		}
}

/* What the first region of a node says of it; false for none. */
static bool dcd_access_of_node(int nid, struct access_coordinate *speed)
{
	struct dcd_access *access;

	guard(spinlock)(&speeds_lock);
	list_for_each_entry(access, &speeds, node)
		if (access->nid == nid) {
			memcpy(speed, access->speed, sizeof(access->speed));
			return true;
		}
	return false;
}

/* Is there a file that says how fast a node is? Processors are beside nodes. */
static bool dcd_access_is_said(int nid, int class)
{
	struct kernfs_node *at = get_cpu_device(0)->kobj.parent->parent->sd;
	char path[64], *next = path, *name;

	snprintf(path, sizeof(path),
		 "node/node%d/access%d/initiators/read_bandwidth", nid, class);
	kernfs_get(at);
	while (at && (name = strsep(&next, "/"))) {
		struct kernfs_node *in = at;

		at = kernfs_find_and_get(in, name);
		kernfs_put(in);
	}
	if (at)
		kernfs_put(at);
	return at;
}

/* A node has its first memory. */
static int dcd_access_node_event(struct notifier_block *nb,
				 unsigned long action, void *arg)
{
	struct access_coordinate speed[ACCESS_COORDINATE_MAX];
	int nid, i;

	if (!cxl_dcd_node_comes(action, arg, &nid) ||
	    !dcd_access_of_node(nid, speed))
		return NOTIFY_DONE;
	for (i = 0; i < ACCESS_COORDINATE_MAX; i++)
		if (speed[i].read_bandwidth)
			cxl_dcd_node_speed(nid, &speed[i], i,
					   dcd_access_is_said(nid, i));
	return NOTIFY_OK;
}

/* Which memory tier is a node to be in? */
static int dcd_access_tier_event(struct notifier_block *nb, unsigned long nid,
				 void *distance)
{
	struct access_coordinate speed[ACCESS_COORDINATE_MAX];

	if (!dcd_access_of_node(nid, speed) ||
	    mt_perf_to_adistance(&speed[ACCESS_COORDINATE_CPU], distance))
		return NOTIFY_OK;
	return NOTIFY_STOP;
}

static struct notifier_block node_nb = {
	.notifier_call = dcd_access_node_event,
	.priority = NODE_PRIORITY,
};

static struct notifier_block tier_nb = {
	.notifier_call = dcd_access_tier_event,
	.priority = TIER_PRIORITY,
};

int cxl_dcd_access_init(void)
{
	int rc = cxl_dcd_node_notifier_add(&node_nb);

	if (rc)
		return rc;
	rc = register_mt_adistance_algorithm(&tier_nb);
	if (rc)
		cxl_dcd_node_notifier_del(&node_nb);
	return rc;
}

void cxl_dcd_access_exit(void)
{
	unregister_mt_adistance_algorithm(&tier_nb);
	cxl_dcd_node_notifier_del(&node_nb);
}
