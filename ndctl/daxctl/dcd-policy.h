/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef _DAXCTL_DCD_POLICY_H_
#define _DAXCTL_DCD_POLICY_H_

#include <stdbool.h>

struct daxctl_ctx;

enum dcd_mode {
	DCD_OFF,
	DCD_DEVDAX,
	DCD_RAM,
	DCD_MODE_MAX,
};

/**
 * struct dcd_policy - what to do with capacity that comes and goes
 * @untagged: how to use capacity without a tag that nobody has claimed
 * @tagged: the same for capacity with one, a device for each tag; whoever asked
 *          for a tag usually claims it, so this is off unless told otherwise
 * @release: DCD_RAM: take system-ram offline that the device asks for
 * @movable: online system RAM so that it can be taken away again
 */
struct dcd_policy {
	enum dcd_mode untagged;
	enum dcd_mode tagged;
	enum dcd_mode release;
	bool movable;
};

/* The same as text, NULL where it was not given. */
struct dcd_policy_text {
	const char *mode;
	const char *tagged;
	const char *release;
	const char *movable;
};

int dcd_read_policy(struct daxctl_ctx *ctx, const struct dcd_policy_text *text,
		    struct dcd_policy *policy);

#endif /* _DAXCTL_DCD_POLICY_H_ */
