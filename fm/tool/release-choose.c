/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A release of so many bytes, or of all: which extents of the host are meant
 */
#include "change-problem.h"
#include "pick.h"
#include "release-choose.h"

/*
 * Extents of the host and region that can be asked for: what it has; with force
 * all that it was ever offered. With @again also what it was asked for already:
 * a host may have forgotten that.
 */
static GArray *release_candidates(const struct cxlfm_snapshot *s,
                                  const struct cxlfm_release *request,
                                  bool tagged_too, bool again)
{
    GArray *found = g_array_new(false, false, sizeof(struct cxlfm_extent));
    size_t i;

    for (i = 0; i < s->extent_count; i++) {
        const struct cxlfm_extent *e = &s->extents[i];
        bool held = e->state == CXLFM_EXTENT_ACCEPTED ||
                    (again && e->state == CXLFM_EXTENT_RELEASING) ||
                    (request->force && e->state == CXLFM_EXTENT_PENDING);

        if (e->host == request->host && e->region == request->region && held &&
            (tagged_too || cxlfm_tag_is_zero(e->tag))) {
            g_array_append_val(found, *e);
        }
    }
    return found;
}

static uint64_t release_bytes(const GArray *extents)
{
    uint64_t bytes = 0;
    unsigned i;

    for (i = 0; i < extents->len; i++) {
        bytes += g_array_index(extents, struct cxlfm_extent, i).length;
    }
    return bytes;
}

/* 0 where the host has no such region */
static uint64_t release_block_size(const struct cxlfm_snapshot *s,
                                   const struct cxlfm_release *request)
{
    const struct cxlfm_region *region = change_find_region(s, request->host,
                                                           request->region);

    return region ? region->block_size : 0;
}

/* Tagged capacity belongs together: a size alone does not choose from it. */
int release_choose(Tool *tool, const Target *target,
                   struct cxlfm_release *request, bool all,
                   struct cxlfm_extent **ret_extents, GError **error)
{
    g_autoptr(GArray) held = NULL;
    struct cxlfm_snapshot *s;
    int ret = cxlfm_snapshot(target->fm, target->device, &s);

    if (ret < 0) {
        return reach_fail(tool, target, ret, error);
    }
    held = release_candidates(s, request, all, all || request->force);
    if (!all && release_bytes(held) < request->length) {
        g_array_unref(held);
        held = release_candidates(s, request, false, true);
    }
    request->removal = CXLFM_REMOVE_PRESCRIPTIVE;
    if (!all && !pick_extents((const struct cxlfm_extent *)held->data,
                              held->len, request->length,
                              release_block_size(s, request), ret_extents,
                              &request->extent_count, error)) {
        g_prefix_error(error, "%s, region %u: ", target->name,
                       request->region);
        ret = -1;
    } else if (all) {
        request->extent_count = held->len;
        *ret_extents = (struct cxlfm_extent *)g_array_free(
            g_steal_pointer(&held), false);
    }
    cxlfm_snapshot_free(s);
    request->extents = *ret_extents;
    if (ret >= 0 && !request->extent_count) {
        return tool_fail(error, TOOL_FAILED,
                         "%s: host %u has nothing in region %u that can be "
                         "asked for%s", target->name, request->host,
                         request->region, request->force ? "" :
                         " (again)");
    }
    return ret;
}
