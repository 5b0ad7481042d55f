/* SPDX-License-Identifier: GPL-2.0-only */
/* The stock drivers of Linux 7.3.y; only compat.h includes this. */
#ifndef CXL_DCD_COMPAT_7_3_H
#define CXL_DCD_COMPAT_7_3_H

CXL_DCD_FIELD(struct cxl_dev_state, nr_partitions, unsigned int);
CXL_DCD_FIELD(struct cxl_dpa_partition, res, struct resource);
CXL_DCD_FIELD(struct cxl_dpa_partition, mode, enum cxl_partition_mode);
CXL_DCD_FIELD(struct cxl_endpoint_decoder, part, int);
CXL_DCD_FIELD(struct cxl_region, mode, enum cxl_partition_mode);

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
 * capacity gets an empty partition of that kind. It stays when this module
 * goes, as the regions do, and so must its name: that is never freed. -1: no
 * room.
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

static inline bool cxl_dcd_node_comes(unsigned long action, void *arg, int *nid)
{
	const struct node_notify *notify = arg;

	*nid = notify->nid;
	return action == NODE_ADDED_FIRST_MEMORY;
}

static inline int cxl_dcd_node_notifier_add(struct notifier_block *nb)
{
	return register_node_notifier(nb);
}

static inline void cxl_dcd_node_notifier_del(struct notifier_block *nb)
{
	unregister_node_notifier(nb);
}

static inline void cxl_dcd_node_speed(int nid, struct access_coordinate *speed,
				      enum access_coordinate_class class,
				      bool said)
{
	if (said)
		node_update_perf_attrs(nid, speed, class);
	else
		node_set_perf_attrs(nid, speed, class);
}

static inline int cxl_dcd_take_pages(unsigned long pfn, unsigned long end)
{
	return alloc_contig_range(pfn, end, ACR_FLAGS_NONE,
				  GFP_KERNEL | __GFP_NOWARN);
}

#define CXL_DCD_MODE_USABLE CXL_PARTMODE_RAM
#define CXL_DCD_MODE_LENT ((enum cxl_partition_mode)S8_MAX)
#define CXL_DCD_MODE_UNUSED ((enum cxl_partition_mode)(S8_MAX - 1))

/* The folders above a device stay where they are while it is there. */
static inline struct kernfs_node *cxl_dcd_parent(struct kernfs_node *kn)
{
	return rcu_dereference_protected(kn->__parent, true);
}

#endif /* CXL_DCD_COMPAT_7_3_H */
