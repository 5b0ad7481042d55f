/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef _DAXCTL_DCD_HOLD_H_
#define _DAXCTL_DCD_HOLD_H_

#include <signal.h>
#include <sys/types.h>

#include "dcd-setting.h"

/* Whether the kernel onlines new memory at once, and how */
#define DCD_ONLINE_FILE DCD_MEMORY_DIR "/auto_online_blocks"
#define DCD_HURRY_FILE "/sys/kernel/rcu_expedited"

/*
 * What was there before, for as long as it is replaced. Who finds this with the
 * lock in hand knows that its writer, and the guard, were killed.
 */
#ifndef DCD_HOLD_FILE
#define DCD_HOLD_FILE "/run/daxctl-dynamic-capacity"
#endif

/**
 * struct dcd_setting - one setting of the kernel that was replaced
 * @path: NULL when there is nothing to put back
 */
struct dcd_setting {
	const char *path;
	char saved[32];
};

/**
 * struct dcd_hold - the settings that are ours for a while
 * @lock: keeps others from the same: they would save our values as those to be
 *        put back
 * @signals: those that were blocked before
 * @policy: what becomes of memory that comes
 * @hurry: whether grace periods are short
 * @guard: process that puts them back
 * @line: to it; closed when it is to do so
 */
struct dcd_hold {
	int lock;
	sigset_t signals;
	struct dcd_setting policy;
	struct dcd_setting hurry;
	pid_t guard;
	int line;
};

int dcd_hold_begin(struct dcd_hold *hold, const char *policy);
void dcd_hold_end(struct dcd_hold *hold);
int dcd_hold_recover(void);

#endif /* _DAXCTL_DCD_HOLD_H_ */
