/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef _DAXCTL_DCD_ONLINE_H_
#define _DAXCTL_DCD_ONLINE_H_

#include <errno.h>
#include <stdbool.h>

struct daxctl_ctx;
struct dcd_policy;
struct json_object;

/* Is it no use to try the same again? */
static inline bool dcd_is_final(int rc)
{
	return rc == -EINVAL || rc == -EPERM;
}

int dcd_online_capacity(struct daxctl_ctx *ctx, const struct dcd_policy *policy,
			const char *name, unsigned long flags,
			struct json_object *jdevs);

#endif /* _DAXCTL_DCD_ONLINE_H_ */
