/* SPDX-License-Identifier: GPL-2.0-only */
/* The stock drivers of Linux 6.12.y; only compat.h includes this. */
#ifndef CXL_DCD_COMPAT_6_12_H
#define CXL_DCD_COMPAT_6_12_H

CXL_DCD_FIELD(struct cxl_dev_state, pmem_res, struct resource);
CXL_DCD_FIELD(struct cxl_dev_state, ram_res, struct resource);
CXL_DCD_FIELD(struct cxl_endpoint_decoder, mode, enum cxl_decoder_mode);
CXL_DCD_FIELD(struct cxl_region, mode, enum cxl_decoder_mode);
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
 * The core derives the decoder's mode from where the reservation lies, and
 * knows two places. So let the persistent one be the partition for as long as
 * the call takes, and then say what the region code needs to hear. It is
 * unlinked meanwhile, or the reservation would become its child. Whoever asks
 * the core for the size of persistent capacity at that moment (a file in sysfs,
 * a list of poison) may be told too much, but never less than nothing: its end
 * is moved up first, and down last.
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
	WRITE_ONCE(pmem->end, part->end);
	WRITE_ONCE(pmem->start, part->start);
	rc = devm_cxl_dpa_reserve(cxled, base, size, skip);
	WRITE_ONCE(pmem->start, saved.start);
	WRITE_ONCE(pmem->end, saved.end);
	if (linked)
		WARN_ON(request_resource(&cxlds->dpa_res, pmem));
	/* Where the core has not written what it had to, we would not either. */
	if (!rc && cxled->mode != CXL_DECODER_PMEM)
		return -EOPNOTSUPP;
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

/* Of a memory notifier: has a node got its first memory? */
static inline bool cxl_dcd_node_comes(unsigned long action, void *arg, int *nid)
{
	const struct memory_notify *notify = arg;

	*nid = notify->status_change_nid;
	return action == MEM_ONLINE && *nid != NUMA_NO_NODE;
}

static inline int cxl_dcd_node_notifier_add(struct notifier_block *nb)
{
	return register_memory_notifier(nb);
}

static inline void cxl_dcd_node_notifier_del(struct notifier_block *nb)
{
	unregister_memory_notifier(nb);
}

/*
 * Say how fast a node is. What has been @said of one that ACPI does not describe
 * cannot be said anew, nor taken back, before all of its memory has gone.
 */
static inline void cxl_dcd_node_speed(int nid, struct access_coordinate *speed,
				      enum access_coordinate_class class,
				      bool said)
{
	if (acpi_node_backed_by_real_pxm(nid))
		hmat_update_target_coordinates(nid, speed, class);
	else if (!said)
		node_set_perf_attrs(nid, speed, class);
}

/* Take free pages [@pfn, @end) from everybody. */
static inline int cxl_dcd_take_pages(unsigned long pfn, unsigned long end)
{
	return alloc_contig_range(pfn, end, MIGRATE_MOVABLE,
				  GFP_KERNEL | __GFP_NOWARN);
}

/*
 * A region whose mode is none that the region driver knows gets no DAX region,
 * whoever enables it. There are two such modes: which it is tells the next load
 * whether the region is to be enabled again.
 */
#define CXL_DCD_MODE_USABLE CXL_DECODER_RAM
#define CXL_DCD_MODE_LENT CXL_DECODER_MIXED
#define CXL_DCD_MODE_UNUSED CXL_DECODER_NONE

static inline struct kernfs_node *cxl_dcd_parent(struct kernfs_node *kn)
{
	return kn->parent;
}

#endif /* CXL_DCD_COMPAT_6_12_H */
