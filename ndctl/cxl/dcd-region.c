// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Dynamic capacity in "cxl create-region".
 */
#include <stdio.h>
#include <errno.h>
#include <string.h>
#include <util/log.h>
#include <cxl/libcxl.h>
#include <json-c/json.h>

#include "dcd-region.h"

#define DECODER_UNIT 0x10000000ULL

/* What the memdev does have, for a user who asked for something else. */
static void dcd_explain_missing(struct log_ctx *log, struct cxl_memdev *memdev,
				const char *type)
{
	const char *devname = cxl_memdev_get_devname(memdev);
	struct cxl_dc_partition *part;
	char have[256] = "";
	size_t len = 0;

	cxl_dc_partition_foreach(memdev, part) {
		int n = snprintf(have + len, sizeof(have) - len, "%s%s",
				 len ? ", " : "",
				 cxl_dc_partition_get_name(part));

		if (n < 0 || len + n >= sizeof(have))
			break;
		len += n;
	}
	if (len)
		log_err(log, "%s has no partition '%s', it has: %s\n", devname,
			type, have);
	else
		log_err(log,
			"%s shows no dynamic capacity (type '%s'): the kernel needs the module cxl_dcd ('modprobe cxl_dcd') or a driver of its own for it, and the device a dynamic capacity region\n",
			devname, type);
}

static struct cxl_memdev *dcd_memdev_at(struct json_object *jmemdevs, int i)
{
	return json_object_get_userdata(json_object_array_get_idx(jmemdevs, i));
}

/**
 * dcd_validate_memdevs - can a region be made over these partitions?
 * @jmemdevs: array of memdev objects, the region's targets first
 * @ways: number of targets
 * @type: what the user asked for with --type
 * @size: bytes of the region, 0 for as much as there is
 *
 * Logs why not.  Returns: 0, -ENXIO (a memdev has no such partition) or -EINVAL
 * (the size does not fit).
 */
int dcd_validate_memdevs(struct log_ctx *log, struct json_object *jmemdevs,
			 int ways, const char *type, unsigned long long size)
{
	int i;

	/* CXL r3.1 section 8.2.4.20: HDM decoders count in 256 MiB. */
	if (size % (DECODER_UNIT * ways)) {
		log_err(log,
			"region size %#llx is not a multiple of %#llx (256 MiB for each of %d memdevs)\n",
			size, DECODER_UNIT * ways, ways);
		return -EINVAL;
	}
	for (i = 0; i < ways; i++) {
		struct cxl_memdev *memdev = dcd_memdev_at(jmemdevs, i);
		struct cxl_dc_partition *part =
			cxl_dc_partition_find(memdev, type);

		if (!part) {
			dcd_explain_missing(log, memdev, type);
			return -ENXIO;
		}
		if (size / ways > cxl_dc_partition_get_size(part)) {
			log_err(log,
				"%s: partition '%s' has %#llx bytes, the region needs %#llx of it\n",
				cxl_memdev_get_devname(memdev),
				cxl_dc_partition_get_name(part),
				cxl_dc_partition_get_size(part), size / ways);
			return -EINVAL;
		}
	}
	return 0;
}

/**
 * dcd_refuse_dpa - "cxl reserve-dpa" and "free-dpa" know no dynamic capacity
 * @type: what the user asked for with --type
 *
 * Returns: -EOPNOTSUPP, after a message.
 */
int dcd_refuse_dpa(struct log_ctx *log, struct cxl_memdev *memdev,
		   const char *type)
{
	log_err(log,
		"%s: type '%s' is dynamic capacity, which create-region reserves and destroy-region frees; here: 'pmem' or 'ram'\n",
		cxl_memdev_get_devname(memdev), type);
	return -EOPNOTSUPP;
}

/* Bytes, 0 where there is no such partition. */
unsigned long long dcd_partition_size(struct cxl_memdev *memdev,
				      const char *type)
{
	struct cxl_dc_partition *part = cxl_dc_partition_find(memdev, type);

	return part ? cxl_dc_partition_get_size(part) : 0;
}

int dcd_partition_qos_class(struct cxl_memdev *memdev, const char *type)
{
	struct cxl_dc_partition *part = cxl_dc_partition_find(memdev, type);

	return part ? cxl_dc_partition_get_qos_class(part) :
		      CXL_QOS_CLASS_NONE;
}

/**
 * dcd_commit_hint - say what to do about a region that did not commit
 * @rc: -errno of the commit
 *
 * A stock kernel flushes the CPU caches before it changes the address map, and
 * refuses to where CPUID says "hypervisor".  Its errno does not tell the reason.
 */
void dcd_commit_hint(struct log_ctx *log, int rc)
{
	if (rc != -ENXIO)
		return;
	log_err(log,
		"the kernel may have refused to flush the CPU caches because it sees a hypervisor: look for 'Failed to synchronize CPU cache state' in the kernel log (dmesg)\n");
	log_err(log,
		"if it is there, hide the hypervisor from the guest: start QEMU with '-cpu max,-hypervisor' (TCG) or '-cpu host,-hypervisor' (KVM)\n");
	log_err(log,
		"or, where its CXL devices are emulated: modprobe -r cxl_dcd; modprobe cxl_dcd no_cache_flush=1\n");
}

/**
 * dcd_target_hint - say what to do about a target that a region refuses
 * @rc: -errno of setting the target
 */
void dcd_target_hint(struct log_ctx *log, int rc)
{
	if (rc != -EBUSY)
		return;
	log_err(log,
		"a decoder on the way to the device is taken: a host bridge with a single port and no decoders of its own serves one region only\n");
	log_err(log,
		"in a virtual machine give it some: '-device pxb-cxl,hdm_for_passthrough=on,...'\n");
}

/**
 * dcd_granularity - what to interleave by when the user does not say
 *
 * A root decoder of one target allows any granularity, and names 256 bytes.
 * With whole pages an emulated device can map its memory into the guest, and
 * need not emulate each access.
 *
 * Returns: bytes, or 0 for the root decoder's own.
 */
int dcd_granularity(struct cxl_decoder *root, int ways)
{
	if (ways < 2 || cxl_decoder_get_interleave_ways(root) != 1)
		return 0;
	return 4096;
}

/* What a window does take, for a user who wanted something else of it. */
static void dcd_explain_window(struct log_ctx *log, struct cxl_decoder *root,
			       const char *type)
{
	char have[256] = "";
	const char *name;
	size_t len = 0;
	int i, n;

	for (i = 0; (name = cxl_decoder_get_dc_name(root, i)); i++) {
		n = snprintf(have + len, sizeof(have) - len, "%s%s",
			     len ? ", " : "", name);
		if (n < 0 || len + n >= sizeof(have))
			break;
		len += n;
	}
	log_err(log,
		"%s takes no %s region, its kinds of dynamic capacity are: %s; 'cxl list -D -d root' shows those of all windows (\"..._capable\")\n",
		cxl_decoder_get_devname(root), type, len ? have : "none");
}

/**
 * dcd_create_region - make an empty region over a partition
 * @root: the window
 * @jmemdevs: array of memdev objects
 * @type: what the user asked for
 *
 * Logs why not.  Returns: a region owned by @root, or NULL.
 */
struct cxl_region *dcd_create_region(struct log_ctx *log,
				     struct cxl_decoder *root,
				     struct json_object *jmemdevs,
				     const char *type)
{
	struct cxl_dc_partition *part =
		cxl_dc_partition_find(dcd_memdev_at(jmemdevs, 0), type);
	struct cxl_region *region;

	if (!part)
		return NULL;
	region = cxl_decoder_create_dc_region(root,
					      cxl_dc_partition_get_name(part));
	if (!region && errno == ENOENT)
		dcd_explain_window(log, root, cxl_dc_partition_get_name(part));
	else if (!region)
		log_err(log, "%s: cannot create a %s region: %s\n",
			cxl_decoder_get_devname(root),
			cxl_dc_partition_get_name(part), strerror(errno));
	return region;
}

/* Point an idle endpoint decoder at the partition.  Returns: 0 or -errno. */
int dcd_set_decoder(struct log_ctx *log, struct cxl_decoder *decoder,
		    struct cxl_memdev *memdev, const char *type)
{
	struct cxl_dc_partition *part = cxl_dc_partition_find(memdev, type);
	int rc = -ENXIO;

	/* An interrupted command may have left addresses reserved here. */
	if (part)
		rc = cxl_decoder_set_dpa_size(decoder, 0);
	if (rc == 0)
		rc = cxl_decoder_set_dc_mode(decoder,
					     cxl_dc_partition_get_name(part));
	if (rc < 0)
		log_err(log, "%s: cannot select partition '%s' of %s: %s\n",
			cxl_decoder_get_devname(decoder), type,
			cxl_memdev_get_devname(memdev), strerror(-rc));
	return rc;
}

/**
 * dcd_free_decoders - undo what a failed create-region did to the memdevs
 * @jmemdevs: array of memdev objects
 * @ways: how many of them were to be targets
 *
 * Deleting a region lets go of its decoders, but not of the device addresses
 * that they hold.
 */
void dcd_free_decoders(struct json_object *jmemdevs, int ways)
{
	int i;

	for (i = 0; i < ways; i++) {
		struct cxl_memdev *memdev = dcd_memdev_at(jmemdevs, i);
		struct cxl_endpoint *ep = cxl_memdev_get_endpoint(memdev);
		struct cxl_decoder *decoder;

		if (!ep)
			continue;
		/* The kernel frees device addresses from the last one back. */
		cxl_decoder_foreach_reverse(cxl_endpoint_get_port(ep), decoder)
			if (cxl_decoder_get_mode(decoder) ==
			    CXL_DECODER_MODE_DC &&
			    cxl_decoder_get_size(decoder) == 0 &&
			    cxl_decoder_get_dpa_size(decoder) != 0 &&
			    !cxl_decoder_get_region(decoder))
				cxl_decoder_set_dpa_size(decoder, 0);
	}
}
