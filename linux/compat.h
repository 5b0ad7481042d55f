/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Everything that ties this module to kernel series, in one place.
 *
 * The private headers of drivers/cxl and drivers/dax must be those of exactly
 * the kernel that is built for; they are found below CXL_PRIVATE (Makefile).
 * MODVERSIONS refuses the module where an exported function's types differ; the
 * asserts here catch what the module reads or writes directly.
 */
#ifndef CXL_DCD_COMPAT_H
#define CXL_DCD_COMPAT_H

#include <linux/build_bug.h>
#include <linux/version.h>
#include <linux/device.h>
#include <linux/kernfs.h>
#include <linux/ioport.h>
#include <linux/range.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/pci.h>

#include "drivers/cxl/cxlmem.h"
#include "drivers/cxl/cxl.h"
#include "drivers/dax/dax-private.h"
#include "drivers/dax/bus.h"

#if KERNEL_VERSION(6, 12, 0) <= LINUX_VERSION_CODE && \
	KERNEL_VERSION(6, 13, 0) > LINUX_VERSION_CODE
#define CXL_DCD_LINUX_6_12
#elif KERNEL_VERSION(7, 3, 0) > LINUX_VERSION_CODE || \
	KERNEL_VERSION(7, 4, 0) <= LINUX_VERSION_CODE
#error "cxl_dcd is for Linux 6.12.y and 7.3.y: compare this file with this kernel's drivers"
#endif

/* A string literal from 6.13 on. */
#ifdef CXL_DCD_LINUX_6_12
#define CXL_DCD_IMPORT_NS MODULE_IMPORT_NS(CXL)
#else
#define CXL_DCD_IMPORT_NS MODULE_IMPORT_NS("CXL")
#endif

/* Fields that are used directly: a change of type must not go unseen. */
#define CXL_DCD_FIELD(type, field, ftype) \
	static_assert(__same_type(typeof_member(type, field), ftype))

CXL_DCD_FIELD(struct cxl_dev_state, dpa_res, struct resource);
CXL_DCD_FIELD(struct cxl_dev_state, cxl_mbox, struct cxl_mailbox);
CXL_DCD_FIELD(struct cxl_endpoint_decoder, dpa_res, struct resource *);
CXL_DCD_FIELD(struct cxl_endpoint_decoder, skip, resource_size_t);
CXL_DCD_FIELD(struct cxl_port, hdm_end, int);
CXL_DCD_FIELD(struct cxl_dax_region, hpa_range, struct range);
CXL_DCD_FIELD(struct dax_region, res, struct resource);
CXL_DCD_FIELD(struct dax_region, seed, struct device *);
CXL_DCD_FIELD(struct dax_region, youngest, struct device *);
CXL_DCD_FIELD(struct dev_dax, nr_range, int);

#ifdef CXL_DCD_LINUX_6_12

CXL_DCD_FIELD(struct cxl_dev_state, pmem_res, struct resource);
CXL_DCD_FIELD(struct cxl_dev_state, ram_res, struct resource);
CXL_DCD_FIELD(struct cxl_endpoint_decoder, mode, enum cxl_decoder_mode);
CXL_DCD_FIELD(struct kernfs_node, parent, struct kernfs_node *);

/* Static capacity that is volatile, or else persistent; NULL for none. */
static inline struct resource *cxl_dcd_static(struct cxl_dev_state *cxlds,
					      bool is_volatile)
{
	return is_volatile ? &cxlds->ram_res : &cxlds->pmem_res;
}

/* Can the core have a resource for the DPA skip [@start, +@len)? */
static inline bool cxl_dcd_skip_possible(struct cxl_dev_state *cxlds,
					 u64 start, u64 len)
{
	struct resource *ram = &cxlds->ram_res, *pmem = &cxlds->pmem_res;

	/* One cannot span several partitions. */
	if (pmem->parent && pmem->start < start + len && start <= pmem->end)
		return false;
	return !ram->parent || start > ram->end || start + len <= ram->end + 1;
}

/*
 * Reserve DPA of a partition that the core does not know for a decoder, which
 * becomes one over volatile memory.
 *
 * The core derives the decoder's mode from where the reservation lies, and knows
 * two places. So let the persistent one be the partition for as long as the call
 * takes (every other path that looks at it is behind cxl_dcd_mutex), and then
 * say what the region code needs to hear. The persistent partition is unlinked
 * meanwhile, or the reservation would become its child.
 */
static inline int cxl_dcd_dpa_reserve(struct cxl_endpoint_decoder *cxled,
				      const struct range *part, u64 base,
				      u64 size, u64 skip)
{
	struct cxl_dev_state *cxlds = cxled_to_memdev(cxled)->cxlds;
	struct resource *pmem = &cxlds->pmem_res, saved = *pmem;
	bool linked = pmem->parent;
	int rc;

	if (linked)
		release_resource(pmem);
	pmem->start = part->start;
	pmem->end = part->end;
	rc = devm_cxl_dpa_reserve(cxled, base, size, skip);
	pmem->start = saved.start;
	pmem->end = saved.end;
	if (linked)
		WARN_ON(request_resource(&cxlds->dpa_res, pmem));
	if (!rc)
		cxled->mode = CXL_DECODER_RAM;
	return rc;
}

/* The platform's answer to a speed; how many classes there are, or -errno. */
static inline int cxl_dcd_ask_class(struct cxl_root *root,
				    struct access_coordinate *speed, int *class)
{
	if (!root->ops || !root->ops->qos_class)
		return -EOPNOTSUPP;
	return root->ops->qos_class(root, speed, 1, class);
}

/* Say what a decoder is over that was committed before, as far as the core. */
static inline void cxl_dcd_decoder_is(struct cxl_endpoint_decoder *cxled,
				      bool is_volatile)
{
	cxled->mode = is_volatile ? CXL_DECODER_RAM : CXL_DECODER_MIXED;
}

static inline struct kernfs_node *cxl_dcd_parent(struct kernfs_node *kn)
{
	return kn->parent;
}

#else

CXL_DCD_FIELD(struct cxl_dev_state, nr_partitions, unsigned int);
CXL_DCD_FIELD(struct cxl_dpa_partition, res, struct resource);
CXL_DCD_FIELD(struct cxl_dpa_partition, mode, enum cxl_partition_mode);
CXL_DCD_FIELD(struct cxl_endpoint_decoder, part, int);

static inline struct resource *cxl_dcd_static(struct cxl_dev_state *cxlds,
					      bool is_volatile)
{
	enum cxl_partition_mode mode = is_volatile ? CXL_PARTMODE_RAM :
						     CXL_PARTMODE_PMEM;
	unsigned int i;

	for (i = 0; i < cxlds->nr_partitions; i++)
		if (cxlds->part[i].mode == mode)
			return &cxlds->part[i].res;
	return NULL;
}

/* The core reserves the parts of a skip that lie in its own partitions. */
static inline bool cxl_dcd_skip_possible(struct cxl_dev_state *cxlds,
					 u64 start, u64 len)
{
	return true;
}

/*
 * A decoder has the index of its partition and takes from that what its regions
 * are; where the reservation lies does not matter. A device without volatile
 * capacity gets an empty partition of that kind. It stays when this module goes,
 * as the regions do, and so must its name: that is never freed. -1: no room.
 */
static inline int cxl_dcd_volatile_index(struct cxl_dev_state *cxlds)
{
	struct resource *ram = cxl_dcd_static(cxlds, true);
	unsigned int index = cxlds->nr_partitions;
	const char *name;

	if (ram)
		return container_of(ram, struct cxl_dpa_partition, res) -
		       cxlds->part;
	if (index == ARRAY_SIZE(cxlds->part))
		return -1;
	name = kstrdup("ram", GFP_KERNEL);
	if (!name)
		return -1;
	/* Empty, and not around the end of all addresses. */
	cxlds->part[index] = (struct cxl_dpa_partition) {
		.res = { .name = name, .start = 1, .end = 0 },
		.perf.qos_class = CXL_QOS_CLASS_INVALID,
		.mode = CXL_PARTMODE_RAM,
	};
	/* Who sees that it is there sees what it is. */
	smp_store_release(&cxlds->nr_partitions, index + 1);
	return index;
}

static inline int cxl_dcd_ask_class(struct cxl_root *root,
				    struct access_coordinate *speed, int *class)
{
	if (!root->ops.qos_class)
		return -EOPNOTSUPP;
	return root->ops.qos_class(root, speed, 1, class);
}

static inline void cxl_dcd_decoder_is(struct cxl_endpoint_decoder *cxled,
				      bool is_volatile)
{
	struct cxl_dev_state *cxlds = cxled_to_memdev(cxled)->cxlds;

	WRITE_ONCE(cxled->part,
		   is_volatile ? cxl_dcd_volatile_index(cxlds) : -1);
}

static inline int cxl_dcd_dpa_reserve(struct cxl_endpoint_decoder *cxled,
				      const struct range *part, u64 base,
				      u64 size, u64 skip)
{
	int index = cxl_dcd_volatile_index(cxled_to_memdev(cxled)->cxlds);
	int rc;

	if (index < 0)
		return -ENXIO;
	WRITE_ONCE(cxled->part, index);
	rc = devm_cxl_dpa_reserve(cxled, base, size, skip);
	if (rc)
		WRITE_ONCE(cxled->part, -1);
	return rc;
}

/* The folders above a device stay where they are while it is there. */
static inline struct kernfs_node *cxl_dcd_parent(struct kernfs_node *kn)
{
	return rcu_dereference_protected(kn->__parent, true);
}

#endif

static inline struct cxl_region *cxl_dcd_to_region(struct device *dev)
{
	return container_of(dev, struct cxl_region, dev);
}

#endif /* CXL_DCD_COMPAT_H */
