/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: what operators are told over QMP: the answer to a
 * query, and an event when capacity has changed hands
 */
#include "qemu/osdep.h"
#include "hw/cxl/cxl.h"
#include "hw/cxl/cxl_dcd_ask.h"
#include "hw/cxl/cxl_dcd_head.h"
#include "qapi/error.h"
#include "qapi/qapi-commands-cxl.h"
#include "qapi/qapi-events-cxl.h"
#include "qemu/uuid.h"
#include "trace.h"

static char *cxl_dcd_qmp_tag_text(const CXLDcdTag *tag)
{
    QemuUUID uuid;

    memcpy(uuid.data, tag->bytes, sizeof(uuid.data));
    return qemu_uuid_unparse_strdup(&uuid);
}

/* --- What became of requests --- */

static void cxl_dcd_qmp_send(CXLDcdDevice *device, CXLDcdOutcome outcome,
                             uint8_t region, const CXLDcdTag *tag,
                             CxlDynamicCapacityRangeList *ranges)
{
    uint16_t host = cxl_dcd_config(device->dcd)->host_id;
    g_autofree char *text = cxl_dcd_qmp_tag_text(tag);

    switch (outcome) {
    case CXL_DCD_OUTCOME_ADDED:
        qapi_event_send_cxl_dynamic_capacity_added(device->path, host, region,
                                                   text, ranges);
        break;
    case CXL_DCD_OUTCOME_REJECTED:
        qapi_event_send_cxl_dynamic_capacity_rejected(device->path, host,
                                                      region, text, ranges);
        break;
    case CXL_DCD_OUTCOME_RELEASED:
        qapi_event_send_cxl_dynamic_capacity_released(device->path, host,
                                                      region, text, ranges);
        break;
    case CXL_DCD_OUTCOME_FORCED:
        qapi_event_send_cxl_dynamic_capacity_forced(device->path, host, region,
                                                    text, ranges);
        break;
    }
}

/* One event for each series of extents with the same region and tag */
void cxl_dcd_qmp_outcome(CXLDcdDevice *device, CXLDcdOutcome outcome,
                         const CXLDcdExtent *extents, size_t count)
{
    const CXLDcdConfig *config = cxl_dcd_config(device->dcd);
    size_t i, first = 0;

    while (first < count) {
        CxlDynamicCapacityRangeList *ranges = NULL, **tail = &ranges;
        const CXLDcdExtent *head = &extents[first];

        for (i = first; i < count && extents[i].region == head->region &&
             !memcmp(&extents[i].tag, &head->tag, sizeof(head->tag)); i++) {
            CxlDynamicCapacityRange *range =
                g_new0(CxlDynamicCapacityRange, 1);

            trace_cxl_dcd_outcome(device->path, outcome, extents[i].dpa,
                                  extents[i].len);
            range->dpa = extents[i].dpa;
            range->offset = range->dpa - config->regions[head->region].base;
            range->len = extents[i].len;
            QAPI_LIST_APPEND(tail, range);
        }
        cxl_dcd_qmp_send(device, outcome, head->region, &head->tag, ranges);
        qapi_free_CxlDynamicCapacityRangeList(ranges);
        first = i;
    }
}

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
    info->tag = cxl_dcd_qmp_tag_text(&extent->tag);
    info->sequence = extent->sequence;
    info->state = state;
    info->mapping = reachable ?
        cxl_dcd_map_kind(device, extent->dpa, extent->len) :
        CXL_DYNAMIC_CAPACITY_MAPPING_NONE;
    QAPI_LIST_APPEND(*tail, info);
}

static CxlDynamicCapacityExtentInfoList *
cxl_dcd_query_extents(CXLDcdDevice *device, const Filter *filter)
{
    CxlDynamicCapacityExtentInfoList *list = NULL, **tail = &list;
    CXLDcdExtent extent;
    CXLDcdScrub *scrub;
    uint64_t dpa = 0;

    while (cxl_dcd_extent_from(device->dcd, dpa, &extent)) {
        dpa = extent.dpa + extent.len;
        cxl_dcd_query_add(device, filter, &extent,
                          cxl_dcd_states[extent.state], &tail);
    }
    QSIMPLEQ_FOREACH(scrub, &device->scrubs, next) {
        extent = (CXLDcdExtent) {
            .dpa = scrub->range.dpa, .len = scrub->range.len,
            .region = cxl_dcd_region_of(device->dcd, scrub->range.dpa,
                                        scrub->range.len),
        };
        cxl_dcd_query_add(device, filter, &extent,
                          CXL_DYNAMIC_CAPACITY_STATE_SANITIZING, &tail);
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
                QAPI_LIST_APPEND(tail, cxl_dcd_qmp_tag_text(&tag.tag));
            }
        }
    }
    for (i = 0; cxl_dcd_tag_info(device->dcd, i, &tag); i++) {
        if (tag.referenced) {
            QAPI_LIST_APPEND(tail, cxl_dcd_qmp_tag_text(&tag.tag));
        }
    }
    return list;
}

static CxlDynamicCapacityInfo *cxl_dcd_query_device(CXLDcdDevice *device,
                                                    const Filter *filter)
{
    const CXLDcdConfig *config = cxl_dcd_config(device->dcd);
    CxlDynamicCapacityInfo *info = g_new0(CxlDynamicCapacityInfo, 1);

    info->path = g_strdup(device->path);
    info->id = g_strdup(DEVICE(device)->id);
    info->host_id = config->host_id;
    info->hosts = device->pool ?
        cxl_dcd_pool_config(device->pool->pool)->max_hosts : 1;
    info->generation = cxl_dcd_generation(device->dcd);
    info->regions = cxl_dcd_query_regions(device);
    info->extents = cxl_dcd_query_extents(device, filter);
    info->supported_extents = config->max_extents;
    info->available_extents = cxl_dcd_available_extents(device->dcd);
    info->supported_tags = config->max_tags;
    info->available_tags = cxl_dcd_available_tags(device->dcd);
    info->event_log_size = cxl_dcd_event_log_depth(device->events);
    info->event_log_used = cxl_dcd_event_log_count(device->events);
    info->direct_mappings = cxl_dcd_map_count(device);
    info->fm_references = cxl_dcd_query_references(device);
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
        QAPI_LIST_APPEND(tail, cxl_dcd_query_device(
                                   g_ptr_array_index(devices, i), &filter));
    }
    return list;
}
