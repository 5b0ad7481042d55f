// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The order in which "cxl destroy-region" goes.
 *
 * A device's decoders are committed in ascending order and, when a lower one is
 * taken back, those above it decode no more. Their memory reads as ones from
 * then on, without a word from the kernel. So a region goes only when none lies
 * above it on any of its devices.
 */
#include <stdio.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <util/log.h>
#include <cxl/libcxl.h>

#include "dcd-destroy.h"

/* A region above @region on the device of one of its targets. */
static struct cxl_region *dcd_region_above(struct cxl_region *region)
{
	unsigned int ways = cxl_region_get_interleave_ways(region), i;

	for (i = 0; ways != UINT_MAX && i < ways; i++) {
		struct cxl_decoder *mine, *other;

		mine = cxl_region_get_target_decoder(region, i);
		if (!mine)
			continue;
		cxl_decoder_foreach(cxl_decoder_get_port(mine), other) {
			struct cxl_region *above =
				cxl_decoder_get_region(other);

			if (above && above != region &&
			    cxl_decoder_get_id(other) >
				    cxl_decoder_get_id(mine))
				return above;
		}
	}
	return NULL;
}

/**
 * dcd_refuse_below - a region with another above it does not go
 *
 * Returns: 0, or -EBUSY after a message; nothing has been changed then.
 */
int dcd_refuse_below(struct log_ctx *log, struct cxl_region *region)
{
	struct cxl_region *above = dcd_region_above(region);

	if (!above)
		return 0;
	log_err(log,
		"%s: %s lies above it on the same device and would lose its memory: destroy %s first\n",
		cxl_region_get_devname(region), cxl_region_get_devname(above),
		cxl_region_get_devname(above));
	return -EBUSY;
}

static int dcd_region_top(struct cxl_region *region)
{
	unsigned int ways = cxl_region_get_interleave_ways(region), i;
	int top = -1;

	for (i = 0; ways != UINT_MAX && i < ways; i++) {
		struct cxl_decoder *decoder =
			cxl_region_get_target_decoder(region, i);

		if (decoder && cxl_decoder_get_id(decoder) > top)
			top = cxl_decoder_get_id(decoder);
	}
	return top;
}

static int dcd_higher_first(const void *a, const void *b)
{
	return dcd_region_top(*(struct cxl_region *const *)b) -
	       dcd_region_top(*(struct cxl_region *const *)a);
}

/**
 * dcd_regions_from_top - all regions of a root decoder, the uppermost first
 * @decoder: root decoder
 *
 * Returns: an array that ends with NULL, to be freed; NULL without memory.
 */
struct cxl_region **dcd_regions_from_top(struct cxl_decoder *decoder)
{
	struct cxl_region *region, **all;
	size_t nr = 0;

	cxl_region_foreach(decoder, region)
		nr++;
	all = calloc(nr + 1, sizeof(*all));
	if (!all)
		return NULL;
	nr = 0;
	cxl_region_foreach(decoder, region)
		all[nr++] = region;
	qsort(all, nr, sizeof(*all), dcd_higher_first);
	return all;
}
