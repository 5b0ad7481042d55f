// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * "cxl wait-extent": wait until a region has capacity, or has none any more.
 */
#include <time.h>
#include <stdio.h>
#include <errno.h>
#include <stdlib.h>
#include <syslog.h>
#include <string.h>
#include <unistd.h>
#include <util/json.h>
#include <util/dcd-size.h>
#include <cxl/libcxl.h>
#include <json-c/json.h>
#include <cxl/builtin.h>
#include <util/parse-options.h>

#include "json.h"
#include "dcd-query.h"

/* Beside 0 and 1, so that a script can tell "not yet" from "never". */
#define EXIT_TIMEOUT 2

#define POLL_MS 20
#define DEFAULT_TIMEOUT_MS 60000ULL

static struct {
	const char *size;
	const char *uuid;
	const char *timeout;
	bool gone;
	bool human;
	bool verbose;
} param;

/* Of an extent taken by force only the addresses are left, still in use. */
static bool dcd_is_there(struct cxl_extent *extent)
{
	const char *state = cxl_extent_get_state(extent);

	return param.gone || !state || strcmp(state, "forced") != 0;
}

static unsigned long long dcd_sum_extents(struct cxl_region *region,
					  const struct dcd_query *query)
{
	unsigned long long sum = 0;
	struct cxl_extent *extent;

	cxl_extent_foreach(region, extent)
		if (dcd_query_matches(extent, query) && dcd_is_there(extent))
			sum += cxl_extent_get_length(extent);
	return sum;
}

static unsigned long long dcd_now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000ULL + ts.tv_nsec / 1000000;
}

/* Seconds, with a fraction if need be; "0" looks once. */
static int dcd_timeout_arg(unsigned long long *ret_ms)
{
	double seconds;
	char *end;

	*ret_ms = DEFAULT_TIMEOUT_MS;
	if (!param.timeout)
		return 0;
	seconds = strtod(param.timeout, &end);
	if (end == param.timeout || *end || !(seconds >= 0) || seconds > 1e9) {
		fprintf(stderr, "bad timeout '%s': seconds, e.g. 30 or 0.5\n",
			param.timeout);
		return -EINVAL;
	}
	*ret_ms = seconds * 1000;
	return 0;
}

static void dcd_print_region(struct cxl_region *region)
{
	unsigned long flags = UTIL_JSON_EXTENTS;
	struct json_object *jregion;

	if (param.human)
		flags |= UTIL_JSON_HUMAN;
	jregion = util_cxl_region_to_json(region, flags);
	if (!jregion)
		return;
	printf("%s\n", json_object_to_json_string_ext(
			       jregion, JSON_C_TO_STRING_PRETTY));
	json_object_put(jregion);
}

static int dcd_wait_extent(struct cxl_region *region,
			   const struct dcd_query *query,
			   unsigned long long size, unsigned long long timeout)
{
	unsigned long long begin = dcd_now_ms(), look, have, took;

	for (;;) {
		look = dcd_now_ms();
		have = dcd_sum_extents(region, query);
		took = dcd_now_ms() - look;
		/* A region that is gone looks like one without extents. */
		if (!cxl_region_is_dynamic_capacity(region)) {
			fprintf(stderr, "%s is gone\n",
				cxl_region_get_devname(region));
			return EXIT_FAILURE;
		}
		if (param.gone ? have == 0 : have >= size)
			break;
		if (dcd_now_ms() - begin >= timeout) {
			fprintf(stderr,
				param.gone ?
				"%s: %llu bytes are still there after %llu ms\n" :
				"%s: %llu bytes are there after %llu ms, %llu were asked for\n",
				cxl_region_get_devname(region), have, timeout,
				size);
			return EXIT_TIMEOUT;
		}
		/* With very many extents, do not keep a processor busy. */
		usleep((took > POLL_MS ? took : POLL_MS) * 1000);
	}
	dcd_print_region(region);
	return EXIT_SUCCESS;
}

/**
 * cmd_wait_extent - wait until a region has capacity, or has none any more
 *
 * Returns: 0, EXIT_TIMEOUT, or 1 for everything else.
 */
int cmd_wait_extent(int argc, const char **argv, struct cxl_ctx *ctx)
{
	const struct option options[] = {
		OPT_STRING('s', "size", &param.size, "size",
			   "wait for so much (default: any)"),
		OPT_STRING('\0', "uuid", &param.uuid, "tag",
			   "count only capacity with this tag, 0: untagged"),
		OPT_STRING('t', "timeout", &param.timeout, "seconds",
			   "give up after this time (default: 60)"),
		OPT_BOOLEAN('\0', "gone", &param.gone,
			    "wait until there is none any more"),
		OPT_BOOLEAN('u', "human", &param.human,
			    "use human friendly number formats"),
		OPT_BOOLEAN('v', "verbose", &param.verbose,
			    "emit more debug messages"),
		OPT_END(),
	};
	const char *const u[] = { "cxl wait-extent <region> [<options>]",
				  NULL };
	unsigned long long size = 1, timeout;
	struct dcd_query query = { 0 };
	struct cxl_region *region;

	argc = parse_options(argc, argv, options, u, 0);
	if (param.verbose)
		cxl_set_log_priority(ctx, LOG_DEBUG);
	if (param.gone && param.size) {
		fprintf(stderr, "--gone waits for nothing to be left: leave --size out\n");
		return EXIT_FAILURE;
	}
	if (dcd_query_arg(&query, param.uuid, NULL) < 0 ||
	    dcd_timeout_arg(&timeout) < 0 ||
	    (param.size && dcd_size_arg(param.size, "size", &size) < 0))
		return EXIT_FAILURE;
	if (!size) {
		fprintf(stderr,
			"size 0 is always there: leave --size out for any capacity, or use --gone\n");
		return EXIT_FAILURE;
	}
	region = dcd_region_arg(ctx, argc, argv, u, options);
	if (!region)
		return EXIT_FAILURE;
	return dcd_wait_extent(region, &query, size, timeout);
}
