/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef _DAXCTL_DCD_H_
#define _DAXCTL_DCD_H_

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <uuid/uuid.h>
#include <util/json.h>
#include <json-c/json.h>
#include <daxctl/libdaxctl.h>

/**
 * struct dcd_create - what "daxctl create-device" was asked for
 * @uuid: tag as typed, NULL without --uuid
 * @size: bytes, -1 without --size
 * @align: bytes, -1 without --align
 * @idle: leave it without a driver; each costs the kernel a pass over the memory
 * @may_be_none: say nothing where there is no such capacity (-ENOENT)
 */
struct dcd_create {
	const char *uuid;
	long long size;
	long long align;
	bool idle;
	bool may_be_none;
};

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

/**
 * struct dcd_given - what came of giving back
 * @devices: how many are gone
 * @again: some are not, and might be another time
 */
struct dcd_given {
	int devices;
	bool again;
};

/* Is it no use to try the same again? */
static inline bool dcd_is_final(int rc)
{
	return rc == -EINVAL || rc == -EPERM;
}

/* The one of two results that is worth more to know; 0 is worth nothing. */
static inline int dcd_worse(int old_rc, int rc)
{
	return rc < 0 && (!old_rc || dcd_is_final(old_rc)) ? rc : old_rc;
}

#define DCD_POLICY_FILE "/sys/devices/system/memory/auto_online_blocks"

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
 * @lock: keeps other holders out: the second would save ours as what to put
 *        back
 * @signals: those that were blocked before
 * @policy: what becomes of memory that comes
 * @hurry: whether grace periods are short
 */
struct dcd_hold {
	int lock;
	sigset_t signals;
	struct dcd_setting policy;
	struct dcd_setting hurry;
};

int dcd_read_setting(const char *path, char *buf, size_t len);
int dcd_write_setting(const char *path, const char *text);
int dcd_hold_begin(struct dcd_hold *hold, const char *policy);
void dcd_hold_end(struct dcd_hold *hold);

int dcd_read_policy(struct daxctl_ctx *ctx, const struct dcd_policy_text *text,
		    struct dcd_policy *policy);
int dcd_lock_region(struct daxctl_region *region);

int dcd_positional_region(struct daxctl_ctx *ctx, int argc, const char **argv,
			  const char **region);
struct daxctl_dev *dcd_new_device(struct daxctl_region *region,
				  const struct dcd_create *args, int *ret_rc);
void dcd_undo_create(struct daxctl_region *region, struct daxctl_dev *dev);
int dcd_create_device(struct daxctl_region *region,
		      const struct dcd_create *args, unsigned long flags,
		      struct json_object **jdevs);
int dcd_create_by_tag(struct daxctl_ctx *ctx, const char *name,
		      const struct dcd_create *args, unsigned long flags,
		      int *nr);
void dcd_check_create(const char *size, const char *align, const char *uuid,
		      const char *input);
int dcd_check_resize(struct daxctl_dev *dev);
int dcd_no_device(const char *device);
bool dcd_is_dynamic(struct daxctl_dev *dev);
int dcd_refuse_shared(struct daxctl_region *region, const char *advice);
int dcd_enable_ram(struct daxctl_dev *dev);
int dcd_enable_ram_as(struct daxctl_dev *dev, const char *policy);
int dcd_online_capacity(struct daxctl_ctx *ctx, const struct dcd_policy *policy,
			const char *name, unsigned long flags,
			struct json_object *jdevs);
int dcd_offline_capacity(struct daxctl_ctx *ctx,
			 const struct dcd_policy *policy, const char *name,
			 struct dcd_given *given);
int dcd_offline_ram(struct daxctl_dev *dev);
unsigned long long dcd_block_size(void);
int dcd_offline_blocks(struct daxctl_dev *dev);

/*
 * The two below stand in the header because daxctl/json.c is compiled into
 * ndctl and cxl as well, which have no use for the rest.
 */

/* Add "uuid", the tag whose capacity a device holds, where it holds one. */
static inline void dcd_dev_append_json(struct json_object *jdev,
				       struct daxctl_dev *dev)
{
	char text[40];
	uuid_t tag;

	if (daxctl_dev_get_uuid(dev, tag) < 0 || uuid_is_null(tag))
		return;
	uuid_unparse(tag, text);
	json_object_object_add(jdev, "uuid", json_object_new_string(text));
}

/* Add "extents", as "cxl list --extents" has them, to a region's object. */
static inline void dcd_region_append_json(struct json_object *jregion,
					  struct daxctl_region *region,
					  unsigned long flags)
{
	struct json_object *jextents = NULL;
	struct daxctl_extent *extent;

	daxctl_extent_foreach(region, extent) {
		struct json_object *jextent = json_object_new_object();
		const char *state = daxctl_extent_get_state(extent);
		char text[40];
		uuid_t tag;

		daxctl_extent_get_uuid(extent, tag);
		uuid_unparse(tag, text);
		json_object_object_add(jextent, "offset",
			util_json_object_hex(daxctl_extent_get_offset(extent),
					     flags));
		json_object_object_add(jextent, "length",
			util_json_object_size(daxctl_extent_get_length(extent),
					      flags));
		json_object_object_add(jextent, "uuid",
				       json_object_new_string(text));
		if (state)
			json_object_object_add(jextent, "state",
					       json_object_new_string(state));
		if (!jextents)
			jextents = json_object_new_array();
		json_object_array_add(jextents, jextent);
	}
	if (jextents)
		json_object_object_add(jregion, "extents", jextents);
}

#endif /* _DAXCTL_DCD_H_ */
