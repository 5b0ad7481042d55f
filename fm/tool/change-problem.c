/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Why a device would refuse an add or a release: judged from a snapshot, before
 * the request is made or to explain a refusal
 */
#include <inttypes.h>
#include <string.h>
#include <glib.h>
#include "change-problem.h"
#include "text.h"

const struct cxlfm_region *change_find_region(
    const struct cxlfm_snapshot *snapshot, uint16_t host, uint8_t region)
{
    size_t i;

    for (i = 0; i < snapshot->host_count; i++) {
        if (snapshot->hosts[i].id == host &&
            region < snapshot->hosts[i].region_count) {
            return &snapshot->hosts[i].regions[region];
        }
    }
    return NULL;
}

static char *change_extent_problem(const struct cxlfm_region *region,
                                   const struct cxlfm_extent *e)
{
    if (region->block_size && (e->offset % region->block_size ||
                               e->length % region->block_size)) {
        return g_strdup_printf("extent [0x%" PRIx64 ", +0x%" PRIx64 "] is not "
                               "a multiple of region %u's block size 0x%"
                               PRIx64, e->offset, e->length, region->index,
                               region->block_size);
    }
    if (e->offset + e->length > region->length) {
        return g_strdup_printf("extent [0x%" PRIx64 ", +0x%" PRIx64 "] leaves "
                               "region %u, which has 0x%" PRIx64 " bytes",
                               e->offset, e->length, region->index,
                               region->length);
    }
    return NULL;
}

/* Does the host not exist, or its region, or has it nothing with the tag? */
static char *change_missing(const struct cxlfm_snapshot *snapshot,
                            const Wish *wish)
{
    g_autofree char *tag = wish->tag ? format_tag(wish->tag) : NULL;
    bool host = false;
    size_t i;

    for (i = 0; i < snapshot->host_count; i++) {
        host |= snapshot->hosts[i].id == wish->host;
    }
    if (!host) {
        return g_strdup_printf("there is no host %u; 'cxl-fm list' shows those "
                               "that are", wish->host);
    }
    if (!change_find_region(snapshot, wish->host, wish->region)) {
        return g_strdup_printf("host %u has no region %u; 'cxl-fm list' shows "
                               "those it has", wish->host, wish->region);
    }
    if (wish->adding || !wish->tag || cxlfm_tag_is_zero(wish->tag)) {
        return NULL;
    }
    for (i = 0; i < snapshot->extent_count; i++) {
        if (snapshot->extents[i].host == wish->host &&
            !memcmp(snapshot->extents[i].tag, wish->tag, CXLFM_TAG_SIZE)) {
            return NULL;
        }
    }
    return g_strdup_printf("host %u has nothing with tag %s; 'cxl-fm extents' "
                           "shows what it has", wish->host, tag);
}

char *change_problem(const struct cxlfm_snapshot *snapshot, const Wish *wish)
{
    const struct cxlfm_region *region = change_find_region(snapshot, wish->host,
                                                           wish->region);
    char *problem = change_missing(snapshot, wish);
    size_t i;

    if (problem) {
        return problem;
    }
    for (i = 0; i < wish->count && !problem; i++) {
        problem = change_extent_problem(region, &wish->extents[i]);
    }
    if (!problem && region->block_size && wish->bytes % region->block_size) {
        problem = g_strdup_printf("%" PRIu64 " bytes are not a multiple of "
                                  "region %u's block size 0x%" PRIx64,
                                  wish->bytes, region->index,
                                  region->block_size);
    }
    if (!problem && wish->adding && region->available != CXLFM_UNKNOWN &&
        wish->bytes > region->available + wish->coming) {
        g_autofree char *left = format_size(region->available);
        g_autofree char *size = format_size(wish->bytes);

        problem = g_strdup_printf("region %u has %s available, not %s",
                                  region->index, left, size);
    }
    return problem;
}
