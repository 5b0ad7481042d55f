/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: what a query over QMP is answered
 */
#include "qemu/osdep.h"
#include "hw/cxl/cxl.h"
#include "hw/cxl/dcd/head.h"
#include "hw/cxl/dcd/memory.h"
#include "hw/cxl/dcd/request.h"
#include "hw/cxl/dcd/state.h"
#include "qmp.h"
#include "qapi/error.h"
#include "qapi/qapi-commands-cxl.h"

/* --- Query --- */

typedef struct Filter {
    int region;                   /* -1: any */
    int state;                    /* -1: any */
    bool has_tag;
    CXLDcdTag tag;
} Filter;

static const CxlDynamicCapacityState cxl_dcd_states[] = {
    [CXL_DCD_PENDING] = CXL_DYNAMIC_CAPACITY_STATE_PENDING,
    [CXL_DCD_ACCEPTED] = CXL_DYNAMIC_CAPACITY_STATE_ACCEPTED,
    [CXL_DCD_RELEASING] = CXL_DYNAMIC_CAPACITY_STATE_RELEASING,
    [CXL_DCD_DEAD] = CXL_DYNAMIC_CAPACITY_STATE_DEAD,
    [CXL_DCD_REFERENCED] = CXL_DYNAMIC_CAPACITY_STATE_REFERENCED,
    [CXL_DCD_SANITIZING] = CXL_DYNAMIC_CAPACITY_STATE_SANITIZING,
};

static const CxlDynamicCapacityWait cxl_dcd_waits[] = {
    [CXL_DCD_WAIT_PROCESSORS] = CXL_DYNAMIC_CAPACITY_WAIT_PROCESSORS,
    [CXL_DCD_WAIT_TRANSFERS] = CXL_DYNAMIC_CAPACITY_WAIT_TRANSFERS,
    [CXL_DCD_WAIT_POOL] = CXL_DYNAMIC_CAPACITY_WAIT_POOL,
    [CXL_DCD_WAIT_CONTENTS] = CXL_DYNAMIC_CAPACITY_WAIT_CONTENTS,
    [CXL_DCD_WAIT_MACHINE] = CXL_DYNAMIC_CAPACITY_WAIT_MACHINE,
};

static void cxl_dcd_query_add(CXLDcdDevice *device, const Filter *filter,
                              const CXLDcdExtent *extent,
                              CxlDynamicCapacityState state,
                              CxlDynamicCapacityExtentInfoList ***tail)
{
    const CXLDcdConfig *config = cxl_dcd_config(device->dcd);
    bool reachable = state == CXL_DYNAMIC_CAPACITY_STATE_ACCEPTED ||
                     state == CXL_DYNAMIC_CAPACITY_STATE_RELEASING;
    CxlDynamicCapacityExtentInfo *info;
    CXLDcdSanitizeWait wait;

    if ((filter->region >= 0 && extent->region != filter->region) ||
        (filter->state >= 0 && state != filter->state) ||
        (filter->has_tag &&
         memcmp(&extent->tag, &filter->tag, sizeof(filter->tag)))) {
        return;
    }
    info = g_new0(CxlDynamicCapacityExtentInfo, 1);
    info->region = extent->region;
    info->dpa = extent->dpa;
    info->offset = extent->dpa - config->regions[extent->region].base;
    info->len = extent->len;
    info->tag = cxl_dcd_tag_text(extent->tag.bytes);
    info->sequence = extent->sequence;
    info->state = state;
    info->mapping = reachable ?
        cxl_dcd_route_mapping(device, extent->dpa, extent->len) :
        CXL_DYNAMIC_CAPACITY_MAPPING_NONE;
    info->has_trapped_by =
        info->mapping == CXL_DYNAMIC_CAPACITY_MAPPING_TRAPPED;
    if (info->has_trapped_by) {
        info->trapped_by = cxl_dcd_trap_why(device, extent->dpa, extent->len);
    }
    info->layout = cxl_dcd_layout_of(device, extent->dpa, extent->len);
    info->has_waits_for = state == CXL_DYNAMIC_CAPACITY_STATE_SANITIZING &&
        cxl_dcd_sanitizer_waits_for(device, extent->dpa, &wait);
    if (info->has_waits_for) {
        info->waits_for = cxl_dcd_waits[wait];
    }
    QAPI_LIST_APPEND(*tail, info);
}

static CxlDynamicCapacityExtentInfoList *
cxl_dcd_query_extents(CXLDcdDevice *device, const Filter *filter)
{
    CxlDynamicCapacityExtentInfoList *list = NULL, **tail = &list;
    CXLDcdExtent extent;
    uint64_t dpa = 0;

    while (cxl_dcd_extent_from(device->dcd, dpa, &extent)) {
        dpa = extent.dpa + extent.len;
        cxl_dcd_query_add(device, filter, &extent,
                          cxl_dcd_states[extent.state], &tail);
    }
    return list;
}

static CxlDynamicCapacityRegionList *cxl_dcd_query_regions(CXLDcdDevice *device)
{
    const CXLDcdConfig *config = cxl_dcd_config(device->dcd);
    CxlDynamicCapacityRegionList *list = NULL, **tail = &list;
    unsigned i;

    for (i = 0; i < config->num_regions; i++) {
        const CXLDcdRegionConfig *from = &config->regions[i];
        CxlDynamicCapacityRegion *region = g_new0(CxlDynamicCapacityRegion, 1);

        region->index = i;
        region->base = from->base;
        region->decode_length = from->decode_length;
        region->length = from->length;
        region->block_size = from->block_size;
        region->flags = cxl_dcd_props_flags(from->attributes);
        region->sanitize = from->sanitize;
        region->available = cxl_dcd_available(device->dcd, i);
        QAPI_LIST_APPEND(tail, region);
    }
    return list;
}

static strList *cxl_dcd_query_references(CXLDcdDevice *device)
{
    strList *list = NULL, **tail = &list;
    CXLDcdTagInfo tag;
    uint32_t i;

    if (device->pool) {
        g_autoptr(GArray) tags = cxl_dcd_pool_tags(device->pool->pool, &i);

        for (i = 0; i < tags->len; i++) {
            const CXLDcdPoolTagInfo *info =
                &g_array_index(tags, CXLDcdPoolTagInfo, i);

            if (info->held) {
                memcpy(tag.tag.bytes, info->tag, sizeof(tag.tag.bytes));
                QAPI_LIST_APPEND(tail, cxl_dcd_tag_text(tag.tag.bytes));
            }
        }
    }
    for (i = 0; cxl_dcd_tag_info(device->dcd, i, &tag); i++) {
        if (tag.referenced) {
            QAPI_LIST_APPEND(tail, cxl_dcd_tag_text(tag.tag.bytes));
        }
    }
    return list;
}

/* What the pool says, all at one time: others wait for it meanwhile. */
static bool cxl_dcd_query_pool(CXLDcdDevice *device,
                               CxlDynamicCapacityInfo *info, Error **errp)
{
    CXLDcdPool *pool = device->pool ? device->pool->pool : NULL;
    g_autoptr(GError) error = NULL;

    if (pool && !cxl_dcd_pool_freeze(pool, &error)) {
        error_setg(errp, "%s", error->message);
        return false;
    }
    info->regions = cxl_dcd_query_regions(device);
    info->fm_references = cxl_dcd_query_references(device);
    if (pool) {
        cxl_dcd_pool_thaw(pool);
    }
    return true;
}

static CxlDynamicCapacityInfo *cxl_dcd_query_device(CXLDcdDevice *device,
                                                    const Filter *filter,
                                                    Error **errp)
{
    const CXLDcdConfig *config = cxl_dcd_config(device->dcd);
    CxlDynamicCapacityInfo *info = g_new0(CxlDynamicCapacityInfo, 1);

    if (!cxl_dcd_query_pool(device, info, errp)) {
        g_free(info);
        return NULL;
    }
    info->extents = cxl_dcd_query_extents(device, filter);
    info->path = g_strdup(device->path);
    info->id = g_strdup(DEVICE(device)->id);
    info->host_id = config->host_id;
    info->hosts = device->pool ?
        cxl_dcd_pool_config(device->pool->pool)->max_hosts : 1;
    info->generation = cxl_dcd_generation(device->dcd);
    info->supported_extents = config->max_extents;
    info->available_extents = cxl_dcd_available_extents(device->dcd);
    info->supported_tags = config->max_tags;
    info->available_tags = cxl_dcd_available_tags(device->dcd);
    info->event_log_size = cxl_dcd_event_log_depth(device->events);
    info->event_log_used = cxl_dcd_event_log_count(device->events);
    info->direct_mappings = cxl_dcd_map_count(device);
    info->faults = cxl_dcd_fault_query(device);
    if (device->persist) {
        info->state_file = g_strdup(device->state_path);
        info->has_state_saved = true;
        info->state_saved = cxl_dcd_persist_current(device);
    }
    return info;
}

static int cxl_dcd_collect(Object *obj, void *opaque)
{
    Object *device = object_dynamic_cast(obj, TYPE_CXL_DCD);

    if (device && DEVICE(device)->realized && CXL_DCD(device)->dcd) {
        g_ptr_array_add(opaque, device);
    }
    return 0;
}

static gint cxl_dcd_path_order(gconstpointer a, gconstpointer b)
{
    CXLDcdDevice *const *x = a, *const *y = b;

    return strcmp((*x)->path, (*y)->path);
}

CxlDynamicCapacityInfoList *
qmp_query_cxl_dynamic_capacity(const char *path, bool has_region,
                               uint8_t region, bool has_state,
                               CxlDynamicCapacityState state, const char *tag,
                               Error **errp)
{
    g_autoptr(GPtrArray) devices = g_ptr_array_new();
    CxlDynamicCapacityInfoList *list = NULL, **tail = &list;
    Filter filter = {
        .region = has_region ? region : -1, .state = has_state ? state : -1,
        .has_tag = tag,
    };
    g_autoptr(GError) error = NULL;
    CXLDcdDevice *one;
    unsigned i;

    if (!cxl_dcd_ask_tag(tag, &filter.tag, &error)) {
        error_setg(errp, "%s", error->message);
        return NULL;
    }
    if (path) {
        one = cxl_dcd_qmp_device(path, errp);
        if (!one) {
            return NULL;
        }
        g_ptr_array_add(devices, one);
    } else {
        object_child_foreach_recursive(object_get_root(), cxl_dcd_collect,
                                       devices);
        g_ptr_array_sort(devices, cxl_dcd_path_order);
    }
    for (i = 0; i < devices->len; i++) {
        CxlDynamicCapacityInfo *info =
            cxl_dcd_query_device(g_ptr_array_index(devices, i), &filter, errp);

        if (!info) {
            qapi_free_CxlDynamicCapacityInfoList(list);
            return NULL;
        }
        QAPI_LIST_APPEND(tail, info);
    }
    return list;
}
