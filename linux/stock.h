/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The stock drivers' private structures, and the kernels whose they are.
 *
 * The private headers of drivers/cxl and drivers/dax must be those of exactly
 * the kernel that is built for; they are found below CXL_PRIVATE (Makefile).
 * MODVERSIONS refuses the module where an exported function's types differ; the
 * asserts here catch what the module reads or writes directly.
 */
#ifndef CXL_DCD_STOCK_H
#define CXL_DCD_STOCK_H

#include <linux/build_bug.h>
#include <linux/version.h>
#include <linux/device.h>
#include <linux/kernfs.h>
#include <linux/ioport.h>
#include <linux/range.h>
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
CXL_DCD_FIELD(struct cxl_dax_region, hpa_range, struct range);
CXL_DCD_FIELD(struct dax_region, res, struct resource);
CXL_DCD_FIELD(struct dax_region, seed, struct device *);
CXL_DCD_FIELD(struct dax_region, youngest, struct device *);
CXL_DCD_FIELD(struct dev_dax, align, unsigned int);
CXL_DCD_FIELD(struct dev_dax, nr_range, int);
CXL_DCD_FIELD(struct dev_dax, pgmap, struct dev_pagemap *);

#endif /* CXL_DCD_STOCK_H */
