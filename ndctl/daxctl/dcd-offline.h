/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef _DAXCTL_DCD_OFFLINE_H_
#define _DAXCTL_DCD_OFFLINE_H_

#include <stdbool.h>

struct daxctl_ctx;
struct dcd_policy;

/**
 * struct dcd_left - what came of letting capacity leave
 * @devices: how many are gone with it
 * @retry: some are not, and might be another time
 */
struct dcd_left {
	int devices;
	bool retry;
};

int dcd_offline_capacity(struct daxctl_ctx *ctx,
			 const struct dcd_policy *policy, const char *name,
			 struct dcd_left *left);

#endif /* _DAXCTL_DCD_OFFLINE_H_ */
