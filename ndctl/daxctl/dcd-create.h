/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef _DAXCTL_DCD_CREATE_H_
#define _DAXCTL_DCD_CREATE_H_

#include <stdbool.h>

struct daxctl_ctx;
struct daxctl_dev;
struct daxctl_region;
struct json_object;

/**
 * struct dcd_create - what "daxctl create-device" was asked for
 * @uuid: tag as typed, NULL without --uuid
 * @size: bytes, -1 without --size
 * @align: bytes, -1 without --align
 * @idle: leave it without a driver: to bind one the kernel goes through all of
 *        the memory
 * @may_be_none: say nothing where there is no such capacity (-ENOENT)
 */
struct dcd_create {
	const char *uuid;
	long long size;
	long long align;
	bool idle;
	bool may_be_none;
};

int dcd_positional_region(struct daxctl_ctx *ctx, int argc, const char **argv,
			  const char **region);
void dcd_check_create(const char *size, const char *align, const char *uuid,
		      const char *input);
struct daxctl_dev *dcd_new_device(struct daxctl_region *region,
				  const struct dcd_create *args, int *ret_rc);
void dcd_undo_create(struct daxctl_region *region, struct daxctl_dev *dev);
int dcd_create_device(struct daxctl_region *region,
		      const struct dcd_create *args, unsigned long flags,
		      struct json_object **jdevs);
int dcd_create_by_tag(struct daxctl_ctx *ctx, const char *name,
		      const struct dcd_create *args, unsigned long flags,
		      int *nr);
int dcd_check_resize(struct daxctl_dev *dev);
int dcd_no_device(const char *device);

#endif /* _DAXCTL_DCD_CREATE_H_ */
