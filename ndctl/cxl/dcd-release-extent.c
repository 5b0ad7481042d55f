// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * "cxl release-extent": give capacity of a region back to the device.
 */
#include <stdio.h>
#include <errno.h>
#include <stdlib.h>
#include <syslog.h>
#include <string.h>
#include <uuid/uuid.h>
#include <cxl/libcxl.h>
#include <cxl/builtin.h>
#include <util/parse-options.h>

#include "dcd-query.h"

static struct {
	const char *uuid;
	const char *offset;
	bool all;
	bool verbose;
} param;

static int dcd_explain_release(struct cxl_region *region,
			       unsigned long long offset,
			       unsigned long long length, int rc)
{
	const char *devname = cxl_region_get_devname(region);
	const char *advice = "";

	if (rc == -EBUSY)
		advice = ": destroy the DAX devices over it first (daxctl destroy-device)";
	else if (rc == -EOPNOTSUPP)
		advice = ": this kernel gives capacity back only when the device asks for it";
	fprintf(stderr, "%s: extent [%#llx, +%#llx] not released: %s%s\n",
		devname, offset, length, strerror(-rc), advice);
	return rc;
}

/*
 * Release what matches, in one walk.  The release of one extent releases all of
 * its tag: the others are not there any more then, and count as released.
 */
static int dcd_release_matching(struct cxl_region *region,
				const struct dcd_query *query,
				int *ret_released)
{
	struct cxl_extent *extent;
	uuid_t tag, gone = { 0 };
	int rc, err_rc = 0;

	*ret_released = 0;
	cxl_extent_foreach(region, extent) {
		if (!dcd_query_matches(extent, query))
			continue;
		cxl_extent_get_uuid(extent, tag);
		rc = cxl_extent_release(extent);
		if (rc == 0)
			uuid_copy(gone, tag);
		if (rc == 0 || (rc == -ENOENT && !uuid_is_null(tag) &&
				uuid_compare(tag, gone) == 0))
			(*ret_released)++;
		else if (rc != -ENOENT)
			err_rc = dcd_explain_release(region,
						 cxl_extent_get_offset(extent),
						 cxl_extent_get_length(extent),
						     rc);
	}
	return err_rc;
}

/**
 * cmd_release_extent - give capacity of a region back to the device
 *
 * Returns: 0 when all that was meant is released, else 1.
 */
int cmd_release_extent(int argc, const char **argv, struct cxl_ctx *ctx)
{
	const struct option options[] = {
		OPT_STRING('\0', "uuid", &param.uuid, "tag",
			   "release capacity with this tag, 0: untagged"),
		OPT_STRING('o', "offset", &param.offset, "offset",
			   "release the extent that begins here"),
		OPT_BOOLEAN('a', "all", &param.all, "release every extent"),
		OPT_BOOLEAN('v', "verbose", &param.verbose,
			    "emit more debug messages"),
		OPT_END(),
	};
	const char *const u[] = {
		"cxl release-extent <region> (--uuid=<tag>|--offset=<offset>|--all)",
		NULL
	};
	struct dcd_query query = { 0 };
	struct cxl_region *region;
	int rc, released;

	argc = parse_options(argc, argv, options, u, 0);
	if (param.verbose)
		cxl_set_log_priority(ctx, LOG_DEBUG);
	if (param.all == (param.uuid || param.offset)) {
		fprintf(stderr,
			"say what to release: --uuid, --offset or --all\n");
		usage_with_options(u, options);
	}
	if (dcd_query_arg(&query, param.uuid, param.offset) < 0)
		return EXIT_FAILURE;
	region = dcd_region_arg(ctx, argc, argv, u, options);
	if (!region)
		return EXIT_FAILURE;

	rc = dcd_release_matching(region, &query, &released);
	if (rc == 0 && !released) {
		fprintf(stderr, "%s: no such extent: 'cxl list -r %s -N' shows what there is\n",
			cxl_region_get_devname(region),
			cxl_region_get_devname(region));
		rc = -ENOENT;
	}
	fprintf(stderr, "released %d extent%s\n", released,
		released == 1 ? "" : "s");
	return rc == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
