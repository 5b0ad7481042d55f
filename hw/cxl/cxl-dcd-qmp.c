/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: what operators ask, over QMP
 *
 * A request is brought into the core's terms here (region and offset become a
 * device physical address) and decided there: nothing changes before the core
 * has agreed to all of it. Requests that give capacity away first wait until
 * what was given back is clean.
 */
#include "qemu/osdep.h"
#include "hw/cxl/cxl.h"
#include "hw/cxl/cxl_dcd_head.h"
#include "qapi/error.h"
#include "qapi/qapi-commands-cxl.h"
#include "qapi/qapi-events-cxl.h"
#include "qemu/uuid.h"
#include "trace.h"

/* The device at @path, which must have dynamic capacity. */
static CXLDcdDevice *cxl_dcd_qmp_device(const char *path, Error **errp)
{
    bool ambiguous = false;
    Object *obj = object_resolve_path(path, &ambiguous);
    CXLDcdDevice *device;

    if (!obj) {
        error_setg(errp, ambiguous ? "path '%s' names more than one object"
                                   : "there is no object at path '%s'", path);
        return NULL;
    }
    device = (CXLDcdDevice *)object_dynamic_cast(obj, TYPE_CXL_DCD);
    if (!device) {
        error_setg(errp, "the object at path '%s' is a %s, not a "
                   TYPE_CXL_DCD " device", path, object_get_typename(obj));
        return NULL;
    }
    if (!device->dcd) {
        error_setg(errp, "device '%s' has no dynamic capacity: it was made "
                   "without '" CXL_DCD_PROP_REGIONS "' and 'num-dc-regions'",
                   path);
        return NULL;
    }
    return device;
}

/* Hosts elsewhere have heads of their own; others the core refuses. */
static bool cxl_dcd_qmp_host(CXLDcdDevice *device, bool has_host, uint16_t host,
                             uint16_t *ret_host, Error **errp)
{
    g_autofree char *wrong = NULL;

    *ret_host = has_host ? host : cxl_dcd_config(device->dcd)->host_id;
    wrong = cxl_dcd_head_wrong_host(device, *ret_host);
    if (wrong) {
        error_setg(errp, "%s", wrong);
    }
    return !wrong;
}

/* "region" and "region-id" are one argument with two names; -1 for none. */
static bool cxl_dcd_qmp_region(CXLDcdDevice *device, bool has_region,
                               uint8_t region, bool has_id, uint8_t id,
                               int *ret_region, Error **errp)
{
    unsigned count = cxl_dcd_config(device->dcd)->num_regions;

    if (has_region && has_id && region != id) {
        error_setg(errp, "arguments 'region' (%u) and 'region-id' (%u) are two "
                   "names of one: give either", region, id);
        return false;
    }
    *ret_region = has_region ? region : has_id ? id : -1;
    if (*ret_region >= (int)count) {
        error_setg(errp, "region %d does not exist: device '%s' has regions 0 "
                   "to %u", *ret_region, device->path, count - 1);
        return false;
    }
    return true;
}

static bool cxl_dcd_qmp_tag(const char *text, CXLDcdTag *ret_tag, Error **errp)
{
    QemuUUID uuid;

    memset(ret_tag, 0, sizeof(*ret_tag));
    if (!text || !*text) {
        return true;
    }
    if (qemu_uuid_parse(text, &uuid) < 0) {
        error_setg(errp, "tag '%s' is not a UUID of the form "
                   "01234567-89ab-cdef-0123-456789abcdef", text);
        return false;
    }
    memcpy(ret_tag->bytes, uuid.data, sizeof(ret_tag->bytes));
    return true;
}

static char *cxl_dcd_qmp_tag_text(const CXLDcdTag *tag)
{
    QemuUUID uuid;

    memcpy(uuid.data, tag->bytes, sizeof(uuid.data));
    return qemu_uuid_unparse_strdup(&uuid);
}

/*
 * The ranges of a request as extents of @region (CXLDcdExtent). Only what the
 * core cannot see is checked: that a range is in the region that was named.
 */
static GArray *cxl_dcd_qmp_extents(CXLDcdDevice *device, int region,
                                   const CxlDynamicCapacityExtentList *list,
                                   const CXLDcdTag *tag, Error **errp)
{
    const CXLDcdRegionConfig *config;
    g_autoptr(GArray) extents = NULL;
    uint16_t sequence = 0;

    if (region < 0) {
        error_setg(errp, "argument 'region' is missing");
        return NULL;
    }
    if (!list) {
        error_setg(errp, "argument 'extents' is missing or empty: policy "
                   "prescriptive needs at least one extent");
        return NULL;
    }
    config = &cxl_dcd_config(device->dcd)->regions[region];
    extents = g_array_new(false, true, sizeof(CXLDcdExtent));
    for (; list; list = list->next) {
        uint64_t offset = list->value->offset, len = list->value->len;
        CXLDcdExtent extent = {
            .dpa = config->base + offset, .len = len, .region = region,
            .tag = *tag,
        };

        if (!len) {
            error_setg(errp, "extent [0x%" PRIx64 ", +0x%" PRIx64 "] has no "
                       "length: region %d gives away blocks of 0x%" PRIx64
                       " bytes", offset, len, region, config->block_size);
            return NULL;
        }
        if (offset % config->block_size || len % config->block_size) {
            error_setg(errp, "extent [0x%" PRIx64 ", +0x%" PRIx64 "] is not a "
                       "multiple of region %d's block size 0x%" PRIx64, offset,
                       len, region, config->block_size);
            return NULL;
        }
        if (offset >= config->length || len > config->length - offset) {
            error_setg(errp, "extent [0x%" PRIx64 ", +0x%" PRIx64 "] is beyond "
                       "the end of region %d, which has 0x%" PRIx64 " bytes",
                       offset, len, region, config->length);
            return NULL;
        }
        if (config->attributes & CXL_DCD_REGION_SHARABLE) {
            extent.sequence = sequence++;
        }
        g_array_append_val(extents, extent);
    }
    return g_steal_pointer(&extents);
}

/* Pass the core's refusal on. */
static void cxl_dcd_qmp_refused(CXLDcdDevice *device, const GError *error,
                                Error **errp)
{
    trace_cxl_dcd_refused(device->path, error->code, error->message);
    error_setg(errp, "%s", error->message);
}

/* How much free and contiguous are to pick */
static bool cxl_dcd_qmp_length(bool has_length, uint64_t length,
                               const CxlDynamicCapacityExtentList *list,
                               uint64_t *ret_length, Error **errp)
{
    uint64_t sum = 0;

    for (; list; list = list->next) {
        if (list->value->len > UINT64_MAX - sum) {
            error_setg(errp, "the lengths of 'extents' are more than 2^64 "
                       "bytes together");
            return false;
        }
        sum += list->value->len;
    }
    if (has_length && sum && length != sum) {
        error_setg(errp, "argument 'length' is %" PRIu64 ", the lengths of "
                   "'extents' are %" PRIu64 " together: give one of them",
                   length, sum);
        return false;
    }
    *ret_length = has_length ? length : sum;
    if (!*ret_length) {
        error_setg(errp, "argument 'length' is missing or 0: the policy needs "
                   "to know how many bytes to pick");
        return false;
    }
    return true;
}

static const uint8_t cxl_dcd_add_policies[] = {
    [CXL_EXTENT_SELECTION_POLICY_FREE] = CXL_DCD_POLICY_FREE,
    [CXL_EXTENT_SELECTION_POLICY_CONTIGUOUS] = CXL_DCD_POLICY_CONTIGUOUS,
    [CXL_EXTENT_SELECTION_POLICY_PRESCRIPTIVE] = CXL_DCD_POLICY_PRESCRIPTIVE,
    [CXL_EXTENT_SELECTION_POLICY_ENABLE_SHARED_ACCESS] =
        CXL_DCD_POLICY_SHARED_ACCESS,
};

static void cxl_dcd_qmp_add(CXLDcdDevice *device, CXLDcdAddRequest *request,
                            int region, const char *tag, bool has_length,
                            uint64_t length, CxlDynamicCapacityExtentList *list,
                            Error **errp)
{
    g_autoptr(GArray) extents = NULL;
    g_autoptr(GError) error = NULL;

    if (!cxl_dcd_qmp_tag(tag, &request->tag, errp)) {
        return;
    }
    if (request->policy == CXL_DCD_POLICY_PRESCRIPTIVE) {
        extents = cxl_dcd_qmp_extents(device, region, list, &request->tag,
                                      errp);
        if (!extents) {
            return;
        }
        request->extents = &g_array_index(extents, CXLDcdExtent, 0);
        request->count = extents->len;
    } else if (region < 0) {
        error_setg(errp, "argument 'region' is missing");
        return;
    } else if (request->policy != CXL_DCD_POLICY_SHARED_ACCESS &&
               !cxl_dcd_qmp_length(has_length, length, list, &request->length,
                                   errp)) {
        return;
    }
    request->region = MAX(region, 0);
    cxl_dcd_scrub_drain(device);
    trace_cxl_dcd_add(device->path, request->host_id, request->policy, region,
                      tag ?: "", request->length, request->count);
    if (!cxl_dcd_add(device->dcd, request, &error)) {
        cxl_dcd_qmp_refused(device, error, errp);
    }
}

void qmp_cxl_add_dynamic_capacity(const char *path, bool has_host_id,
                                  uint16_t host_id, bool has_policy,
                                  CxlExtentSelectionPolicy policy,
                                  bool has_region, uint8_t region,
                                  bool has_region_id, uint8_t region_id,
                                  const char *tag, bool has_length,
                                  uint64_t length, bool has_extents,
                                  CxlDynamicCapacityExtentList *extents,
                                  Error **errp)
{
    CXLDcdDevice *device = cxl_dcd_qmp_device(path, errp);
    CXLDcdAddRequest request = {
        .policy = cxl_dcd_add_policies[has_policy ? policy :
                      CXL_EXTENT_SELECTION_POLICY_PRESCRIPTIVE],
    };
    int number;

    if (!device || !cxl_dcd_qmp_host(device, has_host_id, host_id,
                                     &request.host_id, errp) ||
        !cxl_dcd_qmp_region(device, has_region, region, has_region_id,
                            region_id, &number, errp)) {
        return;
    }
    /* It may be unplugged while capacity is being cleaned */
    object_ref(OBJECT(device));
    cxl_dcd_qmp_add(device, &request, number, tag, has_length, length,
                    has_extents ? extents : NULL, errp);
    object_unref(OBJECT(device));
}

void qmp_cxl_release_dynamic_capacity(const char *path, bool has_host_id,
                                      uint16_t host_id, bool has_policy,
                                      CxlExtentRemovalPolicy policy,
                                      bool has_forced, bool forced,
                                      bool has_sanitize, bool sanitize,
                                      bool has_region, uint8_t region,
                                      bool has_region_id, uint8_t region_id,
                                      const char *tag, bool has_length,
                                      uint64_t length, bool has_extents,
                                      CxlDynamicCapacityExtentList *extents,
                                      Error **errp)
{
    CXLDcdDevice *device = cxl_dcd_qmp_device(path, errp);
    g_autoptr(GArray) ranges = NULL;
    g_autoptr(GError) error = NULL;
    CXLDcdRemoveRequest request = {
        .policy = CXL_DCD_REMOVE_PRESCRIPTIVE,
        .forced = has_forced && forced,
        .sanitize = has_sanitize && sanitize,
        .length = has_length ? length : 0,
    };
    int number;

    if (!device || !cxl_dcd_qmp_host(device, has_host_id, host_id,
                                     &request.host_id, errp) ||
        !cxl_dcd_qmp_region(device, has_region, region, has_region_id,
                            region_id, &number, errp) ||
        !cxl_dcd_qmp_tag(tag, &request.tag, errp)) {
        return;
    }
    if (has_policy && policy == CXL_EXTENT_REMOVAL_POLICY_TAG_BASED) {
        request.policy = CXL_DCD_REMOVE_TAG;
        if (!tag) {
            error_setg(errp, "argument 'tag' is missing: policy tag-based "
                       "needs to know which tag");
            return;
        }
    } else {
        ranges = cxl_dcd_qmp_extents(device, number,
                                     has_extents ? extents : NULL,
                                     &request.tag, errp);
        if (!ranges) {
            return;
        }
        request.extents = &g_array_index(ranges, CXLDcdExtent, 0);
        request.count = ranges->len;
    }
    trace_cxl_dcd_remove(device->path, request.host_id, request.policy,
                         request.forced, request.sanitize, tag ?: "",
                         request.length, request.count);
    if (!cxl_dcd_remove(device->dcd, &request, &error)) {
        cxl_dcd_qmp_refused(device, error, errp);
    }
}

void qmp_cxl_set_dynamic_capacity_region(const char *path, uint8_t region,
                                         bool has_block_size,
                                         uint64_t block_size, bool has_sanitize,
                                         bool sanitize, Error **errp)
{
    CXLDcdDevice *device = cxl_dcd_qmp_device(path, errp);
    g_autoptr(GError) error = NULL;
    const CXLDcdRegionConfig *config;
    int number;

    if (!device || !cxl_dcd_qmp_region(device, true, region, false, 0, &number,
                                       errp)) {
        return;
    }
    config = &cxl_dcd_config(device->dcd)->regions[number];
    if (!cxl_dcd_set_region(device->dcd, number,
                            has_block_size ? block_size : config->block_size,
                            has_sanitize ? sanitize : config->sanitize,
                            &error)) {
        cxl_dcd_qmp_refused(device, error, errp);
    }
}

void qmp_cxl_dynamic_capacity_reference(const char *path, const char *tag,
                                        bool held, Error **errp)
{
    CXLDcdDevice *device = cxl_dcd_qmp_device(path, errp);
    g_autoptr(GError) error = NULL;
    CXLDcdTag bytes;

    if (!device || !cxl_dcd_qmp_tag(tag, &bytes, errp)) {
        return;
    }
    if (!(held ? cxl_dcd_reference_add(device->dcd, &bytes, &error)
               : cxl_dcd_reference_remove(device->dcd, &bytes, &error))) {
        cxl_dcd_qmp_refused(device, error, errp);
        return;
    }
    cxl_dcd_persist_changed(device);
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
    CXLDcdDevice *one;
    unsigned i;

    if (!cxl_dcd_qmp_tag(tag, &filter.tag, errp)) {
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
