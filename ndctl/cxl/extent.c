// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * "cxl wait-extent" and "cxl release-extent": extents of dynamic capacity as
 * scripts and people handle them.
 */
#include <time.h>
#include <stdio.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <limits.h>
#include <uuid/uuid.h>
#include <util/dcd.h>
#include <util/json.h>
#include <util/dcd-size.h>
#include <cxl/libcxl.h>
#include <json-c/json.h>
#include <cxl/builtin.h>
#include <util/parse-options.h>
#include <ccan/array_size/array_size.h>

#include "filter.h"
#include "json.h"
#include "dcd.h"

/* Beside 0 and 1, so that a script can tell "not yet" from "never". */
#define EXIT_TIMEOUT 2

#define POLL_MS 20
#define DEFAULT_TIMEOUT_MS 60000ULL

static struct {
	const char *size;
	const char *uuid;
	const char *offset;
	const char *timeout;
	bool gone;
	bool all;
	bool human;
} param;

/**
 * struct extent_query - which extents of a region are meant
 * @by_tag: only those with @tag, which is null for untagged ones
 * @by_offset: only the one that begins at @offset bytes
 */
struct extent_query {
	bool by_tag;
	bool by_offset;
	uuid_t tag;
	unsigned long long offset;
};

static struct cxl_region *find_region(struct cxl_ctx *ctx, const char *name)
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

/* Exactly one region must be named: "all" would be a guess. */
static struct cxl_region *region_arg(struct cxl_ctx *ctx, int argc,
				     const char **argv,
				     const char *const *usage,
				     const struct option *options)
{
	struct cxl_region *region;

	if (argc != 1 || strcmp(argv[0], "all") == 0 || strchr(argv[0], ',')) {
		fprintf(stderr, "name one region, and nothing else\n");
		usage_with_options(usage, options);
	}
	region = find_region(ctx, argv[0]);
	if (region && !cxl_region_is_dynamic_capacity(region)) {
		fprintf(stderr, "%s has no dynamic capacity (type '%s')\n",
			cxl_region_get_devname(region),
			cxl_region_get_mode_name(region));
		return NULL;
	}
	return region;
}

static int parse_size(const char *text, const char *what,
		      unsigned long long *ret_size)
{
	int rc = dcd_parse_size(text, ret_size);

	if (rc < 0)
		fprintf(stderr, "bad %s '%s': " DCD_SIZE_WORDS "\n", what,
			text);
	return rc;
}

static int parse_query(struct extent_query *query)
{
	if (param.uuid) {
		if (dcd_parse_tag(param.uuid, query->tag) < 0) {
			fprintf(stderr, "'%s' is not a UUID and not 0\n",
				param.uuid);
			return -EINVAL;
		}
		query->by_tag = true;
	}
	if (param.offset) {
		query->by_offset = true;
		return parse_size(param.offset, "offset", &query->offset);
	}
	return 0;
}

/* What the device has taken away is only an address still in use. */
static bool is_there(struct cxl_extent *extent)
{
	const char *state = cxl_extent_get_state(extent);

	return param.gone || !state || strcmp(state, "forced") != 0;
}

static bool match(struct cxl_extent *extent, const struct extent_query *query)
{
	uuid_t tag;

	cxl_extent_get_uuid(extent, tag);
	if (query->by_tag && uuid_compare(tag, query->tag) != 0)
		return false;
	return !query->by_offset ||
	       cxl_extent_get_offset(extent) == query->offset;
}

static unsigned long long sum_extents(struct cxl_region *region,
				      const struct extent_query *query)
{
	unsigned long long sum = 0;
	struct cxl_extent *extent;

	cxl_extent_foreach(region, extent)
		if (match(extent, query) && is_there(extent))
			sum += cxl_extent_get_length(extent);
	return sum;
}

static unsigned long long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000ULL + ts.tv_nsec / 1000000;
}

/* Seconds, with a fraction if need be; "0" looks once. */
static int parse_timeout(unsigned long long *ret_ms)
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

static void print_region(struct cxl_region *region)
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

static int wait_extent(struct cxl_region *region,
		       const struct extent_query *query,
		       unsigned long long size, unsigned long long timeout)
{
	unsigned long long begin = now_ms(), look, have, took;

	for (;;) {
		look = now_ms();
		have = sum_extents(region, query);
		took = now_ms() - look;
		/* Of a region that is gone nothing else would be heard. */
		if (!cxl_region_is_dynamic_capacity(region)) {
			fprintf(stderr, "%s is gone\n",
				cxl_region_get_devname(region));
			return EXIT_FAILURE;
		}
		if (param.gone ? have == 0 : have >= size)
			break;
		if (now_ms() - begin >= timeout) {
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
	print_region(region);
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
		OPT_END(),
	};
	const char *const u[] = { "cxl wait-extent <region> [<options>]",
				  NULL };
	unsigned long long size = 1, timeout;
	struct extent_query query = { 0 };
	struct cxl_region *region;

	argc = parse_options(argc, argv, options, u, 0);
	if (param.gone && param.size) {
		fprintf(stderr, "--gone waits for nothing to be left: leave --size out\n");
		return EXIT_FAILURE;
	}
	if (parse_query(&query) < 0 || parse_timeout(&timeout) < 0 ||
	    (param.size && parse_size(param.size, "size", &size) < 0))
		return EXIT_FAILURE;
	if (!size) {
		fprintf(stderr,
			"size 0 is always there: leave --size out for any capacity, or use --gone\n");
		return EXIT_FAILURE;
	}
	region = region_arg(ctx, argc, argv, u, options);
	if (!region)
		return EXIT_FAILURE;
	return wait_extent(region, &query, size, timeout);
}

static int explain_release(struct cxl_region *region, unsigned long long offset,
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
 * Release what matches, in one walk.  With its first extent a whole tag goes:
 * the others are found gone then, and count as released with it.
 */
static int release_matching(struct cxl_region *region,
			    const struct extent_query *query,
			    int *ret_released)
{
	struct cxl_extent *extent;
	uuid_t tag, gone = { 0 };
	int rc, err_rc = 0;

	*ret_released = 0;
	cxl_extent_foreach(region, extent) {
		if (!match(extent, query))
			continue;
		cxl_extent_get_uuid(extent, tag);
		rc = cxl_extent_release(extent);
		if (rc == 0)
			uuid_copy(gone, tag);
		if (rc == 0 || (rc == -ENOENT && !uuid_is_null(tag) &&
				uuid_compare(tag, gone) == 0))
			(*ret_released)++;
		else if (rc != -ENOENT)
			err_rc = explain_release(region,
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
		OPT_END(),
	};
	const char *const u[] = {
		"cxl release-extent <region> (--uuid=<tag>|--offset=<offset>|--all)",
		NULL
	};
	struct extent_query query = { 0 };
	struct cxl_region *region;
	int rc, released;

	argc = parse_options(argc, argv, options, u, 0);
	if (param.all == (param.uuid || param.offset)) {
		fprintf(stderr,
			"say what to release: --uuid, --offset or --all\n");
		usage_with_options(u, options);
	}
	if (parse_query(&query) < 0)
		return EXIT_FAILURE;
	region = region_arg(ctx, argc, argv, u, options);
	if (!region)
		return EXIT_FAILURE;

	rc = release_matching(region, &query, &released);
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
