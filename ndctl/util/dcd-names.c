// SPDX-License-Identifier: LGPL-2.1-or-later
#include <string.h>
#include <ccan/array_size/array_size.h>

#include <util/dcd-names.h>

static const struct {
	const char *name;
	bool shareable;
	bool read_only;
} property_names[] = {
	{ "dynamic_ram", false, false },
	{ "dynamic_ram_shared", true, false },
	{ "dynamic_ram_ro", false, true },
	{ "dynamic_ram_shared_ro", true, true },
};

static struct dcd_ident dcd_ident_index(int index)
{
	return (struct dcd_ident){ .kind = DCD_IDENT_INDEX, .index = index };
}

/**
 * dcd_parse_ident - what a partition, region type or decoder mode name means
 * @name: e.g. "dc0" or "dynamic_ram_shared"
 *
 * Returns: the meaning by value, kind DCD_IDENT_NONE for every other text.
 */
struct dcd_ident dcd_parse_ident(const char *name)
{
	static const char stem[] = "dynamic_ram_";
	struct dcd_ident none = { .kind = DCD_IDENT_NONE };
	size_t i;

	if (strcmp(name, "dc") == 0)
		return dcd_ident_index(0);
	if (strncmp(name, "dc", 2) == 0) {
		if (name[2] >= '0' && name[2] <= '7' && !name[3])
			return dcd_ident_index(name[2] - '0');
		return none;
	}

	for (i = 0; i < ARRAY_SIZE(property_names); i++)
		if (strcmp(name, property_names[i].name) == 0)
			return (struct dcd_ident){
				.kind = DCD_IDENT_PROPERTIES,
				.shareable = property_names[i].shareable,
				.read_only = property_names[i].read_only,
			};

	if (strncmp(name, stem, strlen(stem)) == 0) {
		const char *end = name + strlen(stem);

		if (end[0] >= 'a' && end[0] <= 'h' && !end[1])
			return dcd_ident_index(end[0] - 'a');
		if (end[0] >= '1' && end[0] <= '8' && !end[1])
			return dcd_ident_index(end[0] - '1');
	}
	return none;
}
