/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: a device as one head of a pool
 *
 * Between the core, which speaks of device physical addresses of one host, and
 * the pool, which speaks of blocks that all hosts see.
 */
#include "qemu/osdep.h"
#include "hw/cxl/cxl.h"
#include "hw/cxl/cxl_dcd_head.h"
#include "migration/blocker.h"
#include "qapi/error.h"
#include "qemu/error-report.h"
#include "trace.h"

static CXLDcdPool *pool_of(const CXLDcdDevice *device)
{
    return device->pool->pool;
}

static uint16_t host_of(const CXLDcdDevice *device)
{
    return device->host_id;
}

static CXLDcdPoolRange blocks_of(CXLDcdDevice *device, uint64_t dpa,
                                 uint64_t len)
{
    uint64_t size = cxl_dcd_pool_config(pool_of(device))->block_size;

    return (CXLDcdPoolRange) { cxl_dcd_backing_of(device, dpa) / size,
                               len / size };
}

/* The region that has all of @range, -1 when none does; and its DPA */
static int range_of(const CXLDcdDevice *device, const CXLDcdPoolRange *range,
                    CXLDcdRange *ret)
{
    const CXLDcdConfig *config = cxl_dcd_config(device->dcd);
    uint64_t size = cxl_dcd_pool_config(pool_of(device))->block_size;
    uint64_t at = range->first * size, len = range->count * size;
    unsigned i;

    for (i = 0; i < config->num_regions; i++) {
        const CXLDcdRegionConfig *region = &config->regions[i];
        uint64_t offset = at - device->backing[i];

        if (at >= device->backing[i] && offset < region->length &&
            len <= region->length - offset) {
            *ret = (CXLDcdRange) { region->base + offset, len };
            return i;
        }
    }
    return -1;
}

/* An error of the pool in the core's terms */
static bool refuse(GError **error, GError *from)
{
    uint16_t code;

    switch (from->code) {
    case EBUSY:
        code = CXL_DCD_RC_BUSY;
        break;
    case ENOSPC:
        code = CXL_DCD_RC_RESOURCES_EXHAUSTED;
        break;
    case EIO:
        code = CXL_DCD_RC_INTERNAL_ERROR;
        break;
    default:
        code = CXL_DCD_RC_INVALID_INPUT;
        break;
    }
    g_set_error_literal(error, CXL_DCD_ERROR, code, from->message);
    g_error_free(from);
    return false;
}

/* --- What the core asks --- */

static bool cxl_dcd_head_gap(void *opaque, uint64_t from, uint64_t end,
                             uint64_t len, CXLDcdRange *ret)
{
    CXLDcdDevice *device = opaque;
    CXLDcdPoolRange all = blocks_of(device, from, end - from), found;
    uint64_t size = cxl_dcd_pool_config(pool_of(device))->block_size;

    if (!all.count ||
        !cxl_dcd_pool_find(pool_of(device), all.first, all.first + all.count,
                           len / size, &found)) {
        return false;
    }
    ret->dpa = from + (found.first - all.first) * size;
    ret->len = found.count * size;
    return true;
}

static uint64_t cxl_dcd_head_available(void *opaque, uint64_t from,
                                       uint64_t end)
{
    CXLDcdDevice *device = opaque;
    CXLDcdPoolRange all = blocks_of(device, from, end - from);

    return cxl_dcd_pool_free_blocks(pool_of(device), all.first,
                                    all.first + all.count) *
           cxl_dcd_pool_config(pool_of(device))->block_size;
}

static GArray *cxl_dcd_head_shared(void *opaque, const CXLDcdTag *tag,
                                   unsigned region, GError **error)
{
    CXLDcdDevice *device = opaque;
    g_autoptr(GArray) extents = NULL;
    g_autoptr(GArray) found = NULL;
    GError *inner = NULL;
    guint i;

    found = cxl_dcd_pool_tag_extents(pool_of(device), tag->bytes, &inner);
    if (!found) {
        refuse(error, inner);
        return NULL;
    }
    extents = g_array_new(false, true, sizeof(CXLDcdExtent));
    for (i = 0; i < found->len; i++) {
        const CXLDcdPoolExtent *e = &g_array_index(found, CXLDcdPoolExtent, i);
        CXLDcdExtent extent = { .tag = *tag, .region = region,
                                .sequence = e->sequence };
        CXLDcdRange range;
        int there = range_of(device, &e->range, &range);

        if (there != (int)region) {
            g_set_error(error, CXL_DCD_ERROR, CXL_DCD_RC_INVALID_INPUT,
                        "the tag's capacity is in region %d, not in region %u",
                        there, region);
            return NULL;
        }
        extent.dpa = range.dpa;
        extent.len = range.len;
        g_array_append_val(extents, extent);
    }
    return g_steal_pointer(&extents);
}

static int by_sequence(gconstpointer a, gconstpointer b)
{
    const CXLDcdPoolExtent *x = a, *y = b;

    return x->sequence - y->sequence;
}

static bool cxl_dcd_head_claim(void *opaque, const CXLDcdExtent *extents,
                               size_t count, bool join, GError **error)
{
    CXLDcdDevice *device = opaque;
    const CXLDcdConfig *config = cxl_dcd_config(device->dcd);
    bool shared = config->regions[extents[0].region].attributes &
                  CXL_DCD_REGION_SHARABLE;
    g_autoptr(GArray) list = g_array_new(false, true, sizeof(CXLDcdPoolExtent));
    GError *inner = NULL;
    bool ok;
    size_t i;

    if (join) {
        ok = cxl_dcd_pool_share(pool_of(device), host_of(device),
                                extents[0].tag.bytes, &inner);
        return ok || refuse(error, inner);
    }
    for (i = 0; i < count; i++) {
        CXLDcdPoolExtent extent = {
            .range = blocks_of(device, extents[i].dpa, extents[i].len),
            .sequence = extents[i].sequence,
        };

        memcpy(extent.tag, extents[i].tag.bytes, sizeof(extent.tag));
        g_array_append_val(list, extent);
    }
    if (shared) {
        g_array_sort(list, by_sequence);
    }
    ok = cxl_dcd_pool_claim(pool_of(device), host_of(device),
                            (CXLDcdPoolExtent *)(void *)list->data, count,
                            shared, &inner);
    trace_cxl_dcd_pool_claim(device->path, host_of(device), extents[0].dpa,
                             count, ok);
    return ok || refuse(error, inner);
}

static bool cxl_dcd_head_reference(void *opaque, const CXLDcdTag *tag,
                                   bool held, GError **error)
{
    CXLDcdDevice *device = opaque;
    GError *inner = NULL;

    return cxl_dcd_pool_hold(pool_of(device), host_of(device), tag->bytes, held,
                             &inner) || refuse(error, inner);
}

void cxl_dcd_head_ops(CXLDcdOps *ops)
{
    ops->gap = cxl_dcd_head_gap;
    ops->available = cxl_dcd_head_available;
    ops->shared = cxl_dcd_head_shared;
    ops->claim = cxl_dcd_head_claim;
    ops->reference = cxl_dcd_head_reference;
}

/* --- What the core tells; it cannot be refused any more --- */

static void report(CXLDcdDevice *device, const char *what, bool ok,
                   GError *error)
{
    if (!ok) {
        error_report("%s: %s of capacity is not in the pool's file: %s",
                     device->path, what, error->message);
        g_error_free(error);
    }
}

void cxl_dcd_head_outcome(CXLDcdDevice *device, CXLDcdOutcome outcome,
                          const CXLDcdExtent *extents, size_t count)
{
    size_t i;

    for (i = 0; outcome == CXL_DCD_OUTCOME_ADDED && i < count; i++) {
        CXLDcdPoolRange range = blocks_of(device, extents[i].dpa,
                                          extents[i].len);
        GError *error = NULL;
        bool ok = cxl_dcd_pool_accept(pool_of(device), host_of(device), &range,
                                      &error);

        report(device, "the acceptance", ok, error);
    }
}

static bool sharable(CXLDcdDevice *device, const CXLDcdRange *range)
{
    int region = cxl_dcd_region_of(device->dcd, range->dpa, range->len);

    return region >= 0 && (cxl_dcd_config(device->dcd)->regions[region]
                           .attributes & CXL_DCD_REGION_SHARABLE);
}

/* The first range of a shared tag took the others along: they are gone */
static bool went_before(CXLDcdDevice *device, const CXLDcdRange *range,
                        GError **error)
{
    if (*error && (*error)->code == EPERM && sharable(device, range)) {
        g_clear_error(error);
        return true;
    }
    return false;
}

void cxl_dcd_head_leave(CXLDcdDevice *device, const CXLDcdRange *range)
{
    CXLDcdPoolRange blocks = blocks_of(device, range->dpa, range->len);
    GError *error = NULL;
    bool ok = cxl_dcd_pool_leave(pool_of(device), host_of(device), &blocks,
                                 &error);

    report(device, "the release", ok || went_before(device, range, &error),
           error);
}

void cxl_dcd_head_finish(CXLDcdDevice *device, const CXLDcdRange *range,
                         bool zero)
{
    CXLDcdPoolRange blocks = blocks_of(device, range->dpa, range->len);
    GError *error = NULL;
    bool ok = cxl_dcd_pool_finish(pool_of(device), host_of(device), &blocks,
                                  zero, &error);

    trace_cxl_dcd_pool_finish(device->path, host_of(device), range->dpa,
                              range->len, zero, ok);
    report(device, "the end", ok || went_before(device, range, &error), error);
}

void cxl_dcd_head_clear(CXLDcdDevice *device)
{
    CXLDcdExtent extent;
    uint64_t at = 0;

    for (; cxl_dcd_extent_from(device->dcd, at, &extent);
         at = extent.dpa + extent.len) {
        CXLDcdPoolRange blocks = blocks_of(device, extent.dpa, extent.len);
        CXLDcdRange range = { extent.dpa, extent.len };
        GError *error = NULL;
        bool ok = sharable(device, &range) ||
            cxl_dcd_pool_clear(pool_of(device), host_of(device), &blocks,
                               &error);

        report(device, "the sanitizing", ok, error);
    }
}

char *cxl_dcd_head_wrong_host(CXLDcdDevice *device, uint16_t host)
{
    CXLDcdPoolHostInfo info;

    if (!device->pool || host == host_of(device)) {
        return NULL;
    }
    if (!cxl_dcd_pool_host(pool_of(device), host, false, &info)) {
        return g_strdup_printf("host %u does not exist: pool '%s' has hosts 0 "
                               "to %u", host, device->pool->path,
                               cxl_dcd_pool_config(pool_of(device))->max_hosts
                               - 1);
    }
    return g_strdup_printf("device '%s' is the head of host %u: ask the head "
                           "of host %u, which %s", device->path,
                           host_of(device), host,
                           info.alive ? "is in another process" :
                           "no process is at the moment");
}

/* --- Life --- */

static bool set_head(CXLDcdDevice *device, Error **errp)
{
    const CXLDcdConfig *config = cxl_dcd_config(device->dcd);
    CXLDcdPoolRegion regions[CXL_DCD_POOL_REGIONS] = { 0 };
    CXLDcdPoolHead head = {
        .base = device->dc_base, .max_extents = config->max_extents,
        .max_tags = config->max_tags,
    };
    g_autoptr(GError) error = NULL;
    unsigned i;

    for (i = 0; i < config->num_regions; i++) {
        const CXLDcdRegionConfig *from = &config->regions[i];
        CXLDcdPoolRange range = blocks_of(device, from->base, from->length);

        regions[i] = (CXLDcdPoolRegion) {
            .first = range.first, .count = range.count,
            .decode_length = from->decode_length,
            .attributes = from->attributes & ~CXL_DCD_REGION_READ_ONLY,
            .sanitize = from->sanitize,
        };
        if (from->attributes & CXL_DCD_REGION_READ_ONLY) {
            head.read_only |= 1 << i;
        }
    }
    if (!cxl_dcd_pool_set_head(pool_of(device), host_of(device), regions,
                               config->num_regions, &head, &error)) {
        error_setg(errp, "%s", error->message);
        return false;
    }
    return true;
}

static bool adopt(CXLDcdDevice *device, Error **errp)
{
    g_autoptr(GArray) extents = g_array_new(false, true, sizeof(CXLDcdExtent));
    g_autoptr(GArray) used = NULL;
    g_autoptr(GError) error = NULL;
    CXLDcdPoolHostInfo info;
    guint i;

    if (!cxl_dcd_pool_host(pool_of(device), host_of(device), true, &info)) {
        error_setg(errp, "cannot read what host %u has in pool '%s'",
                   host_of(device), device->pool->path);
        return false;
    }
    used = info.used;
    for (i = 0; i < used->len; i++) {
        const CXLDcdPoolUsed *one = &g_array_index(used, CXLDcdPoolUsed, i);
        CXLDcdExtent extent = { 0 };
        CXLDcdRange range;

        if (range_of(device, &one->extent.range, &range) < 0) {
            error_setg(errp, "host %u has block %" PRIu64 " of pool '%s', "
                       "which is in none of the device's regions",
                       host_of(device), one->extent.range.first,
                       device->pool->path);
            return false;
        }
        extent.dpa = range.dpa;
        extent.len = range.len;
        memcpy(extent.tag.bytes, one->extent.tag, sizeof(extent.tag.bytes));
        g_array_append_val(extents, extent);
    }
    trace_cxl_dcd_pool_adopt(device->path, host_of(device), extents->len);
    if (!cxl_dcd_adopt(device->dcd, (CXLDcdExtent *)(void *)extents->data,
                       extents->len, &error)) {
        error_setg(errp, "%s", error->message);
        return false;
    }
    return true;
}

bool cxl_dcd_head_attach(CXLDcdDevice *device, Error **errp)
{
    g_autoptr(GError) error = NULL;

    if (!device->pool) {
        return true;
    }
    error_setg(&device->pool_blocker, "device '%s' is a head of a pool: its "
               "host's capacity is in this process", device->path);
    if (migrate_add_blocker(&device->pool_blocker, errp) < 0) {
        return false;
    }
    if (!cxl_dcd_pool_attach(pool_of(device), host_of(device), &error)) {
        error_setg(errp, "%s", error->message);
        return false;
    }
    device->pool_attached = true;
    return set_head(device, errp) && adopt(device, errp);
}

void cxl_dcd_head_detach(CXLDcdDevice *device)
{
    if (device->pool_attached) {
        cxl_dcd_pool_detach(pool_of(device), host_of(device));
        device->pool_attached = false;
    }
    migrate_del_blocker(&device->pool_blocker);
}
