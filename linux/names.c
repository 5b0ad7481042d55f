// SPDX-License-Identifier: GPL-2.0-only
/*
 * What partitions are called in sysfs.
 *
 * Every DCD series for Linux has called the same thing by another name. Which
 * of them is shown is the user's choice at load time, so that tools written for
 * any of the series can be run; written, each of the names is understood
 * always.
 *
 * A slot is one name of the chosen series. Most series name a partition by its
 * position, so that slot and partition index are the same; the latest one names
 * it by its two properties and means the first partition that has exactly
 * these.
 */
#ifdef __KERNEL__
#include <linux/bits.h>
#include <linux/kernel.h>
#endif

#include "judge.h"
#include "names.h"

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

/**
 * cxl_dcd_names_choose - which series' names are shown from now on
 * @choice: what that series calls the first partition
 *
 * Returns: 0, or -EINVAL when no series calls it that.
 */
int cxl_dcd_names_choose(const char *choice)
{
	static const char * const first[] = {
		[NAMES_DC] = "dc0",
		[NAMES_LETTER] = "dynamic_ram_a",
		[NAMES_NUMBER] = "dynamic_ram_1",
		[NAMES_PROPERTIES] = "dynamic_ram",
	};
	int found = match_string(first, ARRAY_SIZE(first), choice);
	unsigned int i;

	if (found < 0)
		return -EINVAL;
	series = found;
	for (i = 0; i < cxl_dcd_slots(); i++) {
		char *name = slot_names[i];

		if (series == NAMES_DC)
			snprintf(name, CXL_DCD_NAME_MAX, "dc%u", i);
		else if (series == NAMES_LETTER)
			snprintf(name, CXL_DCD_NAME_MAX, "dynamic_ram_%c",
				 'a' + i);
		else if (series == NAMES_NUMBER)
			snprintf(name, CXL_DCD_NAME_MAX, "dynamic_ram_%u",
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

static unsigned int dcd_names_properties(const struct cxl_dcd_part *part)
{
	return (part->shareable ? SLOT_SHAREABLE : 0) |
	       (part->read_only ? SLOT_READ_ONLY : 0);
}

/* The first partition that has exactly these properties; -ENXIO for none. */
static int dcd_names_part_with(const struct cxl_dcd_part *parts,
			       unsigned int nr, unsigned int properties)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		if (parts[i].size &&
		    dcd_names_properties(&parts[i]) == properties)
			return i;
	return -ENXIO;
}

/**
 * cxl_dcd_slot_of - the slot of a partition
 * @part: partition
 * @index: its index on the device
 *
 * With names by properties, several partitions may share one slot.
 */
unsigned int cxl_dcd_slot_of(const struct cxl_dcd_part *part,
			     unsigned int index)
{
	return series == NAMES_PROPERTIES ? dcd_names_properties(part) : index;
}

/**
 * cxl_dcd_slot_part - the partition that a slot means on a device
 * @parts: partitions of the device
 * @nr: their number
 * @slot: slot
 *
 * Returns: partition index, -ENXIO when the device has no such partition.
 */
int cxl_dcd_slot_part(const struct cxl_dcd_part *parts, unsigned int nr,
		      unsigned int slot)
{
	if (series == NAMES_PROPERTIES)
		return dcd_names_part_with(parts, nr, slot);
	return slot < nr && parts[slot].size ? (int)slot : -ENXIO;
}

/* Can partitions be named before the device's CDAT has been read? */
bool cxl_dcd_names_need_cdat(void)
{
	return series == NAMES_PROPERTIES;
}

/* Position that one of the names by position means, or -EINVAL. */
static int dcd_names_parse_position(const char *name)
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
 * @parts: partitions of the device
 * @nr: their number
 * @text: as written by a user, perhaps with a newline
 *
 * Returns: partition index, -ENXIO when the device has no such partition, or
 * -EINVAL when @text is not the name of any.
 */
int cxl_dcd_name_part(const struct cxl_dcd_part *parts, unsigned int nr,
		      const char *text)
{
	char buf[CXL_DCD_NAME_MAX], *name;
	int i;

	if (strscpy(buf, text, sizeof(buf)) < 0)
		return -EINVAL;
	name = strim(buf);
	i = match_string(by_properties, ARRAY_SIZE(by_properties), name);
	if (i >= 0)
		return dcd_names_part_with(parts, nr, i);
	i = dcd_names_parse_position(name);
	if (i < 0)
		return i;
	return (unsigned int)i < nr && parts[i].size ? i : -ENXIO;
}
