/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: a device as one head of a pool
 *
 * Between the core, which speaks of device physical addresses of one host, and
 * the pool, which speaks of blocks that all hosts see.
 */
#include "qemu/osdep.h"
#include "hw/cxl/cxl.h"
#include "hw/cxl/dcd/memory.h"
#include "hw/cxl/dcd/trace.h"
#include "head-blocks.h"
#include "head-change.h"
#include "head-claim.h"
#include "head-left.h"
#include "migration/blocker.h"
#include "qapi/error.h"

/*
 * Others hold the pool's lock for microseconds. A process that is stopped holds
 * it for ever, and must not stop this machine as well.
 */
#define LOCK_WAIT_MS 20
/* What the kernel allows unless it was told otherwise */
#define MAP_COUNT_DEFAULT 65530

void cxl_dcd_head_ops(CXLDcdOps *ops)
{
    cxl_dcd_head_claim_ops(ops);
    cxl_dcd_head_change_ops(ops);
}

uint32_t cxl_dcd_head_extents_max(void)
{
    g_autofree char *text = NULL;
    uint64_t mappings = MAP_COUNT_DEFAULT;

    if (g_file_get_contents("/proc/sys/vm/max_map_count", &text, NULL, NULL)) {
        mappings = g_ascii_strtoull(text, NULL, 10);
    }
    /* Two each, and as many for all else that QEMU maps */
    return MIN(MAX(mappings / 4, 1), UINT32_MAX);
}

char *cxl_dcd_head_wrong_host(CXLDcdDevice *device, uint16_t host)
{
    CXLDcdPoolHostInfo info;

    if (!device->pool || host == cxl_dcd_head_host_of(device)) {
        return NULL;
    }
    if (!cxl_dcd_pool_host(cxl_dcd_head_pool_of(device), host, false, &info)) {
        if (host <
            cxl_dcd_pool_config(cxl_dcd_head_pool_of(device))->max_hosts) {
            return g_strdup_printf("device '%s' is the head of host %u: ask "
                                   "the head of host %u", device->path,
                                   cxl_dcd_head_host_of(device), host);
        }
        return g_strdup_printf(
            "host %u does not exist: pool '%s' has hosts 0 "
            "to %u",
            host, device->pool->path,
            cxl_dcd_pool_config(cxl_dcd_head_pool_of(device))->max_hosts - 1);
    }
    return g_strdup_printf("device '%s' is the head of host %u: ask the head "
                           "of host %u, which %s",
                           device->path, cxl_dcd_head_host_of(device), host,
                           info.alive ? "is in another process" :
                                        "no process is at the moment");
}

/* --- Life --- */

static bool cxl_dcd_head_set_head(CXLDcdDevice *device, Error **errp)
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
        CXLDcdPoolRange range =
            cxl_dcd_head_blocks_of(device, from->base, from->length);

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
    if (!cxl_dcd_pool_set_head(cxl_dcd_head_pool_of(device),
                               cxl_dcd_head_host_of(device), regions,
                               config->num_regions, &head, &error)) {
        error_setg(errp, "%s", error->message);
        return false;
    }
    return true;
}

static bool cxl_dcd_head_adopt(CXLDcdDevice *device, Error **errp)
{
    g_autoptr(GArray) extents = g_array_new(false, true, sizeof(CXLDcdExtent));
    g_autoptr(GArray) used = NULL;
    g_autoptr(GError) error = NULL;
    CXLDcdPoolHostInfo info;
    guint i;

    if (!cxl_dcd_pool_host(cxl_dcd_head_pool_of(device),
                           cxl_dcd_head_host_of(device), true, &info)) {
        error_setg(errp, "cannot read what host %u has in pool '%s'",
                   cxl_dcd_head_host_of(device), device->pool->path);
        return false;
    }
    used = info.used;
    for (i = 0; i < used->len; i++) {
        const CXLDcdPoolUsed *one = &g_array_index(used, CXLDcdPoolUsed, i);
        CXLDcdExtent extent = { 0 };
        CXLDcdRange range;

        if (cxl_dcd_head_range_of(device, &one->extent.range, &range) < 0) {
            error_setg(errp,
                       "host %u has block %" PRIu64 " of pool '%s', "
                       "which is in none of the device's regions",
                       cxl_dcd_head_host_of(device), one->extent.range.first,
                       device->pool->path);
            return false;
        }
        extent.dpa = range.dpa;
        extent.len = range.len;
        memcpy(extent.tag.bytes, one->extent.tag, sizeof(extent.tag.bytes));
        g_array_append_val(extents, extent);
    }
    trace_cxl_dcd_pool_adopt(device->path, cxl_dcd_head_host_of(device),
                             extents->len);
    if (!cxl_dcd_head_show(device, (CXLDcdExtent *)(void *)extents->data,
                           extents->len, &error) ||
        !cxl_dcd_adopt(device->dcd, (CXLDcdExtent *)(void *)extents->data,
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
    cxl_dcd_left_init(device);
    error_setg(&device->pool_blocker, "device '%s' is a head of a pool: its "
               "host's capacity is in this process", device->path);
    if (migrate_add_blocker(&device->pool_blocker, errp) < 0) {
        return false;
    }
    if (!cxl_dcd_pool_attach(cxl_dcd_head_pool_of(device),
                             cxl_dcd_head_host_of(device), &error)) {
        error_setg(errp, "%s", error->message);
        return false;
    }
    device->pool_attached = true;
    /* From here on the machine runs, and waits with us */
    cxl_dcd_pool_set_wait(cxl_dcd_head_pool_of(device), LOCK_WAIT_MS);
    return cxl_dcd_head_set_head(device, errp) &&
           cxl_dcd_head_adopt(device, errp);
}

void cxl_dcd_head_detach(CXLDcdDevice *device)
{
    cxl_dcd_left_end(device);
    if (device->pool_attached) {
        cxl_dcd_pool_detach(cxl_dcd_head_pool_of(device),
                            cxl_dcd_head_host_of(device));
        cxl_dcd_pages_hide(MEMORY_BACKEND(device->pool), 0,
                           memory_region_size(device->dc_mr));
        device->pool_attached = false;
    }
    migrate_del_blocker(&device->pool_blocker);
}
