// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What "cxl wait-extent" and "cxl release-extent" are about: a region, and
 * which of its extents.
 */
#include <stdio.h>
#include <errno.h>
#include <string.h>
#include <uuid/uuid.h>
#include <util/dcd-tag.h>
#include <util/dcd-size.h>
#include <cxl/libcxl.h>
#include <util/parse-options.h>

#include "filter.h"
#include "dcd-query.h"

static struct cxl_region *dcd_find_region(struct cxl_ctx *ctx, const char *name)
{
	struct cxl_bus *bus;

	cxl_bus_foreach(ctx, bus) {
		struct cxl_port *port = cxl_bus_get_port(bus);
		struct cxl_decoder *decoder;
		struct cxl_region *region;

		if (!cxl_port_is_root(port))
			continue;
		cxl_decoder_foreach(port, decoder)
			cxl_region_foreach(decoder, region)
				if (util_cxl_region_filter(region, name))
					return region;
	}
	fprintf(stderr, "no CXL region '%s': 'cxl list -R' shows those that exist\n",
		name);
	return NULL;
}

/**
 * dcd_region_arg - the region that a command is about
 * @argc, @argv: what is left after the options
 * @usage, @options: of the command
 *
 * Exactly one region must be named: "all" would be a guess.  Ends the program
 * otherwise.
 *
 * Returns: a region of dynamic capacity, or NULL after a message.
 */
struct cxl_region *dcd_region_arg(struct cxl_ctx *ctx, int argc,
				  const char **argv,
				  const char *const *usage,
				  const struct option *options)
{
	struct cxl_region *region;

	if (argc != 1 || strcmp(argv[0], "all") == 0 || strchr(argv[0], ',')) {
		fprintf(stderr, "name one region, and nothing else\n");
		usage_with_options(usage, options);
	}
	region = dcd_find_region(ctx, argv[0]);
	if (region && !cxl_region_is_dynamic_capacity(region)) {
		fprintf(stderr, "%s has no dynamic capacity (type '%s')\n",
			cxl_region_get_devname(region),
			cxl_region_get_mode_name(region));
		return NULL;
	}
	return region;
}

/**
 * dcd_query_arg - read which extents are meant
 * @query: all zero before
 * @uuid, @offset: the options as typed, NULL where not given
 *
 * Returns: 0, or -EINVAL after a message.
 */
int dcd_query_arg(struct dcd_query *query, const char *uuid,
		  const char *offset)
{
	if (uuid) {
		if (dcd_parse_tag(uuid, query->tag) < 0) {
			fprintf(stderr, "'%s' is not a UUID and not 0\n", uuid);
			return -EINVAL;
		}
		query->by_tag = true;
	}
	if (offset) {
		query->by_offset = true;
		return dcd_size_arg(offset, "offset", &query->offset);
	}
	return 0;
}

/* Is @extent one of those that are meant? */
bool dcd_query_matches(struct cxl_extent *extent, const struct dcd_query *query)
{
	uuid_t tag;

	cxl_extent_get_uuid(extent, tag);
	if (query->by_tag && uuid_compare(tag, query->tag) != 0)
		return false;
	return !query->by_offset ||
	       cxl_extent_get_offset(extent) == query->offset;
}
