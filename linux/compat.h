/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Everything that ties this module to one kernel series, in one place.
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
#include <linux/ioport.h>
#include <linux/range.h>
#include <linux/pci.h>

#include "drivers/cxl/cxlmem.h"
#include "drivers/cxl/cxl.h"
#include "drivers/dax/dax-private.h"
#include "drivers/dax/bus.h"

#if KERNEL_VERSION(6, 12, 0) > LINUX_VERSION_CODE || \
	KERNEL_VERSION(6, 13, 0) <= LINUX_VERSION_CODE
#error "cxl_dcd is for Linux 6.12.y: compare these asserts with this kernel's drivers"
#endif

/* 6.13 takes a string literal here. */
#define CXL_DCD_IMPORT_NS MODULE_IMPORT_NS(CXL)

/* Fields that are used directly: a change of type must not go unseen. */
#define CXL_DCD_FIELD(type, field, ftype) \
	static_assert(__same_type(typeof_member(type, field), ftype))

CXL_DCD_FIELD(struct cxl_dev_state, dpa_res, struct resource);
CXL_DCD_FIELD(struct cxl_dev_state, pmem_res, struct resource);
CXL_DCD_FIELD(struct cxl_dev_state, ram_res, struct resource);
CXL_DCD_FIELD(struct cxl_dev_state, cxl_mbox, struct cxl_mailbox);
CXL_DCD_FIELD(struct cxl_endpoint_decoder, dpa_res, struct resource *);
CXL_DCD_FIELD(struct cxl_endpoint_decoder, skip, resource_size_t);
CXL_DCD_FIELD(struct cxl_endpoint_decoder, mode, enum cxl_decoder_mode);
CXL_DCD_FIELD(struct cxl_port, hdm_end, int);
CXL_DCD_FIELD(struct cxl_region, mode, enum cxl_decoder_mode);
CXL_DCD_FIELD(struct cxl_dax_region, hpa_range, struct range);
CXL_DCD_FIELD(struct dax_region, res, struct resource);
CXL_DCD_FIELD(struct dax_region, seed, struct device *);
CXL_DCD_FIELD(struct dax_region, youngest, struct device *);
CXL_DCD_FIELD(struct dev_dax, nr_range, int);

static inline struct cxl_region *cxl_dcd_to_region(struct device *dev)
{
	return container_of(dev, struct cxl_region, dev);
}

#endif /* CXL_DCD_COMPAT_H */
