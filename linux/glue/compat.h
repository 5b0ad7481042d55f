/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the stock drivers do otherwise in each kernel series, under one name.
 */
#ifndef CXL_DCD_COMPAT_H
#define CXL_DCD_COMPAT_H

#include <linux/acpi.h>
#include <linux/gfp.h>
#include <linux/kernfs.h>
#include <linux/memory.h>
#include <linux/node.h>
#include <linux/slab.h>

#include "stock.h"

#ifdef CXL_DCD_LINUX_6_12
#include "glue/compat_6_12.h"
#else
#include "glue/compat_7_3.h"
#endif

static inline struct cxl_region *cxl_dcd_to_region(struct device *dev)
{
	return container_of(dev, struct cxl_region, dev);
}

#endif /* CXL_DCD_COMPAT_H */
