// SPDX-License-Identifier: GPL-2.0-only
/*
 * What partitions are called in sysfs.
 *
 * Every DCD series for Linux has called the same thing by another name. Which of
 * them is shown is the user's choice at load time, so that tools written for any
 * of the series can be run; written, each of the names is understood always.
 *
 * A slot is one name of the chosen series. Most series name a partition by its
 * position, so that slot and partition index are the same; the latest one names
 * it by its two properties and means the first partition that has exactly these.
 */
#include <linux/module.h>
#include <linux/string.h>

#include "cxl_dcd.h"

static char *names = "dynamic_ram_1";
module_param(names, charp, 0444);
MODULE_PARM_DESC(names,
		 "what the first partition is called: dc0, dynamic_ram_a, dynamic_ram_1 or dynamic_ram");

#define SLOT_SHAREABLE BIT(0)
#define SLOT_READ_ONLY BIT(1)

static const char * const by_properties[] = {
	[0] = "dynamic_ram",
	[SLOT_SHAREABLE] = "dynamic_ram_shared",
	[SLOT_READ_ONLY] = "dynamic_ram_ro",
	[SLOT_SHAREABLE | SLOT_READ_ONLY] = "dynamic_ram_shared_ro",
};

static enum {
	NAMES_DC,
	NAMES_LETTER,
	NAMES_NUMBER,
	NAMES_PROPERTIES,
} series;

static char slot_names[CXL_DCD_MAX_REGIONS][CXL_DCD_NAME_MAX];

int cxl_dcd_names_init(void)
{
	static const char * const first[] = {
		[NAMES_DC] = "dc0",
		[NAMES_LETTER] = "dynamic_ram_a",
		[NAMES_NUMBER] = "dynamic_ram_1",
		[NAMES_PROPERTIES] = "dynamic_ram",
	};
	int i = match_string(first, ARRAY_SIZE(first), names);

	if (i < 0) {
		pr_err("cxl_dcd: names=%s is not known: dc0, dynamic_ram_a, dynamic_ram_1 or dynamic_ram\n",
		       names);
		return -EINVAL;
	}
	series = i;
	for (i = 0; i < cxl_dcd_slots(); i++) {
		char *name = slot_names[i];

		if (series == NAMES_DC)
			snprintf(name, CXL_DCD_NAME_MAX, "dc%d", i);
		else if (series == NAMES_LETTER)
			snprintf(name, CXL_DCD_NAME_MAX, "dynamic_ram_%c",
				 'a' + i);
		else if (series == NAMES_NUMBER)
			snprintf(name, CXL_DCD_NAME_MAX, "dynamic_ram_%d",
				 i + 1);
		else
			strscpy(name, by_properties[i], CXL_DCD_NAME_MAX);
	}
	return 0;
}

/* How many names there are. */
unsigned int cxl_dcd_slots(void)
{
	return series == NAMES_PROPERTIES ? ARRAY_SIZE(by_properties) :
					    CXL_DCD_MAX_REGIONS;
}

const char *cxl_dcd_slot_name(unsigned int slot)
{
	return slot_names[slot];
}

/*
 * What regions and the root decoders' files say for a slot: the oldest series
 * has one word for all of them there.
 */
const char *cxl_dcd_slot_kind(unsigned int slot)
{
	return series == NAMES_DC ? "dc" : slot_names[slot];
}

static unsigned int properties(const struct cxl_dcd_part *part)
{
	return (part->shareable ? SLOT_SHAREABLE : 0) |
	       (part->read_only ? SLOT_READ_ONLY : 0);
}

static int part_with(const struct cxl_dcd *dcd, unsigned int wanted)
{
	unsigned int i;

	for (i = 0; i < dcd->nr_parts; i++)
		if (dcd->parts[i].size && properties(&dcd->parts[i]) == wanted)
			return i;
	return -ENXIO;
}

/* The slot of a partition. With names by properties, several may share one. */
unsigned int cxl_dcd_slot_of(const struct cxl_dcd *dcd, unsigned int part)
{
	return series == NAMES_PROPERTIES ? properties(&dcd->parts[part]) :
					    part;
}

/* The partition that a slot means on a device; -ENXIO where it has none. */
int cxl_dcd_slot_part(const struct cxl_dcd *dcd, unsigned int slot)
{
	if (series == NAMES_PROPERTIES)
		return part_with(dcd, slot);
	return slot < dcd->nr_parts && dcd->parts[slot].size ? slot : -ENXIO;
}

/* Can partitions be named before the device's CDAT has been read? */
bool cxl_dcd_names_need_cdat(void)
{
	return series == NAMES_PROPERTIES;
}

/* Position that one of the names by position means, or -EINVAL. */
static int parse_position(const char *name)
{
	size_t stem;

	if (!strcmp(name, "dc"))
		return 0;
	if (str_has_prefix(name, "dc") && name[2] >= '0' && name[2] <= '7' &&
	    !name[3])
		return name[2] - '0';
	stem = str_has_prefix(name, "dynamic_ram_");
	if (!stem || !name[stem] || name[stem + 1])
		return -EINVAL;
	if (name[stem] >= '1' && name[stem] <= '8')
		return name[stem] - '1';
	if (name[stem] >= 'a' && name[stem] <= 'h')
		return name[stem] - 'a';
	return -EINVAL;
}

/**
 * cxl_dcd_name_part - the partition that any of the names means on a device
 * @dcd: device
 * @text: as written by a user, perhaps with a newline
 *
 * Returns: partition index, -ENXIO when the device has no such partition, or
 * -EINVAL when @text is not the name of any.
 */
int cxl_dcd_name_part(const struct cxl_dcd *dcd, const char *text)
{
	char buf[CXL_DCD_NAME_MAX], *name;
	int i;

	if (strscpy(buf, text, sizeof(buf)) < 0)
		return -EINVAL;
	name = strim(buf);
	i = match_string(by_properties, ARRAY_SIZE(by_properties), name);
	if (i >= 0)
		return part_with(dcd, i);
	i = parse_position(name);
	if (i < 0)
		return i;
	return i < dcd->nr_parts && dcd->parts[i].size ? i : -ENXIO;
}
