/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: what a head takes and gives, its pool knows first
 */
#include "qemu/osdep.h"
#include "hw/cxl/dcd/memory.h"
#include "hw/cxl/dcd/trace.h"
#include "head-blocks.h"
#include "head-change.h"
#include "head-left.h"
#include "qemu/error-report.h"

static GArray *cxl_dcd_head_ranges(CXLDcdDevice *device,
                                   const CXLDcdExtent *extents, size_t count)
{
    GArray *ranges =
        g_array_sized_new(false, false, sizeof(CXLDcdPoolRange), count);
    size_t i;

    for (i = 0; i < count; i++) {
        CXLDcdPoolRange range =
            cxl_dcd_head_blocks_of(device, extents[i].dpa, extents[i].len);

        g_array_append_val(ranges, range);
    }
    return ranges;
}

/* Others have the lock: nothing was wrong with what was asked. */
static bool cxl_dcd_head_not_now(CXLDcdDevice *device, const char *what,
                                 GError **error, GError *from)
{
    trace_cxl_dcd_pool_refused(device->path, what, from->message);
    if (from->code != ETIMEDOUT) {
        return cxl_dcd_head_refuse(error, from);
    }
    warn_report_once("%s: the pool does not know %s yet, the host has to try "
                     "again: %s",
                     device->path, what, from->message);
    g_set_error(error, CXL_DCD_ERROR, CXL_DCD_RC_RETRY_REQUIRED,
                "the pool's file cannot be changed now: %s", from->message);
    g_error_free(from);
    return false;
}

static bool cxl_dcd_head_accept(void *opaque, const CXLDcdExtent *extents,
                                size_t count, GError **error)
{
    CXLDcdDevice *device = opaque;
    g_autoptr(GArray) ranges = cxl_dcd_head_ranges(device, extents, count);
    GError *inner = NULL;
    size_t i;

    if (!cxl_dcd_head_show(device, extents, count, error)) {
        return false;
    }
    if (!cxl_dcd_pool_accept_all(cxl_dcd_head_pool_of(device),
                                 cxl_dcd_head_host_of(device),
                                 (CXLDcdPoolRange *)(void *)ranges->data,
                                 count, &inner)) {
        for (i = 0; i < count; i++) {
            cxl_dcd_head_hide(device, extents[i].dpa, extents[i].len);
        }
        return cxl_dcd_head_not_now(device, "the acceptance", error, inner);
    }
    return true;
}

static bool cxl_dcd_head_leave(void *opaque, const CXLDcdExtent *extents,
                               size_t count, GError **error)
{
    CXLDcdDevice *device = opaque;
    g_autoptr(GArray) ranges = cxl_dcd_head_ranges(device, extents, count);
    GError *inner = NULL;

    return cxl_dcd_pool_leave_all(cxl_dcd_head_pool_of(device),
                                  cxl_dcd_head_host_of(device),
                                  (CXLDcdPoolRange *)(void *)ranges->data,
                                  count, &inner) ||
           cxl_dcd_head_not_now(device, "the release", error, inner);
}

void cxl_dcd_head_change_ops(CXLDcdOps *ops)
{
    ops->accept = cxl_dcd_head_accept;
    ops->leave = cxl_dcd_head_leave;
}

/* --- Clean, then free --- */

static bool cxl_dcd_head_sharable(CXLDcdDevice *device,
                                  const CXLDcdRange *range)
{
    int region = cxl_dcd_region_of(device->dcd, range->dpa, range->len);

    return region >= 0 && (cxl_dcd_config(device->dcd)->regions[region]
                           .attributes & CXL_DCD_REGION_SHARABLE);
}

/*
 * The file could not be changed. True: it need not be, as the first range of a
 * shared tag took the others along. Else it is owed, and tried again: a pool
 * that is locked by others is not worth a message, one that is damaged is.
 */
static bool cxl_dcd_head_owed(CXLDcdDevice *device, const CXLDcdRange *range,
                              const char *what, GError *error)
{
    bool done = error->code == EPERM && cxl_dcd_head_sharable(device, range);

    if (!done && error->code != ETIMEDOUT) {
        warn_report_once("%s: %s of capacity is not in the pool's file, and is "
                         "tried again: %s",
                         device->path, what, error->message);
    }
    trace_cxl_dcd_pool_owed(device->path, what, range->dpa, range->len,
                            error->message);
    g_error_free(error);
    return done;
}

/*
 * A reset takes capacity without asking the pool first. Of a shared tag only
 * the last who leaves may clean: the pool knows who.
 */
static bool cxl_dcd_head_sanitize_begin(CXLDcdDevice *device,
                                        const CXLDcdRange *range, bool must,
                                        GArray *parts)
{
    CXLDcdPoolRange blocks =
        cxl_dcd_head_blocks_of(device, range->dpa, range->len);
    CXLDcdPart part = {
        .offset = cxl_dcd_backing_of(device, range->dpa),
        .len = range->len,
        .keep = !must || cxl_dcd_head_sharable(device, range),
    };
    GError *error = NULL;

    if (!cxl_dcd_pool_leave(cxl_dcd_head_pool_of(device),
                            cxl_dcd_head_host_of(device), &blocks, &error) &&
        !cxl_dcd_head_owed(device, range, "the release", error)) {
        return false;
    }
    g_array_append_val(parts, part);
    return true;
}

/*
 * To take pages that were used out of this process costs 15 ms a GiB, in which
 * it can map nothing else. Too many mappings for a hole: others end, then it is
 * tried again.
 */
static bool cxl_dcd_head_sanitize_clean(CXLDcdDevice *device,
                                        const CXLDcdPart *piece, bool must)
{
    g_autoptr(GError) error = NULL;

    if (cxl_dcd_pages_hide(MEMORY_BACKEND(device->pool), piece->offset,
                           piece->len) < 0) {
        return false;
    }
    if (!piece->keep &&
        !cxl_dcd_pool_zero(cxl_dcd_head_pool_of(device), piece->offset,
                           piece->len, &error)) {
        warn_report_once("%s: capacity is not free, and is tried again: %s",
                         device->path, error->message);
        return false;
    }
    return true;
}

/* Of a shared tag the last who leaves has all of it to clean. */
static CXLDcdSanitizeEnd
cxl_dcd_head_end_shared(CXLDcdDevice *device, const CXLDcdRange *range,
                        const CXLDcdPoolRange *blocks, bool must)
{
    g_autoptr(GArray) left =
        g_array_new(false, false, sizeof(CXLDcdPoolRange));
    GError *error = NULL;
    bool shared, clean = must;

    if (cxl_dcd_left_has(device, blocks->first)) {
        return CXL_DCD_END_MORE;
    }
    if (!cxl_dcd_pool_finish_shared(cxl_dcd_head_pool_of(device),
                                    cxl_dcd_head_host_of(device), blocks,
                                    &clean, left, &shared, &error)) {
        return cxl_dcd_head_owed(device, range, "the end", error) ?
            CXL_DCD_END_DONE : CXL_DCD_END_LATER;
    }
    cxl_dcd_left_add(device, left, clean);
    return left->len ? CXL_DCD_END_MORE : CXL_DCD_END_DONE;
}

static CXLDcdSanitizeEnd
cxl_dcd_head_sanitize_end(CXLDcdDevice *device, const CXLDcdRange *range,
                          bool must, const GArray *parts)
{
    CXLDcdPoolRange blocks =
        cxl_dcd_head_blocks_of(device, range->dpa, range->len);
    CXLDcdSanitizeEnd end;
    GError *error = NULL;

    if (cxl_dcd_head_sharable(device, range)) {
        end = cxl_dcd_head_end_shared(device, range, &blocks, must);
    } else if (cxl_dcd_pool_finish(cxl_dcd_head_pool_of(device),
                                   cxl_dcd_head_host_of(device), &blocks,
                                   false, &error)) {
        end = CXL_DCD_END_DONE;
    } else {
        end = cxl_dcd_head_owed(device, range, "the end", error) ?
            CXL_DCD_END_DONE : CXL_DCD_END_LATER;
    }
    trace_cxl_dcd_pool_finish(device->path, cxl_dcd_head_host_of(device),
                              range->dpa, range->len, must,
                              end == CXL_DCD_END_DONE);
    return end;
}

/* A shared tag is free for others with the first of its ranges that ends */
static bool cxl_dcd_head_sanitize_together(CXLDcdDevice *device,
                                           const CXLDcdRange *range)
{
    return cxl_dcd_head_sharable(device, range);
}

const CXLDcdSanitizeOps cxl_dcd_head_sanitize_ops = {
    .together = cxl_dcd_head_sanitize_together,
    .begin = cxl_dcd_head_sanitize_begin,
    .clean = cxl_dcd_head_sanitize_clean,
    .end = cxl_dcd_head_sanitize_end,
};

bool cxl_dcd_head_clear(CXLDcdDevice *device, const CXLDcdRange *range)
{
    uint64_t end = range->dpa + range->len;
    CXLDcdExtent extent;
    uint64_t at = range->dpa;

    for (; cxl_dcd_extent_from(device->dcd, at, &extent) && extent.dpa < end;
         at = extent.dpa + extent.len) {
        CXLDcdRange piece = { MAX(extent.dpa, range->dpa), 0 };
        g_autoptr(GError) error = NULL;

        piece.len = MIN(extent.dpa + extent.len, end) - piece.dpa;
        if (cxl_dcd_head_sharable(device, &piece) ||
            !cxl_dcd_state_listed(extent.state) ||
            cxl_dcd_pool_clear(cxl_dcd_head_pool_of(device),
                               cxl_dcd_head_host_of(device),
                               cxl_dcd_backing_of(device, piece.dpa), piece.len,
                               &error)) {
            continue;
        }
        if (error->code == ETIMEDOUT) {
            return false;
        }
        error_report("%s: capacity of the pool was not sanitized: %s",
                     device->path, error->message);
    }
    return true;
}
